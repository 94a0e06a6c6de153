"""Kernels against their definitions, one pair at a time, and where numbers get large."""

from math import exp, sqrt, tanh

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import (
    cosine_similarity,
    laplacian_kernel,
    linear_kernel,
    pairwise_kernels,
    polynomial_kernel,
    rbf_kernel,
    sigmoid_kernel,
)

KERNELS = {
    "linear": linear_kernel,
    "polynomial": polynomial_kernel,
    "poly": polynomial_kernel,
    "rbf": rbf_kernel,
    "laplacian": laplacian_kernel,
    "sigmoid": sigmoid_kernel,
    "cosine": cosine_similarity,
}
WITH_GAMMA = ["polynomial", "rbf", "laplacian", "sigmoid"]


def naive(name, x, y, gamma, degree, coef0):
    dot = sum(a * b for a, b in zip(x, y))
    if name == "cosine":
        norms = sqrt(sum(a * a for a in x)) * sqrt(sum(b * b for b in y))
        return dot / norms if norms else 0.0
    return {
        "linear": lambda: dot,
        "polynomial": lambda: (gamma * dot + coef0) ** degree,
        "rbf": lambda: exp(-gamma * sum((a - b) ** 2 for a, b in zip(x, y))),
        "laplacian": lambda: exp(-gamma * sum(abs(a - b) for a, b in zip(x, y))),
        "sigmoid": lambda: tanh(gamma * dot + coef0),
    }[name]()


numbers = st.floats(-5, 5, width=32)
matrices = st.integers(1, 4).flatmap(
    lambda D: st.tuples(*[st.lists(st.lists(numbers, min_size=D, max_size=D), min_size=1, max_size=4)] * 2)
)


@settings(max_examples=50, deadline=None)
@given(matrices, st.sampled_from([None, 0, 0.3, 2.0]), st.integers(1, 7), st.sampled_from([-1.5, 0, 1]))
def test_equal_their_definitions(XY, gamma, degree, coef0):
    X, Y = XY
    options = {"gamma": gamma, "degree": degree, "coef0": coef0}
    takes = {"polynomial": options, "sigmoid": {"gamma": gamma, "coef0": coef0}, "rbf": {"gamma": gamma}}
    takes["laplacian"] = takes["rbf"]
    width = gamma if gamma is not None else 1 / len(X[0])
    for name in ("linear", "polynomial", "rbf", "laplacian", "sigmoid", "cosine"):
        expected = [[naive(name, x, y, width, degree, coef0) for y in Y] for x in X]
        kw = takes.get(name, {})
        # the sum inside a power or a tanh is right to about 1e-15 of its largest term
        atol = 1e-12 * max(1.0, (100 * (gamma or 1) + 2) ** (degree - 1)) if name == "polynomial" else 1e-12
        np.testing.assert_allclose(KERNELS[name](X, Y, **kw), expected, rtol=1e-10, atol=atol)
        np.testing.assert_allclose(pairwise_kernels(X, Y, metric=name, **kw), expected, rtol=1e-10, atol=atol)


@pytest.mark.parametrize("degree", [1, 2, 3, 5, 8, 13, 64, 65, 1.5, 0.5 + 3])
def test_powers(degree):
    base = np.linspace(0.0, 1.2, 7)[:, None]
    result = polynomial_kernel(base, [[1.0]], degree=degree, gamma=1, coef0=0)
    np.testing.assert_allclose(result, base**degree, rtol=1e-13)


@pytest.mark.parametrize("name", KERNELS)
def test_of_itself(name):
    X = np.random.default_rng(0).normal(size=(40, 3))
    K = KERNELS[name](X)
    np.testing.assert_allclose(K, KERNELS[name](X, X.copy()), rtol=1e-13)
    np.testing.assert_allclose(K, K.T, rtol=1e-10)
    if name in ("rbf", "laplacian"):
        assert (np.diag(K) == 1).all()
        assert (K <= 1).all()
    if name == "cosine":
        np.testing.assert_allclose(np.diag(K), 1.0, rtol=4e-16)
        assert (np.abs(K) <= 1).all()


@pytest.mark.parametrize("name", KERNELS)
def test_float32_stays(name):
    X = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    K = KERNELS[name](X, X[:2])
    assert K.dtype == np.float32
    np.testing.assert_allclose(K, KERNELS[name](X.astype(float), X[:2].astype(float)), rtol=1e-5, atol=1e-6)
    assert KERNELS[name](X, X[:2].astype(float)).dtype == np.float64
    assert pairwise_kernels(X, metric=name).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", KERNELS)
def test_huge_and_tiny_numbers_give_no_nan_and_no_warning(name, dtype):
    largest = 2.0 ** {np.float32: 115, np.float64: 921}[dtype]
    X = np.array([[largest, -largest], [largest, largest], [1 / largest, 0.0], [0.0, 0.0]], dtype)
    K = KERNELS[name](X)
    assert not np.isnan(K).any()
    if name == "linear":
        assert K[0, 1] == 0.0
        assert K[0, 0] == np.inf
    if name == "cosine":
        assert K[0].round(3).tolist() == pytest.approx([1, 0, 0.707, 0])
    if name in ("rbf", "laplacian"):
        assert K.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
    if name in WITH_GAMMA:
        assert not np.isnan(KERNELS[name](X, gamma=0)).any()


def test_a_tiny_gamma_meets_huge_distances():
    np.testing.assert_allclose(rbf_kernel([[0.0]], [[1e160]], gamma=1e-320), np.exp(-1.0), rtol=1e-4)
    np.testing.assert_allclose(
        rbf_kernel(np.float32([[0.0]]), np.float32([[1e25]]), gamma=1e-50), np.exp(-1.0), rtol=1e-6
    )
    np.testing.assert_allclose(sigmoid_kernel([[1e200]], [[1e200]], gamma=1e-300, coef0=0), 1.0)
    np.testing.assert_allclose(polynomial_kernel([[1e200]], [[1e200]], gamma=1e-300, degree=2, coef0=0), 1e200)


def test_rows_that_almost_coincide():
    X = np.array([[1e8], [1e8 + 1e-6]])
    np.testing.assert_allclose(1 - rbf_kernel(X, gamma=1e10)[0, 1], 1 - np.exp(-1e10 * (X[1] - X[0]) ** 2), rtol=1e-10)


def test_callables():
    X = np.array([[1.0], [2.0]])
    np.testing.assert_array_equal(pairwise_kernels(X, metric=lambda x, y, c: c * x[0] * y[0], c=2), 2 * X @ X.T)
    np.testing.assert_allclose(pairwise_kernels(X, metric="rbf"), pairwise_kernels(X))
    with pytest.raises(ValueError, match="metric must give a number, got nan"):
        pairwise_kernels(X, metric=lambda x, y: np.nan)


def test_inputs_are_not_changed():
    X = np.array([[1.0, 2.0], [1e200, 3.0]])
    before = X.copy()
    for kernel in KERNELS.values():
        kernel(X)
        np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(
    "bad", [[[np.nan, 1]], [[np.inf, 1]], [], [1.0, 2.0], 3.0, [["a", "b"]], None, [[1j, 2]]], ids=repr
)
def test_bad_matrices(name, bad):
    for call in (KERNELS[name], lambda *args: pairwise_kernels(*args, metric=name)):
        with pytest.raises((ValueError, TypeError), match=r"\bX\b"):
            call(bad)
        if bad is not None:
            with pytest.raises((ValueError, TypeError), match=r"\bY\b"):
                call([[1.0, 2.0]], bad)
        with pytest.raises(ValueError, match="X has 2, Y has 3"):
            call([[1, 2]], [[1, 2, 3]])


@pytest.mark.parametrize("name", WITH_GAMMA)
@pytest.mark.parametrize("gamma", [-1, np.nan, np.inf, "scale", [1.0], True])
def test_bad_gamma(name, gamma):
    with pytest.raises((ValueError, TypeError), match="gamma must be a"):
        KERNELS[name]([[1.0]], gamma=gamma)


def test_other_bad_options():
    for degree in (0, -1, np.nan, "3", None):
        with pytest.raises((ValueError, TypeError), match="degree must be a"):
            polynomial_kernel([[1.0]], degree=degree)
    with pytest.raises(ValueError, match="degree must be a whole number where"):
        polynomial_kernel([[1.0]], [[-5.0]], degree=1.5)
    for kernel in (polynomial_kernel, sigmoid_kernel):
        for coef0 in (np.nan, np.inf, -np.inf, "1", None):
            with pytest.raises((ValueError, TypeError), match="coef0 must be a"):
                kernel([[1.0]], coef0=coef0)
    for metric in ("rbff", None, 3, ["rbf"]):
        with pytest.raises(ValueError, match="metric must be one of"):
            pairwise_kernels([[1.0]], metric=metric)
    with pytest.raises(TypeError, match="gama"):
        pairwise_kernels([[1.0]], gama=1)
