"""Generalised linear models: the score equations hold, ranges, separable data, weights."""

import numpy as np
import pytest

from npml_classical import GeneralizedLinearModel, LinearRegression, LogisticRegression

rng = np.random.default_rng(0)
X = 0.4 * rng.normal(size=(150, 3))
eta = X @ [1.0, -0.5, 0.3]
TARGETS = {
    "gaussian": eta + rng.normal(size=150),
    "binomial": (rng.random(150) < 1 / (1 + np.exp(-eta))).astype(float),
    "poisson": rng.poisson(np.exp(eta)).astype(float),
    "gamma": rng.gamma(2.0, np.exp(eta)),
}
VARIANCE = {
    "gaussian": np.ones_like,
    "binomial": lambda mu: mu * (1 - mu),
    "poisson": lambda mu: mu,
    "gamma": lambda mu: mu**2,
}
CASES = [
    ("gaussian", None),
    ("gaussian", "log"),
    ("binomial", None),
    ("binomial", "probit"),
    ("binomial", "cloglog"),
    ("poisson", None),
    ("poisson", "sqrt"),
    ("poisson", "identity"),
    ("gamma", None),
    ("gamma", "log"),
    ("gamma", "inverse_squared"),
]


@pytest.mark.parametrize(("family", "link"), CASES)
def test_score_equations(family, link):
    y = TARGETS[family] + (4.0 if link in ("identity", "log") and family == "gaussian" else 0.0)
    y = y + 3.0 if (family, link) == ("poisson", "identity") else y
    weights = rng.random(150) + 0.2
    model = GeneralizedLinearModel(family, link=link).fit(X, y, weights)
    mu = model.predict(X)
    step = 1e-6
    moved = GeneralizedLinearModel(family, link=link).fit(X, y, weights)
    moved.intercept_ = model.intercept_ + step
    slope = (moved.predict(X) - mu) / step  # d mu / d eta
    score = weights * (y - mu) * slope / VARIANCE[family](mu)
    design = np.column_stack([X, np.ones(150)])
    np.testing.assert_allclose(design.T @ score, 0, atol=5e-3)  # the slope is a difference quotient


def test_gaussian_is_least_squares_and_binomial_is_logistic():
    y = TARGETS["gaussian"]
    np.testing.assert_allclose(GeneralizedLinearModel().fit(X, y).coef_, LinearRegression().fit(X, y).coef_, rtol=1e-9)
    y = TARGETS["binomial"]
    np.testing.assert_allclose(
        GeneralizedLinearModel("binomial").fit(X, y).coef_, LogisticRegression(None).fit(X, y).coef_[0], rtol=1e-6
    )


@pytest.mark.parametrize("family", TARGETS)
def test_integer_weights_are_repeated_rows(family):
    weights = rng.integers(0, 4, 150)
    y = TARGETS[family]
    weighted = GeneralizedLinearModel(family, link="log" if family == "gamma" else None).fit(X, y, weights)
    repeated = GeneralizedLinearModel(family, link=weighted.link).fit(np.repeat(X, weights, 0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-5)  # they start from different means
    assert weighted.deviance_ == pytest.approx(repeated.deviance_)
    assert weighted.scale_ == pytest.approx(repeated.scale_)


def test_constant_counts_and_no_intercept():
    model = GeneralizedLinearModel("poisson").fit(X, np.full(150, 3.0))
    np.testing.assert_allclose(model.predict(X), 3.0, rtol=1e-8)
    assert GeneralizedLinearModel("poisson", fit_intercept=False).fit(X, TARGETS["poisson"]).intercept_ == 0.0


def test_separable_data_says_so():
    with pytest.warns(UserWarning, match="separable"):
        GeneralizedLinearModel("binomial", max_iter=5).fit([[-2.0], [-1.0], [1.0], [2.0]], [0, 0, 1, 1])


def test_collinear_columns():
    both = np.column_stack([X, X[:, 0]])
    model = GeneralizedLinearModel("poisson").fit(both, TARGETS["poisson"])
    assert model.coef_[0] == pytest.approx(model.coef_[3])


@pytest.mark.parametrize(("family", "y"), [("binomial", [0.0, 2.0]), ("poisson", [-1.0, 1.0]), ("gamma", [0.0, 1.0])])
def test_targets_out_of_range(family, y):
    with pytest.raises(ValueError, match="y must be"):
        GeneralizedLinearModel(family).fit([[0.0], [1.0]], y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "cauchy"}, "family"),
        ({"link": "cube"}, "link"),
        ({"tol": 0.0}, "tol"),
        ({"max_iter": 0}, "max_iter"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        GeneralizedLinearModel(**options).fit(X, TARGETS["gaussian"])
