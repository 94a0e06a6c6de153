"""The loss of a Bernoulli variational autoencoder: the negative evidence lower bound, in closed form.

x (N, ...) pixels in 0..1, r (N, ...) the probabilities that the decoder gives them, m and s = log(variance) (N, L) the
code's mean and log-variance from the encoder. With the prior N(0, I) and the approximate posterior N(m, diag(exp s))

    L = 1/N sum_n [ -sum_pixels (x log r + (1 - x) log(1 - r)) + 1/2 sum_l (exp(s) + m^2 - 1 - s) ]

    dL/dr = 1/N (r - x) / (r (1 - r)),    dL/dm = m / N,    dL/ds = (exp(s) - 1) / (2 N)

Both logarithms are at least -100, and r (1 - r) at least 1e-12, so that r = 0 and r = 1 give finite numbers. Pixels are
summed, not averaged: only then is L a bound on -log p(x), to which both terms contribute as they must. O(size of x).

References: Kingma & Welling (2014), Auto-encoding variational Bayes, https://arxiv.org/abs/1312.6114, eq. 10 and
appendices B, C.1.
"""

from typing import NamedTuple

import numpy as np

from ..layers.parameters import as_float
from .base import Loss, register_loss

__all__ = ["BernoulliVAELoss", "bernoulli_vae_loss", "bernoulli_vae_loss_backward"]

LOWEST_LOG = -100.0
LOWEST_VARIANCE = 1e-12


class BernoulliVAECache(NamedTuple):
    """recon, x (N, ...); mean, logvar (N, L)."""

    recon: np.ndarray
    mean: np.ndarray
    logvar: np.ndarray
    x: np.ndarray


def bernoulli_vae_loss(recon, mean, logvar, x):
    """L = 1/N (cross-entropy summed over pixels + KL(q || N(0, I))).   (N, ...), (N, L), (N, L), (N, ...) -> L, cache

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import bernoulli_vae_loss
    >>> value, cache = bernoulli_vae_loss([[0.5, 0.5]], [[0.0]], [[0.0]], [[1.0, 0.0]])
    >>> round(value, 4)  # 2 log 2
    1.3863
    """
    recon, mean, logvar, x = _check(recon, mean, logvar, x)
    with np.errstate(divide="ignore"):
        log_one, log_zero = np.log(recon), np.log1p(-recon)
    log_likelihood = _clamped_sum(log_one, x) + _clamped_sum(log_zero, 1 - x)
    with np.errstate(over="ignore"):
        divergence = np.expm1(logvar)
    divergence -= logvar
    divergence += np.square(mean)
    value = 0.5 * float(divergence.sum(dtype=np.float64)) - log_likelihood
    return value / max(len(x), 1), BernoulliVAECache(recon, mean, logvar, x)


def bernoulli_vae_loss_backward(dy, cache):
    """dL/dr = (r - x) / (N r (1 - r)),   dL/dm = m / N,   dL/ds = (exp(s) - 1) / (2 N), times dy (a number)."""
    recon, mean, logvar, x = cache
    share = dy / max(len(x), 1)
    variance = recon * (1 - recon)
    d_recon = recon - x
    d_recon /= np.maximum(variance, LOWEST_VARIANCE, out=variance)
    d_recon *= share
    with np.errstate(over="ignore"):
        d_logvar = np.expm1(logvar)
    d_logvar *= share / 2
    return d_recon, mean * share, d_logvar


class BernoulliVAELoss(Loss):
    """Negative evidence lower bound of a variational autoencoder of binary (or 0..1) pixels, the mean over the batch.

    Called as ``loss((recon, mean, logvar), x)``; it returns the value and (d_recon, d_mean, d_logvar). `recon` are
    probabilities, `mean` and `logvar` those of the code.

    Raises
    ------
    ValueError
        If `x` or `recon` is outside 0..1, or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import BernoulliVAELoss
    >>> recon, mean, logvar = np.full((4, 8, 8, 1), 0.5), np.zeros((4, 2)), np.zeros((4, 2))
    >>> value, (d_recon, d_mean, d_logvar) = BernoulliVAELoss()((recon, mean, logvar), np.ones((4, 8, 8, 1)))
    >>> round(value / 64, 4)  # log 2
    0.6931
    """

    def __call__(self, y_pred, y_true):
        """Value and gradients for (recon, mean, logvar) and the pixels."""
        if not isinstance(y_pred, (tuple, list)) or len(y_pred) != 3:
            raise ValueError(f"y_pred must be (recon, mean, logvar), got {type(y_pred).__name__}")
        value, cache = bernoulli_vae_loss(*y_pred, y_true)
        return value, bernoulli_vae_loss_backward(1.0, cache)


register_loss("bernoulli_vae", BernoulliVAELoss)


def _clamped_sum(logs, weights):
    np.maximum(logs, LOWEST_LOG, out=logs)
    logs *= weights
    return float(logs.sum(dtype=np.float64))


def _check(recon, mean, logvar, x):
    recon, mean, logvar = as_float(recon, "recon"), as_float(mean, "mean"), as_float(logvar, "logvar")
    x = as_float(x).astype(recon.dtype, copy=False)
    if recon.ndim == 0 or x.shape != recon.shape:
        raise ValueError(f"x must have the shape of recon, {recon.shape}, with the batch first, got {x.shape}")
    if mean.shape != logvar.shape or mean.ndim == 0 or len(mean) != len(x):
        raise ValueError(f"mean and logvar must be of one shape ({len(x)}, L), got {mean.shape} and {logvar.shape}")
    for name, array in (("x", x), ("recon", recon)):
        if not (array.min(initial=0) >= 0 and array.max(initial=1) <= 1):
            raise ValueError(f"{name} must lie between 0 and 1, got {array.min()} to {array.max()}")
    return recon, mean, logvar, x
