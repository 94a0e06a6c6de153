"""Nearest neighbours in any metric, by a tree of balls.

Notation: points X (n, D), queries q, metric d. A leaf holds about `leaf_size` points, all within a radius r of a
centre c.

    d(q, x) >= d(q, c) - r      for every x in the leaf (the triangle inequality)

so a leaf whose bound exceeds the distance of the k-th best point so far holds no neighbour. The tree halves the
points along the direction in which they spread most, all nodes of a level at once. A search first visits the leaf
with the smallest bound of every query, then three more, which nearly always brings the k-th best close to its final
value, and then all leaves whose bound is still below: each of these waves is array work over many pairs of (query,
leaf).

Ties go to the smaller index. Distances are computed from differences, in float64.

Complexity: building O(n log n); a query O(log n) leaves in few dimensions; beyond about 10 nearly all leaves are
visited, and brute force is faster.

References
----------
Omohundro (1989), "Five balltree construction algorithms", ICSI technical report 89-063.
"""

from numbers import Integral

import numpy as np

from .distance_matrices import distances_between, power_of_two, sum_features
from .distances import check_metric
from .persistence import Storable
from .validation import check_array

__all__ = ["BallTree"]

QUERIES_PER_BLOCK = 512
PAIRS_PER_BLOCK = 1 << 14  # pairs of (query, leaf)
SLACK = 1e-9  # relative: bounds carry rounding errors
TRUE_METRICS = ("euclidean", "manhattan", "chebyshev", "minkowski", "hamming")


class BallTree(Storable):
    """Points in a tree of balls.

    Parameters
    ----------
    X : array-like (n, D)
        Points.
    leaf_size : int, default=40
        Points in a leaf, at most.
    metric : str or callable, default="euclidean"
        "euclidean", "manhattan", "chebyshev", "minkowski" (with ``p`` of at least 1), "hamming", or a function of two
        vectors that is a true metric.
    **metric_kw
        For the metric.

    Raises
    ------
    ValueError, TypeError
        For bad points, a leaf size that is not a positive int, or what is no metric.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_core import BallTree
    >>> tree = BallTree(np.array([[0.0], [1.0], [5.0]]))
    >>> distances, indices = tree.query([[1.4]], k=2)
    >>> indices
    array([[1, 0]])
    >>> tree.query_radius([[0.5]], r=1.0)[0]
    array([0, 1])
    """

    def __init__(self, X, leaf_size=40, metric="euclidean", **metric_kw):
        self._data = check_array(X, name="X")
        if isinstance(leaf_size, bool) or not isinstance(leaf_size, Integral) or leaf_size < 1:
            raise ValueError(f"leaf_size must be a positive int, got {leaf_size!r}")
        self.metric, self.metric_kw = check_metric(metric, metric_kw)[0], metric_kw
        if not callable(self.metric) and self.metric not in TRUE_METRICS:
            raise ValueError(f"metric must be a true metric: one of {TRUE_METRICS} or a callable, got {metric!r}")
        if self.metric == "minkowski" and metric_kw.get("p", 2) < 1:
            raise ValueError(f"p must be at least 1 (below it Minkowski's is no metric), got {metric_kw['p']}")
        self.leaf_size = int(leaf_size)
        self._build()

    def query(self, X, k=1, return_distance=True):
        """The k points nearest to each query.

        Parameters
        ----------
        X : array-like (m, D)
            Queries.
        k : int, default=1
            How many, at most n.
        return_distance : bool, default=True
            Whether to return the distances too.

        Returns
        -------
        dist : ndarray (m, k)
            Ascending; only if `return_distance`.
        ind : ndarray of int64 (m, k)
            Rows of the points.

        Raises
        ------
        ValueError
            If k is not an int from 1 to n, or queries have another number of columns.
        """
        queries = self._check_queries(X)
        n = len(self._data)
        if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= k <= n:
            raise ValueError(f"k must be an int from 1 to the number of points ({n}), got {k!r}")
        blocks = [
            self._query_block(queries[start : start + QUERIES_PER_BLOCK], int(k))
            for start in range(0, len(queries), QUERIES_PER_BLOCK)
        ]
        distances, indices = (np.concatenate(parts) for parts in zip(*blocks))
        return (distances.astype(self._dtype(X), copy=False), indices) if return_distance else indices

    def query_radius(self, X, r, return_distance=False, count_only=False):
        """All points within a radius of each query.

        Parameters
        ----------
        X : array-like (m, D)
            Queries.
        r : float or array-like (m,)
            The radius, not negative; the boundary counts.
        return_distance : bool, default=False
            Whether to return the distances too.
        count_only : bool, default=False
            Whether to return only the numbers of points.

        Returns
        -------
        ind : ndarray of object (m,)
            An array of indices for each query, ascending (or counts (m,)).
        dist : ndarray of object (m,)
            Their distances; only if `return_distance`.

        Raises
        ------
        ValueError
            For a radius that is negative or not a number.
        """
        queries = self._check_queries(X)
        radius = self._check_radius(r, len(queries))
        indices, distances = np.empty(len(queries), object), np.empty(len(queries), object)
        for start in range(0, len(queries), QUERIES_PER_BLOCK):
            part = slice(start, start + QUERIES_PER_BLOCK)
            rows, found, lengths = self._within(queries[part], radius[part], self._bounds(queries[part]))
            order = np.lexsort((found, rows))
            cuts = np.searchsorted(rows[order], np.arange(1, len(queries[part])))
            indices[part] = _as_objects(np.split(found[order], cuts))
            distances[part] = _as_objects(np.split(lengths[order], cuts))
        if count_only:
            return np.array([len(found) for found in indices], dtype=np.int64)
        return (indices, distances) if return_distance else indices

    def __len__(self):
        return len(self._data)

    def __repr__(self):
        return f"BallTree of {len(self)} points in {self._data.shape[1]} dimensions, metric {self.metric!r}"

    def _build(self):
        """Leaves of equal size: `_members` (L, m) with -1 where a place is empty, centres (L, D) and radii (L,)."""
        data = self._data.astype(np.float64, copy=False)
        n = len(data)
        depth = max(0, int(np.ceil(np.log2(n / self.leaf_size))))
        size = -(-n // 2**depth)
        members = np.full((1, size * 2**depth), -1, dtype=np.int64)
        members[0, :n] = np.arange(n)
        for _ in range(depth):
            members = _halve(data, members)
        self._members = members
        # in units of a power of two, so that powers of distances neither over- nor underflow
        self._unit = power_of_two(data) if self.metric != "hamming" else 1.0
        # features first: a step of the metric is one operation on all pairs
        self._points = np.ascontiguousarray(np.moveaxis(data[members] / self._unit, 2, 0))
        used = members >= 0
        count = np.maximum(used.sum(axis=1), 1)
        self._centres = self._unit * (np.where(used, self._points / count[:, None], 0.0).sum(axis=2)).T
        if callable(self.metric):  # a mean may lie outside what the function is defined on
            self._centres = data[np.maximum(members[:, 0], 0)]
        leaves = np.arange(len(members))
        reach = self._leaf_distances(self._centres, leaves)
        self._radii = np.where(used, reach, -np.inf).max(axis=1)

    def _query_block(self, queries, k):
        bounds = self._bounds(queries)
        m, L = bounds.shape
        best = np.full((m, k), np.inf), np.full((m, k), len(self._data), np.int64)
        everyone = np.arange(m)
        n_first = min(L, max(1, -(-k // self._members.shape[1])))
        for n_leaves in (n_first, min(3, L - n_first)):
            if n_leaves <= 0:
                continue
            chosen = np.argpartition(bounds, n_leaves - 1, axis=1)[:, :n_leaves]
            rows, leaves = np.repeat(everyone, n_leaves), chosen.ravel()
            best = self._improve(queries, best, rows, leaves, k)
            bounds[rows, leaves] = np.inf  # visited
        limit = best[0][:, -1]
        rows, leaves = np.nonzero(bounds <= limit[:, None])
        for start in range(0, len(rows), PAIRS_PER_BLOCK):
            part = slice(start, start + PAIRS_PER_BLOCK)
            useful = bounds[rows[part], leaves[part]] <= best[0][rows[part], -1]
            best = self._improve(queries, best, rows[part][useful], leaves[part][useful], k)
        return best

    def _improve(self, queries, best, rows, leaves, k):
        """Put the points of the (query, leaf) pairs among the best k of the queries."""
        found, lengths = self._members[leaves], self._leaf_distances(queries[rows], leaves)
        limit = best[0][:, -1][rows, None]
        near = (found >= 0) & (lengths <= limit)
        rows, found, lengths = np.broadcast_to(rows[:, None], near.shape)[near], found[near], lengths[near]
        changed = np.unique(rows)
        rows = np.concatenate([np.repeat(changed, k), rows])
        found = np.concatenate([best[1][changed].ravel(), found])
        lengths = np.concatenate([best[0][changed].ravel(), lengths])
        order = np.lexsort((found, lengths, rows))
        counts = np.bincount(rows, minlength=len(queries))[changed]
        chosen = order[(np.cumsum(counts) - counts)[:, None] + np.arange(k)]
        best[0][changed], best[1][changed] = lengths[chosen], found[chosen]
        return best

    def _within(self, queries, radius, bounds):
        rows, leaves = np.nonzero(bounds <= radius[:, None])
        parts = [(rows[:0], rows[:0], np.empty(0))]
        for start in range(0, len(rows), PAIRS_PER_BLOCK):
            r, leaf = rows[start : start + PAIRS_PER_BLOCK], leaves[start : start + PAIRS_PER_BLOCK]
            found, lengths = self._members[leaf], self._leaf_distances(queries[r], leaf)
            near = (found >= 0) & (lengths <= radius[r, None])
            parts.append((np.broadcast_to(r[:, None], near.shape)[near], found[near], lengths[near]))
        return tuple(np.concatenate(column) for column in zip(*parts))

    def _bounds(self, queries):
        """Lower bounds of the distances from every query to every leaf (m, L)."""
        distances = distances_between(queries, self._centres, self.metric, self.metric_kw.get("p"), self.metric_kw)
        slack = SLACK * (
            distances + np.abs(self._radii, where=np.isfinite(self._radii), out=np.zeros_like(self._radii))
        )
        return distances - self._radii - slack

    def _leaf_distances(self, queries, leaves):
        """Distances (P, m) from query p to the points of leaf p; places that are empty hold anything."""
        if callable(self.metric):
            points = self._data.astype(np.float64, copy=False)
            members = np.maximum(self._members[leaves], 0)
            pairs = zip(queries, members)
            return np.array([[self.metric(q, points[i], **self.metric_kw) for i in row] for q, row in pairs])
        total = np.empty((len(leaves), self._members.shape[1]))
        points = (feature[leaves] for feature in self._points)
        sum_features(list(points), (queries.T / self._unit)[:, :, None], self.metric, self.metric_kw.get("p"), total)
        return total * self._unit

    def _check_queries(self, X):
        queries = check_array(X, name="X", dtype=np.float64)
        if queries.shape[1] != self._data.shape[1]:
            raise ValueError(
                f"X must have {self._data.shape[1]} columns as the tree's points do, got {queries.shape[1]}"
            )
        return queries

    def _check_radius(self, r, m):
        radius = np.asarray(r)
        if radius.dtype.kind not in "iuf" or isinstance(r, bool) or radius.shape not in ((), (m,)):
            raise ValueError(f"r must be a number or {m} of them, got {r!r}")
        if not (radius >= 0).all():
            raise ValueError(f"r must not be negative or NaN, got {r!r}")
        return np.broadcast_to(radius.astype(np.float64), m)

    def _dtype(self, X):
        return np.float32 if self._data.dtype == getattr(X, "dtype", None) == np.float32 else np.float64


def _halve(data, members):
    """Split every node (row of members) at the median of the feature in which its points spread most."""
    nodes, size = members.shape
    points = data[members]
    empty = members < 0
    low = np.where(empty[:, :, None], np.inf, points).min(axis=1)
    high = np.where(empty[:, :, None], -np.inf, points).max(axis=1)
    widest = np.argmax(high - low, axis=1)
    values = points[np.arange(nodes)[:, None], np.arange(size), widest[:, None]]
    values[empty] = np.inf  # empty places gather at the end
    order = np.argpartition(values, size // 2 - 1 if size > 1 else 0, axis=1)
    return np.take_along_axis(members, order, axis=1).reshape(2 * nodes, size // 2)


def _as_objects(arrays):
    result = np.empty(len(arrays), object)
    for i, array in enumerate(arrays):
        result[i] = array
    return result
