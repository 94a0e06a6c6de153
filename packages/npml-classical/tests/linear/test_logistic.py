"""Logistic regression: the gradient vanishes at the optimum, weights and C, separable data, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical import LogisticRegression


def data(n=120, D=4, K=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, D)) + rng.normal(size=D)
    return X, (X @ rng.normal(size=(D, K)) + 1.5 * rng.gumbel(size=(n, K))).argmax(axis=1)


def gradients(model, X, y, weights):
    """Gradients of the weighted loss with respect to coefficients and intercepts, from the probabilities alone."""
    one_hot = (y[:, None] == model.classes_).astype(float)
    residual = weights[:, None] * (model.predict_proba(X) - one_hot)
    if len(model.classes_) == 2:
        residual = residual[:, 1:]
    return residual.T @ X, residual.sum(axis=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 500), st.sampled_from([2, 3, 4]), st.sampled_from(["l2", "l1", None]), st.booleans())
def test_optimality(seed, K, penalty, intercept):
    X, y = data(K=K, seed=seed)
    weights = np.random.default_rng(seed).random(len(X)) + 0.5
    model = LogisticRegression(penalty, C=0.5, fit_intercept=intercept).fit(X, y, weights)
    d_coef, d_intercept = gradients(model, X, y, 0.5 * weights)
    if penalty == "l2":
        np.testing.assert_allclose(d_coef, -model.coef_, atol=1e-5)
    elif penalty is None:
        np.testing.assert_allclose(d_coef, 0, atol=1e-5)
    else:
        active = model.coef_ != 0
        np.testing.assert_allclose(d_coef[active], -np.sign(model.coef_[active]), atol=1e-5)
        assert (np.abs(d_coef[~active]) <= 1 + 1e-5).all()
    if intercept:
        np.testing.assert_allclose(d_intercept, 0, atol=1e-5)
    else:
        assert (model.intercept_ == 0).all()


def test_a_strong_l1_penalty_leaves_nothing():
    X, y = data()
    model = LogisticRegression("l1", C=1e-4).fit(X, y)
    assert (model.coef_ == 0).all()
    assert model.predict_proba(X)[0, 1] == pytest.approx(y.mean(), rel=1e-6)


def test_weights_times_a_thousand_equal_C_times_a_thousand():
    X, y = data(K=3)
    first = LogisticRegression(C=0.01).fit(X, y, np.full(len(X), 1000.0))
    second = LogisticRegression(C=10.0).fit(X, y)
    np.testing.assert_allclose(first.coef_, second.coef_, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("K", [2, 3])
def test_integer_weights_are_repeated_rows(K):
    X, y = data(K=K)
    weights = np.random.default_rng(0).integers(0, 4, len(X))
    first = LogisticRegression().fit(X, y, weights)
    second = LogisticRegression().fit(np.repeat(X, weights, 0), np.repeat(y, weights))
    np.testing.assert_allclose(first.coef_, second.coef_, rtol=1e-6, atol=1e-8)


def test_newton_and_lbfgs_agree():
    X, y = data(D=3)
    wide = np.column_stack([X, np.zeros((len(X), 400))])  # more features than Newton's method is used for
    np.testing.assert_allclose(
        LogisticRegression().fit(wide, y).coef_[:, :3], LogisticRegression().fit(X, y).coef_, rtol=1e-6
    )


def test_separable_data():
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    y = np.array([0, 0, 1, 1])
    assert LogisticRegression().fit(X, y).score(X, y) == 1.0
    with pytest.warns(UserWarning, match="did not converge"):
        LogisticRegression(None, max_iter=5).fit(X, y)


def test_extreme_logits_are_fine():
    X, y = data(K=3)
    model = LogisticRegression().fit(X, y)
    p = model.predict_proba(X * 1e6)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert np.isfinite(model.predict_log_proba(X * 1e6)).all()


def test_balanced_classes():
    X, y = data()
    keep = (y == 0) | (np.arange(len(y)) % 5 == 0)
    X, y = X[keep], y[keep]
    factors = len(y) / (2 * np.bincount(y))
    balanced = LogisticRegression(class_weight="balanced").fit(X, y)
    by_hand = LogisticRegression(class_weight={0: factors[0], 1: factors[1]}).fit(X, y)
    np.testing.assert_allclose(balanced.coef_, by_hand.coef_, rtol=1e-8)
    np.testing.assert_allclose(balanced.coef_, LogisticRegression().fit(X, y, factors[y]).coef_, rtol=1e-8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalty": "l3"}, "penalty"),
        ({"C": 0.0}, "C must"),
        ({"tol": -1.0}, "tol"),
        ({"max_iter": 0}, "max_iter"),
        ({"class_weight": {7: 1.0}}, "class_weight"),
        ({"class_weight": "even"}, "class_weight"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        LogisticRegression(**options).fit(*data())


def test_one_class_is_an_error():
    with pytest.raises(ValueError, match="only one class"):
        LogisticRegression().fit([[0.0], [1.0]], [1, 1])
