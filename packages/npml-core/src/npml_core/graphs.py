"""Graphs with weighted edges, directed and not.

A graph is a dictionary of dictionaries: ``adjacency[u][v]`` is the weight of the edge from u to v. Nodes are any
hashable things, in the order in which they came.

Paths are found breadth first, all simple paths depth first with a stack of iterators, and a topological order by taking
away nodes that nothing leads to (Kahn's algorithm): what cannot be taken away contains a cycle.

References
----------
Kahn (1962), "Topological sorting of large networks", Communications of the ACM 5(11), 558-562.
Cormen, Leiserson, Rivest & Stein (2009), "Introduction to Algorithms", 3rd ed., chapter 22.
Erdos & Renyi (1959), "On random graphs I", Publicationes Mathematicae 6, 290-297 (`random_graph`).
"""

from collections import deque
from numbers import Integral, Real

import numpy as np

from .persistence import Storable
from .validation import check_random_state

__all__ = ["DiGraph", "Graph", "random_dag", "random_graph"]


class _BaseGraph(Storable):
    """What directed and undirected graphs share."""

    def __init__(self, nodes=(), edges=()):
        self.adjacency = {}
        for node in nodes:
            self.add_node(node)
        for edge in edges:
            if not isinstance(edge, (tuple, list)) or len(edge) not in (2, 3):
                raise ValueError(f"edges must be pairs (u, v) or triples (u, v, weight), got {edge!r}")
            self.add_edge(*edge)

    @property
    def nodes(self):
        """The nodes, in the order in which they came."""
        return list(self.adjacency)

    def add_node(self, node):
        """Add a node; one that is there stays as it is.

        Parameters
        ----------
        node : hashable
            The node.
        """
        _check_hashable(node, "node")
        self.adjacency.setdefault(node, {})

    def neighbors(self, v):
        """Nodes that an edge leads to from `v`.

        Parameters
        ----------
        v : node
            Where from.

        Returns
        -------
        list

        Raises
        ------
        ValueError
            If `v` is not in the graph (here and below).
        """
        self._check_node(v, "v")
        return list(self.adjacency[v])

    def to_matrix(self):
        """Weights as a matrix; 0 where there is no edge.

        Returns
        -------
        ndarray (n_nodes, n_nodes)
            Rows and columns in the order of ``nodes``.
        """
        place = {node: i for i, node in enumerate(self.adjacency)}
        matrix = np.zeros((len(place), len(place)))
        for u, row in self.adjacency.items():
            for v, weight in row.items():
                matrix[place[u], place[v]] = weight
        return matrix

    def path_exists(self, s, t):
        """Whether edges lead from `s` to `t` (from a node to itself: always).

        Parameters
        ----------
        s, t : node
            Start and end.

        Returns
        -------
        bool
        """
        self._check_node(s, "s")
        self._check_node(t, "t")
        return t in self._reachable(s)

    def all_paths(self, s, t):
        """All simple paths: no node comes twice.

        Parameters
        ----------
        s, t : node
            Start and end.

        Returns
        -------
        list of lists of nodes
            Each from `s` to `t`; there may be exponentially many. From a node to itself: the node alone.
        """
        self._check_node(s, "s")
        self._check_node(t, "t")
        return list(self._walk(s, t))

    def _reachable(self, s):
        seen, queue = {s}, deque([s])
        while queue:
            fresh = [v for v in self.adjacency[queue.popleft()] if v not in seen]
            seen.update(fresh)
            queue.extend(fresh)
        return seen

    def _walk(self, s, t):
        if s == t:
            yield [s]
            return
        useful = self.reverse()._reachable(t)  # keeps out of dead ends, which may hold exponentially many paths too
        path, stack = {s: None}, [iter(self.adjacency[s])]  # a dict keeps the order and finds a node at once
        while stack:
            node = next(stack[-1], _END)
            if node is _END:
                stack.pop()
                path.popitem()
            elif node == t:
                yield [*path, t]
            elif node in useful and node not in path:
                path[node] = None
                stack.append(iter(self.adjacency[node]))

    def __contains__(self, node):
        return node in self.adjacency

    def __len__(self):
        return len(self.adjacency)

    def __iter__(self):
        return iter(self.adjacency)

    def __repr__(self):
        return f"{type(self).__name__} with {len(self)} nodes and {len(self.edges)} edges"

    def _check_node(self, node, name):
        _check_hashable(node, name)
        if node not in self.adjacency:
            raise ValueError(f"{name} must be a node of the graph, got {node!r}")

    def _get_state(self):
        return {"adjacency": self.adjacency}


_END = object()


class Graph(_BaseGraph):
    """A graph whose edges go both ways.

    Parameters
    ----------
    nodes : iterable, default=()
        Nodes.
    edges : iterable of (u, v) or (u, v, weight), default=()
        Edges; their ends become nodes.

    Attributes
    ----------
    adjacency : dict
        node -> {neighbour: weight}.

    Examples
    --------
    >>> from npml_core import Graph
    >>> graph = Graph(edges=[("a", "b"), ("b", "c", 2.0), ("a", "c")])
    >>> sorted(graph.all_paths("a", "c"))
    [['a', 'b', 'c'], ['a', 'c']]
    >>> graph.adjacency["b"]
    {'a': 1.0, 'c': 2.0}
    """

    def add_edge(self, u, v, weight=1.0):
        """Add an edge, or give one that is there another weight.

        Parameters
        ----------
        u, v : hashable
            Its ends.
        weight : float, default=1.0
            A finite number.
        """
        weight = _check_edge(u, v, weight)
        self.add_node(u)
        self.add_node(v)
        self.adjacency[u][v] = self.adjacency[v][u] = weight

    @property
    def edges(self):
        """The edges as (u, v, weight), each once."""
        done, edges = set(), []
        for u, row in self.adjacency.items():
            edges += [(u, v, weight) for v, weight in row.items() if v not in done]
            done.add(u)
        return edges

    def reverse(self):
        """A copy (an undirected graph is its own reverse).

        Returns
        -------
        Graph
        """
        return Graph(self.adjacency, self.edges)

    def is_acyclic(self):
        """Whether there is no cycle: the graph is a forest.

        Returns
        -------
        bool
        """
        n_components, seen = 0, set()
        for root in self.adjacency:
            n_components += root not in seen
            stack = [root]
            while stack:
                node = stack.pop()
                if node not in seen:
                    seen.add(node)
                    stack.extend(self.adjacency[node])
        return len(self.edges) == len(self) - n_components


class DiGraph(_BaseGraph):
    """A graph whose edges go one way.

    Parameters
    ----------
    nodes : iterable, default=()
        Nodes.
    edges : iterable of (u, v) or (u, v, weight), default=()
        Edges from u to v; their ends become nodes.

    Attributes
    ----------
    adjacency : dict
        node -> {successor: weight}.

    Examples
    --------
    >>> from npml_core import DiGraph
    >>> graph = DiGraph(edges=[("shirt", "tie"), ("tie", "jacket"), ("trousers", "jacket")])
    >>> graph.topological_order()
    ['shirt', 'trousers', 'tie', 'jacket']
    >>> graph.path_exists("jacket", "shirt")
    False
    """

    def add_edge(self, u, v, weight=1.0):
        """Add an edge from `u` to `v`, or give one that is there another weight.

        Parameters
        ----------
        u, v : hashable
            Its ends.
        weight : float, default=1.0
            A finite number.
        """
        weight = _check_edge(u, v, weight)
        self.add_node(u)
        self.add_node(v)
        self.adjacency[u][v] = weight

    @property
    def edges(self):
        """The edges as (u, v, weight)."""
        return [(u, v, weight) for u, row in self.adjacency.items() for v, weight in row.items()]

    def reverse(self):
        """The graph with every edge turned round.

        Returns
        -------
        DiGraph
        """
        return DiGraph(self.adjacency, [(v, u, weight) for u, v, weight in self.edges])

    def topological_order(self):
        """The nodes so that every edge leads forward.

        Returns
        -------
        list

        Raises
        ------
        ValueError
            If there is a cycle; it names one.
        """
        waiting = dict.fromkeys(self.adjacency, 0)
        for row in self.adjacency.values():
            for v in row:
                waiting[v] += 1
        ready, order = deque(v for v, n in waiting.items() if n == 0), []
        while ready:
            node = ready.popleft()
            order.append(node)
            for v in self.adjacency[node]:
                waiting[v] -= 1
                if waiting[v] == 0:
                    ready.append(v)
        if len(order) < len(self):
            cycle = self._find_cycle({v for v, n in waiting.items() if n > 0})
            raise ValueError(f"the graph has a cycle: {' -> '.join(map(str, cycle))}")
        return order

    def is_acyclic(self):
        """Whether no path leads from a node back to it.

        Returns
        -------
        bool
        """
        try:
            self.topological_order()
        except ValueError:
            return False
        return True

    def _find_cycle(self, left):
        """Every node that is left has a predecessor that is left: going back, one comes again."""
        before = {v: u for u in left for v in self.adjacency[u]}
        node, place, walk = next(iter(left)), {}, []
        while node not in place:
            place[node] = len(walk)
            walk.append(node)
            node = before[node]
        return [node, *reversed(walk[place[node] :])]


def random_graph(n, p, random_state=None):
    """A graph in which each pair of nodes is joined with probability p.

    Parameters
    ----------
    n : int
        Number of nodes, 0 .. n - 1.
    p : float
        Probability from 0 to 1.
    random_state : None, int, Generator or RandomState
        Draws the edges.

    Returns
    -------
    Graph

    Examples
    --------
    >>> from npml_core import random_graph
    >>> len(random_graph(4, 1.0).edges)
    6
    """
    pairs = _random_pairs(n, p, check_random_state(random_state))
    return Graph(range(n), pairs)


def random_dag(n, p, random_state=None):
    """A directed graph without cycles: each pair is joined with probability p, along a random order of the nodes.

    Parameters
    ----------
    n : int
        Number of nodes, 0 .. n - 1.
    p : float
        Probability from 0 to 1.
    random_state : None, int, Generator or RandomState
        Draws the edges.

    Returns
    -------
    DiGraph

    Examples
    --------
    >>> from npml_core import random_dag
    >>> random_dag(10, 0.5, random_state=0).is_acyclic()
    True
    """
    rng = check_random_state(random_state)
    pairs = _random_pairs(n, p, rng)
    rank = rng.permutation(n).tolist()
    return DiGraph(range(n), [(rank[u], rank[v]) for u, v in pairs])


def _random_pairs(n, p, rng):
    """Pairs u < v: how many is binomial, which ones is a choice without replacement; O(n + pairs)."""
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 0:
        raise ValueError(f"n must be an int that is not negative, got {n!r}")
    if isinstance(p, bool) or not isinstance(p, Real) or not 0 <= p <= 1:
        raise ValueError(f"p must be a probability from 0 to 1, got {p!r}")
    ends = np.cumsum(np.arange(n - 1, -1, -1, dtype=np.int64))  # pairs (0, *), then (1, *), ... are numbered in turn
    total = n * (n - 1) // 2
    chosen = np.sort(rng.choice(total, rng.binomial(total, p), replace=False, shuffle=False))
    u = np.searchsorted(ends, chosen, side="right")
    return list(zip(u.tolist(), (chosen - ends[u] + n).tolist()))


def _check_edge(u, v, weight):
    _check_hashable(u, "u")
    _check_hashable(v, "v")
    if isinstance(weight, bool) or not isinstance(weight, Real):
        raise TypeError(f"weight must be a number, got {weight!r}")
    if not np.isfinite(weight):
        raise ValueError(f"weight must be finite, got {weight!r}")
    return weight


def _check_hashable(node, name):
    try:
        hash(node)
    except TypeError:
        raise TypeError(f"{name} must be hashable, got {node!r}") from None
    if node != node:
        raise ValueError(f"{name} must equal itself, got {node!r}")
