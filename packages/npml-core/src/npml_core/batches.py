"""Parts of a data set: mini-batches for an epoch, and a split into training and test samples."""

from math import ceil
from numbers import Integral

import numpy as np

from .validation import check_random_state, encode_labels

__all__ = ["minibatches", "train_test_split"]


def minibatches(X, y=None, batch_size=256, shuffle=True, random_state=None):
    """Yield every sample once, `batch_size` at a time (the last batch may be smaller).

    Parameters
    ----------
    X : array (n_samples, ...)
        The samples.
    y : array (n_samples, ...), optional
        Their targets.
    batch_size : int, default=256
        Samples a batch.
    shuffle : bool, default=True
        Whether in random order; otherwise the batches are views of `X` in its own order.
    random_state : None, int, Generator or RandomState
        Draws the order.

    Yields
    ------
    Xb or (Xb, yb)
        A batch; the pair where `y` is given.

    Raises
    ------
    ValueError
        If `batch_size` is not a positive int, or `X` and `y` differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_core import minibatches
    >>> [len(batch) for batch in minibatches(np.zeros((5, 2)), batch_size=2)]
    [2, 2, 1]
    """
    n = _count_rows(X, y)
    if isinstance(batch_size, bool) or not isinstance(batch_size, Integral) or batch_size < 1:
        raise ValueError(f"batch_size must be a positive int, got {batch_size!r}")
    order = check_random_state(random_state).permutation(n) if shuffle else None
    return _batches(X, y, n, batch_size, order)


def _batches(X, y, n, batch_size, order):
    for start in range(0, n, batch_size):
        rows = slice(start, start + batch_size) if order is None else order[start : start + batch_size]
        yield _take(X, rows) if y is None else (_take(X, rows), _take(y, rows))


def train_test_split(X, y=None, test_size=0.25, stratify=None, random_state=None):
    """Split samples at random into a training and a test part.

    Parameters
    ----------
    X : array-like (n_samples, ...)
        The samples: array, list, data frame or sparse matrix.
    y : array-like (n_samples, ...), optional
        Their targets.
    test_size : float or int, default=0.25
        A share of the samples between 0 and 1 (rounded up), or their number.
    stratify : array-like (n_samples,), optional
        Labels whose shares are kept in both parts.
    random_state : None, int, Generator or RandomState
        Draws the split.

    Returns
    -------
    X_train, X_test or X_train, X_test, y_train, y_test
        Copies of the rows.

    Raises
    ------
    ValueError
        If a part would be empty, lengths differ, or a stratum has fewer than two samples or more strata than places.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_core import train_test_split
    >>> X_train, X_test = train_test_split(np.arange(10).reshape(10, 1), random_state=0)
    >>> X_train.shape, X_test.shape
    ((7, 1), (3, 1))
    """
    n = _count_rows(X, y)
    n_test = _count_test(test_size, n)
    rng = check_random_state(random_state)
    if stratify is None:
        order = rng.permutation(n)
        test, train = order[:n_test], order[n_test:]
    else:
        test, train = _stratified(stratify, n, n_test, rng)
    parts = [_take(X, train), _take(X, test)]
    return tuple(parts if y is None else [*parts, _take(y, train), _take(y, test)])


def _count_test(test_size, n):
    is_count = isinstance(test_size, Integral) and not isinstance(test_size, bool)
    is_share = isinstance(test_size, (float, np.floating)) and 0 < test_size < 1
    if not is_share and not (is_count and 0 < test_size < n):
        raise ValueError(f"test_size must be a share in (0, 1) or a number of samples in 1..{n - 1}, got {test_size!r}")
    n_test = test_size if is_count else ceil(test_size * n)
    if n_test >= n:
        raise ValueError(f"test_size={test_size!r} of {n} sample(s) leaves none to train with")
    return n_test


def _stratified(labels, n, n_test, rng):
    classes, codes = encode_labels(labels, name="stratify")
    counts = np.bincount(codes)
    if codes.shape != (n,):
        raise ValueError(f"stratify must hold {n} labels, got shape {codes.shape}")
    if counts.min() < 2:
        raise ValueError(f"stratify: class {classes[counts.argmin()]} has one sample, at least 2 are needed")
    if min(n_test, n - n_test) < len(classes):
        raise ValueError(
            f"stratify has {len(classes)} classes, but a part would have {min(n_test, n - n_test)} samples"
        )
    in_test = _shares(counts, n_test, rng)
    shuffled = rng.permutation(n)
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    rank = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    is_test = rank < np.repeat(in_test, counts)
    return rng.permutation(by_class[is_test]), rng.permutation(by_class[~is_test])


def _shares(counts, n_draws, rng):
    """`n_draws` places dealt to the classes in proportion: the whole parts first, then by the largest remainders."""
    exact = counts * (n_draws / counts.sum())
    places = np.floor(exact).astype(np.int64)
    remainder = exact - places
    # ties between equal remainders are drawn
    order = np.lexsort((rng.random(len(counts)), -remainder))
    places[order[: n_draws - places.sum()]] += 1
    return places


def _count_rows(X, y):
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    n_y = n if y is None else y.shape[0] if hasattr(y, "shape") else len(y)
    if n != n_y:
        raise ValueError(f"X and y must have as many samples: X has {n}, y has {n_y}")
    return n


def _take(values, rows):
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    if isinstance(values, (list, tuple)):
        return values[rows] if isinstance(rows, slice) else [values[i] for i in rows]
    return values[rows]
