"""The most probable sequence of states (Viterbi).

Notation as in `forward_backward`, with logarithms: the best log-probability of any path that ends in state j at step
t is

    d_1(j) = log pi_j + log b_1(j),      d_t(j) = max_i (d_{t-1}(i) + log A_ij) + log b_t(j)

and the path is read backwards: s_T = argmax_j d_T(j), s_t = argmax_i (d_t(i) + log A_{i s_{t+1}}). No back-pointers
are kept: the argmax is taken again, on the path only. It is the forward recursion with max for the sum and + for the
product, and so it is cut into pieces in the same way (`pieces`): d is known up to a constant, and one best path soon
merges with another. From where it has, a second sweep finds what the first one left, and stops.

References
----------
Viterbi (1967), "Error bounds for convolutional codes and an asymptotically optimum decoding algorithm", IEEE Trans.
Information Theory 13(2), 260-269.
Rabiner (1989), section III.B (see `forward_backward`).
"""

import numpy as np

from .pieces import Pieces, settle

CHECK_EVERY = 8  # steps
LOWEST = np.finfo(np.float64).min  # taken off where all scores are -inf


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
    N, K = log_b.shape
    move = np.empty(N)
    move[1:] = log_A.take(states[:-1] * K + states[1:])
    move[heads] = log_start[states[heads]]
    return np.add.reduceat(move + log_b.take(np.arange(N) * K + states), heads), states


def _best_scores(log_b, pieces, log_start, log_A):
    """d (N, K), each row up to a constant."""
    d = np.full_like(log_b, np.nan)  # unlike everything
    predicted = np.zeros((len(pieces.size), log_b.shape[1]))
    predicted[pieces.is_head] = log_start

    def run(packed, entries):
        _score(d, log_b, packed, np.ascontiguousarray(entries.T), log_A)
        return _advance(d[packed.rows[packed.last]].T, log_A).T

    settle(pieces, predicted, pieces.is_head, run, +1, _differs)
    return d


def _score(d, log_b, packed, predicted, log_A):
    """Put d (N, K) of the packed rows in the place of an earlier sweep's, up to the step from which they are the same.

    States come first in `predicted` and `now` (K, P): a step is a few operations on long rows. Now and then the largest
    score is taken off, which keeps their digits and makes sweeps comparable.
    """
    candidates = np.empty(len(log_A) * predicted.size)
    for t, (begin, end) in enumerate(zip(packed.offsets[:-1], packed.offsets[1:])):
        rows = packed.rows[begin:end]
        now = predicted[:, : end - begin] + log_b.take(rows, axis=0).T
        if t % CHECK_EVERY == CHECK_EVERY - 1:
            now -= now.max(axis=0, initial=LOWEST)
            if _are_close(d.take(rows, axis=0).T, now).all():
                return
        d[rows] = now.T
        predicted = _advance(now, log_A, candidates)


def _advance(d, log_A, space=None):
    """max_i (d_i + log A_ij) as (K, P) for d (K, P); `space` is used for the K^2 P candidates."""
    shape = (len(d), *d.shape)
    candidates = np.empty(shape) if space is None else space[: len(d) * d.size].reshape(shape)
    return np.add(d[:, None, :], log_A[:, :, None], out=candidates).max(axis=0)


def _trace(d, pieces, log_A):
    """States (N,), from the last step of every piece backwards."""
    states = np.full(len(d), -1)
    ends = d[pieces.start + pieces.size - 1].argmax(axis=1)
    towards = np.ascontiguousarray(log_A.T)

    def run(packed, last_states):
        states[packed.rows[packed.last]] = last_states
        _follow(states, d, packed, towards)
        first = packed.rows[: len(packed.pieces)]
        return (d[np.maximum(first - 1, 0)] + towards[states[first]]).argmax(axis=1)

    settle(pieces, ends, pieces.is_tail, run, -1, np.not_equal)
    return states


def _follow(states, d, packed, towards):
    """Put the states of the packed rows in the place of an earlier sweep's, down to where they are the same."""
    offsets = packed.offsets
    for t in range(len(offsets) - 3, -1, -1):
        after = packed.rows[offsets[t + 1] : offsets[t + 2]]
        rows = packed.rows[offsets[t] : offsets[t] + len(after)]
        best = (d.take(rows, axis=0) + towards.take(states[after], axis=0)).argmax(axis=1)
        if len(rows) == len(packed.pieces) and np.array_equal(states[rows], best):
            return
        states[rows] = best


def _differs(old, new):
    with np.errstate(invalid="ignore"):  # -inf less -inf
        old, new = (scores - scores.max(axis=1, keepdims=True) for scores in (old, new))
    return ~_are_close(old, new).all(axis=1)


def _are_close(old, new):
    with np.errstate(invalid="ignore"):
        return (np.abs(new - old) <= 1e-12 * np.maximum(1.0, np.abs(new))) | (new == old)
