import numpy as np
import pytest

from npml_nn import Activation, CrossEntropy, Dense, Dropout, Layer, Sequential, functional, gradcheck


class Wrong(Layer):
    """y = x W with one mistake in the parameter's gradient."""

    def __init__(self, factor):
        self.add_param("W", np.arange(6.0).reshape(3, 2))
        self.factor = factor

    def _forward(self, x):
        return x @ self.W, x

    def _backward(self, dy, x):
        return dy @ self.W.T, {"W": self.factor * x.T @ dy}


def test_names_the_gradient(rng):
    x = rng.normal(size=(4, 3))
    assert gradcheck(Wrong(1.0), [x]) is True
    with pytest.raises(AssertionError, match="gradient W at"):
        gradcheck(Wrong(-1.0), [x])
    with pytest.raises(AssertionError, match="gradient 0.W"):
        gradcheck(Sequential(Wrong(1.001)), [x])


def test_a_mistake_in_few_of_many_entries_is_found(rng):
    class OneWrong(Activation):
        def _value(self, x, out):
            np.copyto(out, x)

        def _grad(self, x, out):
            out.fill(1)
            out[1234] = 0

    with pytest.raises(AssertionError, match=r"dx\[0\]"):
        gradcheck(OneWrong(), [rng.normal(size=2000)])


def test_changes_nothing(rng):
    layer = Sequential(Dense(3, 2, random_state=0), Dropout(0.5, random_state=0)).eval()
    x = rng.normal(size=(4, 3)).astype(np.float32)
    x.flags.writeable = False
    state, generator = layer.state_dict(), layer[1].rng.bit_generator.state
    assert gradcheck(layer, [x], second_order=True)
    np.testing.assert_equal(layer.state_dict(), state)
    assert layer[1].rng.bit_generator.state == generator
    assert not layer.training
    assert not layer.grads["0.W"].any()
    assert layer[0].dtype == np.float32


def test_ops_and_losses(rng):
    x = rng.normal(size=(4, 3))

    def square(x):
        return x * x, x

    assert gradcheck(square, [x], backward=lambda dy, x: 2 * x * dy)
    with pytest.raises(AssertionError, match=r"dx\[0\]"):
        gradcheck(square, [x], backward=lambda dy, x: x * dy)
    with pytest.raises(AssertionError, match="shape"):
        gradcheck(square, [x], backward=lambda dy, x: (2 * x * dy)[:1])
    with pytest.raises(AssertionError, match="0 gradients"):
        gradcheck(square, [x], backward=lambda dy, x: None)
    with pytest.raises(TypeError, match="square_backward"):
        gradcheck(square, [x])
    assert gradcheck(functional.softmax, x)
    assert gradcheck(CrossEntropy(), [x, [0, 1, 2, 0]])


def test_a_non_finite_gradient_is_an_error(rng):
    with pytest.raises(AssertionError, match="nan"):
        gradcheck(Wrong(np.nan), [rng.normal(size=(4, 3))])


def test_frozen_parameters_are_left_out(rng):
    assert gradcheck(Wrong(-1.0).freeze(), [rng.normal(size=(4, 3))])
