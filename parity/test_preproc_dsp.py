"""npml_preproc's signals against scipy.fft, scipy.signal, scipy.ndimage and librosa."""

import warnings

import librosa
import numpy as np
import pytest
import scipy.fft
import scipy.ndimage
import scipy.signal

import npml_preproc as npml

LENGTHS = [
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    60,
    63,
    64,
    65,
    67,
    100,
    101,
    128,
    243,
    1000,
    1009,
    1024,
    2018,
    4096,
    4757,
    10007,
    2**15,
]
SR = 16000


def close(ours, peer, tolerance=1e-12, rows=-1):
    """Equal up to a fraction of the largest value in each row: what rounding allows a transform."""
    assert ours.shape == peer.shape
    scale = np.abs(peer).max(axis=rows, keepdims=True)
    assert (np.abs(ours - peer) <= tolerance * scale).all()


def frames_first(peer):
    return np.swapaxes(peer, -1, -2)


def signal(n, kind="real", shape=(3,)):
    rng = np.random.default_rng(n)
    x = rng.normal(size=(*shape, n))
    return x + 1j * rng.normal(size=x.shape) if kind == "complex" else x


@pytest.fixture(scope="module", params=["mono", "stereo"])
def sound(request):
    """Two seconds of a rising tone, noise, and half a second of silence."""
    t = np.arange(2 * SR) / SR
    left = np.sin(2 * np.pi * (200 + 1500 * t) * t) + 0.05 * np.random.default_rng(0).normal(size=t.size)
    left[SR : SR + SR // 2] = 0
    return left if request.param == "mono" else np.stack([left, 0.1 * left[::-1]])


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
def test_dft(kind, norm):
    for n in LENGTHS:
        x = signal(n, kind)
        close(npml.dft(x, norm=norm), scipy.fft.fft(x, norm=norm))
        close(npml.idft(x, norm=norm), scipy.fft.ifft(x, norm=norm))


def test_dft_axes_lengths_and_precisions():
    x = signal(12, shape=(3, 10))
    for axis in (0, 1, -1):
        for n in (None, 1, 7, 12, 200):
            close(npml.dft(x, n, axis), scipy.fft.fft(x, n, axis), rows=axis)
    for dtype in ("f2", "f4", "f8", "c8", "c16", "i4", "?"):
        x = signal(300).astype(dtype)
        peer = scipy.fft.fft(x)
        assert npml.dft(x).dtype == peer.dtype
        close(npml.dft(x), peer, 1e-12 if peer.dtype == "c16" else 1e-6)


@pytest.mark.parametrize("type", [1, 2, 3, 4])
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
def test_dct(type, norm):
    for n in LENGTHS[type == 1 :]:
        for kind in ("real", "complex"):
            x = signal(n, kind)
            close(npml.dct(x, type, norm), scipy.fft.dct(x, type, norm=norm))
            close(npml.idct(x, type, norm), scipy.fft.idct(x, type, norm=norm))
            if n < 130:
                close(npml.dct(x, type, norm, method="matrix"), scipy.fft.dct(x, type, norm=norm))


def test_windows():
    for n in (0, 1, 2, 3, 10, 101, 4096):
        for sym in (True, False):
            for name, peer in (("hann", "hann"), ("hamming", "hamming"), ("blackman_harris", "blackmanharris")):
                ours, right = getattr(npml, name)(n, sym), getattr(scipy.signal.windows, peer)(n, sym)
                np.testing.assert_allclose(ours, right, rtol=1e-11, atol=1e-16)
            a = [0.3, 0.6, -0.2, 0.4, 0.1]
            right = scipy.signal.windows.general_cosine(n, a, sym)
            np.testing.assert_allclose(npml.generalized_cosine(n, a, sym), right, rtol=0, atol=1e-15)


def test_bins():
    for n in (1, 2, 7, 8, 2048):
        np.testing.assert_allclose(npml.dft_bins(n, SR), librosa.fft_frequencies(sr=SR, n_fft=n), rtol=1e-15)
        np.testing.assert_allclose(npml.dft_bins(n, SR, one_sided=False), scipy.fft.fftfreq(n, 1 / SR), rtol=1e-14)


def test_spectra():
    for n in LENGTHS:
        x = signal(n)
        close(npml.magnitude_spectrum(x), np.abs(scipy.fft.rfft(x)))
        close(npml.power_spectrum(x), np.abs(scipy.fft.rfft(x)) ** 2)


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_autocorrelation(kind):
    for n in (1, 2, 5, 100, 1024, 1025, 3000):
        x = signal(n, kind)
        close(npml.autocorrelate1d(x), librosa.autocorrelate(x))
        close(npml.autocorrelate1d(x[0]), np.correlate(x[0], x[0], "full")[n - 1 :])


def test_preemphasis(sound):
    np.testing.assert_allclose(npml.preemphasis(sound), librosa.effects.preemphasis(sound), rtol=1e-13, atol=1e-16)
    filtered = scipy.signal.lfilter([1, -0.9], [1], sound)
    np.testing.assert_allclose(npml.preemphasis(sound, coef=0.9, zi=0), filtered, rtol=1e-13, atol=1e-16)


def test_frames(sound):
    for length, hop in ((400, 160), (2048, 512), (1, 1000)):
        peer = librosa.util.frame(sound, frame_length=length, hop_length=hop)
        np.testing.assert_array_equal(npml.frames(sound, length, hop), frames_first(peer))


STFT_OPTIONS = [
    {},
    {"n_fft": 512, "hop_length": 160, "win_length": 400, "window": "hamming"},
    {"n_fft": 511, "hop_length": 100, "center": False, "window": "blackman"},
    {"n_fft": 1000, "win_length": 501, "pad_mode": "reflect", "window": np.ones(501)},
    {"n_fft": 600, "pad_mode": "edge", "window": np.hanning},
]


@pytest.mark.parametrize("options", STFT_OPTIONS)
def test_stft(sound, options):
    close(npml.stft(sound, **options), frames_first(librosa.stft(sound, **options)))
    single = sound.astype(np.float32)
    peer = frames_first(librosa.stft(single, **options))
    ours = npml.stft(single, **options)
    assert ours.dtype == peer.dtype
    assert np.abs(ours - peer).max() <= 1e-6 * np.abs(peer).max()


@pytest.mark.parametrize("htk", [False, True])
def test_the_mel_scale_and_its_filters(htk):
    f = np.concatenate([[0, 999, 1000], np.geomspace(10, 30000, 100)])
    np.testing.assert_allclose(npml.hertz_to_mel(f, htk=htk), librosa.hz_to_mel(f, htk=htk), rtol=1e-12)
    mels = librosa.hz_to_mel(f, htk=htk)
    np.testing.assert_allclose(npml.mel_to_hertz(mels, htk=htk), librosa.mel_to_hz(mels, htk=htk), rtol=1e-12)
    for options in ({}, {"n_mels": 40, "fmin": 20, "fmax": 7600}, {"n_mels": 26, "norm": None}):
        for n_fft in (2048, 2047):
            peer = librosa.filters.mel(sr=SR, n_fft=n_fft, htk=htk, dtype=np.float64, **options)
            ours = npml.mel_filterbank(sr=SR, n_fft=n_fft, htk=htk, **options)
            np.testing.assert_allclose(ours, peer, rtol=0, atol=1e-11 * peer.max())


def warnings_of(function, **arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(**arguments)
    return len(caught)


def test_empty_filters_warn_where_librosa_does():
    counts = []
    for n_mels in (20, 40, 80, 128, 256):
        for n_fft in (256, 512, 1024, 2048):
            arguments = {"sr": SR, "n_fft": n_fft, "n_mels": n_mels}
            counts.append(warnings_of(npml.mel_filterbank, **arguments))
            assert counts[-1] == warnings_of(librosa.filters.mel, **arguments), arguments
    assert 0 < sum(counts) < len(counts)


MEL_OPTIONS = [
    {},
    {"htk": True},
    {"n_fft": 512, "hop_length": 160, "win_length": 400, "n_mels": 40, "fmin": 20, "fmax": 7600, "window": "hamming"},
    {"n_fft": 1024, "center": False, "power": 1.0, "n_mels": 64},
]


@pytest.mark.parametrize("options", MEL_OPTIONS)
def test_mel_spectrogram(sound, options):
    peer = librosa.feature.melspectrogram(y=sound, sr=SR, dtype=np.float64, **options)
    close(npml.mel_spectrogram(sound, sr=SR, **options), frames_first(peer), rows=None)


@pytest.mark.parametrize("options", MEL_OPTIONS)
@pytest.mark.parametrize("cepstra", [{}, {"n_mfcc": 13, "lifter": 22}, {"dct_type": 3, "norm": None}, {"dct_type": 1}])
def test_mfcc(sound, options, cepstra):
    peer = librosa.feature.mfcc(y=sound, sr=SR, dtype=np.float64, **options, **cepstra)
    ours = npml.mfcc(sound, sr=SR, **options, **cepstra)
    np.testing.assert_allclose(ours, frames_first(peer), rtol=1e-8, atol=1e-8)


def test_mfcc_with_unnormalised_filters_in_single_precision_and_of_silence(sound):
    peer = librosa.feature.mfcc(y=sound, sr=SR, mel_norm=None, dtype=np.float64)
    np.testing.assert_allclose(npml.mfcc(sound, sr=SR, mel_norm=None), frames_first(peer), rtol=1e-8, atol=1e-8)
    single = sound.astype(np.float32)
    peer = librosa.feature.mfcc(y=single, sr=SR)
    assert npml.mfcc(single, sr=SR).dtype == peer.dtype
    assert np.abs(npml.mfcc(single, sr=SR) - frames_first(peer)).max() <= 1e-3  # of levels 80 dB below the loudest
    peer = frames_first(librosa.feature.mfcc(y=0 * sound, sr=SR))
    np.testing.assert_allclose(npml.mfcc(0 * sound, sr=SR), peer, rtol=1e-12, atol=1e-10)


def test_decibels():
    S = np.random.default_rng(0).exponential(size=(30, 20)) ** 8
    for options in ({}, {"ref": 5.0}, {"amin": 1e-3}, {"top_db": None}, {"top_db": 20}):
        np.testing.assert_allclose(npml.power_to_db(S, **options), librosa.power_to_db(S, **options), rtol=1e-13)


def test_interpolation_at_points():
    rng = np.random.default_rng(0)
    for shape in ((7, 9), (1, 5), (5, 1), (40, 30)):
        X = rng.normal(size=shape)
        rows, cols = rng.uniform(-2, 42, size=(2, 500))
        rows[:80], cols[40:120] = np.arange(80) / 2, np.arange(80) / 2  # samples, and the middles between them
        for order, ours in ((0, npml.nn_interpolate_2d), (1, npml.bilinear_interpolate)):
            peer = scipy.ndimage.map_coordinates(X, [rows, cols], order=order, mode="nearest")
            np.testing.assert_allclose(ours(X, rows, cols), peer, rtol=0, atol=1e-14)
        peer = scipy.ndimage.map_coordinates(X[:, 0], [rows], order=0, mode="nearest")
        np.testing.assert_array_equal(npml.nn_interpolate_1d(X[:, 0], rows), peer)
