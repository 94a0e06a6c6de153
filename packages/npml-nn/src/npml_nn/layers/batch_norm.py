"""BatchNorm: each channel is standardised over the batch and all places, then scaled and shifted.

x, y (..., C) as M rows of C channels, g, b (C,). In training, with the mean and variance of the batch,

    h = (x - mean) r,   r = 1 / sqrt(var + eps),   y = g h + b,       var = 1/M sum (x - mean)^2
    running_mean <- (1 - momentum) running_mean + momentum mean
    running_var  <- (1 - momentum) running_var  + momentum var M / (M - 1)        (the unbiased estimate)

and in evaluation with the running mean and variance, which are constants. Backward and double backward in training:

    backward    d = g dy:   dx = r (d - mean d - h mean(d h)),   dg = sum dy h,   db = sum dy
    double      s = <u, dx>: `layers/standardize.py` for d and x;   ds/d(dy) = g J u,   ds/dg = sum dy J u

Sums over a tall thin array are slow: rows are taken together into wide ones, (M / 16, 16 C), summed, and the 16 parts
added; a few rows at a time, which stay in the cache of the processor. O(M C) time, O(C) memory besides x and y.

References: Ioffe & Szegedy (2015), Batch normalization: accelerating deep network training by reducing internal
covariate shift, algorithms 1 and 2, https://arxiv.org/abs/1502.03167.
"""

from math import prod
from numbers import Real
from typing import NamedTuple

import numpy as np

from .base import Layer
from .elementwise import get_activation
from .layer_norm import check_eps
from .parameters import as_float, check_sizes, float_dtype
from .standardize import standardize_double_backward

__all__ = ["BatchNorm1D", "BatchNorm2D", "batch_norm", "batch_norm_backward", "batch_norm_double_backward"]

CHUNK = 65536  # numbers worked on at a time
WIDEST = 4096  # numbers in a widened row, at most


class BatchNormCache(NamedTuple):
    """x (..., C), g (C,), mean, var and r (C,), and whether mean and var are those of x (not given as constants)."""

    x: np.ndarray
    g: np.ndarray
    mean: np.ndarray
    var: np.ndarray
    r: np.ndarray
    of_batch: bool


def batch_norm(x, g, b, eps=1e-5, mean=None, var=None):
    """y = g (x - mean) / sqrt(var + eps) + b.   x (..., C), g, b (C,) -> y (..., C)

    mean, var (C,): constants, in evaluation; by default those of x over all axes but the last, in training.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import batch_norm
    >>> y, cache = batch_norm(np.array([[1.0, 5.0], [3.0, 5.0]]), np.ones(2), np.zeros(2))
    >>> y.round(4)
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    x, of_batch = as_float(x), mean is None
    if x.ndim < 2 or x.shape[-1] != len(g):
        raise ValueError(f"x must have shape (N, ..., {len(g)}), got {x.shape}")
    if of_batch:
        if x.size < 2 * len(g):
            raise ValueError(f"x must have more than one value per channel in training, got shape {x.shape}")
        mean, var = _moments(x)
    r = (1 / np.sqrt(var + eps)).astype(x.dtype, copy=False)
    wide, repeat = _widened(x)
    y, (shift, scale, offset) = np.empty(wide.shape, x.dtype), (np.tile(a, repeat) for a in (mean, g * r, b))
    for some in _chunks(wide):
        np.subtract(wide[some], shift, out=y[some])
        y[some] *= scale
        y[some] += offset
    return y.reshape(x.shape), BatchNormCache(x, g, mean, var, r, of_batch)


def batch_norm_backward(dy, cache):
    """dL/dx = J (g dy),   dL/dg = sum of dy h,   dL/db = sum of dy.   Constant mean and var: dL/dx = g r dy"""
    x, g, mean, _, r, of_batch = cache
    (wide, repeat), dwide, n = _widened(x), _widened(dy)[0], x.size // len(g)
    shift, db, dg = np.tile(mean, repeat), np.zeros(wide.shape[1], x.dtype), np.zeros(wide.shape[1], x.dtype)
    for some in _chunks(wide):
        db += _column_sums(dwide[some])
        dg += np.einsum("ij,ij->j", wide[some] - shift, dwide[some])
    db, dg = _folded(db, repeat), _folded(dg, repeat) * r
    scale, mean_d, mean_dh = (np.tile(a, repeat) for a in (g * r, db / n, dg * r / n))
    dx = np.empty(wide.shape, x.dtype)
    for some in _chunks(wide):
        if of_batch:
            np.subtract(wide[some], shift, out=dx[some])
            dx[some] *= mean_dh
            dx[some] += mean_d
            np.subtract(dwide[some], dx[some], out=dx[some])
            dx[some] *= scale
        else:
            np.multiply(dwide[some], scale, out=dx[some])
    return dx.reshape(x.shape), dg, db


def batch_norm_double_backward(ddx, dy, cache):
    """ds/d(dy) = g J ddx,   ds/dx,   ds/dg = sum of dy J ddx,   where s = <ddx, dL/dx> in training; ds/db is 0."""
    x, g, mean, _, r, _ = cache
    rows, drows, ddrows = (a.reshape(-1, len(g)) for a in (x, dy, ddx))
    v, d_x = standardize_double_backward(ddrows, drows * g, (rows - mean) * r, r, axis=0)
    return (v * g).reshape(x.shape), d_x.reshape(x.shape), (drows * v).sum(axis=0)


def _moments(x):
    """Mean and variance (divided by n) of each channel.

    var = mean (x - s)^2 - (mean x - s)^2 is exact enough where the shift s is near the mean: that of the first row
    is, or else the mean that it gave is used in a second pass.
    """
    first = x.reshape(-1, x.shape[-1])[0]
    mean, var = _shifted_moments(x, first)
    if not (np.abs(mean - first) <= 4 * np.sqrt(np.maximum(var, 0))).all():
        mean, var = _shifted_moments(x, mean)
    return mean, np.maximum(var, 0)


def _shifted_moments(x, shift):
    n, (wide, repeat) = x.size // x.shape[-1], _widened(x)
    tiled = np.tile(shift, repeat)
    total, squares = np.zeros(wide.shape[1], x.dtype), np.zeros(wide.shape[1], x.dtype)
    for some in _chunks(wide):
        centred = wide[some] - tiled
        total += _column_sums(centred)
        squares += np.einsum("ij,ij->j", centred, centred)
    step = _folded(total, repeat) / n
    return shift + step, _folded(squares, repeat) / n - np.square(step)


def _column_sums(wide):
    """Sums down the columns, as a product with a vector."""
    return np.ones(len(wide), wide.dtype) @ wide


def _widened(x):
    """The rows of x (..., C), `repeat` of them side by side in each row of the result; and `repeat`."""
    c = x.shape[-1]
    n = prod(x.shape[:-1])
    repeat = next(k for k in (16, 8, 4, 2, 1) if k == 1 or (n % k == 0 and k * c <= WIDEST))
    return x.reshape(n // repeat, repeat * c), repeat


def _folded(sums, repeat):
    return sums.reshape(repeat, -1).sum(axis=0)


def _chunks(wide):
    step = max(1, CHUNK // wide.shape[1])
    return [slice(start, start + step) for start in range(0, len(wide), step)]


class _BatchNorm(Layer):
    """What the two have in common: they differ in the number of axes of x that they accept."""

    ranks: tuple[int, ...]
    layout: str

    def __init__(self, n: int, eps: float = 1e-5, momentum: float = 0.1, activation=None, dtype=np.float32):
        check_sizes(n=n)
        if not (isinstance(momentum, Real) and 0 <= momentum <= 1):
            raise ValueError(f"momentum must be a number between 0 and 1, got {momentum!r}")
        self.n, self.eps, self.momentum = n, check_eps(eps), float(momentum)
        self.activation = get_activation(activation)
        self.add_param("g", np.ones(n, float_dtype(dtype)))
        self.add_param("b", np.zeros(n, dtype))
        self.add_buffer("running_mean", np.zeros(n, dtype))
        self.add_buffer("running_var", np.ones(n, dtype))

    def reset_running_stats(self) -> None:
        """Forget the batches seen: running mean 0, running variance 1."""
        self.running_mean.fill(0)
        self.running_var.fill(1)

    def _forward(self, x):
        if x.ndim not in self.ranks:
            raise ValueError(f"x must have shape {self.layout}, got {x.shape}")
        if not self.training:
            return batch_norm(x, self.g, self.b, self.eps, self.running_mean, self.running_var)
        y, cache = batch_norm(x, self.g, self.b, self.eps)
        n = x.size // self.n
        self.running_mean += self.momentum * (cache.mean - self.running_mean)
        self.running_var += self.momentum * (cache.var * (n / (n - 1)) - self.running_var)
        return y, cache

    def _backward(self, dy, cache):
        dx, dg, db = batch_norm_backward(dy, cache)
        return dx, {"g": dg, "b": db}

    def _double_backward(self, ddx, dy, cache):
        ddy, d_x, dg = batch_norm_double_backward(ddx, dy, cache)
        return ddy, d_x, {"g": dg}

    def _multiply_adds(self, input_shapes, output_shapes):
        return 2 * prod(input_shapes[0])


class BatchNorm1D(_BatchNorm):
    """Standardise each channel of (N, C) or (N, T, C) over the batch (and time), then scale by g and shift by b.

    Parameters
    ----------
    n : int
        Channels, the last axis of x.
    eps : float, default=1e-5
        Added to the variance.
    momentum : float, default=0.1
        Weight of a new batch in the running statistics.
    activation : str, layer, layer class, callable or None, default=None
        Applied to the output.
    dtype : {float32, float64}, default=float32
        Of parameters, statistics and results.

    Raises
    ------
    ValueError
        In training, if there is but one value per channel: its variance says nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import BatchNorm1D
    >>> layer = BatchNorm1D(2)
    >>> layer(np.array([[1.0, 10.0], [3.0, 30.0]])).round(3)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    >>> layer.running_mean
    array([0.2, 2. ], dtype=float32)
    >>> layer.eval()(np.array([[0.2, 2.0]])).round(3)
    array([[0., 0.]], dtype=float32)
    """

    ranks, layout = (2, 3), "(N, C) or (N, T, C)"


class BatchNorm2D(_BatchNorm):
    """Standardise each channel of images (N, H, W, C) over the batch and all pixels, then scale by g and shift by b.

    Parameters
    ----------
    n : int
        Channels, the last axis of x.
    eps : float, default=1e-5
        Added to the variance.
    momentum : float, default=0.1
        Weight of a new batch in the running statistics.
    activation : str, layer, layer class, callable or None, default=None
        Applied to the output.
    dtype : {float32, float64}, default=float32
        Of parameters, statistics and results.

    Raises
    ------
    ValueError
        In training, if there is but one value per channel.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import BatchNorm2D
    >>> y = BatchNorm2D(3)(np.random.default_rng(0).normal(5, 2, size=(8, 4, 4, 3)))
    >>> bool(np.allclose(y.mean(axis=(0, 1, 2)), 0, atol=1e-5))
    True
    """

    ranks, layout = (4,), "(N, H, W, C)"
