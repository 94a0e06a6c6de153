"""Losses that boosting descends, as functions of raw scores F (n, K): K = 1, or a score for every class.

Each answers four questions: where to start, the negative gradient r = -dL/dF, the best constant to add in each leaf
(one Newton step, or a median or quantile of the leaf), and the mean loss.

    squared_error   (y - F)^2                    r = y - F           leaf: mean of r
    absolute_error  |y - F|                      r = sign(y - F)     leaf: median of y - F
    huber           quadratic to delta, then linear; delta is the alpha-quantile of |y - F|
                                                 r = clipped y - F   leaf: median + mean of the clipped rest
    quantile        pinball loss at alpha        r = alpha or alpha - 1        leaf: alpha-quantile of y - F
    log_loss        2 classes: -2 log p(y), p = sigma(F)             r = y - p           leaf: sum r / sum p (1 - p)
                    K classes:   -log p_y,  p = softmax(F)           r_k = [y = k] - p_k
                                                 leaf: (K-1)/K sum r / sum p (1 - p)
    exponential     exp(-s F), s = 2 y - 1       r = s exp(-s F)     leaf: sum r / sum exp(-s F)

All sums are weighted. References: Friedman (2001), "Greedy function approximation", Annals of Statistics 29, algorithms
2 to 6, https://doi.org/10.1214/aos/1013203451; Friedman, Hastie & Tibshirani (2000), "Additive logistic regression",
Annals of Statistics 28, https://doi.org/10.1214/aos/1016218223.
"""

import numpy as np

from npml_core import logsumexp

__all__ = ["CLASSIFICATION_LOSSES", "REGRESSION_LOSSES", "make_loss"]

TINY = 1e-150


class _SquaredError:
    keeps_means = True  # the tree's own means are the best leaf values

    def __init__(self, alpha=None):
        """`alpha` is there for the losses that have it."""

    def start(self, y, weight):
        return np.array([_mean(y, weight)])

    def gradient(self, y, raw, weight):
        return y[:, None] - raw

    def value(self, y, raw, weight):
        return _mean((y - raw[:, 0]) ** 2, weight)


class _AbsoluteError:
    keeps_means = False

    def __init__(self, alpha=None):
        """`alpha` is there for the losses that have it."""

    def start(self, y, weight):
        return np.array([_start_quantile(y, weight, 0.5)])

    def gradient(self, y, raw, weight):
        return np.where(y[:, None] >= raw, 1.0, -1.0)

    def leaf_values(self, y, raw, gradient, weight, leaf, n_leaves):
        return _leaf_quantiles(y - raw, weight, leaf, n_leaves, 0.5)

    def value(self, y, raw, weight):
        return _mean(np.abs(y - raw[:, 0]), weight)


class _Quantile:
    keeps_means = False

    def __init__(self, alpha):
        self._alpha = alpha

    def start(self, y, weight):
        return np.array([_start_quantile(y, weight, self._alpha)])

    def gradient(self, y, raw, weight):
        return np.where(y[:, None] >= raw, self._alpha, self._alpha - 1.0)

    def leaf_values(self, y, raw, gradient, weight, leaf, n_leaves):
        return _leaf_quantiles(y - raw, weight, leaf, n_leaves, self._alpha)

    def value(self, y, raw, weight):
        rest = y - raw[:, 0]
        return _mean(np.where(rest >= 0, self._alpha * rest, (self._alpha - 1.0) * rest), weight)


class _Huber:
    keeps_means = False

    def __init__(self, alpha):
        self._alpha = alpha

    def start(self, y, weight):
        return np.array([_start_quantile(y, weight, 0.5)])

    def gradient(self, y, raw, weight):
        rest = y[:, None] - raw
        self._delta = _quantile(np.abs(rest[:, 0]), weight, self._alpha)
        return np.clip(rest, -self._delta, self._delta)

    def leaf_values(self, y, raw, gradient, weight, leaf, n_leaves):
        rest = y - raw
        median = _leaf_quantiles(rest, weight, leaf, n_leaves, 0.5)
        beyond = np.clip(rest - median[leaf], -self._delta, self._delta)
        return median + _leaf_ratio(beyond, np.ones(len(leaf)), weight, leaf, n_leaves)

    def value(self, y, raw, weight):
        rest = np.abs(y - raw[:, 0])
        delta = getattr(self, "_delta", 1.0)
        return _mean(np.where(rest <= delta, 0.5 * rest**2, delta * (rest - 0.5 * delta)), weight)


class _BinaryLogLoss:
    keeps_means = False

    def __init__(self, alpha=None):
        """`alpha` is there for the losses that have it."""

    def start(self, y, weight):
        share = _mean(y, weight)
        return self.link(np.array([[1 - share, share]]))[0]

    def link(self, shares):
        """Scores with these class probabilities."""
        p = _inside(shares)[:, 1:]
        return np.log(p / (1 - p))

    def gradient(self, y, raw, weight):
        return y[:, None] - _sigmoid(raw)

    def leaf_values(self, y, raw, gradient, weight, leaf, n_leaves):
        p = y - gradient
        return _leaf_ratio(gradient, p * (1 - p), weight, leaf, n_leaves)

    def value(self, y, raw, weight):
        return _mean(2 * (np.logaddexp(0.0, raw[:, 0]) - y * raw[:, 0]), weight)

    def probabilities(self, raw):
        p = _sigmoid(raw[:, 0])
        return np.column_stack([1 - p, p])


class _MultinomialLogLoss:
    keeps_means = False

    def __init__(self, n_classes):
        self._n_classes = n_classes

    def start(self, y, weight):
        mass = np.bincount(y, weight, minlength=self._n_classes)
        return self.link(mass[None] / mass.sum())[0]

    def link(self, shares):
        """Scores with these class probabilities and the mean 0."""
        log = np.log(_inside(shares))
        return log - log.mean(axis=1, keepdims=True)

    def gradient(self, y, raw, weight):
        return (y[:, None] == np.arange(self._n_classes)) - self.probabilities(raw)

    def leaf_values(self, y, raw, gradient, weight, leaf, n_leaves):
        p = (gradient < 0) * -gradient + (gradient >= 0) * (1 - gradient)  # [y = k] - r: r is negative where y is not k
        values = _leaf_ratio(gradient, p * (1 - p), weight, leaf, n_leaves)
        return values * (self._n_classes - 1) / self._n_classes

    def value(self, y, raw, weight):
        return _mean(logsumexp(raw, axis=1) - raw[np.arange(len(y)), y], weight)

    def probabilities(self, raw):
        return np.exp(raw - logsumexp(raw, axis=1, keepdims=True))


class _Exponential:
    keeps_means = False

    def __init__(self, alpha=None):
        """`alpha` is there for the losses that have it."""

    def start(self, y, weight):
        share = _mean(y, weight)
        return self.link(np.array([[1 - share, share]]))[0]

    def link(self, shares):
        """Scores with these class probabilities."""
        p = _inside(shares)[:, 1:]
        return 0.5 * np.log(p / (1 - p))

    def gradient(self, y, raw, weight):
        sign = 2 * y[:, None] - 1
        return sign * np.exp(-sign * raw)

    def leaf_values(self, y, raw, gradient, weight, leaf, n_leaves):
        return _leaf_ratio(gradient, np.abs(gradient), weight, leaf, n_leaves)

    def value(self, y, raw, weight):
        return _mean(np.exp(-(2 * y - 1) * raw[:, 0]), weight)

    def probabilities(self, raw):
        p = _sigmoid(2 * raw[:, 0])
        return np.column_stack([1 - p, p])


REGRESSION_LOSSES = {
    "squared_error": _SquaredError,
    "absolute_error": _AbsoluteError,
    "huber": _Huber,
    "quantile": _Quantile,
}
CLASSIFICATION_LOSSES = {"log_loss": _BinaryLogLoss, "exponential": _Exponential}


def make_loss(name, n_classes=None, alpha=None):
    """The loss of the given name.

    Parameters
    ----------
    name : str
        One of the tables above.
    n_classes : int, optional
        For classification.
    alpha : float, optional
        Quantile of "huber" and "quantile".

    Returns
    -------
    object
        With ``start``, ``gradient``, ``leaf_values``, ``value``.
    """
    if n_classes is None:
        return REGRESSION_LOSSES[name](alpha)
    if n_classes > 2:
        if name == "exponential":
            raise ValueError(f"loss 'exponential' is for two classes, got {n_classes}: use 'log_loss'")
        return _MultinomialLogLoss(n_classes)
    return CLASSIFICATION_LOSSES[name]()


def _inside(shares):
    """Probabilities a little away from 0 and 1."""
    eps = np.finfo(np.float32).eps
    return np.clip(shares, eps, 1 - eps)


def _mean(x, weight):
    return float(x.mean() if weight is None else x @ weight / weight.sum())


def _sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def _leaf_ratio(numerator, denominator, weight, leaf, n_leaves):
    """Weighted sum of one over weighted sum of the other in every leaf; 0 where the latter vanishes."""
    if weight is not None:
        numerator, denominator = numerator * weight, denominator * weight
    top = np.bincount(leaf, numerator, minlength=n_leaves)
    bottom = np.bincount(leaf, denominator, minlength=n_leaves)
    vanishes = np.abs(bottom) < TINY
    return np.where(vanishes, 0.0, top / np.where(vanishes, 1.0, bottom))


def _start_quantile(y, weight, q):
    """Quantile of the targets; without weights interpolated, as everybody's median is."""
    return float(np.quantile(y, q)) if weight is None else _quantile(y, weight, q)


def _quantile(x, weight, q):
    """Quantile of all samples."""
    return float(_leaf_quantiles(x, weight, np.zeros(len(x), np.int64), 1, q)[0])


def _leaf_quantiles(x, weight, leaf, n_leaves, q):
    """Quantile of the samples of every leaf: the smallest value at which the running weight reaches the share q.

    It minimises the (weighted) absolute or pinball loss. An empty leaf has 0.
    """
    order = np.lexsort([x, leaf])
    x, leaf = x[order], leaf[order]
    counts = np.bincount(leaf, minlength=n_leaves)
    filled = np.flatnonzero(counts)
    start = (np.cumsum(counts) - counts)[filled]
    last = start + counts[filled] - 1
    running = np.arange(1.0, len(x) + 1) if weight is None else np.cumsum(weight[order])
    before = np.where(start > 0, running[start - 1], 0.0)
    total = running[last] - before
    reached = np.searchsorted(running, before + (q - 1e-14) * total)
    result = np.zeros(n_leaves)
    result[filled] = x[np.clip(reached, start, last)]
    return result
