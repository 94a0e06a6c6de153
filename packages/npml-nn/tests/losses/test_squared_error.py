import numpy as np
import pytest

from npml_nn import SquaredError, functional, gradcheck
from npml_nn.losses.base import get_loss
from npml_nn.losses.squared_error import mse_loss_backward


@pytest.mark.parametrize("shape", [(5, 3), (4,), (2, 3, 4), (1, 1)])
def test_gradients_and_definition(shape, rng):
    y, t = rng.normal(size=shape), rng.normal(size=shape)
    assert gradcheck(SquaredError(), [y, t])
    value, dy = SquaredError()(y, t)
    assert value == pytest.approx(np.mean([(a - b) ** 2 for a, b in zip(y.ravel(), t.ravel())]), rel=1e-13)
    np.testing.assert_allclose(dy, 2 * (y - t) / y.size, rtol=1e-13)


def test_mean_over_nothing():
    value, dy = SquaredError()(np.zeros((0, 3)), np.zeros((0, 3)))
    assert value == 0
    assert dy.shape == (0, 3)


def test_float32(stays_float32, rng):
    stays_float32(functional.mse_loss, rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))
    assert SquaredError()(np.ones(3, np.float32), np.zeros(3))[1].dtype == np.float32


@pytest.mark.parametrize("old, new", [("2 * dy", "dy"), ("/ max(cache.difference.size, 1)", ""), ("2 *", "-2 *")])
def test_planted_mistakes_are_caught(old, new, mutant_is_caught, rng):
    mutant_is_caught(mse_loss_backward, old, new, SquaredError(), [rng.normal(size=(4, 3)), rng.normal(size=(4, 3))])


def test_bad_inputs():
    with pytest.raises(ValueError, match=r"\(3, 1\)"):
        SquaredError()(np.zeros((3, 1)), np.zeros(3))
    with pytest.raises(ValueError, match="y_true must be finite"):
        SquaredError()(np.zeros(2), [0, np.nan])


def test_names():
    assert isinstance(get_loss("squared_error"), SquaredError)
    assert isinstance(get_loss(SquaredError), SquaredError)
    with pytest.raises(ValueError, match="cross_entropy"):
        get_loss("unknown")
    with pytest.raises(TypeError, match="loss"):
        get_loss(3)
