"""Gaussian emissions: one naive step, the quantity that never falls, missing values and awkward scales."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical import GaussianHMM
from npml_core import logsumexp

TYPES = ("full", "tied", "diag", "spherical")


def log_density(x, mean, covariance):
    seen = ~np.isnan(x)
    if not seen.any():
        return 0.0
    difference, S = (x - mean)[seen], covariance[np.ix_(seen, seen)]
    return -0.5 * (
        seen.sum() * np.log(2 * np.pi) + np.linalg.slogdet(S)[1] + difference @ np.linalg.solve(S, difference)
    )


def naive_posteriors(log_b, start, A):
    log_A, T = np.log(A), len(log_b)
    f, e = np.zeros_like(log_b), np.zeros_like(log_b)
    for t in range(T):
        f[t] = log_b[t] + (np.log(start) if t == 0 else logsumexp(f[t - 1][:, None] + log_A, axis=0))
    for t in range(T - 2, -1, -1):
        e[t] = logsumexp(log_A + log_b[t + 1] + e[t + 1], axis=1)
    total = logsumexp(f[-1])
    return total, np.exp(f + e - total)


def preset(kind, D=2, **options):
    model = GaussianHMM(2, kind, init_params="", **options)
    model.startprob_, model.transmat_ = np.array([0.3, 0.7]), np.array([[0.8, 0.2], [0.4, 0.6]])
    model.means_ = np.array([np.zeros(D), np.full(D, 2.0)])
    full = np.array([np.eye(D) + 0.3, 2 * np.eye(D) + 0.1])
    model.covars_ = {"full": full, "tied": full[0], "diag": np.array([[1.0] * D, [2.0] * D]), "spherical": [1.0, 2.0]}[
        kind
    ]
    return model


def data(n=40, D=2, seed=0, missing=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, D)) + 3 * (np.arange(n) // 5 % 2)[:, None]
    X[rng.random(X.shape) < missing] = np.nan
    return X


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_one_step_is_the_textbook_one(kind, missing):
    X, model = data(missing=missing), preset(kind, n_iter=1, covars_prior=0.0, covars_weight=0.0)
    means, covariances = model.means_, model.covars_
    log_b = np.array([[log_density(x, m, S) for m, S in zip(means, covariances)] for x in X])
    total, g = naive_posteriors(log_b, model.startprob_, model.transmat_)
    filled, extra = np.zeros((len(X), 2, 2)), np.zeros((len(X), 2, 2, 2))
    for t, x in enumerate(X):
        o = ~np.isnan(x)
        for k in range(2):
            gain = covariances[k][np.ix_(~o, o)] @ np.linalg.inv(covariances[k][np.ix_(o, o)])
            filled[t, k] = x
            filled[t, k, ~o] = means[k, ~o] + gain @ (x[o] - means[k, o])
            rest = covariances[k][np.ix_(~o, ~o)] - gain @ covariances[k][np.ix_(o, ~o)]
            extra[t, k][np.ix_(~o, ~o)] = rest
    mass = g.sum(axis=0)
    new_means = np.einsum("tk,tkd->kd", g, filled) / mass[:, None]
    difference = filled - new_means
    scatter = np.einsum("tk,tka,tkb->kab", g, difference, difference) + np.einsum("tk,tkab->kab", g, extra)
    full = scatter / mass[:, None, None]
    diagonal = np.array([np.diag(np.diag(S)) for S in full])
    expected = {
        "full": full,
        "tied": np.broadcast_to(scatter.sum(axis=0) / mass.sum(), (2, 2, 2)),
        "diag": diagonal,
        "spherical": np.trace(full, axis1=1, axis2=2)[:, None, None] / 2 * np.eye(2),
    }[kind]
    model.fit(X)
    np.testing.assert_allclose(model.means_, new_means, rtol=1e-9)
    np.testing.assert_allclose(model.covars_, expected, rtol=1e-8, atol=1e-12)
    assert model.log_likelihoods_[0] == pytest.approx(total, rel=1e-11)
    np.testing.assert_allclose(model.startprob_, g[0], rtol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(TYPES), st.integers(0, 999), st.floats(0.0, 0.3))
def test_likelihood_never_falls_without_a_prior(kind, seed, missing):
    X = data(80, seed=seed, missing=missing)
    options = {"covars_prior": 0.0, "covars_weight": 0.0, "n_iter": 8, "tol": -np.inf}
    history = np.array(preset(kind, **options).fit(X, [30, 1, 49]).log_likelihoods_)
    assert (np.diff(history) > -1e-9 * np.abs(history[1:])).all()


def test_missing_rows_carry_no_evidence():
    model = preset("full")
    X = np.array([[0.5, 1.0], [np.nan, np.nan], [2.0, 2.5]])
    A, b = model.transmat_, [[np.exp(log_density(x, m, S)) for m, S in zip(model.means_, model.covars_)] for x in X]
    p = (model.startprob_ * b[0]) @ A @ A @ np.array(b[2])
    assert model.score(X) == pytest.approx(np.log(p), rel=1e-12)
    assert model.score(X[1:2]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("kind", TYPES)
def test_learns_from_partly_missing_rows(kind):
    X = data(400, D=3, missing=0.2)
    model = GaussianHMM(2, kind, random_state=0, n_iter=50).fit(X)
    order = np.argsort(model.means_[:, 0])
    np.testing.assert_allclose(model.means_[order], [[0] * 3, [3] * 3], atol=0.35)
    truth = np.arange(400) // 5 % 2
    assert (np.argsort(order)[model.predict(X)] == truth).mean() > 0.97


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_units_do_not_matter(kind, scale):
    options = {"covars_prior": 0.0, "min_covar": 0.0, "random_state": 0, "tol": -np.inf, "n_iter": 5}
    X = data(100)
    model, scaled = GaussianHMM(2, kind, **options).fit(X), GaussianHMM(2, kind, **options).fit(X * scale)
    np.testing.assert_allclose(scaled.means_ / scale, model.means_, rtol=1e-8)
    np.testing.assert_allclose(scaled.covars_ / scale / scale, model.covars_, rtol=1e-7, atol=1e-12)
    assert scaled.score(X * scale) == pytest.approx(model.score(X) - X.size * np.log(scale), rel=1e-10)


@pytest.mark.parametrize("kind", TYPES)
def test_samples_have_the_moments_of_the_model(kind):
    model = preset(kind)
    X, states = model.sample(20_000, random_state=0)
    for k in range(2):
        np.testing.assert_allclose(X[states == k].mean(axis=0), model.means_[k], atol=0.08)
        np.testing.assert_allclose(np.cov(X[states == k].T), model.covars_[k], atol=0.12)


@pytest.mark.parametrize("kind", TYPES)
def test_covariances_go_in_as_their_type_and_come_out_full(kind):
    model = preset(kind)
    assert model.covars_.shape == (2, 2, 2)
    model.fit(data())
    assert model.covars_.shape == (2, 2, 2)
    np.testing.assert_allclose(model.covars_, np.swapaxes(model.covars_, 1, 2))


def test_priors_pull_towards_themselves():
    X = data(30)
    far = GaussianHMM(1, means_prior=[10.0, 10.0], means_weight=1e9, n_iter=1, random_state=0).fit(X)
    np.testing.assert_allclose(far.means_, 10.0, atol=1e-5)
    wide = GaussianHMM(1, covars_prior=1e9, n_iter=1, random_state=0).fit(X)
    np.testing.assert_allclose(np.diag(wide.covars_[0]), 1e9 / 30, rtol=1e-4)


def test_constant_columns_are_kept_off_zero_by_the_prior():
    X = np.column_stack([data()[:, 0], np.ones(40)])
    for kind in TYPES:
        assert np.isfinite(GaussianHMM(2, kind, random_state=0, n_iter=20).fit(X).score(X))


def test_known_states_name_the_states():
    X = data(60)
    truth = np.arange(60) // 5 % 2
    known = np.where(np.arange(60) % 10 == 0, truth, -1)
    known[5] = 1
    model = GaussianHMM(2, random_state=0, n_iter=30).fit(X, known_states=known)
    assert model.means_[0, 0] < 1 < model.means_[1, 0]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1.0, np.inf], [0.0, 1.0]], "inf"),
        ([[1.0, np.nan], [2.0, np.nan]], r"feature\(s\) \[1\]"),
        ([[1.0], [1.0]], "distinct"),
        (np.zeros((2, 2, 2)), "X"),
        ([["a"], ["b"]], "X|could not convert"),
    ],
)
def test_bad_data_is_an_error(X, message):
    with pytest.raises(ValueError, match=message):
        GaussianHMM(2).fit(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"covariance_type": "round"}, "covariance_type"),
        ({"min_covar": -1.0}, "min_covar"),
        ({"means_weight": -1.0}, "means_weight"),
        ({"covars_prior": np.nan}, "covars_prior"),
        ({"covars_weight": -1.0}, "covars_weight"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        GaussianHMM(2, **options).fit(data())


def test_other_number_of_features_is_an_error():
    model = GaussianHMM(2, random_state=0).fit(data())
    with pytest.raises(ValueError, match="feature"):
        model.predict(np.zeros((3, 5)))


def test_list_of_sequences():
    X = data(60)
    one = GaussianHMM(2, random_state=0).fit(X, [20, 1, 39])
    other = GaussianHMM(2, random_state=0).fit([X[:20], X[20:21], X[21:]])
    np.testing.assert_allclose(one.means_, other.means_, rtol=1e-12)
