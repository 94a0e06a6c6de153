"""Squared error: the mean over all elements.

y, t (...) of one shape with n elements:   L = 1/n sum (y - t)^2,   dL/dy = 2/n (y - t).   O(n).
"""

from typing import NamedTuple

import numpy as np

from ..layers.parameters import as_float
from .base import Loss, register_loss

__all__ = ["SquaredError", "mse_loss", "mse_loss_backward"]


class SquaredErrorCache(NamedTuple):
    """difference (...): y - t."""

    difference: np.ndarray


def mse_loss(y_pred, y_true):
    """L = mean of (y_pred - y_true)^2 over all elements.   (...), (...) -> L, cache

    Examples
    --------
    >>> from npml_nn.functional import mse_loss
    >>> value, cache = mse_loss([1.0, 3.0], [1.0, 1.0])
    >>> value
    2.0
    """
    y_pred = as_float(y_pred, "y_pred")
    y_true = as_float(y_true, "y_true")
    if y_true.shape != y_pred.shape:
        raise ValueError(f"y_true must have the shape of y_pred, {y_pred.shape}, got {y_true.shape}")
    if not np.isfinite(y_true).all():
        raise ValueError("y_true must be finite, got NaN or infinity")
    difference = y_pred - y_true.astype(y_pred.dtype, copy=False)
    flat = difference.reshape(-1)
    return float(flat @ flat) / max(flat.size, 1), SquaredErrorCache(difference)


def mse_loss_backward(dy, cache):
    """dL/dy_pred = 2/n (y_pred - y_true), times dy (a number)."""
    return cache.difference * (2 * dy / max(cache.difference.size, 1))


class SquaredError(Loss):
    """Mean over all elements of (y_pred - y_true)^2.

    Examples
    --------
    >>> from npml_nn import SquaredError
    >>> SquaredError()([1.0, 3.0], [1.0, 1.0])
    (2.0, array([0., 2.]))
    """

    def __call__(self, y_pred, y_true):
        """Value and gradient for arrays of one shape."""
        value, cache = mse_loss(y_pred, y_true)
        return value, mse_loss_backward(1.0, cache)


register_loss("squared_error", SquaredError)
register_loss("mse", SquaredError)
