import numpy as np
import pytest

from npml_preproc import cepstral_lifter, dct, mel_spectrogram, mfcc, power_to_db

SOUND = np.random.default_rng(0).normal(size=6000)


def test_decibels():
    np.testing.assert_allclose(power_to_db([1, 10, 100]), [0, 10, 20], atol=1e-14)
    np.testing.assert_allclose(power_to_db([1e-3, 0, 1], top_db=None), [-30, -100, 0], atol=1e-13)
    np.testing.assert_allclose(power_to_db([1e-9, 1], top_db=50), [-50, 0])
    np.testing.assert_allclose(power_to_db([1, 10], ref=10), [-10, 0], atol=1e-14)
    assert power_to_db(np.float32([1, 2])).dtype == np.float32
    assert power_to_db(100.0) == pytest.approx(20)
    for arguments, name in (({"amin": 0}, "amin"), ({"ref": 0}, "ref"), ({"top_db": -1}, "top_db")):
        with pytest.raises(ValueError, match=f"{name} must be"):
            power_to_db([1.0], **arguments)


@pytest.mark.parametrize("dct_type, norm", [(2, "ortho"), (3, None), (1, "ortho")])
def test_mfcc_is_the_cosine_transform_of_the_levels(dct_type, norm):
    options = {"n_fft": 512, "hop_length": 160, "n_mels": 26, "htk": True, "fmin": 50}
    levels = power_to_db(mel_spectrogram(SOUND, 16000, **options, norm=None))
    right = dct(levels, dct_type, norm, method="matrix")[:, :13] * (1 + 11 * np.sin(np.pi * np.arange(1, 14) / 22))
    ours = mfcc(SOUND, 16000, 13, dct_type, norm, lifter=22, mel_norm=None, **options)
    np.testing.assert_allclose(ours, right, rtol=1e-10, atol=1e-10)


def test_mfcc_of_silence_and_single_samples():
    for y in (np.zeros(5000), np.zeros((2, 5000), np.float32), [0.0], [1.0]):
        coefficients = mfcc(y)
        assert np.isfinite(coefficients).all()
        assert coefficients.shape[-1] == 20
    np.testing.assert_allclose(mfcc(np.zeros(5000))[:, 0], -100 * np.sqrt(128), rtol=1e-12)
    np.testing.assert_allclose(mfcc(np.zeros(5000))[:, 1:], 0, atol=1e-10)


def test_float32_stays_float32():
    y = SOUND.astype(np.float32)
    assert mel_spectrogram(y).dtype == mfcc(y, lifter=22).dtype == np.float32
    assert np.abs(mfcc(y) - mfcc(SOUND)).max() < 1e-3


def test_the_lifter():
    M = np.random.default_rng(0).normal(size=(2, 5, 13))
    factors = 1 + 22 / 2 * np.sin(np.pi * (np.arange(13) + 1) / 22)
    np.testing.assert_allclose(cepstral_lifter(M, 22), M * factors, rtol=1e-14)
    assert cepstral_lifter(M, 0) is not M
    np.testing.assert_array_equal(cepstral_lifter(M, 0), M)
    assert cepstral_lifter(M.astype(np.float32), 22).dtype == np.float32
    assert factors.argmax() == 22 // 2 - 1


@pytest.mark.parametrize("bad", [np.nan, -1, -1e-9, np.inf])
def test_a_bad_lifter_is_an_error(bad):
    with pytest.raises(ValueError, match="D must be"):
        cepstral_lifter([[1.0, 2.0]], bad)
    with pytest.raises(ValueError, match="lifter must be"):
        mfcc(SOUND, lifter=bad)


def test_bad_arguments():
    with pytest.raises(ValueError, match="M must be finite"):
        cepstral_lifter([[np.nan]], 2)
    with pytest.raises(ValueError, match="n_mfcc must be at most n_mels = 128, got 129"):
        mfcc(SOUND, n_mfcc=129)
    with pytest.raises(ValueError, match="n_mfcc must be at least 1"):
        mfcc(SOUND, n_mfcc=0)
    with pytest.raises(ValueError, match="type must be one of"):
        mfcc(SOUND, dct_type=7)
    with pytest.raises(ValueError, match="power must be greater than 0"):
        mel_spectrogram(SOUND, power=0)
    with pytest.raises(TypeError, match="n_filters"):
        mfcc(SOUND, n_filters=3)
    for bad in ([], [np.nan], [1j]):
        for function in (mfcc, mel_spectrogram):
            with pytest.raises(ValueError, match="y must"):
                function(bad)
