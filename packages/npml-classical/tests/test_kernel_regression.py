"""Kernel regression against the formula, far queries, several targets, bad input."""

import numpy as np
import pytest

from npml_classical import KernelRegression
from npml_core import pairwise_kernels

rng = np.random.default_rng(0)
X, Q = rng.normal(size=(600, 3)), rng.normal(size=(300, 3))
y = np.sin(X[:, 0])


@pytest.mark.parametrize("kernel", ["rbf", "laplacian", lambda a, b: 1.0 / (1.0 + np.abs(a - b).sum())])
def test_formula(kernel):
    options = {} if callable(kernel) else {"gamma": 2.0}
    model = KernelRegression(kernel, gamma=2.0).fit(X[:100], y[:100])
    K = pairwise_kernels(Q[:50], X[:100], metric=kernel, **options)
    np.testing.assert_allclose(model.predict(Q[:50]), K @ y[:100] / K.sum(axis=1), rtol=1e-9)


def test_blocks_and_several_targets():
    Y = np.column_stack([y, y**2])
    together = KernelRegression(gamma=3.0).fit(X, Y).predict(Q)
    for t in range(2):
        np.testing.assert_allclose(together[:, t], KernelRegression(gamma=3.0).fit(X, Y[:, t]).predict(Q), rtol=1e-12)


@pytest.mark.parametrize("kernel", ["rbf", "laplacian"])
def test_far_away_the_nearest_sample_decides(kernel):
    model = KernelRegression(kernel, gamma=1e3).fit([[0.0], [1.0]], [5.0, 7.0])
    np.testing.assert_allclose(model.predict([[-1e4], [1e4]]), [5.0, 7.0])


def test_bad_input():
    with pytest.raises(ValueError, match="metric"):
        KernelRegression("gauss").fit(X, y)
    with pytest.raises(ValueError, match="gamma"):
        KernelRegression(gamma=-1.0).fit(X, y)
    with pytest.raises(ValueError, match="sum to 0"):
        KernelRegression("linear").fit([[1.0], [-1.0]], [0.0, 1.0]).predict([[1.0]])
