"""Dropout (inverted): in training each number is 0 with probability p, else divided by 1 - p; the mean stays.

    m ~ Bernoulli(1 - p) / (1 - p),   y = m x,   dx = m dy     (the same m)
    double backward                   s = <u, m dy>:   ds/d(dy) = m u,   ds/dx = 0

The mask compares raw random 32-bit integers with p 2^32: exact to 2^-32, and several times faster than drawing floats.

References: Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from overfitting, JMLR 15.
"""

import numpy as np

from npml_core import check_random_state

from .base import Layer
from .parameters import as_float

__all__ = ["Dropout", "dropout", "dropout_backward"]


def dropout(x, p=0.5, random_state=None):
    """y = m x with a random mask m.   x (...) -> y (...); the cache is m

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import dropout
    >>> y, mask = dropout(np.ones(5), p=0.5, random_state=0)
    >>> bool(np.all((y == 0) | (y == 2)))
    True
    """
    x = as_float(x)
    mask = _draw_mask(x.shape, x.dtype, p, check_random_state(random_state))
    return x * mask, mask


def dropout_backward(dy, cache):
    """dL/dx = m dy, with the mask of the forward pass."""
    return dy * cache


class Dropout(Layer):
    """Set numbers to zero at random in training; does nothing in evaluation.

    Parameters
    ----------
    p : float, default=0.5
        Probability of zero, 0 <= p <= 1.
    random_state : None, int, Generator or RandomState
        Draws the masks.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Dropout
    >>> Dropout(0.5).eval()(np.ones(3))
    array([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, random_state=None):
        if not 0 <= p <= 1:
            raise ValueError(f"p must be a probability between 0 and 1, got {p!r}")
        self.p = float(p)
        self.rng = check_random_state(random_state)

    def _forward(self, x):
        x = as_float(x)
        return dropout(x, self.p, self.rng) if self.training and self.p > 0 else (x, None)

    def _backward(self, dy, cache):
        return dy if cache is None else dropout_backward(dy, cache), {}

    def _double_backward(self, ddx, dy, cache):
        return ddx if cache is None else dropout_backward(ddx, cache), None, {}


def _draw_mask(shape, dtype, p, rng):
    if not 0 <= p <= 1:
        raise ValueError(f"p must be a probability between 0 and 1, got {p!r}")
    if p == 1:
        return np.zeros(shape, dtype)
    n = int(np.prod(shape, dtype=np.int64))
    bits = np.frombuffer(rng.bytes(4 * n), dtype="<u4")
    keep = bits >= np.uint32(min(round(p * 2**32), 2**32 - 1))
    return np.multiply(keep, dtype.type(1 / (1 - p)), dtype=dtype).reshape(shape)
