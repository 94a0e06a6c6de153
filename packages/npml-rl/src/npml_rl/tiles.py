"""Tile coding: a vector as a handful of active features, one from each of several shifted grids.

n tilings lie over the box [low, high]; each is a grid whose cells ("tiles") are (high_j - low_j) / n_tiles_j wide.
Tiling t is shifted against the first by t (1, 3, 5, ...) / n tile widths, taken modulo one width, since whole
widths only rename the tiles. The shifts 1, 3, 5, ... are the asymmetric ones: they leave no diagonal artefacts.
With x scaled so that a tile is 1 wide, b = t (2j + 1) mod n and q = floor(n x),

    coordinate_tj = floor(x_j + b / n) = (q_j + b) // n,        feature_t = t * tiles + ravel(coordinate_t)

and the integer form on the right is exact: two vectors share a tile or do not, whatever the rounding of a sum.
A function of a vector is the sum of n weights, so learning at x changes f at x' in proportion to the tiles they share.
With one tiling the coder is a discretiser: a grid of n_tiles cells a side.

Cost: n (d + 1) passes over the N vectors; memory of the weights n prod(n_tiles_j + 1), or ``hash_size``.

Differences from the book: vectors outside the box are moved to its border, so that the number of features is known;
with ``hash_size`` each tiling has its own share of the slots, so that the active tiles of one vector never collide.

References
----------
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., section 9.5.4.
http://incompleteideas.net/book/the-book-2nd.html
"""

from math import isfinite, prod
from operator import index

import numpy as np

from npml_core import Storable, check_array

__all__ = ["TileCoder"]


class TileCoder(Storable):
    """Names the active tiles of vectors.

    Parameters
    ----------
    low, high : array-like (d,)
        Corners of the box, finite. Vectors outside count as on the border.
    n_tilings : int, default=8
        How many grids.
    n_tiles : int or sequence of d ints, default=8
        Tiles along each dimension of the box.
    hash_size : int, optional
        Bound on the number of features; tiles then share slots by hashing where there are more tiles than slots.
    wrap : sequence of d bools, optional
        Dimensions that are periodic (angles): high is the same place as low.

    Attributes
    ----------
    n_features : int
        All tiles (at most `hash_size`).

    Raises
    ------
    ValueError
        If the box is empty or not finite, a size is not positive, or more tiles than an int64 counts are not hashed.

    Examples
    --------
    >>> from npml_rl import TileCoder
    >>> coder = TileCoder(low=[0, 0], high=[1, 1], n_tilings=4, n_tiles=8)
    >>> coder.n_features
    324
    >>> coder.encode([[0.5, 0.5], [0.52, 0.5]])
    array([[ 40, 121, 202, 283],
           [ 40, 121, 202, 283]])
    >>> coder.encode([[0.5, 0.5]]) == coder.encode([[0.6, 0.5]])
    array([[ True, False, False, False]])
    """

    def __init__(self, low, high, n_tilings=8, n_tiles=8, hash_size=None, wrap=None):
        self.low = np.atleast_1d(np.asarray(low, dtype=np.float64))
        self.high = np.atleast_1d(np.asarray(high, dtype=np.float64))
        _check_box(self.low, self.high)
        d = len(self.low)
        self.n_tilings = _positive(n_tilings, "n_tilings")
        self.n_tiles = [_positive(n, "n_tiles") for n in _per_dimension(n_tiles, d, "n_tiles")]
        self.wrap = [bool(w) for w in _per_dimension(False if wrap is None else wrap, d, "wrap")]
        self.hash_size = None if hash_size is None else _positive(hash_size, "hash_size")
        # a shifted grid needs one tile more to cover the box, unless it closes on itself
        extra = int(self.n_tilings > 1)
        self._widths = [n if w else n + extra for n, w in zip(self.n_tiles, self.wrap)]
        self._shifts = [[t * (2 * j + 1) % self.n_tilings for j in range(d)] for t in range(self.n_tilings)]
        # halves, so that high - low cannot overflow
        half_low, half_extent = self.low / 2, self.high / 2 - self.low / 2
        units = [n * self.n_tilings for n in self.n_tiles]
        self._columns = [half_low.tolist(), half_extent.tolist(), units, self.wrap]
        self._set_slots()

    def _set_slots(self):
        tiles = prod(self._widths)
        slots = tiles if self.hash_size is None else min(tiles, self.hash_size // self.n_tilings)
        if slots < 1:
            raise ValueError(f"hash_size must be at least n_tilings = {self.n_tilings}, got {self.hash_size}")
        if slots * self.n_tilings > np.iinfo(np.int64).max:
            raise ValueError(f"{self.n_tilings} tilings of {tiles} tiles are more than can be numbered: give hash_size")
        self._hashed = slots < tiles
        self._slots = slots
        self.n_features = slots * self.n_tilings

    def __repr__(self):
        return f"TileCoder({self.low.tolist()}, {self.high.tolist()}, {self.n_tilings}, {self.n_tiles})"

    def encode(self, X):
        """Active tiles of vectors.

        Parameters
        ----------
        X : array-like (N, d)
            Vectors.

        Returns
        -------
        ndarray of int64 (N, n_tilings)
            Distinct in each row, in [0, n_features): column t belongs to tiling t.

        Raises
        ------
        ValueError
            If `X` holds NaN or infinity or has another number of columns.
        """
        X = check_array(X, dtype=np.float64, min_samples=0)
        if X.shape[1] != len(self.low):
            raise ValueError(f"X has {X.shape[1]} columns, but the tile coder covers {len(self.low)} dimensions")
        fine = self._fine_coordinates(X)
        features = np.empty((len(X), self.n_tilings), dtype=np.int64)
        for tiling in range(self.n_tilings):
            features[:, tiling] = self._slot(fine, tiling)
        features += np.arange(self.n_tilings) * self._slots
        return features

    def encode_one(self, x):
        """Active tiles of one vector as a tuple of ints: ``encode`` without arrays, for loops that see one at a time.

        Parameters
        ----------
        x : array-like (d,)
            A vector.

        Returns
        -------
        tuple of n_tilings ints

        Raises
        ------
        ValueError
            As `encode`.
        """
        x = x.tolist() if isinstance(x, np.ndarray) else list(x)
        if len(x) != len(self.n_tiles) or not all(map(isfinite, x)):
            raise ValueError(f"x must be {len(self.n_tiles)} finite numbers, got {x!r}")
        n, fine = self.n_tilings, []
        for value, low, extent, units, wrap in zip(x, *self._columns):
            share = (value / 2 - low) / extent
            share = share % 1.0 if wrap else min(max(share, 0.0), 1.0)
            fine.append(min(int(share * units), units - 1))
        tiles, first = [], 0
        for shifts in self._shifts:
            slot = 0
            for q, shift, width, wrap in zip(fine, shifts, self._widths, self.wrap):
                coordinate = (q + shift) // n
                if wrap:
                    coordinate %= width
                slot = _mix(slot, coordinate) if self._hashed else slot * width + coordinate
            tiles.append(first + (slot % self._slots if self._hashed else slot))
            first += self._slots
        return tuple(tiles)

    def _fine_coordinates(self, X):
        """floor(n x): coordinates in units of 1 / n_tilings of a tile, one array a dimension."""
        # int32 divides four times as fast
        dtype = np.int64 if self._hashed or self.n_features > np.iinfo(np.int32).max else np.int32
        fine = []
        for x, low, extent, units, wrap in zip(X.T, *self._columns):
            share = (x / 2 - low) / extent
            share = share % 1.0 if wrap else np.clip(share, 0.0, 1.0)
            fine.append(np.minimum((share * units).astype(dtype), units - 1))
        return fine

    def _slot(self, fine, tiling):
        slot = np.zeros(len(fine[0]), dtype=np.uint64 if self._hashed else fine[0].dtype)
        for q, shift, width, wrap in zip(fine, self._shifts[tiling], self._widths, self.wrap):
            coordinate = (q + shift) // self.n_tilings
            if wrap:
                coordinate %= width
            slot = _mix(slot, coordinate.astype(np.uint64)) if self._hashed else slot * width + coordinate
        return slot % np.uint64(self._slots) if self._hashed else slot


_WORD = 2**64 - 1


def _mix(state, value):
    """One round of a multiplicative hash modulo 2^64 (Knuth's golden-ratio multiplier, high bits folded in)."""
    state = (state ^ value) * 0x9E3779B97F4A7C15 & _WORD
    return state ^ (state >> 29)


def _check_box(low, high):
    if low.ndim != 1 or low.shape != high.shape or len(low) == 0:
        raise ValueError(f"low and high must be vectors of one length, got shapes {low.shape} and {high.shape}")
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
        raise ValueError(f"low must be below high and both finite, got {low.tolist()} and {high.tolist()}")


def _per_dimension(value, d, name):
    values = np.asarray(value)
    if values.ndim and values.shape != (d,):
        raise ValueError(f"{name} must be one value or {d} of them, got {value!r}")
    return np.broadcast_to(values, d).tolist()


def _positive(value, name):
    try:
        value = index(value)
    except TypeError:
        raise TypeError(f"{name} must be a positive int, got {value!r}") from None
    if value < 1:
        raise ValueError(f"{name} must be a positive int, got {value}")
    return value
