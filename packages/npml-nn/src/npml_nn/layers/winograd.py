"""Winograd's convolution F(4 x 4, 3 x 3): a quarter of the multiplications, for 3 x 3 kernels with stride 1 in float32.

A tile of 4 x 4 outputs sees 6 x 6 pixels, and costs 144 multiplications per pair of channels. A product of polynomials
needs fewer: evaluate both at 6 points (one of them infinity), multiply, interpolate. In one dimension, for the tile d,
the kernel g and matrices that depend on the points alone,

    y = A^T [(G g) * (B^T d)],    A (6, 4),  G (6, 3),  B (6, 6),  * elementwise,

and in two dimensions A, G and B become kron(A, A), kron(G, G), kron(B, B). So, for all P tiles at once,

    D = kron(B, B)^T d   (36, P, C)       F = kron(G, G) g   (36, C, K)
    M_i = D_i F_i        36 products (P, C) (C, K), 36 multiplications instead of 144
    y = kron(A, A)^T M   (16, P, K)

The backward pass is the transpose of each line: dM = kron(A, A) dy, dF_i = D_i^T dM_i, dD_i = dM_i F_i^T, and so on.
The six matrix products with kron(...) are the price: it is paid back from 16 channels on.

The sums cancel, so the rounding error is larger than that of the direct sums, by a factor that depends on the points.
With 0, +-5/8, +-3/2 and infinity it is 3 to 5 times as large (root mean square: 8e-7 of the output's standard deviation
for 64 channels, 1.4e-6 for 256); with the usual 0, +-1, +-2 it would be 10 times. An outlier spoils the digits of the
pixels up to 5 away. ``winograd=False`` in `conv2d` and `Conv2D` takes the direct sums; so does float64, always.

References: Winograd (1980), Arithmetic complexity of computations, SIAM. Lavin & Gray (2016), Fast algorithms for
convolutional neural networks, section 4, https://arxiv.org/abs/1509.09308. Barabasz et al. (2020), Error analysis and
improving the accuracy of Winograd convolution for deep neural networks, https://arxiv.org/abs/1803.10986 (the points).
"""

import numpy as np

from .convolution import add_padded_rows, chunks, padded_rows, windows_on

__all__ = ["suits_winograd", "winograd_correlate", "winograd_gradients"]

POINTS = (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2)
MIN_CHANNELS = 16
TILES = 256  # at a time: the transformed tiles stay in the cache


def _transforms(points, n_outputs=4, n_taps=3):
    """A, G and B from Lagrange's interpolation at `points` and infinity (Toom-Cook, transposed), for two dimensions."""
    n = len(points) + 1
    A, G, B = np.zeros((n, n_outputs)), np.zeros((n, n_taps)), np.zeros((n, n))
    for j, p in enumerate(points):
        others = np.delete(points, j)
        A[j], G[j] = p ** np.arange(n_outputs), p ** np.arange(n_taps) / np.prod(p - others)
        B[:-1, j] = np.poly(others)[::-1]
    A[-1, -1] = G[-1, -1] = 1
    B[:, -1] = np.poly(points)[::-1]
    return [np.kron(matrix, matrix) for matrix in (A, G, B)]


AA, GG, BB = _transforms(POINTS)  # (36, 16), (36, 9), (36, 36)


def suits_winograd(x, W, window):
    """Whether this convolution can be done by tiles, and gains by it."""
    if not (x.dtype == W.dtype == np.float32 and W.shape[:2] == (3, 3) and min(W.shape[2:]) >= MIN_CHANNELS):
        return False
    H_out, W_out = window.out
    tiles = -(-H_out // 4) * -(-W_out // 4)
    is_full = 16 * tiles <= 2 * H_out * W_out  # else most of it would lie beyond the border
    return window.stride == window.dilation == (1, 1) and is_full and len(x) * tiles >= 64


def winograd_correlate(x, W, window):
    """As `correlate`, for what `suits_winograd`.   x (N, H, W, C), W (3, 3, C, K) -> y (N, H_out, W_out, K)"""
    y = np.empty((len(x), *window.out, W.shape[3]), x.dtype)
    filters, tiling = _filters(W), _tiling(window)
    for chunk in chunks(len(x), tiling, TILES):
        products = _image_tiles(x, chunk, tiling) @ filters
        _put_outputs(y, AA.T.astype(x.dtype) @ products.reshape(36, -1), chunk, tiling)
    return y


def winograd_gradients(x, W, dy, window, input_gradient=True):
    """As `scatter` (None where nobody asks) and `kernel_gradient`.   dy (N, H_out, W_out, K) -> dx, dW"""
    dx = np.zeros_like(x, order="C") if input_gradient else None
    filters, tiling = _filters(W), _tiling(window)
    d_filters = np.zeros_like(filters)
    for chunk in chunks(len(x), tiling, TILES):
        d_products = (AA.astype(x.dtype) @ _output_tiles(dy, chunk, tiling)).reshape(36, -1, W.shape[3])
        d_filters += _image_tiles(x, chunk, tiling).swapaxes(1, 2) @ d_products
        if input_gradient:
            _add_image_tiles(dx, d_products @ filters.swapaxes(1, 2), chunk, tiling)
    return dx, (GG.T.astype(x.dtype) @ d_filters.reshape(36, -1)).reshape(W.shape)


def _filters(W):
    return (GG.astype(W.dtype) @ W.reshape(9, -1)).reshape(36, *W.shape[2:])


def _tiling(window):
    """Tiles as windows: 6 x 6 pixels with stride 4, as many as cover the output."""
    H, W = window.x_shape[1:3]
    top, _, left, _ = window.padding
    bottom, right = (4 * -(-n // 4) + 2 - size - p for n, size, p in zip(window.out, (H, W), (top, left)))
    return windows_on((H, W), 6, 4, (top, bottom, left, right), 1)


def _tile_pixels(padded, chunk, tiling):
    """For each of the 6 x 6 places in a tile: (i, j, that pixel of all tiles of the chunk (n, rows, columns, C))."""
    n_rows, n_columns = chunk.i1 - chunk.i0, tiling.out[1]
    for i in range(6):
        for j in range(6):
            yield i, j, padded[:, i : i + 4 * n_rows : 4, j : j + 4 * n_columns : 4]


def _image_tiles(x, chunk, tiling):
    """D: the transformed tiles (36, P, C) of x."""
    padded = padded_rows(x, chunk, tiling)
    tiles = np.empty((6, 6, len(padded), chunk.i1 - chunk.i0, tiling.out[1], x.shape[3]), x.dtype)
    for i, j, pixels in _tile_pixels(padded, chunk, tiling):
        tiles[i, j] = pixels
    return (BB.T.astype(x.dtype) @ tiles.reshape(36, -1)).reshape(36, -1, x.shape[3])


def _add_image_tiles(dx, d_tiles, chunk, tiling):
    """Add the gradient of D to dx: the adjoint of `_image_tiles`."""
    n, n_rows, n_columns = chunk.n1 - chunk.n0, chunk.i1 - chunk.i0, tiling.out[1]
    tiles = (BB.astype(dx.dtype) @ d_tiles.reshape(36, -1)).reshape(6, 6, n, n_rows, n_columns, -1)
    padded = np.zeros((n, 4 * n_rows + 2, 4 * n_columns + 2, dx.shape[3]), dx.dtype)
    for i, j, pixels in _tile_pixels(padded, chunk, tiling):
        pixels += tiles[i, j]
    add_padded_rows(dx, padded, chunk, tiling)


def _output_pixels(y, chunk):
    """For each of the 4 x 4 places in an output tile: (i, j, that pixel of all tiles, as far as they lie inside y)."""
    for i in range(4):
        for j in range(4):
            yield i, j, y[chunk.n0 : chunk.n1, 4 * chunk.i0 + i : 4 * chunk.i1 : 4, j::4]


def _put_outputs(y, tiles, chunk, tiling):
    """Write output tiles (16, P K) to their places."""
    tiles = tiles.reshape(4, 4, chunk.n1 - chunk.n0, chunk.i1 - chunk.i0, tiling.out[1], y.shape[3])
    for i, j, pixels in _output_pixels(y, chunk):
        pixels[...] = tiles[i, j, :, : pixels.shape[1], : pixels.shape[2]]


def _output_tiles(dy, chunk, tiling):
    """The tiles (16, P K) of dy, zero beyond its border: the adjoint of `_put_outputs`."""
    tiles = np.zeros((4, 4, chunk.n1 - chunk.n0, chunk.i1 - chunk.i0, tiling.out[1], dy.shape[3]), dy.dtype)
    for i, j, pixels in _output_pixels(dy, chunk):
        tiles[i, j, :, : pixels.shape[1], : pixels.shape[2]] = pixels
    return tiles.reshape(16, -1)
