import numpy as np
import pytest

from npml_nn import Sequential, WaveNetBlock, conv1d, gradcheck, sigmoid
from npml_nn.blocks import wavenet as module


@pytest.mark.parametrize("kernel, dilation, T", [(2, 1, 6), (2, 4, 9), (3, 2, 1)])
def test_equals_the_definition(kernel, dilation, T, rng):
    block = WaveNetBlock(3, kernel, dilation, dtype=np.float64, random_state=0)
    block.conv.b, block.projection.b = rng.normal(size=6), rng.normal(size=3)
    x = rng.normal(size=(2, T, 3))
    past = (dilation * (kernel - 1), 0)
    f = conv1d(x, block.conv.W[..., :3], block.conv.b[:3], 1, past, dilation)
    g = conv1d(x, block.conv.W[..., 3:], block.conv.b[3:], 1, past, dilation)
    expected = np.tanh(f) * sigmoid(g) @ block.projection.W[0] + block.projection.b
    residual, skip = block(x)
    np.testing.assert_allclose(skip, expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(residual, x + expected, rtol=1e-11, atol=1e-13)


def test_causal(rng):
    block = WaveNetBlock(2, 2, 3, random_state=0)
    x = rng.normal(size=(1, 12, 2)).astype(np.float32)
    changed = x.copy()
    changed[:, 7:] += 1
    for before, after in zip(block(x), block(changed)):
        np.testing.assert_array_equal(before[:, :7], after[:, :7])
        assert np.all(before[:, 7:] != after[:, 7:])


class Skips(Sequential):
    """Two blocks: the second takes the residual of the first, and the skips are added up."""

    def _forward(self, x):
        a, b = self.layers
        x, first = a.forward(x)
        x, second = b.forward(x)
        return (x, first + second), None

    def _backward(self, dy, cache):
        a, b = self.layers
        return a.backward((b.backward(dy), dy[1])), {}


@pytest.mark.parametrize("kernel, dilation", [(2, 1), (3, 2)])
def test_gradients(kernel, dilation, rng):
    x = rng.normal(size=(2, 5, 2))
    assert gradcheck(WaveNetBlock(2, kernel, dilation, random_state=0), [x], second_order=True)
    shared = WaveNetBlock(2, kernel, dilation, random_state=0)
    assert gradcheck(Skips(shared, shared), [x])


MUTANTS = [
    (module.WaveNetBlock._backward, "d_residual + d_skip", "d_residual", "the skip forgotten"),
    (module.WaveNetBlock._backward, "d_residual + self.conv", "self.conv", "the shortcut forgotten"),
    (
        module.WaveNetBlock._backward,
        "[self.filter.backward(df), self.gate.backward(dg)]",
        "[self.filter.backward(df), dg]",
        "gate",
    ),
    (module.WaveNetBlock._double_backward, "ddx + dd_skip", "dd_skip", "the shortcut forgotten"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    block = WaveNetBlock(2, random_state=0)
    mutant_is_caught(function, old, new, block, [rng.normal(size=(2, 4, 2))], second_order=True)


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, rng):
    block, x = WaveNetBlock(3, random_state=0), rng.normal(size=(2, 6, 3))
    stays_float32(block, x)
    changes_nothing(block, x)
    assert all(y.dtype == np.float32 for y in block(x))


@pytest.mark.parametrize("arguments", [(0,), (2, 0), (2, 2, 0), (2, 1.5)])
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match="must be a positive int"):
        WaveNetBlock(*arguments)


def test_bad_inputs():
    with pytest.raises(ValueError, match="x must have shape"):
        WaveNetBlock(3)(np.zeros((2, 5, 4)))
