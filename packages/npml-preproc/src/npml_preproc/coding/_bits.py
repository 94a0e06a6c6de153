"""Codes to bits and back: the bit-packing of Huffman coding.

A code of up to 57 bits is an uint64 that starts at the highest bit (*left-aligned*) and a length. Neighbours are joined
(a | b >> length of a) as long as the sum of their lengths fits into 64 bits, so that what is packed is few and long. The
words of the output are then sums of non-overlapping pieces: every word is the difference of two entries of a running sum
that wraps around.

Decoding looks at 15 bits at a time in a table whose entries hold all the symbols that these bits finish. Many chunks of
the message are decoded in lockstep, one look-up for all of them in a NumPy step. Codes that are longer than 15 bits are found by
bisection: left-aligned canonical codes are in numerical order.
"""

import numpy as np

PEEK = 15  # bits looked at in one step
LONGEST = 57  # bits of a code that may start at any bit of a byte and still lie in 8 bytes
PAD = 8  # bytes behind the payload that may be looked at


def join_neighbours(codes, lengths):
    """Join each two neighbours: half as many codes. A last one without a neighbour stays alone."""
    odd = len(codes) % 2
    first, second = slice(0, len(codes) - odd, 2), slice(1, None, 2)
    joined = codes[first] | codes[second] >> lengths[first]
    total = lengths[first] + lengths[second]
    if odd:
        joined, total = np.append(joined, codes[-1]), np.append(total, lengths[-1])
    return joined, total


def pack(codes, lengths):
    """Bytes of codes one after the other.

    Parameters
    ----------
    codes, lengths : ndarray of uint64 (n,)
        Left-aligned codes of 1 to 64 bits.

    Returns
    -------
    payload : bytes
        The last byte is filled up with zeros.
    offsets : ndarray of uint64 (n + 1,)
        First bit of every code, and the end.
    """
    offsets = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(lengths, out=offsets[1:])
    n_bits = int(offsets[-1])
    start = offsets[:-1] & np.uint64(63)
    sums = np.cumsum(codes >> start)  # of the pieces in the words where codes start
    word = offsets[:-1] >> np.uint64(6)
    last = np.append(np.flatnonzero(word[1:] != word[:-1]), len(codes) - 1)  # last code that starts in each word
    spill = (codes[last] << (np.uint64(63) - start[last])) << np.uint64(1)
    words = np.zeros(len(last) + 1, dtype=np.uint64)
    words[:-1] = np.diff(sums[last], prepend=np.uint64(0))
    words[1:] += spill
    return words.astype(">u8").tobytes()[: (n_bits + 7) // 8], offsets


class DecodeTable:
    """What `unpack` and `unpack_serial` look up.

    Parameters
    ----------
    lengths : ndarray of int64 (n_symbols,)
        Code lengths in canonical order (never decreasing), of a complete code.
    values : ndarray (n_symbols,)
        What symbols decode to: uint8, uint16 or uint32. Smaller ones share an entry: 8, 4 or 2.
    """

    def __init__(self, lengths, values):
        self.lengths, self.values = lengths, values
        self.per_entry = 8 // values.itemsize
        short = lengths[lengths <= PEEK]
        spans = 1 << (PEEK - short)
        rank = np.repeat(np.arange(len(short)), spans)
        rest = (1 << PEEK) - len(rank)  # entries of codes that are longer
        self._first_value = np.append(values[rank].astype(np.uint64), np.zeros(rest, np.uint64))
        self._first_length = np.append(short[rank], np.zeros(rest, np.int64))
        self._fill()

    def _fill(self):
        """Entries: as many symbols as 15 bits finish, packed into one uint64; how many; how many bits."""
        window = np.arange(1 << PEEK)
        bits, count = np.zeros_like(window), np.zeros_like(window)
        entries = np.zeros(1 << PEEK, dtype=np.uint64)
        width = 8 * self.values.itemsize
        going = np.ones(1 << PEEK, dtype=bool)
        for k in range(self.per_entry):
            ahead = (window << bits) & ((1 << PEEK) - 1)
            length = self._first_length[ahead]
            going &= (length > 0) & (bits + length <= PEEK)
            entries |= np.where(going, self._first_value[ahead] << np.uint64(k * width), np.uint64(0))
            bits += length * going
            count += going
        self.entries, self.counts, self.bits = entries, count, bits

    def canonical(self):
        """First code of every length (left-aligned), its rank, and the lengths, for codes of up to 57 bits."""
        used, rank = np.unique(self.lengths, return_index=True)
        steps = np.uint64(1) << (np.uint64(64) - self.lengths.astype(np.uint64))
        first = (np.cumsum(steps) - steps)[rank]
        return first, rank, used
