import numpy as np
import pytest

from npml_nn import BatchNorm1D, BatchNorm2D, batch_norm, functional, gradcheck
from npml_nn.layers import batch_norm as module

CASES = [
    (BatchNorm1D, (5, 3)),
    (BatchNorm1D, (2, 3)),
    (BatchNorm1D, (1, 7, 3)),
    (BatchNorm1D, (16, 2, 3)),
    (BatchNorm2D, (2, 2, 3, 3)),
    (BatchNorm2D, (1, 1, 2, 3)),
    (BatchNorm2D, (3, 2, 2, 1)),
]


def drawn(layer, rng):
    """`layer` with random weights: ones and zeros would hide factors."""
    for array in layer.params.values():
        array[...] = rng.normal(size=array.shape)
    return layer


@pytest.mark.parametrize("kind, shape", CASES)
@pytest.mark.parametrize("activation", [None, "tanh"])
def test_gradients(kind, shape, activation, rng):
    layer = drawn(kind(shape[-1], eps=1e-2, activation=activation), rng)
    assert gradcheck(layer, [rng.normal(size=shape) + 1], second_order=True)


def test_op_in_both_modes(rng):
    x, g, b, mean, var = (rng.normal(size=s) for s in ((6, 3), 3, 3, 3, 3))
    assert gradcheck(functional.batch_norm, [x, g, b])

    def constant(x, g, b):
        return functional.batch_norm(x, g, b, 1e-5, mean, var**2)

    assert gradcheck(constant, [x, g, b], backward=functional.batch_norm_backward)
    np.testing.assert_allclose(constant(x, g, b)[0], (x - mean) / np.sqrt(var**2 + 1e-5) * g + b, rtol=1e-12)


@pytest.mark.parametrize("kind, shape", CASES)
def test_equals_the_definition_and_keeps_running_statistics(kind, shape, rng):
    layer = drawn(kind(shape[-1], momentum=0.3, dtype=np.float64), rng)
    running_mean, running_var = np.zeros(shape[-1]), np.ones(shape[-1])
    for _ in range(3):
        x = rng.normal(3, 2, size=shape)
        rows = x.reshape(-1, shape[-1])
        expected = (x - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + 1e-5) * layer.g + layer.b
        np.testing.assert_allclose(layer(x), expected, rtol=1e-10, atol=1e-12)
        running_mean = 0.7 * running_mean + 0.3 * rows.mean(axis=0)
        running_var = 0.7 * running_var + 0.3 * rows.var(axis=0, ddof=1)
    np.testing.assert_allclose(layer.running_mean, running_mean, rtol=1e-12)
    np.testing.assert_allclose(layer.running_var, running_var, rtol=1e-12)
    state = layer.state_dict()
    assert set(state) == {"g", "b", "running_mean", "running_var"}
    assert set(layer.params) == {"g", "b"}
    expected = (x - running_mean) / np.sqrt(running_var + 1e-5) * layer.g + layer.b
    layer.eval()
    np.testing.assert_allclose(layer(x[:1]), expected[:1], rtol=1e-10)  # a single sample will do
    np.testing.assert_array_equal(layer.state_dict()["running_mean"], state["running_mean"])
    layer.reset_running_stats()
    assert not layer.running_mean.any()
    assert (layer.running_var == 1).all()


def test_equals_recorded(recorded):
    r = recorded("normalization")
    y, cache = functional.batch_norm(r["x"], r["g"], r["b"])
    np.testing.assert_allclose(y, r["batch_norm_y"], rtol=1e-10, atol=1e-13)
    for name, ours in zip(("dx", "dg", "db"), functional.batch_norm_backward(r["dy"], cache)):
        np.testing.assert_allclose(ours, r[f"batch_norm_{name}"], rtol=1e-10, atol=1e-13)
    for name, ours in zip(("ddy", "d_x", "d_g"), functional.batch_norm_double_backward(r["ddx"], r["dy"], cache)):
        np.testing.assert_allclose(ours, r[f"batch_norm_{name}"], rtol=1e-9, atol=1e-12)
    layer = BatchNorm1D(r["x"].shape[-1], dtype=np.float64)
    layer(r["x"])
    np.testing.assert_allclose(layer.running_mean, r["running_mean"], rtol=1e-12)
    np.testing.assert_allclose(layer.running_var, r["running_var"], rtol=1e-12)


@pytest.mark.parametrize("n, c", [(7, 3), (48, 5), (32, 700), (33, 64), (160, 1)])
def test_widened_rows_change_nothing(n, c, rng, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 1000)
    x, g, b, dy = rng.normal(size=(n, c)), rng.normal(size=c), rng.normal(size=c), rng.normal(size=(n, c))
    y, cache = functional.batch_norm(x, g, b)
    r = 1 / np.sqrt(x.var(axis=0) + 1e-5)
    h = (x - x.mean(axis=0)) * r
    np.testing.assert_allclose(y, h * g + b, rtol=1e-10, atol=1e-12)
    dx, dg, db = functional.batch_norm_backward(dy, cache)
    np.testing.assert_allclose(dg, (dy * h).sum(axis=0), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(db, dy.sum(axis=0), rtol=1e-10, atol=1e-12)
    expected = g * r * (dy - dy.mean(axis=0) - h * (dy * h).mean(axis=0))
    np.testing.assert_allclose(dx, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("outlier", [0, 3, 1e4, -1e6])
def test_the_first_row_may_lie_far_off(outlier, rng):
    x = rng.normal(size=(1000, 3))
    x[0] += outlier
    y, cache = functional.batch_norm(x.astype(np.float32), np.ones(3, np.float32), np.zeros(3, np.float32))
    np.testing.assert_allclose(cache.mean, x.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(cache.var, x.var(axis=0), rtol=1e-5)


def test_constant_channels_and_large_offsets(rng):
    for value in (0.0, 0.1, 1e30):
        y = batch_norm(np.full((6, 2), value, np.float32), np.ones(2, np.float32), np.ones(2, np.float32))
        np.testing.assert_array_equal(y, np.ones((6, 2)))
    small = np.round(rng.normal(size=(500, 3)) * 8) / 8
    ones, zeros = np.ones(3, np.float32), np.zeros(3, np.float32)
    shifted = batch_norm((small + 4096).astype(np.float32), ones, zeros)
    np.testing.assert_allclose(shifted, batch_norm(small, ones, zeros), rtol=0, atol=1e-3)


@pytest.mark.parametrize("kind, shape", [(BatchNorm1D, (6, 4)), (BatchNorm2D, (2, 3, 2, 4))])
def test_float32_and_inputs_untouched(kind, shape, stays_float32, changes_nothing, rng):
    layer = drawn(kind(4), rng)
    stays_float32(layer, rng.normal(size=shape))
    changes_nothing(layer, rng.normal(size=shape))
    stays_float32(kind(4), rng.normal(size=(*((20_000,) if kind is BatchNorm1D else (20, 25, 40)), 4)))
    layer(rng.normal(size=shape))
    assert layer.eval()(rng.normal(size=shape)).dtype == layer.running_var.dtype == np.float32


MUTANTS = [
    ("batch_norm_backward", "db / n", "db", "missing 1/n"),
    ("batch_norm_backward", "dg * r / n", "dg / n", "missing r"),
    ("batch_norm_backward", "dx[some] += mean_d", "pass", "dropped mean"),
    ("batch_norm_backward", "np.subtract(dwide[some], dx[some]", "np.add(dwide[some], dx[some]", "sign"),
    ("batch_norm_backward", "dx[some] *= scale", "pass", "dropped scale"),
    ("batch_norm_backward", "_folded(dg, repeat) * r", "_folded(dg, repeat)", "dg without r"),
    ("batch_norm_backward", "db += _column_sums(dwide[some])", "db += dwide[some].mean(axis=0)", "a mean"),
    ("batch_norm_double_backward", "(v * g)", "v", "dropped g"),
    ("batch_norm_double_backward", "d_x.reshape", "-d_x.reshape", "sign"),
    ("batch_norm_double_backward", "(drows * v)", "v", "dropped dy"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    layer = drawn(BatchNorm1D(3), rng)
    mutant_is_caught(getattr(module, function), old, new, layer, [rng.normal(size=(5, 3))], second_order=True)


@pytest.mark.parametrize("kind, shape", [(BatchNorm1D, (1, 3)), (BatchNorm2D, (1, 1, 1, 3)), (BatchNorm1D, (0, 3))])
def test_one_value_per_channel_is_refused_in_training(kind, shape):
    layer = kind(3)
    with pytest.raises(ValueError, match="more than one value per channel"):
        layer(np.ones(shape))
    assert not layer.running_mean.any()
    assert layer.eval()(np.ones(shape)).shape == shape


def test_bad_arguments():
    for arguments, message in (({"n": 0}, "n"), ({"n": 2, "eps": 0}, "eps"), ({"n": 2, "momentum": 1.5}, "momentum")):
        with pytest.raises(ValueError, match=message):
            BatchNorm1D(**arguments)
    with pytest.raises(ValueError, match=r"\(N, C\) or \(N, T, C\), got \(2, 2, 2, 3\)"):
        BatchNorm1D(3)(np.zeros((2, 2, 2, 3)))
    with pytest.raises(ValueError, match=r"\(N, H, W, C\), got \(2, 3\)"):
        BatchNorm2D(3)(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="got"):
        BatchNorm1D(3)(np.zeros((4, 2)))
