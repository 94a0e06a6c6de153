import numpy as np
import pytest

from npml_nn import MaxPool2D, functional, gradcheck, max_pool2d
from npml_nn.layers import max_pool2d as module
from npml_nn.layers import pooling
from npml_nn.layers.max_pool2d import max_pool2d_backward, max_pool2d_double_backward


def naive(x, kernel, stride, padding):
    """The definition with -inf around x, and the first winner in reading order: y, and its place in x."""
    (kh, kw), (sh, sw), (top, bottom, left, right) = kernel, stride, padding
    wide = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=-np.inf)
    real = np.pad(np.ones(x.shape, bool), ((0, 0), (top, bottom), (left, right), (0, 0)))
    H_out, W_out = (wide.shape[1] - kh) // sh + 1, (wide.shape[2] - kw) // sw + 1
    y, places = np.empty((len(x), H_out, W_out, x.shape[3])), {}
    for n, i, j, c in np.ndindex(y.shape):
        entries = [(i * sh + a, j * sw + b) for a in range(kh) for b in range(kw) if real[n, i * sh + a, j * sw + b, c]]
        row, column = max(entries, key=lambda e: wide[n, e[0], e[1], c])  # the first of the largest
        y[n, i, j, c] = wide[n, row, column, c]
        places[n, i, j, c] = (n, row - top, column - left, c)
    return y, places


SETTINGS = [  # size, kernel, stride, padding
    ((4, 6), (2, 2), (2, 2), (0, 0, 0, 0)),
    ((5, 7), (2, 2), (2, 2), (0, 0, 0, 0)),
    ((5, 6), (3, 2), (1, 2), (1, 2, 0, 1)),
    ((6, 7), (2, 3), (3, 1), (0, 0, 0, 0)),
    ((7, 7), (2, 2), (5, 4), (1, 0, 1, 1)),
    ((1, 1), (3, 3), (1, 1), (2, 2, 2, 2)),
    ((3, 2), (1, 1), (1, 2), (0, 0, 0, 0)),
    ((2, 3), (4, 4), (3, 3), (3, 3, 2, 3)),
    ((20, 18), (20, 17), (1, 1), (0, 1, 0, 0)),
]


@pytest.mark.parametrize("size, kernel, stride, padding", SETTINGS)
@pytest.mark.parametrize("N, C", [(0, 2), (1, 1), (3, 2)])
@pytest.mark.parametrize("values", ["normal", "ties", "one", "infinite", "huge"])
def test_equals_the_definition(size, kernel, stride, padding, N, C, values, rng, monkeypatch):
    monkeypatch.setattr(pooling, "CHUNK", 2 * C * size[0] * size[1])  # two samples at a time
    x = rng.normal(size=(N, *size, C))
    transform = {"ties": np.round, "one": np.zeros_like, "infinite": lambda x: np.where(x > 0, -np.inf, x)}
    x = transform.get(values, lambda x: x)(x) * (1e308 / 10 if values == "huge" else 1)
    y, cache = functional.max_pool2d(x, kernel, stride, padding)
    expected, places = naive(x, kernel, stride, padding)
    np.testing.assert_array_equal(y, expected)
    dy, u, dx = rng.normal(size=y.shape), rng.normal(size=x.shape), np.zeros(x.shape)
    for where, place in places.items():
        dx[place] += dy[where]
    np.testing.assert_allclose(max_pool2d_backward(dy, cache), dx, rtol=1e-13, atol=1e-13)
    ddy = max_pool2d_double_backward(u, dy, cache)
    np.testing.assert_array_equal(ddy, np.reshape([u[place] for place in places.values()], y.shape))
    np.testing.assert_allclose(max_pool2d_backward(dy, cache).sum(), dy.sum(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size, kernel, stride, padding", SETTINGS[:-1])
def test_gradients(size, kernel, stride, padding, rng):
    x = rng.permutation(2 * size[0] * size[1] * 2).reshape(2, *size, 2) / 10.0  # no two alike, or near each other
    assert gradcheck(MaxPool2D(kernel, stride, padding), [x], second_order=True)


def test_same_and_defaults(rng):
    x = rng.normal(size=(2, 7, 6, 3))
    np.testing.assert_array_equal(max_pool2d(x, 2), max_pool2d(x, (2, 2), (2, 2), "valid"))
    np.testing.assert_array_equal(max_pool2d(x, 2, 1, "same"), max_pool2d(x, 2, 1, (0, 1, 0, 1)))
    assert max_pool2d(x, 3, 2, "same").shape == (2, 4, 3, 3)


def test_negative_inputs_do_not_meet_zeros():
    assert max_pool2d(np.full((1, 2, 2, 1), -5.0), 3, 1, 1).max() == -5


def test_equals_recorded(recorded):
    r = recorded("pooling")
    for kernel, stride, padding in ((2, 2, 0), (3, 2, 1)):
        y, cache = functional.max_pool2d(r["x"], kernel, stride, padding)
        np.testing.assert_array_equal(y, r[f"max_{kernel}_y"])
        np.testing.assert_allclose(max_pool2d_backward(r[f"max_{kernel}_dy"], cache), r[f"max_{kernel}_dx"], rtol=1e-12)


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, rng):
    stays_float32(MaxPool2D(3, 2, 1), rng.normal(size=(2, 7, 6, 3)))
    stays_float32(functional.avg_pool2d, *[rng.normal(size=(2, 7, 6, 3))], kernel=2)
    changes_nothing(MaxPool2D(3, 2, 1), rng.normal(size=(2, 7, 6, 3)))
    changes_nothing(MaxPool2D(2), rng.normal(size=(2, 7, 6, 3)))


MUTANTS = [
    (max_pool2d_backward, "dy.reshape(-1)", "-dy.reshape(-1)", "sign of dx"),
    (
        max_pool2d_backward,
        "np.add.at(dx, winners, values)",
        "dx[winners] = values",
        "overlaps",
    ),
    (max_pool2d_double_backward, "ddx.reshape(-1)", "-ddx.reshape(-1)", "sign of ddy"),
    (module._largest, "t * step", "(t - 1) * step", "the winner's neighbour"),
    (module._places, "+ np.arange(C)", "+ 0 * np.arange(C)", "the first channel's winner"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    x = rng.permutation(2 * 4 * 5 * 2).reshape(2, 4, 5, 2) / 10.0
    mutant_is_caught(function, old, new, MaxPool2D(3, 1), [x], second_order=True)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"kernel": 0}, ValueError, "kernel"),
        ({"kernel": 2.0}, TypeError, "kernel"),
        ({"kernel": 2, "stride": 0}, ValueError, "stride"),
        ({"kernel": 2, "padding": 2}, ValueError, "padding must be smaller than the kernel"),
        ({"kernel": (3, 1), "padding": 1}, ValueError, "padding must be smaller than the kernel"),
        ({"kernel": 2, "padding": "full"}, ValueError, "padding"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        MaxPool2D(**arguments)
    with pytest.raises(error, match=message):
        max_pool2d(np.zeros((1, 5, 5, 1)), **arguments)


def test_bad_inputs():
    with pytest.raises(ValueError, match="x must have shape"):
        MaxPool2D(2)(np.zeros((5, 5, 1)))
    with pytest.raises(ValueError, match="spans 3"):
        MaxPool2D(3)(np.zeros((1, 2, 5, 1)))
    with pytest.raises(TypeError, match="real numbers"):
        max_pool2d(np.zeros((1, 5, 5, 1), complex), 2)
