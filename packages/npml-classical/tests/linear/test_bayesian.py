"""Bayesian regression against its closed form, term by term."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical import BayesianLinearRegression, Ridge

rng = np.random.default_rng(0)
X = rng.normal(size=(30, 3))
y = X @ [1.0, -2.0, 0.5] + 0.7 + 0.3 * rng.normal(size=30)
Q = rng.normal(size=(5, 3))


def closed_form(design, y, mu, V, weights):
    precision = np.linalg.inv(V) + design.T @ (weights[:, None] * design)
    m = np.linalg.solve(precision, np.linalg.inv(V) @ mu + design.T @ (weights * y))
    return m, np.linalg.inv(precision)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.booleans(), st.sampled_from(["normal", "normal-gamma"]), st.booleans())
def test_posterior(seed, intercept, prior, matrix):
    rng = np.random.default_rng(seed)
    n = 3 + intercept
    A = rng.normal(size=(n, n))
    mu, V = rng.normal(size=n), A @ A.T + np.eye(n) if matrix else 2.0
    weights = rng.random(len(X))
    options = {"mu": mu, "V": V, "sigma": 0.4, "alpha": 1.5, "beta": 0.8, "fit_intercept": intercept}
    model = BayesianLinearRegression(prior, **options).fit(X, y, weights)
    design = np.column_stack([np.ones(len(X)), X]) if intercept else X
    V = V if matrix else V * np.eye(n)
    m, Vn = closed_form(design, y, mu, V, weights)
    np.testing.assert_allclose(model.posterior_mean_, m, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(model.posterior_covariance_, Vn, rtol=1e-8, atol=1e-10)
    a = 1.5 + 0.5 * weights.sum()
    quadratic = weights @ y**2 + mu @ np.linalg.solve(V, mu) - m @ np.linalg.solve(Vn, m)
    b = 0.8 + 0.5 * quadratic
    assert model.alpha_ == pytest.approx(a)
    assert model.beta_ == pytest.approx(b, rel=1e-8)
    mean, std = model.predict(Q, return_std=True)
    rows = np.column_stack([np.ones(len(Q)), Q]) if intercept else Q
    growth = 1 + np.einsum("nd,de,ne->n", rows, Vn, rows)
    np.testing.assert_allclose(mean, rows @ m, rtol=1e-8, atol=1e-10)
    variance = 0.16 if prior == "normal" else b / (a - 1)
    np.testing.assert_allclose(std, np.sqrt(variance * growth), rtol=1e-8)


def test_posterior_of_batches_is_that_of_all():
    first = BayesianLinearRegression(sigma=0.5).fit(X[:10], y[:10])
    second = BayesianLinearRegression(sigma=0.5, mu=first.posterior_mean_, V=first.posterior_covariance_)
    np.testing.assert_allclose(
        second.fit(X[10:], y[10:]).posterior_mean_,
        BayesianLinearRegression(sigma=0.5).fit(X, y).posterior_mean_,
        rtol=1e-9,
    )


def test_mean_is_a_ridge_regression():
    model = BayesianLinearRegression(V=0.25, fit_intercept=False).fit(X, y)
    np.testing.assert_allclose(model.coef_, Ridge(4.0, fit_intercept=False).fit(X, y).coef_, rtol=1e-9)


@pytest.mark.parametrize("prior", ["normal", "normal-gamma"])
def test_samples_have_the_moments_of_the_posterior(prior):
    model = BayesianLinearRegression(prior, alpha=3.0).fit(X, y)
    draws = model.sample_posterior(40_000, random_state=0)
    scale = 1.0 if prior == "normal" else model.beta_ / (model.alpha_ - 1)
    np.testing.assert_allclose(draws.mean(axis=0), model.posterior_mean_, atol=0.01)
    np.testing.assert_allclose(np.cov(draws.T), scale * model.posterior_covariance_, rtol=0.1, atol=1e-3)
    np.testing.assert_array_equal(draws, model.sample_posterior(40_000, random_state=0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prior": "flat"}, "prior"),
        ({"mu": [0.0, 1.0]}, "mu"),
        ({"V": -1.0}, "V must be positive definite"),
        ({"V": np.eye(2)}, "V must be"),
        ({"V": np.triu(np.ones((4, 4)))}, "V must be"),
        ({"sigma": 0.0}, "sigma"),
        ({"alpha": -1.0}, "alpha"),
        ({"beta": np.inf}, "beta"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        BayesianLinearRegression(**options).fit(X, y)


def test_bad_number_of_samples():
    with pytest.raises(ValueError, match="n_samples"):
        BayesianLinearRegression().fit(X, y).sample_posterior(0)
