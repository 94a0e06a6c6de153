r"""Distances between vectors, and between all rows of two matrices.

Notation: x, y are vectors of D numbers, X (n, D), Y (m, D).

    euclidean    sqrt(sum_j (x_j - y_j)^2)          manhattan   sum_j |x_j - y_j|
    minkowski    (sum_j |x_j - y_j|^p)^(1/p)        chebyshev   max_j |x_j - y_j|
    hamming      share of the j with x_j != y_j     cosine      1 - x . y / (|x| |y|)  =  |x/|x| - y/|y||^2 / 2

Everything is computed in float64; float32 input gives float32 output. Complexity: O(n m D).
"""

from numbers import Real

import numpy as np

from .distance_matrices import cosine_distances, distances_between
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

METRICS = ("euclidean", "sqeuclidean", "manhattan", "chebyshev", "minkowski", "hamming", "cosine")
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
    return minkowski(x, y, p=2)


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
    return minkowski(x, y, p=1)


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
    return minkowski(x, y, p=np.inf)


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
    p = _check_p(p)
    x, y = _check_vectors(x, y, np.float64)
    with np.errstate(over="ignore", under="ignore"):
        difference = np.abs(x - y)
        largest = difference.max()
        if p == np.inf or largest in (0.0, np.inf):
            return float(largest)
        return float(largest * np.sum((difference / largest) ** p) ** (1.0 / p))


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
    x, y = _check_vectors(x, y, None)
    return float(np.mean(x != y))


def cosine(x, y):
    """1 minus the cosine of the angle between the vectors; 1 if one of them is 0, and 0 if both are.

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
    x, y = _check_vectors(x, y, np.float64)
    return float(cosine_distances(x[None], y[None])[0, 0])


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
    Y = X if Y is None else check_array(Y, name="Y")
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"X and Y must have as many columns: X has {X.shape[1]}, Y has {Y.shape[1]}")
    metric, p = check_metric(metric, metric_kw)
    distances = distances_between(X, Y, metric, p, metric_kw)
    with np.errstate(over="ignore", under="ignore"):
        return distances.astype(np.float32 if X.dtype == Y.dtype == np.float32 else np.float64, copy=False)


def check_metric(metric, metric_kw):
    """The metric by its own name (or the callable) and Minkowski's p; raises for unknown names and keywords."""
    functions = (euclidean, manhattan, chebyshev, minkowski, hamming, cosine)
    metric = next((f.__name__ for f in functions if f is metric), metric)
    if callable(metric):
        return metric, None
    metric = ALIASES.get(metric, metric) if isinstance(metric, str) else metric
    if not isinstance(metric, str) or metric not in METRICS:
        raise ValueError(f"metric must be one of {METRICS} or a callable, got {metric!r}")
    unknown = sorted(set(metric_kw) - ({"p"} if metric == "minkowski" else set()))
    if unknown:
        raise TypeError(f"metric {metric!r} takes no keyword {unknown[0]!r}")
    if metric != "minkowski":
        return metric, None
    p = _check_p(metric_kw.get("p", 2))
    return {1: "manhattan", 2: "euclidean", np.inf: "chebyshev"}.get(p, metric), p


def _check_p(p):
    if isinstance(p, bool) or not isinstance(p, Real):
        raise TypeError(f"p must be a positive number, got {p!r}")
    if not p > 0:
        raise ValueError(f"p must be a positive number, got {p!r}")
    return p


def _check_vectors(x, y, dtype):
    vectors = []
    for vector, name in ((x, "x"), (y, "y")):
        vector = check_array(vector, name=name, ensure_2d=False, dtype=dtype)
        if vector.ndim != 1:
            raise ValueError(f"{name} must be a vector, got shape {vector.shape}")
        vectors.append(vector)
    if len(vectors[0]) != len(vectors[1]):
        raise ValueError(f"x and y must have the same length, got {len(vectors[0])} and {len(vectors[1])}")
    return vectors
