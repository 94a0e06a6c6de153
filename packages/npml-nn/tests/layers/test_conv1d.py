import numpy as np
import pytest

from npml_nn import Conv1D, Sequential, conv1d, functional, gradcheck
from npml_nn.layers.conv1d import conv1d_backward, conv1d_double_backward


def naive(x, W, b, stride, before, after, dilation):
    x = np.pad(x, ((0, 0), (before, after), (0, 0)))
    T_out = (x.shape[1] - dilation * (len(W) - 1) - 1) // stride + 1
    y = np.empty((len(x), T_out, W.shape[2]))
    for t in range(T_out):
        y[:, t] = b + sum(x[:, t * stride + a * dilation] @ W[a] for a in range(len(W)))
    return y


SETTINGS = [  # T, channels, kernel, stride, (before, after), dilation
    (7, (3, 2), 3, 1, (0, 0), 1),
    (1, (1, 1), 1, 1, (0, 0), 1),
    (1, (2, 3), 3, 1, (8, 0), 4),
    (9, (2, 3), 2, 5, (0, 0), 1),
    (9, (2, 3), 3, 2, (1, 4), 3),
]


@pytest.mark.parametrize("T, channels, kernel, stride, padding, dilation", SETTINGS)
@pytest.mark.parametrize("N", [0, 1, 3])
def test_equals_the_definition(T, channels, kernel, stride, padding, dilation, N, rng):
    x, W, b = rng.normal(size=(N, T, channels[0])), rng.normal(size=(kernel, *channels)), rng.normal(size=channels[1])
    y = conv1d(x, W, b, stride, padding, dilation)
    np.testing.assert_allclose(y, naive(x, W, b, stride, *padding, dilation), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("i", range(len(SETTINGS)))
def test_gradients(i, rng):
    T, channels, kernel, stride, padding, dilation = SETTINGS[i]
    layer = Conv1D(*channels, kernel, stride, padding, dilation, activation="tanh", bias=i % 2 == 0, random_state=0)
    assert gradcheck(layer, [rng.normal(size=(2, T, channels[0]))], second_order=True)


@pytest.mark.parametrize("kernel, dilation, stride", [(2, 1, 1), (2, 8, 1), (3, 2, 2), (1, 5, 1)])
def test_causal_looks_at_the_past_alone(kernel, dilation, stride, rng):
    layer = Conv1D(2, 3, kernel, stride, dilation=dilation, causal=True, dtype=np.float64, random_state=0)
    x = rng.normal(size=(1, 20, 2))
    y = layer(x)
    assert y.shape == (1, -(-20 // stride), 3)
    np.testing.assert_allclose(y, naive(x, layer.W, layer.b, stride, dilation * (kernel - 1), 0, dilation), atol=1e-12)
    changed = x.copy()
    changed[:, 11:] = 1e6
    now = -(-11 // stride)  # outputs at times 0, stride, ... below 11
    np.testing.assert_array_equal(layer(changed)[:, :now], y[:, :now])
    assert np.all(layer(changed)[:, now:] != y[:, now:])
    assert gradcheck(layer, [x], second_order=True)


def test_same_and_valid(rng):
    x, W = rng.normal(size=(2, 8, 2)), rng.normal(size=(4, 2, 3))
    np.testing.assert_array_equal(conv1d(x, W, padding="same"), conv1d(x, W, padding=(1, 2)))
    np.testing.assert_array_equal(conv1d(x, W, padding="valid"), conv1d(x, W))
    np.testing.assert_array_equal(conv1d(x, W, padding=2), conv1d(x, W, padding=(2, 2)))


def test_equals_recorded(recorded):
    r = {key.removeprefix("conv1d_"): array for key, array in recorded("conv").items() if key.startswith("conv1d_")}
    y, cache = functional.conv1d(r["x"], r["W"], r["b"], 1, (3, 0), 3)
    answers = dict(zip(("dx", "dW", "db"), conv1d_backward(r["dy"], cache)), y=y)
    answers |= zip(("ddy", "ddW"), conv1d_double_backward(r["ddx"], r["dy"], cache))
    for name, ours in answers.items():
        np.testing.assert_allclose(ours, r[name], rtol=1e-10, atol=1e-12)


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, rng):
    x = rng.normal(size=(2, 9, 3))
    stays_float32(Conv1D(3, 4, 2, dilation=3, causal=True, activation="relu", random_state=0), x)
    stays_float32(Conv1D(32, 32, 3, random_state=0), rng.normal(size=(4, 1000, 32)))
    changes_nothing(Conv1D(3, 4, 2, padding=1, random_state=0), x)
    changes_nothing(functional.conv1d, x, rng.normal(size=(2, 3, 4)), rng.normal(size=4))


def test_long_sequences_make_no_large_temporaries(rng):
    """A million steps through a window of nine: all windows at once would be nine times x."""
    import tracemalloc

    x, W = rng.normal(size=(1, 300_000, 4)), rng.normal(size=(9, 4, 4))
    tracemalloc.start()
    y, cache = functional.conv1d(x, W)
    conv1d_backward(y, cache)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * x.nbytes


MUTANTS = [
    (conv1d_backward, "dx[:, :, 0]", "-dx[:, :, 0]", "sign of dx"),
    (conv1d_backward, "dW[:, 0]", "dW[::-1, 0]", "the kernel backwards"),
    (conv1d_double_backward, "dW[:, 0]", "0 * dW[:, 0]", "dW dropped"),
    (conv1d_double_backward, "return ddy", "return -ddy", "sign of ddy"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    layer = Conv1D(2, 3, 2, random_state=0)
    mutant_is_caught(function, old, new, layer, [rng.normal(size=(2, 5, 2))], second_order=True)


def test_shared_weights(rng):
    layer = Conv1D(2, 2, 2, causal=True, activation="tanh", random_state=0)
    assert gradcheck(Sequential(layer, layer), [rng.normal(size=(2, 5, 2))], second_order=True)


def test_skips_the_input_gradient_where_nobody_asks():
    layer = Conv1D(2, 3, 2, random_state=0)
    layer.input_gradient = False
    layer(np.ones((2, 5, 2)))
    assert layer.backward(np.ones((2, 4, 3))) is None
    assert np.abs(layer.grads["W"]).min() > 0


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"c_in": 0}, ValueError, "c_in"),
        ({"c_out": 0}, ValueError, "c_out"),
        ({"kernel": 0}, ValueError, "kernel"),
        ({"kernel": (2, 2)}, ValueError, "kernel"),
        ({"stride": 0}, ValueError, "stride"),
        ({"dilation": 0}, ValueError, "dilation"),
        ({"padding": "causal"}, ValueError, "padding"),
        ({"padding": -1}, ValueError, "padding"),
        ({"padding": (1, 2, 3, 4)}, ValueError, "padding"),
        ({"padding": 1, "causal": True}, ValueError, "padding must be 0"),
        ({"activation": "unknown"}, ValueError, "activation"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        Conv1D(**({"c_in": 2, "c_out": 3, "kernel": 3} | arguments))


def test_bad_inputs():
    layer = Conv1D(2, 3, 3)
    for shape in [(5, 2), (1, 5, 3), (1, 1, 5, 2)]:
        with pytest.raises(ValueError, match="x must have shape"):
            layer(np.zeros(shape))
    with pytest.raises(ValueError, match="spans 3"):
        layer(np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match="W must have shape"):
        conv1d(np.zeros((1, 5, 2)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="b must have shape"):
        conv1d(np.zeros((1, 5, 2)), np.zeros((2, 2, 3)), np.zeros(2))
    with pytest.raises(TypeError, match="padding"):
        conv1d(np.zeros((1, 5, 2)), np.zeros((2, 2, 3)), padding=1.5)


def test_summary():
    summary = Conv1D(3, 8, 2, dilation=4, causal=True).summary((10, 3))
    assert summary.rows[-1].output_shape == (1, 10, 8)
    assert summary.multiply_adds == 10 * 8 * 2 * 3
