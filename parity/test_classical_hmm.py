"""Hidden Markov models against hmmlearn: the same start gives the same iterations, scores, posteriors and paths."""

import hmmlearn.hmm as peer
import numpy as np
import pytest

import npml_classical as ours

K, V, D = 3, 4, 2


def chain(seed=0):
    rng = np.random.default_rng(seed)
    return {"startprob_": rng.dirichlet(np.ones(K)), "transmat_": rng.dirichlet(np.ones(K), size=K)}


def preset(module, values, name, **options):
    """A model of one of the two modules that starts from given values."""
    model = getattr(module, name)(K, init_params="", **options)
    for key, value in values.items():
        setattr(model, key, value.copy())
    return model


def both(values, name, **options):
    return preset(ours, values, name, **options), preset(peer, values, name, **options)


def symbols(n, seed=0):
    return np.random.default_rng(seed).integers(0, V, (n, 1))


def emissions(seed=1):
    return {"emissionprob_": np.random.default_rng(seed).dirichlet(np.ones(V), size=K)}


def gaussians(kind, seed=1):
    rng = np.random.default_rng(seed)
    full = np.array([np.cov(rng.normal(size=(20, D)).T) for _ in range(K)])
    shapes = {
        "full": full,
        "tied": full[0],
        "diag": rng.uniform(0.5, 2.0, (K, D)),
        "spherical": rng.uniform(0.5, 2, (K, 1)),
    }
    return {"means_": rng.normal(size=(K, D)) * 2, "covars_": shapes[kind]}


def check(mine, theirs, X, lengths, rtol=1e-8):
    assert mine.score(X, lengths) == pytest.approx(theirs.score(X, lengths), rel=rtol)
    np.testing.assert_allclose(mine.predict_proba(X, lengths), theirs.predict_proba(X, lengths), rtol=1e-6, atol=1e-10)
    log_p, states = mine.decode(X, lengths)
    expected, path = theirs.decode(X, lengths)
    assert log_p == pytest.approx(expected, rel=rtol)
    if X.dtype.kind == "f":  # with symbols different paths may be exactly as good
        np.testing.assert_array_equal(states, path)


@pytest.mark.parametrize("lengths", [[1], [60], [1, 30, 1, 28], [600], [5] * 40], ids=str)
def test_categorical(lengths):
    X, values = symbols(sum(lengths)), {**chain(), **emissions()}
    mine, theirs = both(values, "CategoricalHMM", n_iter=8, tol=-np.inf, n_features=V)
    check(mine, theirs, X, lengths)
    if len(X) > 1:
        mine.fit(X, lengths)
        theirs.fit(X, lengths)
        for name in values:
            np.testing.assert_allclose(getattr(mine, name), getattr(theirs, name), rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(mine.log_likelihoods_, list(theirs.monitor_.history)[-8:], rtol=1e-10)
        check(mine, theirs, X, lengths)


def test_categorical_with_priors_and_parts():
    options = {"startprob_prior": 2.0, "transmat_prior": 1.5, "emissionprob_prior": 1.2, "n_iter": 4, "tol": -np.inf}
    X, values = symbols(300), {**chain(), **emissions()}
    for params in ("ste", "t", "se"):
        mine, theirs = both(values, "CategoricalHMM", params=params, **options)
        mine.fit(X)
        theirs.fit(X)
        for name in values:
            np.testing.assert_allclose(getattr(mine, name), getattr(theirs, name), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("lengths", [[80], [1, 50, 29], [500]], ids=str)
def test_gaussian(kind, lengths):
    X = np.random.default_rng(2).normal(size=(sum(lengths), D)) * 2
    values = {**chain(), **gaussians(kind)}
    mine, theirs = both(values, "GaussianHMM", covariance_type=kind, n_iter=5, tol=-np.inf)
    check(mine, theirs, X, lengths)
    mine.fit(X, lengths)
    theirs.fit(X, lengths)
    for name in ("startprob_", "transmat_", "means_", "covars_"):
        expected = getattr(theirs, name)
        if name == "covars_" and kind == "spherical":
            expected = expected[::D]  # hmmlearn gives each of them D times after fit
        np.testing.assert_allclose(getattr(mine, name), expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(mine.log_likelihoods_, list(theirs.monitor_.history)[-5:], rtol=1e-8)
    assert mine.bic(X, lengths) == pytest.approx(theirs.bic(X, lengths), rel=1e-8)
    assert mine.aic(X, lengths) == pytest.approx(theirs.aic(X, lengths), rel=1e-8)


@pytest.mark.parametrize("transitions", [np.eye(K), np.roll(np.eye(K), 1, axis=1)], ids=["identity", "cycle"])
def test_chains_that_do_not_forget(transitions):
    values = {**chain(), **emissions(), "transmat_": transitions}
    mine, theirs = both(values, "CategoricalHMM", n_features=V)
    check(mine, theirs, symbols(900), [900])


def test_length_20_000():
    X, values = symbols(20_000), {**chain(), **emissions()}
    mine, theirs = both(values, "CategoricalHMM", n_iter=2, tol=-np.inf)
    check(mine, theirs, X, [20_000], rtol=1e-10)
    mine.fit(X)
    theirs.fit(X)
    for name in values:
        np.testing.assert_allclose(getattr(mine, name), getattr(theirs, name), rtol=1e-7)


def test_map_decoding_and_stationary_distribution():
    mine, theirs = both({**chain(), **emissions()}, "CategoricalHMM", n_features=V)
    X = symbols(200)
    for one, other in zip(mine.decode(X, algorithm="map"), theirs.decode(X, algorithm="map")):
        np.testing.assert_allclose(one, other, rtol=1e-10)
    np.testing.assert_allclose(mine.get_stationary_distribution(), theirs.get_stationary_distribution(), rtol=1e-10)


def test_own_starts_end_as_well():
    """From starts of its own each must reach the other's likelihood, on a story both can learn."""
    X, _ = preset(peer, {**chain(3), **gaussians("diag", 4)}, "GaussianHMM").sample(200, random_state=0)
    best = [
        max(module.GaussianHMM(K, n_iter=25, random_state=s).fit(X).score(X) for s in range(1))
        for module in (ours, peer)
    ]
    assert best[0] >= best[1] - 1e-3 * abs(best[1])
