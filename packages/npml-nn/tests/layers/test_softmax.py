import numpy as np
import pytest

from npml_nn import LogSoftmax, Softmax, functional, gradcheck, log_softmax, softmax
from npml_nn.layers import softmax as module

LAYERS = {"softmax": Softmax, "log_softmax": LogSoftmax}


@pytest.mark.parametrize("layer", LAYERS.values())
@pytest.mark.parametrize("shape, axis", [((4, 3), -1), ((4, 3), 0), ((2, 3, 4), 1), ((1, 1), -1), ((5,), -1)])
def test_gradients(layer, shape, axis, rng):
    assert gradcheck(layer(axis), [2 * rng.normal(size=shape)], second_order=True)


@pytest.mark.parametrize("name", LAYERS)
def test_equals_recorded(name, recorded):
    r = recorded("softmax")
    for axis in (-1, 1):
        layer = LAYERS[name](axis)
        np.testing.assert_allclose(layer(r["x"]), r[f"{name}_{axis}_y"], rtol=1e-12)
        np.testing.assert_allclose(layer.backward(r["dy"]), r[f"{name}_{axis}_dx"], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", LAYERS)
def test_float32_and_inputs_untouched(name, stays_float32, changes_nothing, rng):
    x = rng.normal(size=(3, 4, 5))
    stays_float32(LAYERS[name](1), x)
    changes_nothing(LAYERS[name](1), x)
    stays_float32(getattr(functional, name), rng.normal(size=(100, 600)))


def test_extreme_logits():
    x = np.array([[1e4, -1e4, 0], [-np.inf, 0, 0], [1e308, -1e308, 0]])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(softmax(x), [[1, 0, 0], [0, 0.5, 0.5], [1, 0, 0]])
    np.testing.assert_allclose(log_softmax(x[:1]), [[0, -2e4, -1e4]])
    assert softmax(np.zeros((2, 3))).sum() == pytest.approx(2)


@pytest.mark.parametrize("shape", [(1, 70_000), (300, 300), (3, 200, 200), (40_000, 1)])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_chunks_change_nothing(shape, axis, rng):
    x, dy = rng.normal(size=shape), rng.normal(size=shape)
    p, cache = functional.softmax(x, axis)
    expected = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(p, expected, rtol=1e-12)
    expected_dx = expected * (dy - (dy * expected).sum(axis=axis, keepdims=True))
    np.testing.assert_allclose(functional.softmax_backward(dy, cache), expected_dx, rtol=1e-9, atol=1e-15)


def test_empty_batch():
    for layer in (Softmax(), LogSoftmax()):
        assert layer(np.zeros((0, 3))).shape == layer.backward(np.zeros((0, 3))).shape == (0, 3)


MUTANTS = [
    ("softmax_backward", "np.subtract(dy", "np.add(dy", "sign"),
    ("softmax_backward", "out *= p", "pass", "dropped factor"),
    ("log_softmax_backward", "dy - p * dy.sum(axis=axis, keepdims=True)", "dy - p", "sum of ones"),
    ("softmax_double_backward", "- dy * mean_ddx", "", "dropped term"),
    ("softmax_double_backward", "- ddx * mean_dy", "", "dropped term"),
    ("log_softmax_double_backward", "-dy.sum", "dy.sum", "sign"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    layer = LogSoftmax() if function.startswith("log") else Softmax()
    mutant_is_caught(getattr(module, function), old, new, layer, [rng.normal(size=(4, 3))], second_order=True)
