"""Counts and continuation counts against dictionaries."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical.ngrams.tables import Tables, compress


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 60), st.integers(0, 999))
def test_levels_hold_the_counts_of_a_dictionary(order, n, seed):
    rng = np.random.default_rng(seed)
    windows = rng.integers(0, 4, (n, order))
    tables = Tables(*compress(windows, np.ones(n)), 4)
    rows = [tuple(row) for row in windows.tolist()]
    for k, level in enumerate(tables.levels):
        counted = Counter(row[order - 1 - k :] for row in rows)
        longer = {row[order - 2 - k :] for row in rows} if k < order - 1 else set()
        context = np.array([gram[:-1] for gram in counted]).reshape(len(counted), k)
        words = np.array([gram[-1] for gram in counted])
        found = tables.find_contexts(context)[k]
        place = tables.find_ngrams(k, found, words)
        np.testing.assert_array_equal(level.counts[place], list(counted.values()))
        for gram, number, p in zip(counted, found, place):
            same = [g for g in counted if g[:-1] == gram[:-1]]
            assert level.totals[number] == sum(counted[g] for g in same)
            assert level.distinct[number] == len(same)
            if k < order - 1:
                assert level.continuations[p] == sum(g[1:] == gram for g in longer)
                assert level.continuation_totals[number] == sum(g[1:-1] == gram[:-1] for g in longer)


def test_what_never_occurred_is_not_found():
    tables = Tables(np.array([[0, 1, 2]]), np.ones(1), 4)
    assert [int(found[0]) for found in tables.find_contexts(np.array([[3, 1]]))] == [0, 0, -1]
    assert [int(found[0]) for found in tables.find_contexts(np.array([[0, 3]]))] == [0, -1, -1]
    assert tables.find_ngrams(1, np.array([0, 0, -1]), np.array([2, 3, 2])).tolist() == [0, -1, -1]


def test_equal_rows_become_one():
    windows, counts = compress(np.array([[1, 2], [0, 1], [1, 2]]), np.array([1.0, 2.0, 3.0]))
    assert dict(zip(map(tuple, windows.tolist()), counts.tolist())) == {(1, 2): 4.0, (0, 1): 2.0}
