"""Nearest neighbours in any metric, by a tree of balls.

Notation: points X (n, D), queries q, metric d. A node of the tree holds points within a radius r of its centre c, and

    d(q, x) >= d(q, c) - r      for each of its points x (the triangle inequality)

so a node whose bound exceeds the distance of the k-th best point so far holds no neighbour.

The tree halves the points along the feature in which they spread most, all nodes of a level at once; all leaves have
the same size (a few points occur twice for that, the second time under the number n). A node i has the children 2 i + 1
and 2 i + 2. A block of queries is answered together, in arrays of pairs (query, node):

    1. every query goes down to one leaf, always into the nearer ball; the k-th best point there is its first limit;
    2. from the root down, pairs with a bound above the query's limit are dropped;
    3. the leaves that are left are visited in three waves, nearest first, each with the limits of the one before.

Ties go to the smaller index. Distances are computed from differences, in float64.

Complexity: building O(n log n); a query O(log n) in few dimensions; beyond about 10 nearly all leaves are visited, and
brute force is faster.

References
----------
Omohundro (1989), "Five balltree construction algorithms", ICSI technical report 89-063.
"""

from numbers import Integral

import numpy as np

from .distance_matrices import call_metric, sum_features
from .distances import check_metric
from .persistence import Storable
from .validation import check_array

__all__ = ["BallTree"]

QUERIES_PER_BLOCK = 2048
PAIRS_PER_BLOCK = 1 << 22  # pairs (query, leaf) that may be alive at a time
VALUES_PER_STEP = 1 << 17  # coordinates gathered at a time
WAVES = ((0, 2), (2, 8), (8, np.inf))  # leaves by the rank of their bound
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
        X = check_array(X, name="X")
        if isinstance(leaf_size, bool) or not isinstance(leaf_size, Integral) or leaf_size < 1:
            raise ValueError(f"leaf_size must be a positive int, got {leaf_size!r}")
        self.metric, self._p = check_metric(metric, metric_kw)
        self.metric_kw, self.leaf_size = metric_kw, int(leaf_size)
        if not callable(self.metric) and self.metric not in TRUE_METRICS:
            raise ValueError(f"metric must be a true metric: one of {TRUE_METRICS} or a callable, got {metric!r}")
        if self._p is not None and self._p < 1:
            raise ValueError(f"p must be at least 1 (below it Minkowski's is no metric), got {self._p!r}")
        self._is_float32 = X.dtype == np.float32
        self._n, self._n_features = X.shape
        self._is_tame = _is_tame(X)
        self._build(X.astype(np.float64, copy=False))

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
        queries, is_float32 = self._check_queries(X)
        if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= k <= self._n:
            raise ValueError(f"k must be an int from 1 to the number of points ({self._n}), got {k!r}")
        blocks = [self._nearest(block, int(k), formula) for block, formula in self._blocks(queries, int(k))]
        distances, indices = (np.concatenate(parts) for parts in zip(*blocks))
        return (distances.astype(np.float32 if is_float32 else np.float64), indices) if return_distance else indices

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
        queries, is_float32 = self._check_queries(X)
        radius = _check_radius(r, len(queries))
        counts, indices, distances, start = [], [], [], 0
        for block, formula in self._blocks(queries, 1):
            limit = radius[start : start + block.shape[1]]
            start += block.shape[1]
            rows, leaves, _ = self._reachable(block, limit, formula)
            rows, found, lengths = self._visit(block, rows, leaves, limit, formula)
            order = np.argsort(rows * self._n + found)
            counts.append(np.bincount(rows, minlength=block.shape[1]))
            indices.append(found[order])
            distances.append(lengths[order])
        counts = np.concatenate(counts).astype(np.int64)
        if count_only:
            return counts
        indices = _as_objects(np.concatenate(indices), counts)
        if not return_distance:
            return indices
        distances = np.concatenate(distances).astype(np.float32 if is_float32 else np.float64)
        return indices, _as_objects(distances, counts)

    def __len__(self):
        return self._n

    def __repr__(self):
        return f"BallTree of {self._n} points in {self._n_features} dimensions, metric {self.metric!r}"

    def _build(self, X):
        n, D = X.shape
        depth = (-(-n // self.leaf_size) - 1).bit_length()
        size = -(-n // 2**depth)
        members = np.minimum(np.arange(size * 2**depth), n)
        twice = np.linspace(0, n - 1, len(members) - n).astype(np.int64)
        points = X.T.take(np.concatenate([members[:n], twice]), axis=1)  # features first, as the sums want them
        formula, balls = self._formula(self._is_tame), []
        for level in range(depth + 1):
            nodes = points.reshape(D, 2**level, -1)
            low, high = nodes.min(axis=2), nodes.max(axis=2)
            # a midpoint may lie outside what a callable is defined on, and differs from all points for hamming
            centres = nodes[:, :, 0] if callable(self.metric) or self.metric == "hamming" else 0.5 * low + 0.5 * high
            balls.append((centres, self._distances(nodes, centres[:, :, None], formula).max(axis=1)))
            if level < depth:
                order = _halves(nodes, np.argmax(high - low, axis=0))
                points, members = points.take(order, axis=1), members.take(order)
        self._depth = depth
        self._points, self._members = points.reshape(D, 2**depth, size), members.reshape(2**depth, size)
        # the least number of points in a node, by its height above the leaves
        self._fewest = [int((members < n).reshape(2**level, -1).sum(axis=1).min()) for level in range(depth, -1, -1)]
        self._centres, self._radii = (np.concatenate(parts, axis=-1) for parts in zip(*balls))

    def _formula(self, is_tame):
        """Metric and p; Euclidean distances whose squares might over- or underflow are Minkowski's with p = 2."""
        return ("minkowski", 2) if self.metric == "euclidean" and not is_tame else (self.metric, self._p)

    def _distances(self, xs, ys, formula):
        """Distances of points with coordinates xs (D, ...) and ys (D, ...), which broadcast."""
        metric, p = formula
        shape = np.broadcast_shapes(xs.shape, ys.shape)
        if not callable(metric):
            return sum_features(xs, ys, metric, p, np.empty(shape[1:]))
        rows = (np.broadcast_to(a, shape).reshape(len(a), -1).T.copy() for a in (xs, ys))
        values = [call_metric(metric, y, x, self.metric_kw) for x, y in zip(*rows)]
        return np.array(values, dtype=np.float64).reshape(shape[1:])

    def _blocks(self, queries, k):
        """Blocks of queries, features first, each with its formula."""
        n_leaves, size = self._members.shape
        values = max(size, 4 * k) * self._n_features  # of a query's first visit
        step = max(1, min(QUERIES_PER_BLOCK, PAIRS_PER_BLOCK // max(n_leaves, values)))
        for start in range(0, len(queries), step):
            block = queries[start : start + step]
            yield np.ascontiguousarray(block.T), self._formula(self._is_tame and _is_tame(block))

    def _nearest(self, queries, k, formula):
        """Distances and indices (m, k) for queries (D, m)."""
        best, home, up = self._first_visit(queries, k, formula)
        rows, leaves, bounds = self._reachable(queries, best[0][:, -1], formula)
        fresh = np.flatnonzero(leaves >> up != home[rows])
        order = fresh[np.lexsort((bounds[fresh], rows[fresh].astype(np.uint16)))]
        rows, leaves, bounds = rows[order], leaves[order], bounds[order]
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        for low, high in WAVES:
            limit = best[0][:, -1]
            wave = np.flatnonzero((rank >= low) & (rank < high) & (bounds <= limit[rows]))
            if len(wave):
                _merge(best, *self._visit(queries, rows[wave], leaves[wave], limit, formula))
        return best

    def _first_visit(self, queries, k, formula):
        """The best k of the smallest node with k points that each query comes to, that node, and its height."""
        m = queries.shape[1]
        up = next(height for height, fewest in enumerate(self._fewest) if fewest >= k)
        node = np.zeros(m, dtype=np.int64)
        for _ in range(self._depth - up):
            children = 2 * node + np.array([[1], [2]])
            near, far = self._distances(self._centres[:, children], queries[:, None], formula)
            node = children[0] + (far < near)
        home = node - (2 ** (self._depth - up) - 1)
        leaves = (home[:, None] << up) + np.arange(1 << up)
        points = self._points[:, leaves].reshape(len(queries), m, -1)
        found = self._members[leaves].reshape(m, -1)
        lengths = self._distances(points, queries[:, :, None], formula)
        lengths[found == self._n] = np.inf
        limit = np.partition(lengths, k - 1, axis=1)[:, k - 1 : k]
        rows, columns = np.nonzero((lengths <= limit) & (found < self._n))
        best = np.full((m, k), np.inf), np.full((m, k), self._n, dtype=np.int64)
        _merge(best, rows, found[rows, columns], lengths[rows, columns])
        return best, home, up

    def _reachable(self, queries, limit, formula):
        """Pairs (query, leaf) whose bound is within the query's limit, query by query, and the bounds."""
        rows, nodes = np.arange(queries.shape[1]), np.zeros(queries.shape[1], dtype=np.int64)
        for level in range(self._depth + 1):
            if level:
                rows, nodes = np.repeat(rows, 2), (2 * nodes[:, None] + np.array([1, 2])).ravel()
            lengths = self._distances(self._centres.take(nodes, axis=1), queries.take(rows, axis=1), formula)
            radii = self._radii.take(nodes)
            with np.errstate(invalid="ignore"):
                bounds = lengths - radii - SLACK * (lengths + radii)
            np.nan_to_num(bounds, copy=False, nan=0.0)  # inf - inf says nothing
            kept = np.flatnonzero(bounds <= limit.take(rows))
            rows, nodes, bounds = rows.take(kept), nodes.take(kept), bounds.take(kept)
        return rows, nodes - (2**self._depth - 1), bounds

    def _visit(self, queries, rows, leaves, limit, formula):
        """Points of the (query, leaf) pairs that are within the query's limit: rows, indices and distances."""
        size = self._members.shape[1]
        step = max(1, VALUES_PER_STEP // (size * self._n_features))
        parts = [(rows[:0], rows[:0], np.empty(0))]
        for start in range(0, len(rows), step):
            row, leaf = rows[start : start + step], leaves[start : start + step]
            lengths = self._distances(self._points.take(leaf, axis=1), queries.take(row, axis=1)[:, :, None], formula)
            places = np.flatnonzero(lengths <= limit.take(row)[:, None])
            pairs, columns = np.divmod(places, size)
            found = self._members[leaf.take(pairs), columns]
            real = np.flatnonzero(found < self._n)
            parts.append((row.take(pairs.take(real)), found.take(real), lengths.ravel().take(places.take(real))))
        return tuple(np.concatenate(column) for column in zip(*parts))

    def _check_queries(self, X):
        X = check_array(X, name="X")
        if X.shape[1] != self._n_features:
            raise ValueError(f"X must have {self._n_features} columns as the tree's points do, got {X.shape[1]}")
        return X.astype(np.float64, copy=False), self._is_float32 and X.dtype == np.float32


def _is_tame(X):
    """Whether squares of differences neither overflow nor lose digits."""
    sizes = np.abs(X)
    return float(sizes.max()) < 1e140 and float(sizes.min(initial=1.0, where=sizes > 0)) > 1e-130


def _halves(nodes, features):
    """An order of the points that halves every node at the median of its feature."""
    _, n_nodes, size = nodes.shape
    order = np.argpartition(nodes[features, np.arange(n_nodes)], size // 2, axis=1)
    return (order + size * np.arange(n_nodes)[:, None]).ravel()


def _merge(best, rows, found, lengths):
    """Put points among the best k (distances, indices) of their queries, in place."""
    distances, indices = best
    m, k = distances.shape
    counts = np.bincount(rows, minlength=m)
    changed = np.flatnonzero(counts)
    rows = np.concatenate([np.repeat(changed, k), rows])
    found = np.concatenate([indices[changed].ravel(), found])
    lengths = np.concatenate([distances[changed].ravel(), lengths])
    order = np.lexsort((found, lengths, rows.astype(np.uint16)))  # 16 bits are sorted by radix
    ends = np.cumsum(counts[changed] + k)
    chosen = order[(ends - counts[changed] - k)[:, None] + np.arange(k)]
    distances[changed], indices[changed] = lengths[chosen], found[chosen]


def _check_radius(r, m):
    radius = np.asarray(r)
    if radius.dtype.kind not in "iuf" or radius.shape not in ((), (m,)):
        raise ValueError(f"r must be a number or {m} of them, got {r!r}")
    if not (radius >= 0).all():
        raise ValueError(f"r must not be negative or NaN, got {r!r}")
    return np.broadcast_to(radius.astype(np.float64), m)


def _as_objects(values, counts):
    """An object array of the pieces of `values` that are `counts` long."""
    ends = np.cumsum(counts).tolist()
    result = np.empty(len(counts), dtype=object)
    for i, (count, end) in enumerate(zip(counts.tolist(), ends)):
        result[i] = values[end - count : end]
    return result
