"""Windows: weights that fade a stretch of signal out at its ends, so that its spectrum leaks less.

Notation: n the length, a (K,) coefficients. All of them are sums of a few cosines,

    w[j] = sum_k (-1)^k a[k] cos(2 pi j k / (n - 1)),    j = 0 .. n-1      symmetric: for filters
    w[j] = the first n of the symmetric window of n + 1                    periodic (sym=False): for spectra

    name             a                                     highest side lobe
    boxcar           1                                      -13 dB
    hann             0.5, 0.5                               -31 dB
    hamming          0.54, 0.46                             -43 dB
    blackman         0.42, 0.5, 0.08                        -58 dB
    blackman_harris  0.35875, 0.48829, 0.14128, 0.01168     -92 dB

More coefficients buy lower side lobes with a wider main lobe (a sum of K cosines is K bins wide on either side).

References
----------
Harris (1978). On the use of windows for harmonic analysis with the discrete Fourier transform. Table 1.
    doi:10.1109/PROC.1978.10837
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._checks import check_signal, check_size

__all__ = ["blackman_harris", "generalized_cosine", "get_window", "hamming", "hann"]

COEFFICIENTS = {
    "boxcar": (1.0,),
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "blackman_harris": (0.35875, 0.48829, 0.14128, 0.01168),
}


def generalized_cosine(n: int, a: ArrayLike, sym: bool = True) -> NDArray[np.float64]:
    """Sum of cosines, w[j] = sum_k (-1)^k a[k] cos(2 pi j k / (n - 1)).

    Parameters
    ----------
    n : int
        Number of samples; of a single one the window is 1, of none it is empty.
    a : array-like (K,)
        Coefficients; they sum to the value in the middle.
    sym : bool, default=True
        Symmetric, or (False) one period of a periodic window, as spectra want it.

    Returns
    -------
    ndarray (n,)
        The window.

    Raises
    ------
    ValueError
        For n < 0, and coefficients that are not a vector of finite real numbers.
    TypeError
        For n that is not an integer.

    Notes
    -----
    Equal to ``scipy.signal.windows.general_cosine``.

    Examples
    --------
    >>> from npml_preproc import generalized_cosine
    >>> generalized_cosine(5, [0.5, 0.5])
    array([0. , 0.5, 1. , 0.5, 0. ])
    """
    n = check_size(n, "n", minimum=0)
    weights = check_signal(a, "a", allow_complex=False).astype(np.float64, copy=False)
    if weights.ndim != 1:
        raise ValueError(f"a must be 1-dimensional, got shape {weights.shape}")
    if n <= 1:
        return np.ones(n)
    t = np.linspace(-np.pi, np.pi, n if sym else n + 1)[:n]  # cos(k (t - pi)) = (-1)^k cos(k t)
    return sum(weight * np.cos(k * t) for k, weight in enumerate(weights))


def hann(n: int, sym: bool = True) -> NDArray[np.float64]:
    """Hann's window, 1/2 - 1/2 cos(2 pi j / (n - 1)).

    Parameters
    ----------
    n : int
        Number of samples.
    sym : bool, default=True
        Symmetric, or (False) periodic.

    Returns
    -------
    ndarray (n,)
        The window.

    Raises
    ------
    ValueError, TypeError
        For a negative n, or one that is not an integer.

    Notes
    -----
    Equal to ``scipy.signal.windows.hann``. Shifted by half its length and added, the periodic window gives a constant.

    Examples
    --------
    >>> from npml_preproc import hann
    >>> hann(4, sym=False)
    array([0. , 0.5, 1. , 0.5])
    """
    return generalized_cosine(n, COEFFICIENTS["hann"], sym)


def hamming(n: int, sym: bool = True) -> NDArray[np.float64]:
    """Hamming's window, 0.54 - 0.46 cos(2 pi j / (n - 1)): the first side lobe nearly cancelled.

    Parameters
    ----------
    n : int
        Number of samples.
    sym : bool, default=True
        Symmetric, or (False) periodic.

    Returns
    -------
    ndarray (n,)
        The window.

    Raises
    ------
    ValueError, TypeError
        For a negative n, or one that is not an integer.

    Notes
    -----
    Equal to ``scipy.signal.windows.hamming``.

    Examples
    --------
    >>> from npml_preproc import hamming
    >>> hamming(5)
    array([0.08, 0.54, 1.  , 0.54, 0.08])
    """
    return generalized_cosine(n, COEFFICIENTS["hamming"], sym)


def blackman_harris(n: int, sym: bool = True) -> NDArray[np.float64]:
    """Four-term window of Blackman and Harris: side lobes below -92 dB.

    Parameters
    ----------
    n : int
        Number of samples.
    sym : bool, default=True
        Symmetric, or (False) periodic.

    Returns
    -------
    ndarray (n,)
        The window.

    Raises
    ------
    ValueError, TypeError
        For a negative n, or one that is not an integer.

    Notes
    -----
    Equal to ``scipy.signal.windows.blackmanharris``.

    Examples
    --------
    >>> from npml_preproc import blackman_harris
    >>> blackman_harris(5).round(5)
    array([6.0000e-05, 2.1747e-01, 1.0000e+00, 2.1747e-01, 6.0000e-05])
    """
    return generalized_cosine(n, COEFFICIENTS["blackman_harris"], sym)


def get_window(window: str | Callable | ArrayLike, n: int) -> NDArray[np.float64]:
    """Window for a spectrum: by name, made by a function, or given.

    Parameters
    ----------
    window : str, callable or array-like (n,)
        ``"hann"``, ``"hamming"``, ``"blackman"``, ``"blackman_harris"`` or ``"boxcar"`` (periodic); a function called
        with `n`; or the weights themselves.
    n : int
        Number of samples.

    Returns
    -------
    ndarray (n,)
        The window.

    Raises
    ------
    ValueError
        For an unknown name, or weights that are not `n` finite real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_preproc import get_window
    >>> get_window("hann", 4)
    array([0. , 0.5, 1. , 0.5])
    >>> get_window(np.ones, 3)
    array([1., 1., 1.])
    """
    n = check_size(n, "n")
    if isinstance(window, str):
        coefficients = COEFFICIENTS.get("blackman_harris" if window == "blackmanharris" else window)
        if coefficients is None:
            raise ValueError(f"window must be one of {', '.join(COEFFICIENTS)}, a function or weights, got {window!r}")
        return generalized_cosine(n, coefficients, sym=False)
    weights = check_signal(window(n) if callable(window) else window, "window", allow_complex=False)
    if weights.shape != (n,):
        raise ValueError(f"window must have shape ({n},), got {weights.shape}")
    return weights
