import numpy as np
import pytest

from npml_nn import Conv2D, Sequential, conv2d, functional, gradcheck
from npml_nn.layers import conv2d as module
from npml_nn.layers import convolution
from npml_nn.layers.conv2d import conv2d_backward, conv2d_double_backward


def naive(x, W, b, stride, padding, dilation):
    """The definition, one output at a time; stride and dilation as pairs, four-sided padding."""
    (sh, sw), (dh, dw), (top, bottom, left, right) = stride, dilation, padding
    kh, kw, _, n_out = W.shape
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    H_out, W_out = (x.shape[1] - dh * (kh - 1) - 1) // sh + 1, (x.shape[2] - dw * (kw - 1) - 1) // sw + 1
    y = np.empty((len(x), H_out, W_out, n_out))
    for n, i, j in np.ndindex(y.shape[:3]):
        window = x[n, i * sh : i * sh + dh * (kh - 1) + 1 : dh, j * sw : j * sw + dw * (kw - 1) + 1 : dw]
        y[n, i, j] = b + np.einsum("abc,abcd->d", window, W)
    return y


SETTINGS = [  # size, channels, kernel, stride, padding, dilation
    ((5, 5), (3, 2), (3, 3), (1, 1), (0, 0, 0, 0), (1, 1)),
    ((5, 6), (1, 1), (2, 3), (2, 1), (1, 0, 2, 1), (1, 2)),
    ((7, 7), (2, 3), (2, 2), (3, 4), (0, 0, 0, 0), (1, 1)),
    ((9, 8), (2, 3), (3, 2), (1, 1), (3, 3, 0, 1), (3, 3)),
    ((4, 5), (2, 3), (1, 1), (1, 1), (0, 0, 0, 0), (1, 1)),
    ((4, 5), (2, 3), (1, 1), (2, 3), (1, 1, 1, 1), (1, 1)),
    ((1, 1), (2, 3), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1)),
    ((3, 3), (2, 3), (2, 2), (1, 1), (4, 4, 4, 4), (1, 1)),
    ((4, 4), (17, 2), (3, 3), (2, 2), (1, 1, 1, 1), (1, 1)),
    ((4, 4), (2, 9), (2, 2), (1, 1), (0, 0, 0, 0), (1, 1)),
]


@pytest.mark.parametrize("size, channels, kernel, stride, padding, dilation", SETTINGS)
@pytest.mark.parametrize("N", [0, 1, 3])
def test_equals_the_definition(size, channels, kernel, stride, padding, dilation, N, rng, monkeypatch):
    x, W, b = (
        rng.normal(size=(N, *size, channels[0])),
        rng.normal(size=(*kernel, *channels)),
        rng.normal(size=channels[1]),
    )
    expected = naive(x, W, b, stride, padding, dilation)
    np.testing.assert_allclose(conv2d(x, W, b, stride, padding, dilation), expected, rtol=1e-11, atol=1e-12)
    monkeypatch.setattr(convolution, "CHUNK", 1)
    monkeypatch.setattr(convolution, "ROWS", 1)  # a row of the output at a time
    np.testing.assert_allclose(conv2d(x, W, b, stride, padding, dilation), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("i", range(len(SETTINGS)))
def test_gradients(i, rng, monkeypatch):
    size, channels, kernel, stride, padding, dilation = SETTINGS[i]
    monkeypatch.setattr(convolution, "CHUNK", 1)
    monkeypatch.setattr(convolution, "ROWS", 9 if i % 2 else 10**6)
    layer = Conv2D(*channels, kernel, stride, padding, dilation, "tanh", bias=i % 3 > 0, random_state=0)
    assert gradcheck(layer, [rng.normal(size=(2 - i % 2, *size, channels[0]))], second_order=True)


@pytest.mark.parametrize(
    "size, kernel, stride, dilation", [((6, 7), 4, 1, 1), ((6, 7), (2, 3), 2, 1), ((9, 8), 2, 3, 3)]
)
def test_same_and_valid(size, kernel, stride, dilation, rng):
    """ "same" gives ceil(size / stride) windows, with the odd zero at the end."""
    x, W = (
        rng.normal(size=(2, *size, 2)),
        rng.normal(size=(*(kernel if isinstance(kernel, tuple) else (kernel,) * 2), 2, 3)),
    )
    y = conv2d(x, W, None, stride, "same", dilation)
    assert y.shape == (2, -(-size[0] // stride), -(-size[1] // stride), 3)
    sides = []
    for n, k in zip(size, W.shape):
        total = max((-(-n // stride) - 1) * stride + dilation * (k - 1) + 1 - n, 0)
        sides += [total // 2, total - total // 2]
    np.testing.assert_array_equal(y, conv2d(x, W, None, stride, sides, dilation))
    valid = conv2d(x, W, None, stride, "valid", dilation)
    np.testing.assert_array_equal(valid, conv2d(x, W, None, stride, 0, dilation))


def test_equals_recorded(recorded):
    r = {key.removeprefix("conv2d_"): array for key, array in recorded("conv").items() if key.startswith("conv2d_")}
    y, cache = functional.conv2d(r["x"], r["W"], r["b"], (2, 1), (1, 0, 2, 0), (1, 2))
    answers = dict(zip(("dx", "dW", "db"), conv2d_backward(r["dy"], cache)), y=y)
    answers |= zip(("ddy", "ddW"), conv2d_double_backward(r["ddx"], r["dy"], cache))
    for name, ours in answers.items():
        np.testing.assert_allclose(ours, r[name], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"dilation": 2}, {"padding": (0, 1, 2, 0)}])
def test_float32_and_inputs_untouched(options, stays_float32, changes_nothing, rng):
    x = rng.normal(size=(2, 7, 6, 3))
    stays_float32(Conv2D(3, 4, 3, activation="relu", random_state=0, **options), x)
    stays_float32(Conv2D(16, 16, 3, random_state=0, **options), rng.normal(size=(4, 40, 40, 16)))
    changes_nothing(Conv2D(3, 4, 3, random_state=0, **options), x)
    changes_nothing(functional.conv2d, x, rng.normal(size=(3, 2, 3, 4)), rng.normal(size=4))
    changes_nothing(functional.conv2d, x, rng.normal(size=(1, 1, 3, 4)), rng.normal(size=4))


@pytest.mark.parametrize("stride, channels", [(1, (4, 4)), (2, (4, 4)), (1, (2, 40))])
def test_makes_no_large_temporaries(stride, channels, rng):
    """The matrix of all windows would be 25 times as large as x."""
    import tracemalloc

    x, W = rng.normal(size=(1, 400, 400, channels[0])), rng.normal(size=(5, 5, *channels))
    tracemalloc.start()
    y, cache = functional.conv2d(x, W, None, stride)
    conv2d_backward(y, cache)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * x.nbytes + 2 * y.nbytes + 8 * 4 * convolution.CHUNK


MUTANTS = [
    (conv2d_backward, "scatter(dy, W, window)", "-scatter(dy, W, window)", "sign of dx"),
    (conv2d_backward, "scatter(dy, W, window)", "scatter(dy, W[::-1], window)", "the kernel upside down"),
    (conv2d_backward, "kernel_gradient(x, dy, window)", "kernel_gradient(x, dy, window) / len(x)", "a mean for a sum"),
    (conv2d_backward, "kernel_gradient(x, dy, window)", "kernel_gradient(x[:, ::-1], dy, window)", "x upside down"),
    (conv2d_backward, "sum_positions(dy)", "dy.mean(axis=(0, 1, 2))", "db as a mean"),
    (convolution.scatter, "W[::-1, ::-1]", "W", "the kernel not turned"),
    (convolution.kernel_gradient, "dW +=", "dW =", "the last chunk alone"),
    (convolution.sum_positions, ".sum(axis=0).reshape(", "[0].reshape(", "db of some rows"),
    (convolution.add_padded_rows, "+= padded", "= padded", "rows that two chunks see, from one"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng, monkeypatch):
    for name in ("scatter", "kernel_gradient", "sum_positions"):  # found where the mutant will stand
        monkeypatch.setattr(module, name, lambda *args, name=name: getattr(convolution, name)(*args))
    monkeypatch.setattr(convolution, "CHUNK", 1)
    monkeypatch.setattr(convolution, "ROWS", 3)
    model = Sequential(Conv2D(2, 2, 2, 1, 1, random_state=0), Conv2D(2, 1, (3, 2), (2, 1), random_state=1))
    mutant_is_caught(function, old, new, model, [rng.normal(size=(2, 4, 2, 2))])


@pytest.mark.parametrize(
    "old, new", [("(ddx, cache.W, dy", "(-ddx, cache.W, dy"), ("W, dy, cache", "W, 0 * dy, cache")]
)
def test_planted_mistakes_of_second_order_are_caught(old, new, mutant_is_caught, rng):
    layer = Conv2D(2, 1, (3, 2), (2, 1), random_state=1)
    mutant_is_caught(conv2d_double_backward, old, new, layer, [rng.normal(size=(2, 4, 2, 2))], second_order=True)


def test_shared_weights_accumulate(rng):
    """The layer twice in a row: its gradient is the sum over both uses; backward undoes the last forward first."""
    layer = Conv2D(2, 2, 3, padding=1, activation="tanh", dtype=np.float64, random_state=0)
    assert gradcheck(Sequential(layer, layer), [rng.normal(size=(2, 3, 3, 2))], second_order=True)
    a, b = rng.normal(size=(2, 4, 5, 2)), rng.normal(size=(3, 6, 4, 2))
    ya, yb = layer(a), layer(b)
    db_ = layer.backward(yb)
    da = layer.backward(ya)
    total = layer.grads["W"].copy()
    layer.zero_grad()
    layer(b)
    np.testing.assert_array_equal(layer.backward(yb), db_)
    layer(a)
    np.testing.assert_array_equal(layer.backward(ya), da)
    np.testing.assert_allclose(layer.grads["W"], total, rtol=1e-12)


def test_skips_the_input_gradient_where_nobody_asks(rng):
    for channels in (3, 16):
        layer = Conv2D(channels, 16, 3, random_state=0)
        layer.input_gradient = False
        y = layer(rng.normal(size=(2, 34, 34, channels)))
        assert layer.backward(np.ones_like(y)) is None
        assert np.abs(layer.grads["W"]).min() > 0


def test_summary_initial_weights_and_copies():
    layer = Conv2D(3, 8, (3, 2), activation="relu", init="he_normal", random_state=0)
    summary = layer.summary((10, 9, 3))
    assert summary.rows[-1].output_shape == (1, 8, 8, 8)
    assert summary.n_parameters == 3 * 2 * 3 * 8 + 8
    assert summary.multiply_adds == 8 * 8 * 8 * (3 * 2 * 3)
    wide = Conv2D(50, 60, 3, activation="relu", init="he_normal", random_state=0)
    assert abs(wide.W.std() / np.sqrt(2 / (9 * 50)) - 1) < 0.03
    assert wide.astype(np.float64).W.dtype == np.float64
    np.testing.assert_array_equal(Conv2D(3, 8, 3, random_state=1).W, Conv2D(3, 8, 3, random_state=1).W)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"c_in": 0}, ValueError, "c_in"),
        ({"c_out": 2.0}, ValueError, "c_out"),
        ({"kernel": 0}, ValueError, "kernel"),
        ({"kernel": (3, 3, 3)}, ValueError, "kernel"),
        ({"kernel": 1.5}, TypeError, "kernel"),
        ({"stride": 0}, ValueError, "stride"),
        ({"dilation": (1, 0)}, ValueError, "dilation"),
        ({"padding": -1}, ValueError, "padding"),
        ({"padding": "full"}, ValueError, "padding"),
        ({"padding": (1, 2, 3)}, ValueError, "padding"),
        ({"activation": "unknown"}, ValueError, "activation"),
        ({"dtype": np.int32}, ValueError, "dtype"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        Conv2D(**({"c_in": 2, "c_out": 3, "kernel": 3} | arguments))


def test_bad_inputs():
    layer = Conv2D(2, 3, 3)
    for shape in [(5, 5, 2), (1, 5, 5, 3), (1, 2, 5, 5)]:
        with pytest.raises(ValueError, match="x must have shape"):
            layer(np.zeros(shape))
    with pytest.raises(ValueError, match="spans 3"):
        layer(np.zeros((1, 2, 5, 2)))
    with pytest.raises(ValueError, match="at least 1"):
        layer(np.zeros((1, 0, 5, 2)))
    with pytest.raises(ValueError, match="W must have shape"):
        conv2d(np.zeros((1, 5, 5, 2)), np.zeros((3, 3, 2)))
    with pytest.raises(ValueError, match="b must have shape"):
        conv2d(np.zeros((1, 5, 5, 2)), np.zeros((3, 3, 2, 4)), np.zeros(3))
    with pytest.raises(TypeError, match="real numbers"):
        conv2d(np.zeros((1, 5, 5, 2), complex), np.zeros((3, 3, 2, 4)))
    layer(np.zeros((1, 5, 5, 2)))
    with pytest.raises(ValueError, match="dy of Conv2D"):
        layer.backward(np.zeros((1, 5, 5, 3)))


def test_whole_numbers_and_lists():
    y = conv2d([[[[1], [2]], [[3], [4]]]], [[[[10]]]])
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, [[[[10], [20]], [[30], [40]]]])
