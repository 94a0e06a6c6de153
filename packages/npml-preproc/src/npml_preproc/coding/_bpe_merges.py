"""Learning the merges of byte-pair encoding.

Words are laid out one after the other in a flat array of symbols, a separator before and after each. A *place* is an
index into it; the word's count is the place's weight. ``following`` and ``preceding`` skip the places that a merge has
emptied. The count of a pair (a, b) is the weight of all places that hold a and are followed by b; places may overlap
(``aaa`` holds the pair (a, a) twice).

A merge of (a, b) makes a new symbol, so every pair that comes to life in it contains that symbol: a pair gets all its
places at once, and from then on only loses some. Its list of places is therefore written once, and its count is an
upper bound until it is looked at again. A heap holds (-bound, a, b, places): the top is recounted, and merged if the
bound was exact, else pushed back with its true count. Equal counts leave the heap smallest pair of ids first.

Complexity: every place is sorted once when its pair is born, O(places log places) over all merges instead of
O(merges * places).

References
----------
Gage (1994), "A new algorithm for data compression", C Users Journal 12(2).
Sennrich, Haddow & Birch (2016), "Neural machine translation of rare words with subword units", ACL.
https://doi.org/10.18653/v1/P16-1162
"""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush, heapreplace

import numpy as np

from npml_core import progress

SEPARATOR, EMPTY = -1, -2


def learn_merges(words: Mapping[bytes, int], byte_ids: np.ndarray, n_merges: int, min_frequency: int, verbose: int = 0):
    """Merge the most frequent pair, again and again.

    Parameters
    ----------
    words : mapping from bytes to int
        Words and how often each occurs.
    byte_ids : ndarray (256,)
        Symbol of every byte, a permutation of 0..255.
    n_merges : int
        How many merges to learn at most.
    min_frequency : int
        A pair that occurs less often is not merged.
    verbose : int
        1 shows a progress bar.

    Returns
    -------
    list of (int, int)
        Pairs of symbols; the k-th makes symbol 256 + k.
    """
    if not words:
        return []
    layout = _Layout(words, byte_ids)
    least = max(min_frequency, 1)
    heap = layout.first_pairs(least)
    heapify(heap)
    merges: list[tuple[int, int]] = []
    for new in progress(range(256, 256 + n_merges), desc="merges", verbose=verbose):
        best = _pop_most_frequent(heap, layout, least)
        if best is None:
            break
        a, b, places = best
        merges.append((a, b))
        for entry in layout.merge(a, b, places, new, least):
            heappush(heap, entry)
    return merges


def _pop_most_frequent(heap, layout, least):
    """The pair with the highest true count and its places, or None."""
    while heap:
        bound, a, b, places = heap[0]
        places, count = layout.recount(a, b, places)
        if count == -bound:
            heappop(heap)
            return a, b, places
        if count < least:
            heappop(heap)
        else:
            heapreplace(heap, (-count, a, b, places))
    return None


class _Layout:
    """The flat arrays of all words."""

    def __init__(self, words, byte_ids):
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        counts = np.fromiter(words.values(), dtype=np.int64, count=len(words))
        size = int(lengths.sum()) + len(words) + 1
        ends = np.cumsum(lengths + 1)  # places of the separators behind each word; place 0 is one, too
        inside = np.ones(size, dtype=bool)
        inside[0] = inside[ends] = False
        self.symbols = np.full(size, SEPARATOR, dtype=np.int64)
        self.symbols[inside] = byte_ids[np.frombuffer(b"".join(words), dtype=np.uint8)]
        self.weights = np.zeros(size, dtype=np.int64)
        self.weights[inside] = np.repeat(counts, lengths)
        self.following = np.arange(1, size + 1)
        self.preceding = np.arange(-1, size - 1)

    def first_pairs(self, least):
        """Heap entries of all pairs of bytes."""
        left, right = self.symbols[:-1], self.symbols[1:]
        places = np.flatnonzero((left >= 0) & (right >= 0))
        groups = self._by_key(left[places] * 256 + right[places], places, least)
        return [(-count, key >> 8, key & 255, members) for key, count, members in groups]

    def recount(self, a, b, places):
        """Those of `places` where b still follows a, and their weight."""
        places = places[(self.symbols[places] == a) & (self.symbols[self.following[places]] == b)]
        return places, int(self.weights[places].sum())

    def merge(self, a, b, places, new, least):
        """Write `new` where b follows a; yields heap entries of the pairs that contain it."""
        if a == b:
            places = _every_other(places, self.following)
        emptied = self.following[places]
        after = self.following[emptied]
        self.symbols[places] = new
        self.symbols[emptied] = EMPTY
        self.following[places] = after
        self.preceding[after] = places
        before = self.preceding[places]
        right, left = self.symbols[after], self.symbols[before]
        for key, count, members in self._by_key(right, places, least, right >= 0):
            yield -count, new, key, members
        # (new, new) is among the former already
        for key, count, members in self._by_key(left, before, least, (left >= 0) & (left != new)):
            yield -count, key, new, members

    def _by_key(self, keys, places, least, chosen=None):
        """Group places by key: ``(key, weight, places)`` of every group that weighs at least `least`."""
        if chosen is not None:
            keys, places = keys[chosen], places[chosen]
        if self.weights[places].sum() < least:
            return
        # a stable sort of 16-bit numbers is a radix sort
        order = (keys.astype(np.uint16) if keys.max() < 1 << 16 else keys).argsort(kind="stable")
        keys, places = keys[order], places[order]
        starts = np.concatenate(([0], (keys[1:] != keys[:-1]).nonzero()[0] + 1))
        counts = np.add.reduceat(self.weights[places], starts)
        kept = (counts >= least).nonzero()[0]
        stops = np.concatenate((starts[1:], [len(keys)]))[kept]
        starts = starts[kept]
        for key, count, start, stop in zip(
            keys[starts].tolist(), counts[kept].tolist(), starts.tolist(), stops.tolist()
        ):
            yield key, count, places[start:stop]


def _every_other(places, following):
    """Of places that follow one another (``aaaa``) the first, third, fifth ...: a run is merged from its left."""
    index = np.arange(len(places))
    starts = np.ones(len(places), dtype=bool)
    starts[1:] = places[1:] != following[places[:-1]]
    return places[(index - np.maximum.accumulate(np.where(starts, index, 0))) % 2 == 0]
