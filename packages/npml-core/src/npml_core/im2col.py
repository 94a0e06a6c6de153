"""Windows of images as rows of a matrix, so that a convolution is one matrix product.

Notation: images x (N, H, W, C), kernel (kh, kw), stride (sh, sw), dilation (dh, dw), padding (top, bottom, left,
right).

    cols[n, i, j, (a kw + b) C + c] = xpad[n, i sh + a dh, j sw + b dw, c]

    H_out = floor((H + top + bottom - dh (kh - 1) - 1) / sh) + 1, and W_out likewise

`col2im` is the adjoint of this linear map: <im2col(x), cols> = <x, col2im(cols)>. It adds every entry back to the place
it was copied from, with one strided addition for each of the kh kw offsets. With few channels such an addition is
made of many short runs, so the entries are first sorted by channel, which makes the runs as long as the rows.

Layers that have checked their input use `Geometry`, `gather_windows` and `scatter_windows` directly.

References
----------
Chellapilla, Puri & Simard (2006), "High performance convolutional neural networks for document processing", IWFHR.
"""

from numbers import Integral

import numpy as np

from .validation import check_array

__all__ = ["col2im", "conv_output_size", "im2col"]

FEW_CHANNELS = 16


def im2col(x, kernel, stride=1, padding=0, dilation=1):
    """All windows of all images.

    Parameters
    ----------
    x : ndarray (N, H, W, C)
        Images.
    kernel : int or pair
        Height and width of a window.
    stride : int or pair, default=1
        Step from one window to the next.
    padding : int, pair, four ints, "same" or "valid", default=0
        Zeros around the image: an int on all sides, (height, width), (top, bottom, left, right); "same" gives
        ceil(H / stride) windows (with an odd number of zeros the extra one at the end), "valid" none.
    dilation : int or pair, default=1
        Step from one entry of a window to the next.

    Returns
    -------
    ndarray (N, H_out, W_out, kh * kw * C)

    Raises
    ------
    ValueError, TypeError
        For a wrong rank, sizes that are not positive, or a window larger than the padded image.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_core import im2col
    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> im2col(x, 2)[0, 0, 0]
    array([0., 1., 3., 4.])
    """
    x = check_array(x, name="x", ensure_2d=False)
    if x.ndim != 4:
        raise ValueError(f"x must have shape (N, H, W, C), got {x.shape}")
    return gather_windows(x, Geometry(x.shape, kernel, stride, padding, dilation))


def col2im(cols, x_shape, kernel, stride=1, padding=0, dilation=1):
    """Add the entries of all windows back to the images: the adjoint of `im2col`.

    Parameters
    ----------
    cols : ndarray (N, H_out, W_out, kh * kw * C)
        Windows.
    x_shape : tuple (N, H, W, C)
        Shape of the images.
    kernel, stride, padding, dilation
        As in `im2col`.

    Returns
    -------
    ndarray (N, H, W, C)

    Raises
    ------
    ValueError, TypeError
        If `cols` does not have the shape that `im2col` gives.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_core import col2im
    >>> col2im(np.ones((1, 2, 2, 4)), (1, 3, 3, 1), 2)[0, :, :, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    geometry = Geometry(x_shape, kernel, stride, padding, dilation)
    cols = check_array(cols, name="cols", ensure_2d=False)
    N, C = geometry.x_shape[0], geometry.x_shape[3]
    expected = (N, *geometry.out, geometry.kernel[0] * geometry.kernel[1] * C)
    if cols.shape != expected:
        raise ValueError(f"cols must have shape {expected}, got {cols.shape}")
    return scatter_windows(cols, geometry)


def conv_output_size(size, kernel, stride=1, padding=0, dilation=1):
    """Number of windows along one axis.

    Parameters
    ----------
    size : int
        Length of the axis.
    kernel, stride, dilation : int
        Length of a window, step between windows, step inside a window.
    padding : int, pair (before, after), "same" or "valid", default=0
        Zeros on both sides.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If no window fits.

    Examples
    --------
    >>> from npml_core import conv_output_size
    >>> conv_output_size(28, kernel=3, stride=2, padding=1)
    14
    """
    size, kernel = _check_int(size, "size"), _check_int(kernel, "kernel")
    stride, dilation = _check_int(stride, "stride"), _check_int(dilation, "dilation")
    before, after = _axis_padding(size, kernel, stride, padding, dilation)
    return _count_windows(size, kernel, stride, before + after, dilation, "size")


def pair(value, name, least=1):
    """An int or a pair of ints as a pair."""
    values = tuple(value) if isinstance(value, (tuple, list, np.ndarray)) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{name} must be an int or a pair of ints, got {value!r}")
    return tuple(_check_int(v, name, least) for v in values)


def four_sides(padding, size, kernel, stride, dilation):
    """Any padding as (top, bottom, left, right), for an image (H, W) and pairs of the other settings."""
    if isinstance(padding, str):
        sides = [_axis_padding(*axis[:3], padding, axis[3]) for axis in zip(size, kernel, stride, dilation)]
        return (*sides[0], *sides[1])
    if isinstance(padding, (tuple, list, np.ndarray)) and len(padding) == 4:
        return tuple(_check_int(p, "padding", 0) for p in padding)
    height, width = pair(padding, "padding", 0)
    return height, height, width, width


class Geometry:
    """Settings of a convolution as pairs (`padding` as four sides), and `out`, the number of windows each way."""

    def __init__(self, x_shape, kernel, stride=1, padding=0, dilation=1):
        if not isinstance(x_shape, (tuple, list)) or len(x_shape) != 4:
            raise ValueError(f"x_shape must be (N, H, W, C), got {x_shape!r}")
        self.x_shape = tuple(_check_int(n, "x_shape") for n in x_shape)
        size = self.x_shape[1:3]
        self.kernel, self.stride = pair(kernel, "kernel"), pair(stride, "stride")
        self.dilation = pair(dilation, "dilation")
        self.padding = four_sides(padding, size, self.kernel, self.stride, self.dilation)
        total = (self.padding[0] + self.padding[1], self.padding[2] + self.padding[3])
        axes = zip(size, self.kernel, self.stride, total, self.dilation, ("the height", "the width"))
        self.out = tuple(_count_windows(*axis) for axis in axes)


def gather_windows(x, geometry):
    """`im2col` of an array that has been checked."""
    top, bottom, left, right = geometry.padding
    if any(geometry.padding):
        x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    N, _, _, C = x.shape
    sN, sH, sW, sC = x.strides
    (kh, kw), (sh, sw), (dh, dw) = geometry.kernel, geometry.stride, geometry.dilation
    windows = np.lib.stride_tricks.as_strided(
        x,
        shape=(N, *geometry.out, kh, kw, C),
        strides=(sN, sH * sh, sW * sw, sH * dh, sW * dw, sC),
        writeable=False,
    )
    cols = windows.reshape(N, *geometry.out, kh * kw * C)
    return cols if cols.flags.writeable else cols.copy()  # with a 1 x 1 kernel it may still be x itself


def scatter_windows(cols, geometry):
    """`col2im` of an array that has been checked."""
    N, H, W, C = geometry.x_shape
    (kh, kw), (sh, sw), (dh, dw) = geometry.kernel, geometry.stride, geometry.dilation
    (out_h, out_w), (top, bottom, left, right) = geometry.out, geometry.padding
    padded_size = (H + top + bottom, W + left + right)
    if C < FEW_CHANNELS:
        by_channel = np.ascontiguousarray(cols.reshape(-1, kh * kw * C).T).reshape(kh, kw, C, N, out_h, out_w)
        cols, padded = np.moveaxis(by_channel, 2, -1), np.moveaxis(np.zeros((C, N, *padded_size), cols.dtype), 0, -1)
    else:
        cols = np.moveaxis(cols.reshape(N, out_h, out_w, kh, kw, C), (3, 4), (0, 1))
        padded = np.zeros((N, *padded_size, C), cols.dtype)
    for a in range(kh):
        rows = slice(a * dh, a * dh + sh * out_h, sh)
        for b in range(kw):
            padded[:, rows, b * dw : b * dw + sw * out_w : sw] += cols[a, b]
    return np.ascontiguousarray(padded[:, top : top + H, left : left + W])


def _axis_padding(size, kernel, stride, padding, dilation):
    if padding == "valid":
        return 0, 0
    if padding == "same":
        total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
        return total // 2, total - total // 2
    if isinstance(padding, str):
        raise ValueError(f"padding must be ints, 'same' or 'valid', got {padding!r}")
    return pair(padding, "padding", 0)


def _count_windows(size, kernel, stride, padding, dilation, name):
    span = dilation * (kernel - 1) + 1
    if span > size + padding:
        raise ValueError(f"a kernel of {kernel} (dilation {dilation}) spans {span}, but {name} is {size} + {padding}")
    return (size + padding - span) // stride + 1


def _check_int(value, name, least=1):
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be made of ints, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)
