import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npml_nn
from npml_nn import gradcheck
from npml_nn.layers import activations, gelu
from npml_nn.layers.elementwise import (
    CHUNK,
    Activation,
    elementwise_backward,
    elementwise_double_backward,
    get_activation,
)

ACTIVATIONS = {
    "identity": npml_nn.Identity(),
    "affine": npml_nn.Affine(2.5, -1.0),
    "relu": npml_nn.ReLU(),
    "leaky_relu": npml_nn.LeakyReLU(0.2),
    "elu": npml_nn.ELU(0.7),
    "selu": npml_nn.SELU(),
    "sigmoid": npml_nn.Sigmoid(),
    "tanh": npml_nn.Tanh(),
    "hard_sigmoid": npml_nn.HardSigmoid(),
    "softplus": npml_nn.Softplus(),
    "exponential": npml_nn.Exponential(),
    "silu": npml_nn.SiLU(),
    "gelu": npml_nn.GELU(),
    "gelu_tanh": npml_nn.GELU(approximate="tanh"),
}
each = pytest.mark.parametrize("name", ACTIVATIONS)


@each
def test_gradients(name, rng):
    assert gradcheck(ACTIVATIONS[name], [4 * rng.normal(size=(5, 4))], second_order=True)


@each
def test_equals_recorded(name, recorded):
    r, layer = recorded("activations"), ACTIVATIONS[name]
    x = r["x"]
    np.testing.assert_allclose(layer(x), r[f"{name}_y"], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(layer.grad(x), r[f"{name}_grad"], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(layer.grad2(x), r[f"{name}_grad2"], rtol=1e-9, atol=1e-13)


@each
def test_float32_and_inputs_untouched(name, stays_float32, changes_nothing, rng):
    x = 3 * rng.normal(size=(3, 2, 4))
    stays_float32(ACTIVATIONS[name], x)
    stays_float32(ACTIVATIONS[name], 3 * rng.normal(size=(100, 900)))
    changes_nothing(ACTIVATIONS[name], x)
    for derivative in (ACTIVATIONS[name].grad, ACTIVATIONS[name].grad2):
        assert derivative(x.astype(np.float32)).dtype == np.float32


@each
def test_float32_is_float64_rounded(name, rng):
    x = np.concatenate([np.linspace(-12, 12, 5001), 0.01 * rng.normal(size=500)]).astype(np.float32)
    layer, wide = ACTIVATIONS[name], x.astype(np.float64)
    for ours, exact in [
        (layer(x), layer(wide)),
        (layer.grad(x), layer.grad(wide)),
        (layer.grad2(x), layer.grad2(wide)),
    ]:
        np.testing.assert_allclose(ours, exact, rtol=2e-5, atol=1e-6)


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [30.0, 1e3, 1e4])
def test_extreme_inputs(name, dtype, size):
    layer, x = ACTIVATIONS[name], np.array([-size, size, 0], dtype)
    y, grad, grad2 = layer(x), layer.grad(x), layer.grad2(x)
    assert not np.isnan([y, grad, grad2]).any()
    left = {"identity": -size, "affine": -2.5 * size - 1, "leaky_relu": -0.2 * size, "elu": -0.7, "selu": -1.7580993}
    right = {"sigmoid": 1, "tanh": 1, "hard_sigmoid": 1, "affine": 2.5 * size - 1, "selu": 1.0507010 * size}
    with np.errstate(over="ignore"):
        right["exponential"] = np.exp(dtype(size))
    np.testing.assert_allclose(y[0], left.get(name, -1 if name == "tanh" else 0), rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(y[1], right.get(name, size), rtol=1e-6)
    if name != "exponential":
        assert np.abs(grad2[:2]).max() < 1e-9


@each
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (CHUNK,), (CHUNK + 1,), (3, CHUNK)])
def test_any_shape(name, shape, rng):
    layer, x = ACTIVATIONS[name], np.asarray(rng.normal(size=shape))
    y = layer(x)
    assert y.shape == layer.backward(np.ones(shape)).shape == layer.grad(x).shape == shape
    np.testing.assert_allclose(y.reshape(-1)[-3:], layer(x.reshape(-1)[-3:]), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["silu", "gelu", "gelu_tanh"])
def test_one_pass_for_value_and_slope_agrees_with_two(name, dtype, rng):
    layer, x = ACTIVATIONS[name], np.concatenate([np.linspace(-15, 15, CHUNK), 1e3 * rng.normal(size=9)]).astype(dtype)
    training, evaluation = copy.deepcopy(layer).train(), copy.deepcopy(layer).eval()
    np.testing.assert_array_max_ulp(training(x), evaluation(x), 0 if name == "gelu_tanh" else 1)
    dy = rng.normal(size=x.shape).astype(dtype)
    in_place = copy.deepcopy(layer)
    in_place._in_place = True
    np.testing.assert_array_equal(in_place(x.copy()), training(x))
    np.testing.assert_array_equal(in_place.backward(dy), training.backward(dy))
    dx = training.backward(dy)
    np.testing.assert_allclose(dx, dy * layer.grad(x), rtol=1e-6, atol=1e-30)
    assert dx.dtype == dtype


@settings(max_examples=50, deadline=None)
@given(x=st.floats(-700, 700), name=st.sampled_from(["sigmoid", "tanh", "softplus", "silu"]))
def test_symmetries(x, name):
    layer = get_activation(name)
    above, below = layer(x), layer(-x)
    expected = {"sigmoid": 1 - above, "tanh": -above, "softplus": above - x, "silu": above - x}[name]
    np.testing.assert_allclose(below, expected, atol=1e-12)


def test_softplus_of_small_numbers_keeps_its_digits():
    assert npml_nn.softplus(-40.0) == pytest.approx(4.248354255291589e-18, rel=1e-14)
    assert npml_nn.Softplus().grad(-40.0) == pytest.approx(4.248354255291589e-18, rel=1e-14)
    assert npml_nn.gelu(-8.0) == pytest.approx(-4.9767651436943e-15, rel=1e-10)


def test_relu_is_zero_at_zero_and_passes_nan():
    assert npml_nn.relu.grad(0.0) == 0
    assert np.isnan(npml_nn.relu(np.nan))


MUTANTS = [
    (elementwise_backward, "np.multiply(out, dy, out=out)", "np.multiply(out, -dy, out=out)", "tanh"),
    (elementwise_backward, "np.multiply(out, dy, out=out)", "pass", "tanh"),
    (elementwise_double_backward, "np.multiply(out, ddx, out=out)", "pass", "tanh"),
    (elementwise_double_backward, "cache.activation._grad2(z, out)", "cache.activation._grad(z, out)", "tanh"),
    (activations.Affine._grad, "self.slope", "1", "affine"),
    (activations.ReLU._grad, "np.greater(y, 0", "np.less(y, 0", "relu"),
    (activations.LeakyReLU._grad, "out += x > 0", "out += x < 0", "leaky_relu"),
    (activations.ELU._grad, "(x > 0)", "(x < 0)", "elu"),
    (activations.ELU._grad2, "self.alpha * self.scale", "self.scale", "elu"),
    (activations.ELU._grad2, "self.alpha * self.scale", "self.alpha", "selu"),
    (activations.Sigmoid._grad, "np.subtract(1, y", "np.add(1, y", "sigmoid"),
    (activations.Sigmoid._grad2, "1 - 2 * y", "1 - y", "sigmoid"),
    (activations.Tanh._grad, "np.multiply(y, y, out=out)", "np.copyto(out, y)", "tanh"),
    (activations.Tanh._grad2, "out *= -2", "out *= 2", "tanh"),
    (activations.HardSigmoid._grad, "out /= 6", "out /= 5", "hard_sigmoid"),
    (activations.Softplus._grad, "logistic(x, out)", "out.fill(1)", "softplus"),
    (activations.Softplus._grad2, "logistic(-x", "logistic(x", "softplus"),
    (activations.Exponential._grad, "np.copyto(out, y)", "np.copyto(out, -y)", "exponential"),
    (activations.Exponential._grad2, "np.copyto(out, y)", "out.fill(0)", "exponential"),
    (activations.SiLU._value_and_grad, "slope += s", "pass", "silu"),
    (elementwise_backward, "np.multiply(dy, cache.slope,", "np.multiply(1, cache.slope,", "silu"),
    (activations.SiLU._grad2, "out += 2", "out += 1", "silu"),
    (gelu.GELU._value_and_grad, "growth += _normal_cdf(x, out)", "_normal_cdf(x, out)", "gelu"),
    (gelu.GELU._grad2, "np.subtract(2, out", "np.subtract(1, out", "gelu"),
    (gelu._tanh_slope, "3 * 0.044715", "0.044715", "gelu_tanh"),
    (gelu.GELU._grad2, "x / 2 * d2u", "x * d2u", "gelu_tanh"),
]


@pytest.mark.parametrize("function, old, new, name", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, name, mutant_is_caught, rng):
    mutant_is_caught(function, old, new, ACTIVATIONS[name], [2 * rng.normal(size=(4, 5))], second_order=True)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "gelu_tanh"])
def test_every_way_to_name_it(name):
    layer_class = type(ACTIVATIONS[name])
    function, pair = getattr(npml_nn, name), getattr(npml_nn.functional, name)
    for spec in (name, layer_class, layer_class(), function, pair):
        assert isinstance(get_activation(spec), layer_class)
    x = np.array([-2.0, 0.5])
    np.testing.assert_array_equal(function(x), get_activation(name)(x))
    np.testing.assert_array_equal(function.grad(x), get_activation(name).grad(x))
    np.testing.assert_array_equal(function.grad2(x), get_activation(name).grad2(x))
    _, cache = pair(x)
    dx = getattr(npml_nn.functional, f"{name}_backward")(np.array([1.0, -2.0]), cache)
    np.testing.assert_allclose(dx, [1, -2] * function.grad(x))


def test_a_callable_that_brings_its_derivatives(rng):
    def cube(x):
        return x**3

    with pytest.raises(TypeError, match=r"f\.grad"):
        npml_nn.Dense(2, 2, activation=cube)
    cube.grad, cube.grad2 = lambda x: 3 * x**2, lambda x: 6 * x
    assert gradcheck(npml_nn.Dense(2, 2, activation=cube), [rng.normal(size=(3, 2))], second_order=True)


def test_bad_arguments():
    with pytest.raises(ValueError, match="'relu'"):
        get_activation("rleu")
    with pytest.raises(TypeError, match="activation"):
        get_activation(3)
    with pytest.raises(ValueError, match="approximate"):
        npml_nn.GELU(approximate="erf")
    with pytest.raises(TypeError, match="real numbers"):
        npml_nn.relu(["a"])
    with pytest.raises(TypeError, match="_value"):
        Activation()(np.zeros(3))
