"""Kernels: inner products of feature maps, for all pairs of rows.

Notation: X (n, D), Y (m, D), rows x and y.

    linear       x . y                           polynomial   (gamma x . y + coef0)^degree
    rbf          exp(-gamma |x - y|^2)           laplacian    exp(-gamma sum_j |x_j - y_j|)
    sigmoid      tanh(gamma x . y + coef0)       cosine       x . y / (|x| |y|)

gamma defaults to 1 / D. Distances are those of `distances`: computed in float64, exact for rows that are close, so
that the diagonal of an RBF kernel is exactly 1. float32 input gives float32 output. Numbers too large for it become
inf, never NaN.

References
----------
Schoelkopf & Smola (2002), "Learning with Kernels", section 2.3.
"""

from numbers import Real

import numpy as np

from .distance_matrices import call_metric, distances_between, power_of_two, unit_rows
from .validation import check_array

__all__ = [
    "cosine_similarity",
    "laplacian_kernel",
    "linear_kernel",
    "pairwise_kernels",
    "polynomial_kernel",
    "rbf_kernel",
    "sigmoid_kernel",
]


def linear_kernel(X, Y=None):
    """Inner products x . y of all pairs of rows.

    Parameters
    ----------
    X : array-like (n, D)
        Vectors.
    Y : array-like (m, D), optional
        Others; None is X itself.

    Returns
    -------
    ndarray (n, m)

    Raises
    ------
    ValueError
        For bad input, here and in all functions of this module.

    Examples
    --------
    >>> from npml_core import linear_kernel
    >>> linear_kernel([[1.0, 2.0]], [[3.0, 4.0]])
    array([[11.]])
    """
    X, Y = _check_pair(X, Y)
    return _products(X, Y, 1.0)


def polynomial_kernel(X, Y=None, degree=3, gamma=None, coef0=1):
    """(gamma x . y + coef0)^degree for all pairs of rows.

    Parameters
    ----------
    X : array-like (n, D)
        Vectors.
    Y : array-like (m, D), optional
        Others; None is X itself.
    degree : float, default=3
        Power.
    gamma : float, optional
        Scale; None is 1 / D.
    coef0 : float, default=1
        Constant.

    Returns
    -------
    ndarray (n, m)

    Examples
    --------
    >>> from npml_core import polynomial_kernel
    >>> polynomial_kernel([[1.0, 2.0]], degree=2)
    array([[12.25]])
    """
    X, Y = _check_pair(X, Y)
    kernel = _products(X, Y, _check_gamma(gamma, X))
    kernel += _check_number(coef0, "coef0")
    return _power(kernel, _check_number(degree, "degree", least=1))


def rbf_kernel(X, Y=None, gamma=None):
    """exp(-gamma |x - y|^2) for all pairs of rows.

    Parameters
    ----------
    X : array-like (n, D)
        Vectors.
    Y : array-like (m, D), optional
        Others; None is X itself.
    gamma : float, optional
        Inverse squared width; None is 1 / D.

    Returns
    -------
    ndarray (n, m)

    Examples
    --------
    >>> from npml_core import rbf_kernel
    >>> rbf_kernel([[0.0], [1.0]], gamma=1.0).round(4)
    array([[1.    , 0.3679],
           [0.3679, 1.    ]])
    """
    X, Y = _check_pair(X, Y)
    distances = distances_between(X, Y, "euclidean")
    distances *= np.sqrt(_check_gamma(gamma, X))  # squares of distances may overflow where these do not
    return _exp_of_minus(distances, X.dtype, power=2)


def laplacian_kernel(X, Y=None, gamma=None):
    """exp(-gamma sum_j |x_j - y_j|) for all pairs of rows.

    Parameters
    ----------
    X : array-like (n, D)
        Vectors.
    Y : array-like (m, D), optional
        Others; None is X itself.
    gamma : float, optional
        Inverse width; None is 1 / D.

    Returns
    -------
    ndarray (n, m)

    Examples
    --------
    >>> from npml_core import laplacian_kernel
    >>> laplacian_kernel([[0.0]], [[2.0]], gamma=0.5).round(4)
    array([[0.3679]])
    """
    X, Y = _check_pair(X, Y)
    distances = distances_between(X, Y, "manhattan")
    distances *= _check_gamma(gamma, X)
    return _exp_of_minus(distances, X.dtype)


def sigmoid_kernel(X, Y=None, gamma=None, coef0=1):
    """tanh(gamma x . y + coef0) for all pairs of rows.

    Parameters
    ----------
    X : array-like (n, D)
        Vectors.
    Y : array-like (m, D), optional
        Others; None is X itself.
    gamma : float, optional
        Scale; None is 1 / D.
    coef0 : float, default=1
        Constant.

    Returns
    -------
    ndarray (n, m)

    Examples
    --------
    >>> from npml_core import sigmoid_kernel
    >>> sigmoid_kernel([[0.0, 1.0]], [[1.0, 0.0]], coef0=0)
    array([[0.]])
    """
    X, Y = _check_pair(X, Y)
    kernel = _products(X, Y, _check_gamma(gamma, X))
    kernel += _check_number(coef0, "coef0")
    return np.tanh(kernel, out=kernel)


def cosine_similarity(X, Y=None):
    """Cosine of the angle between all pairs of rows; 0 with a row of zeros.

    Parameters
    ----------
    X : array-like (n, D)
        Vectors.
    Y : array-like (m, D), optional
        Others; None is X itself.

    Returns
    -------
    ndarray (n, m)

    Examples
    --------
    >>> from npml_core import cosine_similarity
    >>> cosine_similarity([[1.0, 0.0]], [[5.0, 0.0], [0.0, 2.0]])
    array([[1., 0.]])
    """
    X, Y = _check_pair(X, Y)
    return np.clip(unit_rows(X) @ unit_rows(Y).T, -1.0, 1.0)


KERNELS = {
    "linear": linear_kernel,
    "poly": polynomial_kernel,
    "polynomial": polynomial_kernel,
    "rbf": rbf_kernel,
    "laplacian": laplacian_kernel,
    "sigmoid": sigmoid_kernel,
    "cosine": cosine_similarity,
}


def pairwise_kernels(X, Y=None, metric="rbf", **kernel_kw):
    """Any kernel by its name.

    Parameters
    ----------
    X : array-like (n, D)
        Vectors.
    Y : array-like (m, D), optional
        Others; None is X itself.
    metric : str or callable, default="rbf"
        "linear", "polynomial" ("poly"), "rbf", "laplacian", "sigmoid", "cosine", or a function of two vectors that
        gives a number.
    **kernel_kw
        For the kernel.

    Returns
    -------
    ndarray (n, m)

    Examples
    --------
    >>> from npml_core import pairwise_kernels
    >>> pairwise_kernels([[1.0], [2.0]], metric="linear")
    array([[1., 2.],
           [2., 4.]])
    """
    if callable(metric):
        X, Y = _check_pair(X, Y)
        return np.array([[call_metric(metric, x, y, kernel_kw) for y in Y] for x in X], dtype=X.dtype)
    if not isinstance(metric, str) or metric not in KERNELS:
        raise ValueError(f"metric must be one of {sorted(KERNELS)} or a callable, got {metric!r}")
    return KERNELS[metric](X, Y, **kernel_kw)


def _check_pair(X, Y):
    X = check_array(X, name="X")
    if Y is None:
        return X, X
    Y = check_array(Y, name="Y")
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"X and Y must have as many columns: X has {X.shape[1]}, Y has {Y.shape[1]}")
    common = np.result_type(X, Y)
    return X.astype(common, copy=False), Y.astype(common, copy=False)


def _check_gamma(gamma, X):
    return 1.0 / X.shape[1] if gamma is None else _check_number(gamma, "gamma", least=0)


def _check_number(value, name, least=-np.inf):
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not least <= value < np.inf or value == -np.inf:
        raise ValueError(
            f"{name} must be a finite number{f' of at least {least}' if least >= 0 else ''}, got {value!r}"
        )
    return float(value)


def _products(X, Y, gamma):
    """Gamma x . y; where products could overflow, of rows in units of powers of two, so that inf - inf never occurs."""
    x_unit, y_unit = power_of_two(X), power_of_two(Y)
    with np.errstate(over="ignore", under="ignore"):
        if X.shape[1] * x_unit * y_unit < np.finfo(X.dtype).max:
            kernel = X @ Y.T
            kernel *= gamma
            return kernel
        return (X / x_unit @ (Y / y_unit).T) * gamma * x_unit * y_unit


def _power(base, degree):
    """base^degree; whole powers by repeated squaring, which is several times faster than ``np.power``."""
    with np.errstate(over="ignore", under="ignore"):
        if degree != int(degree) or degree > 64:
            if (base < 0).any() and degree != int(degree):
                raise ValueError(f"degree must be a whole number where gamma x . y + coef0 is negative, got {degree}")
            return base**degree
        result, n = None, int(degree)
        while n:
            if n % 2:
                result = base.copy() if result is None else np.multiply(result, base, out=result)
            n //= 2
            base = base * base if n else base
        return result


def _exp_of_minus(distances, dtype, power=1):
    """exp(-d^power), in place."""
    with np.errstate(over="ignore", under="ignore"):
        if power == 2:
            np.square(distances, out=distances)
        np.negative(distances, out=distances)
        return np.exp(distances, out=distances).astype(dtype, copy=False)
