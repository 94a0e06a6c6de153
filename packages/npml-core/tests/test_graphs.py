"""Graphs against brute force over all orders and all subsets of few nodes."""

import copy
import pickle
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import DiGraph, Graph, load, random_dag, random_graph, save

NODES = range(5)
edge_lists = st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=14)
kinds = st.sampled_from([Graph, DiGraph])


def is_edge(kind, edges, u, v):
    return (u, v) in edges or (kind is Graph and (v, u) in edges)


def simple_paths(kind, edges, s, t):
    """Every ordering of every subset of the nodes, kept if it is a path."""
    if s == t:
        return [[s]]
    between = [v for v in NODES if v not in (s, t)]
    paths = [[s, *middle, t] for n in range(len(between) + 1) for middle in permutations(between, n)]
    return [path for path in paths if all(is_edge(kind, edges, u, v) for u, v in pairwise(path))]


@settings(max_examples=50, deadline=None)
@given(kinds, edge_lists, st.sampled_from(NODES), st.sampled_from(NODES))
def test_paths_equal_brute_force(kind, edges, s, t):
    graph = kind(NODES, edges)
    expected = simple_paths(kind, set(edges), s, t)
    assert sorted(graph.all_paths(s, t)) == sorted(expected)
    assert graph.path_exists(s, t) == bool(expected)


@settings(max_examples=50, deadline=None)
@given(edge_lists)
def test_topological_order_equals_brute_force(edges):
    graph = DiGraph(NODES, edges)

    def leads_forward(order):
        return all(order.index(u) < order.index(v) for u, v in edges)

    possible = any(leads_forward(order) for order in permutations(NODES))
    assert graph.is_acyclic() == possible
    if possible:
        order = graph.topological_order()
        assert sorted(order) == list(NODES)
        assert leads_forward(order)
    else:
        with pytest.raises(ValueError, match="cycle") as error:
            graph.topological_order()
        cycle = [int(v) for v in str(error.value).split(": ")[1].split(" -> ")]
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(v in graph.adjacency[u] for u, v in pairwise(cycle))


@settings(max_examples=50, deadline=None)
@given(edge_lists)
def test_an_undirected_graph_is_acyclic_where_no_edge_closes_a_path(edges):
    graph, acyclic = Graph(NODES), True
    for u, v in dict.fromkeys(frozenset(edge) for edge in edges if len(set(edge)) == 2):
        acyclic &= not graph.path_exists(u, v)
        graph.add_edge(u, v)
    assert graph.is_acyclic() == acyclic
    graph.add_edge(0, 0)
    assert not graph.is_acyclic()


@settings(max_examples=30, deadline=None)
@given(kinds, edge_lists)
def test_matrix_and_reverse(kind, edges):
    graph = kind(NODES, [(u, v, 1 + u + 10 * v) for u, v in edges])
    matrix = graph.to_matrix()
    for u in NODES:
        assert dict(graph.adjacency[u]) == {v: matrix[u, v] for v in NODES if matrix[u, v]}
    reverse = graph.reverse()
    assert type(reverse) is kind
    assert (reverse.to_matrix() == matrix.T).all()
    reverse.add_edge(0, 4, 99.0)
    assert (graph.to_matrix() == matrix).all()


def test_construction_keeps_the_order_and_the_last_weight():
    graph = Graph("ba", [("c", "b"), ["a", "c", 2], ("b", "c", 5.0)])
    assert list(graph) == graph.nodes == ["b", "a", "c"]
    assert graph.adjacency == {"b": {"c": 5.0}, "a": {"c": 2}, "c": {"b": 5.0, "a": 2}}
    assert graph.neighbors("c") == ["b", "a"]
    assert graph.edges == [("b", "c", 5.0), ("a", "c", 2)]
    assert len(graph) == 3
    assert "a" in graph
    assert "z" not in graph
    assert DiGraph(edges=[(1, 2), (1, 3)]).neighbors(1) == [2, 3]


def test_empty_graphs():
    for graph in (Graph(), DiGraph()):
        assert graph.adjacency == {}
        assert graph.to_matrix().shape == (0, 0)
        assert graph.is_acyclic()
    assert DiGraph().topological_order() == []


def test_long_paths_need_no_recursion_and_dead_ends_are_left_out():
    n = 5000
    line = DiGraph(edges=[(i, i + 1) for i in range(n)])
    assert line.path_exists(0, n)
    assert line.all_paths(0, n) == [list(range(n + 1))]
    assert line.topological_order() == list(range(n + 1))
    with pytest.raises(ValueError, match="cycle: .* -> "):
        DiGraph(edges=[*((i, i + 1) for i in range(n)), (n, 0)]).topological_order()
    ladder = [(i, (i + 1, side)) for i in range(60) for side in "ab"] + [
        ((i + 1, s), i + 1) for i in range(60) for s in "ab"
    ]
    assert DiGraph(edges=[*ladder, (0, "exit")]).all_paths(0, "exit") == [[0, "exit"]]


@pytest.mark.parametrize("kind", [Graph, DiGraph])
class TestBadInput:
    @pytest.mark.parametrize("edge", [(1,), (1, 2, 3, 4), "ab", 5, None, {1, 2}])
    def test_edges_of_a_wrong_kind(self, kind, edge):
        with pytest.raises(ValueError, match="edges must be pairs"):
            kind(edges=[edge])

    @pytest.mark.parametrize("weight", [np.nan, np.inf, -np.inf])
    def test_weights_that_are_not_finite(self, kind, weight):
        graph = kind()
        with pytest.raises(ValueError, match="weight must be finite"):
            graph.add_edge(1, 2, weight)
        assert len(graph) == 0

    @pytest.mark.parametrize("weight", ["1", None, 1j, [1.0], True])
    def test_weights_of_a_wrong_type(self, kind, weight):
        with pytest.raises(TypeError, match="weight must be a number"):
            kind(edges=[(1, 2, weight)])

    def test_nodes_that_are_no_keys(self, kind):
        graph = kind()
        with pytest.raises(TypeError, match="node must be hashable"):
            graph.add_node([1])
        with pytest.raises(TypeError, match="v must be hashable"):
            graph.add_edge(1, [2])
        with pytest.raises(TypeError, match="s must be hashable"):
            graph.path_exists([1], 2)
        with pytest.raises(ValueError, match="node must equal itself"):
            graph.add_node(float("nan"))
        assert len(graph) == 0

    def test_unknown_nodes(self, kind):
        graph = kind([1, 2])
        for method, arguments, name in (
            ("neighbors", ("x",), "v"),
            ("path_exists", (1, "x"), "t"),
            ("path_exists", ("x", 1), "s"),
            ("all_paths", ("x", 1), "s"),
            ("all_paths", (1, "x"), "t"),
        ):
            with pytest.raises(ValueError, match=f"^{name} must be a node of the graph, got 'x'"):
                getattr(graph, method)(*arguments)

    def test_copies(self, kind, tmp_path):
        graph = kind([(0, "tuple"), 3.5], [("a", (0, "tuple"), 2.0)])
        save(graph, tmp_path / "graph")
        for other in (load(tmp_path / "graph"), pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph)):
            assert type(other) is kind
            assert other.adjacency == graph.adjacency
            assert list(other) == list(graph)
            other.add_edge(1, 2)
            assert 1 not in graph


class TestRandomGraphs:
    def test_extreme_probabilities(self):
        assert len(random_graph(6, 0.0).edges) == len(random_dag(6, 0).edges) == 0
        assert len(random_graph(6, 1.0).edges) == len(random_dag(6, 1).edges) == 15
        assert len(random_graph(0, 0.5)) == len(random_dag(0, 0.5)) == 0
        assert random_graph(1, 1.0).nodes == random_dag(1, 1.0).nodes == [0]

    @pytest.mark.parametrize("make", [random_graph, random_dag])
    def test_every_pair_with_the_same_probability(self, make):
        n, p, runs = 6, 0.3, 1500
        rng = np.random.default_rng(0)
        joined = sum((make(n, p, rng).to_matrix() > 0).astype(int) for _ in range(runs))
        joined = (joined if make is random_graph else joined + joined.T)[np.triu_indices(n, 1)]
        # each is binomial: mean 450, deviation 17.7
        assert np.abs(joined - runs * p).max() < 4 * np.sqrt(runs * p * (1 - p))

    def test_dags_have_no_cycle_and_no_fixed_order(self):
        graphs = [random_dag(8, 0.6, random_state=seed) for seed in range(30)]
        assert all(graph.is_acyclic() for graph in graphs)
        assert len({tuple(graph.topological_order()) for graph in graphs}) > 10

    def test_seeds(self):
        assert random_graph(9, 0.5, 3).adjacency == random_graph(9, 0.5, 3).adjacency
        assert random_graph(9, 0.5, 3).adjacency != random_graph(9, 0.5, 4).adjacency

    @pytest.mark.parametrize("make", [random_graph, random_dag])
    def test_bad_input(self, make):
        for n in (-1, 2.5, "3", True, None):
            with pytest.raises((ValueError, TypeError), match="^n must be"):
                make(n, 0.5)
        for p in (-0.1, 1.1, np.nan, "0.5", None, True):
            with pytest.raises((ValueError, TypeError), match="^p must be"):
                make(3, p)
        with pytest.raises(TypeError, match="random_state"):
            make(3, 0.5, "seed")
