"""SparseEvolution: a fully connected layer that keeps few of its connections, and replaces the weakest as it learns.

x (..., n_in), W (n_in, n_out), M (n_in, n_out) 1 where there is a connection and 0 elsewhere, b (n_out,):

    y = x (W * M) + b,     dW = (x^T dy) * M

M starts as a random graph of epsilon (n_in + n_out) connections. `evolve`, called after each epoch, prunes the share
zeta of the smallest positive weights and the same share of the negative ones nearest to zero, and grows as many new
connections in places drawn evenly from all that are free. So the number of connections, linear in the sizes of the two
layers and not in their product, never changes, while the graph follows what was learned.

Memory and time are those of a dense layer: at the densities of the paper (some per cent) one dense product is as fast
as a sparse one.

Differences from the paper: exactly epsilon (n_in + n_out) connections, not that many on average; weights are drawn
larger by 1 / sqrt(density), so that outputs have the spread that the same initializer gives a dense layer.

References: Mocanu et al. (2018), Scalable training of artificial neural networks with adaptive sparse connectivity
inspired by network science, Nature Communications 9, eq. 1 and algorithm 1, https://doi.org/10.1038/s41467-018-04316-3.
"""

from math import sqrt

import numpy as np

from npml_core import check_random_state

from ..initializers import get_initializer
from .base import Layer
from .dense import dense, dense_backward, dense_double_backward
from .elementwise import get_activation
from .parameters import check_sizes, float_dtype

__all__ = ["SparseEvolution"]


class SparseEvolution(Layer):
    """Sparse fully connected layer, activation(x (W * mask) + b), whose connections evolve.

    An optimizer that remembers (momentum, Adam) carries over to a new connection what it knew of that place.

    Parameters
    ----------
    n_in, n_out : int
        Features of x and of y.
    zeta : float, default=0.3
        Share of the connections that `evolve` replaces, 0 to 1.
    epsilon : float, default=20
        There are epsilon (n_in + n_out) connections, or all n_in n_out where that is fewer.
    activation : str, layer, layer class, callable or None, default=None
        Applied to the output.
    bias : bool, default=True
        Whether there is a b.
    init : str or callable, default="glorot_uniform"
        Draws W: a name of `npml_nn.initializers`, or ``f(shape, random_state=None)``. b starts at zero.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws W and the connections, now and at each `evolve`.

    Attributes
    ----------
    mask : ndarray of uint8 (n_in, n_out)
        1 where there is a connection. W is 0 elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import SparseEvolution
    >>> layer = SparseEvolution(100, 50, epsilon=2, activation="relu", random_state=0)
    >>> layer(np.ones((5, 100))).shape
    (5, 50)
    >>> layer.n_connections, int(np.count_nonzero(layer.W))
    (300, 300)
    >>> replaced = layer.evolve()
    >>> layer.n_connections
    300
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        zeta: float = 0.3,
        epsilon: float = 20,
        activation=None,
        bias: bool = True,
        init="glorot_uniform",
        dtype=np.float32,
        random_state=None,
    ):
        check_sizes(n_in=n_in, n_out=n_out)
        self.n_in, self.n_out, self.bias = n_in, n_out, bias
        self.zeta, self.epsilon = _check_share(zeta), _check_positive(epsilon)
        self.activation = get_activation(activation)
        self.init, self.rng = init, check_random_state(random_state)
        n_connections = max(1, min(round(epsilon * (n_in + n_out)), n_in * n_out))
        places = self.rng.choice(n_in * n_out, n_connections, replace=False, shuffle=False)
        mask = np.zeros((n_in, n_out), np.uint8)
        mask.flat[places] = 1
        self.add_buffer("mask", mask)
        self.add_param("W", (self._draw() * mask).astype(float_dtype(dtype)))
        if bias:
            self.add_param("b", np.zeros(n_out, dtype))

    @property
    def n_connections(self) -> int:
        """The number of connections, the same for ever."""
        return int(np.count_nonzero(self.mask))

    def evolve(self) -> int:
        """Replace the weakest connections by new ones in random free places; a frozen layer stays as it is.

        Returns
        -------
        int
            The number of connections replaced.
        """
        if self.frozen:
            return 0
        W, mask, grad = (array.reshape(-1) for array in (self.W, self.mask, self._grads["W"]))
        places = np.flatnonzero(mask)
        weights = W[places]
        pruned = np.concatenate([_weakest(places, weights, side, self.zeta) for side in (weights >= 0, weights < 0)])
        mask[pruned] = 0
        grown = self.rng.choice(np.flatnonzero(mask == 0), len(pruned), replace=False)
        mask[grown] = 1
        W[grown] = self._draw().reshape(-1)[grown]
        W *= mask
        grad *= mask
        return len(pruned)

    def _draw(self):
        draw = get_initializer(self.init, self.activation)
        return draw((self.n_in, self.n_out), random_state=self.rng) / sqrt(self.n_connections / self.mask.size)

    def _forward(self, x):
        return dense(x, self.W * self.mask, self.b if self.bias else None)

    def _backward(self, dy, cache):
        dx, dW, db = dense_backward(dy, cache, input_gradient=self.input_gradient or self._recording)
        dW *= self.mask
        return dx, {"W": dW, "b": db} if self.bias else {"W": dW}

    def _double_backward(self, ddx, dy, cache):
        ddy, dW = dense_double_backward(ddx, dy, cache)
        return ddy, None, {"W": dW * self.mask}

    def _multiply_adds(self, input_shapes, output_shapes):
        return self.n_connections * int(np.prod(output_shapes)) // self.n_out


def _weakest(places, weights, side, share):
    """The places of the `share` of the weights on one side of zero that are nearest to it."""
    places, sizes = places[side], np.abs(weights[side])
    n = int(share * len(places))
    return places[np.argsort(sizes, kind="stable")[:n]]


def _check_share(zeta):
    if not 0 <= zeta <= 1:
        raise ValueError(f"zeta must be between 0 and 1, got {zeta!r}")
    return zeta


def _check_positive(epsilon):
    if not 0 < epsilon < np.inf:
        raise ValueError(f"epsilon must be positive and finite, got {epsilon!r}")
    return epsilon
