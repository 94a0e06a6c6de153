"""A priority queue whose items can change their priority, and that may be bounded.

A binary heap keeps the best entry on top. An entry that is out of date (its item was pushed again with another
priority, popped or crowded out) is only marked, and thrown away when it comes to the top; when half of the heap is
out of date it is built again. A bounded queue has a second heap with the worst entry on top. All of `push`, `pop` and
a change of priority take O(log n), amortised.

References
----------
Cormen, Leiserson, Rivest & Stein (2009), "Introduction to Algorithms", 3rd ed., section 6.5.
"""

from heapq import heapify, heappop, heappush
from numbers import Integral, Real

import numpy as np

from .persistence import Storable

__all__ = ["PriorityQueue"]


class PriorityQueue(Storable):
    """Items that leave in the order of their priority.

    Parameters
    ----------
    capacity : int, optional
        How many items it holds at most; when one more is pushed, the worst leaves (it may be the new one).
    order : {"min", "max"}, default="min"
        Whether the smallest or the largest priority leaves first. Items of equal priority leave in the order in which
        they came (a change of priority does not change when an item came).

    Examples
    --------
    >>> from npml_core import PriorityQueue
    >>> queue = PriorityQueue(order="max")
    >>> queue.push("low", 1)
    >>> queue.push("high", 5)
    >>> queue.push("low", 9)
    >>> queue.pop()
    ('low', 9)
    >>> list(queue), len(queue), "low" in queue
    (['high'], 1, False)
    """

    def __init__(self, capacity=None, order="min"):
        if capacity is not None and (isinstance(capacity, bool) or not isinstance(capacity, Integral) or capacity < 1):
            raise ValueError(f"capacity must be None or a positive int, got {capacity!r}")
        if not isinstance(order, str) or order not in ("min", "max"):
            raise ValueError(f"order must be 'min' or 'max', got {order!r}")
        self.capacity, self.order = capacity, order
        self._sign = 1 if order == "min" else -1
        self._entries = {}  # item -> (key, number, item, priority): the entry that is up to date
        self._best, self._worst = [], []
        self._number = 0

    def push(self, item, priority):
        """Add an item, or give one that is there another priority.

        Parameters
        ----------
        item : hashable
            The item.
        priority : real number
            Its priority.

        Raises
        ------
        TypeError
            If the item is not hashable or the priority not a real number.
        ValueError
            If the priority is NaN.
        """
        if isinstance(priority, bool) or not isinstance(priority, Real):
            raise TypeError(f"priority must be a real number, got {priority!r}")
        if priority != priority:
            raise ValueError("priority must be a number, got NaN")
        priority = priority.item() if isinstance(priority, np.generic) else priority  # negating a uint wraps around
        old = self._current(item)
        number = self._number if old is None else old[1]
        self._number += old is None
        entry = _Entry((self._sign * priority, number, item, priority))
        self._entries[item] = entry
        heappush(self._best, entry)
        if self.capacity is not None:
            heappush(self._worst, (-entry[0], -number, entry))
            if len(self._entries) > self.capacity:
                self._drop_worst()
        if max(len(self._best), len(self._worst)) > 2 * len(self._entries) + 16:
            self._rebuild()

    def pop(self):
        """Take out the best item.

        Returns
        -------
        item, priority

        Raises
        ------
        IndexError
            If the queue is empty.
        """
        _, _, item, priority = self._top("pop from")
        heappop(self._best)
        del self._entries[item]
        return item, priority

    def peek(self):
        """The best item and its priority; it stays.

        Returns
        -------
        item, priority

        Raises
        ------
        IndexError
            If the queue is empty.
        """
        _, _, item, priority = self._top("peek at")
        return item, priority

    def __contains__(self, item):
        return self._current(item) is not None

    def __len__(self):
        return len(self._entries)

    def __iter__(self):
        return iter([entry[2] for entry in sorted(self._entries.values())])

    def __repr__(self):
        return f"PriorityQueue(capacity={self.capacity}, order={self.order!r}) with {len(self)} item(s)"

    def _top(self, action):
        if not self._entries:
            raise IndexError(f"{action} an empty PriorityQueue")
        while not self._is_current(self._best[0]):
            heappop(self._best)
        return self._best[0]

    def _drop_worst(self):
        while True:
            entry = heappop(self._worst)[2]
            if self._is_current(entry):
                del self._entries[entry[2]]
                return

    def _current(self, item):
        try:
            return self._entries.get(item)
        except TypeError:
            raise TypeError(f"item must be hashable, got {item!r}") from None

    def _is_current(self, entry):
        return self._entries.get(entry[2]) is entry

    def _rebuild(self):
        self._best = list(self._entries.values())
        heapify(self._best)
        if self.capacity is not None:
            self._worst = [(-entry[0], -entry[1], entry) for entry in self._best]
            heapify(self._worst)

    def _get_state(self):
        kept = sorted(self._entries.values(), key=lambda entry: entry[1])
        return {"capacity": self.capacity, "order": self.order, "items": [(entry[2], entry[3]) for entry in kept]}

    def _set_state(self, state):
        self.__init__(state["capacity"], state["order"])
        for item, priority in state["items"]:
            self.push(item, priority)


class _Entry(tuple):
    """(key, number, item, priority); numbers differ, so that items are never compared."""

    __slots__ = ()
