"""npml-core's distances and kernels against scipy and scikit-learn."""

import numpy as np
import pytest
from scipy.spatial import distance
from sklearn.metrics import pairwise as peer

import npml_core

VECTORS = [
    ("euclidean", {}),
    ("manhattan", {}),
    ("chebyshev", {}),
    ("minkowski", {"p": 3}),
    ("hamming", {}),
    ("cosine", {}),
]
DATA = ["normal", "integers", "far from the origin", "many features", "one feature", "one row"]


def data(kind):
    rng = np.random.default_rng(3)
    if kind == "integers":
        return rng.integers(-2, 3, size=(40, 3)).astype(float), rng.integers(1, 4, size=(30, 3)).astype(float)
    n, D = {"many features": (30, 400), "one feature": (50, 1), "one row": (1, 4)}.get(kind, (60, 7))
    X, Y = rng.normal(size=(n, D)), rng.normal(size=(n + 3, D))
    return (1e6 + X, 1e6 + Y) if kind == "far from the origin" else (X, Y)


@pytest.mark.parametrize("metric, kw", VECTORS)
@pytest.mark.parametrize("kind", DATA)
def test_cdist(metric, kw, kind):
    X, Y = data(kind)
    if metric == "cosine":  # the peers lose the digits of 1 - cos: equal up to those
        rtol, atol = 1e-8, 1e-14
        X, Y = X[X.any(axis=1)], Y[Y.any(axis=1)]
    else:
        rtol, atol = 1e-10, 0
    name = {"manhattan": "cityblock"}.get(metric, metric)
    expected = distance.cdist(X, Y, name, **kw)
    np.testing.assert_allclose(npml_core.pairwise_distances(X, Y, metric, **kw), expected, rtol=rtol, atol=atol)
    ours = getattr(npml_core, metric)(X[0], Y[0], **kw)
    np.testing.assert_allclose(ours, getattr(distance, name)(X[0], Y[0], **kw), rtol=rtol, atol=atol)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "metric", ["euclidean", "sqeuclidean", "l1", "l2", "cityblock", "manhattan", "chebyshev", "cosine"]
)
def test_pairwise_distances(metric, dtype):
    X, Y = (part.astype(dtype) for part in data("normal"))
    rtol = 1e-8 if dtype == np.float64 else 1e-5
    for pair in ((X, Y), (X,)):
        expected = peer.pairwise_distances(*pair, metric=metric)
        np.testing.assert_allclose(
            npml_core.pairwise_distances(*pair, metric=metric), expected, rtol=rtol, atol=rtol / 10
        )


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize(
    "name, options",
    [
        ("linear_kernel", [{}]),
        ("polynomial_kernel", [{}, {"degree": 2, "gamma": 0.3, "coef0": -1}, {"degree": 5, "gamma": 0.01}]),
        ("rbf_kernel", [{}, {"gamma": 2.5}, {"gamma": 0.0}]),
        ("laplacian_kernel", [{}, {"gamma": 0.01}]),
        ("sigmoid_kernel", [{}, {"gamma": 0.01, "coef0": -0.5}]),
        ("cosine_similarity", [{}]),
    ],
)
def test_kernels(name, options, kind):
    X, Y = data(kind)
    for kw in options:
        for pair in ((X, Y), (X,)):
            ours, theirs = getattr(npml_core, name)(*pair, **kw), getattr(peer, name)(*pair, **kw)
            # scikit-learn's squared distances lose digits far from the origin: exp(-d^2) to about 1e12 * 1e-16
            atol = (
                1e-3 if name == "rbf_kernel" and kind == "far from the origin" else 1e-13 * max(1, np.abs(theirs).max())
            )
            np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=atol)


@pytest.mark.parametrize("metric", ["linear", "poly", "polynomial", "rbf", "laplacian", "sigmoid", "cosine"])
def test_pairwise_kernels(metric):
    X, Y = data("normal")
    for pair in ((X, Y), (X,)):
        expected = peer.pairwise_kernels(*pair, metric=metric)
        np.testing.assert_allclose(npml_core.pairwise_kernels(*pair, metric=metric), expected, rtol=1e-8, atol=1e-13)


def test_callables():
    X, Y = data("integers")

    def kernel(x, y, c=1.0):
        return c + x @ y

    for name in ("pairwise_kernels", "pairwise_distances"):
        ours, theirs = getattr(npml_core, name), getattr(peer, name)
        np.testing.assert_allclose(ours(X, Y, metric=kernel, c=2.0), theirs(X, Y, metric=kernel, c=2.0), rtol=1e-12)
