import numpy as np
import pytest

from npml_nn import Add, Multiply, functional, gradcheck
from npml_nn.layers import merge

SHAPES = [[(4, 3)], [(4, 3), (4, 3)], [(4, 3), (1, 3), (4, 1)], [(2, 4, 3), (3,), (), (1, 4, 1)]]


@pytest.mark.parametrize("layer", [Add, Multiply])
@pytest.mark.parametrize("shapes", SHAPES)
def test_gradients(layer, shapes, rng):
    assert gradcheck(layer(), [np.asarray(rng.normal(size=shape)) for shape in shapes], second_order=True)


def test_values_and_zeros():
    x = np.array([0.0, 0.0, 2.0])
    layer = Multiply()
    np.testing.assert_array_equal(layer(x, np.array([3.0, 0.0, 5.0]), np.array([7.0, 1.0, 1.0])), [0, 0, 10])
    dx = layer.backward(np.ones(3))
    np.testing.assert_array_equal(dx, [[21, 0, 5], [0, 0, 2], [0, 0, 10]])
    np.testing.assert_array_equal(Add()(x, x, x), 3 * x)


@pytest.mark.parametrize("op", [functional.add, functional.multiply])
def test_float32_and_inputs_untouched(op, stays_float32, changes_nothing, rng):
    inputs = [rng.normal(size=(2, 3, 4)), rng.normal(size=(3, 1))]
    stays_float32(op, *inputs)
    changes_nothing(op, *inputs)


MUTANTS = [
    (merge.multiply_backward, "dy * other", "dy * x", Multiply),
    (merge.multiply_backward, "dy * other", "-dy * other", Multiply),
    (merge.add_backward, "_unbroadcast(dy, shape)", "-_unbroadcast(dy, shape)", Add),
    (merge.multiply_double_backward, "ddy += reduce", "ddy -= reduce", Multiply),
    (merge.multiply_double_backward, "if k != i:", "if k > i:", Multiply),
]


@pytest.mark.parametrize("function, old, new, layer", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, layer, mutant_is_caught, rng):
    inputs = [rng.normal(size=(4, 3)) for _ in range(3)]
    mutant_is_caught(function, old, new, layer(), inputs, second_order=True)
