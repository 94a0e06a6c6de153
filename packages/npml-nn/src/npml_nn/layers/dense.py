"""Dense: y = x W + b, and an activation.

x (..., n_in), W (n_in, n_out), b (n_out,) -> y (..., n_out). All leading axes are one large batch of N rows, so each
pass is one matrix product: O(N n_in n_out).

    backward           dx = dy W^T,   dW = x^T dy,   db = sum of dy over the rows
    double backward    s = <u, dy W^T>:   ds/d(dy) = u W,   ds/dW = u^T dy,   ds/dx = 0,   ds/db = 0
"""

from typing import NamedTuple

import numpy as np

from npml_core import check_random_state

from ..initializers import get_initializer
from .base import Layer
from .elementwise import get_activation
from .parameters import as_float, check_sizes, float_dtype

__all__ = ["Dense", "dense", "dense_backward", "dense_double_backward"]


class DenseCache(NamedTuple):
    """What the backward pass needs: x (..., n_in), W (n_in, n_out), whether there is a bias."""

    x: np.ndarray
    W: np.ndarray
    has_bias: bool


def dense(x, W, b=None):
    """y = x W + b.   x (..., n_in), W (n_in, n_out), b (n_out,) or None -> y (..., n_out)

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import dense, dense_backward
    >>> y, cache = dense([[1.0, 2.0]], np.eye(2), np.array([0.0, 10.0]))
    >>> y
    array([[ 1., 12.]])
    >>> dx, dW, db = dense_backward(np.array([[1.0, 1.0]]), cache)
    """
    x = as_float(x)
    if x.ndim == 0 or x.shape[-1] != W.shape[0]:
        raise ValueError(f"x must have {W.shape[0]} features on its last axis, got shape {x.shape}")
    y = x.reshape(-1, x.shape[-1]) @ W
    if b is not None:
        y += b
    return y.reshape(*x.shape[:-1], W.shape[1]), DenseCache(x, W, b is not None)


def dense_backward(dy, cache, input_gradient=True):
    """dL/dx = dy W^T,   dL/dW = x^T dy,   dL/db = sum of dy over the leading axes (None without b)."""
    x, W, has_bias = cache
    rows, drows = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
    dx = (drows @ W.T).reshape(x.shape) if input_gradient else None
    db = np.ones(len(drows), drows.dtype) @ drows if has_bias else None  # a product with a vector is a faster sum
    return dx, rows.T @ drows, db


def dense_double_backward(ddx, dy, cache):
    """ds/d(dy) = ddx W,   ds/dW = ddx^T dy,   where s = <ddx, dL/dx>; ds/dx and ds/db are 0."""
    W = cache.W
    ddrows, drows = ddx.reshape(-1, ddx.shape[-1]), dy.reshape(-1, dy.shape[-1])
    return (ddrows @ W).reshape(dy.shape), ddrows.T @ drows


class Dense(Layer):
    """Fully connected layer: activation(x W + b).

    Parameters
    ----------
    n_in, n_out : int
        Features of x and of y.
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
    >>> from npml_nn import Dense
    >>> layer = Dense(3, 2, activation="relu", random_state=0)
    >>> layer(np.ones((5, 3))).shape
    (5, 2)
    >>> layer.backward(np.ones((5, 2))).shape
    (5, 3)
    >>> sorted(layer.grads)
    ['W', 'b']
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation=None,
        bias: bool = True,
        init="glorot_uniform",
        dtype=np.float32,
        random_state=None,
    ):
        check_sizes(n_in=n_in, n_out=n_out)
        self.n_in, self.n_out, self.bias = n_in, n_out, bias
        self.activation = get_activation(activation)
        draw = get_initializer(init, self.activation)
        W = draw((n_in, n_out), random_state=check_random_state(random_state))
        self.add_param("W", np.asarray(W, float_dtype(dtype)))
        if bias:
            self.add_param("b", np.zeros(n_out, dtype))

    def _forward(self, x):
        return dense(x, self.W, self.b if self.bias else None)

    def _backward(self, dy, cache):
        dx, dW, db = dense_backward(dy, cache, input_gradient=self.input_gradient or self._recording)
        return dx, {"W": dW, "b": db} if self.bias else {"W": dW}

    def _double_backward(self, ddx, dy, cache):
        ddy, dW = dense_double_backward(ddx, dy, cache)
        return ddy, None, {"W": dW}

    def _multiply_adds(self, input_shapes, output_shapes):
        return self.n_in * int(np.prod(output_shapes))
