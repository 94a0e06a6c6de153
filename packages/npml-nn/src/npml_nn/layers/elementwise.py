"""Elementwise ops y = f(x): the one forward, backward and double backward that all activations share.

    forward            y = f(x)
    backward           dx = dy f'(x)
    double backward    s = <u, dy f'(x)>:   ds/d(dy) = u f'(x),   ds/dx = u dy f''(x)

An activation says what f, f' and f'' are. No exponential is computed twice: where f' and f'' follow from y alone
(tanh' = 1 - y^2) the cache holds y, which the next layer holds anyway; where f and f' share their costly part (the
sigmoid of SiLU) the forward pass of training works out both and keeps f'(x). All passes run over pieces that stay in
the cache of the processor: O(n) time, no other temporary as large as x.
"""

from typing import Any, NamedTuple

import numpy as np

from .base import Layer
from .parameters import as_float

__all__ = [
    "Activation",
    "elementwise",
    "elementwise_backward",
    "elementwise_double_backward",
    "get_activation",
    "register_activation",
]

CHUNK = 65536  # numbers worked on at a time

_activations: dict[str, type] = {}


class Activation(Layer):
    """Base of elementwise layers: a subclass gives f, f' and f'', each written into `out`.

    Attributes
    ----------
    from_output : bool
        Whether ``_grad`` and ``_grad2`` are functions of y = f(x); otherwise they are of x.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Activation, gradcheck
    >>> class Square(Activation):
    ...     def _value(self, x, out):
    ...         np.multiply(x, x, out=out)
    ...     def _grad(self, x, out):
    ...         np.multiply(2, x, out=out)
    ...     def _grad2(self, x, out):
    ...         out.fill(2)
    >>> gradcheck(Square(), [np.array([1.0, -2.0])], second_order=True)
    True
    """

    from_output = False
    _value_and_grad: Any = None  # (x, out, slope): both at once, where that is cheaper; slope may be x
    _in_place = False  # whether f'(x) may be written over x, which nobody else reads; there is no double_backward then

    def _value(self, x, out):
        raise TypeError(f"{type(self).__name__} must define _value(x, out)")

    def _grad(self, z, out):
        raise TypeError(f"{type(self).__name__} must define _grad(z, out)")

    def _grad2(self, z, out):
        raise TypeError(f"{type(self).__name__} must define _grad2(z, out)")

    def grad(self, x) -> np.ndarray:
        """f'(x), elementwise."""
        return self._derivative(self._grad, x)

    def grad2(self, x) -> np.ndarray:
        """f''(x), elementwise."""
        return self._derivative(self._grad2, x)

    def _derivative(self, derivative, x):
        x = as_float(x)
        return _in_chunks(derivative, _in_chunks(self._value, x) if self.from_output else x)

    def _forward(self, x):
        return elementwise(self, x)

    def _backward(self, dy, cache):
        return elementwise_backward(dy, cache), {}

    def _double_backward(self, ddx, dy, cache):
        return *elementwise_double_backward(ddx, dy, cache), {}


class ElementwiseCache(NamedTuple):
    """z: what f' is a function of, x or y; slope: f'(x) where the forward pass made it. Same shape as x."""

    z: np.ndarray | None
    activation: Activation
    slope: np.ndarray | None = None


def elementwise(activation, x):
    """y = f(x).   x (...) -> y (...)"""
    x = as_float(x)
    if activation._value_and_grad is not None and activation.training:
        slope = x if activation._in_place else np.empty(x.shape, x.dtype)
        y = _in_chunks(lambda x, slope, out: activation._value_and_grad(x, out, slope), x, slope)
        return y, ElementwiseCache(None if activation._in_place else x, activation, slope)
    y = _in_chunks(activation._value, x)
    return y, ElementwiseCache(y if activation.from_output else x, activation)


def elementwise_backward(dy, cache):
    """dL/dx = dy f'(x)."""
    if cache.slope is not None:
        return np.multiply(dy, cache.slope, out=cache.slope if cache.z is None else None)

    def product(dy, z, out):
        cache.activation._grad(z, out)
        np.multiply(out, dy, out=out)

    return _in_chunks(product, dy, cache.z)


def elementwise_double_backward(ddx, dy, cache):
    """ds/d(dy) = ddx f'(x),   ds/dx = ddx dy f''(x),   where s = <ddx, dL/dx>."""
    if cache.z is None:
        raise TypeError(f"the {type(cache.activation).__name__} of a block that has no double_backward has none either")

    def product(ddx, dy, z, out):
        cache.activation._grad2(z, out)
        np.multiply(out, dy, out=out)
        np.multiply(out, ddx, out=out)

    return elementwise_backward(ddx, cache), _in_chunks(product, ddx, dy, cache.z)


def register_activation(name: str, layer: type) -> None:
    """Let `name` stand for ``layer()`` wherever an activation is asked for."""
    _activations[name] = layer


def get_activation(spec):
    """Return `spec` (None, a name, a layer, its class, or the function of it) as a layer, or None.

    Raises
    ------
    ValueError
        For a name that is not registered; it lists those that are.
    TypeError
        For anything else, functions without a known derivative included.
    """
    if spec is None or isinstance(spec, Layer):
        return spec
    if isinstance(spec, str):
        if spec not in _activations:
            raise ValueError(f"activation must be one of {sorted(_activations)}, got {spec!r}")
        return _activations[spec]()
    spec = getattr(spec, "layer", spec)  # a function such as npml_nn.relu knows its layer
    if isinstance(spec, type) and issubclass(spec, Layer):
        return spec()
    if callable(spec) and callable(getattr(spec, "grad", None)):
        return Custom(spec)
    raise TypeError(
        "activation must be None, a name, a layer, a layer class, or a callable f with f.grad (and f.grad2 for second "
        f"derivatives), got {spec!r}"
    )


class Custom(Activation):
    """A function that brings its derivatives along as ``function.grad`` and ``function.grad2``."""

    def __init__(self, function):
        self.function = function

    def _value(self, x, out):
        out[...] = self.function(x)

    def _grad(self, x, out):
        out[...] = self.function.grad(x)

    def _grad2(self, x, out):
        out[...] = self.function.grad2(x)


def positive_part(x, out=None):
    """max(x, 0), with an array of zeros: NumPy has fast loops for two arrays alone."""
    return np.maximum(x, np.zeros_like(x), out=out)


def logistic(x, out):
    """1 / (1 + exp(-x)) into `out`; where exp(-x) overflows to inf, that is 0 as it should be."""
    np.negative(x, out=out)
    with np.errstate(over="ignore"):
        np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)


def _in_chunks(function, *arrays):
    """function(*pieces, out=piece) over flat pieces of arrays of one shape."""
    flat = [array.reshape(-1) for array in arrays]
    out = np.empty(flat[0].shape, flat[0].dtype)
    if out.size <= CHUNK:
        function(*flat, out=out)
    else:
        for start in range(0, out.size, CHUNK):
            piece = slice(start, start + CHUNK)
            function(*(array[piece] for array in flat), out=out[piece])
    return out.reshape(arrays[0].shape)
