"""Conv1D: windows of a sequence times a kernel; causal ones look only at the past.

x (N, T, C_in), W (k, C_in, C_out), b (C_out,) -> y (N, T_out, C_out)

    y[n, t] = b + sum_a x[n, t s + a d - before] W[a],     T_out = floor((T + before + after - d (k - 1) - 1) / s) + 1

A sequence is an image of width 1, so all three passes are those of `layers/conv2d.py`. A causal convolution pads with
d (k - 1) zeros before and none after: with stride 1, y[t] depends on x[t], x[t - d], ..., x[t - d (k - 1)] alone.

References: Waibel et al. (1989), Phoneme recognition using time-delay neural networks, IEEE Trans. ASSP 37(3),
https://doi.org/10.1109/29.21701. van den Oord et al. (2016), WaveNet, section 2.1, https://arxiv.org/abs/1609.03499
(causal, dilated).
"""

import numpy as np

from npml_core import conv_output_size

from .base import Layer
from .conv2d import add_kernel, conv2d, conv2d_backward, conv2d_double_backward
from .parameters import as_float, check_sizes

__all__ = ["Conv1D", "conv1d", "conv1d_backward", "conv1d_double_backward"]


def conv1d(x, W, b=None, stride=1, padding=0, dilation=1):
    """y[n, t] = b + sum_a x[n, t s + a d - before] W[a].   x (N, T, C_in), W (k, C_in, C_out), b (C_out,) or None

    padding: an int on both sides, (before, after), "same" or "valid". The cache is `conv2d`'s.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import conv1d
    >>> y, cache = conv1d(np.array([[[1.0], [2.0], [4.0]]]), np.array([[[-1.0]], [[1.0]]]), padding=(1, 0))
    >>> y[0, :, 0]
    array([1., 1., 2.])
    """
    x, W = as_float(x), as_float(W, "W")
    if W.ndim != 3:
        raise ValueError(f"W must have shape (k, C_in, C_out), got {W.shape}")
    if x.ndim != 3 or x.shape[2] != W.shape[1]:
        raise ValueError(f"x must have shape (N, T, {W.shape[1]}), got {x.shape}")
    y, cache = conv2d(x[:, :, None], W[:, None], b, (stride, 1), _sides(padding), (dilation, 1))
    return y[:, :, 0], cache


def conv1d_backward(dy, cache, input_gradient=True):
    """dL/dx, dL/dW, dL/db (None without b) as in `conv2d`, for images of width 1."""
    dx, dW, db = conv2d_backward(dy[:, :, None], cache, input_gradient)
    return (dx[:, :, 0] if input_gradient else None), dW[:, 0], db


def conv1d_double_backward(ddx, dy, cache):
    """ds/d(dy) and ds/dW for s = <ddx, dL/dx>, as in `conv2d`; ds/dx and ds/db are 0."""
    ddy, dW = conv2d_double_backward(ddx[:, :, None], dy[:, :, None], cache)
    return ddy[:, :, 0], dW[:, 0]


def _sides(padding):
    """Padding of one axis as that of an image of width 1: (top, bottom, left, right), or a word."""
    if isinstance(padding, str):
        return padding
    before, after = padding if isinstance(padding, (tuple, list, np.ndarray)) and len(padding) == 2 else [padding] * 2
    return before, after, 0, 0


class Conv1D(Layer):
    """Convolution of sequences (N, T, C): activation(conv1d(x, W) + b).

    Parameters
    ----------
    c_in, c_out : int
        Channels of x and of y.
    kernel : int
        Length of the window.
    stride : int, default=1
        Step from one window to the next.
    padding : int, pair, "same" or "valid", default=0
        Zeros on both sides, or (before, after); "same" gives ceil(T / stride) windows.
    dilation : int, default=1
        Step from one entry of a window to the next.
    causal : bool, default=False
        Pad with dilation (kernel - 1) zeros before and none after; `padding` must then be 0.
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
    >>> from npml_nn import Conv1D
    >>> layer = Conv1D(4, 8, kernel=2, dilation=8, causal=True, random_state=0)
    >>> layer(np.ones((3, 100, 4))).shape
    (3, 100, 8)
    >>> layer.W.shape
    (2, 4, 8)
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: int,
        stride: int = 1,
        padding=0,
        dilation: int = 1,
        causal: bool = False,
        activation=None,
        bias: bool = True,
        init="glorot_uniform",
        dtype=np.float32,
        random_state=None,
    ):
        check_sizes(c_in=c_in, c_out=c_out, kernel=kernel, stride=stride, dilation=dilation)
        conv_output_size(dilation * (kernel - 1) + 1, kernel, stride, padding, dilation)  # complains about padding
        if causal and padding != 0:
            raise ValueError(f"padding must be 0 where causal=True, which decides it, got {padding!r}")
        self.c_in, self.c_out, self.kernel, self.stride = c_in, c_out, kernel, stride
        self.padding, self.dilation, self.causal, self.bias = padding, dilation, causal, bias
        add_kernel(self, (kernel, c_in, c_out), activation, bias, init, dtype, random_state)

    def _forward(self, x):
        padding = (self.dilation * (self.kernel - 1), 0) if self.causal else self.padding
        return conv1d(x, self.W, self.b if self.bias else None, self.stride, padding, self.dilation)

    def _backward(self, dy, cache):
        dx, dW, db = conv1d_backward(dy, cache, input_gradient=self.input_gradient or self._recording)
        return dx, {"W": dW, "b": db} if self.bias else {"W": dW}

    def _double_backward(self, ddx, dy, cache):
        ddy, dW = conv1d_double_backward(ddx, dy, cache)
        return ddy, None, {"W": dW}

    def _multiply_adds(self, input_shapes, output_shapes):
        return self.W[..., 0].size * int(np.prod(output_shapes))
