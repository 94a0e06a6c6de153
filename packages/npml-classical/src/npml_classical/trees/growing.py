"""Growing CART trees level by level, exactly, one tree or a group of them at once.

    level = the roots
    while level:
        weight, value and impurity of every node               (criteria.summarise)
        leaves: pure, too small, or deep enough
        the best split of every other node                     (search)
        next level = all left children, then all right children

What a node becomes depends on its own samples alone, so that the order in which nodes are visited does not matter and
a whole level costs a few dozen array operations, however many nodes it has. A split is x <= threshold, the midpoint
between neighbouring values in the node. Best-first growth (`best_first`) chooses among the same splits.

Complexity: O(d n) a level for n samples and d features, after one O(d n log n) sort.

Differences from scikit-learn: any two values that differ in X's own dtype can be split (there: float32, 1e-7 apart); of
equally good splits the one with the lowest threshold and feature number in a piece of columns wins (there: by seed).

References
----------
Breiman, Friedman, Olshen & Stone (1984), "Classification and regression trees", Wadsworth, chapters 2, 4 and 8.
Shafer, Agrawal & Mehta (1996), "SPRINT: a scalable parallel classifier for data mining", VLDB, 544-555 (presorting).
"""

from typing import NamedTuple

import numpy as np

from .best_first import reachable
from .binned import Binned
from .nodes import NodeTable
from .search import Drawn, Level, Presorted

__all__ = ["Limits", "grow", "make_search"]

EPS = np.finfo(np.float64).eps


class Limits(NamedTuple):
    """When a node stays a leaf."""

    max_depth: int | None = None
    min_samples_split: int = 2
    min_samples_leaf: int = 1
    min_weight_leaf: np.ndarray | None = None  # (n_trees,)
    min_impurity_decrease: float = 0.0
    max_leaf_nodes: int | None = None


def make_search(columns, roots, max_depth, n_drawn, rng):
    """What finds the splits of trees from these roots.

    Parameters
    ----------
    columns : Columns
        X.
    roots : list of ndarray or None
        Rows of X that each tree sees; None: all.
    max_depth : int or None
        Of the trees.
    n_drawn : int
        How many features a node looks at.
    rng : numpy.random.Generator
        Draws them.

    Returns
    -------
    Presorted, Drawn or Binned
    """
    if n_drawn < columns.first_twin:
        return Drawn(columns, n_drawn, rng)
    if columns.missing.size == 0 and Binned.suits(columns, max_depth):
        return Binned(columns)
    return Presorted(columns, roots)


def grow(columns, search, criterion, roots, limits):
    """Grow a tree from each root.

    Parameters
    ----------
    columns : Columns
        X.
    search : Presorted or Drawn
        Finds the best splits of a level; it starts at the roots.
    criterion : object
        A criterion (see `criteria`) over ``len(roots) * n_samples`` entries.
    roots : list of ndarray or None
        Rows of X that each tree sees; None: all.
    limits : Limits
        When to stop.

    Returns
    -------
    trees : list of dict
        Flat arrays of each tree, see `nodes.NodeTable.trees`.
    leaves : ndarray of int64 (n_trees, n_samples)
        Leaf of each sample of a root in its tree; -1 for the others.
    """
    n = columns.n_samples
    search.restart()
    sizes = np.array([n if root is None else len(root) for root in roots])
    parts = [np.arange(n) if root is None else root for root in roots]
    entries = np.concatenate([part + tree * n for tree, part in enumerate(parts)])
    nodes, side = NodeTable(), np.zeros(len(roots) * n, np.int8)
    leaves = np.full(len(roots) * n, -1)
    tree, depth = np.arange(len(roots)), 0
    n_left = len(sizes)  # the first n_left nodes of a level are left children
    while True:
        starts = np.cumsum(sizes) - sizes
        summary = criterion.summarise(entries, starts, sizes)
        ids = nodes.add(tree, sizes, summary)
        leaves[entries] = ids.repeat(sizes)
        is_open = _can_split(limits, depth, sizes, tree, summary, criterion)
        if not is_open.any():
            break
        kept = is_open.repeat(sizes)
        side[:] = 0
        cut = int(sizes[:n_left].sum())
        side[entries[:cut][kept[:cut]]] = 1
        side[entries[cut:][kept[cut:]]] = 2
        if depth > 0 or not is_open.all():
            search.advance(side)
        level = _make_level(columns, limits, entries, sizes, tree, summary.detail, is_open, kept)
        best = search.search(level, criterion)
        ids = ids[is_open]
        worth = _worth(limits, criterion, nodes, level, best, ids)
        if not worth.any():
            break
        chosen, left = _goes_left(columns, level, best, worth)
        entries, sizes, tree = _divide(nodes, columns, level, best, ids, worth, chosen, left)
        n_left, depth = len(sizes) // 2, depth + 1
    return nodes.trees(leaves.reshape(len(roots), n), limits.max_leaf_nodes, criterion.impurities)


def _can_split(limits, depth, sizes, tree, summary, criterion):
    """Nodes that are neither pure nor too small nor too deep."""
    if limits.max_depth is not None and depth >= limits.max_depth:
        return np.zeros(len(sizes), bool)
    large = sizes >= max(limits.min_samples_split, 2 * limits.min_samples_leaf)
    if limits.min_weight_leaf is not None:
        large &= summary.weight >= 2 * limits.min_weight_leaf[tree] * (1 - 1e-12)
    return large & (summary.impurity > criterion.epsilon)


def _worth(limits, criterion, nodes, level, best, ids):
    """Nodes with a split that lowers the impurity enough and, growing best first, may get its turn."""
    worth = best.gain > 0
    if limits.min_impurity_decrease > 0 or limits.max_leaf_nodes is not None:
        improvement = criterion.decreases(best.gain) / nodes.root_weight[level.tree]
        worth &= criterion.impurities(improvement) + EPS >= limits.min_impurity_decrease
        nodes.propose(ids, np.where(worth, improvement, -1.0))
    if limits.max_leaf_nodes is not None:
        worth &= reachable(nodes, limits.max_leaf_nodes, ids)
    return worth


def _make_level(columns, limits, entries, sizes, tree, detail, is_open, kept):
    if not is_open.all():
        entries, sizes, tree = entries[kept], sizes[is_open], tree[is_open]
        detail = None if detail is None else detail[kept]
    starts = np.cumsum(sizes) - sizes
    owner = np.arange(len(sizes)).repeat(sizes)
    left_count = np.arange(1, len(entries) + 1) - starts.take(owner)
    least = limits.min_samples_leaf
    right_count = sizes.take(owner) - left_count
    allowed = right_count >= least
    if least > 1:
        allowed &= left_count >= least
    samples = entries if not tree.any() else entries - (tree * columns.n_samples).take(owner)
    heavy = None if limits.min_weight_leaf is None else limits.min_weight_leaf[tree]
    return Level(entries, starts, sizes, owner, left_count, allowed, samples, tree, detail, heavy)


def _goes_left(columns, level, best, worth):
    """Places of the level that belong to nodes worth a split, and whether each goes left."""
    chosen = np.flatnonzero(worth.take(level.owner))
    owner = level.owner.take(chosen)
    own = columns.ranks.ravel().take((best.column * columns.n_samples).take(owner) + level.samples.take(chosen))
    return chosen, own <= best.low.take(owner)


def _divide(nodes, columns, level, best, ids, worth, chosen, left):
    """Record the splits; the children's entries, sizes and trees."""
    sizes = level.sizes[worth]
    starts = np.cumsum(sizes) - sizes
    n_left = np.add.reduceat(left, starts, dtype=np.int64)
    column, low, high = best.column[worth], best.low[worth], best.high[worth]
    missing_left = n_left > sizes - n_left
    if columns.missing.size:
        has_missing = _has_missing(columns, level, column, chosen, starts, sizes)
        missing_left = np.where(has_missing, column >= columns.first_twin, missing_left)
    nodes.split(ids[worth], columns.source[column], columns.thresholds(column, low, high), missing_left)
    entries = level.entries.take(chosen)
    entries = np.concatenate([entries[left], entries[~left]])
    return entries, np.concatenate([n_left, sizes - n_left]), np.concatenate([level.tree[worth]] * 2)


def _has_missing(columns, level, column, chosen, starts, sizes):
    """Whether the feature of its split is missing in any sample of each node."""
    first = columns.source[column]
    own = columns.ranks.ravel().take((first * columns.n_samples).repeat(sizes) + level.samples.take(chosen))
    return np.logical_or.reduceat(own == columns.nan_rank[first].repeat(sizes), starts)
