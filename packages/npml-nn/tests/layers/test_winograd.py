import numpy as np
import pytest

from npml_nn import Conv2D, functional, gradcheck
from npml_nn.layers import conv2d as module
from npml_nn.layers import winograd
from npml_nn.layers.convolution import correlate, kernel_gradient, scatter, windows_on

SIZES = [((4, 4), 1), ((5, 7), 1), ((6, 3), (0, 2, 1, 0)), ((9, 13), 0), ((3, 3), 3)]


@pytest.mark.parametrize("size, padding", SIZES)
@pytest.mark.parametrize("tiles", [1, 5, 10**6])
def test_equals_the_direct_sums(size, padding, tiles, rng, monkeypatch):
    """In float64, where nothing but rounding of 1e-16 may be between them."""
    monkeypatch.setattr(winograd, "TILES", tiles)
    x, W = rng.normal(size=(3, *size, 4)), rng.normal(size=(3, 3, 4, 5))
    window = windows_on(size, (3, 3), 1, padding, 1)
    y = correlate(x, W, window)
    dy = rng.normal(size=y.shape)
    np.testing.assert_allclose(winograd.winograd_correlate(x, W, window), y, rtol=1e-10, atol=1e-12)
    dx, dW = winograd.winograd_gradients(x, W, dy, window)
    np.testing.assert_allclose(dx, scatter(dy, W, window), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(dW, kernel_gradient(x, dy, window), rtol=1e-10, atol=1e-12)
    assert winograd.winograd_gradients(x, W, dy, window, input_gradient=False)[0] is None


@pytest.mark.parametrize("channels", [16, 64, 256])
def test_error_in_float32(channels, rng):
    """The documented one: in units of the output's standard deviation, and at most 6 times that of the direct sums."""
    x, W = rng.normal(size=(2, 24, 24, channels)), rng.normal(size=(3, 3, channels, 16))
    exact, cache = functional.conv2d(x, W, None, 1, 1)
    dy = rng.normal(size=exact.shape)
    exact = (exact, *functional.conv2d_backward(dy, cache)[:2])
    errors = {}
    for fast in (True, False):
        y, cache = functional.conv2d(x.astype(np.float32), W.astype(np.float32), None, 1, 1, winograd=fast)
        assert cache.winograd == fast
        result = (y, *functional.conv2d_backward(dy.astype(np.float32), cache)[:2])
        assert all(array.dtype == np.float32 for array in result)
        errors[fast] = [np.sqrt(np.mean((a - b) ** 2)) / b.std() for a, b in zip(result, exact)]
    assert max(errors[True]) < 2.5e-6
    assert all(fast < 8 * direct for fast, direct in zip(errors[True], errors[False]))


@pytest.mark.parametrize(
    "shape, kernel, stride, dilation, c_out, dtype, suits",
    [
        ((16, 8, 8, 16), 3, 1, 1, 16, np.float32, True),
        ((1, 32, 32, 16), 3, 1, 1, 16, np.float32, True),
        ((16, 8, 8, 16), 3, 1, 1, 16, np.float64, False),
        ((16, 8, 8, 15), 3, 1, 1, 16, np.float32, False),
        ((16, 8, 8, 16), 3, 1, 1, 8, np.float32, False),
        ((16, 8, 8, 16), (3, 2), 1, 1, 16, np.float32, False),
        ((16, 8, 8, 16), 3, 2, 1, 16, np.float32, False),
        ((16, 8, 8, 16), 3, 1, 2, 16, np.float32, False),
        ((1, 8, 8, 16), 3, 1, 1, 16, np.float32, False),
        ((1000, 2, 2, 16), 3, 1, 1, 16, np.float32, False),
    ],
)
def test_where_it_is_taken(shape, kernel, stride, dilation, c_out, dtype, suits):
    for allowed in (True, False):
        layer = Conv2D(shape[3], c_out, kernel, stride, 1, dilation, winograd=allowed, dtype=dtype, random_state=0)
        layer(np.zeros(shape))
        assert layer._tape[-1].cache.winograd == (suits and allowed)


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, monkeypatch, rng):
    stays_float32(Conv2D(16, 16, 3, padding=1, random_state=0), rng.normal(size=(4, 40, 40, 16)))
    monkeypatch.setattr(module, "suits_winograd", lambda x, W, window: True)
    changes_nothing(Conv2D(3, 4, 3, padding=1, random_state=0), rng.normal(size=(2, 7, 6, 3)))


MUTANTS = [
    (winograd.winograd_gradients, "filters.swapaxes(1, 2)", "-filters.swapaxes(1, 2)", "sign of dx"),
    (winograd.winograd_gradients, "d_filters +=", "d_filters =", "the last chunk alone"),
    (winograd.winograd_gradients, "GG.T.astype(x.dtype)", "GG.T[::-1].astype(x.dtype)", "the kernel turned"),
    (winograd._output_tiles, "] = pixels", "] = 0.5 * pixels", "half of dy"),
    (winograd._add_image_tiles, "pixels += ", "pixels[...] = ", "tiles that overlap"),
    (winograd._filters, "W.reshape(9, -1)", "W.swapaxes(0, 1).reshape(9, -1)", "the kernel transposed"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng, monkeypatch):
    monkeypatch.setattr(winograd, "TILES", 3)
    monkeypatch.setattr(module, "suits_winograd", lambda x, W, window: True)
    monkeypatch.setattr(module, "winograd_gradients", lambda *args: winograd.winograd_gradients(*args))
    mutant_is_caught(function, old, new, Conv2D(1, 2, 3, padding=1, random_state=0), [rng.normal(size=(2, 5, 6, 1))])


def test_gradients(rng, monkeypatch):
    monkeypatch.setattr(module, "suits_winograd", lambda x, W, window: True)
    layer = Conv2D(2, 3, 3, padding=(0, 2, 1, 0), random_state=0)
    assert gradcheck(layer, [rng.normal(size=(2, 5, 7, 2))], second_order=True)
