"""Discrete cosine transforms of types 1 to 4: their definitions, and fast forms through the Fourier transform.

Notation: x (..., n) a signal, y (..., n) its coefficients. With norm=None,

    type 1 (n >= 2)   y[k] = x[0] + (-1)^k x[n-1] + 2 sum_{0<j<n-1} x[j] cos(pi j k / (n-1))
    type 2            y[k] = 2 sum_j x[j] cos(pi (2j+1) k / (2n))                            "the" DCT
    type 3            y[k] = x[0] + 2 sum_{j>0} x[j] cos(pi j (2k+1) / (2n))                  its inverse, times 2n
    type 4            y[k] = 2 sum_j x[j] cos(pi (2j+1) (2k+1) / (4n))

or y = x C with C (n, n): O(n^2). The fast forms are O(n log n):

- type 2 (Makhoul 1980, eqs. 8-11): reorder x to v = x[0], x[2], x[4], .., x[5], x[3], x[1], which is real; then
  V = dft(v) gives y[k] = 2 Re(exp(-i pi k / (2n)) V[k]), and y[n-k] = -2 Im of the same number.
  The factor is that of a signal which is a quarter of a sample late, and costs nothing (``fourier``, 4.).
- type 3 undoes this: V[k] = exp(i pi k / (2n)) (y[k] - i y[n-k]) / 2 (with y[n] = 0), v = n idft(V), reorder back.
- type 1: the signal continued evenly, x[0] .. x[n-1] .. x[1], has the real spectrum y.
- type 4: (2j+1)(2k+1)/4 = jk + j/2 + (2k+1)/4, so that y[k] = 2 Re(exp(-i pi (2k+1) / (4n)) Z[k]), where Z is the
  transform of x[j] exp(-i pi j / (2n)), padded with zeros to 2n.

Inverses: of type 1 itself / (2(n-1)), of 2 type 3 / (2n), of 3 type 2 / (2n), of 4 itself / (2n).

References
----------
Ahmed, Natarajan, Rao (1974). Discrete cosine transform. doi:10.1109/T-C.1974.223784
Makhoul (1980). A fast cosine transform in one and two dimensions. doi:10.1109/TASSP.1980.1163351
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._checks import check_option
from .fourier import (
    LONGEST_DIRECT,
    as_rows,
    dft,
    in_blocks,
    inverse_real_columns,
    inverse_real_dft,
    radix,
    real_columns,
    real_dft,
    roots,
)

__all__ = ["dct", "idct"]

INVERSE = {1: 1, 2: 3, 3: 2, 4: 4}


def dct(
    x: ArrayLike,
    type: int = 2,
    norm: str | None = None,
    *,
    n: int | None = None,
    axis: int = -1,
    method: str = "fast",
) -> NDArray:
    """Discrete cosine transform, of type 2: y[k] = 2 sum_j x[j] cos(pi (2j+1) k / (2n)).

    Parameters
    ----------
    x : array-like (..., n, ...)
        The signals; of complex ones the real and the imaginary parts are transformed.
    type : {1, 2, 3, 4}, default=2
        Which transform; see the equations at the head of this module.
    norm : {None, "backward", "ortho", "forward"}, default=None
        None and ``"backward"``: the sums as they stand; ``"forward"``: divided by 2n (type 1: 2(n-1)); ``"ortho"``: the
        rows of the matrix made orthonormal, so that the transform keeps lengths.
    n : int, default=None
        Length of the transform: signals are cut, or padded with zeros, to it. None: as long as they are.
    axis : int, default=-1
        The axis of time.
    method : {"fast", "matrix"}, default="fast"
        The O(n log n) form, or the product with the n x n matrix of the definition.

    Returns
    -------
    ndarray (..., n, ...)
        The coefficients; float32 (complex64) for float32 (complex64), float64 (complex128) otherwise.

    Raises
    ------
    ValueError
        For NaN, infinity, an empty signal, an unknown type, norm or method, and type 1 of a single number.
    TypeError
        For signals that are not numbers.

    Notes
    -----
    Equal to ``scipy.fft.dct``.

    Examples
    --------
    >>> from npml_preproc import dct
    >>> dct([1.0, 2.0, 4.0])
    array([14.        , -5.19615242,  1.        ])
    >>> dct([1.0, 2.0, 3.0], norm="ortho", method="matrix").round(4)
    array([ 3.4641, -1.4142,  0.    ])
    """
    check_option(type, "type", tuple(INVERSE))
    check_option(norm, "norm", (None, "backward", "ortho", "forward"))
    check_option(method, "method", ("fast", "matrix"))
    rows, shape = as_rows(x, n, axis)
    length = rows.shape[1]
    if type == 1 and length < 2:
        raise ValueError(f"type 1 needs signals of at least 2 numbers, x has {length}")
    if rows.dtype.kind == "c":  # the real and the imaginary parts are signals of their own
        y = _transform(rows.real, type, norm, method) + 1j * _transform(rows.imag, type, norm, method)
    else:
        y = _transform(rows, type, norm, method)
    return np.moveaxis(y.reshape(shape), -1, axis)


def idct(
    x: ArrayLike,
    type: int = 2,
    norm: str | None = None,
    *,
    n: int | None = None,
    axis: int = -1,
    method: str = "fast",
) -> NDArray:
    """Inverse of `dct` with the same `type` and `norm`.

    Parameters
    ----------
    x : array-like (..., n, ...)
        The coefficients.
    type, norm, n, axis, method
        As in `dct`.

    Returns
    -------
    ndarray (..., n, ...)
        The signals.

    Raises
    ------
    ValueError, TypeError
        As `dct`.

    Notes
    -----
    Equal to ``scipy.fft.idct``.

    Examples
    --------
    >>> from npml_preproc import dct, idct
    >>> idct(dct([1.0, 5.0, 2.0])).round(12)
    array([1., 5., 2.])
    """
    check_option(type, "type", tuple(INVERSE))
    inverse = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}
    check_option(norm, "norm", tuple(inverse))
    return dct(x, INVERSE[type], inverse[norm], n=n, axis=axis, method=method)


def _transform(x, type, norm, method):
    """The transform of real rows (rows, n), with its norm."""
    n = x.shape[1]
    before, after = _ortho_weights(n, type, x.dtype) if norm == "ortho" else (None, None)
    if before is not None:
        x = x * before
    if method == "matrix":
        y = x @ _matrix(n, type).astype(x.dtype, copy=False)
    elif n <= LONGEST_DIRECT:
        y = x @ _short_matrix(n, type, x.dtype)
    else:
        y = in_blocks(FAST[type], x)
    if after is not None:
        y *= after
    elif norm == "forward":
        y *= y.dtype.type(1 / (2 * (n - 1) if type == 1 else 2 * n))
    return y


def _ortho_weights(n, type, dtype):
    """Factors before and after the sum that make its matrix orthonormal: ends and means weigh less."""
    before, after = np.ones(n), np.full(n, np.sqrt(1 / (2 * (n - 1) if type == 1 else 2 * n)))
    ends = [0, -1] if type == 1 else [0]
    if type in (1, 3):
        before[ends] *= np.sqrt(2)
    if type in (1, 2):
        after[ends] /= np.sqrt(2)
    return before.astype(dtype), after.astype(dtype)


def _matrix(n, type):
    """C of y = x C; angles are whole multiples of pi / (4n), or pi / (n-1): cosines of roots of unity."""
    j, k = np.arange(n, dtype=np.int64)[:, None], np.arange(n, dtype=np.int64)
    if type == 1:
        C = 2 * roots(2 * (n - 1), j * k).real
        C[[0, -1]] /= 2
        return C
    quarters = {2: 2 * (2 * j + 1) * k, 3: 2 * j * (2 * k + 1), 4: (2 * j + 1) * (2 * k + 1)}[type]
    C = 2 * roots(8 * n, quarters).real
    if type == 3:
        C[0] /= 2
    return C


@lru_cache(maxsize=128)
def _short_matrix(n, type, dtype):
    return _matrix(n, type).astype(dtype)


def _type_1(x):
    """The spectrum of the even continuation."""
    return real_dft(np.concatenate([x, x[:, -2:0:-1]], axis=1)).real.copy()


def _type_2(x):
    """Makhoul's transform of length n."""
    n1 = radix(x.shape[1])
    v = np.concatenate([x[:, ::2], x[:, 1::2][:, ::-1]], axis=1)
    y = np.empty_like(x)
    if n1 is None:
        V = real_dft(v)
        V *= _rotation(x.shape[1], V.dtype)
        y[:, : V.shape[1]] = V.real
        np.negative(V.imag[:, (x.shape[1] - 1) // 2 : 0 : -1], out=y[:, V.shape[1] :])
        return y
    V = real_columns(v, n1, quarters=1)  # turned; y[k] and y[n-k] at k = k1 + n1 k2
    by_columns = y.reshape(len(x), -1, n1)
    np.multiply(V.real, 2, out=by_columns[:, :, : V.shape[2]])
    np.multiply(V.imag[:, ::-1, (n1 - 1) // 2 : 0 : -1], -2, out=by_columns[:, :, V.shape[2] :])
    return y


def _type_3(x):
    """Makhoul's transform undone."""
    rows, n = x.shape
    half, n1, dtype = n // 2 + 1, radix(n), np.result_type(x.dtype, np.complex64)
    if n1 is None:
        V = np.empty((rows, half), dtype)
        V.real = x[:, :half]
        V.imag[:, 0] = 0
        np.negative(x[:, : n - half : -1], out=V.imag[:, 1:])
        V *= n / 2 * np.conjugate(_rotation(n, V.dtype))
        v = inverse_real_dft(V, n)
    else:
        by_columns, kept = x.reshape(rows, -1, n1), n1 // 2 + 1
        V = np.empty((rows, n // n1, kept), dtype)  # y[k] + i y[n-k] at k = k1 + n1 k2, as it is before it is turned
        V.real = by_columns[:, :, :kept]
        V.imag[:, :, 1:] = by_columns[:, ::-1, : n1 - kept : -1]
        V.imag[:, 0, 0], V.imag[:, 1:, 0] = 0, by_columns[:, :0:-1, 0]
        v = inverse_real_columns(V, n1, 1.0, quarters=1)
    y = np.empty_like(x)
    y[:, ::2] = v[:, : (n + 1) // 2]
    y[:, 1::2] = v[:, : (n - 1) // 2 : -1]
    return y


def _type_4(x):
    """A transform of length 2n of the turned signal."""
    n = x.shape[1]
    turn = roots(4 * n, np.arange(n, dtype=np.int64))
    Z = dft(x * turn.astype(np.result_type(x.dtype, np.complex64)), n=2 * n)[:, :n]
    Z *= (2 * turn * np.exp(-1j * np.pi / (4 * n))).astype(Z.dtype)
    return Z.real.copy()


@lru_cache(maxsize=16)
def _rotation(n, dtype):
    """2 exp(-i pi k / (2n)) for k up to n/2."""
    return (2 * roots(4 * n, np.arange(n // 2 + 1, dtype=np.int64))).astype(dtype)


FAST = {1: _type_1, 2: _type_2, 3: _type_3, 4: _type_4}
