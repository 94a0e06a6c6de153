import warnings

import numpy as np
import pytest

from npml_preproc import hertz_to_mel, mel_filterbank, mel_spectrogram, mel_to_hertz, mfcc, stft

SOUND = np.random.default_rng(0).normal(size=6000)


@pytest.mark.parametrize("htk", [False, True])
def test_the_scales_are_inverse_and_rise(htk):
    f = np.concatenate([[0, 1e-9, 999.999, 1000, 1000.001], np.geomspace(1e-3, 1e5, 50)])
    np.testing.assert_allclose(mel_to_hertz(hertz_to_mel(f, htk), htk), f, rtol=1e-13)
    assert (np.diff(hertz_to_mel(np.sort(f), htk)) > 0).all()


def test_the_scales_at_known_points():
    assert hertz_to_mel(1000) == pytest.approx(15)
    assert hertz_to_mel(6400) == pytest.approx(42)
    assert hertz_to_mel(1000, htk=True) == pytest.approx(2595 * np.log10(17 / 7))
    assert hertz_to_mel(1e-12, htk=True) == pytest.approx(2595 / np.log(10) * 1e-12 / 700)
    assert mel_to_hertz(15) == pytest.approx(1000)
    assert hertz_to_mel(440.0).shape == ()
    assert hertz_to_mel(np.float32([440, 4400])).dtype == np.float32


def naive_filterbank(sr, n_fft, n_mels, fmin, fmax, htk, norm):
    """Triangle by triangle, bin by bin."""
    corners = mel_to_hertz(np.linspace(hertz_to_mel(fmin, htk), hertz_to_mel(fmax, htk), n_mels + 2), htk)
    filters = np.zeros((n_mels, n_fft // 2 + 1))
    for m, (low, middle, high) in enumerate(zip(corners, corners[1:], corners[2:])):
        for k in range(n_fft // 2 + 1):
            f = k * sr / n_fft
            if low < f <= middle:
                filters[m, k] = (f - low) / (middle - low)
            elif middle < f < high:
                filters[m, k] = (high - f) / (high - middle)
        if norm == "slaney":
            filters[m] *= 2 / (high - low)
    return filters


@pytest.mark.parametrize("htk", [False, True])
@pytest.mark.parametrize("norm", ["slaney", None])
def test_filters_are_triangles(htk, norm):
    for sr, n_fft, n_mels, fmin, fmax in ((8000, 512, 20, 0, 4000), (22050, 1023, 10, 300.5, 9000)):
        ours = mel_filterbank(sr, n_fft, n_mels, fmin, fmax, htk, norm)
        np.testing.assert_allclose(ours, naive_filterbank(sr, n_fft, n_mels, fmin, fmax, htk, norm), rtol=0, atol=1e-13)


def test_filters_without_norm_sum_to_one_between_the_outer_middles():
    filters = mel_filterbank(16000, 2048, 30, norm=None)
    inner = slice(filters[0].argmax() + 1, filters[-1].argmax())
    np.testing.assert_allclose(filters.sum(axis=0)[inner], 1, rtol=1e-12)


def test_precision_of_the_filters():
    assert mel_filterbank(16000, 512, 20).dtype == np.float64
    assert mel_filterbank(16000, 512, 20, dtype=np.float32).dtype == np.float32


def test_an_empty_filter_warns_with_the_names_of_its_causes():
    with pytest.warns(UserWarning, match=r"of n_mels=128 mel filters are empty: n_fft=256 gives bins 62.5 Hz apart"):
        filters = mel_filterbank(16000, 256, 128)
    assert (filters.max(axis=1) == 0).any()
    with pytest.warns(UserWarning, match="n_mels=10 .* n_fft=512"):
        mel_filterbank(8000, 512, 10, fmin=3000, fmax=9000)
    with pytest.warns(UserWarning, match="n_mels=128"):
        mfcc(SOUND, 16000, n_fft=256)


def test_bad_filters():
    for arguments, name in (
        ({"n_mels": 0}, "n_mels"),
        ({"n_fft": 0}, "n_fft"),
        ({"sr": 0}, "sr"),
        ({"fmin": -1}, "fmin"),
        ({"fmin": np.nan}, "fmin"),
        ({"fmin": 5000}, "fmax"),
        ({"fmax": np.inf}, "fmax"),
        ({"norm": "area"}, "norm"),
    ):
        with pytest.raises(ValueError, match=f"{name} must be"):
            mel_filterbank(**({"sr": 8000, "n_fft": 512, "n_mels": 10} | arguments))
    for function in (hertz_to_mel, mel_to_hertz):
        for bad in (-1.0, np.nan, [1.0, np.inf]):
            with pytest.raises(ValueError, match="must"):
                function(bad)


@pytest.mark.parametrize("power", [1.0, 2.0, 0.7])
def test_mel_spectrogram_is_filtered_spectra(power):
    y = np.stack([SOUND, SOUND[::-1]])
    right = abs(stft(y, 512, 160)) ** power @ mel_filterbank(16000, 512, 20).T
    ours = mel_spectrogram(y, 16000, 512, 160, n_mels=20, power=power)
    assert ours.shape == (2, 38, 20)
    np.testing.assert_allclose(ours, right, rtol=1e-12)


def test_a_tone_sounds_in_its_filter():
    y = np.sin(2 * np.pi * 1000 * np.arange(8000) / 16000)
    S = mel_spectrogram(y, 16000, n_mels=40)
    middles = mel_to_hertz(np.linspace(0, hertz_to_mel(8000), 42))[1:-1]
    assert abs(middles[S.mean(axis=0).argmax()] - 1000) < 60


def test_nothing_warns_where_nothing_is_wrong():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mfcc(SOUND)
        mel_filterbank(22050, 2048)
