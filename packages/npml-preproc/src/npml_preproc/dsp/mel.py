"""The mel scale, its filterbank, and spectrograms on it.

The mel scale is spaced as people hear pitch: linear below 1 kHz, logarithmic above. Frequency f in Hz,

    Slaney   m = 3 f / 200 for f < 1000,    15 + 27 ln(f / 1000) / ln(6.4) otherwise
    HTK      m = 2595 log10(1 + f / 700)

A bank of M triangles stands on M + 2 frequencies c[0] .. c[M+1], equally spaced in mel: filter m rises from c[m] to
c[m+1] and falls to c[m+2]. With P[t, k] the power spectrum of frame t (see `stft`),

    mel[t, m] = sum_k filterbank[m, k] P[t, k]                       (T, M)

one product per block of frames, O(T n_fft M).

References
----------
Stevens, Volkmann, Newman (1937). A scale for the measurement of the psychological magnitude pitch.
    doi:10.1121/1.1915893
Slaney (1998). Auditory toolbox, version 2. Interval Research technical report 1998-010.
Young et al. (2006). The HTK book, version 3.4, section 5.4.
"""

import math
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._checks import check_number, check_option, check_signal, check_size
from .framing import map_spectra
from .spectra import dft_bins

__all__ = ["hertz_to_mel", "mel_filterbank", "mel_spectrogram", "mel_to_hertz"]

HERTZ_PER_MEL = 200 / 3  # Slaney's, below BREAK
BREAK = 1000.0  # Hz, where Slaney's scale turns logarithmic
BREAK_MEL = BREAK / HERTZ_PER_MEL
LOG_STEP = math.log(6.4) / 27  # and its step there


def hertz_to_mel(frequencies: ArrayLike, htk: bool = False) -> NDArray:
    """Frequencies in Hz on the mel scale.

    Parameters
    ----------
    frequencies : float or array-like
        Frequencies in Hz, not negative.
    htk : bool, default=False
        HTK's formula instead of Slaney's.

    Returns
    -------
    float or ndarray
        Mels.

    Raises
    ------
    ValueError
        For negative frequencies, NaN and infinity.

    Notes
    -----
    Equal to ``librosa.hz_to_mel``.

    Examples
    --------
    >>> from npml_preproc import hertz_to_mel
    >>> hertz_to_mel([0.0, 200.0, 6400.0])
    array([ 0.,  3., 42.])
    """
    f = _check_scale(frequencies, "frequencies")
    if htk:
        return 2595 / math.log(10) * np.log1p(f / 700)
    return np.where(f < BREAK, f / HERTZ_PER_MEL, BREAK_MEL + np.log(np.maximum(f, BREAK) / BREAK) / LOG_STEP)[()]


def mel_to_hertz(mels: ArrayLike, htk: bool = False) -> NDArray:
    """Mels as frequencies in Hz, the inverse of `hertz_to_mel`.

    Parameters
    ----------
    mels : float or array-like
        Mels, not negative.
    htk : bool, default=False
        HTK's formula instead of Slaney's.

    Returns
    -------
    float or ndarray
        Frequencies in Hz.

    Raises
    ------
    ValueError
        For negative mels, NaN and infinity.

    Notes
    -----
    Equal to ``librosa.mel_to_hz``.

    Examples
    --------
    >>> from npml_preproc import mel_to_hertz
    >>> mel_to_hertz([0.0, 3.0, 42.0])
    array([   0.,  200., 6400.])
    """
    m = _check_scale(mels, "mels")
    if htk:
        return 700 * np.expm1(m * (math.log(10) / 2595))
    return np.where(m < BREAK_MEL, m * HERTZ_PER_MEL, BREAK * np.exp(LOG_STEP * np.maximum(m - BREAK_MEL, 0)))[()]


def mel_filterbank(
    sr: float,
    n_fft: int,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | None = "slaney",
    dtype: DTypeLike = np.float64,
) -> NDArray:
    """Triangles on the mel scale, as weights of the bins of a one-sided spectrum.

    Parameters
    ----------
    sr : float
        Samples a second.
    n_fft : int
        Length of the transform.
    n_mels : int, default=128
        Number of filters.
    fmin, fmax : float, default=0 and None
        Where the first triangle begins and the last ends, in Hz; None: sr/2.
    htk : bool, default=False
        HTK's mel scale instead of Slaney's.
    norm : {"slaney", None}, default="slaney"
        Triangles of area 1 (in Hz), or of height 1.
    dtype : dtype, default=float64
        Of the weights.

    Returns
    -------
    ndarray (n_mels, 1 + n_fft // 2)
        The filters, one a row.

    Raises
    ------
    ValueError
        For sizes below 1, ``fmin < 0``, ``fmax <= fmin``, sr that is not positive, an unknown norm.

    Warns
    -----
    UserWarning
        Where a filter is narrower than the bins are apart, so that all its weights are 0.

    Notes
    -----
    Equal to ``librosa.filters.mel``.

    Examples
    --------
    >>> from npml_preproc import mel_filterbank
    >>> mel_filterbank(sr=8000, n_fft=8, n_mels=2, norm=None).round(3)
    array([[0.   , 0.783, 0.   , 0.   , 0.   ],
           [0.   , 0.217, 0.904, 0.452, 0.   ]])
    """
    bins = dft_bins(n_fft, sr)
    n_mels, fmin = check_size(n_mels, "n_mels"), check_number(fmin, "fmin", minimum=0)
    fmax = check_number(sr / 2 if fmax is None else fmax, "fmax", above=fmin)
    check_option(norm, "norm", ("slaney", None))
    corners = mel_to_hertz(np.linspace(hertz_to_mel(fmin, htk), hertz_to_mel(fmax, htk), n_mels + 2), htk)
    low, middle, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    filters = np.maximum(0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
    empty = n_mels - np.count_nonzero(filters.any(axis=1))
    if empty:
        warnings.warn(
            f"{empty} of n_mels={n_mels} mel filters are empty: n_fft={n_fft} gives bins {sr / n_fft:.4g} Hz apart, "
            "wider than those triangles. Use fewer n_mels, a longer n_fft, or fmax at most sr/2",
            stacklevel=2,
        )
    if norm == "slaney":
        filters *= 2 / (high - low)
    return filters.astype(dtype, copy=False)


def mel_spectrogram(
    y: ArrayLike,
    sr: float = 22050,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: str | Callable | ArrayLike = "hann",
    center: bool = True,
    pad_mode: str = "constant",
    power: float = 2.0,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | None = "slaney",
) -> NDArray:
    """Spectrogram on the mel scale: the power (or magnitude) spectrum of every frame through `mel_filterbank`.

    Parameters
    ----------
    y : array-like (..., n)
        Real signals; time is the last axis.
    sr : float, default=22050
        Samples a second.
    n_fft, hop_length, win_length, window, center, pad_mode
        As in `stft`.
    power : float, default=2.0
        Exponent of the magnitudes: 2 for power, 1 for magnitude.
    n_mels, fmin, fmax, htk, norm
        As in `mel_filterbank`.

    Returns
    -------
    ndarray (..., n_frames, n_mels)
        The spectrogram; float32 of float32 signals, float64 otherwise.

    Raises
    ------
    ValueError, TypeError
        As `stft` and `mel_filterbank`, and for a power that is not positive.

    Notes
    -----
    Equal to ``librosa.feature.melspectrogram`` with its last two axes swapped.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_preproc import mel_spectrogram
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> mel_spectrogram(y, n_mels=40).shape
    (44, 40)
    """
    signals = check_signal(y, "y", allow_complex=False)
    power = check_number(power, "power", above=0)
    filters = mel_filterbank(sr, n_fft, n_mels, fmin, fmax, htk, norm, signals.dtype).T

    def through_filters(spectra):
        energy = spectra.real**2
        energy += spectra.imag**2
        return (energy if power == 2 else energy ** (power / 2)) @ filters

    return map_spectra(through_filters, n_mels, signals, n_fft, hop_length, win_length, window, center, pad_mode)


def _check_scale(values, name):
    values = check_signal(values, name, min_ndim=0, allow_complex=False)
    if (values < 0).any():
        raise ValueError(f"{name} must not be negative, got {values.min()}")
    return values
