import numpy as np
import pytest

from npml_nn import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    normal,
    orthogonal,
    truncated_normal,
)
from npml_nn.initializers import get_initializer

SHAPE = (3, 3, 40, 60)  # fans 360 and 540
MOMENTS = [
    (glorot_uniform, {}, 2 / 900, 1.8),
    (glorot_normal, {}, 2 / 900, 3.0),
    (glorot_normal, {"activation": "tanh"}, (5 / 3) ** 2 * 2 / 900, 3.0),
    (he_uniform, {}, 2 / 360, 1.8),
    (he_normal, {}, 2 / 360, 3.0),
    (he_normal, {"activation": None}, 1 / 360, 3.0),
    (he_normal, {"activation": "leaky_relu"}, 2 / (1 + 1e-4) / 360, 3.0),
    (normal, {"std": 0.3}, 0.09, 3.0),
    (truncated_normal, {"std": 0.3}, 0.09 * 0.7737413, 2.3665),
]


@pytest.mark.parametrize("function, options, variance, kurtosis", MOMENTS)
def test_moments(function, options, variance, kurtosis):
    W = function(SHAPE, random_state=0, **options)
    assert W.shape == SHAPE
    assert abs(W.mean()) < 5 * np.sqrt(variance / W.size)
    assert W.var() == pytest.approx(variance, rel=0.03)
    assert np.mean(W**4) / W.var() ** 2 == pytest.approx(kurtosis, rel=0.05)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (3, 3, 2, 8)])
def test_orthogonal(shape):
    W = orthogonal(shape, random_state=0, gain=2.0).reshape(-1, shape[-1])
    gram = W.T @ W if W.shape[0] >= W.shape[1] else W @ W.T
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-12)


def test_truncation_and_seeds():
    assert np.abs(truncated_normal((500, 500), random_state=0, std=1.0)).max() <= 2
    for function in (glorot_uniform, truncated_normal, orthogonal):
        np.testing.assert_array_equal(function((4, 3), random_state=1), function((4, 3), random_state=1))


def test_names_and_bad_arguments():
    assert get_initializer("normal") is normal
    assert get_initializer(np.ones) is np.ones
    assert get_initializer("he_normal", "tanh")((300, 300), 0).var() == pytest.approx((5 / 3) ** 2 / 300, rel=0.05)
    with pytest.raises(ValueError, match="he_uniform"):
        get_initializer("unknown")
    with pytest.raises(ValueError, match="shape"):
        glorot_uniform((3,))
    with pytest.raises(ValueError, match="shape"):
        orthogonal((3,))
