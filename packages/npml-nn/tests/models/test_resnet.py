import numpy as np
import pytest

from npml_core import load, save
from npml_nn import ResNet, gradcheck


def test_shapes_and_number_of_weights():
    model = ResNet(3, 10, width=4, n_blocks=2, random_state=0)
    assert model(np.zeros((2, 9, 7, 3))).shape == (2, 10)
    convolutions = 9 * (3 * 4 + 4 * 4 * 4 + 4 * 8 + 3 * 8 * 8) + 4 * 8
    norms = 2 * (4 + 4 * 4 + 3 * 8 + 2 * 8)
    assert model.n_parameters == convolutions + norms + 8 * 10 + 10


def test_gradients(rng):
    model = ResNet(1, 2, width=1, n_blocks=1, dtype=np.float64, random_state=0)
    assert gradcheck(model, [rng.normal(size=(3, 2, 2, 1))])


def test_saved_model_answers_the_same(rng, tmp_path):
    model, x = ResNet(1, 3, width=2, n_blocks=1, random_state=0), rng.normal(size=(4, 6, 6, 1))
    model(x)  # moves the running statistics
    save(model, tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").eval()(x), model.eval()(x))


def test_stays_float32(rng, stays_float32):
    stays_float32(ResNet(1, 3, width=2, n_blocks=1, random_state=0), rng.normal(size=(3, 6, 6, 1)))


@pytest.mark.parametrize("name", ["c_in", "n_classes", "width", "n_blocks"])
def test_bad_sizes(name):
    with pytest.raises(ValueError, match=name):
        ResNet(**{"c_in": 1, "n_classes": 2, name: 0})
