"""Conv2D: windows of an image times a kernel (what deep learning calls convolution; the kernel is not flipped).

x (N, H, W, C_in), W (kh, kw, C_in, C_out), b (C_out,) -> y (N, H_out, W_out, C_out)

    y[n, i, j] = b + sum_ab x[n, i s + a d - top, j s + b d - left] W[a, b]          (x is 0 outside its borders)
    H_out = floor((H + top + bottom - d (kh - 1) - 1) / s) + 1,  W_out likewise

y = A(x, W) is linear in x and in W. With A_x^T and A_W^T the adjoints in one while the other is held:

    backward           dx = A_x^T(dy, W),   dW = A_W^T(x, dy),   db = sum of dy over N, H_out, W_out
    double backward    s = <u, dx> = <A(u, W), dy>:   ds/d(dy) = A(u, W),   ds/dW = A_W^T(u, dy),   ds/dx = ds/db = 0

`layers/convolution.py` holds the three maps. Each costs N H_out W_out kh kw C_in C_out multiply-adds; in float32, 3 x 3
kernels with stride 1 and 16 channels or more need half of that and less (`layers/winograd.py`).

References: LeCun et al. (1989), Backpropagation applied to handwritten zip code recognition, Neural Computation 1(4),
https://doi.org/10.1162/neco.1989.1.4.541. Yu & Koltun (2016), Multi-scale context aggregation by dilated convolutions,
https://arxiv.org/abs/1511.07122 (dilation).
"""

from typing import NamedTuple

import numpy as np

from npml_core import check_random_state
from npml_core.im2col import Geometry, four_sides, pair

from ..initializers import get_initializer
from .base import Layer
from .convolution import correlate, correlate_and_kernel_gradient, kernel_gradient, scatter, sum_positions, windows_on
from .elementwise import get_activation
from .parameters import as_float, check_sizes, float_dtype
from .winograd import suits_winograd, winograd_correlate, winograd_gradients

__all__ = ["Conv2D", "conv2d", "conv2d_backward", "conv2d_double_backward"]


class Conv2DCache(NamedTuple):
    """x (N, H, W, C_in), W (kh, kw, C_in, C_out), whether there is a bias, where the windows stand, and which sums."""

    x: np.ndarray
    W: np.ndarray
    has_bias: bool
    window: Geometry
    winograd: bool


def conv2d(x, W, b=None, stride=1, padding=0, dilation=1, winograd=True):
    """y[n, i, j] = b + sum_ab x[n, i s + a d - top, j s + b d - left] W[a, b].   x (N, H, W, C_in) -> y, cache

    W (kh, kw, C_in, C_out), b (C_out,) or None. stride, padding and dilation as in `npml_core.im2col`: ints or pairs;
    padding also (top, bottom, left, right), "same" or "valid". winograd: whether float32 may take the faster, slightly
    less precise sums of `layers/winograd.py` where they suit.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import conv2d, conv2d_backward
    >>> x, W = np.arange(16.0).reshape(1, 4, 4, 1), np.ones((2, 2, 1, 1))
    >>> y, cache = conv2d(x, W, stride=2)
    >>> y[0, :, :, 0]
    array([[10., 18.],
           [42., 50.]])
    >>> dx, dW, db = conv2d_backward(np.ones_like(y), cache)
    """
    x, W = as_float(x), as_float(W, "W")
    check_images(x, W, b)
    window = windows_on(x.shape[1:3], W.shape[:2], stride, padding, dilation)
    winograd = winograd and suits_winograd(x, W, window)
    y = winograd_correlate(x, W, window) if winograd else correlate(x, W, window)
    if b is not None:
        y += b
    return y, Conv2DCache(x, W, b is not None, window, winograd)


def conv2d_backward(dy, cache, input_gradient=True):
    """dL/dx = A_x^T(dy, W),   dL/dW = A_W^T(x, dy),   dL/db = sum of dy over all positions (None without b)."""
    x, W, has_bias, window, winograd = cache
    if winograd:
        dx, dW = winograd_gradients(x, W, dy, window, input_gradient)
    else:
        dx = scatter(dy, W, window) if input_gradient else None
        dW = kernel_gradient(x, dy, window)
    return dx, dW, sum_positions(dy) if has_bias else None


def conv2d_double_backward(ddx, dy, cache):
    """ds/d(dy) = A(ddx, W),   ds/dW = A_W^T(ddx, dy),   where s = <ddx, dL/dx>; ds/dx and ds/db are 0."""
    return correlate_and_kernel_gradient(ddx, cache.W, dy, cache.window)


def check_images(x, W, b):
    """Raise a ValueError unless x, W and b fit together."""
    if W.ndim != 4:
        raise ValueError(f"W must have shape (kh, kw, C_in, C_out), got {W.shape}")
    if x.ndim != 4 or x.shape[3] != W.shape[2]:
        raise ValueError(f"x must have shape (N, H, W, {W.shape[2]}), got {x.shape}")
    if b is not None and np.shape(b) != W.shape[3:]:
        raise ValueError(f"b must have shape {W.shape[3:]}, got {np.shape(b)}")


class Conv2D(Layer):
    """Convolution of images (N, H, W, C): activation(conv2d(x, W) + b).

    Parameters
    ----------
    c_in, c_out : int
        Channels of x and of y.
    kernel : int or pair
        Height and width of the window.
    stride : int or pair, default=1
        Step from one window to the next.
    padding : int, pair, four ints, "same" or "valid", default=0
        Zeros around the image: an int on all sides, (height, width), (top, bottom, left, right); "same" gives
        ceil(H / stride) windows (an odd zero goes to the end), "valid" none.
    dilation : int or pair, default=1
        Step from one entry of a window to the next.
    activation : str, layer, layer class, callable or None, default=None
        Applied to the output.
    bias : bool, default=True
        Whether there is a b.
    init : str or callable, default="glorot_uniform"
        Draws W: a name of `npml_nn.initializers`, or ``f(shape, random_state=None)``. b starts at zero.
    winograd : bool, default=True
        Whether float32 may take Winograd's sums where they suit (3 x 3, stride 1, 16 channels or more): about half the
        time, 3 to 5 times the rounding error (`npml_nn.layers.winograd`).
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws W.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Conv2D
    >>> layer = Conv2D(3, 8, kernel=3, stride=2, padding="same", activation="relu", random_state=0)
    >>> layer(np.ones((5, 9, 9, 3))).shape
    (5, 5, 5, 8)
    >>> layer.W.shape
    (3, 3, 3, 8)
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
        winograd: bool = True,
        dtype=np.float32,
        random_state=None,
    ):
        check_sizes(c_in=c_in, c_out=c_out)
        settings = pair(kernel, "kernel"), pair(stride, "stride"), pair(dilation, "dilation")
        four_sides(padding, (1, 1), *settings)  # complains now, not at the first image
        self.c_in, self.c_out, self.kernel, self.bias = c_in, c_out, kernel, bias
        self.stride, self.padding, self.dilation, self.winograd = stride, padding, dilation, winograd
        add_kernel(self, (*settings[0], c_in, c_out), activation, bias, init, dtype, random_state)

    def _forward(self, x):
        b = self.b if self.bias else None
        return conv2d(x, self.W, b, self.stride, self.padding, self.dilation, self.winograd)

    def _backward(self, dy, cache):
        dx, dW, db = conv2d_backward(dy, cache, input_gradient=self.input_gradient or self._recording)
        return dx, {"W": dW, "b": db} if self.bias else {"W": dW}

    def _double_backward(self, ddx, dy, cache):
        ddy, dW = conv2d_double_backward(ddx, dy, cache)
        return ddy, None, {"W": dW}

    def _multiply_adds(self, input_shapes, output_shapes):
        return self.W[..., 0].size * int(np.prod(output_shapes))


def add_kernel(layer, shape, activation, bias, init, dtype, random_state):
    """Give a convolution its activation, its W of `shape` (..., C_in, C_out) and its b."""
    layer.activation = get_activation(activation)
    draw = get_initializer(init, layer.activation)
    W = draw(shape, random_state=check_random_state(random_state))
    layer.add_param("W", np.asarray(W, float_dtype(dtype)))
    if bias:
        layer.add_param("b", np.zeros(shape[-1], dtype))
