"""The recursions against enumeration of all paths and against a plain loop, where they are cut, ragged or underflow."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical.hmm.forward_backward import forward_backward, log_likelihoods, with_logarithms
from npml_classical.hmm.pieces import LENGTH


def enumerate_paths(log_b, start, transitions):
    """log p, posteriors (T, K) and summed pairs (K, K) of one sequence from every path there is."""
    T, K = log_b.shape
    total, states, pairs = 0.0, np.zeros((T, K)), np.zeros((K, K))
    for path in product(range(K), repeat=T):
        p = start[path[0]] * np.prod([transitions[i, j] for i, j in pairwise(path)])
        p *= np.exp(sum(log_b[t, i] for t, i in enumerate(path)))
        total += p
        for t, i in enumerate(path):
            states[t, i] += p
        for i, j in pairwise(path):
            pairs[i, j] += p
    return np.log(total), states / total, pairs / total


def plain_loop(log_b, start, transitions):
    """Rabiner's scaled recursions, one step after the other."""
    b = np.exp(log_b)
    T, K = b.shape
    a, c, e = np.zeros((T, K)), np.zeros(T), np.ones((T, K))
    for t in range(T):
        a[t] = (start if t == 0 else a[t - 1] @ transitions) * b[t]
        c[t] = a[t].sum()
        a[t] /= c[t]
    pairs = np.zeros((K, K))
    for t in range(T - 2, -1, -1):
        ahead = b[t + 1] * e[t + 1] / c[t + 1]
        e[t] = transitions @ ahead
        pairs += a[t][:, None] * transitions * ahead
    return np.log(c).sum(), a * e, pairs


def chain(K, rng, zeros=0.0):
    transitions = rng.dirichlet(np.ones(K), size=K)
    transitions[rng.random((K, K)) < zeros] = 0.0
    transitions += np.eye(K) * (transitions.sum(axis=1) == 0)
    return rng.dirichlet(np.ones(K)), transitions / transitions.sum(axis=1, keepdims=True)


def check(log_b, lengths, start, transitions, reference, rtol=1e-9):
    lengths = np.asarray(lengths, np.int64)
    posterior = forward_backward(log_b, lengths, start, transitions)
    expected = [reference(part, start, transitions) for part in np.split(log_b, np.cumsum(lengths)[:-1])]
    np.testing.assert_allclose(posterior.log_likelihood, [e[0] for e in expected], rtol=rtol)
    np.testing.assert_allclose(posterior.states, np.concatenate([e[1] for e in expected]), rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(posterior.pairs, sum(e[2] for e in expected), rtol=rtol, atol=1e-10)
    np.testing.assert_allclose(posterior.start, sum(e[1][0] for e in expected), rtol=rtol, atol=1e-12)
    again = log_likelihoods(log_b, lengths, start, transitions)
    np.testing.assert_allclose(again, posterior.log_likelihood, rtol=rtol)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 999), st.floats(0, 0.5))
def test_equals_the_sum_over_all_paths(K, lengths, seed, zeros):
    rng = np.random.default_rng(seed)
    start, transitions = chain(K, rng, zeros)
    check(rng.normal(size=(sum(lengths), K)) * 2, lengths, start, transitions, enumerate_paths)


@pytest.mark.parametrize(
    "lengths", [[1], [1, 1, 7], [4 * LENGTH + 3], [2 * LENGTH, 2 * LENGTH + 1, 1, 900], [3] * 450, [1, 300] * 4]
)
def test_cut_and_ragged_sequences_equal_the_plain_loop(lengths):
    rng = np.random.default_rng(len(lengths))
    start, transitions = chain(4, rng)
    check(rng.normal(size=(sum(lengths), 4)) * 3, lengths, start, transitions, plain_loop)


@pytest.mark.parametrize(
    "transitions",
    [
        np.eye(3),
        np.roll(np.eye(3), 1, axis=1),
        np.array([[1 - 1e-9, 1e-9, 0], [0, 1 - 1e-9, 1e-9], [1e-9, 0, 1 - 1e-9]]),
        np.array([[0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0, 1.0]]),
    ],
    ids=["identity", "cycle", "nearly identity", "left to right"],
)
def test_chain_that_does_not_forget(transitions):
    rng = np.random.default_rng(0)
    log_b = rng.normal(size=(7 * LENGTH + 5, 3)) * 0.05  # weak evidence: the start matters to the end
    for start in (np.array([0.2, 0.3, 0.5]), np.array([0.0, 1.0, 0.0])):
        check(log_b, [len(log_b)], start, transitions, plain_loop)


def test_underflow_is_done_with_logarithms():
    # state 1 can only come from state 1, which looks 1e-800 times as likely as state 0 until the last step needs it
    log_b = np.array([[0.0, -900.0], [0.0, -900.0], [-np.inf, 0.0]])
    start, transitions = np.array([0.5, 0.5]), np.eye(2)
    posterior = forward_backward(log_b, np.array([3]), start, transitions)
    assert posterior.log_likelihood[0] == pytest.approx(np.log(0.5) - 1800.0, rel=1e-14)
    np.testing.assert_allclose(posterior.states, [[0, 1]] * 3, atol=1e-300)
    np.testing.assert_allclose(posterior.pairs, [[0, 0], [0, 2]], atol=1e-300)


def test_hard_sequence_among_others_changes_only_itself():
    rng = np.random.default_rng(0)
    hard = np.array([[0.0, -900.0], [0.0, -900.0], [-np.inf, 0.0]])
    easy = rng.normal(size=(6, 2))
    start, transitions = np.array([0.5, 0.5]), np.eye(2)
    both = forward_backward(np.concatenate([easy, hard]), np.array([6, 3]), start, transitions)
    alone = [forward_backward(part, np.array([len(part)]), start, transitions) for part in (easy, hard)]
    np.testing.assert_allclose(both.log_likelihood, [p.log_likelihood[0] for p in alone], rtol=1e-13)
    np.testing.assert_allclose(both.pairs, alone[0].pairs + alone[1].pairs, atol=1e-12)


def test_impossible_observation_is_minus_infinity_and_no_evidence():
    rng = np.random.default_rng(0)
    start, transitions = chain(2, rng)
    log_b = rng.normal(size=(5, 2))
    without = log_b.copy()
    log_b[2], without[2] = -np.inf, 0.0
    posterior = forward_backward(log_b, np.array([5]), start, transitions)
    assert posterior.log_likelihood[0] == -np.inf
    assert log_likelihoods(log_b, np.array([5]), start, transitions)[0] == -np.inf
    np.testing.assert_allclose(posterior.states, enumerate_paths(without, start, transitions)[1], rtol=1e-10)


@pytest.mark.parametrize("shift", [-1e5, 1e5])
def test_densities_of_any_size_are_fine(shift):
    rng = np.random.default_rng(0)
    start, transitions = chain(3, rng)
    log_b = rng.normal(size=(400, 3))
    here, there = (forward_backward(b, np.array([400]), start, transitions) for b in (log_b, log_b + shift))
    np.testing.assert_allclose(there.states, here.states, rtol=1e-8)
    assert there.log_likelihood[0] == pytest.approx(here.log_likelihood[0] + 400 * shift, rel=1e-13)


def test_logarithms_equal_the_plain_loop():
    rng = np.random.default_rng(3)
    start, transitions = chain(3, rng)
    log_b = rng.normal(size=(30, 3))
    for ours, expected in zip(with_logarithms(log_b, start, transitions), plain_loop(log_b, start, transitions)):
        np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-13)
