"""EM for mixtures: the bound, weights, missing values, awkward data, and the fast E-step against the plain one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical import GaussianMixture
from npml_classical.mixture import covariances as shapes
from npml_classical.mixture.expectation import Features, Parameters, by_features, direct

TYPES = ("full", "tied", "diag", "spherical")


def two_blobs(n=120, D=3, seed=0, distance=4.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, D)) @ rng.normal(size=(D, D))
    X[n // 2 :] += distance
    return X


def log_density(x, mean, covariance):
    """log N(x; mean, covariance) as the textbook has it."""
    difference = x - mean
    _, log_det = np.linalg.slogdet(covariance)
    return -0.5 * (len(x) * np.log(2 * np.pi) + log_det + difference @ np.linalg.inv(covariance) @ difference)


def naive_em_step(X, weights, means, covariances):
    """One E-step and one M-step with loops (full covariances); missing values by conditional expectation."""
    K, D = means.shape
    shares, filled, extra = np.zeros((len(X), K)), np.zeros((len(X), K, D)), np.zeros((len(X), K, D, D))
    bound = 0.0
    for i, x in enumerate(X):
        seen = ~np.isnan(x)
        joint = np.zeros(K)
        for k in range(K):
            S = covariances[k]
            joint[k] = weights[k]
            filled[i, k] = x
            if seen.any():
                S_oo = S[np.ix_(seen, seen)]
                joint[k] *= np.exp(log_density(x[seen], means[k, seen], S_oo))
                gain = S[np.ix_(~seen, seen)] @ np.linalg.inv(S_oo)
                filled[i, k, ~seen] = means[k, ~seen] + gain @ (x[seen] - means[k, seen])
                extra[i, k][np.ix_(~seen, ~seen)] = S[np.ix_(~seen, ~seen)] - gain @ S[np.ix_(seen, ~seen)]
            else:
                filled[i, k], extra[i, k] = means[k], S
        shares[i] = joint / joint.sum()
        bound += np.log(joint.sum())
    mass = shares.sum(axis=0)
    new_means = np.einsum("ik,ikd->kd", shares, filled) / mass[:, None]
    difference = filled - new_means
    scatter = np.einsum("ik,ika,ikb->kab", shares, difference, difference) + np.einsum("ik,ikab->kab", shares, extra)
    return mass / mass.sum(), new_means, scatter / mass[:, None, None], bound / len(X)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_one_iteration_is_the_textbook_one(missing):
    rng = np.random.default_rng(1)
    X = two_blobs(40)
    X[rng.random(X.shape) < missing] = np.nan
    X[0] = np.nan if missing else X[0]
    start = np.array([0.4, 0.6]), np.array([[0.0, 0.5, 0.0], [3.0, 4.0, 5.0]]), np.array([np.eye(3), 2 * np.eye(3)])
    weights, means, covariances, bound = naive_em_step(X, *start)
    model = GaussianMixture(
        2, weights_init=start[0], means_init=start[1], precisions_init=np.linalg.inv(start[2]), max_iter=1, reg_covar=0
    )
    with pytest.warns(UserWarning, match="did not converge"):
        model.fit(X)
    np.testing.assert_allclose(model.weights_, weights, rtol=1e-10)
    np.testing.assert_allclose(model.means_, means, rtol=1e-10)
    np.testing.assert_allclose(model.covariances_, covariances, rtol=1e-9, atol=1e-12)
    assert model.lower_bound_ == pytest.approx(bound, rel=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(TYPES), st.integers(1, 4), st.integers(0, 1000), st.floats(0.0, 0.4))
def test_bound_never_falls(kind, K, seed, missing):
    rng = np.random.default_rng(seed)
    X = two_blobs(60, seed=seed)
    X[rng.random(X.shape) < missing] = np.nan
    # no floor, and few iterations: left alone, a component may collapse onto a sample, where the bound has no maximum
    model = GaussianMixture(K, covariance_type=kind, reg_covar=0.0, tol=0.0, max_iter=15, random_state=seed)
    with pytest.warns(UserWarning, match="did not converge"):
        model.fit(X)
    assert (np.diff(model.lower_bounds_) > -1e-9).all()


@pytest.mark.parametrize("kind", TYPES)
def test_fast_moments_are_the_plain_ones(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(700, 5))
    weights = rng.random(700)
    full = np.array([np.cov(rng.normal(size=(20, 5)).T) for _ in range(3)])
    start = {"full": full, "tied": full[0], "diag": rng.random((3, 5)) + 0.2, "spherical": rng.random(3) + 0.2}[kind]
    parameters = Parameters(np.array([0.2, 0.3, 0.5]), X[:3], shapes.precision_cholesky(kind, start))
    fast = by_features(kind, Features(X, weights, kind in ("diag", "spherical")), parameters)
    plain = direct(kind, X, weights, parameters)
    shift = parameters.means
    first = plain.first + plain.mass[:, None] * shift
    if plain.second.ndim == 2:
        second = plain.second + 2 * shift * plain.first + plain.mass[:, None] * shift**2
    else:
        cross = plain.first[:, :, None] * shift[:, None, :]
        second = plain.second + cross + np.swapaxes(cross, 1, 2)
        second = second + plain.mass[:, None, None] * shift[:, :, None] * shift[:, None, :]
    assert fast.bound == pytest.approx(plain.bound, rel=1e-12)
    np.testing.assert_allclose(fast.mass, plain.mass, rtol=1e-11)
    np.testing.assert_allclose(fast.first, first, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(fast.second, second, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_integer_weights_are_repeated_rows(kind, missing):
    rng = np.random.default_rng(3)
    X = two_blobs()
    X[rng.random(X.shape) < missing] = np.nan
    X, weights = X[~np.isnan(X).all(axis=1)], rng.integers(0, 4, len(X))[~np.isnan(X).all(axis=1)]
    options = {"covariance_type": kind, "random_state": 0, "tol": 1e-10, "max_iter": 2000}
    weighted = GaussianMixture(2, **options).fit(X, sample_weight=weights)
    repeated = GaussianMixture(2, **options).fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-8, atol=1e-9)
    assert weighted.lower_bound_ == pytest.approx(repeated.lower_bound_, abs=1e-10)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("scale", [1e-150, 1e-20, 1e20, 1e150])
def test_units_do_not_matter(kind, scale):
    X = two_blobs()
    options = {"covariance_type": kind, "reg_covar": 0.0, "random_state": 0, "tol": 1e-9, "max_iter": 1000}
    model, scaled = GaussianMixture(2, **options).fit(X), GaussianMixture(2, **options).fit(X * scale)
    np.testing.assert_allclose(scaled.means_ / scale, model.means_, rtol=1e-6, atol=1e-8)
    assert scaled.lower_bound_ == pytest.approx(model.lower_bound_ - X.shape[1] * np.log(scale), rel=1e-9)
    np.testing.assert_array_equal(scaled.predict(X * scale), model.predict(X))


def test_narrow_components_far_apart_keep_their_digits():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(200, 2)) * 1e-4, rng.normal(size=(200, 2)) * 1e-4 + 1e3])
    model = GaussianMixture(2, random_state=0, reg_covar=0.0, tol=1e-12).fit(X)
    order = np.argsort(model.means_[:, 0])
    for k, part in zip(order, (X[:200], X[200:])):
        np.testing.assert_allclose(model.covariances_[k], np.cov(part.T, bias=True), rtol=1e-7, atol=1e-15)


@pytest.mark.parametrize("kind", TYPES)
def test_far_from_zero_is_the_same_fit(kind):
    X = np.round(two_blobs(), 3)
    options = {"covariance_type": kind, "random_state": 0, "tol": 1e-10, "max_iter": 1000}
    here, there = GaussianMixture(2, **options).fit(X), GaussianMixture(2, **options).fit(X + 1e6)
    np.testing.assert_allclose(there.covariances_, here.covariances_, rtol=1e-7, atol=1e-8)


def test_missing_values_are_integrated_out():
    X = two_blobs(400, distance=8.0)
    model = GaussianMixture(2, random_state=0).fit(X)
    partial = X.copy()
    partial[:, 0] = np.nan
    for i in (0, 399):
        log_p = [
            np.log(w) + log_density(X[i, 1:], m[1:], S[1:, 1:])
            for w, m, S in zip(model.weights_, model.means_, model.covariances_)
        ]
        assert model.score_samples(partial[i : i + 1])[0] == pytest.approx(np.logaddexp(*log_p), rel=1e-10)
    nothing = np.full((1, 3), np.nan)
    np.testing.assert_allclose(model.predict_proba(nothing)[0], model.weights_, rtol=1e-12)
    assert model.score_samples(nothing)[0] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("kind", TYPES)
def test_samples_have_the_moments_of_the_model(kind):
    model = GaussianMixture(2, covariance_type=kind, random_state=0).fit(two_blobs())
    X, labels = model.sample(60_000)
    covariances = shapes.expand(kind, model.covariances_, 2, 3)
    np.testing.assert_allclose(np.bincount(labels) / len(X), model.weights_, atol=0.01)
    for k in range(2):
        width = np.sqrt(np.diagonal(covariances[k]))
        # five standard errors of a mean over at least 20,000 samples
        np.testing.assert_allclose((X[labels == k].mean(axis=0) - model.means_[k]) / width, 0, atol=5 / np.sqrt(2e4))
        np.testing.assert_allclose(
            np.cov(X[labels == k].T) / np.outer(width, width), covariances[k] / np.outer(width, width), atol=0.06
        )


def test_attributes_agree_with_each_other():
    for kind in TYPES:
        model = GaussianMixture(3, covariance_type=kind, random_state=0, n_init=2).fit(two_blobs())
        covariances = shapes.expand(kind, model.covariances_, 3, 3)
        precisions = shapes.expand(kind, model.precisions_, 3, 3)
        np.testing.assert_allclose(covariances @ precisions, np.broadcast_to(np.eye(3), (3, 3, 3)), atol=1e-9)
        assert model.lower_bound_ == model.lower_bounds_[-1]
        assert len(model.lower_bounds_) == model.n_iter_


def test_warm_start_goes_on():
    X = two_blobs()
    model = GaussianMixture(2, warm_start=True, random_state=0, tol=1e-12, max_iter=500).fit(X)
    assert model.fit(X).n_iter_ <= 3


def test_more_starts_are_no_worse_and_workers_change_nothing():
    X = two_blobs(200, seed=5, distance=1.0)
    one = GaussianMixture(4, random_state=0, init_params="random", max_iter=300).fit(X)
    many = GaussianMixture(4, random_state=0, init_params="random", max_iter=300, n_init=5).fit(X)
    assert many.lower_bound_ >= one.lower_bound_


@pytest.mark.parametrize("start", ["kmeans", "k-means++", "random", "random_from_data"])
def test_every_start_ends_well(start):
    model = GaussianMixture(2, init_params=start, random_state=0, max_iter=1000, tol=1e-6)
    labels = model.fit_predict(two_blobs(distance=20.0))
    assert len(set(labels[:60])) == len(set(labels[60:])) == 1


def test_one_component_is_mean_and_covariance():
    X = two_blobs()
    model = GaussianMixture(reg_covar=0.0).fit(X)
    np.testing.assert_allclose(model.means_[0], X.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(model.covariances_[0], np.cov(X.T, bias=True), rtol=1e-11)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 0}, "n_components"),
        ({"n_components": 2.0}, "n_components"),
        ({"covariance_type": "round"}, "covariance_type"),
        ({"tol": -1}, "tol"),
        ({"reg_covar": np.nan}, "reg_covar"),
        ({"max_iter": -1}, "max_iter"),
        ({"n_init": 0}, "n_init"),
        ({"init_params": "best"}, "init_params"),
        ({"weights_init": [0.5, 0.6]}, "weights_init"),
        ({"means_init": [[0.0]]}, "means_init"),
        ({"precisions_init": -np.ones((2, 3, 3))}, "precisions_init"),
        ({"n_components": 500}, "n_components"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(**{"n_components": 2, **options}).fit(two_blobs())


def test_degenerate_data_is_a_clear_error():
    with pytest.raises(ValueError, match="increase reg_covar"):
        GaussianMixture(reg_covar=0.0).fit(np.ones((5, 2)))
    with pytest.raises(ValueError, match=r"feature\(s\) \[1\]"):
        GaussianMixture().fit([[1.0, np.nan], [2.0, np.nan]])


def test_constant_and_collinear_columns_are_fine_with_the_floor():
    X = two_blobs()
    X = np.column_stack([X, X[:, 0], np.ones(len(X))])
    for kind in TYPES:
        model = GaussianMixture(2, covariance_type=kind, random_state=0).fit(X)
        assert np.isfinite(model.score(X))
