"""Signals cut into overlapping frames, and the spectrum of every frame.

Notation: y (..., n) signals, L the length of a frame, h the hop, T the number of frames, w a window.

    frames[t, j] = y[t h + j]                                       T = 1 + (n - L) // h
    stft[t, k]   = sum_j w[j] frames[t, j] exp(-2 pi i j k / L)     k = 0 .. L//2 (real y), O(T L log L)

Frames come before what is in a frame: (..., T, L) and (..., T, 1 + L//2), so that one frame is one row.

The short transforms of `stft` are scipy's, in the signal's own precision, where scipy is installed: on many short
rows its compiled loops are about three times as fast as `dft`, which stands in where it is not.

References
----------
Allen, Rabiner (1977). A unified approach to short-time Fourier analysis and synthesis. doi:10.1109/PROC.1977.10770
"""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from ._checks import check_option, check_signal, check_size
from .fourier import real_dft
from .windows import get_window

__all__ = ["frames", "map_spectra", "stft"]

BLOCK = 2**17  # samples of the frames that are transformed at a time
PAD_MODES = ("constant", "edge", "linear_ramp", "reflect", "symmetric")


def frames(x: ArrayLike, frame_length: int, hop_length: int) -> NDArray:
    """Overlapping frames of signals, frames[t, j] = x[t hop_length + j].

    Parameters
    ----------
    x : array-like (..., n)
        The signals; time is the last axis.
    frame_length : int
        Samples of a frame, at most n.
    hop_length : int
        Samples from the start of one frame to the start of the next.

    Returns
    -------
    ndarray (..., 1 + (n - frame_length) // hop_length, frame_length)
        A read-only view where `x` was a float array: nothing is copied. Samples after the last whole frame are left
        out.

    Raises
    ------
    ValueError
        For NaN, infinity, an empty signal, sizes below 1, and a frame longer than the signal.
    TypeError
        For signals that are not numbers, and sizes that are not integers.

    Notes
    -----
    Equal to ``librosa.util.frame`` with its last two axes swapped.

    Examples
    --------
    >>> from npml_preproc import frames
    >>> frames([0, 1, 2, 3, 4, 5], frame_length=3, hop_length=2)
    array([[0., 1., 2.],
           [2., 3., 4.]])
    """
    signals = check_signal(x, "x")
    frame_length = check_size(frame_length, "frame_length")
    hop_length = check_size(hop_length, "hop_length")
    if frame_length > signals.shape[-1]:
        raise ValueError(f"frame_length is {frame_length}, but x has {signals.shape[-1]} sample(s)")
    return sliding_window_view(signals, frame_length, axis=-1)[..., ::hop_length, :]


def stft(
    y: ArrayLike,
    n_fft: int = 2048,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: str | Callable | ArrayLike = "hann",
    center: bool = True,
    pad_mode: str = "constant",
) -> NDArray:
    """Short-time Fourier transform: the spectrum of every windowed frame.

    Parameters
    ----------
    y : array-like (..., n)
        Real signals; time is the last axis.
    n_fft : int, default=2048
        Samples of a frame, and length of its transform.
    hop_length : int, default=None
        Samples between the starts of frames; None: ``win_length // 4``.
    win_length : int, default=None
        Samples of the window, in the middle of the frame; None: `n_fft`.
    window : str, callable or array-like, default="hann"
        As in `get_window`, of `win_length` samples.
    center : bool, default=True
        Whether frame t is centred at sample ``t * hop_length`` (the signal is continued by ``n_fft // 2`` samples on
        both sides) or starts there.
    pad_mode : {"constant", "edge", "linear_ramp", "reflect", "symmetric"}, default="constant"
        How the signal is continued (constant: by zeros), as in `numpy.pad`.

    Returns
    -------
    ndarray of complex (..., n_frames, 1 + n_fft // 2)
        The spectra; complex64 of float32 signals, complex128 otherwise.

    Raises
    ------
    ValueError
        For NaN, infinity, complex or empty signals, sizes below 1, ``win_length > n_fft``, unknown windows or modes,
        and (with ``center=False``) signals shorter than a frame.
    TypeError
        For signals that are not numbers, and sizes that are not integers.

    Notes
    -----
    Equal to ``librosa.stft`` with its last two axes swapped.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_preproc import stft
    >>> y = np.cos(2 * np.pi * 8 * np.arange(256) / 64)  # 8 turns in 64 samples
    >>> S = abs(stft(y, n_fft=64, hop_length=16, center=False))
    >>> S.shape, int(S[0].argmax())
    ((13, 33), 8)
    """
    n_bins = 1 + check_size(n_fft, "n_fft") // 2
    return map_spectra(lambda spectra: spectra, n_bins, y, n_fft, hop_length, win_length, window, center, pad_mode)


def map_spectra(function, width, y, n_fft, hop_length, win_length, window, center, pad_mode):
    """``function(spectra of a few frames) -> (frames, width)`` for all frames of y: (..., n_frames, width).

    A few frames at a time stay in the cache from their samples to what is wanted of them.
    """
    y, n_fft, hop_length, weights = _check(y, n_fft, hop_length, win_length, window)
    if center:
        check_option(pad_mode, "pad_mode", PAD_MODES)
        y = np.pad(y, [(0, 0)] * (y.ndim - 1) + [(n_fft // 2, n_fft // 2)], mode=pad_mode)
    if n_fft > y.shape[-1]:
        raise ValueError(f"n_fft is {n_fft}, but y has {y.shape[-1]} sample(s) (and center is False)")
    transform = _transform()
    n_frames = 1 + (y.shape[-1] - n_fft) // hop_length
    channels = np.arange(y.size // y.shape[-1])
    starts = np.add.outer(
        channels * y.shape[-1], np.arange(n_frames) * hop_length
    ).ravel()  # in all channels end to end
    windows, size = sliding_window_view(y.ravel(), n_fft), max(1, BLOCK // n_fft)
    out = None
    for first in range(0, len(starts), size):
        block = windows[starts[first : first + size]]
        block *= weights
        block = function(transform(block))
        if out is None:
            out = np.empty((len(starts), width), block.dtype)
        out[first : first + size] = block
    return out.reshape(*y.shape[:-1], n_frames, width)


def _check(y, n_fft, hop_length, win_length, window):
    """The checked signal, sizes, and the window of n_fft samples in the signal's precision."""
    y = check_signal(y, "y", allow_complex=False)
    n_fft = check_size(n_fft, "n_fft")
    win_length = n_fft if win_length is None else check_size(win_length, "win_length")
    if win_length > n_fft:
        raise ValueError(f"win_length must be at most n_fft = {n_fft}, got {win_length}")
    hop_length = max(1, win_length // 4) if hop_length is None else check_size(hop_length, "hop_length")
    before = (n_fft - win_length) // 2
    weights = np.zeros(n_fft, y.dtype)
    weights[before : before + win_length] = get_window(window, win_length)
    return y, n_fft, hop_length, weights


def _transform():
    try:
        from scipy.fft import rfft
    except ImportError:
        return real_dft
    return rfft
