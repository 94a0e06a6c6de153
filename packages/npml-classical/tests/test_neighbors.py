"""Nearest neighbours against sorting all distances; votes by hand; bad input. The pattern for tests of an estimator."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical import KNeighborsClassifier, KNeighborsRegressor
from npml_classical.nearest import nearest


def by_sorting(Q, X, k, p=2):
    """All distances, sorted by (distance, index): what the fast search must equal."""
    distances = (np.abs(Q[:, None].astype(float) - X) ** p).sum(axis=2) ** (1 / p)
    order = np.lexsort((np.broadcast_to(np.arange(len(X)), distances.shape), distances))[:, :k]
    return np.take_along_axis(distances, order, axis=1), order


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 300), st.integers(1, 6), st.booleans(), st.floats(-1e4, 1e4))
def test_nearest_is_the_sorted_order(seed, n, D, whole, shift):
    rng = np.random.default_rng(seed)
    # whole numbers bring many ties and duplicates; a shift brings cancellation
    X = rng.integers(0, 4, (n, D)).astype(float) if whole else rng.normal(size=(n, D))
    X = X + round(shift)
    Q = np.concatenate([X[:3], X[:2] + 0.25])
    k = int(rng.integers(1, n + 1))
    distances, indices = nearest(Q, X, k)
    expected, order = by_sorting(Q, X, k)
    np.testing.assert_allclose(distances, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(indices, order)


@pytest.mark.parametrize("scale", [2.0**-498, 1.0, 2.0**498])  # powers of two keep the ties
@pytest.mark.parametrize("algorithm", ["brute", "ball_tree"])
@pytest.mark.parametrize(("metric", "p"), [("euclidean", 2), ("manhattan", 1), ("minkowski", 3)])
def test_algorithms_agree_at_any_scale(algorithm, metric, p, scale):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 5, (200, 3)) * scale
    model = KNeighborsClassifier(4, algorithm=algorithm, metric=metric, p=p).fit(X, np.arange(200) % 2)
    distances, indices = model.kneighbors(X[:20])
    expected, order = by_sorting(X[:20] / scale, X / scale, 4, p)
    np.testing.assert_allclose(distances / scale, expected, rtol=1e-9, atol=1e-12)
    if p < 3:  # sums of cubes tie up to rounding only
        np.testing.assert_array_equal(indices, order)


def test_float32_is_compared_at_full_precision():
    X = np.array([[2.0**24], [2.0**24 + 2]], np.float32)
    model = KNeighborsRegressor(1).fit(X, [0.0, 1.0])
    assert model.predict(X).tolist() == [0.0, 1.0]
    assert model.predict(X).dtype == np.float32


def test_votes():
    X, y = np.array([[0.0], [1.0], [2.0], [4.0]]), np.array(["b", "a", "a", "b"])
    plain = KNeighborsClassifier(3).fit(X, y)
    np.testing.assert_allclose(plain.predict_proba([[0.5]]), [[2 / 3, 1 / 3]])
    weighted = KNeighborsClassifier(3, weights="distance").fit(X, y)
    shares = np.array([1 / 0.5 + 1 / 1.5, 1 / 0.5])
    np.testing.assert_allclose(weighted.predict_proba([[0.5]]), [shares / shares.sum()])
    assert weighted.predict([[0.0]]).tolist() == ["b"]  # at distance 0 it decides alone
    by_rule = KNeighborsClassifier(2, weights=lambda d: np.exp(-d)).fit(X, y)
    np.testing.assert_allclose(by_rule.predict_proba([[0.25]])[0, 1], 1 / (1 + np.exp(-0.5)))
    assert KNeighborsClassifier(2).fit(X, y).predict([[0.5]]).tolist() == ["a"]  # a tie goes to the first class


def test_several_outputs():
    X, Y = np.arange(6.0)[:, None], np.column_stack([np.arange(6) % 2, np.arange(6) // 3])
    model = KNeighborsClassifier(1).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), Y)
    assert [p.shape for p in model.predict_proba(X)] == [(6, 2), (6, 2)]
    np.testing.assert_allclose(KNeighborsRegressor(2).fit(X, Y * 1.0).predict([[0.4]]), [[0.5, 0.0]])


def test_each_sample_by_its_neighbours():
    X = np.array([[0.0], [0.0], [0.0], [5.0]])
    indices = KNeighborsClassifier(2).fit(X, [0, 0, 1, 1]).kneighbors(return_distance=False)
    assert all(i not in row for i, row in enumerate(indices.tolist()))
    assert KNeighborsRegressor(1).fit(X, [1.0, 2.0, 3.0, 4.0]).predict(None).shape == (4,)


def test_a_function_as_metric():
    X = np.random.default_rng(0).normal(size=(150, 2))
    model = KNeighborsClassifier(3, metric=lambda a, b: np.abs(a - b).max()).fit(X, np.arange(150) % 3)
    same = KNeighborsClassifier(3, metric="chebyshev", algorithm="brute").fit(X, np.arange(150) % 3)
    np.testing.assert_array_equal(model.kneighbors(X)[1], same.kneighbors(X)[1])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_neighbors": 0}, ValueError, "n_neighbors must be at least 1"),
        ({"n_neighbors": 2.0}, TypeError, "n_neighbors must be an int"),
        ({"weights": "best"}, ValueError, "weights"),
        ({"algorithm": "kd_tree"}, ValueError, "algorithm"),
        ({"algorithm": "ball_tree", "metric": "cosine"}, ValueError, "true metric"),
        ({"p": 0.5}, ValueError, "p must be"),
        ({"leaf_size": 0, "algorithm": "ball_tree"}, ValueError, "leaf_size"),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        KNeighborsClassifier(**options).fit([[0.0], [1.0], [2.0]], [0, 1, 0])


def test_bad_queries():
    model = KNeighborsClassifier(2).fit([[0.0], [1.0], [2.0]], [0, 1, 0])
    with pytest.raises(ValueError, match="at most the number of samples"):
        model.kneighbors([[0.0]], n_neighbors=4)
    with pytest.raises(ValueError, match=r"choose from \(2\)"):
        model.kneighbors(n_neighbors=3)
    with pytest.raises(ValueError, match="expecting 1 features"):
        model.predict([[0.0, 1.0]])
