import numpy as np
import pytest

from npml_nn import Add, Dense, Dropout, Residual, Sequential, Softmax, gradcheck
from npml_nn.layers import containers


def network():
    inner = Sequential(Dense(4, 4, "tanh", random_state=1), Dropout(0.2, random_state=0))
    return Sequential(Dense(3, 4, "softplus", random_state=0), Residual(inner), Dense(4, 2, random_state=2), "silu")


def test_gradients(rng):
    assert gradcheck(network(), [rng.normal(size=(5, 3))], second_order=True)
    assert gradcheck(Sequential(), [rng.normal(size=(5, 3))], second_order=True)
    assert gradcheck(Residual(Dense(3, 3, "tanh")), [rng.normal(size=(5, 3))], second_order=True)


def test_shared_layer(rng):
    shared = Dense(3, 3, "tanh", random_state=0)
    model = Sequential(shared, Residual(shared), shared)
    assert [p.name for p in model.parameters()] == ["0.W", "0.b"]
    assert model.n_parameters == 12
    assert gradcheck(model, [rng.normal(size=(5, 3))], second_order=True)


def test_several_inputs(rng):
    model = Sequential(Add(), Dense(3, 2, random_state=0))
    assert gradcheck(model, [rng.normal(size=(4, 3)), rng.normal(size=(4, 3))], second_order=True)
    assert isinstance(model(np.ones((1, 3)), np.ones((1, 3))), np.ndarray)


def test_indexing_and_repr():
    model = network()
    assert len(model) == 4
    assert model[0] is next(iter(model))
    assert isinstance(model[:2], Sequential)
    assert model[1:][1] is model[2]
    assert repr(Sequential(Dense(3, 2, "relu"), Softmax())) == "Sequential(Dense(3, 2, activation=ReLU()), Softmax())"


def test_input_gradient_is_the_first_layers():
    model = network()
    model.input_gradient = False
    model(np.ones((2, 3)))
    assert model.backward(np.ones((2, 2))) is None
    assert model[0].input_gradient is False
    assert all(np.abs(gradient).max() > 0 for gradient in model.grads.values())
    shared = Dense(3, 3)
    model = Sequential(shared, Residual(shared))
    model.input_gradient = False  # but the second place needs the gradient
    model(np.ones((2, 3)))
    assert model.backward(np.ones((2, 3))).shape == (2, 3)


MUTANTS = [
    (containers.Residual._backward, "dy + ", "", "no shortcut"),
    (containers.Residual._double_backward, "ddx + ", "", "no shortcut"),
    (containers.Sequential._double_backward, "in self.layers", "in self.layers[:1]", "stops early"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    model = Residual(Sequential(Dense(3, 3, random_state=0), "tanh"))
    mutant_is_caught(function, old, new, model, [rng.normal(size=(4, 3))], second_order=True)


def test_bad_arguments():
    with pytest.raises(TypeError, match="layers"):
        Sequential(None)
    with pytest.raises(ValueError, match="'relu'"):
        Sequential("unknown")
    with pytest.raises(ValueError, match="keep the shape"):
        Residual(Dense(3, 2))(np.ones((1, 3)))
