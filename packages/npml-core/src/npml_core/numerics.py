"""Sums of numbers that are given by their logarithms."""

import numpy as np

__all__ = ["logsumexp"]


def logsumexp(a, axis=None, keepdims=False):
    """log(sum(exp(a))), without overflow.

    The largest entry m is taken out first: log sum exp(a) = m + log sum exp(a - m).

    Parameters
    ----------
    a : array-like of real numbers
        Logarithms; -inf is the logarithm of 0.
    axis : int, tuple of int or None, default=None
        What to sum over; None is everything.
    keepdims : bool, default=False
        Whether summed axes stay with length 1.

    Returns
    -------
    float or ndarray
        -inf where all entries are -inf (or there are none); float32 stays float32.

    Raises
    ------
    TypeError
        If `a` is not real.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_core import logsumexp
    >>> float(logsumexp([1000.0, 1000.0]).round(4))
    1000.6931
    >>> logsumexp([[-np.inf, -np.inf], [0.0, -np.inf]], axis=1)
    array([-inf,   0.])
    """
    a = np.asarray(a)
    if a.dtype.kind not in "biuf":
        raise TypeError(f"a must hold real numbers, got dtype {a.dtype}")
    a = a if a.dtype.kind == "f" else a.astype(np.float64)
    highest = a.max(axis=axis, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(highest), highest, 0).astype(a.dtype)
    with np.errstate(divide="ignore", over="ignore"):
        total = np.log(np.exp(a - shift).sum(axis=axis, keepdims=True)) + shift
    return total if keepdims else np.squeeze(total, axis=axis)[()]
