"""The k nearest of n points, by brute force that is mostly one matrix product.

Notation: queries Q (m, D), points X (n, D), both centred on the mean of X and scaled by a power of two.

    argmin_x |q - x|^2  =  argmax_x  s(q, x),      s = q . x - |x|^2 / 2

All scores s of a block of queries are one float32 GEMM. Its rounding error is at most

    e(q) = (D + 4) u (|q| R + R^2 / 2),   R = max |x|,   u = 2^-24

so whatever is among the k nearest has a score of at least (k-th best score) - 2 e. Only those few are measured again,
in float64 and from differences, and ranked by (distance, index): the answer is the exact one, and ties go to the
smaller index. To find the k-th best score without sorting n numbers, the k-th best of every 16th column serves as a
first threshold: at least k scores pass it, and about 16 k do.

Complexity: O(m n D) in the GEMM, O(m n) comparisons, O(m k D) exact distances where points are spread.
"""

import numpy as np

from npml_core import pairwise_distances

__all__ = ["nearest", "nearest_by_metric"]

QUERIES_PER_BLOCK = 256
STRIDE = 16
ROWS_PER_SLICE = 1 << 16


def nearest(Q, X, k):
    """Indices and Euclidean distances of the k points of X nearest to each row of Q.

    Parameters
    ----------
    Q : ndarray (m, D)
        Queries.
    X : ndarray (n, D)
        Points.
    k : int
        How many, at most n.

    Returns
    -------
    distances : ndarray (m, k)
        Ascending, float64.
    indices : ndarray of int64 (m, k)
        Rows of X; of two at the same distance the smaller index comes first.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical.nearest import nearest
    >>> distances, indices = nearest(np.array([[0.9]]), np.array([[0.0], [1.0], [3.0]]), 2)
    >>> indices
    array([[1, 0]])
    """
    Q, X = Q.astype(np.float64, copy=False), X.astype(np.float64, copy=False)
    with np.errstate(under="ignore"):
        centre, unit = _centre_and_unit(Q, X)
        centred = (X - centre) / unit
        # scores as one product: [q, 1] . [x, -|x|^2 / 2]
        half_norms = 0.5 * np.einsum("nd,nd->n", centred, centred)
        points = np.column_stack([centred, -half_norms]).astype(np.float32)
        radius = np.sqrt(2.0 * half_norms.max())
        blocks = [
            _nearest_block(Q[start : start + QUERIES_PER_BLOCK], X, points, centre, unit, radius, k)
            for start in range(0, len(Q), QUERIES_PER_BLOCK)
        ]
    return tuple(np.concatenate(parts) for parts in zip(*blocks))


def nearest_by_metric(Q, X, k, metric, **metric_kw):
    """As `nearest`, for any metric of `npml_core.pairwise_distances`."""
    Q, X = Q.astype(np.float64, copy=False), X.astype(np.float64, copy=False)
    rows_per_block = max(1, ROWS_PER_SLICE * 16 // len(X))
    blocks = []
    for start in range(0, len(Q), rows_per_block):
        distances = pairwise_distances(Q[start : start + rows_per_block], X, metric=metric, **metric_kw)
        limit = np.partition(distances, k - 1, axis=1)[:, k - 1]
        rows, columns = np.nonzero(distances <= limit[:, None])
        blocks.append(_first_k(rows, columns, distances[rows, columns], k))
    return tuple(np.concatenate(parts) for parts in zip(*blocks))


def _centre_and_unit(Q, X):
    """The mean of X, and a power of two that brings all coordinates to about 1.

    Squares then neither over- nor underflow, and dividing by it rounds nothing.
    """
    unit = max(np.abs(X).max(), np.abs(Q).max(), np.finfo(np.float64).tiny)
    centre = (X / unit).mean(axis=0) * unit
    return centre, 2.0 ** np.clip(np.frexp(unit)[1], -1000, 1000)


def _nearest_block(Q, X, points, centre, unit, radius, k):
    centred = (Q - centre) / unit
    queries = np.column_stack([centred, np.ones(len(Q))]).astype(np.float32)
    scores = queries @ points.T
    norms = np.sqrt(np.einsum("md,md->m", centred, centred))
    error = (Q.shape[1] + 4) * 2.0**-24 * (norms * radius + 0.5 * radius**2)
    rows, columns = _candidates(scores, k, 2.0 * error)
    return _first_k(rows, columns, _exact_distances(Q, X, rows, columns, unit), k)


def _candidates(scores, k, slack):
    """Places (row, column), row by row, of all scores that lie within `slack` of their row's k-th best."""
    m, n = scores.shape
    sample = scores[:, ::STRIDE]
    if sample.shape[1] < 4 * k:
        sample = scores
    floor = np.partition(sample, sample.shape[1] - k, axis=1)[:, sample.shape[1] - k]
    floor = (floor - slack).astype(np.float32)
    places = np.flatnonzero(scores >= floor[:, None])
    rows = places // n
    if sample is scores:
        return rows, places - rows * n
    passed = scores.ravel().take(places)
    kth = _kth_best(passed, rows, m, k)
    keep = np.flatnonzero(passed >= (kth - slack)[rows])
    rows = rows.take(keep)
    return rows, places.take(keep) - rows * n


def _kth_best(values, rows, m, k):
    """The k-th largest value of every row of a ragged array, given row by row."""
    counts = np.bincount(rows, minlength=m)
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    padded = np.full((m, counts.max()), -np.inf, dtype=values.dtype)
    padded[rows, rank] = values
    return np.partition(padded, padded.shape[1] - k, axis=1)[:, padded.shape[1] - k]


def _exact_distances(Q, X, rows, columns, unit):
    """|q - x| from differences, a slice of pairs at a time."""
    distances = np.empty(len(rows))
    for start in range(0, len(rows), ROWS_PER_SLICE):
        part = slice(start, start + ROWS_PER_SLICE)
        difference = (Q.take(rows[part], axis=0) - X.take(columns[part], axis=0)) / unit
        distances[part] = np.sqrt(np.einsum("nd,nd->n", difference, difference)) * unit
    return distances


def _first_k(rows, columns, distances, k):
    """The first k of every row by (distance, column), from pairs that come row by row with at least k each."""
    order = np.lexsort((columns, distances, rows))
    counts = np.bincount(rows)
    starts = np.cumsum(counts) - counts
    chosen = order[starts[:, None] + np.arange(k)]
    return distances[chosen], columns[chosen]
