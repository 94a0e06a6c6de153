"""The mel scale, its filterbank, and the cepstral coefficients on it (MFCC).

The mel scale is spaced as people hear pitch: linear below 1 kHz, logarithmic above. Frequency f in Hz,

    Slaney   m = 3 f / 200 for f < 1000,    15 + 27 ln(f / 1000) / ln(6.4) otherwise
    HTK      m = 2595 log10(1 + f / 700)

A bank of M triangles stands on M + 2 frequencies c[0] .. c[M+1], equally spaced in mel: filter m rises from c[m] to
c[m+1] and falls to c[m+2]. With P[t, k] the power spectrum of frame t (see `stft`),

    mel[t, m]  = sum_k filterbank[m, k] P[t, k]                      (T, M)
    db[t, m]   = 10 log10 max(mel[t, m], 1e-10), at most 80 below the highest
    mfcc[t, c] = sum_m db[t, m] cos(pi (2m + 1) c / (2M))            an orthonormal DCT of type 2, c < n_mfcc

The last step gathers the smooth shape of the spectrum into the first few coefficients. Spectra cost
O(T n_fft log n_fft), the filterbank O(T n_fft M) in one product per block of frames.

References
----------
Davis, Mermelstein (1980). Comparison of parametric representations for monosyllabic word recognition.
    doi:10.1109/TASSP.1980.1163420
Slaney (1998). Auditory toolbox, version 2. Interval Research technical report 1998-010.
Young et al. (2006). The HTK book, version 3.4, section 5.4.
"""

import math
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._checks import check_number, check_option, check_signal, check_size
from .cosine import dct
from .framing import map_spectra
from .spectra import dft_bins

__all__ = [
    "cepstral_lifter",
    "hertz_to_mel",
    "mel_filterbank",
    "mel_spectrogram",
    "mel_to_hertz",
    "mfcc",
    "power_to_db",
]

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


def power_to_db(S: ArrayLike, ref: float = 1.0, amin: float = 1e-10, top_db: float | None = 80.0) -> NDArray:
    """Power in decibels, 10 log10(S / ref).

    Parameters
    ----------
    S : array-like
        Powers, not negative.
    ref : float, default=1.0
        The power of 0 dB.
    amin : float, default=1e-10
        Powers and `ref` below this count as this: silence has a finite level.
    top_db : float, default=80
        Nothing lies further below the highest level of all; None: no such floor.

    Returns
    -------
    ndarray
        Levels, of S's shape and float dtype.

    Raises
    ------
    ValueError
        For NaN, infinity, an `amin` or `ref` that is not positive, a negative `top_db`.

    Notes
    -----
    Equal to ``librosa.power_to_db``.

    Examples
    --------
    >>> from npml_preproc import power_to_db
    >>> power_to_db([1.0, 0.1, 0.0])
    array([  0., -10., -80.])
    """
    powers = check_signal(S, "S", allow_complex=False, min_ndim=0)
    amin, ref = check_number(amin, "amin", above=0), check_number(ref, "ref", above=0)
    db = 10 * np.log10(np.maximum(powers, powers.dtype.type(amin)))
    db -= powers.dtype.type(10 * np.log10(max(ref, amin)))
    if top_db is not None:
        db = np.maximum(db, db.max() - powers.dtype.type(check_number(top_db, "top_db", minimum=0)))
    return db


def mfcc(
    y: ArrayLike,
    sr: float = 22050,
    n_mfcc: int = 20,
    dct_type: int = 2,
    norm: str | None = "ortho",
    lifter: float = 0,
    mel_norm: str | None = "slaney",
    **options,
) -> NDArray:
    """Mel-frequency cepstral coefficients.

    Parameters
    ----------
    y : array-like (..., n)
        Real signals; time is the last axis.
    sr : float, default=22050
        Samples a second.
    n_mfcc : int, default=20
        Number of coefficients, at most `n_mels`.
    dct_type : {1, 2, 3, 4}, default=2
        Type of the cosine transform.
    norm : {"ortho", None, "backward", "forward"}, default="ortho"
        Norm of the cosine transform.
    lifter : float, default=0
        Lifts the higher coefficients, see `cepstral_lifter`; 0 does nothing.
    mel_norm : {"slaney", None}, default="slaney"
        ``norm`` of `mel_filterbank`.
    **options
        For `mel_spectrogram`: ``n_fft``, ``hop_length``, ``win_length``, ``window``, ``center``, ``pad_mode``,
        ``power``, ``n_mels``, ``fmin``, ``fmax``, ``htk``.

    Returns
    -------
    ndarray (..., n_frames, n_mfcc)
        The coefficients; float32 of float32 signals, float64 otherwise.

    Raises
    ------
    ValueError, TypeError
        As `mel_spectrogram`, `dct` and `cepstral_lifter`, and for ``n_mfcc > n_mels``.

    Notes
    -----
    Equal to ``librosa.feature.mfcc`` with its last two axes swapped. As there, levels are cut 80 dB below the highest
    level of *all* signals given.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_preproc import mfcc
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> mfcc(y, n_mfcc=13, n_mels=40).shape
    (44, 13)
    """
    n_mfcc, n_mels = check_size(n_mfcc, "n_mfcc"), options.get("n_mels", 128)
    if n_mfcc > check_size(n_mels, "n_mels"):
        raise ValueError(f"n_mfcc must be at most n_mels = {n_mels}, got {n_mfcc}")
    _check_lifter(lifter, "lifter")
    levels = power_to_db(mel_spectrogram(y, sr, norm=mel_norm, **options))
    return cepstral_lifter(dct(levels, dct_type, norm)[..., :n_mfcc], lifter)


def cepstral_lifter(M: ArrayLike, D: float) -> NDArray:
    """Lift cepstral coefficients: out[..., n] = M[..., n] (1 + D/2 sin(pi (n + 1) / D)).

    Parameters
    ----------
    M : array-like (..., n_mfcc)
        Coefficients, as `mfcc` gives them.
    D : float
        The lifter: the largest factor, 1 + D/2, stands at n = D/2 - 1. 0 changes nothing.

    Returns
    -------
    ndarray (..., n_mfcc)
        A new array; float32 of float32 coefficients, float64 otherwise.

    Raises
    ------
    ValueError
        For a D that is negative, NaN or infinite, and for NaN or infinity in M.
    TypeError
        For what are not numbers.

    Notes
    -----
    Equal to what ``librosa.feature.mfcc(lifter=D)`` does. The factors have a period of 2D: choose D >= n_mfcc.

    Examples
    --------
    >>> from npml_preproc import cepstral_lifter
    >>> cepstral_lifter([[1.0, 1.0, 1.0]], D=2).round(12)
    array([[2., 1., 0.]])
    """
    cepstra = check_signal(M, "M", allow_complex=False)
    D = _check_lifter(D, "D")
    if D == 0:
        return cepstra.copy()
    n = np.arange(1, cepstra.shape[-1] + 1)
    return cepstra * (1 + D / 2 * np.sin(np.pi * n / D)).astype(cepstra.dtype)


def _check_lifter(D, name):
    return check_number(D, name, minimum=0)


def _check_scale(values, name):
    values = check_signal(values, name, min_ndim=0, allow_complex=False)
    if (values < 0).any():
        raise ValueError(f"{name} must not be negative, got {values.min()}")
    return values
