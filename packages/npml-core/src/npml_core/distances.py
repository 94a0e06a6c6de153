r"""Distances between vectors, and between all rows of two matrices.

Notation: x, y are vectors of D numbers, X (n, D), Y (m, D).

    euclidean    sqrt(sum_j (x_j - y_j)^2)          manhattan   sum_j |x_j - y_j|
    minkowski    (sum_j |x_j - y_j|^p)^(1/p)        chebyshev   max_j |x_j - y_j|
    hamming      share of the j with x_j != y_j     cosine      1 - x . y / (|x| |y|)  =  |x/|x| - y/|y||^2 / 2

All Euclidean distances at once are one matrix product, |x - y|^2 = |x|^2 - 2 x . y + |y|^2, which cancels when x and
y are close and far from the origin. So X and Y are centred first, scaled by a power of two (squares of 1e150
overflow), and the pairs of which less than a millionth of |x|^2 + |y|^2 is left are computed again from their
differences: what remains has a relative error below 1e-9. The other metrics are sums over the features, a block of
pairs at a time.

Everything is computed in float64; float32 input gives float32 output. Complexity: O(n m D).
"""

from numbers import Real

import numpy as np

from .validation import check_array

__all__ = [
    "chebyshev",
    "cosine",
    "euclidean",
    "hamming",
    "manhattan",
    "minkowski",
    "pairwise_distances",
]

BLOCK_SIZE = 1 << 18  # pairs in a block
CANCELLED = 1e-6  # share of |x|^2 + |y|^2 below which a squared distance is computed again
ALIASES = {"cityblock": "manhattan", "l1": "manhattan", "l2": "euclidean"}


def euclidean(x, y):
    """Length of x - y.

    Parameters
    ----------
    x, y : array-like (D,)
        Vectors.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If they are not finite vectors of the same length (all functions of this module).

    Examples
    --------
    >>> from npml_core import euclidean
    >>> euclidean([0, 0], [3, 4])
    5.0
    """
    return _between("euclidean", x, y)


def manhattan(x, y):
    """Sum of the absolute differences.

    Parameters
    ----------
    x, y : array-like (D,)
        Vectors.

    Returns
    -------
    float

    Examples
    --------
    >>> from npml_core import manhattan
    >>> manhattan([0, 0], [3, 4])
    7.0
    """
    return _between("manhattan", x, y)


def chebyshev(x, y):
    """Largest absolute difference.

    Parameters
    ----------
    x, y : array-like (D,)
        Vectors.

    Returns
    -------
    float

    Examples
    --------
    >>> from npml_core import chebyshev
    >>> chebyshev([0, 0], [3, 4])
    4.0
    """
    return _between("chebyshev", x, y)


def minkowski(x, y, p=2):
    """p-th root of the sum of the p-th powers of the absolute differences.

    Parameters
    ----------
    x, y : array-like (D,)
        Vectors.
    p : float, default=2
        Positive; from 1 on it is a metric, inf is Chebyshev's.

    Returns
    -------
    float

    Examples
    --------
    >>> from npml_core import minkowski
    >>> round(minkowski([0, 0], [3, 4], p=3), 4)
    4.4979
    """
    return _between("minkowski", x, y, p=p)


def hamming(x, y):
    """Share of the places in which the vectors differ.

    Parameters
    ----------
    x, y : array-like (D,)
        Vectors.

    Returns
    -------
    float

    Examples
    --------
    >>> from npml_core import hamming
    >>> hamming([1, 0, 1, 1], [1, 1, 1, 1])
    0.25
    """
    return _between("hamming", x, y)


def cosine(x, y):
    """1 minus the cosine of the angle between the vectors; 1 if one of them is 0.

    Parameters
    ----------
    x, y : array-like (D,)
        Vectors.

    Returns
    -------
    float
        From 0 (same direction) to 2 (opposite).

    Examples
    --------
    >>> from npml_core import cosine
    >>> cosine([1, 0], [0, 2])
    1.0
    """
    return _between("cosine", x, y)


def pairwise_distances(X, Y=None, metric="euclidean", **metric_kw):
    """Distances from every row of X to every row of Y.

    Parameters
    ----------
    X : array-like (n, D)
        Vectors.
    Y : array-like (m, D), optional
        Others; None is X itself.
    metric : str or callable, default="euclidean"
        "euclidean" ("l2"), "sqeuclidean", "manhattan" ("l1", "cityblock"), "chebyshev", "minkowski", "hamming",
        "cosine", or a function of two vectors that gives a number.
    **metric_kw
        For the metric: ``p=`` of "minkowski" (default 2), anything for a callable.

    Returns
    -------
    ndarray (n, m)
        Never negative, and exactly 0 between equal rows (callables: what they give).

    Raises
    ------
    ValueError, TypeError
        For bad input, an unknown metric or unknown keywords.

    Examples
    --------
    >>> from npml_core import pairwise_distances
    >>> pairwise_distances([[0.0, 0.0], [3.0, 4.0]])
    array([[0., 5.],
           [5., 0.]])
    """
    X = check_array(X, name="X")
    own = Y is None
    Y = X if own else check_array(Y, name="Y")
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"X and Y must have as many columns: X has {X.shape[1]}, Y has {Y.shape[1]}")
    metric = check_metric(metric, metric_kw)
    dtype = np.float32 if X.dtype == Y.dtype == np.float32 else np.float64
    if callable(metric):
        return np.array([[metric(x, y, **metric_kw) for y in Y] for x in X], dtype=dtype)
    X, Y = X.astype(np.float64, copy=False), Y.astype(np.float64, copy=False)
    if metric == "cosine":
        return (0.5 * squared_euclidean(unit_rows(X), unit_rows(Y), own) + _zero_rows(X, Y, own)).astype(dtype)
    if metric in ("euclidean", "sqeuclidean"):
        unit = power_of_two(X, Y)
        squared = squared_euclidean(X / unit, Y / unit, own)
        result = np.sqrt(squared, out=squared) * unit if metric == "euclidean" else squared * unit * unit
        return result.astype(dtype, copy=False)
    return _by_feature(metric, X, Y, **metric_kw).astype(dtype, copy=False)


def check_metric(metric, metric_kw, name="metric"):
    """The metric's own name (or the callable); raises for unknown metrics and keywords."""
    if callable(metric):
        return metric
    known = ("euclidean", "sqeuclidean", "manhattan", "chebyshev", "minkowski", "hamming", "cosine")
    metric = ALIASES.get(metric, metric) if isinstance(metric, str) else metric
    if metric not in known:
        raise ValueError(f"{name} must be one of {known} or a callable, got {metric!r}")
    unknown = set(metric_kw) - ({"p"} if metric == "minkowski" else set())
    if unknown:
        raise TypeError(f"{name} {metric!r} takes no keyword {sorted(unknown)[0]!r}")
    if metric == "minkowski":
        p = metric_kw.get("p", 2)
        if isinstance(p, bool) or not isinstance(p, Real) or not p > 0:
            raise ValueError(f"p must be a positive number, got {p!r}")
    return metric


def squared_euclidean(X, Y, own=False):
    """|x - y|^2 for all pairs of float64 rows; `own` says that Y is X."""
    centre = Y.mean(axis=0)
    X, Y = X - centre, Y - centre
    x_squares, y_squares = np.einsum("nd,nd->n", X, X), np.einsum("md,md->m", Y, Y)
    result = np.empty((len(X), len(Y)))
    rows_per_block = max(1, BLOCK_SIZE // len(Y))
    for start in range(0, len(X), rows_per_block):
        part = slice(start, start + rows_per_block)
        block = np.matmul(X[part], -2.0 * Y.T, out=result[part])
        total = x_squares[part, None] + y_squares
        block += total
        total *= CANCELLED
        rows, columns = np.nonzero(block <= total)
        for s in range(0, len(rows), BLOCK_SIZE):
            r, c = rows[s : s + BLOCK_SIZE], columns[s : s + BLOCK_SIZE]
            difference = X[part][r] - Y[c]
            block[r, c] = np.einsum("nd,nd->n", difference, difference)
    if own:
        np.fill_diagonal(result, 0.0)
    return result


def steps(metric, p=2):
    """A metric that is a sum (or maximum) over features: ``add(total, difference)`` for each, ``finish(total, D)``."""
    if metric == "minkowski" and p in (1, 2, np.inf):
        metric = {1: "manhattan", 2: "euclidean", np.inf: "chebyshev"}[p]
    return {
        "euclidean": (lambda total, d: np.add(total, d * d, out=total), lambda total, D: np.sqrt(total)),
        "manhattan": (lambda total, d: np.add(total, np.abs(d), out=total), lambda total, D: total),
        "chebyshev": (lambda total, d: np.maximum(total, np.abs(d), out=total), lambda total, D: total),
        "hamming": (lambda total, d: np.add(total, d != 0, out=total), lambda total, D: total / D),
        "minkowski": (lambda total, d: np.add(total, np.abs(d) ** p, out=total), lambda total, D: total ** (1 / p)),
    }[metric]


def _by_feature(metric, X, Y, p=2):
    add, finish = steps(metric, p)
    unit = 1.0 if metric == "hamming" else power_of_two(X, Y)
    X, columns = X / unit, np.ascontiguousarray(Y.T / unit)
    result = np.empty((len(X), len(Y)))
    rows_per_block = max(1, BLOCK_SIZE // len(Y))
    for start in range(0, len(X), rows_per_block):
        block = X[start : start + rows_per_block]
        total = np.zeros((len(block), len(Y)))
        for x, y in zip(block.T, columns):  # over features: each step is a whole block of pairs
            add(total, x[:, None] - y)
        result[start : start + rows_per_block] = finish(total, len(columns))
    return result if metric == "hamming" else np.multiply(result, unit, out=result)


def power_of_two(*arrays):
    """A power of two near the largest entry: dividing by it rounds nothing."""
    largest = max(np.abs(array).max() for array in arrays)
    return 2.0 ** int(np.clip(np.frexp(largest)[1], -1000, 1000)) if largest > 0 else 1.0


def unit_rows(X):
    """Rows scaled to length 1; rows of zeros stay."""
    largest = np.abs(X).max(axis=1, keepdims=True)
    X = X / np.where(largest > 0, largest, 1.0)
    lengths = np.sqrt(np.einsum("nd,nd->n", X, X))
    return X / np.where(lengths > 0, lengths, 1.0)[:, None]


def _zero_rows(X, Y, own):
    """What a row of zeros lacks: |u - 0|^2 / 2 is 1/2 and the distance is 1, and 1 between two of them."""
    x, y = ~X.any(axis=1), ~Y.any(axis=1)
    lacks = 0.5 * x[:, None] + 0.5 * y
    if own:
        np.fill_diagonal(lacks, 0.0)
    return lacks


def _between(metric, x, y, **metric_kw):
    x, y = _check_vector(x, "x"), _check_vector(y, "y")
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same length, got {len(x)} and {len(y)}")
    return float(pairwise_distances(x[None], y[None], metric=metric, **metric_kw)[0, 0])


def _check_vector(x, name):
    x = check_array(x, name=name, ensure_2d=False, dtype=np.float64)
    if x.ndim != 1:
        raise ValueError(f"{name} must be a vector, got shape {x.shape}")
    return x
