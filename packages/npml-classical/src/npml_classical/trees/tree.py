"""A grown tree as flat arrays, and samples walking down many trees at once.

Node i has children ``children_left[i]`` and ``children_right[i]`` (-1 at a leaf); x goes left where
``x[feature[i]] <= threshold[i]``, and a missing value where ``missing_go_to_left[i]``. The root is node 0.

Walking: the nodes of all trees are laid out anew, the two children of a node side by side, so that one word holds
feature and left child, and "go right" is + 1. A leaf is its own child under the threshold infinity, so every walker
takes the same step: three gathers, whatever the tree. Walkers that have arrived leave the crowd every few steps.
"""

import numpy as np

from npml_core import Storable

from .nodes import LEAF, renumber_depth_first

__all__ = ["Descent", "DescentCache", "Tree"]

WALKERS = 1 << 16  # walkers in a crowd, so that they fit the cache
STEPS = 4  # steps between two looks at who has arrived
FEATURE_BITS = 32


class Tree(Storable):
    """A decision tree as flat arrays, one entry per node.

    Parameters
    ----------
    arrays : dict
        The arrays below.
    n_features : int
        Features of the samples.

    Attributes
    ----------
    children_left, children_right : ndarray of int64 (node_count,)
        Children, -1 at leaves.
    feature : ndarray of int64 (node_count,)
        Feature that a node asks for, -2 at leaves.
    threshold : ndarray (node_count,)
        x goes left where its feature is at most this; -2 at leaves.
    missing_go_to_left : ndarray of uint8 (node_count,)
        Whether a missing value goes left.
    impurity : ndarray (node_count,)
        Impurity of the node's training samples.
    n_node_samples : ndarray of int64 (node_count,)
        Their number.
    weighted_n_node_samples : ndarray (node_count,)
        Their weight.
    value : ndarray (node_count, 1, V)
        Mean target (V = 1), or share of every class.
    node_count, n_leaves, max_depth, n_features, n_outputs : int
        Sizes.
    """

    n_outputs = 1

    def __init__(self, arrays, n_features):
        self.n_features = int(n_features)
        for name in ("children_left", "children_right", "feature", "n_node_samples"):
            setattr(self, name, np.asarray(arrays[name], np.int64))
        self.threshold, self.impurity = arrays["threshold"], arrays["impurity"]
        self.weighted_n_node_samples = arrays["weighted_n_node_samples"].astype(np.float64)
        self.missing_go_to_left = arrays["missing_go_to_left"].astype(np.uint8)
        self.value = arrays["value"][:, None, :]
        self.node_count = len(self.feature)
        self.n_leaves = int(np.count_nonzero(self.children_left == LEAF))
        self.max_depth = int(self.compute_node_depths().max()) - 1

    def compute_node_depths(self):
        """Depth of every node, 1 for the root.

        Returns
        -------
        ndarray of int64 (node_count,)
        """
        depths = np.ones(self.node_count, np.int64)
        level = np.zeros(1, np.int64)
        while level.size:
            inner = level[self.children_left[level] != LEAF]
            level = np.concatenate([self.children_left[inner], self.children_right[inner]])
            depths[level] = np.tile(depths[inner] + 1, 2)
        return depths

    def compute_feature_importances(self, normalize=True):
        """Decrease of the weighted impurity by the splits of each feature.

        Parameters
        ----------
        normalize : bool, default=True
            Whether they sum to 1 (all zeros stay as they are).

        Returns
        -------
        ndarray (n_features,)
        """
        inner = np.flatnonzero(self.children_left != LEAF)
        scale = self.impurity.max() or 1.0
        mass = self.weighted_n_node_samples / self.weighted_n_node_samples[0] * (self.impurity / scale)
        gain = mass[inner] - mass[self.children_left[inner]] - mass[self.children_right[inner]]
        importances = np.bincount(self.feature[inner], gain, minlength=self.n_features)
        total = importances.sum()
        if normalize:
            return importances / total if total > 0 else importances
        return importances * scale

    def pruned(self, alpha):
        """The smallest subtree that minimises R(T) + alpha |leaves of T|, R the weighted impurity of the leaves.

        Breiman et al. (1984), section 3.3: bottom-up, a branch is cut where the node alone costs no more.
        """
        cost = self.impurity * self.weighted_n_node_samples / self.weighted_n_node_samples[0] + alpha
        left, right = self.children_left, self.children_right
        is_leaf = left == LEAF
        order = np.argsort(-self.compute_node_depths(), kind="stable")
        for node in order[~is_leaf[order]]:
            branch = cost[left[node]] + cost[right[node]]
            is_leaf[node] = cost[node] <= branch
            cost[node] = min(cost[node], branch)
        names = ("children_left", "children_right", "feature", "threshold", "missing_go_to_left", "impurity")
        names += ("n_node_samples", "weighted_n_node_samples")
        arrays = {name: getattr(self, name) for name in names} | {"value": self.value[:, 0]}
        return Tree(renumber_depth_first(arrays, is_leaf), self.n_features)

    def apply(self, X):
        """Leaf of each sample.

        Parameters
        ----------
        X : ndarray (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of int64 (n_samples,)
        """
        return Descent([self]).apply(X)[0]

    def predict(self, X):
        """Value of the leaf of each sample.

        Parameters
        ----------
        X : ndarray (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples, V)
        """
        return self.value[:, 0].take(self.apply(X), axis=0)

    def decision_path(self, X):
        """Which nodes each sample passes.

        Parameters
        ----------
        X : ndarray (n_samples, n_features)
            Samples.

        Returns
        -------
        scipy.sparse.csr_matrix (n_samples, node_count)
            1 at every node from the root to the leaf.
        """
        from scipy.sparse import csr_matrix

        parent = np.full(self.node_count, -1)
        inner = np.flatnonzero(self.children_left != LEAF)
        parent[self.children_left[inner]] = parent[self.children_right[inner]] = inner
        node, samples, nodes = self.apply(X), [], []
        here = np.arange(len(node))
        while here.size:
            samples.append(here)
            nodes.append(node)
            node = parent[node]
            here, node = here[node >= 0], node[node >= 0]
        samples, nodes = np.concatenate(samples), np.concatenate(nodes)
        shape = (int(samples.max()) + 1, self.node_count)
        return csr_matrix((np.ones(len(nodes), np.int64), (samples, nodes)), shape=shape)


class Descent:
    """Trees laid out for walking.

    Parameters
    ----------
    trees : list of Tree
        The trees.
    """

    def __init__(self, trees):
        counts = np.array([tree.node_count for tree in trees])
        offset = np.cumsum(counts) - counts
        joined = [_join(trees, offset, name) for name in ("children_left", "children_right")]
        left, right = joined
        feature, threshold, missing_left, value = (
            np.concatenate([getattr(tree, name) for tree in trees])
            for name in ("feature", "threshold", "missing_go_to_left", "value")
        )
        order, child = _side_by_side(left, right, offset)
        is_leaf = left[order] == LEAF
        self._roots = np.arange(len(trees))
        self._word = (child << FEATURE_BITS) | np.where(is_leaf, 0, feature[order])
        self._threshold = np.where(is_leaf, np.inf, threshold[order])
        self._missing_right = (missing_left[order] == 0) & ~is_leaf
        self._node = order - np.repeat(offset, counts).take(order)  # number in its own tree
        self.value = np.ascontiguousarray(value[order, 0].T)  # (V, nodes)
        self.max_depth = max(tree.max_depth for tree in trees)

    def apply(self, X):
        """Leaf of each sample in each tree, (n_trees, n_samples), in the numbers of the trees."""
        return np.concatenate([self._node.take(places) for places in self.walk(X)], axis=1)

    def walk(self, X):
        """Yield the leaves of a few samples at a time, (n_trees, some samples), as places in ``value``."""
        size = max(1, WALKERS // len(self._roots))
        for start in range(0, len(X), size):
            yield self._walk(X[start : start + size])

    def _walk(self, X):
        n, d = X.shape
        flat = np.ascontiguousarray(X, np.float64).ravel()
        has_missing = np.isnan(flat).any()
        node = self._roots.repeat(n)
        base = np.tile(np.arange(0, n * d, d), len(self._roots))
        arrived, walkers = None, None
        for step in range(self.max_depth):
            word = self._word.take(node)
            x = flat.take(base + (word & ((1 << FEATURE_BITS) - 1)))
            right = x > self._threshold.take(node)
            if has_missing:
                right |= np.isnan(x) & self._missing_right.take(node)
            word >>= FEATURE_BITS
            word += right
            if step % STEPS == STEPS - 1:
                walking = np.flatnonzero(word != node)
                if walking.size < 0.7 * node.size:
                    if arrived is None:
                        arrived, walkers = word, walking
                    else:
                        arrived[walkers] = word
                        walkers = walkers.take(walking)
                    word, base = word.take(walking), base.take(walking)
            node = word
        if arrived is None:
            arrived = node
        else:
            arrived[walkers] = node
        return arrived.reshape(len(self._roots), n)


class DescentCache:
    """Keeps the `Descent` of a fitted model's trees: made at the end of `fit` and after loading, never stored."""

    def _make_descent(self, trees):
        self._descent = Descent(trees)

    def _get_descent(self):
        if getattr(self, "_descent", None) is None:
            self._make_descent(self._tree_list())
        return self._descent

    def _get_state(self):
        return {name: value for name, value in self.__dict__.items() if name != "_descent"}

    def __getstate__(self):
        return self._get_state()


def _join(trees, offset, name):
    """Child numbers of all trees, counted on."""
    return np.concatenate(
        [np.where(getattr(tree, name) == LEAF, LEAF, getattr(tree, name) + o) for tree, o in zip(trees, offset)]
    )


def _side_by_side(left, right, roots):
    """Nodes in the order: roots, then level by level with the children of a node next to each other; place of the left
    child of each (a leaf's is its own).
    """
    order, child, made = [roots], [], len(roots)
    start = 0
    while order[-1].size:
        level = order[-1]
        inner = left[level] != LEAF
        places = start + np.arange(len(level))
        places[inner] = made + 2 * np.arange(np.count_nonzero(inner))
        child.append(places)
        order.append(np.column_stack([left[level[inner]], right[level[inner]]]).ravel())
        start, made = made, made + len(order[-1])
    return np.concatenate(order), np.concatenate(child)
