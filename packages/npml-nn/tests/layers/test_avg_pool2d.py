import numpy as np
import pytest

from npml_nn import AvgPool2D, GlobalAvgPool2D, avg_pool2d, functional, global_avg_pool2d, gradcheck
from npml_nn.layers import avg_pool2d as module
from npml_nn.layers import pooling
from npml_nn.layers.avg_pool2d import avg_pool2d_backward, global_avg_pool2d_backward


def naive(x, kernel, stride, padding):
    (kh, kw), (sh, sw), (top, bottom, left, right) = kernel, stride, padding
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    y = np.empty((len(x), (x.shape[1] - kh) // sh + 1, (x.shape[2] - kw) // sw + 1, x.shape[3]))
    for i, j in np.ndindex(y.shape[1:3]):
        y[:, i, j] = x[:, i * sh : i * sh + kh, j * sw : j * sw + kw].mean(axis=(1, 2))
    return y


SETTINGS = [  # size, kernel, stride, padding
    ((4, 6), (2, 2), (2, 2), (0, 0, 0, 0)),
    ((5, 7), (2, 2), (2, 2), (0, 0, 0, 0)),
    ((5, 6), (3, 2), (1, 2), (1, 2, 0, 1)),
    ((7, 7), (2, 2), (5, 4), (1, 0, 1, 1)),
    ((1, 1), (3, 3), (1, 1), (2, 2, 2, 2)),
    ((2, 3), (4, 4), (3, 3), (3, 3, 2, 3)),
]


@pytest.mark.parametrize("size, kernel, stride, padding", SETTINGS)
@pytest.mark.parametrize("N, C", [(0, 2), (1, 1), (3, 2)])
def test_equals_the_definition(size, kernel, stride, padding, N, C, rng, monkeypatch):
    monkeypatch.setattr(pooling, "CHUNK", 2 * C * size[0] * size[1])  # two samples at a time
    x = rng.normal(size=(N, *size, C))
    y, cache = functional.avg_pool2d(x, kernel, stride, padding)
    np.testing.assert_allclose(y, naive(x, kernel, stride, padding), rtol=1e-12, atol=1e-14)
    dy = rng.normal(size=y.shape)
    np.testing.assert_allclose(np.sum(avg_pool2d_backward(dy, cache) * x), np.sum(dy * y), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("size, kernel, stride, padding", SETTINGS)
def test_gradients(size, kernel, stride, padding, rng):
    assert gradcheck(AvgPool2D(kernel, stride, padding), [rng.normal(size=(2, *size, 2))], second_order=True)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 4, 2), (0, 2, 2, 3)])
def test_the_mean_of_the_whole_image(shape, rng):
    x = rng.normal(size=shape)
    y = global_avg_pool2d(x)
    np.testing.assert_allclose(y, x.mean(axis=(1, 2)), rtol=1e-12)
    assert y.shape == (shape[0], shape[3])
    assert gradcheck(GlobalAvgPool2D(), [x], second_order=True)
    if shape[0]:
        np.testing.assert_allclose(avg_pool2d(x, shape[1:3])[:, 0, 0], y, rtol=1e-12)


def test_padding_counts():
    np.testing.assert_array_equal(avg_pool2d(np.full((1, 1, 1, 1), 9.0), 3, 1, 1), [[[[1.0]]]])
    y = avg_pool2d(np.ones((1, 3, 3, 1)), 2, 1, "same")
    np.testing.assert_array_equal(y[0, :, :, 0], [[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 0.25]])


def test_equals_recorded(recorded):
    r = recorded("pooling")
    for kernel, stride, padding in ((2, 2, 0), (3, 2, 1)):
        y, cache = functional.avg_pool2d(r["x"], kernel, stride, padding)
        np.testing.assert_allclose(y, r[f"avg_{kernel}_y"], rtol=1e-12, atol=1e-14)
        dx = avg_pool2d_backward(r[f"avg_{kernel}_dy"], cache)
        np.testing.assert_allclose(dx, r[f"avg_{kernel}_dx"], rtol=1e-12, atol=1e-14)


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, rng):
    for layer in (AvgPool2D(3, 2, 1), AvgPool2D(2), GlobalAvgPool2D()):
        stays_float32(layer, rng.normal(size=(2, 7, 6, 3)))
        stays_float32(layer, rng.normal(size=(8, 40, 40, 8)))
        changes_nothing(layer, rng.normal(size=(2, 7, 6, 3)))


MUTANTS = [
    (avg_pool2d_backward, "_weight(dy, window)", "dy.dtype.type(1)", "a sum for a mean"),
    (module._spread, "dx[entries] += dy[outputs]", "dx[entries] = dy[outputs]", "windows that overlap"),
    (module._mean, "_weight(x, window)", "-_weight(x, window)", "sign"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    mutant_is_caught(function, old, new, AvgPool2D(3, 2, 1), [rng.normal(size=(2, 5, 4, 2))], second_order=True)


@pytest.mark.parametrize("old, new", [("1 / (H * W)", "1"), ("(dy * ", "(-dy * ")])
def test_planted_mistakes_in_the_global_mean_are_caught(old, new, mutant_is_caught, rng):
    mutant_is_caught(global_avg_pool2d_backward, old, new, GlobalAvgPool2D(), [rng.normal(size=(2, 3, 4, 2))])


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"kernel": 0}, ValueError, "kernel"),
        ({"kernel": 2, "stride": (1, 0)}, ValueError, "stride"),
        ({"kernel": 2, "padding": 2}, ValueError, "padding must be smaller than the kernel"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        AvgPool2D(**arguments)
    with pytest.raises(error, match=message):
        avg_pool2d(np.zeros((1, 5, 5, 1)), **arguments)


def test_bad_inputs():
    for layer in (AvgPool2D(2), GlobalAvgPool2D()):
        with pytest.raises(ValueError, match="x must have shape"):
            layer(np.zeros((5, 5, 1)))
    with pytest.raises(ValueError, match="at least one pixel"):
        GlobalAvgPool2D()(np.zeros((1, 0, 5, 1)))
