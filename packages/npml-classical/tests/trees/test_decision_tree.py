import numpy as np
import pytest

from npml_classical import DecisionTreeClassifier, DecisionTreeRegressor

X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
Y = np.array(["no", "no", "yes", "yes"])


@pytest.mark.parametrize("make, y", [(DecisionTreeClassifier, Y), (DecisionTreeRegressor, np.arange(4.0))])
@pytest.mark.parametrize(
    "option",
    [
        {"criterion": "poisson"},
        {"criterion": None},
        {"splitter": "worst"},
        {"max_depth": 0},
        {"max_depth": 2.0},
        {"min_samples_split": 1},
        {"min_samples_split": 1.5},
        {"min_samples_leaf": 0},
        {"min_samples_leaf": 0.0},
        {"min_weight_fraction_leaf": 0.6},
        {"max_features": 0},
        {"max_features": "all"},
        {"max_features": 1.5},
        {"max_leaf_nodes": 1},
        {"min_impurity_decrease": -1.0},
        {"min_impurity_decrease": float("nan")},
        {"ccp_alpha": -1.0},
        {"random_state": "zero"},
    ],
)
def test_bad_options_name_themselves_and_spoil_nothing(make, y, option):
    model = make().fit(X, y)
    before = model.predict(X)
    model.set_params(**option)
    with pytest.raises((ValueError, TypeError), match=next(iter(option))):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize("make", [DecisionTreeClassifier, DecisionTreeRegressor])
def test_bad_input(make):
    with pytest.raises(ValueError, match="infinity"):
        make().fit([[np.inf], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="y contains NaN"):
        make().fit([[0.0], [1.0]], [0.0, np.nan])
    with pytest.raises(ValueError, match="not be negative"):
        make().fit(X, [0, 1, 0, 1], sample_weight=[1, 1, -1, 1])
    with pytest.raises(ValueError, match="1d array"):
        make().fit(X, np.zeros((4, 2)))
    with pytest.raises(ValueError, match="not fitted"):
        make().get_depth()
    with pytest.raises(ValueError, match="not fitted"):
        _ = make().feature_importances_


def test_classes_weights_and_probabilities():
    model = DecisionTreeClassifier(max_depth=1, class_weight={"yes": 3.0}).fit(X[:, 1:], Y)
    np.testing.assert_allclose(model.predict_proba([[0.0], [1.0]]), [[0.25, 0.75]] * 2)
    balanced = DecisionTreeClassifier(class_weight="balanced").fit(np.zeros((4, 1)), ["a", "b", "b", "b"])
    np.testing.assert_allclose(balanced.predict_proba([[0.0]]), [[0.5, 0.5]])
    with pytest.raises(ValueError, match="maybe"):
        DecisionTreeClassifier(class_weight={"maybe": 2}).fit(X, Y)
    with pytest.raises(ValueError, match="class_weight"):
        DecisionTreeClassifier(class_weight="heavy").fit(X, Y)


def test_log_probabilities_reach_minus_infinity_quietly():
    model = DecisionTreeClassifier().fit(X, Y)
    assert model.predict_log_proba(X[:1]).tolist() == [[0.0, -np.inf]]


@pytest.mark.parametrize("make", [DecisionTreeClassifier, DecisionTreeRegressor])
def test_one_sample_one_class_constant_columns(make):
    assert make().fit([[3.0]], [7]).predict([[0.0], [9.0]]).tolist() == [7, 7]
    assert make().fit(np.zeros((3, 2)), [1, 1, 2]).tree_.node_count == 1
    assert make().fit(X, [1, 1, 1, 1]).feature_importances_.tolist() == [0.0, 0.0]
    assert make().fit(np.full((3, 1), np.nan), [1, 2, 3]).tree_.node_count == 1


def test_missing_values_go_where_they_help():
    x = [[0.0], [1.0], [np.nan], [np.nan]]
    model = DecisionTreeClassifier().fit(x, [0, 0, 1, 1])
    assert model.tree_.threshold[0] == np.inf
    assert model.predict([[np.nan], [5.0]]).tolist() == [1, 0]
    model = DecisionTreeClassifier().fit([[0.0], [1.0], [np.nan]], [0, 1, 0])
    assert model.tree_.missing_go_to_left[0] == 1
    unseen = DecisionTreeClassifier().fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    assert unseen.predict([[np.nan]]).tolist() == [1]  # the larger side


def test_float32_in_float32_out_and_no_input_is_changed():
    data = X.astype(np.float32)
    kept = data.copy()
    model = DecisionTreeRegressor().fit(data, np.arange(4.0))
    assert model.predict(data).dtype == np.float32
    assert DecisionTreeClassifier().fit(data, Y).predict_proba(data).dtype == np.float32
    np.testing.assert_array_equal(data, kept)


def test_weight_zero_leaves_a_sample_out():
    model = DecisionTreeRegressor().fit(X, [0.0, 1.0, 2.0, 99.0], sample_weight=[1, 1, 1, 0])
    assert model.tree_.n_node_samples[0] == 3
    assert model.tree_.value.max() == 2.0


def test_drawn_features_are_reproducible_and_never_all_constant():
    rng = np.random.default_rng(0)
    data = np.zeros((60, 12))
    data[:, 7] = rng.permutation(60)
    y = rng.integers(0, 2, 60)
    a, b = (DecisionTreeClassifier(max_features=1, random_state=3).fit(data, y).tree_ for _ in range(2))
    np.testing.assert_array_equal(a.threshold, b.threshold)
    assert set(a.feature) == {-2, 7}
    assert (a.impurity[a.children_left < 0] == 0).all()


def test_fractions_count_samples():
    rng = np.random.default_rng(1)
    data, y = rng.normal(size=(50, 2)), rng.normal(size=50)
    tree = DecisionTreeRegressor(min_samples_leaf=0.1).fit(data, y).tree_
    assert tree.n_node_samples.min() >= 5
    tree = DecisionTreeRegressor(min_samples_split=0.5).fit(data, y).tree_
    assert tree.n_node_samples[tree.children_left >= 0].min() >= 25
    w = rng.random(50)
    tree = DecisionTreeRegressor(min_weight_fraction_leaf=0.2).fit(data, y, w).tree_
    assert tree.weighted_n_node_samples.min() >= 0.2 * w.sum() * (1 - 1e-9)
    assert tree.node_count > 1
    tree = DecisionTreeRegressor(min_weight_fraction_leaf=0.2).fit(data, y).tree_
    assert tree.n_node_samples.min() >= 10


def test_text():
    text = DecisionTreeClassifier(max_depth=1).fit(X, Y).export_text(show_weights=True, decimals=1)
    assert text == (
        "|--- feature_0 <= 1.5\n|   |--- weights: [2.0, 0.0] class: no\n"
        "|--- feature_0 >  1.5\n|   |--- weights: [0.0, 2.0] class: yes\n"
    )
    regressor = DecisionTreeRegressor().fit(X, np.arange(4.0))
    assert "|   |--- truncated branch of depth 2\n" in regressor.export_text(max_depth=0)
    assert "value: [3.00]" in regressor.export_text(["a", "b"])
    with pytest.raises(ValueError, match="feature_names"):
        regressor.export_text(["a"])
