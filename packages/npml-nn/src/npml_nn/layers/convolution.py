"""The three linear maps behind every convolution, each as matrix products over windows of the image.

x (N, H, W, C), kernel W (kh, kw, C, D), y (N, H_out, W_out, D), stride s, dilation d, x zero outside its borders:

    correlate          y[n, i, j]  = sum_ab  x[n, i s + a d - top, j s + b d - left] W[a, b]
    scatter            dx[n, i s + a d - top, j s + b d - left] += W[a, b] dy[n, i, j]          (its adjoint in x)
    kernel_gradient    dW[a, b]    = sum_nij x[n, i s + a d - top, j s + b d - left]^T dy[n, i, j]    (its adjoint in W)

With the windows as rows of a matrix, cols (N H_out W_out, kh kw C), these are cols W, dy W^T followed by a sum of
overlapping windows, and cols^T dy: O(N H_out W_out kh kw C D). The matrix is kh kw times as large as x, so it is made
for a few samples, or a few rows of one sample, at a time and read again while it is still in the cache.

References: Chellapilla, Puri & Simard (2006), High performance convolutional neural networks for document processing,
IWFHR, section 2.1.
"""

from math import gcd, prod
from typing import NamedTuple

import numpy as np

from npml_core.im2col import FEW_CHANNELS, Geometry, gather_windows, scatter_windows

__all__ = [
    "Chunk",
    "add_padded_rows",
    "chunks",
    "correlate",
    "correlate_and_kernel_gradient",
    "kernel_gradient",
    "padded_rows",
    "scatter",
    "sum_positions",
    "windows_on",
]

CHUNK = 1 << 18  # entries of cols at a time: 1 MB in float32, or more where that is few rows
ROWS = 768  # so many rows make a product as fast as it gets


def windows_on(size, kernel, stride, padding, dilation):
    """Where windows stand on images of `size` (H, W); the settings are checked, in all forms that `im2col` takes."""
    return Geometry((1, *size, 1), kernel, stride, padding, dilation)


def correlate(x, W, window):
    """y = cols W.   x (N, H, W, C), W (kh, kw, C, D) -> y (N, H_out, W_out, D)"""
    y = np.empty((len(x), *window.out, W.shape[3]), np.result_type(x, W))
    matrix = W.reshape(-1, W.shape[3])
    for chunk in chunks(len(x), window, _chunk_size(matrix)):
        np.matmul(_cols(x, chunk, window), matrix, out=_rows(y, chunk))
    return y


def kernel_gradient(x, dy, window):
    """dW = cols^T dy.   x (N, H, W, C), dy (N, H_out, W_out, D) -> dW (kh, kw, C, D)"""
    dW = np.zeros((prod(window.kernel) * x.shape[3], dy.shape[3]), np.result_type(x, dy))
    for chunk in chunks(len(x), window, _chunk_size(dW)):
        dW += _cols(x, chunk, window).T @ _rows(dy, chunk)
    return dW.reshape(*window.kernel, x.shape[3], dy.shape[3])


def correlate_and_kernel_gradient(x, W, dy, window):
    """Both for the price of one cols: correlate(x, W) and kernel_gradient(x, dy)."""
    y = np.empty((len(x), *window.out, W.shape[3]), np.result_type(x, W))
    matrix = W.reshape(-1, W.shape[3])
    dW = np.zeros_like(matrix)
    for chunk in chunks(len(x), window, _chunk_size(matrix)):
        cols = _cols(x, chunk, window)
        np.matmul(cols, matrix, out=_rows(y, chunk))
        dW += cols.T @ _rows(dy, chunk)
    return y, dW.reshape(W.shape)


def scatter(dy, W, window):
    """dx = the windows dy W^T, added up where they overlap.   dy (N, H_out, W_out, D) -> dx (N, H, W, C)

    With stride 1 it is itself a correlation, of dy with the kernel turned round, which need not add windows up.
    """
    C, D = W.shape[2:]
    if window.stride == (1, 1) and D <= 2 * C:
        outer = [d * (k - 1) for d, k in zip(window.dilation, window.kernel)]
        padding = [outer[i // 2] - p for i, p in enumerate(window.padding)]
        if min(padding) >= 0:
            turned = np.ascontiguousarray(W[::-1, ::-1].swapaxes(2, 3))
            return correlate(dy, turned, windows_on(window.out, window.kernel, 1, padding, window.dilation))
    dx = np.zeros((len(dy), *window.x_shape[1:3], C), np.result_type(dy, W))
    matrix = W.reshape(-1, D)
    for chunk in chunks(len(dy), window, _chunk_size(matrix)):
        _add_windows(dx, matrix, _rows(dy, chunk), chunk, window)
    return dx


def sum_positions(dy):
    """db = the sum of dy over all axes but the last; up to 16 rows side by side, since long rows are summed faster."""
    n, D = prod(dy.shape[:-1]), dy.shape[-1]
    side_by_side = gcd(n, 16)
    return dy.reshape(n // side_by_side, side_by_side * D).sum(axis=0).reshape(side_by_side, D).sum(axis=0)


class Chunk(NamedTuple):
    """Samples n0 to n1 and rows i0 to i1 of the output; rows lo to hi of the image, which may lie outside it."""

    n0: int
    n1: int
    i0: int
    i1: int
    lo: int
    hi: int


def chunks(N, window, n_windows):
    """Cut the output in blocks of about `n_windows`: whole samples, or rows of one sample where it has more."""
    H_out, W_out = window.out
    n_rows = min(max(n_windows // W_out, 1), H_out)
    n_samples = max(n_windows // (W_out * H_out), 1)
    for n0 in range(0, N, n_samples):
        for i0 in range(0, H_out, n_rows):
            i1 = min(i0 + n_rows, H_out)
            lo = i0 * window.stride[0] - window.padding[0]
            hi = (i1 - 1) * window.stride[0] - window.padding[0] + window.dilation[0] * (window.kernel[0] - 1) + 1
            yield Chunk(n0, min(n0 + n_samples, N), i0, i1, lo, hi)


def padded_rows(x, chunk, window):
    """The rows of x that the chunk looks at, with the zeros around them (n, hi - lo, left + W + right, C)."""
    _, _, left, right = window.padding
    inside, target = _inside(chunk, window)
    part = x[chunk.n0 : chunk.n1, inside]
    if part.shape[1] == chunk.hi - chunk.lo and not (left or right):
        return part
    padded = np.zeros((len(part), chunk.hi - chunk.lo, left + x.shape[2] + right, x.shape[3]), x.dtype)
    padded[:, target, left : left + x.shape[2]] = part
    return padded


def add_padded_rows(dx, padded, chunk, window):
    """Add what lies inside the image to dx: the adjoint of `padded_rows`."""
    inside, source = _inside(chunk, window)
    left = window.padding[2]
    dx[chunk.n0 : chunk.n1, inside] += padded[:, source, left : left + dx.shape[2]]


def _inside(chunk, window):
    """Which rows of the image are among lo ... hi, and where they stand there."""
    last = max(min(chunk.hi, window.x_shape[1]), 0)
    first = min(max(chunk.lo, 0), last)
    return slice(first, last), slice(first - chunk.lo, last - chunk.lo)


def _chunk_size(matrix):
    """How many windows make a large enough product with `matrix` (kh kw C, D) and still fit into the cache."""
    return max(CHUNK // len(matrix), ROWS)


def _rows(y, chunk):
    """The chunk's part of y as rows (P, D): a view where y is contiguous."""
    return y[chunk.n0 : chunk.n1, chunk.i0 : chunk.i1].reshape(-1, y.shape[3])


def _cols(x, chunk, window):
    """The chunk's windows (P, kh kw C)."""
    padded = padded_rows(x, chunk, window)
    if window.kernel == window.stride == (1, 1):
        return padded.reshape(-1, x.shape[3])
    cols = gather_windows(padded, Geometry(padded.shape, window.kernel, window.stride, 0, window.dilation))
    return cols.reshape(-1, cols.shape[3])


def _add_windows(dx, matrix, rows, chunk, window):
    """Add the windows rows W^T (P, kh kw C) to dx."""
    n, n_rows = chunk.n1 - chunk.n0, chunk.i1 - chunk.i0
    few = dx.shape[3] < FEW_CHANNELS  # the adding then wants channels, not windows, far apart in memory
    cols = (matrix @ rows.T).T if few else rows @ matrix.T
    cols = cols.reshape(n, n_rows, window.out[1], -1)
    shape = (n, chunk.hi - chunk.lo, dx.shape[2] + sum(window.padding[2:]), dx.shape[3])
    padded = scatter_windows(cols, Geometry(shape, window.kernel, window.stride, 0, window.dilation))
    add_padded_rows(dx, padded, chunk, window)
