import numpy as np
import pytest

from npml_nn import Flatten, Reshape, flatten, gradcheck


@pytest.mark.parametrize("start_dim, shape", [(0, (24,)), (1, (2, 12)), (2, (2, 3, 4)), (-1, (2, 3, 4)), (-2, (2, 12))])
def test_flatten(start_dim, shape, rng, changes_nothing, stays_float32):
    x = rng.normal(size=(2, 3, 4))
    np.testing.assert_array_equal(flatten(x, start_dim), x.reshape(shape))
    assert gradcheck(Flatten(start_dim), [x], second_order=True)
    changes_nothing(Flatten(start_dim), x)
    stays_float32(Flatten(start_dim), x)


@pytest.mark.parametrize(
    "shape, expected", [((4, 3), (2, 4, 3)), ((-1,), (2, 12)), (12, (2, 12)), ((2, -1, 2), (2, 2, 3, 2))]
)
def test_reshape(shape, expected, rng, changes_nothing):
    x = rng.normal(size=(2, 3, 4))
    np.testing.assert_array_equal(Reshape(shape)(x), x.reshape(expected))
    assert gradcheck(Reshape(shape), [x], second_order=True)
    changes_nothing(Reshape(shape), x)


def test_empty_batch():
    assert Flatten()(np.zeros((0, 3, 4))).shape == (0, 12)
    assert Reshape((4, 3))(np.zeros((0, 3, 4))).shape == (0, 4, 3)


def test_bad_arguments():
    with pytest.raises(ValueError, match="start_dim"):
        Flatten(3)(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="reshape"):
        Reshape((5,))(np.zeros((2, 3)))
