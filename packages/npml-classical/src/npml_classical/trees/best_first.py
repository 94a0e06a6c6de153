"""Best-first growth: of all leaves, split the one that improves the tree most, until there are ``max_leaf_nodes``.

A node's best split does not depend on the rest of the tree, so best-first growth only *chooses* among the splits that
growing level by level finds:

    queue = {root}
    repeat max_leaf_nodes - 1 times: take the node of the largest improvement, split it, queue its children

Nodes that are not known yet can only push others back in the queue, never change their order among themselves. So the
replay of this loop over the nodes known so far tells which of them may still be split, and only those grow on: a level
never holds more than max_leaf_nodes - 1 nodes to split. Ties go to the node that was made first.

References
----------
Shi (2007), "Best-first decision tree learning", MSc thesis, University of Waikato.
"""

import heapq

import numpy as np

__all__ = ["expansion_order", "reachable"]


def reachable(nodes, max_leaf_nodes, ids):
    """Which nodes of the last level best-first growth may still split.

    Parameters
    ----------
    nodes : NodeTable
        All nodes so far; those of the last level have improvements but no children yet.
    max_leaf_nodes : int
        Leaves that each tree may have.
    ids : ndarray of int64
        Nodes of the last level.

    Returns
    -------
    ndarray of bool
        One for each of `ids`.
    """
    left, right = nodes.links()
    n_trees, _ = nodes.roots_and_trees()
    improvement = nodes.improvements()
    split = [_replay(left, right, improvement, root, max_leaf_nodes)[1] for root in range(n_trees)]
    return np.isin(ids, np.concatenate(split))


def expansion_order(left, right, improvement, n_trees, max_leaf_nodes):
    """Number of every node in the order in which best-first growth makes it, -1 for those it does not make.

    Parameters
    ----------
    left, right : ndarray of int64 (n_nodes,)
        Children, -1 for none; the roots are the first nodes.
    improvement : ndarray (n_nodes,)
        Of the best split of each node, -1 where there is none.
    n_trees : int
        How many roots.
    max_leaf_nodes : int
        Leaves that each tree may have.

    Returns
    -------
    ndarray of int64 (n_nodes,)
    """
    number = np.full(len(left), -1)
    for root in range(n_trees):
        made = _replay(left, right, improvement, root, max_leaf_nodes)[0]
        number[made] = np.arange(len(made))
    return number


def _replay(left, right, improvement, root, max_leaf_nodes):
    """Nodes in the order they are made, and nodes in the order they are split."""
    made, split = [root], []
    queue = [(-improvement[root], root)] if improvement[root] >= 0 else []
    while queue and len(split) < max_leaf_nodes - 1:
        node = heapq.heappop(queue)[1]
        split.append(node)
        for child in (int(left[node]), int(right[node])) if left[node] >= 0 else ():
            made.append(child)
            if improvement[child] >= 0:
                heapq.heappush(queue, (-improvement[child], child))
    return made, np.array(split, np.int64)
