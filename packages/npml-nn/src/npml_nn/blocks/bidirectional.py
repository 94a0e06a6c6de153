"""Bidirectional: a layer over the sequence, a copy of it over the reversed sequence, and both outputs merged.

x (N, T, C), R the reversal of time, f the layer and f' its copy:

    a = f(x),  b = R f'(R x)        concat  y = [a, b]      sum  y = a + b      mul  y = a b      avg  y = (a + b) / 2

References: Schuster & Paliwal (1997), Bidirectional recurrent neural networks, IEEE Trans. Signal Processing 45(11),
https://doi.org/10.1109/78.650093.
"""

from copy import deepcopy

import numpy as np

from ..layers.base import Layer

__all__ = ["Bidirectional"]

MERGES = ("concat", "sum", "mul", "avg")


class Bidirectional(Layer):
    """Run a layer forwards and a copy of it backwards over a sequence.

    Parameters
    ----------
    layer : Layer
        Takes and gives a sequence (N, T, C): `LSTM`, `GRU`, `RNN`. The copy has its own weights, which start equal.
    merge : {"concat", "sum", "mul", "avg"}, default="concat"
        How the two outputs become one.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import LSTM, Bidirectional
    >>> layer = Bidirectional(LSTM(3, 4, random_state=0))
    >>> layer(np.ones((2, 5, 3))).shape
    (2, 5, 8)
    >>> sorted(layer.params)
    ['layer.U', 'layer.W', 'layer.b', 'reverse.U', 'reverse.W', 'reverse.b']
    """

    def __init__(self, layer: Layer, merge: str = "concat"):
        if merge not in MERGES:
            raise ValueError(f"merge must be one of {MERGES}, got {merge!r}")
        if getattr(layer, "return_state", False):
            raise ValueError("layer must not return its state: Bidirectional merges two sequences")
        self.layer, self.reverse, self.merge = layer, deepcopy(layer), merge

    def _forward(self, x):
        x = np.asarray(x)
        if x.ndim != 3:
            raise ValueError(f"x must have shape (N, T, C), got {x.shape}")
        a, b = self.layer.forward(x), self.reverse.forward(x[:, ::-1])[:, ::-1]
        if self.merge == "concat":
            return np.concatenate([a, b], axis=-1), None
        if self.merge == "mul":
            return a * b, (a, b)
        return (a + b if self.merge == "sum" else (a + b) / 2), None

    def _backward(self, dy, cache):
        if self.merge == "concat":
            da, db = np.split(dy, 2, axis=-1)
        elif self.merge == "mul":
            a, b = cache
            da, db = dy * b, dy * a
        else:
            da = db = dy if self.merge == "sum" else dy / 2
        return self.layer.backward(da) + self.reverse.backward(db[:, ::-1])[:, ::-1], {}
