"""Shortest path as a bandit: an arm is a simple path through a graph, its payoff minus the path's length."""

from itertools import pairwise

import numpy as np

from .base import Bandit

__all__ = ["ShortestPathBandit"]


class ShortestPathBandit(Bandit):
    """Arms are the simple paths from one node to another.

    Parameters
    ----------
    graph : npml_core.Graph or DiGraph
        With weighted edges.
    start, end : hashable
        Nodes.

    Attributes
    ----------
    paths : list of lists
        The nodes of each arm's path.

    Raises
    ------
    ValueError
        If no path leads from `start` to `end`.

    Examples
    --------
    >>> from npml_core import DiGraph
    >>> from npml_rl import ShortestPathBandit
    >>> graph = DiGraph(edges=[("a", "b", 1.0), ("b", "c", 1.0), ("a", "c", 5.0)])
    >>> ShortestPathBandit(graph, "a", "c").expected(None)
    array([[-2., -5.]])
    """

    def __init__(self, graph, start, end):
        self.paths = [list(path) for path in graph.all_paths(start, end)]
        if not self.paths:
            raise ValueError(f"no path leads from {start!r} to {end!r}")
        self.n_arms = len(self.paths)
        edges = [pairwise(path) for path in self.paths]
        self.payoffs = np.array([-sum(graph.adjacency[u][v] for u, v in path) for path in edges], dtype=np.float64)

    def expected(self, context):
        """Minus the lengths."""
        return self.payoffs[None]

    def pull(self, arms, context, rng):
        """Payoffs (R,)."""
        return self.payoffs[arms]
