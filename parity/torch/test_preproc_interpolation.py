"""npml_preproc's resampling of images against torch.nn.functional.interpolate."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from npml_preproc import batch_resample

SIZES = [(1, 1), (5, 7), (13, 17), (26, 34), (12, 18), (40, 3), (3, 40), (200, 150)]


def peer(X, size, mode):
    options = {"align_corners": False} if mode == "bilinear" else {}
    images = torch.from_numpy(X).permute(0, 3, 1, 2)
    return interpolate(images, size=size, mode=mode, **options).permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [(2, 13, 17, 3), (1, 1, 1, 1), (3, 1, 6, 2), (2, 30, 1, 1), (1, 64, 48, 4)])
def test_bilinear(shape, size):
    X = np.random.default_rng(0).normal(size=shape)
    ours = batch_resample(X, size, "bilinear")
    np.testing.assert_allclose(ours, peer(X, size, "bilinear"), rtol=0, atol=1e-13)
    single = X.astype(np.float32)
    resampled = batch_resample(single, size, "bilinear")
    assert resampled.dtype == np.float32
    right = peer(single, size, "bilinear")
    assert np.abs(resampled - ours).max() <= max(np.abs(right - ours).max(), 1e-5)


def test_nearest_wherever_torch_is_right():
    """Torch multiplies by a rounded scale: a source row that should be a whole number may come out one too low."""
    equal = 0
    for H in range(1, 40):
        X = np.arange(H, dtype=np.float32).reshape(1, H, 1, 1)
        for h in range(1, 80):
            ours, torchs = batch_resample(X, (h, 1), "nearest").ravel(), peer(X, (h, 1), "nearest").ravel()
            equal += np.array_equal(ours, torchs)
            off = ours != torchs
            assert (np.flatnonzero(off) * H % h == 0).all()  # only where i H / h is whole ...
            assert (ours[off] == torchs[off] + 1).all()  # ... and rounding went below it
    assert equal >= 0.99 * 39 * 79


@pytest.mark.parametrize("size", SIZES)
def test_nearest(size):
    X = np.random.default_rng(0).normal(size=(2, 13, 17, 3))
    np.testing.assert_array_equal(batch_resample(X, size, "nearest"), peer(X, size, "nearest"))
