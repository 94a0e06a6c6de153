"""Softmax and log-softmax along one axis.

x, y (...), m = max x:   p = exp(x - m) / sum exp(x - m),   log p = x - m - log sum exp(x - m). Both O(n).

    softmax backward        dx = p (dy - <dy, p>)
    log-softmax backward    dx = dy - p sum(dy)
    double backward         s = <u, dx>, with J = diag(p) - p p^T the Jacobian of softmax
        softmax        ds/d(dy) = J u,             ds/dx = J (u dy - u <dy, p> - dy <u, p>)
        log-softmax    ds/d(dy) = u - <u, p>,      ds/dx = -sum(dy) J u

References: Bridle (1990), Probabilistic interpretation of feedforward classification network outputs.
"""

from math import prod
from typing import NamedTuple

import numpy as np

from .base import Layer
from .elementwise import register_activation
from .parameters import as_float

__all__ = [
    "LogSoftmax",
    "Softmax",
    "log_softmax",
    "log_softmax_backward",
    "log_softmax_double_backward",
    "softmax",
    "softmax_backward",
    "softmax_double_backward",
]

CHUNK = 65536  # numbers worked on at a time
SMALL = 20  # numbers whose exponentials neither overflow nor vanish


class SoftmaxCache(NamedTuple):
    """p (...): the probabilities; and the axis along which they sum to 1."""

    p: np.ndarray
    axis: int


def softmax(x, axis=-1):
    """p = exp(x) / sum of exp(x) along `axis`.   x (...) -> p (...)

    Examples
    --------
    >>> from npml_nn.functional import softmax
    >>> p, cache = softmax([[0.0, 1e4], [2.0, 2.0]])
    >>> p
    array([[0. , 1. ],
           [0.5, 0.5]])
    """

    def normalise(x, out):
        if all_small(x):
            np.exp(x, out=out)
        else:
            np.subtract(x, x.max(axis=axis, keepdims=True), out=out)
            np.exp(out, out=out)
        out /= row_sums(out) if axis in (-1, x.ndim - 1) else out.sum(axis=axis, keepdims=True)

    p = _in_row_chunks(normalise, axis, as_float(x))
    return p, SoftmaxCache(p, axis)


def softmax_backward(dy, cache):
    """dL/dx = p (dy - <dy, p>)."""
    p, axis = cache

    def product(dy, p, out):
        if axis in (-1, p.ndim - 1):
            mean = np.einsum("...i,...i->...", dy, p)[..., None]
        else:
            mean = np.multiply(dy, p, out=out).sum(axis=axis, keepdims=True)
        np.subtract(dy, mean, out=out)
        out *= p

    return _in_row_chunks(product, axis, dy, p)


def softmax_double_backward(ddx, dy, cache):
    """ds/d(dy) = J ddx,   ds/dx = J (ddx dy - ddx <dy, p> - dy <ddx, p>),   where s = <ddx, dL/dx>."""
    p, axis = cache
    mean_dy, mean_ddx = ((a * p).sum(axis=axis, keepdims=True) for a in (dy, ddx))
    return softmax_backward(ddx, cache), softmax_backward(ddx * dy - ddx * mean_dy - dy * mean_ddx, cache)


def log_softmax(x, axis=-1):
    """y = x - log of the sum of exp(x) along `axis`.   x (...) -> y (...)"""
    x = as_float(x)
    y = x - x.max(axis=axis, keepdims=True)
    p = np.exp(y)
    total = p.sum(axis=axis, keepdims=True)
    p /= total
    y -= np.log(total)
    return y, SoftmaxCache(p, axis)


def log_softmax_backward(dy, cache):
    """dL/dx = dy - p sum(dy)."""
    p, axis = cache
    return dy - p * dy.sum(axis=axis, keepdims=True)


def log_softmax_double_backward(ddx, dy, cache):
    """ds/d(dy) = ddx - <ddx, p>,   ds/dx = -sum(dy) J ddx,   where s = <ddx, dL/dx>."""
    p, axis = cache
    ddy = ddx - (ddx * p).sum(axis=axis, keepdims=True)
    return ddy, -dy.sum(axis=axis, keepdims=True) * softmax_backward(ddx, cache)


class Softmax(Layer):
    """Probabilities proportional to exp(x) along one axis.

    Parameters
    ----------
    axis : int, default=-1

    Examples
    --------
    >>> from npml_nn import Softmax
    >>> Softmax()([[1.0, 1.0]])
    array([[0.5, 0.5]])
    """

    def __init__(self, axis: int = -1):
        self.axis = axis

    def _forward(self, x):
        return softmax(x, self.axis)

    def _backward(self, dy, cache):
        return softmax_backward(dy, cache), {}

    def _double_backward(self, ddx, dy, cache):
        return *softmax_double_backward(ddx, dy, cache), {}


class LogSoftmax(Layer):
    """Logarithms of `Softmax`, exact where the probabilities underflow.

    Parameters
    ----------
    axis : int, default=-1

    Examples
    --------
    >>> from npml_nn import LogSoftmax
    >>> LogSoftmax()([[0.0, 1e4]])
    array([[-10000.,      0.]])
    """

    def __init__(self, axis: int = -1):
        self.axis = axis

    def _forward(self, x):
        return log_softmax(x, self.axis)

    def _backward(self, dy, cache):
        return log_softmax_backward(dy, cache), {}

    def _double_backward(self, ddx, dy, cache):
        return *log_softmax_double_backward(ddx, dy, cache), {}


def all_small(x):
    """Whether the softmax of x may leave out the maximum: max and min of a whole array cost less than that of rows."""
    return x.min(initial=0) >= -SMALL and x.max(initial=0) <= SMALL


def row_sums(x):
    """Sums along the last axis, which stays with size 1, as one product with a vector."""
    rows = x.reshape(prod(x.shape[:-1]), x.shape[-1])
    return (rows @ np.ones(x.shape[-1], x.dtype)).reshape(*x.shape[:-1], 1)


def _in_row_chunks(function, axis, *arrays):
    """function(*pieces, out=piece), a few rows at a time where the rows are whole along `axis`."""
    out = np.empty(arrays[0].shape, arrays[0].dtype)
    step = out.shape[0] if axis in (0, -out.ndim) else max(1, CHUNK * out.shape[0] // max(out.size, 1))
    for start in range(0, out.shape[0], max(step, 1)):
        rows = slice(start, start + step)
        function(*(array[rows] for array in arrays), out=out[rows])
    return out


register_activation("softmax", Softmax)
register_activation("log_softmax", LogSoftmax)
