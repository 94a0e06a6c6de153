"""Spaces by duck typing, and the numbering of their members."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from npml_rl.spaces import Box, Discrete, Product, as_space


def members(space):
    return [space.value(row) for row in range(space.n)]


def test_discrete_with_a_start():
    space = as_space(SimpleNamespace(n=np.int64(3), start=np.int64(-1)))
    assert members(space) == [-1, 0, 1]
    assert [space.row(np.int32(value)) for value in members(space)] == [0, 1, 2]
    assert space.rows(np.array([1, -1])).tolist() == [2, 0]


@pytest.mark.parametrize("value", [2, -2, 0.5, "1", None, np.array([0, 1]), np.nan])
def test_what_is_not_in_a_discrete_space(value):
    with pytest.raises(ValueError, match="Discrete"):
        Discrete(3, start=-1).row(value)


@pytest.mark.parametrize("batch", [[3, 0], [0.5, 1.0], [[0, 1]]])
def test_bad_batches(batch):
    with pytest.raises(ValueError, match="Discrete"):
        Discrete(3).rows(np.array(batch))


def test_multi_discrete_is_raveled_in_c_order():
    space = as_space(SimpleNamespace(nvec=np.array([2, 3, 4]), start=np.array([0, 1, 0])))
    grid = np.array(list(product(range(2), range(1, 4), range(4))))
    assert [space.row(value) for value in grid] == list(range(24))
    assert space.rows(grid).tolist() == list(range(24))
    assert (np.array(members(space)) == grid).all()


def test_multi_dimensional_nvec_keeps_its_shape():
    space = as_space(SimpleNamespace(nvec=np.full((2, 2), 3)))
    assert space.n == 81
    assert space.value(80).tolist() == [[2, 2], [2, 2]]
    assert space.row(np.array([[0, 0], [1, 2]])) == 5
    assert space.rows(np.array([[[0, 0], [1, 2]]])).tolist() == [5]


def test_multi_binary():
    space = as_space(SimpleNamespace(n=3, shape=(3,)))
    assert space.n == 8
    assert space.row(np.array([1, 0, 1], dtype=np.int8)) == 5


def test_tuple_and_dict():
    parts = [SimpleNamespace(n=4), SimpleNamespace(nvec=[2, 3])]
    pair = as_space(SimpleNamespace(spaces=tuple(parts)))
    assert pair.n == 24
    assert pair.row((3, np.array([1, 2]))) == 23
    assert pair.rows((np.array([0, 3]), np.array([[0, 1], [1, 2]]))).tolist() == [1, 23]
    named = as_space(SimpleNamespace(spaces={"a": parts[0], "b": parts[0]}))
    assert named.row({"b": 1, "a": 2}) == 9
    assert named.value(9) == {"a": 2, "b": 1}
    for bad in ((1,), (1, 2, 3), 5):
        with pytest.raises(ValueError):
            pair.row(bad)
    with pytest.raises(ValueError, match="keys"):
        named.row({"a": 1})


def test_a_box_and_what_is_no_space():
    assert as_space(SimpleNamespace(low=[0.0], high=[1.0], shape=(1,))).shape == (1,)
    with pytest.raises(ValueError, match="low"):
        Box([1.0], [0.0])
    with pytest.raises(ValueError, match="action_space must be discrete"):
        as_space("left or right", "action_space")
    with pytest.raises(ValueError, match="discrete parts"):
        as_space(SimpleNamespace(spaces=[Discrete(2), Box([0.0], [1.0])]))
    with pytest.raises(ValueError, match="positive"):
        Discrete(0)
    assert as_space(Product([Discrete(2)])).n == 2
