import numpy as np
import pytest

from npml_nn import Dense, dense, functional, gradcheck
from npml_nn.layers.dense import dense_backward, dense_double_backward

SHAPES = [(4, 3), (1, 3), (2, 5, 3), (2, 2, 2, 3), (3,), (0, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bias", [True, False])
def test_gradients(shape, bias, rng):
    assert gradcheck(Dense(3, 2, bias=bias, random_state=0), [rng.normal(size=shape)], second_order=True)
    W, b = rng.normal(size=(3, 2)), rng.normal(size=2)
    assert gradcheck(functional.dense, [rng.normal(size=shape), W, *([b] if bias else [])])


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_definition(shape, rng):
    x, W, b = rng.normal(size=shape), rng.normal(size=(3, 2)), rng.normal(size=2)
    expected = np.array(
        [[sum(row[i] * W[i, j] for i in range(3)) + b[j] for j in range(2)] for row in x.reshape(-1, 3)]
    )
    np.testing.assert_allclose(dense(x, W, b), expected.reshape(*shape[:-1], 2), rtol=1e-13, atol=1e-15)


def test_equals_recorded(recorded):
    r = recorded("dense")
    y, cache = functional.dense(r["x"], r["W"], r["b"])
    dx, dW, db = functional.dense_backward(r["dy"], cache)
    for name, ours in {"y": y, "dx": dx, "dW": dW, "db": db}.items():
        np.testing.assert_allclose(ours, r[name], rtol=1e-10, atol=1e-13)
    ddy, ddW = functional.dense_double_backward(r["ddx"], r["dy"], cache)
    np.testing.assert_allclose(ddy, r["ddy"], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(ddW, r["ddW"], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("activation", [None, "relu", "gelu", "tanh"])
def test_float32_and_inputs_untouched(activation, stays_float32, changes_nothing, rng):
    x = rng.normal(size=(2, 5, 3))
    stays_float32(Dense(3, 2, activation, random_state=0), x)
    stays_float32(Dense(300, 200, activation, random_state=0), rng.normal(size=(200, 300)))
    changes_nothing(Dense(3, 2, activation, random_state=0), x)
    changes_nothing(functional.dense, x, rng.normal(size=(3, 2)), rng.normal(size=2))


MUTANTS = [
    (dense_backward, "drows @ W.T", "-drows @ W.T", "sign of dx"),
    (dense_backward, "rows.T @ drows", "rows.T @ drows / len(rows)", "a mean where a sum is due"),
    (dense_backward, "rows.T @ drows", "(drows.T @ rows).reshape(W.shape)", "dW transposed"),
    (dense_backward, "np.ones(len(drows), drows.dtype) @ drows", "drows[0]", "db without the other rows"),
    (dense_double_backward, "ddrows @ W", "-ddrows @ W", "sign of ddy"),
    (dense_double_backward, "ddrows.T @ drows", "0 * ddrows.T @ drows", "dW dropped"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    mutant_is_caught(function, old, new, Dense(3, 2, random_state=0), [rng.normal(size=(4, 3))], second_order=True)


def test_skips_the_input_gradient_where_nobody_asks(rng):
    layer = Dense(3, 2, random_state=0)
    layer.input_gradient = False
    layer(rng.normal(size=(4, 3)))
    assert layer.backward(np.ones((4, 2))) is None
    assert np.abs(layer.grads["W"]).min() > 0


def test_reproducible_and_initialised():
    a, b = Dense(30, 20, random_state=3), Dense(30, 20, random_state=np.random.default_rng(3))
    np.testing.assert_array_equal(a.W, b.W)
    assert a.W.dtype == np.float32
    assert not a.b.any()
    wide = Dense(400, 300, activation="relu", init="he_normal", random_state=0)
    assert abs(wide.W.std() / np.sqrt(2 / 400) - 1) < 0.02


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"n_in": 0, "n_out": 2}, "n_in"),
        ({"n_in": 2, "n_out": 1.5}, "n_out"),
        ({"n_in": 2, "n_out": 2, "dtype": np.int32}, "dtype"),
        ({"n_in": 2, "n_out": 2, "init": "unknown"}, "init"),
        ({"n_in": 2, "n_out": 2, "activation": "unknown"}, "activation"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Dense(**arguments)


def test_bad_inputs():
    with pytest.raises(ValueError, match="3 features"):
        Dense(3, 2)(np.zeros((4, 2)))
    with pytest.raises(ValueError, match="3 features"):
        Dense(3, 2)(np.float64(1))
    with pytest.raises(TypeError, match="complex"):
        Dense(3, 2)(np.zeros((4, 3), complex))
