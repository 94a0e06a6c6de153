import numpy as np
import pytest

from npml_nn import Dropout, functional, gradcheck
from npml_nn.layers.dropout import dropout_backward


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_gradients(p, rng):
    assert gradcheck(Dropout(p, random_state=0), [rng.normal(size=(5, 4))], second_order=True)


@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.9])
def test_rate_and_scale(p):
    y = Dropout(p, random_state=1)(np.ones(200_000))
    assert set(np.unique(y)) == {0, 1 / (1 - p)}
    n_zero = int((y == 0).sum())
    assert abs(n_zero - 200_000 * p) < 5 * np.sqrt(200_000 * p * (1 - p))


def test_backward_uses_the_same_mask(rng):
    layer, x = Dropout(0.5, random_state=0), np.ones((50, 50))
    first, second = layer(x), layer(x)
    assert (first != second).any()
    dy = rng.normal(size=(50, 50))
    np.testing.assert_array_equal(layer.backward(dy), second * dy)
    np.testing.assert_array_equal(layer.backward(dy), first * dy)


def test_reproducible_and_off_in_evaluation():
    x = np.ones(100)
    np.testing.assert_array_equal(Dropout(0.5, random_state=7)(x), Dropout(0.5, random_state=7)(x))
    np.testing.assert_array_equal(Dropout(0.5).eval()(x), x)
    np.testing.assert_array_equal(Dropout(1.0)(x), 0 * x)


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, rng):
    stays_float32(Dropout(0.3, random_state=0), rng.normal(size=(100, 600)))
    changes_nothing(Dropout(0.3, random_state=0), rng.normal(size=(3, 4, 5)))


@pytest.mark.parametrize("new", ["dy", "-dy * cache", "dy * (cache > 0)"])
def test_planted_mistakes_are_caught(new, mutant_is_caught, rng):
    inputs = [rng.normal(size=(5, 4))]
    mutant_is_caught(dropout_backward, "dy * cache", new, Dropout(0.3, random_state=0), inputs, second_order=True)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_bad_probability(p):
    with pytest.raises(ValueError, match="p must"):
        Dropout(p)
    with pytest.raises(ValueError, match="p must"):
        functional.dropout(np.ones(3), p)
