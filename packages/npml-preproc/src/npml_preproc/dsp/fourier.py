"""The discrete Fourier transform: its definition, and a fast transform for every length.

Notation: x (..., n) a signal, X (..., n) its spectrum, w_n = exp(-2 pi i / n).

    X[k] = sum_j x[j] w_n^(jk)                      the definition: X = x F, F[j, k] = w_n^(jk), O(n^2)
    x[j] = 1/n sum_k X[k] w_n^(-jk)                 its inverse

The fast transform is O(n log n) for every n:

1. n = n1 n2 (four steps; Bailey 1990). With j = j1 n2 + j2 and k = k1 + n1 k2,

       X[k1 + n1 k2] = sum_j2 w_n2^(j2 k2) * { w_n^(j2 k1) * sum_j1 w_n1^(j1 k1) x[j1, j2] },

   n2 short transforms of length n1, a pointwise product with the "twiddle" factors, n1 transforms of length n2, and the
   transpose. A short transform is the definition, and all of them together are one matrix product, at which BLAS
   excels: radices of 16 to 64 do more additions than radix 2 and take a fraction of its time.
2. n prime (Bluestein 1970). With c[j] = w_n^(j^2 / 2) and jk = (j^2 + k^2 - (k - j)^2) / 2,

       X[k] = c[k] * sum_j (x[j] c[j]) conj(c[k - j]),

   a convolution, computed by transforms of a composite length m >= 2n - 1.
3. x real. X[n - k] = conj(X[k]), and so for the short transforms over j1: k1 = 0 .. n1/2 are enough, found by a real
   product and carried on by half the work; the other columns k1 are mirror images.

4. A signal that is a quarter of a sample late, j + 1/4 for j in 1., turns its spectrum: X[k] w_n^(k/4). The short
   transforms over j2 are a quarter late too, all else stays: cosine transforms are turned at no cost.

Angles are reduced in whole numbers (jk mod n, then by quarter turns) before sine and cosine: every root is exact to
rounding.

References
----------
Cooley, Tukey (1965). An algorithm for the machine calculation of complex Fourier series. doi:10.2307/2003354
Bluestein (1970). A linear filtering approach to the computation of discrete Fourier transform.
    doi:10.1109/TAU.1970.1162132
Bailey (1990). FFTs in external or hierarchical memory. Section 2. doi:10.1007/BF00162341
"""

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._checks import check_option, check_signal, check_size

__all__ = [
    "as_rows",
    "dft",
    "idft",
    "in_blocks",
    "inverse_real_columns",
    "inverse_real_dft",
    "move_axis",
    "radix",
    "real_columns",
    "real_dft",
    "roots",
]

LONGEST_DIRECT = 64  # up to here the definition is the fastest transform
RADIX = 32  # stages are added until no radix has to be (much) above this
BLOCK = 2**15  # numbers that are transformed at a time, so that they stay in the cache


def dft(
    x: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, *, method: str = "fast"
) -> NDArray:
    """Discrete Fourier transform, X[k] = sum_j x[j] exp(-2 pi i jk / n), of real or complex signals.

    Parameters
    ----------
    x : array-like (..., n, ...)
        The signals, real or complex.
    n : int, default=None
        Length of the transform: signals are cut, or padded with zeros, to it. None: as long as they are.
    axis : int, default=-1
        The axis of time.
    norm : {None, "backward", "ortho", "forward"}, default=None
        The factor of the sum: 1 (None and ``"backward"``), n^(-1/2) or 1/n.
    method : {"fast", "matrix"}, default="fast"
        The O(n log n) transform, or the product with the n x n matrix of the definition.

    Returns
    -------
    ndarray of complex (..., n, ...)
        The spectrum; complex64 for float32 and complex64, complex128 otherwise.

    Raises
    ------
    ValueError
        For NaN, infinity, an empty signal, n < 1, an unknown norm or method.
    TypeError
        For signals that are not numbers.

    Notes
    -----
    Equal to ``scipy.fft.fft``.

    Examples
    --------
    >>> from npml_preproc import dft
    >>> dft([1.0, 0.0, 0.0, 0.0])
    array([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    >>> abs(dft([1.0, -1.0, 1.0, -1.0], method="matrix"))
    array([0., 0., 4., 0.])
    """
    rows, shape = as_rows(x, n, axis)
    check_option(norm, "norm", (None, "backward", "ortho", "forward"))
    if check_option(method, "method", ("fast", "matrix")) == "matrix":
        spectrum = rows @ _matrix(rows.shape[1], _complex(rows.dtype))
    else:
        spectrum = in_blocks(_real_fft if rows.dtype.kind == "f" else _fft, rows)
    return move_axis(_scaled(spectrum, norm).reshape(shape), -1, axis)


def idft(
    x: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, *, method: str = "fast"
) -> NDArray:
    """Inverse of `dft`, 1/n sum_k x[k] exp(2 pi i jk / n).

    Parameters
    ----------
    x : array-like (..., n, ...)
        The spectra, real or complex.
    n, axis, norm, method
        As in `dft`; the factor of the sum is 1/n (None and ``"backward"``), n^(-1/2) or 1.

    Returns
    -------
    ndarray of complex (..., n, ...)
        The signals (take ``.real`` where they were real).

    Raises
    ------
    ValueError, TypeError
        As `dft`.

    Notes
    -----
    Equal to ``scipy.fft.ifft``. Reading a spectrum backwards, k -> -k mod n, conjugates the roots: the inverse is
    the forward transform with its output reversed.

    Examples
    --------
    >>> from npml_preproc import dft, idft
    >>> idft(dft([1.0, 2.0, 3.0])).real
    array([1., 2., 3.])
    """
    inverse = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}
    check_option(norm, "norm", tuple(inverse))
    forward = move_axis(dft(x, n, axis, inverse[norm], method=method), axis, -1)
    reversed_ = np.concatenate([forward[..., :1], forward[..., :0:-1]], axis=-1)
    return move_axis(reversed_, -1, axis)


def real_dft(x: NDArray) -> NDArray:
    """Coefficients 0 .. n//2 of real rows x (rows, n): the others are their conjugates."""
    return _real_fft(x, x.shape[1] // 2 + 1)


def inverse_real_dft(X: NDArray, n: int) -> NDArray:
    """Real rows (rows, n) from their coefficients 0 .. n//2: step 3 backwards."""
    rows, mirror = len(X), np.conjugate(X[:, (n - 1) // 2 : 0 : -1])
    X = np.conjugate(np.concatenate([X, mirror], axis=1))
    n1 = radix(n)
    if n <= LONGEST_DIRECT or n1 is None:
        return _fft(X).real / n
    return inverse_real_columns(X.reshape(rows, n // n1, n1)[:, :, : n1 // 2 + 1], n1, 1 / n)


def real_columns(x: NDArray, n1: int, quarters: int = 0) -> NDArray:
    """X[k1 + n1 k2] of real rows x (rows, n1 n2) as (rows, k2, k1) for k1 = 0 .. n1//2; `quarters` of a sample late."""
    return _four_steps(x, n1, n1 // 2 + 1, quarters)


def inverse_real_columns(X: NDArray, n1: int, scale: float, quarters: int = 0) -> NDArray:
    """Real rows, scale sum_k X[k] w_n^((j + quarters/4) k), from columns X (rows, k2, k1) of a symmetric spectrum."""
    rows, n2, kept = X.shape
    if n2 <= LONGEST_DIRECT:
        columns = _short_matrix(n2, X.dtype, quarters) @ X
    else:
        lines = X.swapaxes(1, 2) * _turns(n2, quarters, X.dtype)
        columns = in_blocks(_fft, lines.reshape(rows * kept, n2)).reshape(rows, kept, n2).swapaxes(1, 2).copy()
    columns *= _twiddles(n2, n1, X.dtype, quarters)[:, :kept]
    last = _last_columns(n1, X.real.dtype, scale)
    return (last.T @ columns.view(last.dtype).swapaxes(1, 2)).reshape(rows, n1 * n2)  # (rows, j1, j2)


def in_blocks(transform: Callable[[NDArray], NDArray], rows: NDArray) -> NDArray:
    """The transform of a few rows at a time, so that its intermediate results stay in the cache."""
    size = max(1, BLOCK // rows.shape[1])
    first = transform(rows[:size])
    if len(rows) <= size:
        return first
    out = np.empty((len(rows), first.shape[1]), first.dtype)
    out[:size] = first
    for start in range(size, len(rows), size):
        out[start : start + size] = transform(rows[start : start + size])
    return out


def _matrix(n, dtype, quarters=0):
    """F[j, k] = w_n^((j + quarters/4) k), for no quarters the matrix of the definition."""
    j, k = np.arange(n, dtype=np.int64)[:, None], np.arange(n, dtype=np.int64)
    return roots(4 * n, (4 * j + quarters) * k).astype(dtype)


_short_matrix = lru_cache(maxsize=128)(_matrix)


def roots(n, exponents):
    """w_n^exponents = (-i)^q exp(-i t), with q quarter turns and abs(t) at most an eighth: w_4 is exactly -i."""
    exponents = exponents % n
    q = (8 * exponents + n) // (2 * n)
    t = np.pi / (2 * n) * (4 * exponents - q * n)
    roots = np.empty(t.shape, np.complex128)
    np.cos(t, out=roots.real)
    np.negative(np.sin(t), out=roots.imag)
    return roots * np.array([1, -1j, -1, 1j])[q % 4]


def _complex(dtype):
    return np.dtype(np.complex64 if dtype.char in "fF" else np.complex128)


def as_rows(x, n, axis):
    """The signals as rows of a contiguous matrix, cut or padded to length n, and the shape they came from."""
    x = move_axis(check_signal(x, "x"), axis, -1)
    length = x.shape[-1] if n is None else check_size(n, "n")
    if length > x.shape[-1]:
        x = np.concatenate([x, np.zeros((*x.shape[:-1], length - x.shape[-1]), x.dtype)], axis=-1)
    x = np.ascontiguousarray(x[..., :length])
    return x.reshape(-1, length), x.shape


def move_axis(x, source, destination):
    """``np.moveaxis``, which takes as long as a short transform even where nothing moves."""
    return x if source == destination else np.moveaxis(x, source, destination)


def _scaled(spectrum, norm):
    n = spectrum.shape[1]
    if norm in ("ortho", "forward"):
        spectrum *= spectrum.real.dtype.type(n ** (-0.5 if norm == "ortho" else -1.0))
    return spectrum


def _real_fft(x, count=None):
    """The first `count` coefficients (None: all) of every real row of x (rows, n)."""
    rows, n = x.shape
    count, dtype, n1 = count or n, _complex(x.dtype), radix(n)
    if n <= LONGEST_DIRECT:
        return (x @ _short_matrix(n, dtype)[:, :count].view(x.dtype)).view(dtype)
    if n1 is None:
        return _bluestein(x)[:, :count]
    kept = n1 // 2 + 1
    columns = _four_steps(x, n1, kept)
    lines = (count - 1) // n1 + 1
    X = np.empty((rows, lines, n1), dtype)
    X[:, :, :kept] = columns[:, :lines]
    np.conjugate(columns[:, ::-1, n1 - kept : 0 : -1][:, :lines], out=X[:, :, kept:])
    return X.reshape(rows, -1)[:, :count]


def _fft(x, quarters=0):
    """The transform of every row of x (rows, n), `quarters` of a sample late."""
    rows, n = x.shape
    n1 = radix(n)
    if n <= LONGEST_DIRECT:
        return x @ _short_matrix(n, _complex(x.dtype), quarters)
    if n1 is None:
        X = _bluestein(x)
        return X * _turns(n, quarters, X.dtype) if quarters else X
    return _four_steps(x, n1, n1, quarters).reshape(rows, n)


def _four_steps(x, n1, kept, quarters=0):
    """Bailey's steps for n = n1 n2: the spectra of rows x as (rows, k2, k1), of k1 the first `kept`."""
    rows, n = x.shape
    n2, dtype = n // n1, _complex(x.dtype)
    F = _short_matrix(n1, dtype)[:, :kept]
    x = x.reshape(rows, n1, n2)
    if n2 <= LONGEST_DIRECT:  # one product from either side, nothing is transposed
        columns = (x.swapaxes(1, 2) @ F.view(x.dtype)).view(dtype)  # 1. over j1; a real product where x is real
        columns *= _twiddles(n2, n1, dtype, quarters)[:, :kept]  # 2.
        return _short_matrix(n2, dtype, quarters).T @ columns  # 3. over j2
    lines = F.T @ x  # 1.
    lines *= _line_twiddles(n2, n1, dtype, quarters)[:kept]  # 2.
    lines = in_blocks(partial(_fft, quarters=quarters), lines.reshape(rows * kept, n2))  # 3.
    return lines.reshape(rows, kept, n2).swapaxes(1, 2)  # 4.


@lru_cache(maxsize=1024)
def radix(n):
    """A divisor of n, so chosen that the fewest stages are about equal; None where every divisor is too large."""
    divisors = [d for d in range(2, LONGEST_DIRECT + 1) if n % d == 0]
    stages = int(np.ceil(np.log(n) / np.log(RADIX) - 1e-9))
    return min(divisors, key=lambda d: abs(np.log(d) - np.log(n) / stages), default=None)


@lru_cache(maxsize=16)
def _twiddles(n2, n1, dtype, quarters=0):
    """w_n^((j2 + quarters/4) k1), n = n1 n2."""
    j2, k1 = np.arange(n2, dtype=np.int64)[:, None], np.arange(n1, dtype=np.int64)
    return roots(4 * n1 * n2, (4 * j2 + quarters) * k1).astype(dtype)


@lru_cache(maxsize=16)
def _turns(n, quarters, dtype):
    """w_n^(k quarters/4)."""
    return roots(4 * n, quarters * np.arange(n, dtype=np.int64)).astype(dtype)


@lru_cache(maxsize=16)
def _line_twiddles(n2, n1, dtype, quarters):
    return _twiddles(n2, n1, dtype, quarters).T.copy()


@lru_cache(maxsize=128)
def _last_columns(n, dtype, scale):
    """From kept columns k1 = 0 .. n//2, parts alternating, to the real signal: those left out count twice."""
    kept = n // 2 + 1
    weights = np.full(kept, 2 * scale)
    weights[[0, -1] if n % 2 == 0 else [0]] = scale
    return np.conjugate(weights * _matrix(n, np.complex128)[:, :kept]).view(np.float64).T.astype(dtype)


def _bluestein(x):
    """A transform of any length as a convolution."""
    rows, n = x.shape
    chirp, kernel = _chirp(n, _complex(x.dtype))
    m = len(kernel)
    padded = np.zeros((rows, m), chirp.dtype)
    np.multiply(x, chirp, out=padded[:, :n])
    product = _fft(padded)
    product *= kernel
    convolution = _fft(product)  # read backwards it is the inverse
    spectrum = np.empty((rows, n), chirp.dtype)
    spectrum[:, 0] = convolution[:, 0] * chirp[0]
    np.multiply(convolution[:, : m - n : -1], chirp[1:], out=spectrum[:, 1:])
    return spectrum


@lru_cache(maxsize=16)
def _chirp(n, dtype):
    """c[j] = w_n^(j^2 / 2), and the transform of conj(c[-n+1 .. n-1]) on a circle of length m, divided by m."""
    m = _round_length(2 * n - 1)
    j = np.arange(n, dtype=np.int64)
    chirp = roots(2 * n, j * j)
    circle = np.zeros((1, m), np.complex128)
    circle[0, :n] = np.conjugate(chirp)
    circle[0, m - n + 1 :] = circle[0, n - 1 : 0 : -1]
    return chirp.astype(dtype), (_fft(circle)[0] / m).astype(dtype)


def _round_length(n):
    """The smallest c 2^k >= n with c between 16 and 32: at most 1/16 longer, and all its radices are short."""
    power = 1 << max(0, n.bit_length() - 5)
    return -(-n // power) * power
