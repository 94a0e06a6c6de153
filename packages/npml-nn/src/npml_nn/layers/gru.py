"""GRU: a recurrent network whose state is partly kept and partly replaced, as two gates say.

x (N, T, D), h_0 (N, H), W (D, 3 H), U (H, 3 H), b, b_h (3 H,), columns in the order r, z, n -> y (N, T, H)

    r, z = sigmoid(x_t W + b + h_{t-1} U + b_h)            (their columns)
    m = h_{t-1} U_n + b_hn,     n = tanh(x_t W_n + b_n + r m),     h_t = n + z (h_{t-1} - n)

    backward, for t = T .. 1:   dh += dy_t
        da_n = dh (1 - z) (1 - n^2),   da_z = dh (h_{t-1} - n) z (1 - z),   da_r = da_n m r (1 - r)
        dh <- dh z + [da_r, da_z, r da_n] U^T
    then dx = da W^T, dW = x^T da, db = sum da; dU = h_{t-1}^T [da_r, da_z, r da_n], db_h = the sum of that

All gates take one tanh: sigmoid(a) = tanh(a / 2) / 2 + 1/2, with the halves already in the weights. O(T N H (D + H)).

Differences from the paper: r multiplies h U + b_h, not h, so that a step is one product (Chung et al. have both).

References: Cho et al. (2014), Learning phrase representations using RNN encoder-decoder, section 2.3,
https://arxiv.org/abs/1406.1078. Chung et al. (2014), Empirical evaluation of gated recurrent neural networks,
https://arxiv.org/abs/1412.3555.
"""

from typing import NamedTuple

import numpy as np

from .elementwise import get_activation
from .parameters import as_float
from .recurrent import RecurrentCell, RecurrentLayer, batch_major, merged, time_major

__all__ = ["GRU", "GRUCell", "gru", "gru_backward"]


class GRUCache(NamedTuple):
    """Time-major: x (T, N, D), gates (T, N, 3 H), m (T, N, H), h (T + 1, N, H) with h_0; W and U."""

    x: np.ndarray
    gates: np.ndarray
    m: np.ndarray
    h: np.ndarray
    W: np.ndarray
    U: np.ndarray


def gru(x, h, W, U, b, b_h):
    """x (N, T, D), h (N, H), W (D, 3 H), U (H, 3 H), b, b_h (3 H,) -> (y (N, T, H), h_T (N, H))

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import gru
    >>> zero = np.zeros((1, 1))
    >>> (y, h), cache = gru(np.ones((1, 2, 1)), zero, np.ones((1, 3)), np.zeros((1, 3)), np.zeros(3), np.zeros(3))
    >>> y[0, :, 0].round(4)
    array([0.2048, 0.3546])
    """
    x = time_major(as_float(x))
    (steps, rows), n = x.shape[:2], len(U)
    half = np.repeat(np.array([0.5, 0.5, 1], x.dtype), n)
    gates = (merged(x) @ (W * half) + b * half).reshape(steps, rows, 3 * n)
    hs, m = np.empty((steps + 1, rows, n), x.dtype), np.empty((steps, rows, n), x.dtype)
    hs[0], U_half, b_half = h, U * half, b_h * half
    for t in range(steps):
        past = hs[t] @ U_half + b_half
        gate, new = gates[t, :, : 2 * n], gates[t, :, 2 * n :]
        gate += past[:, : 2 * n]
        np.tanh(gate, out=gate)
        gate *= 0.5
        gate += 0.5
        m[t] = past[:, 2 * n :]
        new += gate[:, :n] * m[t]
        np.tanh(new, out=new)
        np.subtract(hs[t], new, out=hs[t + 1])
        hs[t + 1] *= gate[:, n:]
        hs[t + 1] += new
    return (batch_major(hs[1:]), hs[-1].copy()), GRUCache(x, gates, m, hs, W, U)


def gru_backward(dy, cache):
    """dL/dx, dL/dh_0, dL/dW, dL/dU, dL/db, dL/db_h from dy = (dL/dy, dL/dh_T), either of which may be None for zero."""
    x, gates, m, h, W, U = cache
    steps, n = len(gates), len(U)
    dy, dh = dy
    dh = np.zeros_like(h[0]) if dh is None else dh
    dy = None if dy is None else time_major(dy)
    r, z, new = (gates[:, :, k * n : (k + 1) * n] for k in range(3))
    through_n, through_z, through_r = (1 - z) * (1 - new * new), (h[:-1] - new) * z * (1 - z), m * r * (1 - r)
    da, dU_side = np.empty_like(gates), np.empty_like(gates)
    for t in reversed(range(steps)):
        dh = dh if dy is None else dh + dy[t]
        dr, dz, dn = (da[t, :, k * n : (k + 1) * n] for k in range(3))
        np.multiply(dh, through_n[t], out=dn)
        np.multiply(dh, through_z[t], out=dz)
        np.multiply(dn, through_r[t], out=dr)
        dU_side[t, :, : 2 * n] = da[t, :, : 2 * n]
        np.multiply(dn, r[t], out=dU_side[t, :, 2 * n :])
        dh = dh * z[t] + dU_side[t] @ U.T
    flat, side, past = merged(da), merged(dU_side), merged(h[:-1])
    dx = batch_major((flat @ W.T).reshape(x.shape))
    return dx, dh, merged(x).T @ flat, past.T @ side, flat.sum(axis=0), side.sum(axis=0)


class _GRU:
    """The maths of `GRU` and `GRUCell`."""

    n_gates = 3

    def _set_up(self, n_in, n_hidden, init, dtype, random_state):
        super()._set_up(n_in, n_hidden, init, dtype, random_state)
        self.add_param("b_h", np.zeros(3 * n_hidden, dtype))

    def _apply(self, x, h):
        return gru(x, h, self.W, self.U, self.b, self.b_h)

    def _undo(self, dy, cache):
        return gru_backward(dy, cache)


class GRU(_GRU, RecurrentLayer):
    """Gated recurrent unit: ``layer(x, h0=None)``, a full sequence in and out.

    Parameters
    ----------
    n_in, n_hidden : int
        Features of x and of y.
    return_state : bool, default=False
        Return (y, h) with h (N, n_hidden), the last state, and take two upstream gradients.
    activation : str, layer, layer class, callable or None, default=None
        Applied to the output sequence (not inside the recurrence).
    init : str or callable, default="glorot_uniform"
        Draws W; U is orthogonal, biases start at zero.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws W and U.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import GRU
    >>> GRU(3, 4, random_state=0)(np.ones((2, 5, 3))).shape
    (2, 5, 4)
    >>> y, h = GRU(3, 4, return_state=True, random_state=0)(np.ones((2, 5, 3)), np.ones((2, 4)))
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


class GRUCell(_GRU, RecurrentCell):
    """One step of `GRU`: ``cell(x, h=None) -> h`` with x (N, n_in), h (N, n_hidden).

    Parameters
    ----------
    n_in, n_hidden : int
        Features of x and of h.
    init : str or callable, default="glorot_uniform"
        Draws W; U is orthogonal, biases start at zero.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws W and U.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import GRUCell
    >>> cell = GRUCell(3, 4, random_state=0)
    >>> h = cell(np.ones((2, 3)))
    >>> dx = cell.backward(np.ones((2, 4)))
    """

    def __init__(self, n_in: int, n_hidden: int, init="glorot_uniform", dtype=np.float32, random_state=None):
        self._set_up(n_in, n_hidden, init, dtype, random_state)
