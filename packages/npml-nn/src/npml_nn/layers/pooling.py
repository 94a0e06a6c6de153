"""What max and average pooling share: windows that may not be all padding, and a few samples at a time."""

from npml_core.im2col import four_sides, pair

from .convolution import windows_on

__all__ = ["along", "check_pool_settings", "pool_window", "sample_chunks"]

CHUNK = 1 << 18  # entries of x at a time: they and what is made of them stay in the cache


def pool_window(x, kernel, stride, padding):
    """Where the windows stand on images x; everything is checked."""
    if x.ndim != 4:
        raise ValueError(f"x must have shape (N, H, W, C), got {x.shape}")
    window = windows_on(x.shape[1:3], kernel, kernel if stride is None else stride, padding, 1)
    _check_padding(window.padding, window.kernel)
    return window


def check_pool_settings(kernel, stride, padding):
    """Complain when the layer is made, not at the first image."""
    kernel = pair(kernel, "kernel")
    stride = kernel if stride is None else pair(stride, "stride")
    _check_padding(four_sides(padding, (1, 1), kernel, stride, (1, 1)), kernel)


def _check_padding(sides, kernel):
    if max(sides[:2]) >= kernel[0] or max(sides[2:]) >= kernel[1]:
        raise ValueError(f"padding must be smaller than the kernel {kernel}, got {sides} (top, bottom, left, right)")


def sample_chunks(x):
    """Slices of a few samples."""
    n = max(1, CHUNK // max(x[:1].size, 1))
    return [slice(start, start + n) for start in range(0, len(x), n)]


def along(axis, start, stop, step):
    """Index with start:stop:step along `axis`."""
    return (slice(None),) * axis + (slice(start, stop, step),)
