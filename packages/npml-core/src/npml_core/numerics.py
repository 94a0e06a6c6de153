"""Sums of numbers that are given by their logarithms."""

import numpy as np

__all__ = ["logsumexp"]


def logsumexp(a, axis=None, keepdims=False):
    """log(sum(exp(a))), without overflow.

    The largest entry m, which occurs c times, is taken out first:

        log sum exp(a) = m + log c + log(1 + r / c),      r = sum of exp(a - m) over the other entries

    so that nothing overflows, and what little the others add to m = 0 is not lost.

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
    ValueError
        If `a` holds NaN.
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
    if np.isnan(highest).any():
        raise ValueError("a contains NaN")
    is_highest = a == highest
    count = np.maximum(np.count_nonzero(is_highest, axis=axis, keepdims=True), 1).astype(a.dtype)
    limit = np.finfo(a.dtype).max  # inf - inf is NaN, inf - limit is not
    with np.errstate(over="ignore", under="ignore"):
        others = np.exp(np.where(is_highest, -np.inf, a - np.clip(highest, -limit, limit)))
        total = highest + np.log(count) + np.log1p(others.sum(axis=axis, keepdims=True) / count)
    return total if keepdims else np.squeeze(total, axis=axis)[()]
