"""WaveNetBlock: a dilated causal convolution with a gate, its output added to the residual stream and to the skip sum.

x (N, T, C) -> residual (N, T, C), skip (N, T, C), with * a causal convolution of dilation d:

    z = tanh(W_f * x + b_f) sigmoid(W_g * x + b_g)         eq. 2: filter and gate; one convolution of 2 C channels here
    o = z V + c                                            the 1 x 1 convolution of fig. 4
    residual = x + o,   skip = o

Backward, with dr and dk the gradients of the two outputs: do = dr + dk, which goes back through V, the product and the
convolution, and dx gets dr besides. residual feeds the next block; a model adds up the skips of all its blocks.

Reference: van den Oord et al. (2016), WaveNet: a generative model for raw audio, sections 2.1, 2.3 and 2.4,
https://arxiv.org/abs/1609.03499.
"""

import numpy as np

from npml_core import check_random_state

from ..layers.activations import Sigmoid, Tanh
from ..layers.base import Layer
from ..layers.conv1d import Conv1D
from ..layers.merge import Multiply
from ..layers.parameters import float_dtype

__all__ = ["WaveNetBlock"]


class WaveNetBlock(Layer):
    """(residual, skip) = (x + o, o) with o the projected, gated output of a dilated causal convolution.

    Parameters
    ----------
    channels : int
        Of x and of both outputs.
    kernel : int, default=2
        Length of the window.
    dilation : int, default=1
        Steps from one entry of the window to the next.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import WaveNetBlock
    >>> block = WaveNetBlock(4, dilation=8, random_state=0)
    >>> residual, skip = block(np.ones((2, 30, 4)))
    >>> residual.shape, skip.shape
    ((2, 30, 4), (2, 30, 4))
    >>> block.backward((np.ones((2, 30, 4)), np.ones((2, 30, 4)))).shape
    (2, 30, 4)
    """

    def __init__(self, channels: int, kernel: int = 2, dilation: int = 1, dtype=np.float32, random_state=None):
        rng = check_random_state(random_state)
        self.channels, self.kernel, self.dilation, self.dtype = channels, kernel, dilation, float_dtype(dtype)
        options = {"dtype": dtype, "random_state": rng}
        self.conv = Conv1D(channels, 2 * channels, kernel, dilation=dilation, causal=True, **options)
        self.filter, self.gate, self.product = Tanh(), Sigmoid(), Multiply()
        self.projection = Conv1D(channels, channels, 1, **options)

    def _forward(self, x):
        f, g = np.split(self.conv.forward(x), 2, axis=-1)
        z = self.product.forward(self.filter.forward(f), self.gate.forward(g))
        skip = self.projection.forward(z)
        return (x + skip, skip), None

    def _backward(self, dy, cache):
        d_residual, d_skip = dy
        df, dg = self.product.backward(self.projection.backward(d_residual + d_skip))
        dh = np.concatenate([self.filter.backward(df), self.gate.backward(dg)], axis=-1)
        return d_residual + self.conv.backward(dh), {}

    def _double_backward(self, ddx, dy, cache):
        ddf, ddg = np.split(self.conv.double_backward(ddx), 2, axis=-1)
        ddz = self.product.double_backward((self.filter.double_backward(ddf), self.gate.double_backward(ddg)))
        dd_skip = self.projection.double_backward(ddz)
        return (ddx + dd_skip, dd_skip), None, {}
