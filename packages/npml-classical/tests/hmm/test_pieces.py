"""Cutting and packing: every row once, in time order, and a settled sweep is the recursion itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical.hmm.pieces import LENGTH, Pieces, settle


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 5 * LENGTH), min_size=1, max_size=8))
def test_pieces_cover_every_row_once(lengths):
    pieces = Pieces(np.array(lengths))
    np.testing.assert_array_equal(pieces.start, np.cumsum(pieces.size) - pieces.size)
    assert pieces.size.sum() == sum(lengths)
    assert (pieces.size > 0).all()
    np.testing.assert_array_equal(pieces.start[pieces.is_head], np.cumsum(lengths) - lengths)
    np.testing.assert_array_equal((pieces.start + pieces.size)[pieces.is_tail], np.cumsum(lengths))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.data())
def test_packed_steps_are_time_major(lengths, data):
    pieces = Pieces(np.array(lengths))
    chosen = data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, unique=True).map(sorted))
    packed = pieces.pack(np.array(chosen))
    assert (np.diff(pieces.size[packed.pieces]) <= 0).all()
    for t, (begin, end) in enumerate(zip(packed.offsets[:-1], packed.offsets[1:])):
        running = [p for p in packed.pieces if pieces.size[p] > t]
        np.testing.assert_array_equal(packed.rows[begin:end], [pieces.start[p] + t for p in running])
    ends = pieces.start + pieces.size - 1
    np.testing.assert_array_equal(packed.rows[packed.last], ends[packed.pieces])


def test_many_sequences_are_not_cut():
    pieces = Pieces(np.full(500, 3 * LENGTH))
    assert len(pieces.size) == 500
    assert pieces.is_head.all()
    assert pieces.is_tail.all()


@pytest.mark.parametrize("exits_to", [1, -1])
def test_settled_sums_are_running_totals(exits_to):
    lengths = np.array([7 * LENGTH, 4, 3 * LENGTH])
    x = np.random.default_rng(0).normal(size=lengths.sum())
    pieces = Pieces(lengths)
    known = pieces.is_head if exits_to == 1 else pieces.is_tail

    def run(packed, entries):
        return entries + [[x[pieces.start[p] : pieces.start[p] + pieces.size[p]].sum()] for p in packed.pieces]

    values = np.zeros((len(pieces.size), 1))
    settle(pieces, values, known, run, exits_to, lambda old, new: (old != new).any(axis=1))
    for s, (begin, end) in enumerate(zip(np.cumsum(lengths) - lengths, np.cumsum(lengths))):
        for p in np.flatnonzero((pieces.start >= begin) & (pieces.start < end)):
            first, last = pieces.start[p], pieces.start[p] + pieces.size[p]
            expected = x[begin:first].sum() if exits_to == 1 else x[last:end].sum()
            assert values[p, 0] == pytest.approx(expected, abs=1e-10)
