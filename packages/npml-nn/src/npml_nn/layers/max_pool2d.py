"""MaxPool2D: the largest entry of every window, channel by channel.

x (N, H, W, C) -> y (N, H_out, W_out, C), kernel (kh, kw), stride s (the kernel by default), in the notation of `conv2d`

    y[n, i, j] = max_ab x[n, i s + a - top, j s + b - left],     -inf outside x

Rows and columns below and right of the last whole window are left out, and their gradient is 0. A window has one
winner, the first in reading order among equals: y = P x, where P picks the winners, and as long as they stay the same

    backward           dx = P^T dy: the gradient of y goes to the winner whole
    double backward    s = <u, P^T dy>:   ds/d(dy) = P u,   ds/dx = 0

Windows are separable: the largest of each run of kw along the width, then of kh of those along the height, costs
O(N H_out W_out C (kh + kw)). A number of one byte goes along with each maximum and says where it was found.

Reference: Scherer, Mueller & Behnke (2010), Evaluation of pooling operations in convolutional architectures for object
recognition, ICANN, https://doi.org/10.1007/978-3-642-15825-4_10.
"""

from math import prod
from typing import NamedTuple

import numpy as np

from .base import Layer
from .parameters import as_float
from .pooling import along, check_pool_settings, pool_window, sample_chunks

__all__ = ["MaxPool2D", "max_pool2d", "max_pool2d_backward", "max_pool2d_double_backward"]


class MaxPool2DCache(NamedTuple):
    """The shape of x (N, H, W, C), where in x, flat, the winner of each window stands (N, H_out, W_out, C).

    And whether windows overlap, so that one entry of x may win twice.
    """

    shape: tuple
    winners: np.ndarray
    overlap: bool


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
    window = pool_window(x, kernel, stride, padding)
    y = np.empty((len(x), *window.out, x.shape[3]), x.dtype)
    winners = np.empty(y.shape, np.int64)
    first, steps = _places(x.shape, window)
    for some in sample_chunks(x):
        widest, steps_right = _largest(x[some], 2, window)
        y[some], steps_taken = _largest(widest, 1, window, steps_right)
        np.take(steps, steps_taken, out=winners[some], mode="clip")
        winners[some] += first
        winners[some] += np.arange(some.start, some.start + len(widest))[:, None, None, None] * x[0].size
    overlap = any(step < size for step, size in zip(window.stride, window.kernel))
    return y, MaxPool2DCache(x.shape, winners, overlap)


def max_pool2d_backward(dy, cache):
    """dL/dx: dy at the winner of each window, added up where windows overlap."""
    dx = np.zeros(prod(cache.shape), dy.dtype)
    winners, values = cache.winners.reshape(-1), dy.reshape(-1)
    if cache.overlap:
        np.add.at(dx, winners, values)
    else:
        dx[winners] = values
    return dx.reshape(cache.shape)


def max_pool2d_double_backward(ddx, dy, cache):
    """ds/d(dy): ddx at the winner of each window,   where s = <ddx, dL/dx>; ds/dx is 0."""
    return ddx.reshape(-1)[cache.winners]


def _largest(x, axis, window, codes=None):
    """The maxima of x over windows along `axis`, and by how many steps from its start each was found.

    A window that begins or ends outside x is cut, so no -inf is needed. Steps along the height count kw each and are
    added to `codes`, the steps along the width.
    """
    kind = np.min_scalar_type(prod(window.kernel) - 1)
    step = window.kernel[1] if axis == 1 else 1
    y = _entries(x, axis, window, 0).copy()
    code = np.zeros(y.shape, kind) if codes is None else _entries(codes, axis, window, 0).copy()
    for t in range(1, window.kernel[axis - 1]):
        entries = _entries(x, axis, window, t)
        here = kind.type(t * step) + (kind.type(0) if codes is None else _entries(codes, axis, window, t))
        code += (entries > y).view(np.uint8) * (here - code)  # a branch by arithmetic; what wraps round comes back
        np.maximum(y, entries, out=y)
    return y, code


def _entries(x, axis, window, t):
    """Entry t of every window along `axis`, counted from where it enters x; past its end, the last one again."""
    i = axis - 1
    start, stop = _spans(window, axis)
    if not any(window.padding[2 * i : 2 * i + 2]):
        return x[along(axis, t, start[-1] + t + 1, window.stride[i])]
    return x.take(np.minimum(start + t, stop - 1), axis)


def _spans(window, axis):
    """Where each window along `axis` enters x and where it leaves it."""
    i = axis - 1
    start = np.arange(window.out[i]) * window.stride[i] - window.padding[2 * i]
    return np.maximum(start, 0), np.minimum(start + window.kernel[i], window.x_shape[axis])


def _places(shape, window):
    """Flat places in a sample: of each window's first entry (H_out, W_out, C), and how far each code leads from it."""
    _, _, W, C = shape
    rows, columns = _spans(window, 1)[0], _spans(window, 2)[0]
    first = (rows[:, None, None] * W + columns[:, None]) * C + np.arange(C)
    kh, kw = window.kernel
    return first, (np.arange(kh)[:, None] * W + np.arange(kw)).reshape(-1) * C


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
        check_pool_settings(kernel, stride, padding)
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def _forward(self, x):
        return max_pool2d(x, self.kernel, self.stride, self.padding)

    def _backward(self, dy, cache):
        return max_pool2d_backward(dy, cache), {}

    def _double_backward(self, ddx, dy, cache):
        return max_pool2d_double_backward(ddx, dy, cache), None, {}
