"""How the matrices of all pairwise distances are computed; `distances` checks what goes in.

Notation: rows x of X (n, D), y of Y (m, D), float64.

All Euclidean distances at once are one matrix product,

    |x - y|^2  =  [x, |x|^2, 1] . [-2 y, 1, |y|^2]

which cancels where x and y are much closer to each other than to the origin. So X and Y are centred first (and scaled
by a power of two, where squares might overflow), and whatever is below a share c of |x|^2 + |y|^2 is computed again
from the differences of the rows as they came. The product's error is at most (D + 4) u (|x| + |y|)^2, u = 2^-53; with
c = (D + 4) u / 1e-11, at most 1 %, what remains is right to about eleven digits. As d^2 < c (|x|^2 + |y|^2) implies
|x|^2 + |y|^2 < 2.5 |x|^2 for such a c, one threshold per row is enough.

The other metrics are sums (or a maximum) over the features, a block of pairs at a time. The differences of one feature
are the product [x, 1] . [1, -y], which rounds once like a subtraction and is faster than one that repeats its operands.
Powers are taken relative to the largest difference, so that they neither over- nor underflow.

References
----------
Higham (2002), "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.1 (the error of a product).
"""

import numpy as np

BLOCK_SIZE = 1 << 17  # pairs whose squared distances are one product
FEATURE_BLOCK_SIZE = 1 << 18  # pairs whose features are summed together
DIGITS = 1e-11
SMALLEST_SQUARE = 1e-290  # below it squares have few digits or none


def distances_between(X, Y, metric, p=None, metric_kw=None):
    """`pairwise_distances` in float64, of rows that have been checked and a metric from `check_metric`."""
    if callable(metric):
        return np.array([[call_metric(metric, x, y, metric_kw) for y in Y] for x in X])
    X, Y = X.astype(np.float64, copy=False), Y.astype(np.float64, copy=False)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if metric == "cosine":
            return cosine_distances(X, Y)
        if metric == "euclidean":
            return _euclidean(X, Y)
        if metric == "sqeuclidean":
            return _euclidean(X, Y, squared=True)
        return _by_feature(X, Y, metric, p)


def call_metric(metric, x, y, metric_kw):
    """What a callable gives for two vectors, as a float."""
    value = metric(x, y, **metric_kw)
    try:
        distance = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"metric must give a number, got {value!r}") from None
    if distance != distance:
        raise ValueError(f"metric must give a number, got {value!r}")
    return distance


def _euclidean(X, Y, squared=False):
    """One product, then the pairs that it cancelled."""
    unit, D = power_of_two(X, Y), X.shape[1]
    if 2.0**-200 < unit < 2.0**200:
        unit = 1.0
    centred, others = X / unit, Y / unit
    centre = others.mean(axis=0)
    centred, others = centred - centre, others - centre
    squares, other_squares = np.einsum("nd,nd->n", centred, centred), np.einsum("md,md->m", others, others)
    left = np.column_stack([centred, squares, np.ones(len(X))])
    right = np.column_stack([-2.0 * others, np.ones(len(Y)), other_squares]).T
    share = min((D + 4) * 2.0**-53 / DIGITS, 0.01)
    threshold = np.maximum(2.5 * share * squares, SMALLEST_SQUARE)[:, None]
    result = np.empty((len(X), len(Y)))
    rows_per_block = max(1, BLOCK_SIZE // len(Y))
    for start in range(0, len(X), rows_per_block):
        part = slice(start, start + rows_per_block)
        block = np.matmul(left[part], right, out=result[part])
        rows, columns = np.divmod(np.flatnonzero(block <= threshold[part]), len(Y))
        if squared:
            block *= unit
            block *= unit
        else:
            block[rows, columns] = 0.0  # not negative under the root
            np.sqrt(block, out=block)
            block *= unit
        for s in range(0, len(rows), BLOCK_SIZE // D + 1):
            r, c = rows[s : s + BLOCK_SIZE // D + 1], columns[s : s + BLOCK_SIZE // D + 1]
            exact = row_distances(X[part][r], Y[c])
            block[r, c] = exact * exact if squared else exact
    return result


def row_distances(X, Y):
    """Euclidean distance from each row of X to the row of Y beside it, from differences, at any scale."""
    difference = X - Y
    largest = np.abs(difference).max(axis=1)
    scale = np.where((largest > 0.0) & (largest < np.inf), largest, 1.0)
    difference /= scale[:, None]
    return np.sqrt(np.einsum("nd,nd->n", difference, difference)) * scale


def cosine_distances(X, Y):
    """|u - v|^2 / 2 of unit vectors keeps the digits that 1 - u . v loses; two rows of zeros are equal."""
    result = _euclidean(unit_rows(X), unit_rows(Y), squared=True)
    result *= 0.5
    np.minimum(result, 2.0, out=result)
    x_zero, y_zero = ~X.any(axis=1), ~Y.any(axis=1)
    result[x_zero], result[:, y_zero] = 1.0, 1.0
    result[np.ix_(x_zero, y_zero)] = 0.0
    return result


def _by_feature(X, Y, metric, p):
    left = np.stack([X.T, np.ones_like(X.T)], axis=2)
    right = np.stack([np.ones_like(Y.T), -Y.T], axis=1)
    result = np.empty((len(X), len(Y)))
    rows_per_block = max(1, FEATURE_BLOCK_SIZE // len(Y))
    for start in range(0, len(X), rows_per_block):
        part = slice(start, start + rows_per_block)
        sum_features(left[:, part], right, metric, p, out=result[part], subtract=np.matmul)
    return result


def sum_features(xs, ys, metric, p, out, subtract=np.subtract):
    """Distances from D coordinates xs and D coordinates ys, arrays that `subtract` brings to the shape of `out`."""
    if metric == "minkowski":
        scale = sum_features(xs, ys, "chebyshev", p, np.empty_like(out), subtract)
        scale[(scale == 0.0) | (scale == np.inf)] = 1.0
    step = np.empty_like(out)
    for j, (x, y) in enumerate(zip(xs, ys)):
        term = subtract(x, y, out=step if j else out)
        if metric == "hamming":
            np.not_equal(term, 0.0, out=term)
        elif metric == "euclidean":
            np.multiply(term, term, out=term)
        else:
            np.abs(term, out=term)
        if metric == "minkowski":
            term /= scale
            np.power(term, p, out=term)
        if j:
            (np.maximum if metric == "chebyshev" else np.add)(out, term, out=out)
    if metric == "hamming":
        out /= len(xs)
    elif metric == "euclidean":
        np.sqrt(out, out=out)
    elif metric == "minkowski":
        np.power(out, 1.0 / p, out=out)
        out *= scale
    return out


def power_of_two(*arrays):
    """A power of two near the largest entry: dividing by it rounds nothing (but what underflows)."""
    largest = max(np.abs(array).max() for array in arrays)
    return 2.0 ** int(np.clip(np.frexp(largest)[1], -1000, 1000)) if largest > 0 else 1.0


def unit_rows(X):
    """Rows scaled to length 1; rows of zeros stay."""
    largest = np.abs(X).max(axis=1, keepdims=True)
    X = X / np.where(largest > 0, largest, 1.0)
    lengths = np.sqrt(np.einsum("nd,nd->n", X, X))
    return X / np.where(lengths > 0, lengths, 1.0)[:, None]
