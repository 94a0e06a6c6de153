"""WaveNet: a causal network of sequences that looks 2^L steps back with L layers, by doubling the dilation.

x (N, T, C_in) -> y (N, T, C_out), with S stacks of L blocks (`blocks/wavenet.py`) of dilations 1, 2, 4, ..., 2^(L-1):

    r_0 = x V_0 + c_0                               a causal convolution, to C channels
    r_i, s_i = block_i(r_{i-1})                     residual stream and skip, i = 1 .. S L
    y = relu(relu(s_1 + ... + s_{SL}) V_1 + c_1) V_2 + c_2

y[t] depends on the last R inputs x[t - R + 1], ..., x[t] alone, R = (k - 1) (1 + S (2^L - 1)) + 1 with kernels of
length k. The y of a model trained to predict its input one step ahead are means (with `SquaredError`) or logits (with
`CrossEntropy`, for C_out levels, as in the paper). Cost O(N T S L k C^2).

Reference: van den Oord et al. (2016), WaveNet: a generative model for raw audio, sections 2.1 to 2.4 and figure 4,
https://arxiv.org/abs/1609.03499.
"""

import numpy as np

from npml_core import check_random_state

from ..blocks.wavenet import WaveNetBlock
from ..layers.activations import ReLU
from ..layers.base import Layer
from ..layers.containers import Sequential
from ..layers.conv1d import Conv1D
from ..layers.parameters import check_sizes, float_dtype

__all__ = ["WaveNet"]


class WaveNet(Layer):
    """Stacks of dilated causal convolutions with gates, residual and skip connections.

    Parameters
    ----------
    c_in : int
        Channels of x.
    channels : int
        Channels of the residual stream and of the skips.
    n_layers : int
        Blocks of a stack; their dilations are 1, 2, 4, ...
    n_stacks : int, default=1
        Stacks, one after the other.
    kernel : int, default=2
        Length of the windows.
    c_out : int, optional
        Channels of y; by default as many as x has.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights.

    Attributes
    ----------
    receptive_field : int
        How many inputs, the present one included, an output depends on.

    Examples
    --------
    Learn to go on with a wave:

    >>> import numpy as np
    >>> from npml_nn import Adam, SquaredError, WaveNet
    >>> model = WaveNet(1, 8, n_layers=4, n_stacks=1, random_state=0)
    >>> model.receptive_field
    17
    >>> wave = np.sin(np.arange(200) / 3).reshape(1, -1, 1)
    >>> optimizer, loss = Adam(model.parameters(), lr=0.01), SquaredError()
    >>> for _ in range(100):
    ...     value, dy = loss(model(wave[:, :-1]), wave[:, 1:])
    ...     _ = model.backward(dy)
    ...     optimizer.step()
    ...     optimizer.zero_grad()
    >>> value < 0.02  # the variance is 0.5
    True
    """

    def __init__(
        self,
        c_in: int,
        channels: int,
        n_layers: int,
        n_stacks: int = 1,
        kernel: int = 2,
        c_out: int | None = None,
        dtype=np.float32,
        random_state=None,
    ):
        c_out = c_in if c_out is None else c_out
        check_sizes(c_in=c_in, channels=channels, n_layers=n_layers, n_stacks=n_stacks, kernel=kernel, c_out=c_out)
        options = {"dtype": float_dtype(dtype), "random_state": check_random_state(random_state)}
        self.c_in, self.channels, self.n_layers, self.n_stacks = c_in, channels, n_layers, n_stacks
        self.kernel, self.c_out, self.dtype = kernel, c_out, options["dtype"]
        self.entry = Conv1D(c_in, channels, kernel, causal=True, **options)
        dilations = [2**i for i in range(n_layers)] * n_stacks
        self.blocks = [WaveNetBlock(channels, kernel, dilation, **options) for dilation in dilations]
        self.head = Sequential(
            ReLU(), Conv1D(channels, channels, 1, activation="relu", **options), Conv1D(channels, c_out, 1, **options)
        )

    @property
    def receptive_field(self) -> int:
        """How many inputs, the present one included, an output depends on."""
        return (self.kernel - 1) * (1 + self.n_stacks * (2**self.n_layers - 1)) + 1

    def _forward(self, x):
        residual, total = self.entry.forward(x), 0
        for block in self.blocks:
            residual, skip = block.forward(residual)
            total = total + skip
        return self.head.forward(total), None

    def _backward(self, dy, cache):
        d_skip = self.head.backward(dy)
        d_residual = np.zeros_like(d_skip)  # nobody reads the last residual
        for block in reversed(self.blocks):
            d_residual = block.backward((d_residual, d_skip))
        return self.entry.backward(d_residual), {}

    def _double_backward(self, ddx, dy, cache):
        dd_residual, dd_total = self.entry.double_backward(ddx), 0
        for block in self.blocks:
            dd_residual, dd_skip = block.double_backward(dd_residual)
            dd_total = dd_total + dd_skip
        return self.head.double_backward(dd_total), None, {}
