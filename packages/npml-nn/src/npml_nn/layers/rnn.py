"""RNN: the simple recurrent network of Elman, whose hidden state is a function of the input and of its own past.

x (N, T, D), h_0 (N, H), W (D, H), U (H, H), b (H,), an elementwise f (tanh) -> y (N, T, H), the h_1 .. h_T

    h_t = f(x_t W + h_{t-1} U + b)
    backward, for t = T .. 1, with e = 0 (or dL/dh_T) at first:
        dz_t = (dy_t + e) f'(.),    e = dz_t U^T
    then dx = dz W^T, dW = x^T dz, dU = h_{t-1}^T dz, db = sum dz over all t at once, and dh_0 = e

O(T N H (D + H)); the two biases of other libraries are one here, their sum.

References: Elman (1990), Finding structure in time, Cognitive Science 14(2),
https://doi.org/10.1207/s15516709cog1402_1. Werbos (1990), Backpropagation through time, Proc. IEEE 78(10),
https://doi.org/10.1109/5.58337.
"""

from typing import NamedTuple

import numpy as np

from .activations import Identity
from .elementwise import Activation, get_activation
from .parameters import as_float
from .recurrent import RecurrentCell, RecurrentLayer, batch_major, merged, time_major

__all__ = ["RNN", "RNNCell", "rnn", "rnn_backward"]


class RNNCache(NamedTuple):
    """Time-major: x (T, N, D), z (T, N, H) before f, h (T + 1, N, H) with h_0; W, U, and f."""

    x: np.ndarray
    z: np.ndarray
    h: np.ndarray
    W: np.ndarray
    U: np.ndarray
    activation: Activation


def rnn(x, h, W, U, b, activation="tanh"):
    """h_t = f(x_t W + h_{t-1} U + b).   x (N, T, D), h (N, H), W (D, H), U (H, H), b (H,) -> (y (N, T, H), h_T (N, H))

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import rnn
    >>> one = np.ones((1, 1))
    >>> (y, last), cache = rnn(np.ones((1, 3, 1)), np.zeros((1, 1)), one, one, np.zeros(1), activation="identity")
    >>> y[0, :, 0]
    array([1., 2., 3.])
    """
    f, x = _elementwise(activation), time_major(as_float(x))
    steps, rows = x.shape[:2]
    z = (merged(x) @ W + b).reshape(steps, rows, len(U))
    hs = np.empty((steps + 1, rows, len(U)), z.dtype)
    hs[0] = h
    for t in range(steps):
        z[t] += hs[t] @ U
        f._value(z[t], hs[t + 1])
    return (batch_major(hs[1:]), hs[-1].copy()), RNNCache(x, z, hs, W, U, f)


def rnn_backward(dy, cache):
    """dL/dx, dL/dh_0, dL/dW, dL/dU, dL/db from dy = (dL/dy, dL/dh_T), either of which may be None for zero."""
    x, z, h, W, U, f = cache
    dy, e = dy
    dz, e = np.empty_like(z), np.zeros_like(h[0]) if e is None else e
    f._grad(h[1:] if f.from_output else z, dz)
    dy = None if dy is None else time_major(dy)
    for t in reversed(range(len(z))):
        dz[t] *= e if dy is None else e + dy[t]
        e = dz[t] @ U.T
    flat, past = merged(dz), merged(h[:-1])
    dx = batch_major((flat @ W.T).reshape(x.shape))
    return dx, e, merged(x).T @ flat, past.T @ flat, flat.sum(axis=0)


def _elementwise(activation):
    f = Identity() if activation is None else get_activation(activation)
    if not isinstance(f, Activation):
        raise ValueError(f"activation must be elementwise, got {activation!r}")
    return f


class _RNN:
    """The maths of `RNN` and `RNNCell`. f is ``nonlinearity`` here: `activation` is what a layer puts on its output."""

    def _apply(self, x, h):
        return rnn(x, h, self.W, self.U, self.b, self.nonlinearity)

    def _undo(self, dy, cache):
        return rnn_backward(dy, cache)

    def __repr__(self):
        state = ", return_state=True" if getattr(self, "return_state", False) else ""
        return f"{type(self).__name__}({self.n_in}, {self.n_hidden}, activation={self.nonlinearity!r}{state})"


class RNN(_RNN, RecurrentLayer):
    """Elman's recurrent layer: ``layer(x, h0=None)``, a full sequence in and out.

    Parameters
    ----------
    n_in, n_hidden : int
        Features of x and of y.
    activation : str, activation or class, default="tanh"
        The elementwise f.
    return_state : bool, default=False
        Return (y, h) with h (N, n_hidden), the last state, and take two upstream gradients.
    init : str or callable, default="glorot_uniform"
        Draws W; U is orthogonal, b starts at zero.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws W and U.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import RNN
    >>> layer = RNN(3, 4, random_state=0)
    >>> layer(np.ones((2, 5, 3))).shape
    (2, 5, 4)
    >>> y, h = RNN(3, 4, return_state=True, random_state=0)(np.ones((2, 5, 3)), np.ones((2, 4)))
    >>> h.shape
    (2, 4)
    """

    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        activation="tanh",
        return_state: bool = False,
        init="glorot_uniform",
        dtype=np.float32,
        random_state=None,
    ):
        self.nonlinearity, self.return_state = _elementwise(activation), return_state
        self._set_up(n_in, n_hidden, init, dtype, random_state)


class RNNCell(_RNN, RecurrentCell):
    """One step of `RNN`: ``cell(x, h=None) -> h`` with x (N, n_in), h (N, n_hidden).

    Parameters
    ----------
    n_in, n_hidden : int
        Features of x and of h.
    activation : str, activation or class, default="tanh"
        The elementwise f.
    init : str or callable, default="glorot_uniform"
        Draws W; U is orthogonal, b starts at zero.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws W and U.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import RNNCell
    >>> cell = RNNCell(3, 4, random_state=0)
    >>> h = cell(np.ones((2, 3)))
    >>> h = cell(np.ones((2, 3)), h)
    >>> dx, dh = cell.backward(np.ones((2, 4)))
    """

    def __init__(
        self, n_in: int, n_hidden: int, activation="tanh", init="glorot_uniform", dtype=np.float32, random_state=None
    ):
        self.nonlinearity = _elementwise(activation)
        self._set_up(n_in, n_hidden, init, dtype, random_state)
