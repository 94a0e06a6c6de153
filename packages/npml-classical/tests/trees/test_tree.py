import copy
import pickle

import numpy as np
import pytest

from npml_classical import DecisionTreeClassifier, DecisionTreeRegressor
from npml_classical.trees.tree import Descent
from npml_core import load, save


def walk(tree, x):
    """Leaf of one sample, node by node."""
    node = 0
    while tree.children_left[node] >= 0:
        value = x[tree.feature[node]]
        left = tree.missing_go_to_left[node] if np.isnan(value) else value <= tree.threshold[node]
        node = tree.children_left[node] if left else tree.children_right[node]
    return node


@pytest.fixture
def trees():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    X[rng.random(X.shape) < 0.1] = np.nan
    depths = (None, 3, 1, None)
    return [DecisionTreeRegressor(max_depth=d).fit(X, rng.normal(size=300)).tree_ for d in depths], X


def test_many_trees_at_once_are_each_tree_walked_by_hand(trees):
    trees, X = trees
    leaves = Descent(trees).apply(X)
    for tree, own in zip(trees, leaves):
        assert own.tolist() == [walk(tree, x) for x in X]
        np.testing.assert_array_equal(tree.apply(X), own)


def test_a_tree_of_one_node(trees):
    tree = DecisionTreeRegressor().fit([[1.0], [2.0]], [5.0, 5.0]).tree_
    assert (tree.node_count, tree.max_depth, tree.n_leaves) == (1, 0, 1)
    assert tree.predict(np.array([[np.nan]])).tolist() == [[5.0]]
    assert tree.compute_feature_importances().tolist() == [0.0]
    assert Descent([tree, trees[0][0]]).apply(trees[1])[0].max() == 0


def test_training_samples_end_in_leaves_of_their_number(trees):
    tree, X = trees[0][0], trees[1]
    counts = np.bincount(tree.apply(X), minlength=tree.node_count)
    is_leaf = tree.children_left < 0
    np.testing.assert_array_equal(counts[is_leaf], tree.n_node_samples[is_leaf])


def test_numbers_are_depth_first(trees):
    for tree in trees[0]:
        inner = np.flatnonzero(tree.children_left >= 0)
        np.testing.assert_array_equal(tree.children_left[inner], inner + 1)
        assert (tree.children_right[inner] > tree.children_left[inner]).all()


def test_decision_path(trees):
    tree, X = trees[0][1], trees[1]
    path = tree.decision_path(X).toarray()
    assert path.shape == (300, tree.node_count)
    np.testing.assert_array_equal(path.sum(axis=0), tree.n_node_samples)
    np.testing.assert_array_equal(path[np.arange(300), tree.apply(X)], 1)


def test_importances_are_the_decreases(trees):
    tree = trees[0][0]
    mass = tree.impurity * tree.weighted_n_node_samples / 300
    expected = np.zeros(4)
    for node in np.flatnonzero(tree.children_left >= 0):
        expected[tree.feature[node]] += mass[node] - mass[tree.children_left[node]] - mass[tree.children_right[node]]
    np.testing.assert_allclose(tree.compute_feature_importances(normalize=False), expected, rtol=1e-10)
    assert tree.compute_feature_importances().sum() == pytest.approx(1)


def test_pruning_minimises_cost_plus_price_of_leaves(trees):
    tree = trees[0][0]

    def best(node, alpha):
        own = tree.impurity[node] * tree.weighted_n_node_samples[node] / 300 + alpha
        left, right = tree.children_left[node], tree.children_right[node]
        return own if left < 0 else min(own, best(left, alpha) + best(right, alpha))

    for alpha in (1e-3, 1e-2, 1e-1, 10.0):
        pruned = tree.pruned(alpha)
        leaf = pruned.children_left < 0
        cost = (pruned.impurity * pruned.weighted_n_node_samples)[leaf].sum() / 300 + alpha * pruned.n_leaves
        assert cost == pytest.approx(best(0, alpha), rel=1e-10)
    assert tree.pruned(10.0).node_count == 1


def test_saved_pickled_and_copied(tmp_path):
    X = [[0.0, 1.0], [1.0, np.nan], [2.0, 0.0]]
    model = DecisionTreeClassifier().fit(X, ["a", "b", "a"])
    save(model, tmp_path / "tree")
    for other in (load(tmp_path / "tree"), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(other.tree_.threshold, model.tree_.threshold)
