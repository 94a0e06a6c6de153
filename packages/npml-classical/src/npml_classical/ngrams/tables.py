"""Counts of n-grams as sorted arrays of integers.

Notation: B symbols; a context is a sequence of k symbols before a word w.

Contexts are numbered by a trie that grows backwards in time: context (u, c) of length k + 1 is the child of its
suffix c with the earlier symbol u, and has the key  id(c) B + u  among the sorted keys of its length. So its place
there is its number, the number of the suffix is ``key // B``, and looking up a context finds all its suffixes on the
way. An n-gram (c, w) has the key  id(c) B + w.  All keys fit into 64 bits whatever the order, and every table is one
`np.unique`.
"""

import numpy as np

__all__ = ["Tables", "compress"]


class Level:
    """n-grams whose contexts have one length.

    Attributes
    ----------
    context_keys : ndarray of int64 (n_contexts,)
        Sorted keys of the contexts.
    parents : ndarray of int64 (n_contexts,)
        Number of each context's suffix.
    keys, counts : ndarray (n_ngrams,)
        Sorted keys of the n-grams, and how often each occurs.
    totals, distinct : ndarray (n_contexts,)
        How often a context occurs, and with how many different words.
    continuations, continuation_totals : ndarray or None
        For each n-gram the number of different symbols before it, and their sum for a context; None at the last level.
    """

    continuations = continuation_totals = None

    def __init__(self, context_keys, parents, keys, counts, size):
        self.context_keys, self.parents, self.keys, self.counts = context_keys, parents, keys, counts
        owner = keys // size
        self.totals = np.bincount(owner, weights=counts, minlength=len(context_keys))
        self.distinct = np.bincount(owner, minlength=len(context_keys))


class Tables:
    """All levels of a model of the given order.

    Parameters
    ----------
    windows : ndarray of int64 (n_windows, order)
        Different n-grams of the highest order.
    counts : ndarray (n_windows,)
        How often each occurs.
    size : int
        B.
    """

    def __init__(self, windows, counts, size):
        self.size = size
        words = windows[:, -1]
        context = np.zeros(len(windows), np.int64)
        self.levels = [self._level(np.zeros(1, np.int64), np.zeros(1, np.int64), context, words, counts)]
        for k in range(1, windows.shape[1]):
            keys, context = np.unique(context * size + windows[:, -1 - k], return_inverse=True)
            self.levels.append(self._level(keys, keys // size, context, words, counts))
            self._count_continuations(self.levels[k - 1], self.levels[k])

    def _level(self, context_keys, parents, context, words, counts):
        keys, place = np.unique(context * self.size + words, return_inverse=True)
        return Level(context_keys, parents, keys, np.bincount(place, weights=counts), self.size)

    def _count_continuations(self, lower, upper):
        """How many different symbols stand before each n-gram of the lower level."""
        below = upper.parents[upper.keys // self.size] * self.size + upper.keys % self.size
        lower.continuations = np.bincount(np.searchsorted(lower.keys, below), minlength=len(lower.keys))
        owner = lower.keys // self.size
        lower.continuation_totals = np.bincount(owner, weights=lower.continuations, minlength=len(lower.context_keys))

    def find_contexts(self, history):
        """Numbers of the contexts of every length.

        Parameters
        ----------
        history : ndarray of int64 (n, k)
            The symbols before each word.

        Returns
        -------
        list of ndarray of int64 (n,)
            For lengths 0 to k; -1 where a context never occurred.
        """
        found = [np.zeros(len(history), np.int64)]
        for k in range(1, history.shape[1] + 1):
            keys = found[-1] * self.size + history[:, -k]
            place = find(self.levels[k].context_keys, keys)
            found.append(np.where(found[-1] >= 0, place, -1))
        return found

    def find_ngrams(self, k, contexts, words):
        """Places of n-grams with contexts of length k; -1 where one never occurred."""
        place = find(self.levels[k].keys, contexts * self.size + words)
        return np.where(contexts >= 0, place, -1)


def compress(windows, counts):
    """Equal rows of windows (n, order) as one, with the sum of their counts."""
    group = np.zeros(len(windows), np.int64)
    for column in windows.T:
        group = np.unique(group * (column.max(initial=0) + 1) + column, return_inverse=True)[1]
    _, first, place = np.unique(group, return_index=True, return_inverse=True)
    return windows[first], np.bincount(place, weights=counts)


def find(sorted_keys, keys):
    """Places of keys in a sorted array, -1 for those that are not in it."""
    if not len(sorted_keys):
        return np.full(len(keys), -1)
    place = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return np.where(sorted_keys[place] == keys, place, -1)


def take(values, places):
    """values[places], and 0 where a place is -1."""
    return np.where(places >= 0, values[places], 0)
