"""Mel-frequency cepstral coefficients (MFCC): the smooth shape of each spectrum, in a few numbers.

Notation: mel[t, m] the power of frame t in the m-th of M mel filters (see `mel_spectrogram`).

    db[t, m]   = 10 log10 max(mel[t, m], 1e-10), at most 80 below the highest
    mfcc[t, c] = sum_m db[t, m] cos(pi (2m + 1) c / (2M))            an orthonormal DCT of type 2, c < n_mfcc

The last step gathers what varies slowly over the filters into the first few coefficients. Spectra cost
O(T n_fft log n_fft), the filterbank O(T n_fft M), the rest O(T M log M).

References
----------
Davis, Mermelstein (1980). Comparison of parametric representations for monosyllabic word recognition.
    doi:10.1109/TASSP.1980.1163420
Juang, Rabiner, Wilpon (1987). On the use of bandpass liftering in speech recognition.
    doi:10.1109/TASSP.1987.1165237
Young et al. (2006). The HTK book, version 3.4, sections 5.3 and 5.6.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._checks import check_number, check_signal, check_size
from .cosine import dct
from .mel import mel_spectrogram

__all__ = ["cepstral_lifter", "mfcc", "power_to_db"]


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
