"""The tree against brute force: the same neighbours in the same order, for any metric and many duplicates."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import BallTree, load, manhattan, save


def canberra(x, y):
    """A true metric that names do not offer."""
    total = np.abs(x) + np.abs(y)
    return np.sum(np.abs(x - y) / np.where(total == 0, 1, total))


METRICS = {
    "euclidean": ({}, lambda d: np.sqrt((d * d).sum(axis=-1))),
    "manhattan": ({}, lambda d: d.sum(axis=-1)),
    "chebyshev": ({}, lambda d: d.max(axis=-1)),
    "minkowski": ({"p": 3}, lambda d: (d**3).sum(axis=-1) ** (1 / 3)),
    "hamming": ({}, lambda d: (d != 0).mean(axis=-1)),
}


def all_distances(queries, X, metric):
    if callable(metric):
        return np.array([[metric(q, x) for x in X] for q in queries])
    return METRICS[metric][1](np.abs(queries[:, None] - X))


def brute_force(queries, X, k, metric):
    """The k nearest by (distance, index)."""
    distances = all_distances(queries, X, metric)
    order = np.lexsort((np.broadcast_to(np.arange(len(X)), distances.shape), distances), axis=1)[:, :k]
    return np.take_along_axis(distances, order, axis=1), order


@st.composite
def points_and_queries(draw):
    n, m, D = draw(st.integers(1, 60)), draw(st.integers(1, 8)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    if draw(st.booleans()):  # few places, many duplicates, distances that are exact
        X, queries = rng.integers(0, 4, size=(n, D)).astype(float), rng.integers(-1, 6, size=(m, D)).astype(float)
    else:
        X, queries = rng.normal(size=(n, D)), rng.normal(size=(m, D))
        queries[: m // 2] = X[rng.integers(n, size=m // 2)]
    return X, queries, draw(st.integers(1, n)), draw(st.integers(1, 9))


@pytest.mark.parametrize("metric", [*METRICS, canberra], ids=str)
@settings(max_examples=30, deadline=None)
@given(data=points_and_queries())
def test_equals_brute_force(metric, data):
    X, queries, k, leaf_size = data
    kw = METRICS[metric][0] if metric in METRICS else {}
    tree = BallTree(X, leaf_size=leaf_size, metric=metric, **kw)
    distances, indices = tree.query(queries, k)
    expected_distances, expected = brute_force(queries, X, k, metric)
    np.testing.assert_allclose(distances, expected_distances, rtol=1e-12)
    exact = metric not in ("euclidean", "minkowski") and not callable(metric)
    if exact or not np.array_equal(X, np.round(X)) or metric == "euclidean":
        np.testing.assert_array_equal(indices, expected)
    else:  # sums of rounded terms: ties may be told apart
        np.testing.assert_allclose(np.take_along_axis(all_distances(queries, X, metric), indices, 1), distances)
    np.testing.assert_array_equal(tree.query(queries, k, return_distance=False), indices)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "hamming"])
@settings(max_examples=30, deadline=None)
@given(data=points_and_queries(), r=st.sampled_from([0.0, 0.5, 1.0, 2.0, np.inf]))
def test_radius_equals_brute_force_with_the_boundary_inside(metric, data, r):
    X, queries, _, leaf_size = data
    found = BallTree(X, leaf_size=leaf_size, metric=metric).query_radius(queries, r)
    assert found.dtype == object
    assert found.shape == (len(queries),)
    for row, indices in zip(all_distances(queries, X, metric) <= r, found):
        assert indices.dtype == np.int64
        np.testing.assert_array_equal(indices, np.flatnonzero(row))


def test_many_points_in_several_blocks():
    rng = np.random.default_rng(0)
    X, queries = rng.normal(size=(3000, 3)), rng.normal(size=(2100, 3)) * 2
    for leaf_size in (1, 40):
        tree = BallTree(X, leaf_size=leaf_size)
        for k in (1, 7, 200):
            distances, indices = tree.query(queries[-300 if k == 200 else 0 :], k)
            expected_distances, expected = brute_force(queries[-30:], X, k, "euclidean")
            np.testing.assert_array_equal(indices[-30:], expected)
            np.testing.assert_allclose(distances[-30:], expected_distances, rtol=1e-12)
    counts = tree.query_radius(queries, 0.3, count_only=True)
    inside = all_distances(queries[-50:], X, "euclidean") <= 0.3
    np.testing.assert_array_equal(counts[-50:], inside.sum(axis=1))


def test_duplicates_come_in_the_order_of_their_indices():
    X = np.ones((500, 3))
    tree = BallTree(X, leaf_size=7)
    distances, indices = tree.query([[1.0, 1.0, 1.0], [5.0, 1.0, 1.0]], k=30)
    assert (indices == np.arange(30)).all()
    assert distances.tolist() == [[0.0] * 30, [4.0] * 30]
    np.testing.assert_array_equal(tree.query_radius([[5.0, 1.0, 1.0]], 4.0)[0], np.arange(500))


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
@pytest.mark.parametrize("metric, kw", [("euclidean", {}), ("minkowski", {"p": 5}), ("manhattan", {})])
def test_every_scale(scale, metric, kw):
    rng = np.random.default_rng(0)
    X, queries = rng.normal(size=(300, 2)), rng.normal(size=(20, 2))
    distances, indices = BallTree(X, 5, metric, **kw).query(queries, 6)
    scaled, same = BallTree(X * scale, 5, metric, **kw).query(queries * scale, 6)
    np.testing.assert_array_equal(same, indices)
    np.testing.assert_allclose(scaled, distances * scale, rtol=1e-12)
    found = BallTree(X * scale, 5, metric, **kw).query_radius(queries * scale, 0.5 * scale)
    for a, b in zip(found, BallTree(X, 5, metric, **kw).query_radius(queries, 0.5)):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("metric, kw", [("euclidean", {}), ("minkowski", {"p": 5})])
def test_scales_side_by_side(metric, kw):
    X = np.array([[1e-200], [3e-200], [7e-200], [1e150], [1.5e150], [-2.0]])
    tree = BallTree(X, 2, metric, **kw)
    distances, indices = tree.query([[2.9e-200], [1.4e150], [0.0]], 3)
    assert indices.tolist() == [[1, 0, 2], [4, 3, 0], [0, 1, 2]]
    np.testing.assert_allclose(distances[0], [1e-201, 1.9e-200, 4.1e-200], rtol=1e-12)
    assert tree.query([[1e151]], 1, return_distance=False).tolist() == [[4]]


def test_close_points_far_from_the_origin():
    X = 1e8 + 1e-6 * np.random.default_rng(0).integers(0, 50, size=(400, 2))
    distances, indices = BallTree(X, 6).query(X[:50], 5)
    expected_distances, expected = brute_force(X[:50], X, 5, "euclidean")
    np.testing.assert_allclose(distances, expected_distances, rtol=1e-12, atol=0)
    np.testing.assert_array_equal(indices, expected)


def test_types():
    X = np.random.default_rng(0).normal(size=(50, 2))
    distances, indices = BallTree(X).query(X, 3)
    assert (distances.dtype, indices.dtype) == (np.float64, np.int64)
    assert (indices[:, 0] == np.arange(50)).all()
    assert (distances[:, 0] == 0).all()
    X32 = X.astype(np.float32)
    assert BallTree(X32).query(X32, 3)[0].dtype == np.float32
    assert BallTree(X32).query(X, 3)[0].dtype == np.float64
    assert BallTree([[0], [1]]).query([[1]])[1].tolist() == [[1]]
    assert len(BallTree(X)) == 50
    assert "50 points" in repr(BallTree(X))


def test_callables_see_rows_of_the_points_and_few_of_them():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 2))
    rows, calls = {tuple(x) for x in X}, 0

    def metric(x, y):
        nonlocal calls
        calls += 1
        assert tuple(x) in rows
        assert tuple(y) in rows
        return np.abs(x - y).sum()

    tree = BallTree(X, leaf_size=10, metric=metric)
    calls = 0
    _, indices = tree.query(X[:10], 3)
    np.testing.assert_array_equal(indices, brute_force(X[:10], X, 3, "manhattan")[1])
    assert calls < 10 * 500
    with pytest.raises(ValueError, match="metric must give a number, got nan"):
        BallTree(X, metric=lambda x, y: np.nan).query(X[:1])
    with pytest.raises(TypeError, match="metric must give a number, got None"):
        BallTree(X, metric=lambda x, y: None).query(X[:1])


def test_radii_of_their_own_and_distances():
    X = np.arange(10.0)[:, None]
    tree = BallTree(X, leaf_size=2)
    indices, distances = tree.query_radius([[0.2], [5.0], [30.0]], [1.0, 2.0, 0.5], return_distance=True)
    assert [found.tolist() for found in indices] == [[0, 1], [3, 4, 5, 6, 7], []]
    np.testing.assert_allclose(distances[0], [0.2, 0.8])
    assert tree.query_radius([[0.2], [5.0]], 1.0, count_only=True).tolist() == [2, 3]


def test_the_callers_array_may_change_afterwards():
    X = np.random.default_rng(0).normal(size=(60, 2))
    before = X.copy()
    tree = BallTree(X, leaf_size=5)
    expected = tree.query(before, 4)
    np.testing.assert_array_equal(X, before)
    X[:] = 0.0
    for a, b in zip(tree.query(before, 4), expected):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("metric, kw", [("euclidean", {}), ("minkowski", {"p": 3}), (manhattan, {})])
def test_copies(metric, kw, tmp_path):
    X = np.random.default_rng(0).normal(size=(80, 3))
    tree = BallTree(X, 8, metric, **kw)
    save(tree, tmp_path / "tree")
    for other in (load(tmp_path / "tree"), pickle.loads(pickle.dumps(tree)), copy.deepcopy(tree)):
        for a, b in zip(other.query(X, 3), tree.query(X, 3)):
            np.testing.assert_array_equal(a, b)


BAD = [[[np.nan, 1]], [[np.inf, 1]], [], [1.0, 2.0], 3.0, np.zeros((2, 2, 2)), [["a", "b"]], None, [[1j, 2]]]


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_bad_points_and_queries(bad):
    with pytest.raises((ValueError, TypeError), match=r"\bX\b"):
        BallTree(bad)
    tree = BallTree([[1.0, 2.0]])
    for ask in (tree.query, lambda X: tree.query_radius(X, 1.0)):
        with pytest.raises((ValueError, TypeError), match=r"\bX\b"):
            ask(bad)


def test_queries_of_another_width():
    tree = BallTree([[1.0, 2.0]])
    for ask in (tree.query, lambda X: tree.query_radius(X, 1.0)):
        with pytest.raises(ValueError, match="X must have 2 columns"):
            ask([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("k", [0, -1, 4, 1.5, "2", None, True, [1]])
def test_bad_numbers_of_neighbours(k):
    with pytest.raises((ValueError, TypeError), match="k must be an int from 1 to the number of points"):
        BallTree([[1.0], [2.0], [3.0]]).query([[1.0]], k)


@pytest.mark.parametrize("r", [-1.0, np.nan, "1", None, [1.0, 2.0], [[1.0]], True, 1j])
def test_bad_radii(r):
    with pytest.raises((ValueError, TypeError), match="^r must"):
        BallTree([[1.0], [2.0], [3.0]]).query_radius([[1.0]], r)


@pytest.mark.parametrize("leaf_size", [0, -1, 1.5, "2", None, True])
def test_bad_leaf_sizes(leaf_size):
    with pytest.raises((ValueError, TypeError), match="leaf_size must be"):
        BallTree([[1.0]], leaf_size=leaf_size)


def test_bad_metrics():
    for metric in ("cosine", "sqeuclidean", "unknown", None, 3):
        with pytest.raises(ValueError, match="metric must be"):
            BallTree([[1.0]], metric=metric)
    with pytest.raises(ValueError, match="p must be at least 1"):
        BallTree([[1.0]], metric="minkowski", p=0.5)
    for p in (0, np.nan, "3"):
        with pytest.raises((ValueError, TypeError), match="p must be"):
            BallTree([[1.0]], metric="minkowski", p=p)
    with pytest.raises(TypeError, match="takes no keyword 'w'"):
        BallTree([[1.0]], metric="euclidean", w=1)
