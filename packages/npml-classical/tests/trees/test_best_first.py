import heapq

import numpy as np
import pytest

from npml_classical import DecisionTreeClassifier, DecisionTreeRegressor


def grow_best_first(full, max_leaf_nodes):
    """Nodes of the full tree in the order in which best-first growth makes them."""
    mass = full.impurity * full.weighted_n_node_samples
    left, right = full.children_left, full.children_right
    gain = np.where(left >= 0, mass - mass[left] - mass[right], -1)
    made, queue, n_leaves = [0], [(-gain[0], 0)], 1
    while queue and n_leaves < max_leaf_nodes:
        node = heapq.heappop(queue)[1]
        if left[node] < 0:
            continue
        n_leaves += 1
        for child in (left[node], right[node]):
            made.append(child)
            heapq.heappush(queue, (-gain[child], child))
    return made


@pytest.mark.parametrize("max_leaf_nodes", [2, 3, 10, 60, 1000])
@pytest.mark.parametrize("max_depth", [None, 4])
def test_chooses_the_best_leaf_of_the_full_tree(max_leaf_nodes, max_depth):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 3)), rng.normal(size=200)
    options = {"max_depth": max_depth, "min_samples_leaf": 2}
    full = DecisionTreeRegressor(**options).fit(X, y).tree_
    tree = DecisionTreeRegressor(max_leaf_nodes=max_leaf_nodes, **options).fit(X, y).tree_
    made = grow_best_first(full, max_leaf_nodes)
    np.testing.assert_array_equal(tree.n_node_samples, full.n_node_samples[made])
    np.testing.assert_allclose(tree.impurity, full.impurity[made], rtol=1e-12)
    inner = tree.children_left >= 0
    np.testing.assert_array_equal(tree.threshold[inner], full.threshold[made][inner])
    assert tree.n_leaves == min(max_leaf_nodes, full.n_leaves)


def test_leaves_hold_the_training_samples():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(100, 2)), rng.integers(0, 3, 100)
    model = DecisionTreeClassifier(max_leaf_nodes=6).fit(X, y)
    counts = np.bincount(model.apply(X), minlength=model.tree_.node_count)
    is_leaf = model.tree_.children_left < 0
    np.testing.assert_array_equal(counts[is_leaf], model.tree_.n_node_samples[is_leaf])
