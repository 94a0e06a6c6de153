import numpy as np
import pytest

from npml_core import load, save
from npml_nn import MLP, Dense, gradcheck


def test_is_dense_layers_in_a_row(rng):
    model, again = MLP([3, 5, 4, 2], "tanh", np.float64, 0), np.random.default_rng(0)
    layers = [Dense(3, 5, "tanh", dtype=np.float64, random_state=again)]
    layers += [Dense(5, 4, "tanh", dtype=np.float64, random_state=again)]
    layers += [Dense(4, 2, dtype=np.float64, random_state=again)]
    y = x = rng.normal(size=(6, 3))
    for layer in layers:
        y = layer(y)
    np.testing.assert_array_equal(model(x), y)


def test_gradients(rng):
    assert gradcheck(MLP([3, 4, 2], "gelu", random_state=0), [rng.normal(size=(5, 3))], second_order=True)


def test_no_hidden_layer_and_float32(rng, stays_float32, tmp_path):
    model = MLP((3, 2), random_state=0)
    assert [p.name for p in model.parameters()] == ["0.W", "0.b"]
    stays_float32(MLP((3, 4, 2)), rng.normal(size=(5, 3)))
    save(model, tmp_path / "model")
    x = rng.normal(size=(5, 3))
    np.testing.assert_array_equal(load(tmp_path / "model")(x), model(x))


@pytest.mark.parametrize("sizes", [(), (3,), (3, 0, 2), (3, 2.0), (3, True)])
def test_bad_sizes(sizes):
    with pytest.raises(ValueError, match="sizes"):
        MLP(sizes)
