"""The most probable sequence of states (Viterbi).

Notation as in `forward_backward`, with logarithms: the best log-probability of any path that ends in state j at step
t is

    d_1(j) = log pi_j + log b_1(j),      d_t(j) = max_i (d_{t-1}(i) + log A_ij) + log b_t(j)

and the path is read backwards: s_T = argmax_j d_T(j), s_t = argmax_i (d_t(i) + log A_{i s_{t+1}}). No back-pointers
are kept: the argmax is taken again, on the path only. It is the forward recursion with max for the sum and + for the
product, and so it is cut into pieces in the same way (`pieces`): d is known up to a constant, and one best path soon
merges with another.

References
----------
Viterbi (1967), "Error bounds for convolutional codes and an asymptotically optimum decoding algorithm", IEEE Trans.
Information Theory 13(2), 260-269.
Rabiner (1989), section III.B (see `forward_backward`).
"""

import numpy as np

from .pieces import Pieces, settle


def viterbi(log_b, lengths, startprob, transmat):
    """The best path through every sequence.

    Parameters
    ----------
    log_b : ndarray (N, K)
        Log-likelihoods of the observations of all sequences, one after the other.
    lengths : ndarray of int64 (S,)
        Their lengths.
    startprob, transmat : ndarray (K,), (K, K)
        pi and A.

    Returns
    -------
    log_probability : ndarray (S,)
        Joint log-probability of the observations and the best path; -inf where no path is possible.
    states : ndarray of int64 (N,)
        The paths; of equally good states the first.
    """
    with np.errstate(divide="ignore"):
        log_start, log_A = np.log(startprob), np.log(transmat)
    pieces, heads = Pieces(lengths), np.cumsum(lengths) - lengths
    best = _best_scores(log_b, pieces, log_start, log_A)
    states = _trace(best, pieces, log_A)
    step = np.empty(len(log_b))
    step[heads] = log_start[states[heads]]
    inner = np.ones(len(log_b), bool)
    inner[heads] = False
    inner = np.flatnonzero(inner)
    step[inner] = log_A[states[inner - 1], states[inner]]
    step += log_b[np.arange(len(log_b)), states]
    return np.add.reduceat(step, heads), states


def _best_scores(log_b, pieces, log_start, log_A):
    """d (N, K), each row less its largest entry."""
    d = np.empty_like(log_b)
    predicted = np.zeros((len(pieces.size), log_b.shape[1]))
    predicted[pieces.is_head] = log_start

    def run(packed, entries):
        d[packed.rows] = scores = _score(log_b[packed.rows], packed, entries, log_A)
        return (scores[packed.last][:, :, None] + log_A).max(axis=1)

    settle(pieces, predicted, pieces.is_head, run, +1, _differs)
    return d


def _score(log_b, packed, predicted, log_A):
    d = np.empty_like(log_b)
    # targets first: a maximum over the last axis of (j, i) reads both operands along i
    towards = np.ascontiguousarray(log_A.T)
    for begin, end in zip(packed.offsets[:-1], packed.offsets[1:]):
        now = np.add(predicted[: end - begin], log_b[begin:end], out=d[begin:end])
        highest = now.max(axis=1, keepdims=True)
        now -= np.where(np.isfinite(highest), highest, 0.0)
        predicted = (now[:, None, :] + towards).max(axis=2)
    return d


def _trace(d, pieces, log_A):
    """States (N,), from the last step of every piece backwards."""
    states = np.empty(len(d), np.int64)
    ends = d[pieces.start + pieces.size - 1].argmax(axis=1)

    def run(packed, last_states):
        scores = d[packed.rows]
        path = np.empty(len(scores), np.int64)
        path[packed.last] = last_states
        offsets = packed.offsets
        for t in range(len(offsets) - 3, -1, -1):
            following = path[offsets[t + 1] : offsets[t + 2]]
            begin = offsets[t]
            now = scores[begin : begin + len(following)] + log_A.T[following]
            path[begin : begin + len(following)] = now.argmax(axis=1)
        states[packed.rows] = path
        first = path[: len(packed.pieces)]
        before = np.maximum(packed.rows[: len(first)] - 1, 0)
        return (d[before] + log_A.T[first]).argmax(axis=1)

    settle(pieces, ends, pieces.is_tail, run, -1, np.not_equal)
    return states


def _differs(old, new):
    with np.errstate(invalid="ignore"):  # -inf less -inf
        gap = np.abs((new - new.max(axis=1, keepdims=True)) - (old - old.max(axis=1, keepdims=True)))
    return ~((gap <= 1e-12 * np.maximum(1.0, np.abs(new))) | (new == old)).all(axis=1)
