"""npml-core's graphs against networkx."""

import networkx as nx
import numpy as np
import pytest

from npml_core import DiGraph, Graph, random_dag, random_graph

KINDS = [(Graph, nx.Graph), (DiGraph, nx.DiGraph)]


def pair(kind, peer, seed, n=7, p=0.3):
    rng = np.random.default_rng(seed)
    nodes = [f"n{i}" for i in rng.permutation(n)]
    edges = [(u, v, float(rng.integers(1, 9))) for u in nodes for v in nodes if rng.random() < p]
    theirs = peer()
    theirs.add_nodes_from(nodes)
    theirs.add_weighted_edges_from(edges)
    return kind(nodes, edges), theirs


@pytest.mark.parametrize("kind, peer", KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_everything(kind, peer, seed):
    ours, theirs = pair(kind, peer, seed, p=0.05 + 0.03 * seed)
    np.testing.assert_array_equal(ours.to_matrix(), nx.to_numpy_array(theirs))
    assert {u: {v: d["weight"] for v, d in row.items()} for u, row in theirs.adjacency()} == ours.adjacency
    assert len(ours.edges) == theirs.number_of_edges()
    for s in theirs:
        assert ours.neighbors(s) == list(theirs.neighbors(s))
        for t in theirs:
            assert ours.path_exists(s, t) == nx.has_path(theirs, s, t)
            assert sorted(ours.all_paths(s, t)) == sorted(nx.all_simple_paths(theirs, s, t))
    if kind is Graph:
        assert ours.is_acyclic() == nx.is_forest(theirs)
        return
    np.testing.assert_array_equal(ours.reverse().to_matrix(), nx.to_numpy_array(theirs.reverse()))
    assert ours.is_acyclic() == nx.is_directed_acyclic_graph(theirs)


@pytest.mark.parametrize("seed", range(10))
def test_topological_order(seed):
    ours = random_dag(15, 0.25, random_state=seed)
    theirs = nx.DiGraph([(u, v) for u, v, _ in ours.edges])
    theirs.add_nodes_from(ours.nodes)
    assert nx.is_directed_acyclic_graph(theirs)
    position = {node: i for i, node in enumerate(ours.topological_order())}
    assert all(position[u] < position[v] for u, v in theirs.edges)
    in_our_order = nx.DiGraph()
    in_our_order.add_nodes_from(ours.nodes)
    in_our_order.add_edges_from(theirs.edges)
    assert ours.topological_order() == list(nx.topological_sort(in_our_order))


def test_random_graphs_have_the_peers_numbers_of_edges():
    n, p, runs = 20, 0.15, 400
    ours = [len(random_graph(n, p, seed).edges) for seed in range(runs)]
    theirs = [nx.gnp_random_graph(n, p, seed).number_of_edges() for seed in range(runs)]
    pairs = n * (n - 1) / 2
    error = np.sqrt(2 * pairs * p * (1 - p) / runs)
    assert abs(np.mean(ours) - np.mean(theirs)) < 4 * error
    assert np.std(ours) == pytest.approx(np.std(theirs), rel=0.2)
