import pickle

import numpy as np
import pytest

from npml_classical import RandomForestClassifier, RandomForestRegressor
from npml_core import load, save

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 5))
Y = np.where(X[:, 0] + X[:, 1] ** 2 > 0.5, "up", "down")
Z = X[:, 0] * 3 + X[:, 1]


def test_mean_of_the_trees():
    for model, y in ((RandomForestClassifier(7, random_state=0), Y), (RandomForestRegressor(7, random_state=0), Z)):
        model.fit(X, y)
        name = "predict" if y is Z else "predict_proba"
        each = [getattr(tree, name)(X) for tree in model.estimators_]
        np.testing.assert_allclose(getattr(model, name)(X), np.mean(each, axis=0), rtol=1e-12, atol=1e-15)
        leaves = [tree.apply(X) for tree in model.estimators_]
        np.testing.assert_array_equal(model.apply(X), np.column_stack(leaves))


def test_learns():
    assert RandomForestClassifier(50, random_state=0).fit(X[:150], Y[:150]).score(X[150:], Y[150:]) > 0.85
    assert RandomForestRegressor(50, random_state=0).fit(X[:150], Z[:150]).score(X[150:], Z[150:]) > 0.85


def test_bootstrap_draws_with_replacement():
    model = RandomForestRegressor(200, random_state=0, max_depth=1).fit(X, Z)
    unique = [tree.tree_.n_node_samples[0] for tree in model.estimators_]
    assert all(tree.tree_.weighted_n_node_samples[0] == 200 for tree in model.estimators_)
    share = np.mean(unique) / 200
    expected = 1 - (1 - 1 / 200) ** 200
    assert abs(share - expected) < 5 * 0.03 / np.sqrt(200)  # a tree's share has a deviation of about 0.022
    small = RandomForestRegressor(3, random_state=0, max_samples=0.25).fit(X, Z)
    assert [tree.tree_.weighted_n_node_samples[0] for tree in small.estimators_] == [50, 50, 50]


def test_without_bootstrap_and_with_all_features_it_is_a_tree():
    model = RandomForestRegressor(3, bootstrap=False).fit(X, Z)
    np.testing.assert_allclose(model.predict(X), Z, rtol=1e-12)


def test_drawn_features_are_uniform():
    noise = rng.normal(size=(300, 10))
    model = RandomForestClassifier(300, max_features=1, max_depth=1, random_state=0).fit(noise, rng.integers(0, 2, 300))
    roots = np.bincount([tree.tree_.feature[0] for tree in model.estimators_], minlength=10)
    assert ((roots - 30) ** 2 / 30).sum() < 27.9  # chi-square, 9 degrees, 0.1 %


def test_out_of_bag_score_is_near_the_test_score():
    model = RandomForestClassifier(100, oob_score=True, random_state=0).fit(X, Y)
    assert model.oob_decision_function_.shape == (200, 2)
    fresh = np.random.default_rng(1).normal(size=(2000, 5))
    truth = np.where(fresh[:, 0] + fresh[:, 1] ** 2 > 0.5, "up", "down")
    assert abs(model.oob_score_ - model.score(fresh, truth)) < 0.08
    regressor = RandomForestRegressor(100, oob_score=True, random_state=0).fit(X, Z)
    assert 0.7 < regressor.oob_score_ < regressor.score(X, Z)
    with pytest.warns(UserWarning, match="OOB"):
        RandomForestRegressor(1, oob_score=True, random_state=0).fit(X, Z)


def test_a_seed_gives_a_forest():
    a, b, c = (RandomForestClassifier(12, random_state=seed).fit(X, Y).predict_proba(X) for seed in (4, 4, 5))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


def test_whole_weights_are_repeated_rows():
    w = rng.integers(0, 4, 200)
    rows = np.repeat(np.arange(200), w)
    shuffled = rng.permutation(len(rows))
    for make, y in ((RandomForestClassifier, Y), (RandomForestRegressor, np.round(Z))):
        a = make(10, random_state=0).fit(X, y, sample_weight=w)
        b = make(10, random_state=0).fit(X[rows][shuffled], y[rows][shuffled])
        name = "predict" if make is RandomForestRegressor else "predict_proba"
        np.testing.assert_allclose(getattr(a, name)(X), getattr(b, name)(X), rtol=1e-10, atol=1e-12)


def test_fractional_weights_draw_in_proportion():
    w = np.where(Y == "up", 0.9, 0.1)
    model = RandomForestClassifier(50, max_depth=1, max_features=1, random_state=0).fit(np.zeros((200, 1)), Y, w)
    up = w[Y == "up"].sum() / w.sum()
    assert abs(model.predict_proba([[0.0]])[0, 1] - up) < 5 * np.sqrt(up * (1 - up) / (50 * 200))


def test_class_weights_even_out():
    y = np.array(["rare"] * 10 + ["often"] * 190)
    for weight in ("balanced", "balanced_subsample"):
        model = RandomForestClassifier(40, class_weight=weight, random_state=0).fit(np.zeros((200, 1)), y)
        assert abs(model.predict_proba([[0.0]])[0, 1] - 0.5) < (0.12 if weight == "balanced" else 1e-9)


def test_missing_values():
    data = X.copy()
    data[rng.random(X.shape) < 0.2] = np.nan
    assert RandomForestClassifier(30, random_state=0).fit(data, Y).score(data, Y) > 0.95
    assert RandomForestRegressor(30, random_state=0).fit(data, Z).score(data, Z) > 0.8
    informative = np.where(Y == "up", np.nan, 1.0)[:, None]
    assert RandomForestClassifier(5, random_state=0).fit(informative, Y).score(informative, Y) == 1.0


def test_importances_find_the_features():
    importances = RandomForestRegressor(20, random_state=0).fit(X, Z).feature_importances_
    assert importances.argmax() == 0
    assert importances.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "option",
    [
        {"n_estimators": 0},
        {"max_samples": 0},
        {"max_samples": 1.5},
        {"max_samples": 1000},
        {"bootstrap": False, "oob_score": True},
        {"bootstrap": False, "max_samples": 0.5},
        {"max_depth": 0},
        {"n_jobs": 0},
    ],
)
def test_bad_options(option):
    with pytest.raises((ValueError, TypeError), match=list(option)[-1]):
        RandomForestClassifier(**option).fit(X, Y)


def test_saved_and_pickled(tmp_path):
    model = RandomForestClassifier(5, random_state=0).fit(X, Y)
    save(model, tmp_path / "forest")
    for other in (load(tmp_path / "forest"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
