"""Samples on their way into a model: checked once, then taken in batches, whether one array or a tuple of several."""

import numpy as np

from npml_core import check_array

__all__ = ["check_pair", "check_samples", "count_samples", "forward", "outputs", "slices", "take"]


def check_samples(values, name):
    """Return an array, or a tuple of arrays, of finite real numbers with samples on the first axis."""
    if not isinstance(values, tuple):
        return _check(values, name)
    if not values:
        raise ValueError(f"{name} must hold at least one array, got an empty tuple")
    arrays = tuple(_check(value, f"{name}[{i}]") for i, value in enumerate(values))
    if len({len(array) for array in arrays}) > 1:
        raise ValueError(f"the arrays of {name} must have as many samples, got {[len(array) for array in arrays]}")
    return arrays


def check_pair(X, y, suffix=""):
    """`check_samples` for inputs and targets, which must be as many."""
    if y is None:
        raise ValueError(f"y{suffix} must hold the targets, got None")
    X, y = check_samples(X, f"X{suffix}"), check_samples(y, f"y{suffix}")
    if count_samples(X) != count_samples(y):
        raise ValueError(
            f"X{suffix} and y{suffix} must have as many samples: X has {count_samples(X)}, y has {count_samples(y)}"
        )
    return X, y


def count_samples(values):
    """Length of the first axis."""
    return len(values[0]) if isinstance(values, tuple) else len(values)


def take(values, rows):
    """The rows of every array: views for a slice, copies for indices."""
    return tuple(array[rows] for array in values) if isinstance(values, tuple) else values[rows]


def slices(n, size):
    """0..n in pieces."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def forward(model, X):
    """A tuple is several inputs."""
    return model.forward(*X) if isinstance(X, tuple) else model.forward(X)


def outputs(model, X, batch_size):
    """What the model makes of all samples, batch by batch, in one piece (or one per output)."""
    batches = [forward(model, take(X, rows)) for rows in slices(count_samples(X), batch_size)]
    if isinstance(batches[0], tuple):
        return tuple(np.concatenate(parts) for parts in zip(*batches))
    return np.concatenate(batches)


def _check(values, name):
    array = check_array(values, name=name, dtype=None, ensure_2d=False)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be an array of real numbers, got dtype {array.dtype}")
    return array
