"""Spaces: from what an environment shows and takes to rows of a table, and back.

A finite space is numbered 0 .. n-1. `as_space` reads any object that looks like a Gymnasium space (duck typing, nothing
is imported) and gives one of

    Discrete(n, start)     obs = start + row
    Product(parts, kind)   rows of several finite spaces, raveled in C order: row = (row_0 n_1 + row_1) n_2 + row_2 ...
                           (MultiDiscrete, MultiBinary, Tuple and Dict of finite spaces)
    Box(low, high)         vectors; they have no rows of their own
    Tiles(coder)           a box whose "row" is the tuple of the coder's active tiles

Every finite space has ``row(obs)`` for one observation, ``rows(batch)`` for a batch as vector environments stack
it, and ``value(row)``, the way back.

References
----------
Towers et al. (2024), "Gymnasium: A Standard Interface for Reinforcement Learning Environments".
https://arxiv.org/abs/2407.17032
"""

from math import prod
from operator import index

import numpy as np

from npml_core import Storable

from .tiles import TileCoder

__all__ = ["Box", "Discrete", "Product", "Tiles", "as_space"]


class Discrete(Storable):
    """The integers start, ..., start + n - 1.

    Parameters
    ----------
    n : int
        How many.
    start : int, default=0
        The first.

    Raises
    ------
    ValueError
        If `n` is not positive.

    Examples
    --------
    >>> from npml_rl.spaces import Discrete
    >>> Discrete(3, start=1).row(3)
    2
    """

    shape = ()

    def __init__(self, n, start=0):
        self.n, self.start = index(n), index(start)
        if self.n < 1:
            raise ValueError(f"n must be a positive int, got {n!r}")

    def __repr__(self):
        return f"Discrete({self.n})" if self.start == 0 else f"Discrete({self.n}, start={self.start})"

    def row(self, value):
        """Row of one value."""
        try:
            row = index(value) - self.start
        except TypeError:
            raise ValueError(f"{value!r} is not in {self!r}: an int is needed") from None
        if 0 <= row < self.n:
            return row
        raise ValueError(f"{value!r} is not in {self!r}")

    def rows(self, batch):
        """Rows of a batch (N,) of values."""
        batch = np.asarray(batch)
        if batch.ndim != 1 or batch.dtype.kind not in "iu":
            raise ValueError(f"a batch of {self!r} is a 1-D array of ints, got {batch.dtype} of shape {batch.shape}")
        rows = batch.astype(np.int64) - self.start
        if rows.size and (rows.min() < 0 or rows.max() >= self.n):
            raise ValueError(f"{batch[(rows < 0) | (rows >= self.n)][0]} is not in {self!r}")
        return rows

    def value(self, row):
        """The value of a row; of an array of rows too."""
        return row + self.start


class Product(Storable):
    """Several finite spaces together, raveled.

    Parameters
    ----------
    parts : list
        Finite spaces.
    kind : {"array", "tuple", "dict"}
        How a value looks: an int array of `shape`, a tuple, or a dict with `keys`.
    shape : tuple of int, optional
        For arrays.
    keys : list of str, optional
        For dicts.

    Examples
    --------
    >>> from npml_rl.spaces import Discrete, Product
    >>> space = Product([Discrete(32), Discrete(11), Discrete(2)], "tuple")
    >>> space.n, space.row((13, 2, 1)), space.value(291)
    (704, 291, (13, 2, 1))
    """

    def __init__(self, parts, kind="array", shape=None, keys=None):
        self.parts, self.kind, self.keys = list(parts), kind, keys
        self.shape = (len(self.parts),) if shape is None else tuple(shape)
        self.n = prod(part.n for part in self.parts)

    def __repr__(self):
        return f"Product({self.parts!r})"

    def row(self, value):
        """Row of one value."""
        row = 0
        for part, item in zip(self.parts, self._items(value), strict=True):
            row = row * part.n + part.row(item)
        return row

    def rows(self, batch):
        """Rows of a batch: an array (N, *shape), a tuple or dict of batches."""
        if self.kind == "array":
            batch = np.asarray(batch)
            if batch.shape[1:] != self.shape:
                raise ValueError(f"a batch of {self!r} is an array of shape (N, *{self.shape}), got {batch.shape}")
            items = batch.reshape(len(batch), -1).T
        else:
            items = self._items(batch)
        rows = 0
        for part, item in zip(self.parts, items, strict=True):
            rows = rows * part.n + part.rows(item)
        return rows

    def value(self, row):
        """The value of a row, as the environment writes it."""
        items = []
        for part in reversed(self.parts):
            row, item = divmod(row, part.n)
            items.append(part.value(item))
        items.reverse()
        if self.kind == "dict":
            return dict(zip(self.keys, items))
        return tuple(items) if self.kind == "tuple" else np.array(items, dtype=np.int64).reshape(self.shape)

    def _items(self, value):
        if self.kind == "dict":
            if not isinstance(value, dict) or set(value) != set(self.keys):
                raise ValueError(f"{value!r} is not in {self!r}: a dict with the keys {self.keys} is needed")
            return [value[key] for key in self.keys]
        if self.kind == "array":
            value = np.asarray(value).ravel().tolist()
        if not isinstance(value, (tuple, list)) or len(value) != len(self.parts):
            raise ValueError(f"{value!r} is not in {self!r}: {len(self.parts)} values are needed")
        return value


class Box(Storable):
    """Vectors between two corners.

    Parameters
    ----------
    low, high : array-like
        The corners, of one shape; infinite where a coordinate has no bound.

    Examples
    --------
    >>> from npml_rl.spaces import Box
    >>> Box([0, 0], [1, 2]).shape
    (2,)
    """

    def __init__(self, low, high):
        self.low, self.high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        if self.low.shape != self.high.shape or not (self.low <= self.high).all():
            raise ValueError(f"low must be at most high and of the same shape, got {low!r} and {high!r}")
        self.shape = self.low.shape

    def __repr__(self):
        return f"Box{self.shape}"

    def value(self, values):
        """The member next to a flat vector, or to each of a batch (N, size), in the float32 of Gymnasium's boxes."""
        values = np.asarray(values)
        return np.clip(values.reshape(*values.shape[:-1], *self.shape), self.low, self.high).astype(np.float32)


class Tiles(Storable):
    """A box seen through a `TileCoder` (or anything with ``encode(X) -> (N, k) ints`` below ``n_features``).

    Parameters
    ----------
    coder : TileCoder
        Names the tiles of a vector.

    Examples
    --------
    >>> from npml_rl import TileCoder
    >>> from npml_rl.spaces import Tiles
    >>> Tiles(TileCoder([0.0], [1.0], n_tilings=2, n_tiles=4)).row([0.5])
    (2, 7)
    """

    def __init__(self, coder):
        if not callable(getattr(coder, "encode", None)) or not hasattr(coder, "n_features"):
            raise TypeError(f"tile_coder must have encode(X) and n_features, as TileCoder has, got {coder!r}")
        self.coder, self.n = coder, index(coder.n_features)

    def __repr__(self):
        return f"Tiles({self.coder!r})"

    def row(self, value):
        """The active tiles of one vector."""
        if isinstance(self.coder, TileCoder):
            return self.coder.encode_one(np.ravel(value))
        return tuple(self.coder.encode(np.reshape(value, (1, -1)))[0].tolist())

    def rows(self, batch):
        """The active tiles (N, k) of a batch."""
        batch = np.asarray(batch)
        return self.coder.encode(batch.reshape(len(batch), -1))


def as_space(space, name="space"):
    """Read a space by what it has: ``nvec``, ``spaces``, ``n``, or ``low`` and ``high``.

    Parameters
    ----------
    space : object
        A Gymnasium space or one that looks like it.
    name : str
        For the error message.

    Returns
    -------
    Discrete, Product or Box

    Raises
    ------
    ValueError
        If it looks like none of them.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from npml_rl.spaces import as_space
    >>> as_space(SimpleNamespace(n=5))
    Discrete(5)
    >>> as_space(SimpleNamespace(nvec=[2, 3])).n
    6
    """
    if isinstance(space, (Discrete, Product, Box)):
        return space
    if hasattr(space, "nvec"):
        nvec = np.asarray(space.nvec)
        starts = np.broadcast_to(np.asarray(getattr(space, "start", 0)), nvec.shape)
        return Product([Discrete(n, s) for n, s in zip(nvec.ravel(), starts.ravel())], shape=nvec.shape)
    if hasattr(space, "spaces"):
        return _composite(space.spaces, name)
    if hasattr(space, "n"):
        shape = tuple(getattr(space, "shape", None) or ())
        if shape:  # MultiBinary
            return Product([Discrete(2)] * prod(shape), shape=shape)
        return Discrete(space.n, getattr(space, "start", 0))
    if hasattr(space, "low") and hasattr(space, "high"):
        return Box(space.low, space.high)
    raise ValueError(f"{name} must be discrete, multi-discrete, a tuple or dict of these, or a box, got {space!r}")


def _composite(spaces, name):
    keys = list(spaces) if hasattr(spaces, "keys") else None
    parts = [as_space(part, name) for part in (spaces.values() if keys is not None else spaces)]
    if any(isinstance(part, Box) for part in parts):
        raise ValueError(f"{name} must hold discrete parts only, got {parts}; flatten it in a wrapper")
    return Product(parts, "tuple" if keys is None else "dict", keys=keys)
