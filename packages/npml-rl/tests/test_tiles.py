"""Tile coding against the definition, written out one vector at a time."""

from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import load, save
from npml_rl import TileCoder


def tile_coordinates(x, low, high, n_tilings, n_tiles):
    """Sutton's definition: tiling t is displaced by t (1, 3, 5, ...) / n tile widths."""
    scaled = [n * (v - a) / (b - a) for v, a, b, n in zip(x, low, high, n_tiles)]
    return [
        tuple(floor((floor(s * n_tilings) + t * (2 * j + 1)) / n_tilings) for j, s in enumerate(scaled))
        for t in range(n_tilings)
    ]


@pytest.mark.parametrize("n_tilings", [2, 5, 8])
def test_two_vectors_share_a_tile_exactly_when_the_definition_says(n_tilings):
    low, high, n_tiles = [-1.0, 0.0, 5.0], [1.0, 10.0, 6.0], [4, 3, 5]
    X = np.random.default_rng(0).uniform(low, high, size=(60, 3))
    codes = TileCoder(low, high, n_tilings, n_tiles).encode(X)
    reference = [tile_coordinates(x, low, high, n_tilings, n_tiles) for x in X]
    for i in range(len(X)):
        for j in range(len(X)):
            shared = [a == b for a, b in zip(reference[i], reference[j])]
            assert (codes[i] == codes[j]).tolist() == shared


@settings(max_examples=40, deadline=None)
@given(
    d=st.integers(1, 4),
    n_tilings=st.integers(1, 9),
    n_tiles=st.integers(1, 6),
    hash_size=st.none() | st.integers(9, 60),
    wrap=st.booleans(),
    seed=st.integers(0, 99),
)
def test_codes_are_distinct_bounded_and_the_same_one_at_a_time(d, n_tilings, n_tiles, hash_size, wrap, seed):
    coder = TileCoder([-1.0] * d, [2.0] * d, n_tilings, n_tiles, hash_size=hash_size, wrap=[wrap] * d)
    X = np.random.default_rng(seed).uniform(-3, 4, size=(20, d))
    X[:2] = [[-1.0] * d, [2.0] * d]
    codes = coder.encode(X)
    assert codes.shape == (20, n_tilings)
    assert codes.dtype == np.int64
    assert codes.min() >= 0
    assert codes.max() < coder.n_features <= (hash_size or coder.n_features)
    assert all(len(set(row)) == n_tilings for row in codes.tolist())
    assert [coder.encode_one(x) for x in X] == [tuple(row) for row in codes.tolist()]


def test_nearer_vectors_share_more_tiles():
    coder = TileCoder([0.0], [1.0], n_tilings=8, n_tiles=4)
    codes = coder.encode(np.linspace(0.1, 0.4, 13)[:, None])
    shared = (codes == codes[0]).sum(axis=1)
    assert shared[0] == 8
    assert shared[-1] == 0
    assert (np.diff(shared) <= 0).all()


def test_all_tilings_are_shifted_differently():
    coder = TileCoder([0.0, 0.0], [1.0, 1.0], n_tilings=4, n_tiles=2)
    line = np.linspace(0, 0.5, 400, endpoint=False)
    for X in (np.column_stack([line, np.zeros(400)]), np.column_stack([np.zeros(400), line])):
        changes = [tuple(np.flatnonzero(np.diff(column))) for column in coder.encode(X).T]
        assert len(set(changes)) == 4


def test_one_tiling_is_a_grid():
    coder = TileCoder([0.0, 0.0], [1.0, 1.0], n_tilings=1, n_tiles=[2, 3])
    assert coder.n_features == 6
    assert coder.encode([[0, 0], [0.4, 0.5], [0.6, 0.99], [1, 1], [7, -7]]).ravel().tolist() == [0, 1, 5, 5, 3]


def test_a_wrapped_dimension_closes():
    coder = TileCoder([0.0, -1.0], [2 * np.pi, 1.0], n_tilings=8, n_tiles=6, wrap=[True, False])
    a, b = coder.encode([[1e-9, 0.3], [2 * np.pi + 1e-9, 0.3]])
    assert (a == b).all()
    below, above = coder.encode([[2 * np.pi - 0.05, 0.3], [0.05, 0.3]])
    assert (below == above).sum() >= 5


def test_hashing_spreads_the_tiles():
    coder = TileCoder([0.0] * 6, [1.0] * 6, n_tilings=2, n_tiles=10, hash_size=1000)
    codes = coder.encode(np.random.default_rng(0).random((50_000, 6)))
    counts = np.bincount(codes[:, 0], minlength=500)
    # 50,000 nearly distinct tiles in 500 slots: chi-square has mean 499 and deviation 32
    assert ((counts - 100) ** 2 / 100).sum() < 499 + 6 * 32


def test_more_tiles_than_an_int64_needs_hashing():
    with pytest.raises(ValueError, match="hash_size"):
        TileCoder([0.0] * 30, [1.0] * 30, 8, 10)
    assert TileCoder([0.0] * 30, [1.0] * 30, 8, 10, hash_size=4096).encode(np.zeros((1, 30))).max() < 4096


def test_extreme_boxes():
    coder = TileCoder([-1.7e308], [1.7e308], 4, 4)
    assert coder.encode([[-1.7e308], [0.0], [1.7e308]])[:, 0].tolist() == [0, 2, 3]
    assert coder.encode(np.array([[1.0]], dtype=np.float32)).tolist() == coder.encode([[1.0]]).tolist()


@pytest.mark.parametrize(
    "changes",
    [
        {"low": [0.0, 1.0]},
        {"low": [2.0]},
        {"high": [np.inf]},
        {"low": [[0.0]], "high": [[1.0]]},
        {"n_tilings": 0},
        {"n_tiles": [2, 2]},
        {"n_tiles": -1},
        {"hash_size": 3},
        {"wrap": [True, False]},
    ],
)
def test_bad_parameters_are_named(changes):
    arguments = {"low": [0.0], "high": [1.0], "n_tilings": 4, "n_tiles": 4, **changes}
    with pytest.raises(ValueError, match="|".join(changes)):
        TileCoder(**arguments)
    with pytest.raises(TypeError, match="n_tilings"):
        TileCoder([0.0], [1.0], n_tilings=2.5)


@pytest.mark.parametrize("X", [[[np.nan]], [[np.inf]], [[1.0, 2.0]], [1.0]])
def test_bad_vectors(X):
    coder = TileCoder([0.0], [1.0])
    with pytest.raises(ValueError):
        coder.encode(X)
    if np.ndim(X) == 2:
        with pytest.raises(ValueError):
            coder.encode_one(X[0])


def test_stored(tmp_path):
    coder = TileCoder([0.0, 0.0], [1.0, 1.0], 4, 5, hash_size=50, wrap=[True, False])
    save(coder, tmp_path / "coder")
    X = np.random.default_rng(0).random((9, 2))
    assert (load(tmp_path / "coder").encode(X) == coder.encode(X)).all()
