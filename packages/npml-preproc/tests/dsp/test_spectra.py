import numpy as np
import pytest

from npml_preproc import autocorrelate1d, dft_bins, magnitude_spectrum, power_spectrum, preemphasis


def test_bins_one_sided():
    assert dft_bins(8, 16).tolist() == [0, 2, 4, 6, 8]
    assert dft_bins(5, 10).tolist() == [0, 2, 4]
    assert dft_bins(1, 10).tolist() == [0]


def test_bins_of_all_coefficients():
    assert dft_bins(8, 16, one_sided=False).tolist() == [0, 2, 4, 6, -8, -6, -4, -2]
    assert dft_bins(5, 10, one_sided=False).tolist() == [0, 2, 4, -4, -2]
    assert dft_bins(1, 10, one_sided=False).tolist() == [0]


def test_bins_name_the_frequency_of_a_tone():
    sr, n = 8000, 400
    y = np.cos(2 * np.pi * 1000 * np.arange(n) / sr)
    assert dft_bins(n, sr)[magnitude_spectrum(y).argmax()] == pytest.approx(1000)


@pytest.mark.parametrize("n", [1, 2, 3, 64, 65, 100, 101, 128])
def test_spectra_are_of_the_definition(n):
    x = np.random.default_rng(n).normal(size=(2, 3, n))
    X = x @ np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n // 2 + 1)) / n)
    np.testing.assert_allclose(magnitude_spectrum(x), abs(X), rtol=0, atol=1e-11)
    np.testing.assert_allclose(power_spectrum(x), abs(X) ** 2, rtol=0, atol=1e-10)
    assert magnitude_spectrum(x.astype("f4")).dtype == power_spectrum(x.astype("f4")).dtype == np.float32


@pytest.mark.parametrize("n", [1, 2, 3, 10, 101, 1024, 1025, 1500])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_autocorrelation_is_its_sum(n, kind):
    rng = np.random.default_rng(n)
    x = rng.normal(size=n) + (1j * rng.normal(size=n) if kind == "complex" else 0)
    right = np.array([np.sum(x[k:] * np.conjugate(x[: n - k])) for k in range(n)])
    for ours in (autocorrelate1d(x), autocorrelate1d(np.stack([x, x]))[1], autocorrelate1d(x[:, None], axis=0)[:, 0]):
        np.testing.assert_allclose(ours, right, rtol=0, atol=1e-13 * n)
        assert ours.dtype == x.dtype


def test_autocorrelation_of_whole_numbers_is_exact():
    assert autocorrelate1d([1, 2, 3]).tolist() == [14, 8, 3]


def test_autocorrelation_finds_a_period():
    y = np.sin(2 * np.pi * np.arange(3000) / 50)
    assert autocorrelate1d(y)[25:75].argmax() + 25 == 50


def test_autocorrelation_keeps_float32_and_is_silent_on_silence():
    for n in (100, 2000):
        r = autocorrelate1d(np.zeros(n, np.float32))
        assert r.dtype == np.float32
        assert not r.any()


def test_preemphasis_is_a_difference():
    y = np.random.default_rng(0).normal(size=(2, 50))
    out = preemphasis(y, 0.9)
    np.testing.assert_allclose(out[:, 1:], y[:, 1:] - 0.9 * y[:, :-1], rtol=1e-15)
    np.testing.assert_allclose(out[:, 0], 3 * y[:, 0] - y[:, 1], rtol=1e-14)
    np.testing.assert_array_equal(preemphasis(y, 0.9, zi=0)[:, 0], y[:, 0])
    np.testing.assert_array_equal(preemphasis(y, 0.9, zi=2.5)[:, 0], y[:, 0] + 2.5)


def test_preemphasis_of_short_and_single_precision_signals():
    assert preemphasis([3.0]).tolist() == [3.0]
    y = np.ones(4, np.float32)
    assert preemphasis(y).dtype == np.float32
    assert (y == 1).all()


@pytest.mark.parametrize("function", [magnitude_spectrum, power_spectrum, autocorrelate1d, preemphasis])
def test_bad_signals(function):
    for bad in ([], [np.nan, 1.0], [1.0, np.inf], 1.0):
        with pytest.raises(ValueError, match="must"):
            function(bad)
    with pytest.raises(TypeError, match="must be numeric"):
        function(["a"])


def test_bad_arguments():
    for function in (magnitude_spectrum, power_spectrum):
        with pytest.raises(ValueError, match="Complex data not supported: frames"):
            function([1j])
    with pytest.raises(ValueError, match="n_fft must be at least 1"):
        dft_bins(0)
    for bad in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="sr must be"):
            dft_bins(4, bad)
        if bad not in (0, -1):
            with pytest.raises(ValueError, match="coef must be finite"):
                preemphasis([1.0, 2.0], bad)
            with pytest.raises(ValueError, match="zi must be finite"):
                preemphasis([1.0, 2.0], zi=bad)
