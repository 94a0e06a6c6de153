import sys

import numpy as np
import pytest

from npml_preproc import frames, hann, stft


def naive_stft(y, n_fft, hop, window, center, pad_mode="constant"):
    """One frame after the other."""
    if center:
        y = np.pad(y, n_fft // 2, mode=pad_mode)
    starts = range(0, len(y) - n_fft + 1, hop)
    return np.array([np.fft.rfft(window * y[s : s + n_fft]) for s in starts])


def test_frames_are_slices():
    x = np.arange(23.0)
    for length in (1, 2, 5, 23):
        for hop in (1, 3, 7, 30):
            right = [x[s : s + length] for s in range(0, 23 - length + 1, hop)]
            np.testing.assert_array_equal(frames(x, length, hop), right)


def test_frames_of_several_channels_and_dtypes():
    x = np.random.default_rng(0).normal(size=(2, 3, 20)).astype(np.float32)
    f = frames(x, 6, 4)
    assert f.shape == (2, 3, 4, 6)
    assert f.dtype == np.float32
    np.testing.assert_array_equal(f[1, 2], frames(x[1, 2], 6, 4))
    assert frames(np.arange(4) * 1j, 2, 1).dtype == np.complex128


def test_frames_copy_nothing_and_cannot_be_written():
    x = np.arange(10.0)
    f = frames(x, 4, 2)
    assert np.shares_memory(f, x)
    assert not f.flags.writeable


def test_bad_frames():
    with pytest.raises(ValueError, match=r"frame_length is 5, but x has 4 sample\(s\)"):
        frames(np.ones(4), 5, 1)
    for bad in (0, -1):
        with pytest.raises(ValueError, match="hop_length must be at least 1"):
            frames(np.ones(4), 2, bad)
        with pytest.raises(ValueError, match="frame_length must be at least 1"):
            frames(np.ones(4), bad, 1)
    with pytest.raises(TypeError, match="hop_length must be an integer"):
        frames(np.ones(4), 2, 1.5)
    for bad in ([], [np.nan, 1.0], 2.0):
        with pytest.raises(ValueError, match="x must"):
            frames(bad, 1, 1)


@pytest.mark.parametrize("n_fft", [1, 2, 31, 32, 100])
@pytest.mark.parametrize("center", [True, False])
def test_stft_is_the_spectrum_of_every_frame(n_fft, center):
    y = np.random.default_rng(0).normal(size=400)
    for hop in (1, 13, 500):
        right = naive_stft(y, n_fft, hop, hann(n_fft, sym=False), center)
        np.testing.assert_allclose(stft(y, n_fft, hop, center=center), right, rtol=0, atol=1e-13)


def test_default_hop_is_a_quarter_of_the_window():
    y = np.random.default_rng(0).normal(size=400)
    np.testing.assert_array_equal(stft(y, 64), stft(y, 64, 16))
    np.testing.assert_array_equal(stft(y, 64, win_length=40), stft(y, 64, 10, 40))
    assert stft(y, 2).shape == (401, 2)


def test_a_short_window_stands_in_the_middle():
    y = np.random.default_rng(0).normal(size=400)
    for n_fft, win_length in ((64, 40), (64, 41), (65, 40)):
        window, before = np.zeros(n_fft), (n_fft - win_length) // 2
        window[before : before + win_length] = hann(win_length, sym=False)
        right = naive_stft(y, n_fft, 16, window, True)
        np.testing.assert_allclose(stft(y, n_fft, 16, win_length), right, rtol=0, atol=1e-13)


@pytest.mark.parametrize("pad_mode", ["constant", "edge", "linear_ramp", "reflect", "symmetric"])
def test_ends_are_continued(pad_mode):
    y = np.random.default_rng(0).normal(size=100)
    right = naive_stft(y, 32, 8, np.ones(32), True, pad_mode)
    np.testing.assert_allclose(stft(y, 32, 8, window=np.ones(32), pad_mode=pad_mode), right, rtol=0, atol=1e-13)


def test_channels_are_signals_of_their_own_whatever_the_blocks():
    y = np.random.default_rng(0).normal(size=(2, 3, 3000))
    S = stft(y, 2048, 50)
    assert S.shape == (2, 3, 61, 1025)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_allclose(S[i, j], naive_stft(y[i, j], 2048, 50, hann(2048, False), True), atol=1e-12)


def test_signals_shorter_than_a_frame_and_silence():
    assert stft([1.0], 16).shape == (1, 9)
    assert stft(np.zeros(100), 16, center=False).shape == (22, 9)
    assert not stft(np.zeros(100), 16).any()


def test_float32_stays_float32():
    y = np.random.default_rng(0).normal(size=500).astype(np.float32)
    S = stft(y, 128)
    assert S.dtype == np.complex64
    assert np.abs(S - stft(y.astype(float), 128)).max() < 1e-6 * np.abs(S).max()


@pytest.mark.parametrize("dtype, tolerance", [("f8", 1e-14), ("f4", 1e-6)])
def test_the_own_transform_stands_in_for_scipys(monkeypatch, dtype, tolerance):
    y = np.random.default_rng(0).normal(size=(2, 3000)).astype(dtype)
    for n_fft in (64, 100, 101, 1024):
        right = stft(y, n_fft)
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "scipy.fft", None)
            ours = stft(y, n_fft)
        assert ours.dtype == right.dtype
        assert np.abs(ours - right).max() < tolerance * np.abs(right).max()


def test_the_callers_signal_is_left_alone():
    y = np.random.default_rng(0).normal(size=300)
    before = y.copy()
    stft(y, 64, center=False)
    np.testing.assert_array_equal(y, before)


def test_bad_arguments():
    y = np.ones(100)
    with pytest.raises(ValueError, match=r"n_fft is 200, but y has 100 sample\(s\)"):
        stft(y, 200, center=False)
    with pytest.raises(ValueError, match="win_length must be at most n_fft = 64, got 65"):
        stft(y, 64, win_length=65)
    with pytest.raises(ValueError, match="pad_mode must be one of 'constant'"):
        stft(y, 64, pad_mode="wrapped")
    with pytest.raises(ValueError, match="window must be one of"):
        stft(y, 64, window="triangle")
    with pytest.raises(ValueError, match=r"window must have shape \(64,\)"):
        stft(y, 64, window=np.ones(10))
    for name in ("n_fft", "hop_length", "win_length"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
            stft(y, **{name: 0})
    for bad in ([], [np.nan], [np.inf], [1j], 1.0):
        with pytest.raises(ValueError, match="y must"):
            stft(bad, 4)
