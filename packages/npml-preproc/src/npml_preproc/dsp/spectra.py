"""Spectra of real frames, their frequencies, and what a signal has in common with itself later on.

Notation: frames (..., n) real, X = dft(frames), sr samples a second. A real signal's spectrum is symmetric: its first
n//2 + 1 coefficients, "one side", say everything.

    frequency[k] = k sr / n                         in Hz
    magnitude[k] = |X[k]|,    power[k] = |X[k]|^2
    r[k] = sum_j x[j + k] conj(x[j])                autocorrelation at lag k (Wiener-Khinchin: r = idft(|X|^2), padded)

References
----------
Oppenheim, Schafer (2010). Discrete-time signal processing, 3rd ed., sections 8.6 and 10.6.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._checks import check_number, check_signal, check_size
from .fourier import as_rows, dft, idft, in_blocks, inverse_real_dft, real_dft

__all__ = ["autocorrelate1d", "dft_bins", "magnitude_spectrum", "power_spectrum", "preemphasis"]

LONGEST_DIRECT_SUM = 1024  # up to here the sums themselves are as fast as transforms, and exact for whole numbers


def dft_bins(n_fft: int, sr: float = 22050, one_sided: bool = True) -> NDArray:
    """Frequencies of the coefficients of `dft`, in Hz.

    Parameters
    ----------
    n_fft : int
        Length of the transform.
    sr : float, default=22050
        Samples a second.
    one_sided : bool, default=True
        Only the frequencies from 0 to sr/2 (of the first ``n_fft // 2 + 1`` coefficients); False: those of all of them,
        in the order of `dft`, the second half negative.

    Returns
    -------
    ndarray (n_fft // 2 + 1,) or (n_fft,)
        The frequencies.

    Raises
    ------
    ValueError
        For n_fft < 1, and sr that is not positive and finite.

    Notes
    -----
    Equal to ``scipy.fft.rfftfreq(n_fft, 1 / sr)`` and ``fftfreq``.

    Examples
    --------
    >>> from npml_preproc import dft_bins
    >>> dft_bins(4, sr=8000)
    array([   0., 2000., 4000.])
    >>> dft_bins(4, sr=8000, one_sided=False)
    array([    0.,  2000., -4000., -2000.])
    """
    n_fft, sr = check_size(n_fft, "n_fft"), check_number(sr, "sr", above=0)
    if one_sided:
        return np.arange(n_fft // 2 + 1) * (sr / n_fft)
    return ((np.arange(n_fft) + n_fft // 2) % n_fft - n_fft // 2) * (sr / n_fft)


def magnitude_spectrum(frames: ArrayLike) -> NDArray:
    """One-sided magnitude spectrum |X[k]| of real frames.

    Parameters
    ----------
    frames : array-like (..., n)
        Real frames; the spectrum is taken along the last axis.

    Returns
    -------
    ndarray (..., n // 2 + 1)
        The magnitudes; float32 of float32 frames, float64 otherwise.

    Raises
    ------
    ValueError
        For NaN, infinity, complex or empty frames.
    TypeError
        For frames that are not numbers.

    Examples
    --------
    >>> from npml_preproc import magnitude_spectrum
    >>> magnitude_spectrum([1.0, -1.0, 1.0, -1.0]).round(12)
    array([0., 0., 4.])
    """
    return np.abs(_one_side(frames))


def power_spectrum(frames: ArrayLike) -> NDArray:
    """One-sided power spectrum |X[k]|^2 of real frames.

    Parameters
    ----------
    frames : array-like (..., n)
        Real frames; the spectrum is taken along the last axis.

    Returns
    -------
    ndarray (..., n // 2 + 1)
        The powers; float32 of float32 frames, float64 otherwise.

    Raises
    ------
    ValueError, TypeError
        As `magnitude_spectrum`.

    Examples
    --------
    >>> from npml_preproc import power_spectrum
    >>> power_spectrum([1.0, -1.0, 1.0, -1.0]).round(12)
    array([ 0.,  0., 16.])
    """
    X = _one_side(frames)
    return X.real**2 + X.imag**2


def _one_side(frames):
    rows, shape = as_rows(check_signal(frames, "frames", allow_complex=False), None, -1)
    return in_blocks(real_dft, rows).reshape(*shape[:-1], -1)


def autocorrelate1d(x: ArrayLike, axis: int = -1) -> NDArray:
    """Autocorrelation r[k] = sum_j x[j + k] conj(x[j]) at the lags k = 0 .. n-1.

    Parameters
    ----------
    x : array-like (..., n, ...)
        The signals, real or complex.
    axis : int, default=-1
        The axis of time.

    Returns
    -------
    ndarray (..., n, ...)
        The autocorrelations; ``r[0]`` is the energy of the signal, and the largest.

    Raises
    ------
    ValueError
        For NaN, infinity and empty signals.
    TypeError
        For signals that are not numbers.

    Notes
    -----
    Equal to ``librosa.autocorrelate`` and to the second half of ``numpy.correlate(x, x, "full")``. A single signal of
    up to 1024 samples is summed as it stands; others take three transforms of twice their length, O(n log n).

    Examples
    --------
    >>> from npml_preproc import autocorrelate1d
    >>> autocorrelate1d([1.0, 2.0, 3.0])
    array([14.,  8.,  3.])
    """
    signals = check_signal(x, "x")
    if signals.ndim == 1 and axis in (0, -1) and len(signals) <= LONGEST_DIRECT_SUM:
        return np.correlate(signals, signals, "full")[len(signals) - 1 :]
    signals = np.moveaxis(signals, axis, -1)
    n = signals.shape[-1]
    if signals.dtype.kind == "c":
        spectrum = dft(signals, n=2 * n)  # zeros keep the end from meeting the beginning
        r = idft(spectrum.real**2 + spectrum.imag**2)[..., :n]
    else:
        rows, shape = as_rows(signals, 2 * n, -1)
        r = in_blocks(_circular_autocorrelation, rows).reshape(shape)[..., :n].copy()
    return np.moveaxis(r, -1, axis)


def _circular_autocorrelation(x):
    """Of real rows (rows, n): the autocorrelation of signals that repeat."""
    spectrum = real_dft(x)
    return inverse_real_dft((spectrum.real**2 + spectrum.imag**2).astype(spectrum.dtype), x.shape[1])


def preemphasis(y: ArrayLike, coef: float = 0.97, zi: float | None = None) -> NDArray:
    """First differences that lift high frequencies, out[t] = y[t] - coef y[t-1].

    Parameters
    ----------
    y : array-like (..., n)
        The signals; time is the last axis.
    coef : float, default=0.97
        0 leaves the signal, 1 takes its differences.
    zi : float, default=None
        What stands for ``-coef * y[-1]`` at the first sample. None: ``2 y[0] - y[1]``, librosa's start (0 for a single
        sample); 0: the signal was silent before.

    Returns
    -------
    ndarray (..., n)
        The filtered signals; float32 of float32 signals, float64 otherwise.

    Raises
    ------
    ValueError
        For NaN, infinity and empty signals, and a coefficient that is not finite.
    TypeError
        For signals that are not numbers.

    Notes
    -----
    Equal to ``librosa.effects.preemphasis``; with ``zi=0`` to ``scipy.signal.lfilter([1, -coef], [1], y)``.

    Examples
    --------
    >>> from npml_preproc import preemphasis
    >>> preemphasis([1.0, 2.0, 3.0], coef=0.5, zi=0)
    array([1. , 1.5, 2. ])
    """
    signals, coef = check_signal(y, "y"), check_number(coef, "coef")
    if zi is None:
        start = 2 * signals[..., 0] - signals[..., 1] if signals.shape[-1] > 1 else 0
    else:
        start = check_number(zi, "zi")
    out = signals.copy()
    out[..., 1:] -= coef * signals[..., :-1]
    out[..., 0] += start
    return out
