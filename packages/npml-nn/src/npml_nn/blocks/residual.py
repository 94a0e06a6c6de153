"""Residual blocks of two convolutions: around them x itself (identity), or x brought to the new shape (convolution).

x (N, H, W, C_in) -> y (N, H_out, W_out, C_out), with * a k x k convolution without bias and H_out = ceil(H / s):

    branch      f(x) = BN_2(W_2 * relu(BN_1(W_1 * x)))             W_1 has stride s
    identity    y = relu(x + f(x))                                 C_out = C_in, s = 1
    conv        y = relu(BN_3(W_3 * x) + f(x))                     W_3 is 1 x 1, with stride s

dL/dx is the sum of what comes back through the shortcut and through the branch; second derivatives chain likewise in
forward order (`layers/containers.py`). The padding is (k - 1) / 2 on each side; an even kernel has one more at the end.

References: He et al. (2016), Deep residual learning for image recognition, section 3.2, fig. 2, and option B of section
3.3, https://arxiv.org/abs/1512.03385. He et al. (2015), Delving deep into rectifiers, https://arxiv.org/abs/1502.01852
(initial weights).
"""

import numpy as np

from npml_core import check_random_state
from npml_core.im2col import pair

from ..layers.base import Layer
from ..layers.batch_norm import BatchNorm2D
from ..layers.containers import Residual, Sequential
from ..layers.conv2d import Conv2D
from ..layers.elementwise import get_activation
from ..layers.parameters import float_dtype

__all__ = ["ConvResidualBlock", "IdentityResidualBlock"]


class IdentityResidualBlock(Residual):
    """activation(x + f(x)) with f = convolution, batch norm, activation, convolution, batch norm.

    Parameters
    ----------
    channels : int
        Of x and of y.
    kernel : int or pair, default=3
        Of both convolutions.
    activation : str, layer, layer class or callable, default="relu"
        Inside and at the end.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights (He normal).

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import IdentityResidualBlock
    >>> block = IdentityResidualBlock(4, random_state=0)
    >>> block(np.ones((2, 8, 8, 4))).shape
    (2, 8, 8, 4)
    """

    def __init__(self, channels: int, kernel=3, activation="relu", dtype=np.float32, random_state=None):
        super().__init__(_branch(channels, channels, kernel, 1, activation, dtype, check_random_state(random_state)))
        self.channels, self.kernel, self.dtype = channels, kernel, float_dtype(dtype)
        self.activation = get_activation(activation)


class ConvResidualBlock(Layer):
    """activation(g(x) + f(x)) with f as in `IdentityResidualBlock` and g = 1 x 1 convolution, batch norm.

    Parameters
    ----------
    c_in, c_out : int
        Channels of x and of y.
    kernel : int or pair, default=3
        Of both convolutions of f.
    stride : int or pair, default=1
        Of the first of them, and of the shortcut's.
    activation : str, layer, layer class or callable, default="relu"
        Inside and at the end.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights (He normal).

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import ConvResidualBlock
    >>> block = ConvResidualBlock(4, 8, stride=2, random_state=0)
    >>> block(np.ones((2, 9, 9, 4))).shape
    (2, 5, 5, 8)
    """

    def __init__(
        self, c_in: int, c_out: int, kernel=3, stride=1, activation="relu", dtype=np.float32, random_state=None
    ):
        rng = check_random_state(random_state)
        self.c_in, self.c_out, self.kernel, self.stride, self.dtype = c_in, c_out, kernel, stride, float_dtype(dtype)
        self.layer = _branch(c_in, c_out, kernel, stride, activation, dtype, rng)
        self.shortcut = Sequential(_conv(c_in, c_out, 1, stride, dtype, rng), BatchNorm2D(c_out, dtype=dtype))
        self.activation = get_activation(activation)

    def _forward(self, x):
        return self.shortcut.forward(x) + self.layer.forward(x), None

    def _backward(self, dy, cache):
        return self.shortcut.backward(dy) + self.layer.backward(dy), {}

    def _double_backward(self, ddx, dy, cache):
        return self.shortcut.double_backward(ddx) + self.layer.double_backward(ddx), None, {}


def _branch(c_in, c_out, kernel, stride, activation, dtype, rng):
    return Sequential(
        _conv(c_in, c_out, kernel, stride, dtype, rng),
        BatchNorm2D(c_out, activation=activation, dtype=dtype),
        _conv(c_out, c_out, kernel, 1, dtype, rng),
        BatchNorm2D(c_out, dtype=dtype),
    )


def _conv(c_in, c_out, kernel, stride, dtype, rng):
    """Without a bias, which the mean of the batch norm behind it would take away again."""
    kh, kw = pair(kernel, "kernel")
    padding = ((kh - 1) // 2, kh // 2, (kw - 1) // 2, kw // 2)
    return Conv2D(c_in, c_out, kernel, stride, padding, bias=False, init="he_normal", dtype=dtype, random_state=rng)
