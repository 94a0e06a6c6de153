"""What every signal function asks of its arguments."""

import operator
from cmath import isfinite
from collections.abc import Hashable

import numpy as np

__all__ = ["check_number", "check_option", "check_signal", "check_size"]


def check_signal(x, name, *, min_ndim=1, allow_complex=True):
    """`x` as a finite, non-empty array of float32, float64, complex64 or complex128 (ints and bools become float64)."""
    array = np.asarray(x)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{name} must be numeric, got {type(x).__name__} of dtype {array.dtype}")
    if array.dtype.kind == "c" and not allow_complex:
        raise ValueError(f"Complex data not supported: {name} must be real, got dtype {array.dtype}")
    if array.ndim < min_ndim:
        raise ValueError(f"{name} must have at least {min_ndim} dimension(s), got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    array = array.astype(_working_dtype(array.dtype), copy=False)
    if not _is_finite(array):
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return array


@np.errstate(over="ignore", invalid="ignore")
def _is_finite(array):
    """Of finite numbers only; their sum may overflow where no number is infinite."""
    return isfinite(np.add.reduce(array, axis=None)) or np.isfinite(array).all()


def _working_dtype(dtype):
    if dtype.kind in "biu":
        return np.float64
    if dtype.kind == "f":
        return np.float32 if dtype.itemsize <= 4 else np.float64
    return np.complex64 if dtype.itemsize <= 8 else np.complex128


def check_size(value, name, minimum=1):
    """`value` as an int that is at least `minimum`."""
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    try:
        size = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None
    if size < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {size}")
    return size


def check_number(value, name, minimum=None, *, above=None):
    """`value` as a finite float, at least `minimum` or greater than `above`."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None
    if not np.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}")
    if minimum is not None and number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}")
    if above is not None and number <= above:
        raise ValueError(f"{name} must be greater than {above}, got {number}")
    return number


def check_option(value, name, options):
    """`value` if it is one of `options`."""
    if not isinstance(value, Hashable) or value not in options:  # arrays are not hashable
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}, got {value!r}")
    return value
