"""The queue against a sorted list, step by step."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import PriorityQueue, load, save


class Model:
    """The same queue as a dict that is sorted whenever somebody asks."""

    def __init__(self, capacity, order):
        self.capacity, self.sign, self.items = capacity, 1 if order == "min" else -1, {}

    def push(self, item, priority):
        self.items[item] = priority  # a dict keeps the place of a key that gets another value
        if self.capacity is not None and len(self.items) > self.capacity:
            del self.items[self.sorted()[-1]]

    def pop(self):
        item = self.sorted()[0]
        return item, self.items.pop(item)

    def sorted(self):
        return sorted(self.items, key=lambda item: self.sign * self.items[item])  # stable


operations = st.lists(
    st.one_of(st.tuples(st.integers(0, 12), st.integers(-3, 3)), st.just("pop"), st.just("peek")), max_size=60
)


@settings(max_examples=50, deadline=None)
@given(operations, st.one_of(st.none(), st.integers(1, 6)), st.sampled_from(["min", "max"]))
def test_equals_the_sorted_model_after_every_step(steps, capacity, order):
    queue, model = PriorityQueue(capacity, order), Model(capacity, order)
    for step in steps:
        if isinstance(step, tuple):
            queue.push(*step)
            model.push(*step)
        elif not model.items:
            assert not queue
            with pytest.raises(IndexError, match="empty"):
                getattr(queue, step)()
        elif step == "pop":
            assert queue.pop() == model.pop()
        else:
            best = model.sorted()[0]
            assert queue.peek() == (best, model.items[best])
        assert list(queue) == model.sorted()
        assert len(queue) == len(model.items)
        assert bool(queue) == bool(model.items)
        assert all((item in queue) == (item in model.items) for item in range(13))


def test_ties_leave_in_insertion_order_and_items_are_never_compared():
    queue = PriorityQueue()
    items = [object() for _ in range(20)]
    for item in items:
        queue.push(item, 1.0)
    assert [queue.pop()[0] for _ in items] == items


def test_a_new_priority_keeps_the_place_among_ties():
    queue = PriorityQueue()
    for item, priority in (("a", 5), ("b", 1), ("a", 1)):
        queue.push(item, priority)
    assert list(queue) == ["a", "b"]


def test_when_full_the_worst_leaves_even_if_it_is_the_new_one():
    queue = PriorityQueue(capacity=2)
    for item, priority in (("a", 1), ("b", 2), ("c", 3), ("d", 2), ("e", 0)):
        queue.push(item, priority)
    assert list(queue) == ["e", "a"]
    queue.push("a", 100)  # known already: nobody leaves
    assert list(queue) == ["e", "a"]


@pytest.mark.parametrize("capacity", [None, 50])
def test_memory_stays_in_proportion_to_the_items(capacity):
    queue = PriorityQueue(capacity)
    rng = np.random.default_rng(0)
    for step in range(5000):
        queue.push(step % 40, rng.random())
        if step % 3 == 0:
            queue.pop()
    for step in range(5000):
        queue.push("one", step)
        queue.pop()
    assert len(queue._best) + len(queue._worst) < 4 * 40 + 100


def test_push_and_pop_are_logarithmic():
    comparisons = 0

    class Counted(float):
        __hash__ = float.__hash__

        def __neg__(self):
            return Counted(float.__neg__(self))

        def __rmul__(self, other):
            return Counted(other * float(self))

        def __lt__(self, other):
            nonlocal comparisons
            comparisons += 1
            return float(self) < float(other)

    n = 4000
    queue = PriorityQueue(capacity=n // 2)
    for i, priority in enumerate(np.random.default_rng(0).permutation(n)):
        queue.push(i, Counted(priority))
    for i in range(n // 2):
        queue.push(i, Counted(i))
    while queue:
        queue.pop()
    assert comparisons < 12 * n * np.log2(n)


def test_any_real_priority():
    queue = PriorityQueue(order="max")
    for item, priority in enumerate([np.uint8(200), np.float32(0.5), Fraction(1, 3), np.inf, -np.inf, 10**400]):
        queue.push(item, priority)
    assert list(queue) == [3, 5, 0, 1, 2, 4]
    assert queue.peek() == (3, np.inf)
    queue.push("x", np.int8(-128))
    assert list(queue)[-2:] == ["x", 4]


@pytest.mark.parametrize("bad", ["1", None, 1j, [1], True, np.array([1.0])])
def test_wrong_priorities(bad):
    with pytest.raises(TypeError, match="priority must be a real number"):
        PriorityQueue().push("a", bad)


@pytest.mark.parametrize("bad", [float("nan"), np.nan, np.float32("nan")])
def test_nan_priority_changes_nothing(bad):
    queue = PriorityQueue()
    queue.push("a", 1)
    with pytest.raises(ValueError, match="priority .* NaN"):
        queue.push("a", bad)
    assert queue.pop() == ("a", 1)


def test_unhashable_items():
    queue = PriorityQueue(capacity=1)
    with pytest.raises(TypeError, match="item must be hashable"):
        queue.push([1], 1)
    with pytest.raises(TypeError, match="item must be hashable"):
        assert [1] in queue
    assert len(queue) == 0


@pytest.mark.parametrize("bad", [0, -1, 1.5, "2", True])
def test_wrong_capacity(bad):
    with pytest.raises((TypeError, ValueError), match="capacity"):
        PriorityQueue(capacity=bad)


@pytest.mark.parametrize("bad", ["up", None, 1, ["min"]])
def test_wrong_order(bad):
    with pytest.raises(ValueError, match="order must be 'min' or 'max'"):
        PriorityQueue(order=bad)


def through_file(queue, folder):
    save(queue, folder / "queue")
    return load(folder / "queue")


@pytest.mark.parametrize(
    "copy_of", [through_file, lambda q, _: pickle.loads(pickle.dumps(q)), lambda q, _: copy.deepcopy(q)]
)
def test_copies_go_on_as_the_original(copy_of, tmp_path):
    queue = PriorityQueue(capacity=4, order="max")
    for item, priority in ((("t", 1), 1), ("b", 1), ("c", 5.5), ("b", 7), (4, 1), ("late", 1)):
        queue.push(item, priority)
    other = copy_of(queue, tmp_path)
    for q in (queue, other):
        q.push("b", 1)
        q.push("new", 1.5)
    assert list(other) == list(queue)
    assert [other.pop() for _ in range(4)] == [queue.pop() for _ in range(4)]
