import pickle

import numpy as np
import pytest

from npml_classical import DecisionTreeRegressor, GradientBoostingClassifier, GradientBoostingRegressor
from npml_core import load, save

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 4))
Z = X[:, 0] * 3 + X[:, 1] ** 2
Y = np.digitize(Z, [-1.0, 2.0])


def boost_plainly(X, y, n_estimators, learning_rate, max_depth):
    """Squared error: fit a tree to the residual, add it, again."""
    prediction = np.full(len(y), y.mean())
    for _ in range(n_estimators):
        tree = DecisionTreeRegressor(max_depth=max_depth).fit(X, y - prediction)
        prediction = prediction + learning_rate * tree.predict(X)
    return prediction


def test_squared_error_is_trees_on_residuals():
    model = GradientBoostingRegressor(n_estimators=20, learning_rate=0.3, max_depth=2).fit(X, Z)
    np.testing.assert_allclose(model.predict(X), boost_plainly(X, Z, 20, 0.3, 2), rtol=1e-10)


def test_newton_steps_of_two_classes():
    y = (Y > 1).astype(int)
    model = GradientBoostingClassifier(n_estimators=5, max_depth=2).fit(X, y)
    raw = np.full(120, np.log(y.mean() / (1 - y.mean())))
    for i in range(5):
        p = 1 / (1 + np.exp(-raw))
        tree = DecisionTreeRegressor(max_depth=2).fit(X, y - p)
        leaf = tree.apply(X)
        for node in np.unique(leaf):
            inside = leaf == node
            raw[inside] += 0.1 * (y - p)[inside].sum() / (p * (1 - p))[inside].sum()
        assert model.train_score_[i] == pytest.approx(-2 * np.mean(y * raw - np.logaddexp(0, raw)), rel=1e-10)
    np.testing.assert_allclose(model.decision_function(X), raw, rtol=1e-9)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
@pytest.mark.parametrize("weighted", [False, True])
def test_regression_losses_fall(loss, weighted):
    w = rng.random(120) if weighted else None
    model = GradientBoostingRegressor(loss=loss, n_estimators=60, alpha=0.7).fit(X, Z, w)
    assert model.train_score_[-1] < 0.5 * model.train_score_[0]
    if loss == "squared_error":
        assert (np.diff(model.train_score_) <= 1e-12).all()


def test_quantile_lies_where_it_says():
    noisy = Z + rng.normal(size=120)
    model = GradientBoostingRegressor(loss="quantile", alpha=0.8, n_estimators=30, max_depth=1).fit(X, noisy)
    assert abs(np.mean(noisy <= model.predict(X)) - 0.8) < 0.08


@pytest.mark.parametrize("loss, n_classes", [("log_loss", 2), ("log_loss", 3), ("exponential", 2)])
def test_classification_losses_fall(loss, n_classes):
    y = np.minimum(Y, n_classes - 1)
    model = GradientBoostingClassifier(loss=loss, n_estimators=40).fit(X, y)
    assert (np.diff(model.train_score_) < 0).all()
    assert model.score(X, y) > 0.97
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-12)
    assert model.estimators_.shape == (40, 1 if n_classes == 2 else 3)
    assert model.apply(X).shape == (120, *model.estimators_.shape)


def test_stages_end_in_the_prediction():
    model = GradientBoostingClassifier(n_estimators=6).fit(X, Y)
    stages = list(model.staged_predict_proba(X))
    assert len(stages) == 6
    np.testing.assert_allclose(stages[-1], model.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(list(model.staged_predict(X))[-1], model.predict(X))
    regressor = GradientBoostingRegressor(n_estimators=6).fit(X, Z)
    errors = [np.mean((Z - p) ** 2) for p in regressor.staged_predict(X)]
    np.testing.assert_allclose(errors, regressor.train_score_, rtol=1e-10)


def test_subsample():
    model = GradientBoostingRegressor(n_estimators=50, subsample=0.5, random_state=0).fit(X, Z)
    again = GradientBoostingRegressor(n_estimators=50, subsample=0.5, random_state=0).fit(X, Z)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))
    assert model.estimators_[0, 0].tree_.n_node_samples[0] == 60
    assert model.oob_improvement_.shape == (50,)
    assert model.oob_improvement_[0] > 0
    assert model.score(X, Z) > 0.9


def test_early_stopping():
    noise = rng.normal(size=120)
    model = GradientBoostingRegressor(n_estimators=500, n_iter_no_change=3, random_state=0).fit(X, noise)
    assert model.n_estimators_ < 100
    assert len(model.train_score_) == model.n_estimators_ == len(model.estimators_)
    classifier = GradientBoostingClassifier(n_estimators=300, n_iter_no_change=2, random_state=0).fit(X, Y)
    assert classifier.n_estimators_ < 300


def test_start():
    zero = GradientBoostingRegressor(init="zero", n_estimators=1, learning_rate=1.0, max_depth=None).fit(X, Z)
    np.testing.assert_allclose(zero.predict(X), Z, rtol=1e-12)
    inner = DecisionTreeRegressor(max_depth=3)
    model = GradientBoostingRegressor(init=inner, n_estimators=1, learning_rate=1e-9).fit(X, Z)
    np.testing.assert_allclose(model.predict(X), inner.fit(X, Z).predict(X), rtol=1e-6)
    assert model.init_ is not inner


def test_whole_weights_are_repeated_rows():
    w = rng.integers(0, 4, 120)
    rows = np.repeat(np.arange(120), w)
    a = GradientBoostingClassifier(n_estimators=10).fit(X, Y, w)
    b = GradientBoostingClassifier(n_estimators=10).fit(X[rows], Y[rows])
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), rtol=1e-9)


def test_missing_values():
    data = X.copy()
    data[rng.random(X.shape) < 0.2] = np.nan
    assert GradientBoostingRegressor().fit(data, Z).score(data, Z) > 0.9
    assert GradientBoostingClassifier().fit(data, Y).score(data, Y) > 0.95


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_scales(scale):
    plain, scaled = (GradientBoostingRegressor(n_estimators=10).fit(X, Z * s) for s in (1.0, scale))
    np.testing.assert_allclose(scaled.predict(X), plain.predict(X) * scale, rtol=1e-10)


@pytest.mark.parametrize(
    "option",
    [
        {"loss": "hinge"},
        {"n_estimators": 0},
        {"learning_rate": -0.1},
        {"subsample": 0.0},
        {"max_depth": 0},
        {"init": "one"},
        {"n_iter_no_change": 0},
        {"ccp_alpha": -1.0},
    ],
)
def test_bad_options(option):
    for model, y in ((GradientBoostingClassifier(**option), Y), (GradientBoostingRegressor(**option), Z)):
        with pytest.raises((ValueError, TypeError), match=next(iter(option))):
            model.fit(X, y)


def test_classes():
    with pytest.raises(ValueError, match="two classes"):
        GradientBoostingClassifier().fit(X, np.zeros(120))
    with pytest.raises(ValueError, match="exponential"):
        GradientBoostingClassifier(loss="exponential").fit(X, Y)
    names = np.array(["a", "b", "c"])[Y]
    assert set(GradientBoostingClassifier(n_estimators=3).fit(X, names).predict(X)) <= {"a", "b", "c"}


def test_saved_and_pickled(tmp_path):
    model = GradientBoostingClassifier(n_estimators=5).fit(X, Y)
    save(model, tmp_path / "model")
    for other in (load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
