"""Kernels: symmetric, positive semi-definite, gradients by finite differences, algebra, files."""

import copy

import numpy as np
import pytest

import npml_core
from npml_classical.kernels import RBF, ConstantKernel, Matern, Product, Sum, WhiteKernel

X = np.random.default_rng(0).normal(size=(12, 2))
KERNELS = [
    ConstantKernel(2.0),
    WhiteKernel(0.3),
    RBF(0.7),
    RBF([0.7, 2.0]),
    *(Matern(0.9, nu=nu) for nu in (0.5, 1.5, 2.5, 0.8, np.inf)),
    Matern([0.9, 1.4], nu=1.5),
    2.0 * RBF() + WhiteKernel(0.1),
    (RBF() + Matern()) * ConstantKernel(0.5, "fixed"),
    RBF(1.0, "fixed") * 3.0,
]


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
class TestKernel:
    def test_is_a_covariance(self, kernel):
        K = kernel(X)
        np.testing.assert_allclose(K, K.T)
        assert np.linalg.eigvalsh(K).min() > -1e-10
        np.testing.assert_allclose(np.diagonal(K), kernel.diag(X))

    def test_gradient(self, kernel):
        _, gradient = kernel(X, eval_gradient=True)
        assert gradient.shape == (12, 12, len(kernel.theta))
        for j, step in enumerate(1e-5 * np.eye(len(kernel.theta))):
            moved = []
            for sign in (1, -1):
                other = copy.deepcopy(kernel)
                other.theta = kernel.theta + sign * step
                moved.append(other(X))
            np.testing.assert_allclose(gradient[:, :, j], (moved[0] - moved[1]) / 2e-5, atol=1e-8)

    def test_two_sets_of_samples(self, kernel):
        across = kernel(X[:4], X[4:])
        off = kernel(X)[:4, 4:]
        np.testing.assert_allclose(across, off, rtol=1e-12)

    def test_theta_and_bounds_fit(self, kernel):
        assert kernel.bounds.shape == (len(kernel.theta), 2)
        other = copy.deepcopy(kernel)
        other.theta = kernel.theta
        np.testing.assert_allclose(other(X), kernel(X))

    def test_files(self, kernel, tmp_path):
        npml_core.save(kernel, tmp_path / "kernel")
        assert npml_core.load(tmp_path / "kernel") == kernel


def test_algebra():
    assert isinstance(1.0 + RBF(), Sum)
    assert isinstance(RBF() * 2, Product)
    np.testing.assert_allclose((RBF() + 1.0)(X), RBF()(X) + 1.0)
    with pytest.raises(TypeError, match="kernels and numbers"):
        RBF() + "noise"
    with pytest.raises(ValueError, match="eval_gradient"):
        RBF()(X, X, eval_gradient=True)
