"""Softmax cross-entropy from logits, value and gradient in one sweep.

z (..., K) logits, t (...) classes in 0..K-1 or t (..., K) probabilities (one-hot, say). With smoothing e the target
of a row is q_k = (1 - e) t_k + e / K, and over the n rows that are not ignored

    L = -1/n sum_rows sum_k q_k log softmax(z)_k,      dL/dz = 1/n (softmax(z) sum_k q_k - q)

If every row is ignored, L = 0 and dL/dz = 0. Rows are worked on a few at a time, in place in the gradient: O(n K) time
and no other array of that size.

References: Szegedy et al. (2016), Rethinking the Inception architecture, section 7 (label smoothing),
https://arxiv.org/abs/1512.00567.
"""

from typing import NamedTuple

import numpy as np

from ..layers.parameters import as_float
from .base import Loss, register_loss

__all__ = ["CrossEntropy", "cross_entropy", "cross_entropy_backward"]

CHUNK = 65536  # numbers worked on at a time


class CrossEntropyCache(NamedTuple):
    """gradient (..., K): dL/dz, which the forward pass makes on its way."""

    gradient: np.ndarray


def cross_entropy(logits, targets, label_smoothing=0.0, ignore_index=-100):
    """L = -mean over rows of sum_k q_k log softmax(z)_k.   logits (..., K), targets (...) or (..., K) -> L, cache

    Examples
    --------
    >>> from npml_nn.functional import cross_entropy
    >>> value, cache = cross_entropy([[0.0, 0.0]], [1])
    >>> round(value, 4), cache.gradient
    (0.6931, array([[ 0.5, -0.5]]))
    """
    logits = as_float(logits, "logits")
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ValueError(f"logits must have their classes on the last axis, got shape {logits.shape}")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must be between 0 and 1, got {label_smoothing!r}")
    rows = logits.reshape(-1, logits.shape[-1])
    targets = np.asarray(targets)
    if targets.shape == logits.shape:
        sweep, targets = _probability_rows, _check_probabilities(targets, rows.dtype)
        n_rows = len(rows)
    else:
        sweep, targets = _class_rows, _check_classes(targets, logits.shape, ignore_index)
        n_rows = int(np.count_nonzero(targets >= 0))
    gradient, total = np.empty_like(rows, order="C"), 0.0
    step = max(1, CHUNK // rows.shape[1])
    for start in range(0, len(rows), step):
        piece = slice(start, start + step)
        total += sweep(rows[piece], targets[piece], label_smoothing, gradient[piece])
    gradient *= 1 / max(n_rows, 1)
    return total / max(n_rows, 1), CrossEntropyCache(gradient.reshape(logits.shape))


def cross_entropy_backward(dy, cache):
    """dL/dz, times dy (a number)."""
    return cache.gradient * dy


class CrossEntropy(Loss):
    """Cross-entropy of softmax(logits), the mean over all rows that are not ignored.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        The share e of the target that is spread evenly over the classes.
    ignore_index : int, default=-100
        Rows with this class count for nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import CrossEntropy
    >>> value, dy = CrossEntropy()(np.zeros((2, 4)), [1, 3])
    >>> round(value, 4)  # log 4
    1.3863
    """

    def __init__(self, label_smoothing: float = 0.0, ignore_index: int = -100):
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing must be between 0 and 1, got {label_smoothing!r}")
        self.label_smoothing, self.ignore_index = label_smoothing, ignore_index

    def __call__(self, y_pred, y_true):
        """Value and gradient for logits (..., K) and classes (...) or probabilities (..., K)."""
        value, cache = cross_entropy(y_pred, y_true, self.label_smoothing, self.ignore_index)
        return value, cache.gradient


register_loss("cross_entropy", CrossEntropy)


def _class_rows(z, classes, smoothing, gradient):
    """One piece with integer targets; -1 is an ignored row. Writes n dL/dz into `gradient`, returns n L."""
    n_classes, used = z.shape[1], np.flatnonzero(classes >= 0)
    log_total = _shift_and_exponentiate(z, gradient)
    shifted_target = z[used, classes[used]] - z[used].max(axis=1)
    losses = log_total[used] - (1 - smoothing) * shifted_target
    if smoothing:
        losses -= smoothing * (z[used].mean(axis=1) - z[used].max(axis=1))
        gradient -= smoothing / n_classes
    gradient[used, classes[used]] -= 1 - smoothing
    gradient[classes < 0] = 0
    return float(losses.sum(dtype=np.float64))


def _probability_rows(z, targets, smoothing, gradient):
    """One piece with probabilities as targets; as `_class_rows`."""
    q = targets * (1 - smoothing)
    q += smoothing / z.shape[1]
    log_total = _shift_and_exponentiate(z, gradient)
    weight = q.sum(axis=1, keepdims=True)
    shifted = z - z.max(axis=1, keepdims=True)
    # a class of probability 0 adds nothing, even where its logit is -inf
    products = np.multiply(q, shifted, where=q > 0, out=np.zeros_like(q))
    loss = (weight * log_total[:, None]).sum(dtype=np.float64) - products.sum(dtype=np.float64)
    gradient *= weight
    gradient -= q
    return float(loss)


def _shift_and_exponentiate(z, out):
    """softmax(z) into `out`; returns log sum exp(z - max z), (n,)."""
    np.subtract(z, z.max(axis=1, keepdims=True), out=out)
    np.exp(out, out=out)
    total = out.sum(axis=1, keepdims=True)
    out /= total
    return np.log(total[:, 0])


def _check_classes(targets, shape, ignore_index):
    if targets.shape != shape[:-1]:
        raise ValueError(
            f"targets must have shape {shape[:-1]} (classes) or {shape} (probabilities), got {targets.shape}"
        )
    if targets.dtype.kind not in "iu" and targets.size:
        raise TypeError(f"targets must be integers where they are classes, got dtype {targets.dtype}")
    classes = targets.reshape(-1).astype(np.int64)
    ignored = classes == ignore_index
    wrong = ~ignored & ((classes < 0) | (classes >= shape[-1]))
    if wrong.any():
        raise ValueError(
            f"targets must be classes in 0..{shape[-1] - 1} or ignore_index={ignore_index}, got {classes[wrong][0]}"
        )
    return np.where(ignored, -1, classes)


def _check_probabilities(targets, dtype):
    if targets.dtype.kind not in "fiub":
        raise TypeError(f"targets must be numbers, got dtype {targets.dtype}")
    targets = targets.reshape(-1, targets.shape[-1]).astype(dtype)
    if not (np.isfinite(targets).all() and (targets >= 0).all()):
        raise ValueError("targets must be finite and not negative where they are probabilities")
    if targets.size and np.abs(targets.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(f"targets must sum to 1 in each row, got a row that sums to {_furthest(targets.sum(axis=1))}")
    return targets


def _furthest(sums):
    return float(sums[np.abs(sums - 1).argmax()])
