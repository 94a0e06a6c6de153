import numpy as np
import pytest

from npml_nn import LayerNorm, RMSNorm, functional, gradcheck, layer_norm, rms_norm
from npml_nn.layers import layer_norm as module
from npml_nn.layers import standardize

CASES = [
    (4, (3, 4)),
    (4, (1, 4)),
    (4, (4,)),
    (4, (2, 3, 4)),
    ((2, 3), (2, 2, 3)),
    ((2, 2, 2), (3, 2, 2, 2)),
    (1, (3, 1)),
]


def drawn(layer, rng):
    """`layer` with random weights: ones and zeros would hide factors."""
    for array in layer.params.values():
        array[...] = rng.normal(size=array.shape)
    return layer


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
@pytest.mark.parametrize("shape, x_shape", CASES)
def test_gradients(kind, shape, x_shape, rng):
    assert gradcheck(drawn(kind(shape), rng), [rng.normal(size=x_shape) + 1], second_order=True)


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_gradients_with_an_activation_and_a_large_eps(kind, rng):
    layer = drawn(kind(3, eps=0.5, activation="tanh"), rng)
    assert gradcheck(layer, [rng.normal(size=(4, 3))], second_order=True)


def test_ops(rng):
    x, g, b = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4)
    assert gradcheck(functional.layer_norm, [x, g, b])
    assert gradcheck(functional.rms_norm, [x, g])


@pytest.mark.parametrize("shape, x_shape", CASES)
def test_equal_the_definition(shape, x_shape, rng):
    x, sizes = rng.normal(3, 2, size=x_shape), np.atleast_1d(shape)
    g, b, axes = rng.normal(size=sizes), rng.normal(size=sizes), tuple(range(-len(sizes), 0))
    mean = x.mean(axis=axes, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
    np.testing.assert_allclose(layer_norm(x, g, b), (x - mean) / np.sqrt(var + 1e-5) * g + b, rtol=1e-12, atol=1e-14)
    square = (x**2).mean(axis=axes, keepdims=True)
    np.testing.assert_allclose(rms_norm(x, g), x / np.sqrt(square + 1e-5) * g, rtol=1e-12)


def test_equals_recorded(recorded):
    r = recorded("normalization")
    for name in ("layer_norm", "rms_norm"):
        y, cache = getattr(functional, name)(r["x"], r["g"], *([r["b"]] if name == "layer_norm" else []))
        gradients = getattr(functional, f"{name}_backward")(r["dy"], cache)
        second = getattr(functional, f"{name}_double_backward")(r["ddx"], r["dy"], cache)
        np.testing.assert_allclose(y, r[f"{name}_y"], rtol=1e-10, atol=1e-13)
        for part, ours in zip(("dx", "dg", "db"), gradients):
            np.testing.assert_allclose(ours, r[f"{name}_{part}"], rtol=1e-10, atol=1e-13)
        for part, ours in zip(("ddy", "d_x", "d_g"), second):
            np.testing.assert_allclose(ours, r[f"{name}_{part}"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -1e4, 1e30, 1e-30])
def test_constant_rows_give_b(dtype, value, rng):
    x, b = np.full((3, 7), value, dtype), rng.normal(size=7).astype(dtype)
    y, cache = functional.layer_norm(x, np.ones(7, dtype), b)
    np.testing.assert_array_equal(y, np.tile(b, (3, 1)))
    assert all(np.isfinite(a).all() for a in functional.layer_norm_backward(np.ones_like(y), cache))


def test_a_large_common_offset_costs_no_digits(rng):
    small = np.round(rng.normal(size=(5, 64)) * 8) / 8  # exact in float32 after the shift
    ones, zeros = np.ones(64, np.float32), np.zeros(64, np.float32)
    shifted = layer_norm((small + 4096).astype(np.float32), ones, zeros)
    np.testing.assert_allclose(shifted, layer_norm(small, ones, zeros), rtol=0, atol=5e-4)


def test_one_row_apart_from_its_mean_among_others(rng):
    x = rng.normal(size=(40, 16))
    x[7] = 0.1
    x[11] += 1e6
    y = layer_norm(x, np.ones(16), np.zeros(16))
    np.testing.assert_array_equal(y[7], 0)
    np.testing.assert_allclose(y[11], layer_norm(x[11] - 1e6, np.ones(16), np.zeros(16)), rtol=0, atol=1e-13)


def test_squares_that_overflow():
    row = np.array([[1.0, 2.0, 3.0]])
    with np.errstate(all="raise"):
        for dtype, scale in ((np.float32, 1e30), (np.float64, 1e250)):
            y = layer_norm((scale * row).astype(dtype), np.ones(3, dtype), np.zeros(3, dtype))
            np.testing.assert_allclose(y, layer_norm(row, np.ones(3), np.zeros(3), eps=1e-20), rtol=1e-6, atol=1e-6)
            y = rms_norm((scale * row).astype(dtype), np.ones(3, dtype))
            np.testing.assert_allclose(y, row / np.sqrt(14 / 3), rtol=1e-6)


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_float32_and_inputs_untouched(kind, stays_float32, changes_nothing, rng):
    layer = drawn(kind((4, 5)), rng)
    stays_float32(layer, rng.normal(size=(3, 4, 5)))
    changes_nothing(layer, rng.normal(size=(3, 4, 5)))
    stays_float32(kind(500), rng.normal(size=(400, 500)))


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_chunks_change_nothing(kind, rng, monkeypatch):
    layer, x, dy = drawn(kind(6, dtype=np.float64), rng), rng.normal(size=(11, 6)), rng.normal(size=(11, 6))
    whole = [layer(x), layer.backward(dy), *(a.copy() for a in layer.grads.values())]
    monkeypatch.setattr(module, "CHUNK", 13)
    layer.zero_grad()
    for a, b in zip(whole, [layer(x), layer.backward(dy), *layer.grads.values()]):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_empty_batch_and_sharing(kind, rng):
    layer = drawn(kind(3, dtype=np.float64), rng)
    assert layer(np.zeros((0, 3))).shape == layer.backward(np.zeros((0, 3))).shape == (0, 3)
    x, dy = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4, 3))
    layer(x[0]), layer(x[1])
    second, first = layer.backward(dy[1]), layer.backward(dy[0])
    twice = {name: a.copy() for name, a in layer.grads.items()}
    layer.zero_grad()
    layer(x)
    np.testing.assert_allclose(layer.backward(dy), [first, second], rtol=1e-12)
    for name in twice:
        np.testing.assert_allclose(layer.grads[name], twice[name], rtol=1e-12)


MUTANTS = [
    (module._backward, "(dh @ share)[:, None], out", "(dh @ gain)[:, None], out", "missing 1/n"),
    (module._backward, "out -= np.multiply", "out += np.multiply", "sign"),
    (module._backward, "out -= (d @ share)[:, None]", "pass", "dropped mean"),
    (module._backward, "out *= r[some]", "pass", "dropped scale"),
    (module._backward, "dg += ones[some] @ dh", "dg += dh.mean(axis=0)", "a mean where a sum is due"),
    (module._backward, "db += ones[some] @ d", "db += d[0]", "db without the other rows"),
    (standardize.standardize_double_backward, "- 3 * a * b", "- 2 * a * b", "factor"),
    (standardize.standardize_double_backward, "b * du + a * dd", "a * du + b * dd", "exchanged"),
    (standardize.standardize_double_backward, "-r * r", "r * r", "sign"),
    (module._double_backward, "(v * gain)", "v", "dropped g"),
    (module._double_backward, "(drows * v)", "(drows * hrows)", "dg of the first order"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, monkeypatch, rng):
    def through(*args, **options):  # the module's own name for it, so that a mutant is found
        return standardize.standardize_double_backward(*args, **options)

    monkeypatch.setattr(module, "standardize_double_backward", through)
    layer = drawn(LayerNorm(4), rng)
    mutant_is_caught(function, old, new, layer, [rng.normal(size=(3, 4)) + 1], second_order=True)


@pytest.mark.parametrize(
    "arguments, message",
    [((0,), "shape"), ((), "shape"), (2.5, "shape"), ((2, -1), "shape")],
)
def test_bad_shapes(arguments, message):
    for kind in (LayerNorm, RMSNorm):
        with pytest.raises(ValueError, match=message):
            kind(arguments)


def test_bad_arguments():
    for eps in (0, -1, np.inf, np.nan, "1", None):
        with pytest.raises(ValueError, match="eps"):
            LayerNorm(3, eps=eps)
    with pytest.raises(ValueError, match=r"\(\.\.\., 2, 3\), got \(4, 3\)"):
        LayerNorm((2, 3))(np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"got \(4, 1\)"):
        RMSNorm(3)(np.zeros((4, 1)))
