import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npml_preproc import batch_resample, bilinear_interpolate, nn_interpolate_1d, nn_interpolate_2d


def naive_bilinear(X, r, c):
    r, c = min(max(r, 0), X.shape[0] - 1), min(max(c, 0), X.shape[1] - 1)
    r0, c0 = int(r), int(c)
    r1, c1 = min(r0 + 1, X.shape[0] - 1), min(c0 + 1, X.shape[1] - 1)
    a, b = r - r0, c - c0
    return (1 - a) * (1 - b) * X[r0, c0] + (1 - a) * b * X[r0, c1] + a * (1 - b) * X[r1, c0] + a * b * X[r1, c1]


def image(*shape):
    return np.random.default_rng(0).normal(size=shape)


def test_nearest_in_one_dimension():
    x = np.array([10, 20, 30])
    t = [-5, -0.5, 0, 0.49, 0.5, 1.0, 1.49, 1.5, 2.4, 99]
    assert nn_interpolate_1d(x, t).tolist() == [10, 10, 10, 10, 20, 20, 20, 30, 30, 30]
    assert nn_interpolate_1d(x, 1.2) == 20
    assert nn_interpolate_1d(x, np.nextafter(0.5, 0)) == 10


def test_nearest_keeps_dtype_channels_and_the_shape_of_points():
    X = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)
    out = nn_interpolate_1d(X, [[0.2, 3.0]])
    assert out.dtype == np.uint8
    np.testing.assert_array_equal(out, X[[[0, 3]]])
    points = nn_interpolate_2d(X, [[0.6], [2.4]], [0.1, 1.9, 2.0])
    np.testing.assert_array_equal(points, X[[[1], [2]], [0, 2, 2]])
    assert nn_interpolate_1d(["a", "b"], [0.9]).tolist() == ["b"]


def test_bilinear_points_of_an_image():
    rng = np.random.default_rng(1)
    for shape in ((7, 5), (7, 5, 3), (1, 1), (1, 6), (6, 1, 2)):
        X = image(*shape)
        rows, cols = rng.uniform(-1, 8, size=(2, 40))
        rows[:10], cols[5:15] = np.arange(10) // 2, np.arange(10) // 2  # whole coordinates among them
        right = np.array([naive_bilinear(X, r, c) for r, c in zip(rows, cols)])
        np.testing.assert_allclose(bilinear_interpolate(X, rows, cols), right, rtol=0, atol=1e-14)


def test_bilinear_at_the_samples_is_the_samples():
    X = image(4, 6, 2)
    np.testing.assert_array_equal(bilinear_interpolate(X, np.arange(4)[:, None], np.arange(6)), X)
    np.testing.assert_array_equal(nn_interpolate_2d(X, np.arange(4)[:, None], np.arange(6)), X)


@given(a=st.floats(-5, 5), b=st.floats(-5, 5), r=st.floats(0, 3), c=st.floats(0, 4))
def test_bilinear_is_exact_on_planes(a, b, r, c):
    X = a * np.arange(4.0)[:, None] + b * np.arange(5.0)
    assert bilinear_interpolate(X, r, c) == pytest.approx(a * r + b * c, abs=1e-13)


def test_bilinear_dtypes():
    for dtype, out in (("f4", "f4"), ("f8", "f8"), ("i4", "f8"), ("u1", "f8"), ("c8", "c8"), ("c16", "c16")):
        X = np.arange(6).reshape(2, 3).astype(dtype)
        value = bilinear_interpolate(X, [0.5], [0.5])
        assert value.dtype == out
        np.testing.assert_allclose(value, 2)
    X = np.array([[255, 0]], np.uint8)
    assert bilinear_interpolate(X, 0, 0.5) == 127.5


@pytest.mark.parametrize("size", [(6, 8), (3, 4), (13, 5), (1, 1), (2, 30)])
def test_resampling_is_interpolation_at_the_pixels_centres(size):
    X = image(3, 6, 8, 2)
    rows = np.maximum((np.arange(size[0]) + 0.5) * 6 / size[0] - 0.5, 0)[:, None]
    cols = np.maximum((np.arange(size[1]) + 0.5) * 8 / size[1] - 0.5, 0)
    for x, ours in zip(X, batch_resample(X, size)):
        np.testing.assert_allclose(ours, bilinear_interpolate(x, rows, cols), rtol=0, atol=1e-14)


def test_nearest_resampling_finds_rows_in_whole_numbers():
    for H in range(1, 40):
        X = np.arange(H).reshape(1, H, 1, 1)
        for h in range(1, 60):
            ours = batch_resample(X, (h, 1), mode="nearest")
            assert ours.ravel().tolist() == [i * H // h for i in range(h)]
    X = np.arange(14).reshape(1, 1, 14, 1)
    assert batch_resample(X, (1, 46), "nearest")[0, 0, 23, 0] == 7  # 23 * (14 / 46) is 6.999... in floating point


def test_the_same_size_is_a_copy():
    X = image(2, 5, 4, 3)
    for mode in ("bilinear", "nearest"):
        out = batch_resample(X, (5, 4), mode)
        np.testing.assert_array_equal(out, X)
        assert not np.shares_memory(out, X)


def test_resampling_dtypes_and_layouts():
    X = image(2, 5, 4, 3).astype(np.float32)
    assert batch_resample(X, (9, 9)).dtype == np.float32
    assert batch_resample(X > 0, (9, 9), "nearest").dtype == bool
    assert batch_resample((9 * X).astype(int), (9, 9)).dtype == np.float64
    turned = X.transpose(0, 3, 2, 1)
    np.testing.assert_array_equal(batch_resample(turned, (2, 9)), batch_resample(turned.copy(), (2, 9)))


def test_means_survive_doubling():
    X = image(1, 8, 8, 1)
    constant = np.full((1, 3, 5, 2), 0.7)
    np.testing.assert_allclose(batch_resample(constant, (7, 4)), 0.7, rtol=1e-15)
    assert batch_resample(X, (16, 16)).min() >= X.min()
    assert batch_resample(X, (16, 16)).max() <= X.max()


def test_bad_points():
    X = image(3, 3)
    for function in (nn_interpolate_2d, bilinear_interpolate):
        with pytest.raises(ValueError, match="rows must be finite"):
            function(X, [np.nan], [0])
        with pytest.raises(ValueError, match="cols must be finite"):
            function(X, [0], [np.inf])
        with pytest.raises(ValueError, match=r"rows and cols must broadcast, got shapes \(2,\) and \(3,\)"):
            function(X, [0, 1], [0, 1, 2])
        with pytest.raises(ValueError, match=r"X must have at least 2 dimension"):
            function([1.0], [0], [0])
        with pytest.raises(ValueError, match="X must not be empty"):
            function(np.zeros((0, 3)), [0], [0])
        with pytest.raises(TypeError, match="rows must be numeric"):
            function(X, ["a"], [0])
        assert function(X, [], []).shape == (0,)
    with pytest.raises(ValueError, match="X must be finite"):
        bilinear_interpolate([[np.nan]], 0, 0)
    with pytest.raises(ValueError, match="t must be finite"):
        nn_interpolate_1d([1.0], [np.nan])
    with pytest.raises(ValueError, match="X must not be empty"):
        nn_interpolate_1d([], [0.0])


def test_bad_resampling():
    X = image(1, 3, 3, 1)
    for bad in (3, (3,), (1, 2, 3), "ab"):
        with pytest.raises((ValueError, TypeError), match="new_dim must be"):
            batch_resample(X, bad)
    with pytest.raises(ValueError, match="new_dim must be at least 1, got 0"):
        batch_resample(X, (0, 3))
    with pytest.raises(TypeError, match="new_dim must be an integer"):
        batch_resample(X, (1.5, 3))
    with pytest.raises(ValueError, match="mode must be one of 'bilinear', 'nearest'"):
        batch_resample(X, (2, 2), "cubic")
    for mode in ("bilinear", "nearest"):
        with pytest.raises(ValueError, match="X must"):
            batch_resample(X[0], (2, 2), mode)
        with pytest.raises(ValueError, match="X must be 4-dimensional"):
            batch_resample(X[None], (2, 2), mode)
