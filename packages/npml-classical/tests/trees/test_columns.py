import numpy as np
import pytest

from npml_classical.trees.columns import Columns


@pytest.mark.parametrize("exact_in_single", [True, False])
def test_ranks_order_the_values(exact_in_single):
    rng = np.random.default_rng(0)
    X = rng.integers(-5, 5, (40, 3)) / 2.0 if exact_in_single else rng.normal(size=(40, 3)).round(1)
    columns = Columns(X)
    for x, ranks, order, n_ranks in zip(X.T, columns.ranks, columns.order, columns.n_ranks):
        np.testing.assert_array_equal(ranks, np.searchsorted(np.unique(x), x))
        assert n_ranks == np.unique(x).size
        assert (np.diff(x[order]) >= 0).all()


@pytest.mark.parametrize("factor", [1.0, 0.1])
def test_missing_values_rank_above_and_in_a_second_copy_below(factor):
    x = np.array([np.nan, 2.0, -1.0, np.nan, 2.0]) * factor
    columns = Columns(np.column_stack([x, np.arange(5.0)]))
    np.testing.assert_array_equal(columns.ranks[0], [2, 1, 0, 2, 1])
    np.testing.assert_array_equal(columns.ranks[2], [0, 2, 1, 0, 2])
    assert columns.source.tolist() == [0, 1, 0]
    assert columns.twin.tolist() == [2, 1]
    assert columns.thresholds(np.array([0, 0, 2]), np.array([0, 1, 1]), np.array([1, 2, 2])).tolist() == [
        0.5 * factor,
        np.inf,
        0.5 * factor,
    ]


def test_a_column_of_missing_values_only():
    columns = Columns(np.full((3, 1), np.nan))
    assert columns.n_ranks[0] == 1


def test_values_beyond_single_precision_stay_apart():
    X = np.array([[1e300, 2.0**24], [np.nextafter(1e300, 2e300), 2.0**24 + 1]])
    np.testing.assert_array_equal(Columns(X).ranks, [[0, 1], [0, 1]])
