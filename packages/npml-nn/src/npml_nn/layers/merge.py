"""Add and Multiply: several inputs of one shape (or that broadcast) into one, elementwise.

    Add         y = x_1 + ... + x_n       dx_i = dy
    Multiply    y = x_1 ... x_n           dx_i = dy prod_{j != i} x_j

An axis that was stretched to the shape of y is summed over on the way back. Products leave factors out rather than
divide by them, so zeros are no special case: O(n) passes over y for the gradients, O(n^2) for the second ones.
"""

from functools import reduce

import numpy as np

from .base import Layer
from .parameters import as_float

__all__ = [
    "Add",
    "Multiply",
    "add",
    "add_backward",
    "add_double_backward",
    "multiply",
    "multiply_backward",
    "multiply_double_backward",
]


def add(*xs):
    """y = x_1 + ... + x_n.   each x_i broadcasts to (...) -> y (...); the cache holds the shapes"""
    xs = tuple(as_float(x) for x in xs)
    return reduce(np.add, xs), tuple(x.shape for x in xs)


def add_backward(dy, cache):
    """dL/dx_i = dy."""
    return tuple(_unbroadcast(dy, shape) for shape in cache)


def add_double_backward(ddxs, dy, cache):
    """ds/d(dy) = sum of ddx_i,   where s = sum of <ddx_i, dL/dx_i>; ds/dx_i = 0."""
    return np.broadcast_to(reduce(np.add, ddxs), dy.shape)


def multiply(*xs):
    """y = x_1 ... x_n.   each x_i broadcasts to (...) -> y (...); the cache holds the inputs"""
    xs = tuple(as_float(x) for x in xs)
    return reduce(np.multiply, xs), xs


def multiply_backward(dy, cache):
    """dL/dx_i = dy prod_{j != i} x_j."""
    others = _products_of_others(cache)
    return tuple(_unbroadcast(dy * other, x.shape) for other, x in zip(others, cache))


def multiply_double_backward(ddxs, dy, cache):
    """ds/d(dy) = sum_i ddx_i prod_{j != i} x_j,   ds/dx_k = dy sum_{i != k} ddx_i prod_{j != i, k} x_j."""
    ddy, dxs = np.zeros_like(dy), [np.zeros_like(dy) for _ in cache]
    for i, ddx in enumerate(ddxs):
        replaced = [*cache[:i], ddx, *cache[i + 1 :]]  # the product in which u_i stands for x_i
        ddy += reduce(np.multiply, replaced)
        for k, others in enumerate(_products_of_others(replaced)):
            if k != i:
                dxs[k] += dy * others
    return ddy, tuple(_unbroadcast(dx, x.shape) for dx, x in zip(dxs, cache))


class Add(Layer):
    """The sum of its inputs.

    Examples
    --------
    >>> from npml_nn import Add
    >>> Add()([1.0, 2.0], [10.0, 20.0])
    array([11., 22.])
    """

    def _forward(self, *xs):
        return add(*xs)

    def _backward(self, dy, cache):
        return _one_or_all(add_backward(dy, cache)), {}

    def _double_backward(self, ddx, dy, cache):
        return add_double_backward(_as_tuple(ddx), dy, cache), None, {}


class Multiply(Layer):
    """The elementwise product of its inputs.

    Examples
    --------
    >>> from npml_nn import Multiply
    >>> Multiply()([1.0, 2.0], [10.0, 20.0])
    array([10., 40.])
    """

    def _forward(self, *xs):
        return multiply(*xs)

    def _backward(self, dy, cache):
        return _one_or_all(multiply_backward(dy, cache)), {}

    def _double_backward(self, ddx, dy, cache):
        ddy, dxs = multiply_double_backward(_as_tuple(ddx), dy, cache)
        return ddy, _one_or_all(dxs), {}


def _products_of_others(xs):
    """For each i the product of all factors but x_i, from running products from both ends."""
    before, after = [1], [1]
    for x in xs[:-1]:
        before.append(before[-1] * x)
    for x in xs[:0:-1]:
        after.append(after[-1] * x)
    return [left * right for left, right in zip(before, reversed(after))]


def _unbroadcast(dy, shape):
    """Sum `dy` over the axes along which an array of `shape` was stretched."""
    if dy.shape == shape:
        return dy
    dy = dy.sum(axis=tuple(range(dy.ndim - len(shape))))
    return dy.sum(axis=tuple(i for i, size in enumerate(shape) if size == 1 and dy.shape[i] != 1), keepdims=True)


def _as_tuple(arrays):
    return arrays if isinstance(arrays, tuple) else (arrays,)


def _one_or_all(arrays):
    return arrays[0] if len(arrays) == 1 else arrays
