"""Distances against exact arithmetic, at every scale, and on rows that almost coincide."""

from decimal import Decimal, localcontext
from math import isclose

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import chebyshev, cosine, euclidean, hamming, manhattan, minkowski, pairwise_distances

FUNCTIONS = {
    "euclidean": euclidean,
    "manhattan": manhattan,
    "chebyshev": chebyshev,
    "minkowski": minkowski,
    "hamming": hamming,
    "cosine": cosine,
}
CASES = [(name, {}) for name in FUNCTIONS] + [("minkowski", {"p": p}) for p in (0.5, 1, 1.5, 3, 7, np.inf)]

# |u - v|^2 / 2 of directions u and v, each right to 2^-53: an error of 1e-16 |u - v|, and its square where they meet
ROUNDING = {"cosine": 1e-24}


def exact(metric, x, y, p=2):
    """The distance of two vectors of floats, in decimal arithmetic of 60 digits."""
    with localcontext() as context:
        context.prec, context.Emax, context.Emin = 60, 999_999, -999_999
        x, y = ([Decimal(float(v)) for v in vector] for vector in (x, y))
        d = [abs(a - b) for a, b in zip(x, y)]
        p = {"euclidean": 2, "manhattan": 1, "chebyshev": np.inf}.get(metric, p)
        if metric == "hamming":
            return sum(a != b for a, b in zip(x, y)) / len(x)
        if metric == "cosine":
            x_norm, y_norm = (sum(v * v for v in vector).sqrt() for vector in (x, y))
            if x_norm == 0 or y_norm == 0:
                return float(x_norm != y_norm)
            return float(1 - sum(a * b for a, b in zip(x, y)) / x_norm / y_norm)
        if p == np.inf:
            return float(max(d))
        if not any(d):
            return 0.0
        power, root = Decimal(p), 1 / Decimal(p)
        return float(sum(v**power for v in d if v) ** root)


def exact_matrix(metric, X, Y, **kw):
    return np.array([[exact(metric, x, y, **kw) for y in Y] for x in X])


numbers = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e3, 1e3, width=32))
matrices = st.integers(1, 4).flatmap(
    lambda D: st.tuples(*[st.lists(st.lists(numbers, min_size=D, max_size=D), min_size=1, max_size=5)] * 2)
)


@settings(max_examples=50, deadline=None)
@given(matrices, st.sampled_from(CASES))
def test_equals_exact_arithmetic(XY, case):
    (X, Y), (metric, kw) = XY, case
    result = pairwise_distances(X, Y, metric=metric, **kw)
    atol = ROUNDING.get(metric, 0)
    np.testing.assert_allclose(result, exact_matrix(metric, X, Y, **kw), rtol=1e-10, atol=atol)
    for i, x in enumerate(X):
        for j, y in enumerate(Y):
            assert isclose(FUNCTIONS[metric](x, y, **kw), result[i, j], rel_tol=1e-10, abs_tol=atol)


@settings(max_examples=30, deadline=None)
@given(matrices, st.sampled_from(CASES))
def test_never_negative_and_exactly_0_between_equal_rows(XY, case):
    (X, Y), (metric, kw) = XY, case
    both = np.array(X + Y + X)
    for result in (pairwise_distances(both, metric=metric, **kw), pairwise_distances(both, both.copy(), metric, **kw)):
        assert (result >= 0).all()
        equal = (both[:, None] == both[None]).all(axis=2)
        assert (result[equal] == 0).all()
        np.testing.assert_allclose(result, result.T, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("metric, kw", CASES)
@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1.0, 1e150, 1e300])
def test_every_scale(metric, kw, scale):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(6, 3)) * scale, rng.normal(size=(5, 3)) * scale
    Y[:2] = X[:2]
    Y[2] = X[2] * (1 + 1e-9)
    result = pairwise_distances(X, Y, metric=metric, **kw)
    np.testing.assert_allclose(result, exact_matrix(metric, X, Y, **kw), rtol=1e-10, atol=ROUNDING.get(metric, 0))
    for i, j in ((0, 0), (0, 3), (2, 2)):
        assert isclose(FUNCTIONS[metric](X[i], Y[j], **kw), result[i, j], rel_tol=1e-10)


@pytest.mark.parametrize("metric, kw", CASES)
def test_scales_side_by_side(metric, kw):
    X = np.array(
        [[1e-200, 0.0], [3e-200, 0.0], [1e150, 1.0], [1e150, 1e-200], [0.0, 1.0], [1e-160, 5e-324], [7.0, 7.0]]
    )
    result = pairwise_distances(X, metric=metric, **kw)
    np.testing.assert_allclose(result, exact_matrix(metric, X, X, **kw), rtol=1e-10, atol=ROUNDING.get(metric, 0))


@pytest.mark.parametrize("spread", [1e-3, 1e-8, 1e-13])
@pytest.mark.parametrize("D", [1, 3, 100])
def test_close_rows_far_from_the_origin_and_from_each_others_cluster(spread, D):
    rng = np.random.default_rng(0)
    centres = np.repeat([[1.0], [-3.7], [1000.1]], 5, axis=0) * np.ones(D)
    X = centres + spread * rng.normal(size=(15, D))
    expected = exact_matrix("euclidean", X, X)
    np.testing.assert_allclose(pairwise_distances(X), expected, rtol=1e-10)
    np.testing.assert_allclose(pairwise_distances(X, metric="sqeuclidean"), expected**2, rtol=1e-10)


def test_blocks_do_not_show():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(1000, 4)), rng.normal(size=(700, 4))
    difference = np.abs(X[:, None] - Y)
    for metric, expected in (
        ("euclidean", np.sqrt((difference**2).sum(axis=2))),
        ("manhattan", difference.sum(axis=2)),
        ("chebyshev", difference.max(axis=2)),
    ):
        np.testing.assert_allclose(pairwise_distances(X, Y, metric=metric), expected, rtol=1e-10)


@pytest.mark.parametrize("metric, kw", CASES)
def test_float32_is_computed_as_float64(metric, kw):
    rng = np.random.default_rng(0)
    X = (1000 + rng.normal(size=(8, 5))).astype(np.float32)
    Y = np.concatenate([X[:3], X[3:5] * np.float32(1.0001)])
    result = pairwise_distances(X, Y, metric=metric, **kw)
    assert result.dtype == np.float32
    expected = pairwise_distances(X.astype(float), Y.astype(float), metric=metric, **kw)
    np.testing.assert_array_equal(result, expected.astype(np.float32))
    assert pairwise_distances(X, Y.astype(float), metric=metric, **kw).dtype == np.float64


def test_known_values_and_aliases():
    X = [[0, 0], [3, 4]]
    assert euclidean(*X) == 5.0
    assert cosine([1, 0], [-2, 0]) == 2.0
    assert cosine([0, 0], [1, 0]) == 1.0
    assert cosine([0, 0], [0, 0]) == 0.0
    assert hamming(["a", "b"], ["a", "c"]) == 0.5
    assert hamming([2**53, 0], [2**53 + 1, 0]) == 0.5
    assert minkowski([1e308, 0], [-1e308, 0], p=3) == np.inf
    for name, alias in (("manhattan", "cityblock"), ("manhattan", "l1"), ("euclidean", "l2")):
        np.testing.assert_array_equal(pairwise_distances(X, metric=alias), pairwise_distances(X, metric=name))
    np.testing.assert_array_equal(pairwise_distances(X, metric="sqeuclidean"), [[0, 25], [25, 0]])
    np.testing.assert_array_equal(pairwise_distances(X, metric=euclidean), pairwise_distances(X))
    np.testing.assert_array_equal(pairwise_distances(X, metric=minkowski, p=1), pairwise_distances(X, metric="l1"))


def test_callables_need_not_be_symmetric():
    X, Y = np.array([[1.0], [2.0]]), np.array([[5.0], [7.0], [1.0]])

    def signed(x, y, factor=1):
        return factor * (x - y)[0]

    np.testing.assert_array_equal(pairwise_distances(X, Y, metric=signed, factor=2), 2 * (X - Y.T))
    np.testing.assert_array_equal(pairwise_distances(X, metric=signed), X - X.T)
    with pytest.raises(ValueError, match="metric must give a number, got nan"):
        pairwise_distances(X, metric=lambda x, y: np.nan)
    with pytest.raises(TypeError, match="metric must give a number"):
        pairwise_distances(X, metric=lambda x, y: None)


def test_inputs_are_not_changed():
    X, Y = np.ones((3, 2)), np.full((2, 2), 1e160)
    for metric in (*FUNCTIONS, "sqeuclidean"):
        pairwise_distances(X, Y, metric=metric)
    assert (X == 1).all()
    assert (Y == 1e160).all()


BAD_MATRICES = [
    [[np.nan, 1]],
    [[np.inf, 1]],
    [],
    [[]],
    [1.0, 2.0],
    3.0,
    np.zeros((1, 2, 2)),
    [["a", "b"]],
    None,
    [[1j, 2]],
]


@pytest.mark.parametrize("bad", BAD_MATRICES, ids=repr)
def test_bad_matrices(bad):
    with pytest.raises((ValueError, TypeError), match=r"\bX\b"):
        pairwise_distances(bad)
    if bad is not None:
        with pytest.raises((ValueError, TypeError), match=r"\bY\b"):
            pairwise_distances([[1.0, 2.0]], bad)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("bad", [[np.nan, 1], [np.inf, 1], [], [[1.0, 2.0]], 3.0, None, [1j, 2]], ids=repr)
def test_bad_vectors(name, bad):
    for arguments, argument in (((bad, [1.0, 2.0]), "x"), (([1.0, 2.0], bad), "y")):
        with pytest.raises((ValueError, TypeError), match=rf"\b{argument}\b"):
            FUNCTIONS[name](*arguments)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_lengths_that_differ(name):
    with pytest.raises(ValueError, match="x and y must have the same length, got 2 and 3"):
        FUNCTIONS[name]([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="X has 2, Y has 3"):
        pairwise_distances([[1, 2]], [[1, 2, 3]], metric=name)


@pytest.mark.parametrize("metric", ["euclid", None, 3, ["euclidean"], b"euclidean"])
def test_unknown_metrics(metric):
    with pytest.raises(ValueError, match="metric must be one of"):
        pairwise_distances([[1.0]], metric=metric)


@pytest.mark.parametrize("p", [0, -1, np.nan, "2", None, True, [2]])
def test_bad_powers(p):
    for call in (lambda: minkowski([1.0], [2.0], p), lambda: pairwise_distances([[1.0]], metric="minkowski", p=p)):
        with pytest.raises((ValueError, TypeError), match="p must be a positive number"):
            call()


def test_unknown_keywords():
    with pytest.raises(TypeError, match="metric 'euclidean' takes no keyword 'p'"):
        pairwise_distances([[1.0]], p=2)
    with pytest.raises(TypeError, match="metric 'minkowski' takes no keyword 'w'"):
        pairwise_distances([[1.0]], metric="minkowski", w=[1])


@pytest.mark.parametrize("metric", ["manhattan", "chebyshev"])
def test_differences_round_once(metric):
    x = np.concatenate([np.random.default_rng(0).normal(size=40), [1e308, -1e308, 1e-310, 3e-320, 2.0**53, 1.0, 0.0]])
    y = np.concatenate([x, np.nextafter(x, 2.0)])
    with np.errstate(over="ignore"):
        expected = np.abs(x[:, None] - y)
    np.testing.assert_array_equal(pairwise_distances(x[:, None], y[:, None], metric=metric), expected)
