"""Linear models, generalised linear models and naive Bayes against scikit-learn and statsmodels."""

import numpy as np
import pytest
import sklearn.linear_model as sk
import statsmodels.api as sm
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.naive_bayes import GaussianNB as TheirNB
from sklearn.preprocessing import StandardScaler

from npml_classical import GaussianNB, GeneralizedLinearModel, LinearRegression, LogisticRegression, Ridge

rng = np.random.default_rng(0)


def regression(n, D, T=None):
    X = rng.normal(size=(n, D)) @ rng.normal(size=(D, D)) + rng.normal(size=D)
    y = X @ rng.normal(size=(D, T or 1)) + rng.normal(size=(n, T or 1))
    return X, y if T else y[:, 0]


collinear, target = regression(80, 4)
REGRESSIONS = {
    "random": regression(100, 5),
    "two targets": regression(100, 5, 2),
    "wide": regression(20, 40),
    "collinear": (np.column_stack([collinear, collinear[:, :2], np.ones(80)]), target),
    "duplicates": tuple(np.repeat(a, 3, axis=0) for a in regression(30, 3)),
    "one sample": regression(1, 3),
    "diabetes": load_diabetes(return_X_y=True),
    "tiny scale": (collinear * 1e-150, target),
    "huge scale": (collinear * 1e150, target),
}


@pytest.mark.parametrize("name", REGRESSIONS)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_least_squares(name, intercept, weighted):
    X, y = REGRESSIONS[name]
    weights = rng.random(len(X)) + 0.1 if weighted else None
    ours = LinearRegression(fit_intercept=intercept).fit(X, y, weights)
    theirs = sk.LinearRegression(fit_intercept=intercept).fit(X, y, weights)
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8, atol=1e-8 * scale)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-8, atol=1e-8 * np.abs(y).max())


@pytest.mark.parametrize("name", [name for name in REGRESSIONS if "scale" not in name])
@pytest.mark.parametrize("alpha", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_ridge(name, alpha, weighted):
    X, y = REGRESSIONS[name]
    weights = rng.random(len(X)) + 0.1 if weighted else None
    ours, theirs = Ridge(alpha).fit(X, y, weights), sk.Ridge(alpha, solver="svd").fit(X, y, weights)
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8, atol=1e-8 * scale)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-8, atol=1e-8 * np.abs(y).max())


def test_ridge_with_a_penalty_for_each_target():
    X, Y = REGRESSIONS["two targets"]
    np.testing.assert_allclose(Ridge([0.1, 5.0]).fit(X, Y).coef_, sk.Ridge([0.1, 5.0]).fit(X, Y).coef_, rtol=1e-8)


CLASSIFICATIONS = {
    "breast cancer": load_breast_cancer(return_X_y=True),
    "iris": load_iris(return_X_y=True),
    "wine": load_wine(return_X_y=True),
}


@pytest.mark.parametrize(
    ("name", "penalty"),
    [*((name, "l2") for name in CLASSIFICATIONS), ("iris", "l1"), ("wine", "l1")],  # saga is slow on breast cancer
)
@pytest.mark.parametrize("intercept", [True, False])
def test_logistic(name, penalty, intercept):
    X, y = CLASSIFICATIONS[name]
    X, weights = StandardScaler().fit_transform(X), rng.random(len(X)) + 0.5
    ours = LogisticRegression(penalty, C=0.2, fit_intercept=intercept).fit(X, y, weights)
    solver, tol = ("lbfgs", 1e-12) if penalty == "l2" else ("saga", 1e-10)
    theirs = sk.LogisticRegression(
        l1_ratio=float(penalty == "l1"), C=0.2, solver=solver, tol=tol, max_iter=20_000, fit_intercept=intercept
    ).fit(X, y, weights)
    # both stop by a gradient: coefficients agree to about its square root where the objective is flat
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=2e-5)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape


def test_logistic_without_penalty():
    X = rng.normal(size=(200, 3))
    y = (X @ [1.0, -1.0, 0.5] + rng.logistic(size=200) > 0).astype(int)
    ours = LogisticRegression(None).fit(X, y)
    theirs = sm.Logit(y, sm.add_constant(X)).fit(disp=0, tol=1e-14, method="newton")
    np.testing.assert_allclose(ours.coef_[0], theirs.params[1:], rtol=1e-6)
    np.testing.assert_allclose(ours.intercept_[0], theirs.params[0], rtol=1e-6)


X = rng.normal(size=(200, 4)) * 0.4
eta = X @ [1.0, -0.5, 0.3, 0.0]
LINKS = sm.families.links
GLMS = [
    ("gaussian", None, eta + rng.normal(size=200), sm.families.Gaussian()),
    ("binomial", None, rng.binomial(1, 1 / (1 + np.exp(-eta))), sm.families.Binomial()),
    ("binomial", "probit", rng.binomial(1, 1 / (1 + np.exp(-eta))), sm.families.Binomial(LINKS.Probit())),
    ("binomial", "cloglog", rng.binomial(1, 1 / (1 + np.exp(-eta))), sm.families.Binomial(LINKS.CLogLog())),
    ("poisson", None, rng.poisson(np.exp(eta)), sm.families.Poisson()),
    ("poisson", "sqrt", rng.poisson(np.exp(eta) + 5), sm.families.Poisson(LINKS.Sqrt())),
    ("gamma", "log", rng.gamma(2.0, np.exp(eta)), sm.families.Gamma(LINKS.Log())),
    ("gamma", "inverse", rng.gamma(2.0, 1 / (3 + eta)), sm.families.Gamma(LINKS.InversePower())),
]


@pytest.mark.filterwarnings("ignore:The .* link function does not respect")
@pytest.mark.parametrize(("family", "link", "y", "peer"), GLMS, ids=[f"{case[0]}-{case[1]}" for case in GLMS])
@pytest.mark.parametrize("weighted", [False, True])
def test_generalized_linear_models(family, link, y, peer, weighted):
    weights = rng.integers(1, 4, len(X)) if weighted else None
    ours = GeneralizedLinearModel(family, link=link, tol=1e-14).fit(X, y, weights)
    theirs = sm.GLM(y, sm.add_constant(X), family=peer, freq_weights=weights).fit(tol=1e-14, maxiter=200)
    np.testing.assert_allclose(ours.coef_, theirs.params[1:], rtol=1e-6, atol=1e-8)
    assert ours.intercept_ == pytest.approx(theirs.params[0], rel=1e-6, abs=1e-8)
    assert ours.deviance_ == pytest.approx(theirs.deviance, rel=1e-8)
    assert ours.scale_ == pytest.approx(theirs.scale, rel=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(sm.add_constant(X)), rtol=1e-6)


@pytest.mark.parametrize("name", CLASSIFICATIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_naive_bayes(name, weighted):
    X, y = CLASSIFICATIONS[name]
    weights = rng.random(len(X)) if weighted else None
    ours, theirs = GaussianNB().fit(X, y, weights), TheirNB().fit(X, y, weights)
    np.testing.assert_allclose(ours.theta_, theirs.theta_, rtol=1e-10)
    np.testing.assert_allclose(ours.var_, theirs.var_, rtol=1e-8)
    np.testing.assert_allclose(ours.predict_joint_log_proba(X), theirs.predict_joint_log_proba(X), rtol=1e-8)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-7, atol=1e-12)
    # in batches without smoothing: the peer takes off another epsilon than it has put on
    ours, theirs = GaussianNB(var_smoothing=0.0), TheirNB(var_smoothing=0.0)
    order = rng.permutation(len(X))
    for part in np.array_split(order, 4):
        ours_weights = None if weights is None else weights[part]
        options = {"classes": np.unique(y), "sample_weight": ours_weights}
        ours.partial_fit(X[part], y[part], **options)
        theirs.partial_fit(X[part], y[part], **options)
    np.testing.assert_allclose(ours.var_, theirs.var_, rtol=1e-8)
