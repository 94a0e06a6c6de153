"""npml-core's im2col and col2im against torch's unfold and fold."""

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d, fold, unfold

from npml_core import col2im, conv_output_size, im2col

CASES = [
    (3, 1, 0, 1),
    ((2, 3), (2, 1), (1, 2), (1, 2)),
    ((3, 1), 3, (0, 2), (2, 1)),
    (4, (1, 2), 2, 2),
    (1, 2, 1, 1),
    ((5, 2), 2, (2, 0), (1, 3)),
]


def as_unfolded(cols, C):
    """Columns (N, H, W, kh * kw * C) in torch's order (N, C * kh * kw, H * W)."""
    N, H, W, _ = cols.shape
    return cols.reshape(N, H * W, -1, C).transpose(0, 3, 2, 1).reshape(N, -1, H * W)


@pytest.mark.parametrize("C", [1, 3, 9])
@pytest.mark.parametrize("kernel, stride, padding, dilation", CASES)
def test_unfold_and_fold(kernel, stride, padding, dilation, C, rng):
    x = rng.normal(size=(2, 9, 11, C))
    t = torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    settings = {"stride": stride, "padding": padding, "dilation": dilation}
    cols = im2col(x, kernel, **settings)
    np.testing.assert_array_equal(as_unfolded(cols, C), unfold(t, kernel, **settings).numpy())
    dual = rng.normal(size=cols.shape)
    back = fold(torch.from_numpy(as_unfolded(dual, C).copy()), (9, 11), kernel, **settings).numpy()
    np.testing.assert_allclose(
        col2im(dual, x.shape, kernel, **settings).transpose(0, 3, 1, 2), back, rtol=1e-12, atol=1e-13
    )


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel, dilation", [((3, 3), (1, 1)), ((2, 4), (1, 1)), ((1, 5), (1, 2)), ((4, 2), (3, 2))])
def test_named_padding_as_in_a_convolution(kernel, dilation, padding, rng):
    x, W = rng.normal(size=(2, 12, 13, 2)), rng.normal(size=(*kernel, 2, 3))
    t, t_W = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), torch.from_numpy(W.transpose(3, 2, 0, 1).copy())
    if padding == "same" and any(d * (k - 1) % 2 for d, k in zip(dilation, kernel)):
        t = torch.nn.functional.pad(
            t, [side for d, k in zip(dilation[::-1], kernel[::-1]) for side in split(d * (k - 1))]
        )
        expected = conv2d(t, t_W, dilation=dilation).numpy()  # torch itself warns that it makes this copy
    else:
        expected = conv2d(t, t_W, padding=padding, dilation=dilation).numpy()
    ours = im2col(x, kernel, padding=padding, dilation=dilation) @ W.reshape(-1, 3)
    np.testing.assert_allclose(ours.transpose(0, 3, 1, 2), expected, rtol=1e-10, atol=1e-12)


def split(total):
    """Zeros before and after: the odd one comes last."""
    return total // 2, total - total // 2


def test_output_size():
    for size in (5, 8, 13):
        for kernel, stride, padding, dilation in ((3, 1, 0, 1), (3, 2, 1, 1), (2, 3, 1, 2), (5, 1, 2, 1)):
            t = torch.zeros(1, 1, size, 20)
            settings = {"stride": stride, "padding": padding, "dilation": dilation}
            there = conv2d(t, torch.zeros(1, 1, kernel, kernel), **settings).shape[2]
            assert conv_output_size(size, kernel, stride, padding, dilation) == there
