"""Minimisers on functions whose minimum is known."""

import numpy as np
import pytest

from npml_classical.minimize import fista, lbfgs, newton, soft_threshold


def quadratic(seed=0, n=8):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, n))
    H, b = A @ A.T + 0.1 * np.eye(n), rng.normal(size=n)

    return lambda x: (0.5 * x @ H @ x - b @ x, H @ x - b), lambda x: H, np.linalg.solve(H, b)


def rosenbrock(x):
    value = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    return value, np.array([-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)])


def rosenbrock_hessian(x):
    return np.array([[1200 * x[0] ** 2 - 400 * x[1] + 2, -400 * x[0]], [-400 * x[0], 200.0]])


def lbfgs_without_hessian(function, hessian, *options):
    return lbfgs(function, *options)


@pytest.mark.parametrize("minimise", [newton, lbfgs_without_hessian])
def test_quadratic_and_valley(minimise):
    function, hessian, solution = quadratic()
    result = minimise(function, hessian, np.zeros(8), 1e-9, 500)
    assert result.converged
    np.testing.assert_allclose(result.x, solution, rtol=1e-6)
    result = minimise(rosenbrock, rosenbrock_hessian, np.array([-1.2, 1.0]), 1e-8, 500)
    assert result.converged
    np.testing.assert_allclose(result.x, 1.0, rtol=1e-6)


@pytest.mark.parametrize("minimise", [newton, lbfgs_without_hessian])
def test_not_converged_is_told(minimise):
    assert not minimise(rosenbrock, rosenbrock_hessian, np.array([-1.2, 1.0]), 1e-8, 2).converged


def test_fista_without_coupling_is_a_soft_threshold():
    target, penalty = np.array([3.0, -0.5, 0.2, -4.0]), np.array([1.0, 1.0, 1.0, 0.0])
    result = fista(lambda x: (0.5 * ((x - target) ** 2).sum(), x - target), np.zeros(4), penalty, 1e-10, 500)
    assert result.converged
    np.testing.assert_allclose(result.x, soft_threshold(target, penalty), atol=1e-9)
    assert result.x[1] == result.x[2] == 0.0


def test_fista_meets_the_optimality_conditions():
    function, _, _ = quadratic(1)
    penalty = np.full(8, 0.5)
    x = fista(function, np.zeros(8), penalty, 1e-8, 20_000).x
    gradient = function(x)[1]
    np.testing.assert_allclose(gradient[x != 0], -0.5 * np.sign(x[x != 0]), atol=1e-7)
    assert (np.abs(gradient[x == 0]) <= 0.5 + 1e-7).all()
