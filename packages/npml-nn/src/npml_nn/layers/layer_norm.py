"""LayerNorm and RMSNorm: each sample is standardised over its own features, then scaled and shifted.

x, y (..., D) as M rows of D numbers (D may be several trailing axes), g, b (D,):

    layer norm    h = (x - mean x) r,   r = 1 / sqrt(var x + eps),      y = g h + b      (var: mean square deviation)
    RMS norm      h = x r,              r = 1 / sqrt(mean x^2 + eps),   y = g h
    backward      d = g dy:   dx = r (d - mean d - h mean(d h)),   dg = sum dy h,   db = sum dy    (RMS: no mean d)
    double        s = <u, dx>: `layers/standardize.py` for d and x;   ds/d(dy) = g J u,   ds/dg = sum dy J u

All passes run over a few rows at a time, which stay in the cache of the processor; sums over rows and over columns are
products with a vector. O(M D) time; h and r are kept for the backward pass.

The mean of a row whose numbers differ by little is inexact, compared to what they differ by. There the row is shifted
by its first number before its mean is taken: a constant row gives exactly b, and a large common offset costs no digits.

References: Ba, Kiros & Hinton (2016), Layer normalization, https://arxiv.org/abs/1607.06450. Zhang & Sennrich (2019),
Root mean square layer normalization, https://arxiv.org/abs/1910.07467.
"""

from math import prod
from numbers import Real
from typing import NamedTuple

import numpy as np

from .base import Layer
from .elementwise import get_activation
from .parameters import as_float, check_sizes, float_dtype
from .standardize import standardize_double_backward

__all__ = [
    "LayerNorm",
    "RMSNorm",
    "layer_norm",
    "layer_norm_backward",
    "layer_norm_double_backward",
    "rms_norm",
    "rms_norm_backward",
    "rms_norm_double_backward",
]

CHUNK = 131072  # numbers worked on at a time


class LayerNormCache(NamedTuple):
    """h (...), g (D...), for each of the M rows r (M, 1), and whether the mean was subtracted."""

    h: np.ndarray
    g: np.ndarray
    r: np.ndarray
    centred: bool


def layer_norm(x, g, b, eps=1e-5):
    """y = g (x - mean) / sqrt(var + eps) + b.   x (..., D), g, b (D,), where D is one or several axes -> y (..., D)

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import layer_norm
    >>> y, cache = layer_norm([[1.0, 3.0], [7.0, 7.0]], np.ones(2), np.zeros(2), eps=1e-12)
    >>> y.round(6)
    array([[-1.,  1.],
           [ 0.,  0.]])
    """
    return _forward(as_float(x), g, b, eps, centred=True)


def layer_norm_backward(dy, cache):
    """dL/dx = J (g dy),   dL/dg = sum of dy h over the rows,   dL/db = sum of dy."""
    return _backward(dy, cache)


def layer_norm_double_backward(ddx, dy, cache):
    """ds/d(dy) = g J ddx,   ds/dx,   ds/dg = sum of dy J ddx over the rows,   where s = <ddx, dL/dx>; ds/db is 0."""
    return _double_backward(ddx, dy, cache)


def rms_norm(x, g, eps=1e-5):
    """y = g x / sqrt(mean of x^2 + eps).   x (..., D), g (D,), where D is one or several axes -> y (..., D)"""
    return _forward(as_float(x), g, None, eps, centred=False)


def rms_norm_backward(dy, cache):
    """dL/dx = J (g dy),   dL/dg = sum of dy h over the rows."""
    return _backward(dy, cache)[:2]


def rms_norm_double_backward(ddx, dy, cache):
    """ds/d(dy) = g J ddx,   ds/dx,   ds/dg = sum of dy J ddx over the rows,   where s = <ddx, dL/dx>."""
    return _double_backward(ddx, dy, cache)


def _forward(x, g, b, eps, centred):
    if x.shape[x.ndim - g.ndim :] != g.shape:
        raise ValueError(f"x must have the shape (..., {', '.join(map(str, g.shape))}), got {x.shape}")
    rows, gain, shift = _rows(x, g.size), g.reshape(-1), None if b is None else b.reshape(-1)
    h, y, r = np.empty(rows.shape, x.dtype), np.empty(rows.shape, x.dtype), np.empty((len(rows), 1), x.dtype)
    average = np.full(g.size, 1 / g.size, x.dtype)
    for some in _chunks(rows):
        square = _centre(rows[some], average, h[some]) if centred else _mean_square(rows[some])
        r[some] = _inverse_root(h[some] if centred else rows[some], square, eps)
        np.multiply(h[some] if centred else rows[some], r[some], out=h[some])
        np.multiply(h[some], gain, out=y[some])
        if shift is not None:
            y[some] += shift
    return y.reshape(x.shape), LayerNormCache(h.reshape(x.shape), g, r, centred)


def _backward(dy, cache):
    h, g, r, centred = cache
    hrows, drows, gain, n = _rows(h, g.size), _rows(dy, g.size), g.reshape(-1), g.size
    dx, dg, db = np.empty(hrows.shape, h.dtype), np.zeros(n, gain.dtype), np.zeros(n, gain.dtype)
    share, ones = gain / n, np.ones(len(hrows), h.dtype)
    for some in _chunks(hrows):
        d, out = drows[some], dx[some]
        dh = d * hrows[some]
        dg += ones[some] @ dh
        db += ones[some] @ d
        np.multiply(d, gain, out=out)
        out -= np.multiply(hrows[some], (dh @ share)[:, None], out=dh)
        if centred:
            out -= (d @ share)[:, None]
        out *= r[some]
    return dx.reshape(h.shape), dg.reshape(g.shape), db.reshape(g.shape)


def _double_backward(ddx, dy, cache):
    h, g, r, centred = cache
    hrows, drows, gain = _rows(h, g.size), _rows(dy, g.size), g.reshape(-1)
    v, d_x = standardize_double_backward(_rows(ddx, g.size), drows * gain, hrows, r, 1, centred)
    return (v * gain).reshape(h.shape), d_x.reshape(h.shape), (drows * v).sum(axis=0).reshape(g.shape)


def _rows(x, n):
    return x.reshape(-1, n) if x.size else x.reshape(0, n)


def _chunks(rows):
    step = max(1, CHUNK // rows.shape[1])
    return [slice(start, start + step) for start in range(0, len(rows), step)]


def _centre(x, average, out):
    """X - mean x, and return its mean square."""
    mean = (x @ average)[:, None]
    np.subtract(x, mean, out=out)
    square = _mean_square(out)
    if not (np.abs(mean).max() <= 4 * np.sqrt(square.min()) and square.max() < np.inf):
        np.subtract(x, x[:, :1], out=out)
        out -= (out @ average)[:, None]
        square = _mean_square(out)
    return square


def _mean_square(x):
    return np.einsum("ij,ij->i", x, x)[:, None] / x.shape[1]


def _inverse_root(x, square, eps):
    """1 / sqrt(square + eps) of each row; one whose squares overflow is divided by its largest number first."""
    r = 1 / np.sqrt(square + eps)
    if not square.max() < np.inf:
        large = np.isinf(square[:, 0])
        top = np.abs(x[large]).max(axis=1, keepdims=True)
        r[large] = 1 / np.sqrt(np.square(x[large] / top).mean(axis=1, keepdims=True)) / top
    return r


class LayerNorm(Layer):
    """Standardise each sample over its trailing axes, then scale by g and shift by b.

    Parameters
    ----------
    shape : int or tuple of int
        The trailing axes of x that one sample's mean and variance are taken over: D, or (H, W, C).
    eps : float, default=1e-5
        Added to the variance.
    activation : str, layer, layer class, callable or None, default=None
        Applied to the output.
    dtype : {float32, float64}, default=float32
        Of parameters and results.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import LayerNorm
    >>> LayerNorm(3)(np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]])).round(3)
    array([[-1.225,  0.   ,  1.225],
           [ 0.   ,  0.   ,  0.   ]], dtype=float32)
    """

    def __init__(self, shape, eps: float = 1e-5, activation=None, dtype=np.float32):
        self.shape, self.eps = shape, check_eps(eps)
        self.activation = get_activation(activation)
        sizes = _sizes(shape)
        self.add_param("g", np.ones(sizes, float_dtype(dtype)))
        self.add_param("b", np.zeros(sizes, dtype))

    def _forward(self, x):
        return layer_norm(x, self.g, self.b, self.eps)

    def _backward(self, dy, cache):
        dx, dg, db = layer_norm_backward(dy, cache)
        return dx, {"g": dg, "b": db}

    def _double_backward(self, ddx, dy, cache):
        ddy, d_x, dg = layer_norm_double_backward(ddx, dy, cache)
        return ddy, d_x, {"g": dg}

    def _multiply_adds(self, input_shapes, output_shapes):
        return 2 * prod(input_shapes[0])


class RMSNorm(Layer):
    """Divide each sample by the root mean square over its trailing axes, then scale by g.

    Parameters
    ----------
    n : int or tuple of int
        The trailing axes of x.
    eps : float, default=1e-5
        Added to the mean square.
    activation : str, layer, layer class, callable or None, default=None
        Applied to the output.
    dtype : {float32, float64}, default=float32
        Of parameters and results.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import RMSNorm
    >>> RMSNorm(2)(np.array([[3.0, 4.0]])).round(3)
    array([[0.849, 1.131]], dtype=float32)
    """

    def __init__(self, n, eps: float = 1e-5, activation=None, dtype=np.float32):
        self.n, self.eps = n, check_eps(eps)
        self.activation = get_activation(activation)
        self.add_param("g", np.ones(_sizes(n), float_dtype(dtype)))

    def _forward(self, x):
        return rms_norm(x, self.g, self.eps)

    def _backward(self, dy, cache):
        dx, dg = rms_norm_backward(dy, cache)
        return dx, {"g": dg}

    def _double_backward(self, ddx, dy, cache):
        ddy, d_x, dg = rms_norm_double_backward(ddx, dy, cache)
        return ddy, d_x, {"g": dg}

    def _multiply_adds(self, input_shapes, output_shapes):
        return 2 * prod(input_shapes[0])


def check_eps(eps):
    """`eps` as a float, which must be positive: without it a constant input is divided by zero."""
    if not (isinstance(eps, Real) and 0 < eps < np.inf):
        raise ValueError(f"eps must be a positive number, got {eps!r}")
    return float(eps)


def _sizes(shape):
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    for size in sizes or (0,):
        check_sizes(shape=size)
    return sizes
