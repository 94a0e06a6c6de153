"""Mean and standard deviation of columns, in blocks of rows and over several data sets.

Notation: samples X (n, D), weights w; NaN is a missing value, left out of every sum.

    mean = sum w x / sum w,     std^2 = sum w (x - mean)^2 / sum w

Two sets of weights n_a, n_b and moments (mean_a, std_a), (mean_b, std_b) merge to those of both:

    d = mean_b - mean_a,   mean = mean_a + d n_b / n,   std^2 = (n_a std_a^2 + n_b std_b^2 + d^2 n_a n_b / n) / n

so that a large matrix is worked off in blocks of rows that stay in the cache. Deviations are divided by the largest one
of their column before they are squared: columns of magnitude 1e-200 or 1e200 have the right deviation.

References
----------
Chan, Golub & LeVeque (1983), "Algorithms for computing the sample variance", The American Statistician 37(3), 242-247.
https://doi.org/10.1080/00031305.1983.10483115
"""

from functools import reduce
from typing import Any

import numpy as np

__all__ = ["is_sparse", "merged", "moments"]

NUMBERS_PER_BLOCK = 1 << 16


def moments(data: Any, weights: np.ndarray | None) -> tuple:
    """Weight of the values that are there, their mean and standard deviation, for every column, in float64."""
    if is_sparse(data):
        return _sparse_moments(data, weights)
    weights = np.ones(len(data)) if weights is None else weights
    step = max(NUMBERS_PER_BLOCK // data.shape[1], 16)
    blocks = (slice(start, start + step) for start in range(0, len(data), step))
    return reduce(merged, (_block_moments(data[rows].astype(np.float64), weights[rows]) for rows in blocks))


def merged(a: tuple, b: tuple) -> tuple:
    """Moments of both sets of samples (Chan et al., eq. 2.1); a column that one set lacks has the other's."""
    (n_a, mean_a, std_a), (n_b, mean_b, std_b) = a, b
    n = n_a + n_b
    share = np.where(n > 0, n_b / np.where(n > 0, n, 1.0), 0.0)
    d = mean_b - mean_a
    mean = mean_a + d * share
    parts = [np.sqrt(1 - share) * std_a, np.sqrt(share) * std_b, np.sqrt(share * (1 - share)) * np.abs(d)]
    std = np.hypot(np.hypot(parts[0], parts[1]), parts[2])
    only_a, only_b = n_b == 0, n_a == 0
    mean = np.where(only_b, mean_b, np.where(only_a, mean_a, mean))
    return n, mean, np.where(only_b, std_b, np.where(only_a, std_a, std))


def is_sparse(data: Any) -> bool:
    """Whether it is one of SciPy's sparse matrices."""
    return hasattr(data, "tocsr")


def _block_moments(x, w):
    """The same for some rows `x`, which are used up."""
    is_missing = np.isnan(x)
    some_missing = is_missing.any()
    if some_missing:
        x[is_missing] = 0.0
    count = w @ ~is_missing if some_missing else np.full(x.shape[1], w.sum())
    divisor = np.where(count > 0, count, 1.0)
    mean = np.zeros(x.shape[1])
    for _ in range(2):  # the second time adds what the rounded mean has missed
        change = (w / divisor.max()) @ x * (divisor.max() / divisor)
        x -= change
        mean += change
        if some_missing:
            x[is_missing] = 0.0
    largest = np.maximum(np.maximum(x.max(axis=0), -x.min(axis=0)), np.finfo(np.float64).tiny)
    x /= largest
    std = largest * np.sqrt(np.einsum("n,nd,nd->d", w, x, x) / divisor)
    return count, np.where(count > 0, mean, np.nan), np.where(count > 0, std, np.nan)


def _sparse_moments(data, weights):
    """The same for a sparse matrix: what is not stored is 0."""
    n, D = data.shape
    w = np.ones(n) if weights is None else weights
    stored = np.repeat(w, np.diff(data.indptr))
    x, columns = data.data.astype(np.float64), data.indices
    is_missing = np.isnan(x)
    count = w.sum() - np.bincount(columns, stored * is_missing, D)
    divisor = np.where(count > 0, count, 1.0)
    there = ~is_missing
    columns, x, stored = columns[there], x[there], stored[there]
    mean = np.bincount(columns, stored / divisor[columns] * x, D)
    is_full = np.bincount(data.indices, minlength=D) == n  # where the difference of weights is 0, but for rounding
    zeros = np.where(is_full, 0.0, np.maximum(count - np.bincount(columns, stored, D), 0.0))
    deviations = x - mean[columns]
    largest = np.maximum(np.abs(mean), np.finfo(np.float64).tiny)
    np.maximum.at(largest, columns, np.abs(deviations))
    squares = np.bincount(columns, stored * (deviations / largest[columns]) ** 2, D) + zeros * (mean / largest) ** 2
    std = largest * np.sqrt(squares / divisor)
    return count, np.where(count > 0, mean, np.nan), np.where(count > 0, std, np.nan)
