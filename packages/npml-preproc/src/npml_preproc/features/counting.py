"""Terms of documents as a sparse matrix of counts, in compressed rows.

The terms of all documents become one array of numbers, by a dictionary that a C loop asks (``map`` over
``__getitem__``; an unseen term gets the next number on the way). Counting is sorting: term t of document d is the
integer (d << bits) | t, and a run of equal integers in the sorted array is one entry. A million terms are counted at a
time, so that the sort stays near the cache and memory within the size of the result.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Rows", "count_terms", "number_terms"]

TERMS_PER_BLOCK = 1 << 20


class Rows(NamedTuple):
    """A matrix in compressed sparse rows."""

    data: np.ndarray  # (n_entries,)
    indices: np.ndarray  # (n_entries,) columns, rising within a row
    indptr: np.ndarray  # (n_rows + 1,)

    def keep_columns(self, kept: np.ndarray) -> "Rows":
        """The columns for which the mask `kept` holds, renumbered."""
        renumbered = np.cumsum(kept) - 1
        entries = np.flatnonzero(kept.take(self.indices))
        indptr = np.searchsorted(entries, self.indptr)
        return Rows(self.data.take(entries), renumbered.take(self.indices.take(entries)), indptr)

    def to_csr(self, n_columns: int) -> Any:
        """As SciPy's matrix, with 32-bit indices where they suffice."""
        from scipy import sparse

        largest = max(len(self.data), n_columns)
        kind = np.int32 if largest <= np.iinfo(np.int32).max else np.int64
        parts = (self.data, self.indices.astype(kind, copy=False), self.indptr.astype(kind, copy=False))
        matrix = sparse.csr_matrix(parts, shape=(len(self.indptr) - 1, n_columns))
        matrix.has_sorted_indices = matrix.has_canonical_format = True
        return matrix


def number_terms(
    documents: Iterable, analyze: Callable, known: dict | None = None
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Numbers of all terms, how many terms each document has, and the number of every term.

    Terms that are not `known` get the next numbers in the order of first occurrence.
    """
    lengths: list[int] = []
    table: defaultdict = defaultdict(None, known or {})
    table.default_factory = table.__len__

    def terms_of_each():
        for document in documents:
            terms = analyze(document)
            terms = terms if hasattr(terms, "__len__") else list(terms)
            lengths.append(len(terms))
            yield terms

    numbers = np.fromiter(map(table.__getitem__, chain.from_iterable(terms_of_each())), np.int32)
    return numbers, np.array(lengths, dtype=np.int64), table


def count_terms(numbers: np.ndarray, lengths: np.ndarray, n_terms: int) -> Rows:
    """How often each of the first `n_terms` terms occurs in each document; higher numbers are left out."""
    bits = max(int(n_terms - 1).bit_length(), 1)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    blocks = []
    first = 0
    while first < len(lengths):
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + TERMS_PER_BLOCK, side="right")) - 1)
        documents = np.repeat(np.arange(last - first, dtype=np.int64), lengths[first:last])
        blocks.append(_count_block(numbers[ends[first] : ends[last]], documents, last - first, n_terms, bits))
        first = last
    if not blocks:
        return Rows(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(1, np.int64))
    data, columns, per_row = map(np.concatenate, zip(*blocks))
    return Rows(data, columns, np.concatenate([[0], np.cumsum(per_row)]))


def _count_block(numbers, documents, n_documents, n_terms, bits):
    """Counts, columns and the number of entries of every row."""
    known = numbers < n_terms
    if not known.all():
        numbers, documents = numbers[known], documents[known]
    keys = (documents << bits) | numbers
    keys.sort()
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(starts, append=len(keys))
    keys = keys.take(starts)
    columns = (keys & ((1 << bits) - 1)).astype(np.int32)
    return counts, columns, np.bincount(keys >> bits, minlength=n_documents)
