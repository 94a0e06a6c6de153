import numpy as np
import pytest

from npml_nn import Conv2D, ConvTranspose2D, Sequential, conv2d, conv_transpose2d, functional, gradcheck
from npml_nn.layers.conv_transpose2d import conv_transpose2d_backward, conv_transpose2d_double_backward


def naive(x, W, b, stride, padding, dilation):
    """Every pixel paints the kernel; then the border is cut off. All settings as pairs or four sides."""
    (sh, sw), (dh, dw), (top, bottom, left, right) = stride, dilation, padding
    kh, kw = W.shape[:2]
    H, width = (x.shape[1] - 1) * sh + dh * (kh - 1) + 1, (x.shape[2] - 1) * sw + dw * (kw - 1) + 1
    y = np.zeros((len(x), H, width, W.shape[3]))
    for i, j, p, q in np.ndindex(*x.shape[1:3], kh, kw):
        y[:, i * sh + p * dh, j * sw + q * dw] += x[:, i, j] @ W[p, q]
    return y[:, top : H - bottom, left : width - right] + b


SETTINGS = [  # size, channels, kernel, stride, padding, dilation
    ((3, 4), (3, 2), (3, 3), (2, 2), (1, 1, 1, 1), (1, 1)),
    ((3, 4), (1, 1), (2, 4), (1, 3), (0, 0, 0, 0), (1, 1)),
    ((3, 2), (2, 3), (2, 2), (4, 3), (0, 0, 0, 0), (1, 1)),
    ((2, 3), (2, 3), (3, 2), (1, 2), (2, 0, 1, 3), (3, 1)),
    ((1, 1), (2, 3), (4, 5), (1, 1), (0, 0, 0, 0), (1, 1)),
    ((3, 4), (3, 2), (1, 1), (1, 1), (0, 0, 0, 0), (1, 1)),
    ((3, 3), (2, 17), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1)),
    ((2, 2), (17, 20), (2, 2), (2, 2), (0, 0, 0, 0), (1, 1)),
]


@pytest.mark.parametrize("size, channels, kernel, stride, padding, dilation", SETTINGS)
@pytest.mark.parametrize("N", [0, 1, 3])
def test_equals_the_definition(size, channels, kernel, stride, padding, dilation, N, rng):
    x, W, b = (
        rng.normal(size=(N, *size, channels[0])),
        rng.normal(size=(*kernel, *channels)),
        rng.normal(size=channels[1]),
    )
    y = conv_transpose2d(x, W, b, stride, padding, dilation)
    np.testing.assert_allclose(y, naive(x, W, b, stride, padding, dilation), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("size, channels, kernel, stride, padding, dilation", SETTINGS)
def test_is_the_adjoint_of_the_convolution(size, channels, kernel, stride, padding, dilation, rng):
    """<conv2d(y, V), x> = <y, conv_transpose2d(x, W)>, where V is W with its channels swapped."""
    x, W = rng.normal(size=(2, *size, channels[0])), rng.normal(size=(*kernel, *channels))
    painted = conv_transpose2d(x, W, None, stride, padding, dilation)
    y = rng.normal(size=painted.shape)
    seen = conv2d(y, W.swapaxes(2, 3), None, stride, padding, dilation)
    np.testing.assert_allclose(np.sum(seen * x), np.sum(y * painted), rtol=1e-11)


@pytest.mark.parametrize("i", range(len(SETTINGS)))
def test_gradients(i, rng):
    size, channels, kernel, stride, padding, dilation = SETTINGS[i]
    layer = ConvTranspose2D(*channels, kernel, stride, padding, dilation, "tanh", bias=i % 2 == 0, random_state=0)
    assert gradcheck(layer, [rng.normal(size=(2, *size, channels[0]))], second_order=True)


@pytest.mark.parametrize("kernel, stride", [(3, 2), (4, 2), (2, 3), (3, 1), ((2, 5), (1, 2))])
def test_same_undoes_the_size_of_same(kernel, stride, rng):
    """y is stride times as large as x; a "same" convolution of y has the size of x again."""
    up, down = ConvTranspose2D(2, 3, kernel, stride, "same"), Conv2D(3, 2, kernel, stride, "same")
    x = rng.normal(size=(2, 4, 5, 2))
    sh, sw = stride if isinstance(stride, tuple) else (stride, stride)
    assert up(x).shape == (2, 4 * sh, 5 * sw, 3)
    assert down(up(x)).shape == x.shape
    assert gradcheck(ConvTranspose2D(2, 1, kernel, stride, "same"), [x[:1, :3, :2]], second_order=True)
    np.testing.assert_array_equal(
        conv_transpose2d(x, up.W, None, stride, "valid"), conv_transpose2d(x, up.W, None, stride)
    )


def test_equals_recorded(recorded):
    prefix = "conv_transpose2d_"
    r = {key.removeprefix(prefix): array for key, array in recorded("conv").items() if key.startswith(prefix)}
    y, cache = functional.conv_transpose2d(r["x"], r["W"], r["b"], (2, 3), (1, 0))
    answers = dict(zip(("dx", "dW", "db"), conv_transpose2d_backward(r["dy"], cache)), y=y)
    answers |= zip(("ddy", "ddW"), conv_transpose2d_double_backward(r["ddx"], r["dy"], cache))
    for name, ours in answers.items():
        np.testing.assert_allclose(ours, r[name], rtol=1e-10, atol=1e-12)


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, rng):
    x = rng.normal(size=(2, 4, 3, 3))
    stays_float32(ConvTranspose2D(3, 4, 3, 2, activation="relu", random_state=0), x)
    stays_float32(ConvTranspose2D(16, 16, 3, 2, random_state=0), rng.normal(size=(4, 30, 30, 16)))
    changes_nothing(ConvTranspose2D(3, 4, 3, 2, 1, random_state=0), x)
    changes_nothing(functional.conv_transpose2d, x, rng.normal(size=(3, 2, 3, 4)), rng.normal(size=4))


MUTANTS = [
    (conv_transpose2d_backward, "(dy, V, x, window)", "(-dy, V, x, window)", "sign of dx and dW"),
    (conv_transpose2d_backward, "return dx, dV.swapaxes(2, 3)", "return dx, dV.reshape(V.swapaxes(2, 3).shape)", "dW"),
    (conv_transpose2d_backward, "sum_positions(dy)", "dy[0].sum(axis=(0, 1))", "db of one sample"),
    (conv_transpose2d_double_backward, "scatter(ddx,", "scatter(-ddx,", "sign of ddy"),
    (
        conv_transpose2d_double_backward,
        "kernel_gradient(dy, ddx, window)",
        "kernel_gradient(dy, 0 * ddx, window)",
        "dW",
    ),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    layer = ConvTranspose2D(2, 3, 2, 2, random_state=0)
    mutant_is_caught(function, old, new, layer, [rng.normal(size=(2, 2, 3, 2))], second_order=True)


def test_shared_weights(rng):
    layer = ConvTranspose2D(2, 2, 2, activation="tanh", random_state=0)
    assert gradcheck(Sequential(layer, layer), [rng.normal(size=(2, 2, 3, 2))], second_order=True)


def test_skips_the_input_gradient_where_nobody_asks():
    layer = ConvTranspose2D(2, 3, 2, random_state=0)
    layer.input_gradient = False
    y = layer(np.ones((2, 4, 4, 2)))
    assert layer.backward(np.ones_like(y)) is None
    assert np.abs(layer.grads["W"]).min() > 0


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"c_in": 0}, ValueError, "c_in"),
        ({"kernel": (0, 1)}, ValueError, "kernel"),
        ({"stride": 1.5}, TypeError, "stride"),
        ({"padding": "full"}, ValueError, "padding"),
        ({"dilation": 0}, ValueError, "dilation"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        ConvTranspose2D(**({"c_in": 2, "c_out": 3, "kernel": 3} | arguments))


def test_bad_inputs():
    layer = ConvTranspose2D(2, 3, 3, padding=2)
    for shape in [(5, 5, 2), (1, 5, 5, 3)]:
        with pytest.raises(ValueError, match="x must have shape"):
            layer(np.zeros(shape))
    with pytest.raises(ValueError, match="leaves nothing"):
        layer(np.zeros((1, 2, 5, 2)))
    with pytest.raises(ValueError, match="b must have shape"):
        conv_transpose2d(np.zeros((1, 5, 5, 2)), np.zeros((3, 3, 2, 4)), np.zeros(2))


def test_summary():
    summary = ConvTranspose2D(3, 8, (4, 2), 2).summary((5, 6, 3))
    assert summary.rows[-1].output_shape == (1, 12, 12, 8)
    assert summary.multiply_adds == 5 * 6 * 3 * (4 * 2 * 8)
