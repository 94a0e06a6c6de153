"""What recurrent layers and cells share: weights, states that are given or start at zero, and what comes out.

x (N, T, D), state h (N, H) -> y (N, T, H): all hidden states, and the last one if asked. The maths of one kind stands
in its own file (`layers/rnn.py`, `layers/lstm.py`, `layers/gru.py`), as functions over whole sequences that run
time-major: x W is one product for all steps, a step adds h U, and on the way back the weight gradients are one product
for all steps again. A cell is a sequence of length 1.
"""

import numpy as np

from npml_core import check_random_state

from ..initializers import get_initializer, orthogonal
from .base import Layer
from .parameters import check_sizes, float_dtype

__all__ = ["Recurrent", "RecurrentCell", "RecurrentLayer", "batch_major", "merged", "time_major"]


class Recurrent(Layer):
    """Weights and states. A kind defines `n_gates`, `n_states`, ``_apply(x, *states)`` and ``_undo(dy, cache)``."""

    n_gates = 1
    n_states = 1

    def _set_up(self, n_in, n_hidden, init, dtype, random_state):
        check_sizes(n_in=n_in, n_hidden=n_hidden)
        self.n_in, self.n_hidden = n_in, n_hidden
        rng, draw = check_random_state(random_state), get_initializer(init, None)
        W = [draw((n_in, n_hidden), random_state=rng) for _ in range(self.n_gates)]
        U = [orthogonal((n_hidden, n_hidden), random_state=rng) for _ in range(self.n_gates)]
        self.add_param("W", np.concatenate(W, axis=1).astype(float_dtype(dtype)))
        self.add_param("U", np.concatenate(U, axis=1).astype(dtype))
        self.add_param("b", np.zeros(self.n_gates * n_hidden, dtype))

    def _cast(self, x):
        """A state of several arrays is a tuple."""
        return tuple(super(Recurrent, self)._cast(a) for a in x) if isinstance(x, tuple) else super()._cast(x)

    def _run(self, x, state):
        """(y, last states), cache."""
        given, shape = state is not None, (x.shape[0], self.n_hidden)
        if not given:
            states = [np.zeros(shape, self.dtype) for _ in range(self.n_states)]
        else:
            states = [state] if self.n_states == 1 else list(state)
        if len(states) != self.n_states or any(np.shape(a) != shape for a in states):
            needed = f"an array of shape {shape}" if self.n_states == 1 else f"{self.n_states} arrays of shape {shape}"
            raise ValueError(f"state must be {needed}, got {' and '.join(str(np.shape(a)) for a in states)}")
        (y, *last), cache = self._apply(x, *states)
        return y, self._joined(last), (cache, given)

    def _run_backward(self, dy, dlast, cache):
        """dL/dx or (dL/dx, dL/dstate), and the gradients of the weights."""
        cache, given = cache
        if dlast is None:
            dlast = [None] * self.n_states
        elif self.n_states == 1:
            dlast = [dlast]
        dx, *rest = self._undo((dy, *dlast), cache)
        dstate = self._joined(rest[: self.n_states])
        return (dx, dstate) if given else dx, dict(zip(self._params, rest[self.n_states :]))

    def _joined(self, states):
        return states[0] if self.n_states == 1 else tuple(states)


class RecurrentLayer(Recurrent):
    """A whole sequence in, a whole sequence out: ``layer(x, state=None)``."""

    def _forward(self, x, state=None):
        if x.ndim != 3 or x.shape[2] != self.n_in:
            raise ValueError(f"x must have shape (N, T, {self.n_in}), got {x.shape}")
        y, last, cache = self._run(x, state)
        return ((y, last) if self.return_state else y), cache

    def _backward(self, dy, cache):
        return self._run_backward(*(dy if self.return_state else (dy, None)), cache)

    def _check_return_state(self, return_state):
        if return_state and self.activation is not None:
            raise ValueError("activation must be None where return_state=True: states are returned as they are")
        self.return_state = return_state

    def _multiply_adds(self, input_shapes, output_shapes):
        n, t = input_shapes[0][:2]
        return n * t * (self.W.size + self.U.size)


class RecurrentCell(Recurrent):
    """One step: ``cell(x, state=None) -> state``."""

    def _forward(self, x, state=None):
        if x.ndim != 2 or x.shape[1] != self.n_in:
            raise ValueError(f"x must have shape (N, {self.n_in}), got {x.shape}")
        _, last, cache = self._run(x[:, None], state)
        return last, cache

    def _backward(self, dy, cache):
        dx, gradients = self._run_backward(None, dy, cache)
        return ((dx[0][:, 0], dx[1]) if isinstance(dx, tuple) else dx[:, 0]), gradients

    def _multiply_adds(self, input_shapes, output_shapes):
        return input_shapes[0][0] * (self.W.size + self.U.size)


def time_major(x):
    """(N, T, D) -> (T, N, D), contiguous."""
    return np.ascontiguousarray(x.swapaxes(0, 1))


batch_major = time_major  # and back


def merged(x):
    """(T, N, D) -> (T N, D)."""
    return x.reshape(x.shape[0] * x.shape[1], x.shape[2])
