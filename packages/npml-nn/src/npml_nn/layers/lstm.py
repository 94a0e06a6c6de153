"""LSTM: a recurrent network with a memory that gates write to, erase and read.

x (N, T, D), h_0, c_0 (N, H), W (D, 4 H), U (H, 4 H), b (4 H,), columns in the order i, f, g, o -> y (N, T, H)

    z = x_t W + h_{t-1} U + b,      i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o),      g = tanh(z_g)
    c_t = f c_{t-1} + i g           h_t = o tanh(c_t)

    backward, for t = T .. 1:       dh += dy_t
        dc += dh o (1 - tanh^2 c)   dz_i = dc g i (1 - i),   dz_f = dc c_{t-1} f (1 - f),   dz_g = dc i (1 - g^2),
        dc <- dc f                  dz_o = dh tanh(c) o (1 - o),         dh <- dz U^T
    then dx = dz W^T, dW = x^T dz, dU = h_{t-1}^T dz, db = sum dz over all t at once

All gates take one tanh: sigmoid(z) = tanh(z / 2) / 2 + 1/2, with the halves already in the weights. The factors of
dc and dh depend on the forward pass alone and are computed for several steps at once. O(T N H (D + H)).

Differences from the paper: forget gates (Gers et al.), no peepholes, exact gradients. The two biases of other
libraries are one here, their sum.

References: Hochreiter & Schmidhuber (1997), Long short-term memory, Neural Computation 9(8),
https://doi.org/10.1162/neco.1997.9.8.1735. Gers, Schmidhuber & Cummins (2000), Learning to forget, Neural Computation
12(10), https://doi.org/10.1162/089976600300015015.
"""

from typing import NamedTuple

import numpy as np

from .elementwise import get_activation
from .parameters import as_float
from .recurrent import RecurrentCell, RecurrentLayer, batch_major, merged, time_major

__all__ = ["LSTM", "LSTMCell", "lstm", "lstm_backward"]

STEPS = 8  # whose factors are computed at once


class LSTMCache(NamedTuple):
    """Time-major: x (T, N, D), gates (T, N, 4 H), h and c (T + 1, N, H) with h_0 and c_0, tanh c (T, N, H); W and U."""

    x: np.ndarray
    gates: np.ndarray
    h: np.ndarray
    c: np.ndarray
    tanh_c: np.ndarray
    W: np.ndarray
    U: np.ndarray


def lstm(x, h, c, W, U, b):
    """x (N, T, D), h, c (N, H), W (D, 4 H), U (H, 4 H), b (4 H,) -> (y (N, T, H), h_T (N, H), c_T (N, H))

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import lstm
    >>> zero = np.zeros((1, 1))
    >>> (y, h, c), cache = lstm(np.ones((1, 2, 1)), zero, zero, np.ones((1, 4)), np.zeros((1, 4)), np.zeros(4))
    >>> y[0, :, 0].round(4), c.round(4)
    (array([0.3696, 0.5453]), array([[0.9638]]))
    """
    x = time_major(as_float(x))
    (steps, rows), n = x.shape[:2], len(U)
    half = np.repeat(np.array([0.5, 0.5, 1, 0.5], x.dtype), n)
    gates = (merged(x) @ (W * half) + b * half).reshape(steps, rows, 4 * n)
    hs, cs = (np.empty((steps + 1, rows, n), x.dtype) for _ in range(2))
    tanh_c = np.empty((steps, rows, n), x.dtype)
    hs[0], cs[0], U_half = h, c, U * half
    for t in range(steps):
        z = gates[t]
        z += hs[t] @ U_half
        np.tanh(z, out=z)
        z *= half
        z += 1 - half
        i, f, g, o = (z[:, k * n : (k + 1) * n] for k in range(4))
        np.multiply(f, cs[t], out=cs[t + 1])
        cs[t + 1] += i * g
        np.tanh(cs[t + 1], out=tanh_c[t])
        np.multiply(o, tanh_c[t], out=hs[t + 1])
    return (batch_major(hs[1:]), hs[-1].copy(), cs[-1].copy()), LSTMCache(x, gates, hs, cs, tanh_c, W, U)


def lstm_backward(dy, cache):
    """dL/dx, dL/dh_0, dL/dc_0, dL/dW, dL/dU, dL/db from dy = (dL/dy, dL/dh_T, dL/dc_T); None among them is zero."""
    x, gates, h, _, _, W, U = cache
    (steps, rows), n = gates.shape[:2], len(U)
    dy, dh, dc = dy
    dh, dc = (np.zeros_like(h[0]) if a is None else a for a in (dh, dc))
    dy = None if dy is None else time_major(dy)
    dz = np.empty_like(gates)
    for stop in range(steps, 0, -STEPS):
        some = slice(max(stop - STEPS, 0), stop)
        through_c = _factors(cache, some, dz[some])
        for t in reversed(range(some.start, some.stop)):
            dh = dh if dy is None else dh + dy[t]
            dc = dc + dh * through_c[t - some.start]
            parts = dz[t].reshape(rows, 4, n)
            parts[:, :3] *= dc[:, None]
            parts[:, 3] *= dh
            dc *= gates[t, :, n : 2 * n]
            dh = dz[t] @ U.T
    flat, past = merged(dz), merged(h[:-1])
    dx = batch_major((flat @ W.T).reshape(x.shape))
    return dx, dh, dc, merged(x).T @ flat, past.T @ flat, flat.sum(axis=0)


def _factors(cache, some, out):
    """What dz is over dc (i, f, g) and over dh (o), into `out` (k, N, 4 H); returns dc over dh (k, N, H)."""
    n = len(cache.U)
    i, f, g, o = (cache.gates[some, :, k * n : (k + 1) * n] for k in range(4))
    di, df, dg, do = (out[:, :, k * n : (k + 1) * n] for k in range(4))
    c_before, tanh_c = cache.c[some], cache.tanh_c[some]
    np.multiply(g * i, 1 - i, out=di)
    np.multiply(c_before * f, 1 - f, out=df)
    np.multiply(i, 1 - g * g, out=dg)
    np.multiply(tanh_c * o, 1 - o, out=do)
    return o * (1 - tanh_c * tanh_c)


class _LSTM:
    """The maths of `LSTM` and `LSTMCell`."""

    n_gates, n_states = 4, 2

    def _apply(self, x, h, c):
        return lstm(x, h, c, self.W, self.U, self.b)

    def _undo(self, dy, cache):
        return lstm_backward(dy, cache)


class LSTM(_LSTM, RecurrentLayer):
    """Long short-term memory: ``layer(x, (h0, c0)=None)``, a full sequence in and out.

    Parameters
    ----------
    n_in, n_hidden : int
        Features of x and of y.
    return_state : bool, default=False
        Return (y, (h, c)) with the last states, (N, n_hidden) each, and take the upstream gradients (dy, (dh, dc)).
    activation : str, layer, layer class, callable or None, default=None
        Applied to the output sequence (not inside the recurrence).
    init : str or callable, default="glorot_uniform"
        Draws W; U is orthogonal, b starts at zero.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws W and U.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import LSTM
    >>> LSTM(3, 4, random_state=0)(np.ones((2, 5, 3))).shape
    (2, 5, 4)
    >>> layer = LSTM(3, 4, return_state=True, random_state=0)
    >>> y, (h, c) = layer(np.ones((2, 5, 3)))
    >>> y, (h, c) = layer(np.ones((2, 1, 3)), (h, c))
    >>> dx, (dh, dc) = layer.backward((np.ones_like(y), (h, c)))
    """

    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        return_state: bool = False,
        activation=None,
        init="glorot_uniform",
        dtype=np.float32,
        random_state=None,
    ):
        self.activation = get_activation(activation)
        self._check_return_state(return_state)
        self._set_up(n_in, n_hidden, init, dtype, random_state)


class LSTMCell(_LSTM, RecurrentCell):
    """One step of `LSTM`: ``cell(x, (h, c)=None) -> (h, c)`` with x (N, n_in), h and c (N, n_hidden).

    Parameters
    ----------
    n_in, n_hidden : int
        Features of x and of h.
    init : str or callable, default="glorot_uniform"
        Draws W; U is orthogonal, b starts at zero.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws W and U.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import LSTMCell
    >>> cell = LSTMCell(3, 4, random_state=0)
    >>> h, c = cell(np.ones((2, 3)))
    >>> h, c = cell(np.ones((2, 3)), (h, c))
    >>> dx, (dh, dc) = cell.backward((np.ones((2, 4)), np.zeros((2, 4))))
    """

    def __init__(self, n_in: int, n_hidden: int, init="glorot_uniform", dtype=np.float32, random_state=None):
        self._set_up(n_in, n_hidden, init, dtype, random_state)
