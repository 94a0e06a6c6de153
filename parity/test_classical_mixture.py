"""GaussianMixture and KMeans against scikit-learn: same start, same iterations, same numbers."""

import numpy as np
import pytest
import sklearn.cluster
import sklearn.mixture
from scipy.spatial.distance import cdist
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from npml_classical import GaussianMixture, KMeans

pytestmark = pytest.mark.filterwarnings("ignore:.*did not converge", "ignore:.*distinct clusters")
TYPES = ("full", "tied", "diag", "spherical")


def random_data(n=300, D=4, seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [rng.normal(size=(n, D)) @ rng.normal(size=(D, D)) + 3 * rng.normal(size=D) for _ in range(3)]
    )


DATA = {
    "random": random_data(),
    "iris": load_iris().data,
    "wine": load_wine().data,
    "breast cancer": load_breast_cancer().data[:, :10],
    "duplicates": np.repeat(random_data(30, 2), 3, axis=0),
    "collinear": np.column_stack([random_data(50, 2), random_data(50, 2)[:, 0], np.ones(150)]),
    "far from zero": random_data(100) + 1e6,
    "one feature": random_data(100, 1),
}


def start(X, K, kind):
    scale = 1.0 / (X.var(axis=0) + 1.0)
    precisions = {
        "full": np.tile(np.diag(scale), (K, 1, 1)),
        "tied": np.diag(scale),
        "diag": np.tile(scale, (K, 1)),
        "spherical": np.full(K, scale.min()),
    }[kind]
    rows = np.random.default_rng(1).choice(len(X), K, replace=False)
    return {"means_init": X[rows], "weights_init": np.full(K, 1 / K), "precisions_init": precisions}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", [name for name in DATA if name != "far from zero"])  # there the peer cancels digits
def test_same_start_same_fit(name, kind):
    X = DATA[name]
    options = {"covariance_type": kind, "max_iter": 40, "reg_covar": 1e-4, **start(X, 3, kind)}
    ours = GaussianMixture(3, **options).fit(X)
    theirs = sklearn.mixture.GaussianMixture(3, **options).fit(X)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.converged_ == theirs.converged_
    rtol = 1e-8
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=rtol)
    np.testing.assert_allclose(ours.weights_, theirs.weights_, rtol=rtol)
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=rtol, atol=rtol * np.abs(X).max())
    for name in ("covariances_", "precisions_", "precisions_cholesky_"):
        mine, other = getattr(ours, name), getattr(theirs, name)
        np.testing.assert_allclose(mine, other, rtol=10 * rtol, atol=10 * rtol * np.abs(other).max())
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=10 * rtol, atol=100 * rtol)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=100 * rtol, atol=100 * rtol)
    assert ours.bic(X) == pytest.approx(theirs.bic(X), rel=rtol)
    assert ours.aic(X) == pytest.approx(theirs.aic(X), rel=rtol)


@pytest.mark.parametrize("kind", TYPES)
def test_own_start_reaches_as_high_a_bound(kind):
    X = load_iris().data
    ours = GaussianMixture(3, covariance_type=kind, n_init=5, random_state=0).fit(X)
    theirs = sklearn.mixture.GaussianMixture(3, covariance_type=kind, n_init=5, random_state=0).fit(X)
    assert ours.lower_bound_ > theirs.lower_bound_ - 1e-3 * abs(theirs.lower_bound_)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("weighted", [False, True])
def test_kmeans_same_start_same_clusters(name, weighted):
    X = DATA[name]
    rng = np.random.default_rng(0)
    centres = np.unique(X, axis=0)[rng.choice(len(np.unique(X, axis=0)), 4, replace=False)]
    weights = rng.random(len(X)) if weighted else None
    ours = KMeans(4, init=centres, n_init=1, max_iter=50).fit(X, sample_weight=weights)
    theirs = sklearn.cluster.KMeans(4, init=centres, n_init=1, max_iter=50, algorithm="lloyd")
    theirs.fit(X, sample_weight=weights)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-8, atol=1e-8)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-6 if name == "far from zero" else 1e-9)
    np.testing.assert_allclose(ours.transform(X), cdist(X, ours.cluster_centers_), rtol=1e-8, atol=1e-8)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.score(X) == pytest.approx(theirs.score(X), rel=1e-6)


def test_kmeans_own_start_is_as_good():
    X = load_digits().data
    ours = [KMeans(10, random_state=seed).fit(X).inertia_ for seed in range(5)]
    theirs = [sklearn.cluster.KMeans(10, random_state=seed).fit(X).inertia_ for seed in range(5)]
    assert np.mean(ours) < 1.01 * np.mean(theirs)
