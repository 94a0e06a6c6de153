"""npml-core's ball tree against scikit-learn's."""

import numpy as np
import pytest
from sklearn.neighbors import BallTree as Peer

from npml_core import BallTree

METRICS = [("euclidean", {}), ("manhattan", {}), ("chebyshev", {}), ("minkowski", {"p": 3}), ("hamming", {})]


@pytest.mark.parametrize("leaf_size", [1, 7, 40, 5000])
@pytest.mark.parametrize("metric, kw", METRICS)
def test_query(metric, kw, leaf_size):
    rng = np.random.default_rng(0)
    X, queries = rng.normal(size=(1200, 3)), rng.normal(size=(80, 3))
    ours, peer = BallTree(X, leaf_size, metric, **kw), Peer(X, leaf_size, metric, **kw)
    for k in (1, 4, 60):
        distances, indices = ours.query(queries, k)
        expected_distances, expected = peer.query(queries, k)
        np.testing.assert_allclose(distances, expected_distances, rtol=1e-8)
        if metric != "hamming":  # all at distance 1
            np.testing.assert_array_equal(indices, expected)


@pytest.mark.parametrize("metric, kw", METRICS)
def test_duplicates_and_ties(metric, kw):
    rng = np.random.default_rng(1)
    X, queries = rng.integers(0, 3, size=(500, 3)).astype(float), rng.integers(0, 4, size=(60, 3)).astype(float)
    ours, peer = BallTree(X, 5, metric, **kw), Peer(X, 5, metric, **kw)
    np.testing.assert_allclose(ours.query(queries, 30)[0], peer.query(queries, 30)[0], rtol=1e-8)
    # no distance is just r: the peer's bounds carry rounding errors and miss points on the boundary
    for r in (0.0, 0.4, 1.01, 2.01):
        for a, b in zip(ours.query_radius(queries, r), peer.query_radius(queries, r)):
            np.testing.assert_array_equal(a, np.sort(b))


@pytest.mark.parametrize("D", [1, 2, 12])
def test_radius_with_distances_and_counts(D):
    rng = np.random.default_rng(2)
    X, queries = rng.normal(size=(800, D)), rng.normal(size=(50, D))
    r = rng.uniform(0, 2, size=50)
    ours, peer = BallTree(X), Peer(X)
    indices, distances = ours.query_radius(queries, r, return_distance=True)
    expected, expected_distances = peer.query_radius(queries, r, return_distance=True)
    for i, j, d, e in zip(indices, expected, distances, expected_distances):
        order = np.argsort(j)
        np.testing.assert_array_equal(i, j[order])
        np.testing.assert_allclose(d, e[order], rtol=1e-8)
    np.testing.assert_array_equal(
        ours.query_radius(queries, r, count_only=True), peer.query_radius(queries, r, count_only=True)
    )


def test_callables():
    rng = np.random.default_rng(3)
    X, queries = rng.normal(size=(120, 2)), rng.normal(size=(10, 2))

    def metric(x, y):
        return np.abs(x - y).max() + np.abs(x - y).sum()

    for a, b in zip(BallTree(X, 5, metric).query(queries, 4), Peer(X, 5, metric=metric).query(queries, 4)):
        np.testing.assert_allclose(a, b, rtol=1e-12)
