"""Every node of a grown tree is checked against a plain search over all splits of its samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical import DecisionTreeClassifier, DecisionTreeRegressor

EPS = np.finfo(float).eps


def impurity(criterion, y, w):
    if criterion == "squared_error":
        return np.average((y - np.average(y, weights=w)) ** 2, weights=w)
    p = np.bincount(y, w) / w.sum()
    if criterion == "gini":
        return 1 - (p**2).sum()
    return -(p[p > 0] * np.log2(p[p > 0])).sum()


def best_decrease(criterion, X, y, w, min_leaf=1):
    """Largest decrease of weight times impurity over all splits, missing values left, right or alone; or None."""
    best = None
    for x in X.T:
        missing = np.isnan(x)
        values = np.unique(x[~missing])
        splits = [x <= t for t in values[:-1]]  # NaN compares false: right
        splits += [s | missing for s in splits] if missing.any() else []
        splits += [~missing] if missing.any() and values.size else []
        for left in splits:
            if min(left.sum(), (~left).sum()) < min_leaf:
                continue
            sides = sum(w[s].sum() * impurity(criterion, y[s], w[s]) for s in (left, ~left))
            decrease = w.sum() * impurity(criterion, y, w) - sides
            best = decrease if best is None else max(best, decrease)
    return best


def check_nodes(tree, criterion, X, y, w=None, min_leaf=1, max_depth=None):
    """Assert what must hold at every node of a grown tree."""
    w = np.ones(len(y)) if w is None else w
    X, y, w = X[w > 0], y[w > 0], w[w > 0]
    scale = w.sum() * (impurity(criterion, y, w) or 1.0)
    stack = [(0, np.arange(len(y)), 0)]
    seen = 0
    while stack:
        node, rows, depth = stack.pop()
        seen += 1
        own = impurity(criterion, y[rows], w[rows])
        assert tree.n_node_samples[node] == len(rows)
        np.testing.assert_allclose(tree.weighted_n_node_samples[node], w[rows].sum(), rtol=1e-12)
        np.testing.assert_allclose(tree.impurity[node], own, atol=1e-12 * scale / w.sum(), rtol=1e-9)
        best = best_decrease(criterion, X[rows], y[rows], w[rows], min_leaf)
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            assert right < 0
            assert own <= 4 * EPS * max(1, scale) or best is None or depth == max_depth
            continue
        x = X[rows, tree.feature[node]]
        missing = np.isnan(x)
        goes_left = np.where(missing, tree.missing_go_to_left[node] == 1, x <= tree.threshold[node])
        if not missing.any():
            assert tree.missing_go_to_left[node] == (goes_left.sum() > (~goes_left).sum())
        inside = [x[side & ~missing] for side in (goes_left, ~goes_left)]
        if inside[0].size and inside[1].size:
            low, high = inside[0].max(), inside[1].min()
            assert low <= tree.threshold[node] < high
            np.testing.assert_allclose(tree.threshold[node], low / 2 + high / 2, atol=1e-12)
        reached = sum(w[rows][s].sum() * impurity(criterion, y[rows][s], w[rows][s]) for s in (goes_left, ~goes_left))
        assert w[rows].sum() * own - reached >= best - 1e-10 * scale
        stack += [(left, rows[goes_left], depth + 1), (right, rows[~goes_left], depth + 1)]
    assert seen == tree.node_count


@st.composite
def problems(draw):
    n, d = draw(st.integers(1, 25)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    X = rng.integers(0, draw(st.sampled_from([2, 5, 1000])), (n, d)).astype(float)
    X[rng.random((n, d)) < draw(st.sampled_from([0.0, 0.2, 0.7]))] = np.nan
    weight = draw(st.sampled_from(["none", "whole", "large", "real"]))
    w = {
        "none": None,
        "whole": rng.integers(0, 4, n) * 1.0,
        "large": rng.integers(1, 99, n) * 1.0,
        "real": rng.random(n),
    }
    w = w[weight]
    return X, rng, None if w is None or not w.any() else w


@settings(max_examples=40, deadline=None)
@given(problems(), st.sampled_from(["gini", "entropy"]), st.integers(1, 4), st.integers(1, 3))
def test_classification_nodes(problem, criterion, n_classes, min_leaf):
    X, rng, w = problem
    y = rng.integers(0, n_classes, len(X))
    tree = DecisionTreeClassifier(criterion=criterion, min_samples_leaf=min_leaf).fit(X, y, w).tree_
    check_nodes(tree, criterion, X, np.unique(y, return_inverse=True)[1], w, min_leaf)


@settings(max_examples=40, deadline=None)
@given(problems(), st.booleans(), st.sampled_from([None, 2]))
def test_regression_nodes(problem, whole, max_depth):
    X, rng, w = problem
    y = rng.integers(-5, 5, len(X)) * 1.0 if whole else rng.normal(size=len(X))
    tree = DecisionTreeRegressor(max_depth=max_depth).fit(X, y, w).tree_
    check_nodes(tree, "squared_error", X, y, w, max_depth=max_depth)


@pytest.mark.parametrize("n_classes", [2, 7])
def test_columns_in_several_pieces(monkeypatch, n_classes):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 7)), rng.integers(0, n_classes, 60)
    X[rng.random(X.shape) < 0.05] = np.nan
    monkeypatch.setattr("npml_classical.trees.search.CHUNK", 150)
    check_nodes(DecisionTreeClassifier().fit(X, y).tree_, "gini", X, y)


def test_a_check_that_fails_on_a_wrong_tree():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    tree = DecisionTreeRegressor().fit(X, y).tree_
    check_nodes(tree, "squared_error", X, y)
    tree.threshold[0] += 0.5
    with pytest.raises(AssertionError):
        check_nodes(tree, "squared_error", X, y)


def test_any_two_different_values_are_split():
    X = np.array([[2.0**24], [2.0**24 + 1]])
    assert DecisionTreeClassifier().fit(X, [0, 1]).predict(X).tolist() == [0, 1]
    for low in (1.0, 1e150, 1e-150, 5e-324, -1e-300, 1.7e308):
        X = np.array([[low], [np.nextafter(low, np.inf)]])
        model = DecisionTreeRegressor().fit(X, [0.0, 1.0])
        assert model.predict(X).tolist() == [0.0, 1.0]
        assert X[0, 0] <= model.tree_.threshold[0] < X[1, 0]


def test_zeros_of_both_signs_are_one_value():
    assert DecisionTreeClassifier().fit([[0.0], [-0.0]], [0, 1]).tree_.node_count == 1


@pytest.mark.parametrize("scale", [1e-150, 1e-12, 1e12, 1e150])
def test_scale_changes_nothing_but_the_scale(scale):
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(80, 3)), rng.normal(size=80)
    w = rng.random(80)
    plain = DecisionTreeRegressor().fit(X, y, w)
    for model, factor in (
        (DecisionTreeRegressor().fit(X * scale, y, w), 1.0),
        (DecisionTreeRegressor().fit(X, y * scale, w), scale),
        (DecisionTreeRegressor().fit(X, y, w * scale), 1.0),
    ):
        np.testing.assert_array_equal(model.tree_.children_left, plain.tree_.children_left)
        np.testing.assert_array_equal(model.tree_.feature, plain.tree_.feature)
        np.testing.assert_allclose(model.tree_.value, plain.tree_.value * factor, rtol=1e-12)
        np.testing.assert_allclose(model.feature_importances_, plain.feature_importances_, rtol=1e-9)


def test_a_large_mean_does_not_drown_the_spread():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(60, 2)), rng.integers(0, 50, 60) * 1.0
    a, b = (DecisionTreeRegressor().fit(X, y + shift).tree_ for shift in (0.0, 1e12))
    np.testing.assert_array_equal(a.threshold, b.threshold)
    np.testing.assert_allclose(a.impurity, b.impurity, atol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_whole_weight_is_a_repeated_row(weighted):
    rng = np.random.default_rng(4)
    X, w = rng.integers(0, 6, (50, 3)) * 1.0, rng.integers(0, 5, 50)
    rows = np.repeat(np.arange(50), w)
    for y, make in ((rng.integers(0, 3, 50), DecisionTreeClassifier), (rng.normal(size=50), DecisionTreeRegressor)):
        factor = rng.random(50) if weighted else np.ones(50)
        a = make().fit(X, y, w * factor).tree_
        b = make().fit(X[rows], y[rows], factor[rows] if weighted else None).tree_
        np.testing.assert_array_equal(a.threshold, b.threshold)
        np.testing.assert_allclose(a.value, b.value, rtol=1e-12, atol=1e-14)


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(5)
    X, y = rng.integers(0, 4, (100, 4)) * 1.0, rng.integers(0, 3, 100)
    shuffled = rng.permutation(100)
    a, b = DecisionTreeClassifier().fit(X, y).tree_, DecisionTreeClassifier().fit(X[shuffled], y[shuffled]).tree_
    np.testing.assert_array_equal(a.threshold, b.threshold)
    np.testing.assert_array_equal(a.feature, b.feature)


def test_of_equal_splits_the_first_feature_and_lowest_threshold_win():
    X = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    tree = DecisionTreeClassifier().fit(X, [0, 1, 0, 1]).tree_
    assert (tree.feature[0], tree.threshold[0]) == (0, 0.5)
