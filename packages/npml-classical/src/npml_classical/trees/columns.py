"""The columns of X as dense ranks: all that growing a tree ever compares.

A split "x <= t" only asks on which side of a value a sample lies, so column j is replaced by the rank of each sample
among the distinct values of the column, 0, 1, 2, ... . Values that differ in X's own dtype have different ranks. Ranks
are found once and serve every node of every tree.

A missing value (NaN) may be sent either way. A column that has some therefore enters twice: once with NaN ranked above
every value (a split then sends it right), and once more, after the last column, with NaN ranked below (left).

    n samples, d features, C >= d columns; ranks (C, n); source (C,) the feature of each column
"""

from functools import cached_property

import numpy as np

__all__ = ["Columns"]


class Columns:
    """Ranks of the samples in every column.

    Parameters
    ----------
    X : ndarray (n_samples, n_features)
        Floats; NaN is missing.

    Attributes
    ----------
    ranks : ndarray of uint32 (n_columns, n_samples)
        ``ranks[j, i] < ranks[j, k]`` where and only where sample i has the smaller value.
    n_ranks : ndarray of int64 (n_columns,)
        Number of distinct ranks in each column.
    source : ndarray of int64 (n_columns,)
        The feature that a column shows.
    first_twin : int
        Columns from here on are the second copies, with NaN lowest.
    twin : ndarray of int64 (n_features,)
        The second copy of a feature, or the feature itself where nothing is missing.
    """

    def __init__(self, X):
        self.n_samples, self.first_twin = X.shape
        values = np.ascontiguousarray(X.T) + 0.0  # -0.0 becomes 0.0
        order = _argsort_rows(values)
        ascending = np.take_along_axis(values, order, axis=1)
        is_new = np.ones(values.shape, bool)
        # the later of two NaN is not new
        is_new[:, 1:] = (ascending[:, 1:] != ascending[:, :-1]) & ~np.isnan(ascending[:, :-1])
        places = np.cumsum(is_new, axis=1, dtype=np.uint32) - np.uint32(1)
        ranks = np.empty(values.shape, np.uint32)
        np.put_along_axis(ranks, order, places, axis=1)
        n_ranks = places[:, -1].astype(np.int64) + 1
        missing = np.flatnonzero(np.isnan(ascending[:, -1]))
        lowest = np.where(np.isnan(values[missing]), 0, ranks[missing] + np.uint32(1)).astype(np.uint32)
        self._order = order
        self.missing = missing
        self.ranks = np.concatenate([ranks, lowest])
        self.n_ranks = np.concatenate([n_ranks, n_ranks[missing]])
        self.source = np.concatenate([np.arange(len(ranks)), missing])
        self.twin = np.arange(len(ranks))
        self.twin[missing] = len(ranks) + np.arange(missing.size)
        self.nan_rank = np.full(len(ranks), -1)  # the rank that NaN has among the first copies, -1: none is missing
        self.nan_rank[missing] = n_ranks[missing] - 1
        self._values, self._offsets = _distinct_values(ascending, is_new, missing)

    @cached_property
    def order(self):
        """Samples in ascending order of every column, (n_columns, n_samples)."""
        return np.concatenate([self._order, np.argsort(self.ranks[self.first_twin :], axis=1)])

    def thresholds(self, columns, low, high):
        """Midpoints between the values of the ranks `low` and `high`; never as large as the upper value.

        Above the last value stands infinity, so that a split of "missing against the rest" has the threshold inf.
        """
        below = self._values.take(self._offsets.take(columns) + low)
        above = self._values.take(self._offsets.take(columns) + high)
        middle = below / 2 + above / 2
        return np.where((middle < above) & (middle >= below) | np.isinf(above), middle, below)


def _argsort_rows(values):
    """Ascending order of every row, NaN last.

    Where every number is exact in single precision, its bits (made to sort as integers) and its place are packed into
    one uint64: sorting integers is three times faster than argsort.
    """
    with np.errstate(over="ignore", under="ignore"):
        single = values.astype(np.float32)
        if not np.array_equal(single.astype(values.dtype), values, equal_nan=True):
            return np.argsort(values, axis=1)
    single[np.isnan(single)] = np.nan  # one bit pattern for all
    bits = single.view(np.int32).astype(np.int64)
    sortable = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits) + 2**31
    keys = (sortable.astype(np.uint64) << np.uint64(32)) | np.arange(values.shape[1], dtype=np.uint64)
    keys.sort(axis=1)
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.intp)


def _distinct_values(ascending, is_new, missing):
    """Value of every rank, column after column in one array, and where each column begins."""
    is_nan = np.isnan(ascending)
    parts = [row[new] for row, new in zip(ascending.astype(np.float64), is_new)]
    tops = [np.where(np.isnan(part), np.inf, part) for part in parts]
    tops += [np.concatenate([[-np.inf], parts[j][:-1]]) for j in missing] if is_nan.any() else []
    lengths = np.array([len(part) for part in tops], np.int64)
    return np.concatenate(tops), np.concatenate([[0], np.cumsum(lengths)[:-1]])
