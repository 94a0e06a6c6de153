import numpy as np
import pytest

from npml_preproc import blackman_harris, generalized_cosine, get_window, hamming, hann
from npml_preproc.dsp.windows import COEFFICIENTS

WINDOWS = {
    hann: lambda j, n: np.sin(np.pi * j / n) ** 2,
    hamming: lambda j, n: 0.54 - 0.46 * np.cos(2 * np.pi * j / n),
    blackman_harris: lambda j, n: (
        0.35875
        - 0.48829 * np.cos(2 * np.pi * j / n)
        + 0.14128 * np.cos(4 * np.pi * j / n)
        - 0.01168 * np.cos(6 * np.pi * j / n)
    ),
}


@pytest.mark.parametrize("window", WINDOWS)
def test_windows_are_their_formula(window):
    for n in (2, 3, 4, 5, 10, 101, 1024):
        np.testing.assert_allclose(window(n), WINDOWS[window](np.arange(n), n - 1), rtol=0, atol=1e-15)
        np.testing.assert_allclose(window(n, sym=False), WINDOWS[window](np.arange(n), n), rtol=0, atol=1e-15)


@pytest.mark.parametrize("window", WINDOWS)
def test_shape_of_a_window(window):
    for n in (2, 3, 8, 9, 100):
        w = window(n)
        np.testing.assert_allclose(w, w[::-1], rtol=0, atol=1e-15)
        np.testing.assert_array_equal(window(n, sym=False), window(n + 1)[:-1])
    assert window(9)[4] == window(8, False)[4] == pytest.approx(1, abs=1e-15)
    for sym in (True, False):
        assert window(1, sym).tolist() == [1.0]
        assert window(0, sym).tolist() == []


def test_coefficients_are_weights_of_cosines():
    j = np.arange(12)
    a = [0.3, -0.2, 0.5]
    right = 0.3 + 0.2 * np.cos(2 * np.pi * j / 11) + 0.5 * np.cos(4 * np.pi * j / 11)
    np.testing.assert_allclose(generalized_cosine(12, a), right, atol=1e-15)
    assert generalized_cosine(3, [2]).tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    "name, side_lobe", [("hann", -31), ("hamming", -42), ("blackman", -58), ("blackman_harris", -92)]
)
def test_side_lobes_are_as_low_as_the_table_says(name, side_lobe):
    spectrum = np.abs(np.fft.rfft(generalized_cosine(64, COEFFICIENTS[name]), 64 * 64))
    main_lobe = np.flatnonzero(np.diff(spectrum) > 0)[0]
    assert 20 * np.log10(spectrum[main_lobe:].max() / spectrum[0]) < side_lobe


def test_periodic_hann_windows_add_up():
    w = hann(64, sym=False)
    np.testing.assert_allclose(w[:32] + w[32:], 1, rtol=1e-15)


def test_windows_by_name_function_and_weights():
    for name in ("hann", "hamming", "blackman", "blackman_harris", "boxcar"):
        np.testing.assert_array_equal(get_window(name, 10), generalized_cosine(10, COEFFICIENTS[name], sym=False))
    np.testing.assert_array_equal(get_window("blackmanharris", 10), get_window("blackman_harris", 10))
    np.testing.assert_array_equal(get_window(hann, 10), hann(10))
    np.testing.assert_array_equal(get_window([1, 2, 3], 3), [1.0, 2.0, 3.0])


@pytest.mark.parametrize("window", [*WINDOWS, lambda n: generalized_cosine(n, [1.0])])
def test_bad_lengths(window):
    with pytest.raises(ValueError, match="n must be at least 0, got -1"):
        window(-1)
    with pytest.raises(TypeError, match="n must be an integer"):
        window(2.5)


def test_bad_windows():
    with pytest.raises(ValueError, match="window must be one of boxcar, hann"):
        get_window("han", 4)
    with pytest.raises(ValueError, match=r"window must have shape \(4,\), got \(3,\)"):
        get_window([1, 2, 3], 4)
    with pytest.raises(ValueError, match="window must be finite"):
        get_window([1, np.nan], 2)
    with pytest.raises(TypeError, match="window must be numeric"):
        get_window(None, 2)
    with pytest.raises(ValueError, match="a must be 1-dimensional"):
        generalized_cosine(4, [[1.0]])
    with pytest.raises(ValueError, match="a must not be empty"):
        generalized_cosine(4, [])
