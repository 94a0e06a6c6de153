"""Values between the samples: nearest neighbour and (bi)linear interpolation, at points and of whole images.

Notation: X (H, W) or (H, W, C) samples at whole coordinates, (r, c) a point, r0 = floor(r), a = r - r0, and so c0, b.

    nearest    X[floor(r + 1/2), floor(c + 1/2)]
    bilinear   (1-a) (1-b) X[r0, c0] + (1-a) b X[r0, c0+1] + a (1-b) X[r0+1, c0] + a b X[r0+1, c0+1]

Points outside of the samples take the value at the nearest edge.

Resampling an image from H to h rows stretches pixels as little squares (align_corners=False): row i has its centre at

    bilinear   (i + 1/2) H / h - 1/2,  not below 0       nearest   floor(i H / h)

columns first and rows after (the weights are products): O(H w + h w) a channel.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._checks import check_option, check_signal, check_size

__all__ = ["batch_resample", "bilinear_interpolate", "nn_interpolate_1d", "nn_interpolate_2d"]

BLOCK = 2**17  # numbers of the new images that are computed at a time
LONG_PIXEL = 8  # channels


def nn_interpolate_1d(X: ArrayLike, t: ArrayLike) -> NDArray:
    """Nearest neighbours of the samples of a sequence.

    Parameters
    ----------
    X : array-like (T, ...)
        Samples at 0, 1, .., T-1.
    t : array-like, any shape
        Where values are wanted; halfway the later sample is taken, outside the edge.

    Returns
    -------
    ndarray (*t.shape, ...)
        The values, of X's dtype.

    Raises
    ------
    ValueError
        For empty samples, and coordinates that are NaN or infinite.
    TypeError
        For coordinates that are not numbers.

    Notes
    -----
    Equal to ``scipy.ndimage.map_coordinates(X, [t], order=0, mode="nearest")``.

    Examples
    --------
    >>> from npml_preproc import nn_interpolate_1d
    >>> nn_interpolate_1d([10.0, 20.0, 30.0], [0.4, 0.5, 1.9, 7.0])
    array([10., 20., 30., 30.])
    """
    samples = _check_samples(X, 1)
    return samples[_nearest(_check_coordinates(t, "t"), len(samples))]


def nn_interpolate_2d(X: ArrayLike, rows: ArrayLike, cols: ArrayLike) -> NDArray:
    """Nearest neighbours of the samples of an image.

    Parameters
    ----------
    X : array-like (H, W, ...)
        The image.
    rows, cols : array-like
        Coordinates of the points, of the same shape or such as broadcast: ``rows[:, None], cols`` is a grid.

    Returns
    -------
    ndarray (*shape of the points, ...)
        The values, of X's dtype.

    Raises
    ------
    ValueError
        For an empty image, coordinates that are NaN or infinite, or do not go together.
    TypeError
        For coordinates that are not numbers.

    Notes
    -----
    Equal, channel by channel, to ``scipy.ndimage.map_coordinates(X, [rows, cols], order=0, mode="nearest")``.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_preproc import nn_interpolate_2d
    >>> X = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> nn_interpolate_2d(X, [0.2, 0.9], [0.8, 0.1])
    array([2., 3.])
    """
    image = _check_samples(X, 2)
    r, c = _check_points(rows, cols)
    return image[_nearest(r, image.shape[0]), _nearest(c, image.shape[1])]


def bilinear_interpolate(X: ArrayLike, rows: ArrayLike, cols: ArrayLike) -> NDArray:
    """Bilinear interpolation of an image.

    Parameters
    ----------
    X : array-like (H, W, ...)
        The image.
    rows, cols : array-like
        Coordinates of the points, of the same shape or such as broadcast: ``rows[:, None], cols`` is a grid.

    Returns
    -------
    ndarray (*shape of the points, ...)
        The values; float32 (complex64) of such images, float64 (complex128) otherwise.

    Raises
    ------
    ValueError
        For an empty image, one that holds NaN or infinity, coordinates that do, or do not go together.
    TypeError
        For what are not numbers.

    Notes
    -----
    Equal, channel by channel, to ``scipy.ndimage.map_coordinates(X, [rows, cols], order=1, mode="nearest")``.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_preproc import bilinear_interpolate
    >>> X = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> bilinear_interpolate(X, [0.5, 0.0], [0.5, 0.25])
    array([2.5 , 1.25])
    """
    image = check_signal(X, "X", min_ndim=2)
    r, c = _check_points(rows, cols)
    H, W, *channels = image.shape
    row, next_row, a = _linear(r, H)
    col, next_col, b = _linear(c, W)
    a, b = (w.astype(image.real.dtype).reshape(w.shape + (1,) * len(channels)) for w in (a, b))
    pixels, row, next_row = image.reshape(-1, *channels), row * W, next_row * W
    upper = _lerp(pixels.take(row + col, axis=0), pixels.take(row + next_col, axis=0), b)
    lower = _lerp(pixels.take(next_row + col, axis=0), pixels.take(next_row + next_col, axis=0), b)
    return _lerp(upper, lower, a)


def batch_resample(X: ArrayLike, new_dim: tuple[int, int], mode: str = "bilinear") -> NDArray:
    """Resample a batch of images to another size.

    Parameters
    ----------
    X : array-like (N, H, W, C)
        The images, channels last.
    new_dim : (int, int)
        Rows and columns of the new images.
    mode : {"bilinear", "nearest"}, default="bilinear"
        How values between pixels are found.

    Returns
    -------
    ndarray (N, *new_dim, C)
        The images; with ``"nearest"`` of X's dtype, with ``"bilinear"`` float32 of float32 images, float64 otherwise.

    Raises
    ------
    ValueError
        For images that are empty, of another rank, or (bilinear) not finite, sizes below 1, and an unknown mode.
    TypeError
        For images that are not numbers, and sizes that are not integers.

    Notes
    -----
    Equal to ``torch.nn.functional.interpolate(align_corners=False)``, without anti-aliasing: enlarge with it, or shrink
    to about half. Rows and columns of ``"nearest"`` are found in whole numbers; torch's are now and then one too
    low, where a product that should be whole is rounded down.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_preproc import batch_resample
    >>> X = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    >>> batch_resample(X, (2, 4))[0, :, :, 0]
    array([[1.  , 1.25, 1.75, 2.  ],
           [3.  , 3.25, 3.75, 4.  ]])
    """
    nearest = check_option(mode, "mode", ("bilinear", "nearest")) == "nearest"
    images = _check_samples(X, 4) if nearest else check_signal(X, "X", min_ndim=4)
    if images.ndim != 4:
        raise ValueError(f"X must be 4-dimensional (N, H, W, C), got shape {images.shape}")
    if not isinstance(new_dim, tuple | list | np.ndarray) or len(new_dim) != 2:
        raise ValueError(f"new_dim must be a pair (rows, columns), got {new_dim!r}")
    h, w = (check_size(size, "new_dim") for size in new_dim)
    out = np.empty((len(images), h, w, images.shape[3]), images.dtype)
    resample = _resample_nearest if nearest else _resample_linear
    at_a_time = max(1, BLOCK // out[0].size)
    for start in range(0, len(images), at_a_time):  # a few images stay in the cache
        resample(images[start : start + at_a_time], out[start : start + at_a_time])
    return out


def _resample_nearest(X, out):
    (_, H, W, _), (_, h, w, _) = X.shape, out.shape
    wide = _columns(X, np.arange(w) * W // w)
    wide.take(np.arange(h) * H // h, axis=1, out=out.reshape(len(X), h, -1), mode="clip")


def _resample_linear(X, out):
    (_, H, W, C), (_, h, w, _) = X.shape, out.shape
    left, right, b = _linear(_centres(W, w), W)
    upper, lower, a = _linear(_centres(H, h), H)
    wide = _lerp(_columns(X, left), _columns(X, right), np.repeat(b, C).astype(X.dtype))
    out = out.reshape(len(X), h, -1)
    wide.take(lower, axis=1, out=out, mode="clip")
    _lerp(wide.take(upper, axis=1), out, a.astype(X.dtype)[:, None])


def _columns(X, columns):
    """Columns of pixels, (N, H, len(columns) * C); NumPy takes single numbers faster than it copies short pixels."""
    n, H, _, C = X.shape
    if C >= LONG_PIXEL:
        return X.take(columns, axis=2).reshape(n, H, -1)
    return X.reshape(n, H, -1).take(np.add.outer(columns * C, np.arange(C)).ravel(), axis=2)


def _centres(size, new_size):
    return np.maximum((np.arange(new_size) + 0.5) * (size / new_size) - 0.5, 0)


def _lerp(first, second, weight):
    """first + weight (second - first); may write into `second`, which must be the caller's own."""
    second -= first
    second *= weight
    second += first
    return second


def _linear(x, size):
    """For each coordinate the sample before, the one after, and how far between them it lies."""
    x = np.clip(x, 0, size - 1)
    before = np.floor(x).astype(np.intp)
    return before, np.minimum(before + 1, size - 1), x - before


def _nearest(x, size):
    """The nearest sample; adding 1/2 to x could round up what lies just below the middle."""
    x = np.clip(x, 0, size - 1)
    before = np.floor(x)
    return (before + (x - before >= 0.5)).astype(np.intp)


def _check_samples(X, ndim):
    """Samples of any dtype, as they are only picked."""
    X = np.asarray(X)
    if X.ndim < ndim:
        raise ValueError(f"X must have at least {ndim} dimension(s), got shape {X.shape}")
    if X.size == 0:
        raise ValueError(f"X must not be empty, got shape {X.shape}")
    return X


def _check_coordinates(x, name):
    x = np.asarray(x)
    if x.size == 0:
        return x.astype(np.float64)
    return check_signal(x, name, min_ndim=0, allow_complex=False).astype(np.float64)


def _check_points(rows, cols):
    rows, cols = _check_coordinates(rows, "rows"), _check_coordinates(cols, "cols")
    try:
        return np.broadcast_arrays(rows, cols)
    except ValueError:
        raise ValueError(f"rows and cols must broadcast, got shapes {rows.shape} and {cols.shape}") from None
