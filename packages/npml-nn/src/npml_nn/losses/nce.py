"""Noise-contrastive estimation: learn a distribution over V words by telling them from k draws of known noise.

N rows, s(w) the logit of word w in a row, its log-probability but for a constant that is learned along; q the noise, t
the row's word, w_1 .. w_k its draws from q. With G(w) = s(w) - log(k q(w)), the log-odds of data against noise,

    L = -1/N sum_rows [ log sigma(G(t)) + sum_j log sigma(-G(w_j)) ],    sigma(a) = 1 / (1 + exp(-a))

    dL/ds(t) = 1/N (sigma(G(t)) - 1),    dL/ds(w_j) = 1/N sigma(G(w_j)),    0 for all other words

A word drawn twice, or drawn though it is the target, gets the sum of its gradients. The minimum over s, as N grows, is
the log-probability itself, normalised, whatever k. O(N k) for the sampled columns, and O(N V) where the gradient by all
logits is asked for.

References: Gutmann & Hyvarinen (2012), Noise-contrastive estimation of unnormalized statistical models, JMLR 13,
section 2. Mnih & Kavukcuoglu (2013), Learning word embeddings efficiently with noise-contrastive estimation, NeurIPS.
"""

from typing import NamedTuple

import numpy as np

from npml_core import AliasSampler, check_random_state

from ..layers.parameters import as_float, check_sizes
from .base import Loss

__all__ = ["NCELoss", "nce", "nce_backward"]


class NCECache(NamedTuple):
    """gradient (N, 1 + k): dL/d(scores), which the forward pass makes on its way."""

    gradient: np.ndarray


def nce(scores, noise):
    """L = -1/N sum of log sigma(G) in column 0 (the data) and log sigma(-G) in the others, G = scores - log(k noise).

    scores (N, 1 + k): the logits of each row's word and of its k draws; noise, broadcast to (N, 1 + k): their
    probabilities under the noise -> L, cache. Only `scores` has a gradient.

    Examples
    --------
    >>> from npml_nn.functional import nce
    >>> value, cache = nce([[0.0, 0.0]], [[0.5, 0.5]])
    >>> round(value, 4), cache.gradient.round(4)
    (1.5041, array([[-0.3333,  0.6667]]))
    """
    scores = as_float(scores, "scores")
    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ValueError(f"scores must have shape (N, 1 + k) with k at least 1, got {scores.shape}")
    noise = _check_noise(noise, scores)
    with np.errstate(divide="ignore"):
        log_odds = scores - np.log(noise) - np.log(scores.dtype.type(scores.shape[1] - 1))
    log_odds[:, 0] *= -1  # from here on the log-odds of the mistake
    softplus = np.logaddexp(scores.dtype.type(0), log_odds)
    gradient = np.exp(log_odds - softplus)  # sigma, without overflow
    gradient[:, 0] *= -1
    n = max(len(scores), 1)
    gradient /= n
    return float(softplus.sum(dtype=np.float64)) / n, NCECache(gradient)


def nce_backward(dy, cache):
    """dL/d(scores), times dy (a number)."""
    return cache.gradient * dy


class NCELoss(Loss):
    """Noise-contrastive loss of logits over V words, with new draws of noise at each call.

    Parameters
    ----------
    noise : array-like (V,) or AliasSampler
        Probability of each word under the noise, or weights in proportion to it. A word that may be a target should
        have some.
    n_negatives : int
        Draws for each row, k.
    random_state : None, int, Generator or RandomState
        Draws them.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import NCELoss
    >>> loss = NCELoss(np.ones(1000) / 1000, n_negatives=5, random_state=0)
    >>> value, dy = loss(np.zeros((4, 1000)), [1, 2, 3, 4])
    >>> dy.shape, int(np.count_nonzero(dy))  # the words and their draws
    ((4, 1000), 24)
    """

    def __init__(self, noise, n_negatives: int, random_state=None):
        check_sizes(n_negatives=n_negatives)
        self.sampler = noise if isinstance(noise, AliasSampler) else AliasSampler(noise)
        self.n_negatives, self.rng = n_negatives, check_random_state(random_state)

    def __call__(self, y_pred, y_true):
        """Value and gradient for logits (N, V) and words (N,)."""
        logits = as_float(y_pred, "logits")
        if logits.ndim != 2 or logits.shape[1] != len(self.sampler.p):
            raise ValueError(f"logits must have shape (N, {len(self.sampler.p)}), as the noise, got {logits.shape}")
        words = self.draw(_check_targets(y_true, logits.shape))
        value, cache = nce(np.take_along_axis(logits, words, axis=1), self.sampler.p[words])
        dy = np.zeros(logits.shape, logits.dtype)
        np.add.at(dy, (np.arange(len(words))[:, None], words), cache.gradient)
        return value, dy

    def draw(self, targets):
        """Put each target before its draws of noise: (N,) -> (N, 1 + k)."""
        negatives = self.sampler.sample((len(targets), self.n_negatives), self.rng)
        return np.concatenate([targets[:, None], negatives], axis=1)


def _check_noise(noise, scores):
    noise = as_float(noise, "noise").astype(scores.dtype, copy=False)
    if not (noise.min(initial=0) >= 0 and noise.max(initial=1) <= 1):
        raise ValueError(f"noise must be probabilities, got {noise.min()} to {noise.max()}")
    try:
        return np.broadcast_to(noise, scores.shape)
    except ValueError:
        raise ValueError(f"noise must broadcast to the shape of scores, {scores.shape}, got {noise.shape}") from None


def _check_targets(targets, shape):
    targets = np.asarray(targets)
    if targets.shape != shape[:1]:
        raise ValueError(f"targets must have shape {shape[:1]}, got {targets.shape}")
    if targets.dtype.kind not in "iu" and targets.size:
        raise TypeError(f"targets must be integers, got dtype {targets.dtype}")
    targets = targets.astype(np.int64)
    wrong = (targets < 0) | (targets >= shape[1])
    if wrong.any():
        raise ValueError(f"targets must be words in 0..{shape[1] - 1}, got {targets[wrong][0]}")
    return targets
