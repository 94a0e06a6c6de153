import numpy as np
import pytest

from npml_classical.trees.bootstrap import Bootstrap

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(50, 3)), rng.normal(size=50)


def test_draws_as_many_as_there_are():
    counts = Bootstrap(X, Y, None, None).draw(np.random.default_rng(1))
    assert counts.sum() == 50
    assert counts.max() > 1
    assert Bootstrap(X, Y, None, 0.2).draw(np.random.default_rng(1)).sum() == 10
    assert Bootstrap(X, Y, None, 7).draw(np.random.default_rng(1)).sum() == 7


@pytest.mark.parametrize("weight", [np.arange(50) % 4 * 1.0, rng.random(50)])
def test_chances_are_in_proportion_to_the_weights(weight):
    bootstrap, generator = Bootstrap(X, Y, weight, None), np.random.default_rng(2)
    counts = sum(bootstrap.draw(generator) for _ in range(400))
    expected = 400 * bootstrap.size * weight / weight.sum()
    drawn = weight > 0
    assert (counts[~drawn] == 0).all()
    chi = ((counts[drawn] - expected[drawn]) ** 2 / expected[drawn]).sum()
    assert chi < drawn.sum() + 5 * np.sqrt(2 * drawn.sum())


def test_a_whole_weight_draws_as_repeated_rows_in_any_order_would():
    weight = np.arange(50) % 3
    rows = np.random.default_rng(3).permutation(np.repeat(np.arange(50), weight))
    a = Bootstrap(X, Y, weight * 1.0, None).draw(np.random.default_rng(4))
    b = Bootstrap(X[rows], Y[rows], None, None).draw(np.random.default_rng(4))
    np.testing.assert_array_equal(a, np.bincount(rows, b, minlength=50))


def test_more_than_there_are():
    with pytest.raises(ValueError, match="max_samples"):
        Bootstrap(X, Y, None, 51)
