"""k-means: the objective falls, fixed points, weights, order, batches, awkward data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical import KMeans
from npml_classical.cluster import kmeans_plus_plus

rng = np.random.default_rng(0)
BLOBS = np.concatenate([rng.normal(size=(40, 3)) + 8 * c for c in np.eye(3)])


def lloyd(X, centres, weights, n_iter):
    """Lloyd's iterations as the textbook has them."""
    for _ in range(n_iter):
        labels = ((X[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.array(
            [np.average(X[labels == k], axis=0, weights=weights[labels == k]) for k in range(len(centres))]
        )
    return centres, labels


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4), st.integers(1, 6))
def test_iterations_are_lloyds(seed, K, n_iter):
    rng = np.random.default_rng(seed)
    X, weights = rng.normal(size=(60, 2)), rng.random(60) + 0.1
    centres, _ = lloyd(X, X[:K], weights, n_iter)
    model = KMeans(K, init=X[:K], max_iter=n_iter, tol=0.0).fit(X, sample_weight=weights)
    np.testing.assert_allclose(model.cluster_centers_, centres, rtol=1e-9, atol=1e-12)
    labels = ((X[:, None] - model.cluster_centers_) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(model.labels_, labels)
    np.testing.assert_array_equal(model.predict(X), labels)
    inertia = weights @ ((X - model.cluster_centers_[labels]) ** 2).sum(axis=1)
    assert model.inertia_ == pytest.approx(inertia)
    assert model.score(X, sample_weight=weights) == pytest.approx(-inertia)


def test_order_and_repetition_do_not_matter():
    order, weights = rng.permutation(len(BLOBS)), rng.integers(0, 4, len(BLOBS))
    weighted = KMeans(3, random_state=1).fit(BLOBS, sample_weight=weights)
    repeated = KMeans(3, random_state=1).fit(np.repeat(BLOBS, weights, axis=0)[::-1])
    np.testing.assert_allclose(weighted.cluster_centers_, repeated.cluster_centers_, rtol=1e-9)
    shuffled = KMeans(3, random_state=1).fit(BLOBS[order], sample_weight=weights[order])
    np.testing.assert_allclose(weighted.cluster_centers_, shuffled.cluster_centers_, rtol=1e-9)


@pytest.mark.parametrize("shift", [0.0, 1e8])
@pytest.mark.parametrize("init", ["k-means++", "random", lambda X, K, random_state: X[[0, 50, 100]]])
def test_blobs_are_found_wherever_they_lie(init, shift):
    labels = KMeans(3, init=init, random_state=0).fit_predict(BLOBS + shift)
    assert [len(set(part.tolist())) for part in np.split(labels, 3)] == [1, 1, 1]
    assert len(set(labels.tolist())) == 3


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_units_do_not_matter(scale):
    plain, scaled = KMeans(3, random_state=0).fit(BLOBS), KMeans(3, random_state=0).fit(BLOBS * scale)
    np.testing.assert_array_equal(plain.labels_, scaled.labels_)


def test_batches_keep_the_mean_of_all():
    model = KMeans(3, init=BLOBS[[0, 50, 100]])
    for part in np.split(BLOBS[rng.permutation(120)], 6):
        model.partial_fit(part)
    for k, label in enumerate(model.predict(BLOBS[[0, 50, 100]])):
        np.testing.assert_allclose(model.cluster_centers_[label], BLOBS[40 * k : 40 * (k + 1)].mean(axis=0), rtol=1e-9)


def test_empty_clusters_take_the_farthest_samples():
    X = np.array([[0.0], [0.1], [9.0], [10.0]])
    model = KMeans(3, init=np.array([[0.0], [100.0], [200.0]])).fit(X)
    assert len(set(model.labels_.tolist())) == 3


def test_fewer_distinct_samples_than_clusters_warns():
    with pytest.warns(UserWarning, match="duplicate"):
        model = KMeans(3, random_state=0).fit(np.repeat([[0.0], [1.0]], 4, axis=0))
    assert model.inertia_ == 0.0


def test_plus_plus_spreads_out():
    chosen = kmeans_plus_plus(BLOBS, np.ones(120), 3, np.random.default_rng(0))
    assert sorted(chosen // 40) == [0, 1, 2]


def test_float32_stays_float32():
    model = KMeans(3, random_state=0).fit(BLOBS.astype(np.float32))
    assert model.cluster_centers_.dtype == model.transform(BLOBS.astype(np.float32)).dtype == np.float32
    assert model.partial_fit(BLOBS.astype(np.float32)).cluster_centers_.dtype == np.float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_clusters": 0}, "n_clusters"),
        ({"n_clusters": 500}, "n_clusters=500"),
        ({"init": "best"}, "init"),
        ({"init": np.zeros((2, 3))}, "init must have shape"),
        ({"n_init": 0}, "n_init"),
        ({"max_iter": 1.5}, "max_iter"),
        ({"tol": -1}, "tol"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        KMeans(**{"n_clusters": 3, **options}).fit(BLOBS)
