"""Gains of a whole level against impurities of every split."""

import numpy as np
import pytest

from npml_classical.trees.columns import Columns
from npml_classical.trees.criteria import Entropy, Gini, SquaredError
from npml_classical.trees.growing import Limits, _make_level
from npml_classical.trees.search import Scorer

N = 60
SIZES = np.array([25, 1, 34])


def impurity(kind, y, w):
    if kind is SquaredError:
        return np.average((y - np.average(y, weights=w)) ** 2, weights=w)
    p = np.bincount(y, w) / w.sum()
    return 1 - (p**2).sum() if kind is Gini else -(p[p > 0] * np.log2(p[p > 0])).sum()


@pytest.mark.parametrize("kind, n_classes", [(SquaredError, 0), (SquaredError, 5), (Gini, 2), (Gini, 9), (Entropy, 9)])
@pytest.mark.parametrize("weighted", ["no", "whole", "real"])
def test_gains_are_decreases_of_impurity(kind, n_classes, weighted):
    rng = np.random.default_rng(0)
    y = rng.integers(0, n_classes, N) if n_classes else rng.normal(size=N)
    w = {"no": None, "whole": rng.integers(1, 4, N) * 1.0, "real": rng.random(N) + 0.01}[weighted]
    criterion = SquaredError(y * 1.0, w) if kind is SquaredError else kind(y, n_classes, w)
    entries = rng.permutation(N)
    starts = np.cumsum(SIZES) - SIZES
    summary = criterion.summarise(entries, starts, SIZES)
    tree = np.zeros(3, int)
    everything = (np.ones(3, bool), np.ones(N, bool))
    level = _make_level(Columns(np.zeros((N, 1))), Limits(), entries, SIZES, tree, summary.detail, *everything)
    candidates = level.allowed[None].copy()
    gains = Scorer(criterion, level, None)(entries[None], candidates)[0]
    w = np.ones(N) if w is None else w
    for node, start in enumerate(starts):
        rows = entries[start : start + SIZES[node]]
        np.testing.assert_allclose(
            criterion.impurities(summary.impurity)[node], impurity(kind, y[rows], w[rows]), rtol=1e-12, atol=1e-14
        )
        assert gains[start + SIZES[node] - 1] == 0  # no split after the last sample
        for i in range(1, SIZES[node]):
            sides = sum(w[s].sum() * impurity(kind, y[s], w[s]) for s in (rows[:i], rows[i:]))
            expected = w[rows].sum() * impurity(kind, y[rows], w[rows]) - sides
            gain = np.zeros(3)
            gain[node] = gains[start + i - 1]
            decrease = criterion.impurities(criterion.decreases(gain))[node]
            np.testing.assert_allclose(decrease, expected, atol=1e-11, rtol=1e-10)
