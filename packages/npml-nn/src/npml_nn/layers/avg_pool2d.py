"""AvgPool2D and GlobalAvgPool2D: the mean of every window, and of the whole image, channel by channel.

x (N, H, W, C) -> y (N, H_out, W_out, C), kernel (kh, kw), stride s (the kernel by default), in the notation of `conv2d`

    average    y[n, i, j] = 1 / (kh kw) sum_ab x[n, i s + a - top, j s + b - left],     0 outside x, and it counts
    global     y[n] = 1 / (H W) sum_ij x[n, i, j]                                       (N, C)

Rows and columns below and right of the last whole window are left out, their gradient is 0. Both are linear, y = P x:

    backward           dx = P^T dy: every entry of a window gets its share of dy
    double backward    s = <u, P^T dy>:   ds/d(dy) = P u,   ds/dx = 0

Windows are separable: sums along the height, then along the width (back in the other order), cost
O(N H_out W_out C (kh + kw)).

References: LeCun et al. (1998), Gradient-based learning applied to document recognition, Proc. IEEE 86(11), section II,
https://doi.org/10.1109/5.726791. Lin, Chen & Yan (2014), Network in network, section 3.2,
https://arxiv.org/abs/1312.4400 (global).
"""

from math import prod

import numpy as np

from .base import Layer
from .parameters import as_float
from .pooling import along, check_pool_settings, pool_window, sample_chunks

__all__ = [
    "AvgPool2D",
    "GlobalAvgPool2D",
    "avg_pool2d",
    "avg_pool2d_backward",
    "avg_pool2d_double_backward",
    "global_avg_pool2d",
    "global_avg_pool2d_backward",
    "global_avg_pool2d_double_backward",
]


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
    window = pool_window(x, kernel, stride, padding)
    return _mean(x, window), (x.shape, window)


def avg_pool2d_backward(dy, cache):
    """dL/dx: dy / (kh kw) at every entry of each window, added up where windows overlap."""
    shape, window = cache
    dx = np.zeros(shape, dy.dtype)
    for some in sample_chunks(dx):
        wide = _zeros(dy[some], 2, shape[2])
        _spread(wide, dy[some] * _weight(dy, window), 2, window)
        _spread(dx[some], wide, 1, window)
    return dx


def avg_pool2d_double_backward(ddx, dy, cache):
    """ds/d(dy) = avg_pool2d(ddx),   where s = <ddx, dL/dx>; ds/dx is 0."""
    return _mean(ddx, cache[1])


def global_avg_pool2d(x):
    """y[n] = 1 / (H W) sum_ij x[n, i, j].   x (N, H, W, C) -> y (N, C); the cache holds the shape"""
    x = as_float(x)
    if x.ndim != 4 or 0 in x.shape[1:3]:
        raise ValueError(f"x must have shape (N, H, W, C) with at least one pixel, got {x.shape}")
    return _pixel_mean(x), x.shape


def global_avg_pool2d_backward(dy, cache):
    """dL/dx = dy / (H W) at every pixel."""
    _, H, W, _ = cache
    dx = np.empty(cache, dy.dtype)
    dx[...] = (dy * dy.dtype.type(1 / (H * W)))[:, None, None]
    return dx


def global_avg_pool2d_double_backward(ddx, dy, cache):
    """ds/d(dy) = the mean of ddx over the image,   where s = <ddx, dL/dx>; ds/dx is 0."""
    return _pixel_mean(ddx)


def _pixel_mean(x):
    N, H, W, C = x.shape
    return x.reshape(N, H * W, C).mean(axis=1)


def _mean(x, window):
    y = np.empty((len(x), *window.out, x.shape[3]), x.dtype)
    for some in sample_chunks(x):
        np.multiply(_total(_total(x[some], 1, window), 2, window), _weight(x, window), out=y[some])
    return y


def _weight(x, window):
    return x.dtype.type(1 / prod(window.kernel))


def _total(x, axis, window):
    """The sums of x over windows along `axis`."""
    y = _zeros(x, axis, window.out[axis - 1])
    for outputs, entries in _offsets(window, axis):
        y[outputs] += x[entries]
    return y


def _spread(dx, dy, axis, window):
    """Add dy to all entries of its window along `axis` in dx, which is zero: the adjoint of `_total`."""
    is_apart = window.stride[axis - 1] >= window.kernel[axis - 1]
    for outputs, entries in _offsets(window, axis):
        if is_apart:
            dx[entries] = dy[outputs]
        else:
            dx[entries] += dy[outputs]


def _zeros(x, axis, n):
    return np.zeros((*x.shape[:axis], n, *x.shape[axis + 1 :]), x.dtype)


def _offsets(window, axis):
    """For every entry of a window along `axis`: the outputs (a slice) for which it lies inside x, and where it lies."""
    i = axis - 1
    size, n_out, stride, before = window.x_shape[axis], window.out[i], window.stride[i], window.padding[2 * i]
    for a in range(window.kernel[i]):
        first = max(-((a - before) // stride), 0)  # ceil((before - a) / stride)
        last = min((size - 1 + before - a) // stride, n_out - 1)
        if last >= first:
            start = first * stride + a - before
            yield along(axis, first, last + 1, 1), along(axis, start, start + (last - first) * stride + 1, stride)


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
        check_pool_settings(kernel, stride, padding)
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
