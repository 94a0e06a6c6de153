"""Sequences cut into pieces that are worked through side by side.

A recursion over time is a loop; what keeps NumPy busy is doing many sequences in each of its steps. Sequences are
sorted by length and packed time-major: step t of all that are longer than t is one block of rows, and those still
running are always the first ones. A single long sequence is cut into pieces of about `LENGTH` steps, which run side
by side as if each were a sequence: what enters a piece is first guessed and then, sweep by sweep, replaced by what
leaves its neighbour, until nothing changes. A hidden Markov chain forgets its past quickly, so two sweeps are the
rule; where it does not forget, each sweep still settles one more piece, and the answer is the same.
"""

import numpy as np

LENGTH = 96
MAX_WIDTH = 400  # enough sequences side by side: cutting them gains nothing


class Pieces:
    """Pieces of all sequences, in the order of the data.

    Parameters
    ----------
    lengths : ndarray of int64
        Lengths of the sequences, which stand one after the other.

    Attributes
    ----------
    start, size : ndarray of int64 (n_pieces,)
        First row and number of rows of each piece.
    is_head, is_tail : ndarray of bool (n_pieces,)
        Whether it begins, or ends, a sequence.
    """

    def __init__(self, lengths):
        ends = np.cumsum(lengths)
        if len(lengths) < MAX_WIDTH and lengths.max() > 2 * LENGTH:
            counts = np.maximum(lengths // LENGTH, 1)
            number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            # pieces of a sequence differ in length by one at most
            share, rest = np.repeat(lengths // counts, counts), np.repeat(lengths % counts, counts)
            offset = number * share + np.minimum(number, rest)
            self.start = np.repeat(ends - lengths, counts) + offset
            self.size = share + (number < rest)
            self.is_head = number == 0
            self.is_tail = number == np.repeat(counts, counts) - 1
        else:
            self.start, self.size = ends - lengths, lengths
            self.is_head = self.is_tail = np.ones(len(lengths), bool)

    def pack(self, chosen):
        """Time-major order of the rows of the chosen pieces (indices)."""
        return Packed(self.start[chosen], self.size[chosen], chosen)


class Packed:
    """Rows of some pieces, step by step.

    Attributes
    ----------
    pieces : ndarray of int64 (P,)
        The pieces, longest first.
    rows : ndarray of int64 (total,)
        Row of the data at each packed place.
    offsets : list of int (T + 1)
        Step t of all running pieces stands at ``offsets[t]:offsets[t + 1]``.
    last : ndarray of int64 (P,)
        Packed place of each piece's last step.
    """

    def __init__(self, start, size, chosen):
        order = np.argsort(-size, kind="stable")
        self.pieces, start, size = chosen[order], start[order], size[order]
        steps = np.arange(size[0])
        # how many pieces are longer than t
        active = np.searchsorted(-size, -steps, side="left")
        ends = np.cumsum(active)
        place = np.arange(ends[-1]) - np.repeat(ends - active, active)
        self.rows = start[place] + np.repeat(steps, active)
        self.offsets = [0, *ends.tolist()]
        self.last = (ends - active)[size - 1] + np.arange(len(size))


def settle(pieces, values, first, run, exits_to, changed):
    """Run pieces until what enters each one is what leaves its neighbour.

    Parameters
    ----------
    pieces : Pieces
        All of them.
    values : ndarray (n_pieces, ...)
        What enters each piece, a guess where it is not known; changed in place.
    first : ndarray of bool (n_pieces,)
        Pieces whose entry is known from the start.
    run : callable(packed, entries) -> exits
        Works through packed pieces and gives what leaves them.
    exits_to : int
        +1 if what leaves piece i enters piece i + 1, -1 if it enters piece i - 1.
    changed : callable(old, new) -> ndarray of bool
        Tells which entries differ by more than rounding.
    """
    todo = np.arange(len(pieces.size))
    while len(todo):
        packed = pieces.pack(todo)
        exits = run(packed, values[packed.pieces])
        target = packed.pieces + exits_to
        inside = (target >= 0) & (target < len(first))
        inside[inside] = ~first[target[inside]]
        target, exits = target[inside], exits[inside]
        differs = changed(values[target], exits)
        values[target] = exits
        todo = np.sort(target[differs])
