"""Pooling: the largest or the mean entry of every window, channel by channel; and the mean of whole images.

x (N, H, W, C) -> y (N, H_out, W_out, C), kernel (kh, kw), stride s (default: the kernel), in the notation of `conv2d`

    max      y[n, i, j] = max_ab x[n, i s + a - top, j s + b - left],     outside x stands -inf
    average  y[n, i, j] = 1 / (kh kw) sum_ab x[...],                      outside x stands 0, and it counts
    global   y[n] = 1 / (H W) sum_ij x[n, i, j]                           (N, C)

Rows and columns below and right of the last whole window are left out, and their gradient is 0. A maximum has one
winner, the first in reading order among equals, and the gradient of y goes there whole. Each y is a linear map P of x
(for max: as long as the winners stay), so

    backward           dx = P^T dy
    double backward    s = <u, P^T dy>:   ds/d(dy) = P u,   ds/dx = 0

Both kinds of windows are separable: first along the width, then along the height (and back in the other order), so a
pass costs O(N H W C (kh + kw) / s). Nothing but x is kept for the way back: the maxima along the width are taken
again, and comparing entries with their maximum finds the winners.

References: LeCun et al. (1998), Gradient-based learning applied to document recognition, Proc. IEEE 86(11), section II,
https://doi.org/10.1109/5.726791. Lin, Chen & Yan (2014), Network in network, section 3.2,
https://arxiv.org/abs/1312.4400 (global).
"""

from typing import NamedTuple

import numpy as np

from npml_core.im2col import Geometry, four_sides, pair

from .base import Layer
from .convolution import windows_on
from .parameters import as_float

__all__ = [
    "AvgPool2D",
    "GlobalAvgPool2D",
    "MaxPool2D",
    "avg_pool2d",
    "avg_pool2d_backward",
    "avg_pool2d_double_backward",
    "global_avg_pool2d",
    "global_avg_pool2d_backward",
    "global_avg_pool2d_double_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "max_pool2d_double_backward",
]


class MaxPool2DCache(NamedTuple):
    """x (N, H, W, C), y (N, H_out, W_out, C), and where the windows stand."""

    x: np.ndarray
    y: np.ndarray
    window: Geometry


def max_pool2d(x, kernel, stride=None, padding=0):
    """y[n, i, j] = max_ab x[n, i s + a - top, j s + b - left], with -inf outside x.   x (N, H, W, C) -> y, cache

    kernel, stride: an int or a pair, stride = kernel by default; padding as in `conv2d`, smaller than the kernel.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import max_pool2d, max_pool2d_backward
    >>> y, cache = max_pool2d(np.arange(16.0).reshape(1, 4, 4, 1), 2)
    >>> y[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    >>> max_pool2d_backward(y, cache)[0, :, :, 0]
    array([[ 0.,  0.,  0.,  0.],
           [ 0.,  5.,  0.,  7.],
           [ 0.,  0.,  0.,  0.],
           [ 0., 13.,  0., 15.]])
    """
    x = as_float(x)
    window = _check_window(x, kernel, stride, padding)
    y = _largest(_largest(x, 2, window), 1, window)
    return y, MaxPool2DCache(x, y, window)


def max_pool2d_backward(dy, cache):
    """dL/dx: dy at the winner of each window, added up where windows overlap."""
    x, y, window = cache
    widest = _largest(x, 2, window)
    return _to_winners(_to_winners(dy, widest, y, 1, window), x, widest, 2, window)


def max_pool2d_double_backward(ddx, dy, cache):
    """ds/d(dy): ddx at the winner of each window,   where s = <ddx, dL/dx>; ds/dx is 0."""
    x, y, window = cache
    widest = _largest(x, 2, window)
    return _at_winners(_at_winners(ddx, x, widest, 2, window), widest, y, 1, window)


def avg_pool2d(x, kernel, stride=None, padding=0):
    """y[n, i, j] = 1 / (kh kw) sum_ab x[n, i s + a - top, j s + b - left], 0 outside x.   x (N, H, W, C) -> y, cache

    kernel, stride and padding as in `max_pool2d`. The cache is the shape of x and where the windows stand.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import avg_pool2d
    >>> y, cache = avg_pool2d(np.arange(16.0).reshape(1, 4, 4, 1), 2)
    >>> y[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    x = as_float(x)
    window = _check_window(x, kernel, stride, padding)
    return _mean(x, window), (x.shape, window)


def avg_pool2d_backward(dy, cache):
    """dL/dx: dy / (kh kw) at every entry of each window, added up where windows overlap."""
    _, window = cache
    kh, kw = window.kernel
    return _spread(_spread(dy * dy.dtype.type(1 / (kh * kw)), 2, window), 1, window)


def avg_pool2d_double_backward(ddx, dy, cache):
    """ds/d(dy) = avg_pool2d(ddx),   where s = <ddx, dL/dx>; ds/dx is 0."""
    return _mean(ddx, cache[1])


def global_avg_pool2d(x):
    """y[n] = 1 / (H W) sum_ij x[n, i, j].   x (N, H, W, C) -> y (N, C); the cache holds the shape"""
    x = as_float(x)
    if x.ndim != 4 or 0 in x.shape[1:3]:
        raise ValueError(f"x must have shape (N, H, W, C) with at least one pixel, got {x.shape}")
    return x.mean(axis=(1, 2)), x.shape


def global_avg_pool2d_backward(dy, cache):
    """dL/dx = dy / (H W) at every pixel."""
    _, H, W, _ = cache
    dx = np.empty(cache, dy.dtype)
    dx[...] = (dy * dy.dtype.type(1 / (H * W)))[:, None, None]
    return dx


def global_avg_pool2d_double_backward(ddx, dy, cache):
    """ds/d(dy) = the mean of ddx over the image,   where s = <ddx, dL/dx>; ds/dx is 0."""
    return ddx.mean(axis=(1, 2))


def _check_window(x, kernel, stride, padding):
    if x.ndim != 4:
        raise ValueError(f"x must have shape (N, H, W, C), got {x.shape}")
    window = windows_on(x.shape[1:3], kernel, kernel if stride is None else stride, padding, 1)
    _check_padding(window.padding, window.kernel)
    return window


def _check_padding(sides, kernel):
    if max(sides[:2]) >= kernel[0] or max(sides[2:]) >= kernel[1]:
        raise ValueError(f"padding must be smaller than the kernel {kernel}, got {sides} (top, bottom, left, right)")


def _offsets(window, axis):
    """For every entry of a window along `axis`: the outputs (a slice) for which it lies inside x, and where it lies."""
    i = axis - 1
    size, n_out, stride, before = window.x_shape[axis], window.out[i], window.stride[i], window.padding[2 * i]
    for a in range(window.kernel[i]):
        first = max(-((a - before) // stride), 0)  # ceil((before - a) / stride)
        last = min((size - 1 + before - a) // stride, n_out - 1)
        if last >= first:
            start = first * stride + a - before
            yield _along(axis, first, last + 1, 1), _along(axis, start, start + (last - first) * stride + 1, stride)


def _along(axis, start, stop, step):
    return (slice(None),) * axis + (slice(start, stop, step),)


def _new(x, axis, n, fill):
    shape = (*x.shape[:axis], n, *x.shape[axis + 1 :])
    return np.full(shape, fill, x.dtype)


def _largest(x, axis, window):
    """The maxima of x over windows along `axis`."""
    y = _new(x, axis, window.out[axis - 1], -np.inf)
    for outputs, entries in _offsets(window, axis):
        np.maximum(y[outputs], x[entries], out=y[outputs])
    return y


def _to_winners(dy, x, y, axis, window):
    """Add dy to the first entry of each window of x along `axis` that is as large as y."""
    dx = _new(dy, axis, window.x_shape[axis], 0)
    left = dy.copy()  # what has not found its winner yet
    for outputs, entries in _offsets(window, axis):
        lost = left[outputs] * (x[entries] < y[outputs])
        dx[entries] += left[outputs] - lost
        left[outputs] = lost
    return dx


def _at_winners(ddx, x, y, axis, window):
    """Entries of ddx where each window of x along `axis` has its first maximum y: the adjoint of `_to_winners`."""
    ddy = np.zeros_like(y)
    is_open = np.ones(y.shape, bool)
    for outputs, entries in _offsets(window, axis):
        wins = is_open[outputs] & ~(x[entries] < y[outputs])
        ddy[outputs] += ddx[entries] * wins
        is_open[outputs] &= ~wins
    return ddy


def _mean(x, window):
    return _total(_total(x, 1, window), 2, window) * x.dtype.type(1 / (window.kernel[0] * window.kernel[1]))


def _total(x, axis, window):
    """The sums of x over windows along `axis`."""
    y = _new(x, axis, window.out[axis - 1], 0)
    for outputs, entries in _offsets(window, axis):
        y[outputs] += x[entries]
    return y


def _spread(dy, axis, window):
    """Add dy to all entries of its window along `axis`: the adjoint of `_total`."""
    dx = _new(dy, axis, window.x_shape[axis], 0)
    for outputs, entries in _offsets(window, axis):
        dx[entries] += dy[outputs]
    return dx


class MaxPool2D(Layer):
    """The largest entry of every window of images (N, H, W, C); the first of several equal ones gets the gradient.

    Parameters
    ----------
    kernel : int or pair
        Height and width of the window.
    stride : int or pair, default=None
        Step from one window to the next; None: the kernel.
    padding : int, pair, four ints, "same" or "valid", default=0
        As in `Conv2D`, but smaller than the kernel, and of -inf.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import MaxPool2D
    >>> MaxPool2D(2)(np.zeros((5, 8, 8, 3))).shape
    (5, 4, 4, 3)
    """

    def __init__(self, kernel, stride=None, padding=0):
        _check_settings(kernel, stride, padding)
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def _forward(self, x):
        return max_pool2d(x, self.kernel, self.stride, self.padding)

    def _backward(self, dy, cache):
        return max_pool2d_backward(dy, cache), {}

    def _double_backward(self, ddx, dy, cache):
        return max_pool2d_double_backward(ddx, dy, cache), None, {}


class AvgPool2D(Layer):
    """The mean of every window of images (N, H, W, C); padding counts.

    Parameters
    ----------
    kernel : int or pair
        Height and width of the window.
    stride : int or pair, default=None
        Step from one window to the next; None: the kernel.
    padding : int, pair, four ints, "same" or "valid", default=0
        As in `Conv2D`, but smaller than the kernel.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import AvgPool2D
    >>> AvgPool2D(3, stride=2, padding=1)(np.zeros((5, 8, 8, 3))).shape
    (5, 4, 4, 3)
    """

    def __init__(self, kernel, stride=None, padding=0):
        _check_settings(kernel, stride, padding)
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def _forward(self, x):
        return avg_pool2d(x, self.kernel, self.stride, self.padding)

    def _backward(self, dy, cache):
        return avg_pool2d_backward(dy, cache), {}

    def _double_backward(self, ddx, dy, cache):
        return avg_pool2d_double_backward(ddx, dy, cache), None, {}


class GlobalAvgPool2D(Layer):
    """The mean over all pixels of images (N, H, W, C) -> (N, C).

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import GlobalAvgPool2D
    >>> GlobalAvgPool2D()(np.ones((2, 8, 8, 3))).shape
    (2, 3)
    """

    def _forward(self, x):
        return global_avg_pool2d(x)

    def _backward(self, dy, cache):
        return global_avg_pool2d_backward(dy, cache), {}

    def _double_backward(self, ddx, dy, cache):
        return global_avg_pool2d_double_backward(ddx, dy, cache), None, {}


def _check_settings(kernel, stride, padding):
    """Complain now, not at the first image."""
    kernel = pair(kernel, "kernel")
    stride = kernel if stride is None else pair(stride, "stride")
    _check_padding(four_sides(padding, (1, 1), kernel, stride, (1, 1)), kernel)
