"""Flatten and Reshape: the same numbers in another shape; gradients go back into the old one. O(1), no copy."""

from math import prod

from .base import Layer
from .parameters import as_float

__all__ = ["Flatten", "Reshape", "flatten", "flatten_backward"]


def flatten(x, start_dim=1):
    """y: the axes of x from `start_dim` on as one.   x (N, ...) -> y (N, D); the cache holds the shape"""
    x = as_float(x)
    if not -x.ndim <= start_dim < max(x.ndim, 1):
        raise ValueError(f"start_dim must be an axis of x, got {start_dim} for shape {x.shape}")
    kept = x.shape[: start_dim % max(x.ndim, 1)]
    return x.reshape(*kept, prod(x.shape[len(kept) :])), x.shape


def flatten_backward(dy, cache):
    """dL/dx = dy in the shape of x."""
    return dy.reshape(cache)


class Flatten(Layer):
    """All axes from `start_dim` on become one.

    Parameters
    ----------
    start_dim : int, default=1
        The first axis that goes; 1 keeps the batch axis.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Flatten
    >>> Flatten()(np.zeros((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1):
        self.start_dim = start_dim

    def _forward(self, x):
        y, shape = flatten(x, self.start_dim)
        return y, (shape, y.shape)

    def _backward(self, dy, cache):
        return dy.reshape(cache[0]), {}

    def _double_backward(self, ddx, dy, cache):
        return ddx.reshape(cache[1]), None, {}


class Reshape(Layer):
    """Each sample in another shape.

    Parameters
    ----------
    shape : tuple of int
        Of one sample, without the batch axis; one size may be -1.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Reshape
    >>> Reshape((4, 3))(np.zeros((2, 12))).shape
    (2, 4, 3)
    """

    def __init__(self, shape):
        self.shape = shape

    def _forward(self, x):
        x = as_float(x)
        y = x.reshape(x.shape[0], *((self.shape,) if isinstance(self.shape, int) else self.shape))
        return y, (x.shape, y.shape)

    def _backward(self, dy, cache):
        return dy.reshape(cache[0]), {}

    def _double_backward(self, ddx, dy, cache):
        return ddx.reshape(cache[1]), None, {}
