"""The best path against all paths and against the plain recursion, where it is cut, ragged, tied or impossible."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical.hmm.pieces import LENGTH
from npml_classical.hmm.viterbi import viterbi


def score(path, log_b, log_start, log_A):
    return log_start[path[0]] + sum(log_A[i, j] for i, j in pairwise(path)) + sum(log_b[range(len(path)), path])


def plain_viterbi(log_b, log_start, log_A):
    d, back = log_start + log_b[0], []
    for row in log_b[1:]:
        candidates = d[:, None] + log_A
        back.append(candidates.argmax(axis=0))
        d = candidates.max(axis=0) + row
    path = [int(d.argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return d.max(), path[::-1]


def logarithms(start, transitions):
    with np.errstate(divide="ignore"):
        return np.log(start), np.log(transitions)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(1, 6), st.integers(0, 999))
def test_no_path_is_better(K, T, seed):
    rng = np.random.default_rng(seed)
    start, transitions = rng.dirichlet(np.ones(K)), rng.dirichlet(np.ones(K), size=K)
    log_b, logs = rng.normal(size=(T, K)), logarithms(start, transitions)
    (best,), path = viterbi(log_b, np.array([T]), start, transitions)
    assert best == pytest.approx(max(score(p, log_b, *logs) for p in product(range(K), repeat=T)), rel=1e-12)
    assert best == pytest.approx(score(path, log_b, *logs), rel=1e-12)


@pytest.mark.parametrize("lengths", [[1], [1, 5, 2], [5 * LENGTH + 7], [700, 1, 300], [2] * 450])
@pytest.mark.parametrize("kind", ["random", "identity", "cycle", "sticky"])
def test_cut_and_ragged_sequences_equal_the_plain_recursion(lengths, kind):
    rng = np.random.default_rng(1)
    transitions = {
        "random": rng.dirichlet(np.ones(3), size=3),
        "identity": np.eye(3),
        "cycle": np.roll(np.eye(3), 1, axis=1),
        "sticky": 0.9999 * np.eye(3) + 0.0001 / 3,
    }[kind]
    transitions = transitions / transitions.sum(axis=1, keepdims=True)
    start = np.array([0.2, 0.3, 0.5])
    log_b, logs = rng.normal(size=(sum(lengths), 3)), logarithms(start, transitions)
    best, path = viterbi(log_b, np.array(lengths), start, transitions)
    ends = np.cumsum(lengths)
    for s, (begin, end) in enumerate(zip(ends - lengths, ends)):
        expected, states = plain_viterbi(log_b[begin:end], *logs)
        assert best[s] == pytest.approx(expected, rel=1e-11)
        np.testing.assert_array_equal(path[begin:end], states)


def test_ties_go_to_the_first_state():
    _, path = viterbi(np.zeros((250, 3)), np.array([250]), np.full(3, 1 / 3), np.full((3, 3), 1 / 3))
    assert not path.any()


def test_no_possible_path_is_minus_infinity():
    log_b = np.zeros((4, 2))
    log_b[1] = -np.inf
    best, path = viterbi(log_b, np.array([4]), np.array([0.5, 0.5]), np.full((2, 2), 0.5))
    assert best[0] == -np.inf
    assert np.isin(path, (0, 1)).all()
