"""Least squares against the normal equations, weights as repetitions, batches, bad conditioning, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical import LinearRegression, Ridge


def data(n=60, D=4, T=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, D)) + rng.normal(size=D)
    y = X @ rng.normal(size=(D, T or 1)) + rng.normal(size=(n, T or 1)) + 3
    return X, y if T else y[:, 0]


def normal_equations(X, y, weights, alpha=0.0, intercept=True):
    """The textbook's solution, in one plain product."""
    A = np.column_stack([X, np.ones(len(X))]) if intercept else X
    penalty = alpha * np.eye(A.shape[1])
    if intercept:
        penalty[-1, -1] = 0.0
    w = np.linalg.solve(A.T @ (weights[:, None] * A) + penalty, A.T @ (weights * y.T).T)
    return (w[:-1], w[-1]) if intercept else (w, np.zeros(y.shape[1:]))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.booleans(), st.sampled_from([None, 2]), st.sampled_from([None, 0.5]))
def test_is_the_solution_of_the_normal_equations(seed, intercept, T, alpha):
    X, y = data(T=T, seed=seed)
    weights = np.random.default_rng(seed).random(len(X))
    model = Ridge(alpha, fit_intercept=intercept) if alpha else LinearRegression(fit_intercept=intercept)
    model.fit(X, y, weights)
    coef, b = normal_equations(X, y, weights, alpha or 0.0, intercept)
    np.testing.assert_allclose(model.coef_, coef.T, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(model.intercept_, b, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(model.predict(X), X @ coef + b, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("model", [LinearRegression(), Ridge(0.7), LinearRegression(fit_intercept=False)])
def test_integer_weights_are_repeated_rows(model):
    X, y = data()
    weights = np.random.default_rng(0).integers(0, 4, len(X))
    weighted = model.fit(X, y, weights).coef_
    np.testing.assert_allclose(weighted, model.fit(np.repeat(X, weights, 0), np.repeat(y, weights)).coef_, rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.booleans())
def test_batches_are_the_whole(sizes, intercept):
    X, y = data(sum(sizes), 3, T=2)
    weights = np.random.default_rng(1).random(len(X)) + 0.1
    model, start = LinearRegression(fit_intercept=intercept), 0
    for size in sizes:
        part = slice(start, start + size)
        model.partial_fit(X[part], y[part], weights[part])
        start += size
    whole = LinearRegression(fit_intercept=intercept).fit(X, y, weights)
    if len(X) > 6:
        np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(model.intercept_, whole.intercept_, rtol=1e-6, atol=1e-8)


def test_partial_fit_goes_on_after_fit():
    X, y = data()
    model = LinearRegression().fit(X[:30], y[:30]).partial_fit(X[30:], y[30:])
    np.testing.assert_allclose(model.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-9)


def test_collinear_columns_get_the_least_norm():
    X, y = data()
    X = np.column_stack([X, X[:, 0], np.ones(len(X))])
    model = LinearRegression().fit(X, y)
    assert model.coef_[0] == pytest.approx(model.coef_[4])
    assert model.coef_[5] == pytest.approx(0.0, abs=1e-12)
    wide, target = data(5, 20)
    model = LinearRegression().fit(wide, target)
    np.testing.assert_allclose(model.predict(wide), target, rtol=1e-9)
    centred = wide - wide.mean(axis=0)
    np.testing.assert_allclose(model.coef_, np.linalg.pinv(centred) @ (target - target.mean()), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e-30, 1e30, 1e150])
@pytest.mark.parametrize("model", [LinearRegression(), Ridge(0.0)])
def test_units_do_not_matter(model, scale):
    X, y = data()
    plain = model.fit(X, y).coef_
    np.testing.assert_allclose(model.fit(X * scale, y).coef_ * scale, plain, rtol=1e-8)


def test_far_from_zero_keeps_its_digits():
    X, y = data()
    X = np.round(X, 6)
    np.testing.assert_allclose(
        LinearRegression().fit(X + 2.0**20, y).coef_, LinearRegression().fit(X, y).coef_, rtol=1e-8
    )


def test_dual_and_primal_ridge_agree():
    X, y = data(8, 12)
    padded = np.vstack([X, np.zeros((20, 12))]), np.append(y, np.zeros(20))
    weights = np.append(np.ones(8), np.zeros(20))
    np.testing.assert_allclose(Ridge(0.3).fit(X, y).coef_, Ridge(0.3).fit(*padded, weights).coef_, rtol=1e-9)


def test_float32_stays_float32():
    X, y = data()
    for model in (LinearRegression(), Ridge()):
        model.fit(X.astype(np.float32), y.astype(np.float32))
        assert model.coef_.dtype == model.predict(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("alpha", [-1.0, np.nan, "much", [1.0, 2.0]])
def test_bad_alpha(alpha):
    with pytest.raises(ValueError, match="alpha"):
        Ridge(alpha).fit(*data())
