"""Gaussian processes by inverting matrices, evidence and its gradient, priors, bad input."""

import numpy as np
import pytest

from npml_classical import GaussianProcessRegressor
from npml_classical.kernels import RBF, ConstantKernel, Matern, WhiteKernel

rng = np.random.default_rng(0)
X, Q = rng.normal(size=(25, 2)), rng.normal(size=(7, 2))
y = np.sin(2 * X[:, 0]) + 0.1 * rng.normal(size=25)
KERNEL = 1.5 * RBF([0.8, 1.2]) + WhiteKernel(0.05)


@pytest.mark.parametrize("scaled", [False, True])
def test_posterior_by_inversion(scaled):
    model = GaussianProcessRegressor(KERNEL, alpha=0.01, optimizer=None, normalize_y=scaled).fit(X, y)
    shift, unit = (y.mean(), y.std()) if scaled else (0.0, 1.0)
    inverse = np.linalg.inv(KERNEL(X) + 0.01 * np.eye(25))
    across = KERNEL(Q, X)
    mean, covariance = model.predict(Q, return_cov=True)
    np.testing.assert_allclose(mean, across @ inverse @ ((y - shift) / unit) * unit + shift, rtol=1e-8)
    np.testing.assert_allclose(covariance, (KERNEL(Q) - across @ inverse @ across.T) * unit**2, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(model.predict(Q, return_std=True)[1] ** 2, np.diagonal(covariance), rtol=1e-7)
    target = (y - shift) / unit
    evidence = -0.5 * (target @ inverse @ target - np.linalg.slogdet(inverse)[1] + 25 * np.log(2 * np.pi))
    assert model.log_marginal_likelihood_value_ == pytest.approx(evidence, rel=1e-9)


def test_gradient_of_the_evidence():
    model = GaussianProcessRegressor(KERNEL, alpha=0.01, optimizer=None).fit(X, y)
    theta = model.kernel_.theta
    _, gradient = model.log_marginal_likelihood(theta, eval_gradient=True)
    for j, step in enumerate(1e-5 * np.eye(len(theta))):
        up, down = model.log_marginal_likelihood(theta + step), model.log_marginal_likelihood(theta - step)
        assert gradient[j] == pytest.approx((up - down) / 2e-5, rel=1e-5)


def test_fitting_raises_the_evidence_and_stays_in_bounds():
    kernel = ConstantKernel(1.0) * RBF(5.0, (1e-2, 10.0)) + WhiteKernel(1.0)
    before = GaussianProcessRegressor(kernel, optimizer=None).fit(X, y).log_marginal_likelihood_value_
    model = GaussianProcessRegressor(kernel, n_restarts_optimizer=1, random_state=0).fit(X, y)
    assert model.log_marginal_likelihood_value_ > before
    assert (model.kernel_.theta <= model.kernel_.bounds[:, 1] + 1e-12).all()
    assert kernel.k1.k2.length_scale == 5.0  # the caller's kernel stays as it was
    seen = []

    def optimizer(function, theta, bounds):
        seen.append(function(theta))
        return theta, seen[-1][0]

    GaussianProcessRegressor(kernel, optimizer=optimizer).fit(X, y)
    assert seen[0][0] == pytest.approx(-before)


def test_interpolates_and_returns_to_the_prior():
    model = GaussianProcessRegressor().fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-5)
    mean, std = model.predict([[100.0, 100.0]], return_std=True)
    assert mean[0] == pytest.approx(0.0)
    assert std[0] == pytest.approx(1.0)


def test_prior_and_samples():
    model = GaussianProcessRegressor(2.0 * RBF())
    mean, covariance = model.predict(Q, return_cov=True)
    assert (mean == 0).all()
    np.testing.assert_allclose(covariance, 2.0 * RBF()(Q))
    draws = model.sample_y(Q, 20_000, random_state=0)
    np.testing.assert_allclose(np.cov(draws), covariance, atol=0.1)
    posterior = GaussianProcessRegressor(2.0 * RBF(), alpha=0.1).fit(X, y)
    draws = posterior.sample_y(Q, 20_000, random_state=0)
    np.testing.assert_allclose(draws.mean(axis=1), posterior.predict(Q), atol=0.03)


def test_several_targets():
    Y = np.column_stack([y, 2 * y + 1])
    model = GaussianProcessRegressor(KERNEL, optimizer=None, normalize_y=True).fit(X, Y)
    mean, std = model.predict(Q, return_std=True)
    for t in range(2):
        single = GaussianProcessRegressor(KERNEL, optimizer=None, normalize_y=True).fit(X, Y[:, t])
        np.testing.assert_allclose(mean[:, t], single.predict(Q), rtol=1e-8)
        np.testing.assert_allclose(std[:, t], single.predict(Q, return_std=True)[1], rtol=1e-8)
    assert model.sample_y(Q, 3).shape == (7, 2, 3)


def test_duplicate_samples_need_noise():
    twice = np.repeat(X, 2, axis=0)
    with pytest.raises(ValueError, match="increase alpha"):
        GaussianProcessRegressor(RBF(100.0, "fixed"), alpha=0.0).fit(twice, np.repeat(y, 2))
    one = GaussianProcessRegressor(RBF(), alpha=0.05, optimizer=None).fit(X, y).predict(Q)
    two = GaussianProcessRegressor(RBF(), alpha=0.1, optimizer=None).fit(twice, np.repeat(y, 2)).predict(Q)
    np.testing.assert_allclose(one, two, rtol=1e-7)  # two observations with twice the noise are one


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": -1.0}, "alpha"),
        ({"alpha": [0.1, 0.1]}, "alpha"),
        ({"optimizer": "adam"}, "optimizer"),
        ({"n_restarts_optimizer": -1}, "n_restarts_optimizer"),
        ({"kernel": RBF(-1.0)}, "length_scale must be positive"),
        ({"kernel": RBF(1.0, (2.0, 1.0))}, "length_scale_bounds"),
        ({"kernel": RBF([1.0, 1.0, 1.0])}, "length_scale must be a number or 2"),
        ({"kernel": Matern(nu=0.0)}, "nu"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        GaussianProcessRegressor(**options).fit(X, y)
    with pytest.raises(TypeError, match="kernel must be a Kernel"):
        GaussianProcessRegressor("rbf").fit(X, y)
