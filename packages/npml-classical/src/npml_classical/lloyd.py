"""Lloyd's loop of k-means, without the distances that cannot matter.

Notation: samples x_i (n of them, D features) with weights w_i, centres c_1 .. c_K, labels z_i.

    assign     z_i = argmin_k |x_i - c_k|^2 = argmax_k (x_i . c_k - |c_k|^2 / 2)
    update     c_k = sum_{z_i = k} w_i x_i / sum_{z_i = k} w_i

Scores are products of matrices, a block of rows at a time; a row whose two best scores are closer than rounding is
decided by exact differences. For every sample the loop keeps a gap: how much farther than its own centre the next one
is, at least. When centres move by m_1 .. m_K, the triangle inequality says that the gap of a sample of cluster k
shrinks by at most m_k + max_{j != k} m_j. While it is positive the label cannot change, and as the centres settle most
samples need not be looked at. The sums of the clusters are kept up by the samples that change sides. A cluster that
has lost all its samples moves to the sample farthest from its own centre.

Complexity: O(n K D) for the first iteration, O(n + K D times the samples looked at) for the others.

Differences from the paper: it keeps a bound of either distance, here there is one of their difference.

References
----------
Lloyd (1982), "Least squares quantization in PCM", IEEE Trans. Information Theory 28(2), 129-137.
Hamerly (2010), "Making k-means even faster", SIAM International Conference on Data Mining, 130-140.
"""

import math
from typing import NamedTuple

import numpy as np

BLOCK_SIZE = 1 << 15  # entries of a block of scores: it stays in the cache


class LloydResult(NamedTuple):
    """The end of one run of Lloyd's loop."""

    centres: np.ndarray
    labels: np.ndarray
    inertia: float
    n_iter: int


def lloyd(X, weights, centres, max_iter, tolerance):
    """Iterate until no label changes, or the squared moves of the centres sum to no more than `tolerance`."""
    assignment = Assignment(X, weights, len(centres))
    for n_iter in range(1, max_iter + 1):
        settled = not assignment.renew(centres)
        new_centres = assignment.means(centres)
        moves = np.sqrt(((new_centres - centres) ** 2).sum(axis=1, dtype=np.float64))
        assignment.gap -= _closer(moves).take(assignment.labels)
        centres = new_centres
        if settled or moves @ moves <= tolerance:
            break
    if not settled:
        assignment.renew(centres)  # the labels of the centres that are returned
    labels = assignment.labels
    return LloydResult(centres, labels, inertia_of(X, weights, centres, labels), n_iter)


class Assignment:
    """Labels of the samples, how safe they are, and what they sum to.

    Attributes
    ----------
    labels : ndarray of int64 (n,)
        The nearest centre of each sample.
    gap : ndarray (n,)
        How much farther the next one is, at least; a label is only looked at again when its gap is used up.
    sums : ndarray (K, D)
        Weighted sums of the samples of each cluster, kept up by those that change sides.
    """

    def __init__(self, X, weights, K):
        self.X, self.weights, self.K = X, weights, K
        self.norms = np.sqrt(np.einsum("nd,nd->n", X, X))
        self.labels, self.gap = np.full(len(X), -1), np.zeros(len(X))
        self.sums = np.zeros((K, X.shape[1]))

    def renew(self, centres):
        """Put right what may have changed; tells whether a label did."""
        todo, changed = np.flatnonzero(self.gap <= 0), False
        half_norms = 0.5 * np.einsum("kd,kd->k", centres, centres)
        rows_per_block = max(256, BLOCK_SIZE // self.K)
        for start in range(0, len(todo), rows_per_block):
            rows = todo[start : start + rows_per_block]
            X, old = self.X.take(rows, axis=0), self.labels.take(rows)
            new, self.gap[rows] = _nearest(X, self.norms.take(rows), centres, half_norms)
            moved = np.flatnonzero(new != old)
            if len(moved):
                changed = True
                self.labels[rows] = new
                self._move(X.take(moved, axis=0), self.weights.take(rows.take(moved)), old.take(moved), new.take(moved))
        return changed

    def _move(self, X, weights, old, new):
        clusters = np.arange(self.K)[:, None]
        sides = np.subtract(new == clusters, old == clusters, dtype=np.float64)
        sides *= weights
        self.sums += sides @ X

    def mass(self):
        """Sum of the weights of each cluster's samples (K,)."""
        return np.bincount(self.labels, self.weights, minlength=self.K)

    def means(self, centres):
        """The means of the clusters; each empty one takes the sample that lies farthest from its own centre."""
        sums, mass = self.sums, self.mass()
        empty = np.flatnonzero(mass <= 0)
        if len(empty):
            X, weights, labels, sums = self.X, self.weights, self.labels, sums.copy()
            distances = ((X - centres[labels]) ** 2).sum(axis=1) * (weights > 0)
            farthest = np.argsort(-distances, kind="stable")[: len(empty)]
            for cluster, i in zip(empty, farthest):
                sums[labels[i]] -= weights[i] * X[i]
                mass[labels[i]] -= weights[i]
                sums[cluster], mass[cluster] = weights[i] * X[i], weights[i]
        filled = mass > 0
        return np.where(filled[:, None], sums / np.where(filled, mass, 1)[:, None], centres).astype(self.X.dtype)


def _closer(moves):
    """How much the gaps of each cluster's samples shrink at most: by its own move and the largest of the others."""
    first = moves.argmax()
    others = np.full(len(moves), moves[first])
    others[first] = np.delete(moves, first).max(initial=0.0)
    return (moves + others) * (1.0 + 1e-12)


def _nearest(X, norms, centres, half_norms):
    """The nearest centre of every row, and how much farther the next one is, at least."""
    n, K = len(X), len(centres)
    scores = X @ centres.T
    scores -= half_norms
    nearest = scores.argmax(axis=1)
    flat, begins = scores.reshape(-1), np.arange(0, n * K, K)
    best = flat.take(begins + nearest).astype(np.float64)
    flat[begins + nearest] = -np.inf
    second = flat.take(begins + scores.argmax(axis=1)).astype(np.float64)
    # bounds of the rounding errors of two scores, and of a squared distance
    radius = math.sqrt(2.0 * half_norms.max())
    relative = 2.0 * (X.shape[1] + 4) * float(np.finfo(centres.dtype).eps)
    slack = relative * (norms + radius)
    unclear = np.flatnonzero(second >= best - slack * radius)
    if len(unclear):
        nearest[unclear] = _exact_argmin(X[unclear], centres)
    slack *= norms + radius
    farther = np.sqrt(np.maximum(norms**2 - 2.0 * second - slack, 0.0))
    return nearest, farther - np.sqrt(norms**2 - 2.0 * best + slack)


def _exact_argmin(rows, centres):
    distances = np.stack([((rows - centre) ** 2).sum(axis=1) for centre in centres], axis=1)
    return distances.argmin(axis=1)


def inertia_of(X, weights, centres, labels):
    """J."""
    difference = X - centres[labels]
    return float(np.einsum("nd,nd,n->", difference, difference, weights, optimize=False))
