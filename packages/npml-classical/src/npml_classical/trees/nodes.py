"""The nodes of the trees that grow, level after level, and their final numbering.

While trees grow, a node's number is its place in the order of creation: level by level, in a level all left children,
then all right ones, over all trees of the group. At the end each tree gets numbers of its own: depth first, left before
right (a left child follows its parent), or in the order of splitting where growth was best first.
"""

from itertools import pairwise

import numpy as np

from .best_first import expansion_order

__all__ = ["NodeTable", "renumber_depth_first"]

LEAF, UNDEFINED = -1, -2


class NodeTable:
    """Columns of the table, one array per level, joined when all is grown."""

    def __init__(self):
        self._levels = []  # dicts of arrays
        self._splits = []  # (ids, feature, threshold, missing_left, first id of the children)
        self._n = 0
        self.improvement = []  # per level, (ids, improvement), -1 where no split is worth it
        self.root_weight = None

    def add(self, tree, sizes, summary):
        """Append a level; the ids of its nodes."""
        if self.root_weight is None:
            self.root_weight = summary.weight
        self._levels.append(
            {
                "tree": tree,
                "impurity": summary.impurity,
                "n_node_samples": sizes,
                "weighted_n_node_samples": summary.weight,
                "value": summary.value,
            }
        )
        ids = np.arange(self._n, self._n + len(tree))
        self._n += len(tree)
        return ids

    def propose(self, ids, improvement):
        """Remember how much the best split of each node improves the tree."""
        self.improvement.append((ids, improvement))

    def split(self, ids, feature, threshold, missing_left):
        """Record splits; the children are the next nodes to be added, all left ones, then all right ones."""
        self._splits.append((ids, feature, threshold, missing_left, self._n))

    def links(self):
        """Left and right child of every node so far, -1 for none."""
        left = np.full(self._n, LEAF)
        right = left.copy()
        for ids, _, _, _, first in self._splits:
            if first < self._n:
                left[ids] = first + np.arange(len(ids))
                right[ids] = left[ids] + len(ids)
        return left, right

    def improvements(self):
        """Improvement of the best split of every node so far, -1 for leaves."""
        improvement = np.full(self._n, -1.0)
        for ids, values in self.improvement:
            improvement[ids] = values
        return improvement

    def roots_and_trees(self):
        """Number of trees, which are the first nodes, and the tree of every node."""
        return len(self._levels[0]["tree"]), np.concatenate([level["tree"] for level in self._levels])

    def trees(self, leaves, max_leaf_nodes, impurities):
        """The finished trees.

        Parameters
        ----------
        leaves : ndarray of int64 (n_trees, n_samples)
            Node of this table in which each sample ends, -1 for none.
        max_leaf_nodes : int or None
            Bound of best-first growth.
        impurities : callable
            Turns the impurities that the criterion uses into those of the targets.

        Returns
        -------
        trees : list of dict
            Arrays ``children_left``, ``children_right``, ``feature``, ``threshold``, ``impurity``, ``n_node_samples``,
            ``weighted_n_node_samples``, ``value`` (node_count, V), ``missing_go_to_left``.
        leaves : ndarray of int64 (n_trees, n_samples)
            The same in the numbers of each tree.
        """
        left, right = self.links()
        n_trees, tree = self.roots_and_trees()
        if max_leaf_nodes is None:
            number = _depth_first_numbers(left, right, n_trees)
        else:
            number = expansion_order(left, right, self.improvements(), n_trees, max_leaf_nodes)
            number = _fall_back_to_parent(number, left, right)
            left, right = (np.where((side != LEAF) & (number[side] >= 0), side, LEAF) for side in (left, right))
        fields = {name: np.concatenate([level[name] for level in self._levels]) for name in list(self._levels[0])[1:]}
        fields |= self._split_fields() | {"impurity": impurities(fields["impurity"])}
        kept = np.flatnonzero(number >= 0)
        kept = kept[np.lexsort([number[kept], tree[kept]])]
        bounds = np.searchsorted(tree[kept], np.arange(n_trees + 1))
        target = np.where(number >= 0, number, -2 - number)  # dropped nodes hold the number of their leaf, coded
        result = []
        for start, stop in pairwise(bounds):
            own = kept[start:stop]
            arrays = {name: field[own] for name, field in fields.items()}
            for name, side in (("children_left", left[own]), ("children_right", right[own])):
                arrays[name] = np.where(side == LEAF, LEAF, number[side])
            is_leaf = left[own] == LEAF
            arrays["feature"][is_leaf], arrays["threshold"][is_leaf] = UNDEFINED, UNDEFINED
            arrays["missing_go_to_left"][is_leaf] = 0
            result.append(arrays)
        return result, np.where(leaves < 0, -1, target[leaves])

    def _split_fields(self):
        fields = {
            "feature": np.full(self._n, UNDEFINED),
            "threshold": np.full(self._n, float(UNDEFINED)),
            "missing_go_to_left": np.zeros(self._n, np.uint8),
        }
        for ids, feature, threshold, missing_left, _ in self._splits:
            fields["feature"][ids], fields["threshold"][ids] = feature, threshold
            fields["missing_go_to_left"][ids] = missing_left
        return fields


def _depth_first_numbers(left, right, n_trees):
    """Preorder number of every node in its tree; children have larger ids than their parents."""
    levels = _levels(left, right, n_trees)
    below = np.ones(len(left), np.int64)  # nodes of the subtree
    for ids in reversed(levels):
        inner = ids[left[ids] != LEAF]
        below[inner] += below[left[inner]] + below[right[inner]]
    number = np.zeros(len(left), np.int64)
    for ids in levels:
        inner = ids[left[ids] != LEAF]
        number[left[inner]] = number[inner] + 1
        number[right[inner]] = number[inner] + 1 + below[left[inner]]
    return number


def _levels(left, right, n_trees):
    """Ids of the nodes of each level."""
    levels = [np.arange(n_trees)]
    while levels[-1].size:
        inner = levels[-1][left[levels[-1]] != LEAF]
        levels.append(np.concatenate([left[inner], right[inner]]))
    return levels[:-1]


def _fall_back_to_parent(number, left, right):
    """Give each dropped node (-1) the number of the node that became a leaf above it, as -2 - number."""
    number = number.copy()
    for node in np.flatnonzero(left != LEAF):  # parents come first
        for child in (left[node], right[node]):
            if number[child] == -1:
                number[child] = number[node] if number[node] < -1 else -2 - number[node]
    return number


def renumber_depth_first(arrays, is_leaf):
    """A tree's arrays after the nodes where `is_leaf` holds lost what is below them."""
    left = np.where(is_leaf, LEAF, arrays["children_left"])
    right = np.where(is_leaf, LEAF, arrays["children_right"])
    number = _depth_first_numbers(left, right, 1)
    kept = np.sort(np.concatenate(_levels(left, right, 1)))
    kept = kept[np.argsort(number[kept])]
    result = {name: array[kept] for name, array in arrays.items()}
    leaf = left[kept] == LEAF
    result["children_left"] = np.where(leaf, LEAF, number[left[kept]])
    result["children_right"] = np.where(leaf, LEAF, number[right[kept]])
    result["feature"][leaf], result["threshold"][leaf], result["missing_go_to_left"][leaf] = UNDEFINED, UNDEFINED, 0
    return result
