"""The scaled forward-backward recursions of a hidden Markov model.

Notation: K states, start pi (K,), transitions A (K, K), A_ij = p(j | i), likelihoods b_t(j) = p(x_t | state j).

    forward    a_1(j) = pi_j b_1(j) / c_1,    a_t(j) = b_t(j) sum_i a_{t-1}(i) A_ij / c_t,    c_t so that a_t sums to 1
    backward   e_T(i) = 1,                    e_t(i) = sum_j A_ij b_{t+1}(j) e_{t+1}(j) / c_{t+1}
    posterior  g_t(i) = a_t(i) e_t(i)
    pairs      sum_t p(i at t, j at t+1) = A_ij sum_t a_t(i) b_{t+1}(j) e_{t+1}(j) / c_{t+1}
    likelihood log p(x_1 .. x_T) = sum_t log c_t

Each row of likelihoods is divided by its largest first (and its logarithm added back), so that densities never over- or
underflow. Where c_t still vanishes, a state that had underflowed to 0 was needed after all, or the observation is
impossible: that sequence is done again with logarithms. A step that is truly impossible gives log p = -inf and counts
as no evidence for the posteriors.

Complexity: O(T K^2), in about max(T) steps of array work, or 200 for one long sequence (`pieces`).

References
----------
Rabiner (1989), "A tutorial on hidden Markov models and selected applications in speech recognition", Proc. IEEE 77(2),
257-286, sections III.A and V.A.
"""

from typing import NamedTuple

import numpy as np

from npml_core import logsumexp

from .pieces import Packed, Pieces, settle

TOLERANCE = 1e-13


class Posterior(NamedTuple):
    """Log-likelihood of every sequence, g (N, K), sum of pairs (K, K) and the summed g of the first steps (K,)."""

    log_likelihood: np.ndarray
    states: np.ndarray
    pairs: np.ndarray
    start: np.ndarray


def forward_backward(log_b, lengths, startprob, transmat):
    """Posteriors of all sequences.

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
    Posterior
    """
    b, highest = _scale(log_b)
    pieces, heads = Pieces(lengths), np.cumsum(lengths) - lengths
    a, c = _forward(b, pieces, startprob, transmat)
    log_likelihood = _sum_by_sequence(c, highest, heads)
    hard = np.flatnonzero(~np.isfinite(log_likelihood))
    c = np.where(c > 0, c, 1.0)
    e = _backward(b, a, c, pieces, transmat)
    states = a * e
    pairs = _pairs(a, b, c, e, heads, transmat)
    for s in hard:  # rare: with logarithms, from the sequence's own rows
        rows = slice(heads[s], heads[s] + lengths[s])
        pairs -= _pairs(a[rows], b[rows], c[rows], e[rows], np.zeros(1, np.int64), transmat)
        log_likelihood[s], states[rows], own_pairs = with_logarithms(log_b[rows], startprob, transmat)
        pairs += own_pairs
    return Posterior(log_likelihood, states, pairs, states[heads].sum(axis=0))


def log_likelihoods(log_b, lengths, startprob, transmat):
    """log p of every sequence (S,): the forward recursion alone."""
    b, highest = _scale(log_b)
    heads = np.cumsum(lengths) - lengths
    _, c = _forward(b, Pieces(lengths), startprob, transmat)
    result = _sum_by_sequence(c, highest, heads)
    for s in np.flatnonzero(~np.isfinite(result)):
        rows = slice(heads[s], heads[s] + lengths[s])
        result[s] = with_logarithms(log_b[rows], startprob, transmat)[0]
    return result


def with_logarithms(log_b, startprob, transmat):
    """One sequence step by step with logarithms: slow, and safe at any scale.

    Returns log p, g (T, K) and the sum of pairs (K, K).
    """
    with np.errstate(divide="ignore"):
        log_start, log_A = np.log(startprob), np.log(transmat)
    log_b = log_b.copy()
    T, K = log_b.shape
    log_a, total, possible = np.empty((T, K)), 0.0, True
    for t in range(T):
        predicted = log_start if t == 0 else logsumexp(log_a[t - 1][:, None] + log_A, axis=0)
        log_a[t] = predicted + log_b[t]
        log_c = logsumexp(log_a[t])
        if log_c == -np.inf:  # impossible: no evidence from this step
            log_b[t], log_a[t], possible = 0.0, predicted, False
            log_c = logsumexp(predicted)
        log_a[t] -= log_c
        total += log_c
    log_e, pairs = np.zeros((T, K)), np.zeros((K, K))
    for t in range(T - 2, -1, -1):
        ahead = log_b[t + 1] + log_e[t + 1]
        joint = log_a[t][:, None] + log_A + ahead
        log_e[t] = logsumexp(log_A + ahead, axis=1)
        scale = logsumexp(log_a[t] + log_e[t])
        log_e[t] -= scale
        pairs += np.exp(joint - scale)
    return (total if possible else -np.inf), np.exp(log_a + log_e), pairs


def _scale(log_b):
    """Likelihoods divided by their row's largest, and its logarithm (-inf for an impossible observation)."""
    highest = log_b.max(axis=1)
    finite = np.where(np.isfinite(highest), highest, 0.0)
    return np.exp(log_b - finite[:, None]), highest


def _sum_by_sequence(c, highest, heads):
    with np.errstate(divide="ignore"):
        return np.add.reduceat(np.log(c) + highest, heads)


def _forward(b, pieces, startprob, transmat):
    """Filtered states a (N, K) and their scales c (N,)."""
    N, K = b.shape
    a, c = np.empty((N, K)), np.empty(N)
    predicted = np.broadcast_to(startprob, (len(pieces.size), K)).copy()
    predicted[~pieces.is_head] = 1.0 / K

    def run(packed, entries):
        filtered, scales = _filter(b[packed.rows], packed, entries, transmat)
        a[packed.rows], c[packed.rows] = filtered, scales
        return filtered[packed.last] @ transmat

    settle(pieces, predicted, pieces.is_head, run, +1, _differs)
    return a, c


def _filter(b, packed: Packed, predicted, transmat):
    a, c = np.empty_like(b), np.empty(len(b))
    ones = np.ones(b.shape[1])  # a product with it sums short rows faster than `sum`
    for begin, end in zip(packed.offsets[:-1], packed.offsets[1:]):
        now = np.multiply(predicted[: end - begin], b[begin:end], out=a[begin:end])
        scale = np.matmul(now, ones, out=c[begin:end])
        if not scale.all():
            now[scale == 0] = predicted[: end - begin][scale == 0]
            scale = now.sum(axis=1)
        now /= scale[:, None]
        predicted = now @ transmat
    return a, c


def _backward(b, a, c, pieces, transmat):
    """e (N, K)."""
    N, K = b.shape
    e = np.empty((N, K))
    scaled = b / c[:, None]
    ends = pieces.start + pieces.size - 1
    entries = np.ones((len(ends), K))  # sums to 1 with a, as it must

    def run(packed, entering):
        smoothed = _smooth(scaled[packed.rows], packed, entering, transmat)
        e[packed.rows] = smoothed
        first = slice(0, len(packed.pieces))
        return (scaled[packed.rows[first]] * smoothed[first]) @ transmat.T

    settle(pieces, entries, pieces.is_tail, run, -1, _differs)
    return e


def _smooth(scaled, packed: Packed, entering, transmat):
    e = np.empty_like(scaled)
    e[packed.last] = entering
    offsets = packed.offsets
    for t in range(len(offsets) - 3, -1, -1):
        after = slice(offsets[t + 1], offsets[t + 2])
        ahead = (scaled[after] * e[after]) @ transmat.T
        e[offsets[t] : offsets[t] + len(ahead)] = ahead  # pieces that end at t keep what enters them
    return e


def _pairs(a, b, c, e, heads, transmat):
    """Sum over t of p(i at t, j at t + 1), one matrix product."""
    ahead = b * e
    ahead /= c[:, None]
    ahead[heads] = 0.0  # the first step of a sequence has no predecessor
    return transmat * (a[:-1].T @ ahead[1:])


def _differs(old, new):
    return (np.abs(new - old) > TOLERANCE * np.abs(old) + 1e-300).any(axis=1)
