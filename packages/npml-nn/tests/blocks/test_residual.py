import numpy as np
import pytest

from npml_nn import ConvResidualBlock, IdentityResidualBlock, Sequential, batch_norm, conv2d, gradcheck, relu
from npml_nn.blocks import residual as module


def branch(x, block, stride, padding):
    conv1, bn1, conv2, bn2 = block.layer
    h = relu(batch_norm(conv2d(x, conv1.W, None, stride, padding), bn1.g, bn1.b))
    return batch_norm(conv2d(h, conv2.W, None, 1, padding), bn2.g, bn2.b)


@pytest.mark.parametrize("kernel, padding", [(3, 1), (1, 0), (2, (0, 1, 0, 1)), ((5, 2), (2, 2, 0, 1))])
def test_equals_the_definition(kernel, padding, rng):
    x = rng.normal(size=(2, 6, 5, 3))
    block = IdentityResidualBlock(3, kernel, dtype=np.float64, random_state=0)
    np.testing.assert_allclose(block(x), relu(x + branch(x, block, 1, padding)), rtol=1e-10, atol=1e-12)
    for stride in (1, 2, 3):
        block = ConvResidualBlock(3, 4, kernel, stride, dtype=np.float64, random_state=0)
        conv, bn = block.shortcut
        shortcut = batch_norm(conv2d(x, conv.W, None, stride), bn.g, bn.b)
        y = block(x)
        assert y.shape == (2, -(-6 // stride), -(-5 // stride), 4)
        np.testing.assert_allclose(y, relu(shortcut + branch(x, block, stride, padding)), rtol=1e-10, atol=1e-12)


def test_gradients(rng):
    x = rng.normal(size=(2, 2, 3, 2))
    assert gradcheck(IdentityResidualBlock(2, 2, activation="tanh", random_state=0), [x], second_order=True)
    assert gradcheck(ConvResidualBlock(2, 1, (3, 1), (1, 2), random_state=0), [x])
    shared = IdentityResidualBlock(2, (1, 2), random_state=0)
    assert gradcheck(Sequential(shared, shared), [x])


MUTANTS = [
    (module.ConvResidualBlock._backward, "+ self.layer", "- self.layer", "sign of the branch"),
    (
        module.ConvResidualBlock._double_backward,
        "self.shortcut.double_backward(ddx) +",
        "0 * self.shortcut.double_backward(ddx) +",
        "dropped",
    ),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    block = ConvResidualBlock(1, 2, 1, activation="tanh", random_state=0)
    mutant_is_caught(function, old, new, block, [rng.normal(size=(2, 2, 2, 1))], second_order=True)


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, rng):
    x = rng.normal(size=(2, 5, 4, 3))
    for block in (IdentityResidualBlock(3, random_state=0), ConvResidualBlock(3, 4, stride=2, random_state=0)):
        stays_float32(block, x)
        changes_nothing(block, x)
        assert block(x).dtype == block.backward(np.zeros_like(block(x), np.float64)).dtype == np.float32


def test_evaluation_copies_and_state(rng):
    x = rng.normal(size=(4, 5, 4, 3))
    block = ConvResidualBlock(3, 4, stride=2, random_state=0)
    block(x)
    twin = ConvResidualBlock(3, 4, stride=2, random_state=1).load_state_dict(block.state_dict())
    np.testing.assert_array_equal(twin.eval()(x), block.eval()(x))
    assert not any(part._tape for _, part in block.walk())
    again = ConvResidualBlock(3, 4, stride=2, random_state=0)
    for name, weights in again.params.items():
        np.testing.assert_array_equal(weights, ConvResidualBlock(3, 4, stride=2, random_state=0).params[name])


@pytest.mark.parametrize("arguments", [(0, 2), (2, 0), (2, 2, 0), (2, 2, 3, 0)])
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match="must be"):
        ConvResidualBlock(*arguments)


def test_bad_inputs():
    with pytest.raises(ValueError, match="x must have shape"):
        IdentityResidualBlock(3)(np.zeros((2, 5, 5, 4)))
