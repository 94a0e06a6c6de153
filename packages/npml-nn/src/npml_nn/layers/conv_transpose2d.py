"""ConvTranspose2D: every pixel paints a multiple of the kernel; the adjoint of a convolution, it makes images larger.

x (N, H, W, C_in), W (kh, kw, C_in, C_out), b (C_out,) -> y (N, H_out, W_out, C_out)

    y[n, i s + a d - top, j s + b d - left] += x[n, i, j] W[a, b],     then + b
    H_out = (H - 1) s + d (kh - 1) + 1 - top - bottom,  W_out likewise

where the padding is cut off the border of y instead of being added to x. Let A(y, V) be the convolution of an image
of y's size with the kernel V = W with its channel axes swapped, stride, padding and dilation the same:

    forward            y = A_y^T(x, V)
    backward           dx = A(dy, V),   dV = A_V^T(dy, x),   db = sum of dy over N, H_out, W_out
    double backward    s = <u, dx>:   ds/d(dy) = A_y^T(u, V),   ds/dV = A_V^T(dy, u),   ds/dx = ds/db = 0

Each costs N H W kh kw C_in C_out multiply-adds. padding="same" is the adjoint of that convolution: H_out = s H.

References: Zeiler et al. (2010), Deconvolutional networks, CVPR, https://doi.org/10.1109/CVPR.2010.5539957. Dumoulin &
Visin (2016), A guide to convolution arithmetic for deep learning, chapter 4, https://arxiv.org/abs/1603.07285.
"""

from typing import NamedTuple

import numpy as np

from npml_core.im2col import Geometry, four_sides, pair

from .base import Layer
from .conv2d import add_kernel, check_images
from .convolution import correlate_and_kernel_gradient, kernel_gradient, scatter, sum_positions, windows_on
from .parameters import as_float, check_sizes

__all__ = ["ConvTranspose2D", "conv_transpose2d", "conv_transpose2d_backward", "conv_transpose2d_double_backward"]


class ConvTranspose2DCache(NamedTuple):
    """x (N, H, W, C_in), V (kh, kw, C_out, C_in), whether there is a bias, and how windows stand on y."""

    x: np.ndarray
    V: np.ndarray
    has_bias: bool
    window: Geometry


def conv_transpose2d(x, W, b=None, stride=1, padding=0, dilation=1):
    """y[n, i s + a d - top, j s + b d - left] += x[n, i, j] W[a, b], then + b.   x (N, H, W, C_in) -> y, cache

    W (kh, kw, C_in, C_out), b (C_out,) or None. padding, in the forms of `conv2d`, is cut off y; "same": H_out = s H.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import conv_transpose2d
    >>> y, cache = conv_transpose2d(np.array([[[[1.0], [2.0]]]]), np.ones((2, 2, 1, 1)), stride=2)
    >>> y[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    """
    x, W = as_float(x), as_float(W, "W")
    check_images(x, W, b)
    window = _output_window(x.shape[1:3], W.shape[:2], stride, padding, dilation)
    V = np.ascontiguousarray(W.swapaxes(2, 3))
    y = scatter(x, V, window)
    if b is not None:
        y += b
    return y, ConvTranspose2DCache(x, V, b is not None, window)


def conv_transpose2d_backward(dy, cache, input_gradient=True):
    """dL/dx = A(dy, V),   dL/dV = A_V^T(dy, x),   dL/db = sum of dy over all positions (None without b)."""
    x, V, has_bias, window = cache
    if input_gradient:
        dx, dV = correlate_and_kernel_gradient(dy, V, x, window)
    else:
        dx, dV = None, kernel_gradient(dy, x, window)
    return dx, dV.swapaxes(2, 3), sum_positions(dy) if has_bias else None


def conv_transpose2d_double_backward(ddx, dy, cache):
    """ds/d(dy) = A_y^T(ddx, V),   ds/dV = A_V^T(dy, ddx),   where s = <ddx, dL/dx>; ds/dx and ds/db are 0."""
    _, V, _, window = cache
    return scatter(ddx, V, window), kernel_gradient(dy, ddx, window).swapaxes(2, 3)


def _output_window(size, kernel, stride, padding, dilation):
    """How windows stand on y so that there are as many of them as x has pixels."""
    kernel, stride, dilation = pair(kernel, "kernel"), pair(stride, "stride"), pair(dilation, "dilation")
    if isinstance(padding, str) and padding == "same":
        out = [n * s for n, s in zip(size, stride)]
        return windows_on(out, kernel, stride, padding, dilation)
    sides = four_sides(padding, size, kernel, stride, dilation)
    cut = (sides[0] + sides[1], sides[2] + sides[3])
    out = [(n - 1) * s + d * (k - 1) + 1 - p for n, s, d, k, p in zip(size, stride, dilation, kernel, cut)]
    if min(out) < 1:
        raise ValueError(f"padding {padding!r} leaves nothing of y, which would have the size {out}")
    return windows_on(out, kernel, stride, sides, dilation)


class ConvTranspose2D(Layer):
    """Transposed convolution of images (N, H, W, C): activation(conv_transpose2d(x, W) + b).

    Parameters
    ----------
    c_in, c_out : int
        Channels of x and of y.
    kernel : int or pair
        Height and width of what a pixel paints.
    stride : int or pair, default=1
        Distance in y of neighbours in x.
    padding : int, pair, four ints, "same" or "valid", default=0
        What is cut off the border of y: an int on all sides, (height, width), (top, bottom, left, right); "same"
        leaves an image of stride times the size of x.
    dilation : int or pair, default=1
        Distance in y of neighbours in the kernel.
    activation : str, layer, layer class, callable or None, default=None
        Applied to the output.
    bias : bool, default=True
        Whether there is a b.
    init : str or callable, default="glorot_uniform"
        Draws W: a name of `npml_nn.initializers`, or ``f(shape, random_state=None)``. b starts at zero.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws W.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import ConvTranspose2D
    >>> layer = ConvTranspose2D(8, 3, kernel=4, stride=2, padding=1, random_state=0)
    >>> layer(np.ones((5, 7, 7, 8))).shape
    (5, 14, 14, 3)
    >>> layer.W.shape
    (4, 4, 8, 3)
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel,
        stride=1,
        padding=0,
        dilation=1,
        activation=None,
        bias: bool = True,
        init="glorot_uniform",
        dtype=np.float32,
        random_state=None,
    ):
        check_sizes(c_in=c_in, c_out=c_out)
        settings = pair(kernel, "kernel"), pair(stride, "stride"), pair(dilation, "dilation")
        four_sides(padding, (1, 1), *settings)  # complains now, not at the first image
        self.c_in, self.c_out, self.kernel, self.bias = c_in, c_out, kernel, bias
        self.stride, self.padding, self.dilation = stride, padding, dilation
        add_kernel(self, (*settings[0], c_in, c_out), activation, bias, init, dtype, random_state)

    def _forward(self, x):
        b = self.b if self.bias else None
        return conv_transpose2d(x, self.W, b, self.stride, self.padding, self.dilation)

    def _backward(self, dy, cache):
        dx, dW, db = conv_transpose2d_backward(dy, cache, input_gradient=self.input_gradient or self._recording)
        return dx, {"W": dW, "b": db} if self.bias else {"W": dW}

    def _double_backward(self, ddx, dy, cache):
        ddy, dW = conv_transpose2d_double_backward(ddx, dy, cache)
        return ddy, None, {"W": dW}

    def _multiply_adds(self, input_shapes, output_shapes):
        return self.W[:, :, 0].size * int(np.prod(input_shapes[0]))
