"""npml-core: patches of images as rows, and back (torch keeps channels first: its columns are reordered to compare)."""

import numpy as np
from harness import Pair, case

SIZES = {
    "32x32x32x3, 3x3": dict(shape=(32, 32, 32, 3), kernel=3, padding=1),
    "16x14x14x256, 3x3": dict(shape=(16, 14, 14, 256), kernel=3, padding=1),
    "32x28x28x16, 5x5": dict(shape=(32, 28, 28, 16), kernel=5, padding=0),
}


def images(shape):
    """Images channels last, and the same channels first and contiguous for torch."""
    import torch

    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return x, torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))


def as_unfolded(cols, channels):
    """Columns (N, H, W, kh*kw*C) in torch's order (N, C*kh*kw, H*W)."""
    n, h, w, _ = cols.shape
    return cols.reshape(n, h * w, -1, channels).transpose(0, 3, 2, 1).reshape(n, -1, h * w)


@case("npml-core", group="im2col", peer="torch", sizes=SIZES)
def im2col(shape, kernel, padding):
    from torch.nn.functional import unfold

    from npml_core import im2col

    x, t = images(shape)

    def check(ours, peer):
        assert np.array_equal(as_unfolded(ours, shape[-1]), peer.numpy()), "other columns"

    return lambda: im2col(x, kernel, padding=padding), lambda: unfold(t, kernel, padding=padding), check


@case("npml-core", group="im2col", peer="torch", sizes=SIZES)
def col2im(shape, kernel, padding):
    from torch.nn.functional import fold, unfold

    from npml_core import col2im, im2col

    x, t = images(shape)
    cols, t_cols = im2col(x, kernel, padding=padding), unfold(t, kernel, padding=padding)

    def check(ours, peer):
        np.testing.assert_allclose(ours.transpose(0, 3, 1, 2), peer.numpy(), rtol=1e-5, atol=1e-5)

    return Pair(
        ours=lambda: col2im(cols, shape, kernel, padding=padding),
        peer=lambda: fold(t_cols, shape[1:3], kernel, padding=padding),
        check=check,
    )
