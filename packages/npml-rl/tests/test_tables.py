"""The three forms of Q say the same."""

import numpy as np
import pytest

from npml_rl.tables import LaneTable, as_table


def test_lists_and_lanes_move_alike():
    rng = np.random.default_rng(0)
    array = rng.normal(size=(6, 3))
    s, a, target = np.array([4, 0, 2]), np.array([1, 1, 2]), rng.normal(size=3)
    scalar, lanes = as_table(array, tiled=False), LaneTable(array)
    for i in range(3):
        scalar.toward(s[i], a[i], target[i], 0.3)
    lanes.toward(s, a, target, 0.3)
    np.testing.assert_allclose(lanes.array(), scalar.array(), rtol=1e-12)
    assert lanes[s].shape == (3, 3)
    assert (lanes.array()[s] == lanes[s].T).all()


def test_tiles_move_the_sum_by_lr():
    array = np.random.default_rng(0).normal(size=(8, 2))
    for table, s in ((as_table(array, tiled=True), (1, 5, 6)), (LaneTable(array), np.array([[1, 5, 6]]))):
        before = np.ravel(table[s])
        lanes = isinstance(s, np.ndarray)
        table.toward(s, np.array([1]) if lanes else 1, np.array([10.0]) if lanes else 10.0, 0.25)
        after = np.ravel(table[s])
        assert after[0] == pytest.approx(before[0])
        assert after[1] == pytest.approx(0.75 * before[1] + 2.5)
        untouched = np.setdiff1d(np.arange(8), [1, 5, 6])
        assert (table.array()[untouched] == array[untouched]).all()


def test_simultaneous_visits_act_like_visits_to_their_mean():
    table = LaneTable(np.array([[1.0]]))
    targets = np.array([3.0, 5.0, 4.0, 8.0])
    table.toward(np.zeros(4, dtype=int), np.zeros(4, dtype=int), targets, 0.2)
    value = 1.0
    for _ in targets:
        value += 0.2 * (targets.mean() - value)
    assert table.array()[0, 0] == pytest.approx(value, rel=1e-12)


def test_many_lanes_on_one_entry_never_overshoot():
    table = LaneTable(np.zeros((1, 1)))
    for _ in range(50):
        table.toward(np.zeros(1000, dtype=int), np.zeros(1000, dtype=int), np.full(1000, 2.0), 0.5)
    assert table.array()[0, 0] == pytest.approx(2.0)


def test_weighted_average_of_any_size_of_weight():
    rng = np.random.default_rng(0)
    targets, log_weights = rng.normal(size=50), rng.normal(size=50) * 3 + 5000
    table, totals = as_table(np.zeros((1, 1)), False), as_table(np.full((1, 1), -np.inf), False)
    for target, log_weight in zip(targets, log_weights):
        table.average(0, 0, target, log_weight, totals)
    weights = np.exp(log_weights - log_weights.max())
    assert table[0][0] == pytest.approx(weights @ targets / weights.sum(), rel=1e-9)
