"""Windows against the definition, entry by entry; col2im as the exact adjoint."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import col2im, conv_output_size, im2col
from npml_core.im2col import FEW_CHANNELS, Geometry, four_sides, gather_windows, pair


def naive_im2col(x, kernel, stride, sides, dilation):
    (kh, kw), (sh, sw), (dh, dw), (top, bottom, left, right) = kernel, stride, dilation, sides
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    N, H, W, C = x.shape
    rows = [i for i in range(0, H, sh) if i + dh * (kh - 1) < H]
    columns = [j for j in range(0, W, sw) if j + dw * (kw - 1) < W]
    cols = np.zeros((N, len(rows), len(columns), kh * kw * C), x.dtype)
    for i, r in enumerate(rows):
        for j, c in enumerate(columns):
            window = x[:, r : r + dh * kh : dh, c : c + dw * kw : dw][:, :kh, :kw]
            cols[:, i, j] = window.reshape(N, -1)
    return cols


two = st.tuples(st.integers(1, 3), st.integers(1, 3))
settings_of_a_convolution = {
    "N": st.integers(1, 2),
    "H": st.integers(7, 9),
    "W": st.integers(7, 9),
    "C": st.sampled_from([1, 3, 8]),
    "kernel": two,
    "stride": two,
    "dilation": two,
    "padding": st.one_of(st.integers(0, 2), st.tuples(*[st.integers(0, 2)] * 2), st.tuples(*[st.integers(0, 3)] * 4)),
    "seed": st.integers(0, 2**16),
}


def as_sides(padding):
    if isinstance(padding, int):
        return (padding,) * 4
    return padding if len(padding) == 4 else (padding[0], padding[0], padding[1], padding[1])


@settings(max_examples=50, deadline=None)
@given(**settings_of_a_convolution)
def test_windows_and_their_exact_adjoint(N, H, W, C, kernel, stride, dilation, padding, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(-9, 10, size=(N, H, W, C)).astype(float)  # whole numbers: sums are exact
    cols = im2col(x, kernel, stride, padding, dilation)
    np.testing.assert_array_equal(cols, naive_im2col(x, kernel, stride, as_sides(padding), dilation))
    dual = rng.integers(-9, 10, size=cols.shape).astype(float)
    back = col2im(dual, x.shape, kernel, stride, padding, dilation)
    assert back.shape == x.shape
    assert (cols * dual).sum() == (x * back).sum()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
def test_output_size_counts_windows(size, kernel, stride, padding, dilation):
    span = dilation * (kernel - 1) + 1
    n = len(range(0, size + 2 * padding - span + 1, stride))
    if n:
        assert conv_output_size(size, kernel, stride, padding, dilation) == n
    else:
        with pytest.raises(ValueError, match="spans"):
            conv_output_size(size, kernel, stride, padding, dilation)
    assert conv_output_size(size, kernel, stride, "same", dilation) == -(-size // stride)


def test_same_pads_the_odd_zero_at_the_end():
    x = np.ones((1, 3, 3, 1))
    cols = im2col(x, (2, 4), padding="same")
    assert cols.shape == (1, 3, 3, 8)
    np.testing.assert_array_equal(cols, naive_im2col(x, (2, 4), (1, 1), (0, 1, 1, 2), (1, 1)))
    assert Geometry(x.shape, 3, padding="same").padding == (1, 1, 1, 1)
    assert Geometry(x.shape, 2, dilation=2, padding="same").padding == (1, 1, 1, 1)
    assert Geometry(x.shape, 2, padding="valid").padding == (0, 0, 0, 0)
    assert conv_output_size(5, 2, padding=(0, 1)) == 5


@pytest.mark.parametrize("C", [1, FEW_CHANNELS - 1, FEW_CHANNELS])
def test_both_orders_of_addition(C):
    x = np.random.default_rng(0).integers(0, 9, size=(2, 5, 6, C)).astype(float)
    cols = im2col(x, 3, padding=1)
    counts = col2im(np.ones_like(cols), x.shape, 3, padding=1)
    np.testing.assert_array_equal(col2im(cols, x.shape, 3, padding=1), counts * x)


@pytest.mark.parametrize("layout", [np.asarray, np.asfortranarray, lambda x: x[::-1, ::-1]])
def test_dtype_layout_and_ownership(layout):
    x = layout(np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype(np.float32))
    before = x.copy()
    for kernel in (1, 2):
        cols = im2col(x, kernel)
        assert cols.dtype == np.float32
        cols += 1.0
        back = col2im(cols, x.shape, kernel)
        assert back.dtype == np.float32
        assert back.flags.c_contiguous
        back += 1.0
        assert (x == before).all()
        read_only = im2col(x, kernel)
        read_only.flags.writeable = False
        col2im(read_only, x.shape, kernel)
    assert im2col(np.ones((1, 2, 2, 1), np.uint8), 2).dtype == np.float64


def test_layers_pass_nan_through_the_unchecked_pair():
    x = np.full((1, 2, 2, 1), np.nan)
    assert np.isnan(gather_windows(x, Geometry(x.shape, 2))).all()


GOOD = np.ones((1, 4, 4, 2))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.full_like(GOOD, np.nan), "x contains NaN"),
        (np.full_like(GOOD, np.inf), "x contains infinity"),
        (np.ones((4, 4, 2)), r"x must have shape \(N, H, W, C\)"),
        (np.ones((0, 4, 4, 2)), "x: found array with 0 sample"),
        (np.ones((1, 0, 4, 2)), "at least 1"),
        (np.ones((1, 4, 4, 0)), "at least 1"),
        (None, "x must be"),
        ("image", "x must be"),
        (GOOD * 1j, "Complex"),
    ],
)
def test_bad_images(x, message):
    with pytest.raises((ValueError, TypeError), match=message):
        im2col(x, 2)


@pytest.mark.parametrize("name", ["kernel", "stride", "dilation", "padding"])
@pytest.mark.parametrize("value", [-1, 0, 1.5, "2", None, (1, 2, 3), (1, -1), (1, 1.0), True, [], np.nan])
def test_bad_settings_name_the_argument(name, value):
    if name == "padding" and value == 0:
        return
    arguments = {"kernel": 2, name: value}
    for call in (lambda: im2col(GOOD, **arguments), lambda: col2im(np.ones((1, 3, 3, 8)), GOOD.shape, **arguments)):
        with pytest.raises((ValueError, TypeError), match=name):
            call()
    with pytest.raises((ValueError, TypeError), match=name):
        conv_output_size(4, **arguments)


def test_windows_that_do_not_fit():
    for arguments in ({"kernel": 5}, {"kernel": (1, 5)}, {"kernel": 3, "dilation": 2}):
        with pytest.raises(ValueError, match=r"spans 5, but the (height|width) is 4 \+ 0"):
            im2col(GOOD, **arguments)


def test_bad_columns():
    for cols in (np.ones((1, 3, 3, 7)), np.ones((1, 3, 3)), np.ones((2, 3, 3, 8))):
        with pytest.raises(ValueError, match=r"cols must have shape \(1, 3, 3, 8\)"):
            col2im(cols, GOOD.shape, 2)
    with pytest.raises(ValueError, match="cols contains NaN"):
        col2im(np.full((1, 3, 3, 8), np.nan), GOOD.shape, 2)
    for shape in ((4, 4, 2), 5, None, (1, 4, 4, -2), (1, 4.0, 4, 2)):
        with pytest.raises((ValueError, TypeError), match="x_shape"):
            col2im(np.ones((1, 3, 3, 8)), shape, 2)


@pytest.mark.parametrize("size", [0, -3, 2.5, "4", None, True])
def test_bad_sizes(size):
    with pytest.raises((ValueError, TypeError), match="size"):
        conv_output_size(size, 2)


def test_helpers_of_layers():
    assert pair(3, "kernel") == (3, 3)
    assert pair(np.array([1, 2]), "kernel") == (1, 2)
    assert four_sides((1, 2, 3, 4), (9, 9), (2, 2), (1, 1), (1, 1)) == (1, 2, 3, 4)
    assert four_sides((1, 2), (9, 9), (2, 2), (1, 1), (1, 1)) == (1, 1, 2, 2)
    with pytest.raises(ValueError, match="padding must be ints, 'same' or 'valid', got 'full'"):
        four_sides("full", (9, 9), (2, 2), (1, 1), (1, 1))
