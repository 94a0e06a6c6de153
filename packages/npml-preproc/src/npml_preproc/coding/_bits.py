"""Codes to bits and back: the bit-packing of Huffman coding.

A code of up to 57 bits is an uint64 that starts at the highest bit (*left-aligned*) and a length. Neighbours are joined
(a | b >> length of a) as long as the sum of their lengths fits into 64 bits, so that what is packed is few and long.
The words of the output are then sums of non-overlapping pieces: every word is the difference of two entries of a
running sum that wraps around.

Decoding looks at 15 bits at a time in a table whose entries hold all the symbols that these bits finish. Many chunks of
the message are decoded in lockstep, one look-up for all of them in a NumPy step. Codes that are longer than 15 bits
are found by bisection: left-aligned canonical codes are in numerical order.
"""

import numpy as np

PEEK = 15  # bits looked at in one step
LONGEST = 57  # bits of a code that may start at any bit of a byte and still lie in 8 bytes
CHECK_EVERY = 8  # steps before chunks that are done are dropped
PAD = 8  # bytes behind the payload that may be looked at


def join_neighbours(codes, lengths):
    """Join each two neighbours: half as many codes. A last one without a neighbour stays alone."""
    even = len(codes) // 2 * 2
    joined = codes[:even:2] | codes[1::2] >> lengths[:even:2]
    total = lengths[:even:2] + lengths[1::2]
    return np.append(joined, codes[even:]), np.append(total, lengths[even:])


def pack(codes, lengths, carry, n_bits):
    """Append codes, one after the other, to bits that are there.

    Parameters
    ----------
    codes, lengths : ndarray of uint64 (n,)
        Left-aligned codes of 1 to 64 bits, n > 0.
    carry : uint64
        The last, unfinished word so far.
    n_bits : int
        Bits in it, below 64.

    Returns
    -------
    words : ndarray of uint64
        The bits; the last word is the new carry.
    offsets : ndarray of uint64 (n + 1,)
        First bit of every code, counted from that of the first word, and the end.
    """
    offsets = np.empty(len(codes) + 1, dtype=np.uint64)
    offsets[0] = n_bits
    np.cumsum(lengths, out=offsets[1:])
    offsets[1:] += np.uint64(n_bits)
    start, word = offsets[:-1] & np.uint64(63), offsets[:-1] >> np.uint64(6)
    last = np.append(np.flatnonzero(word[1:] != word[:-1]), len(codes) - 1)  # last code that starts in each word
    sums = np.cumsum(codes >> start)[last]  # of the pieces in the words where codes start
    words = np.zeros(int(offsets[-1] >> np.uint64(6)) + 1, dtype=np.uint64)
    words[: len(last)] = np.diff(sums, prepend=np.uint64(0))
    words[0] |= carry
    spill = (codes[last] << (np.uint64(63) - start[last])) << np.uint64(1)
    words[1 : len(last) + 1] += spill[: len(words) - 1]
    return words, offsets


class DecodeTable:
    """What `unpack` and `unpack_serial` look up.

    Parameters
    ----------
    lengths : ndarray of int64 (n_symbols,)
        Code lengths in canonical order (never decreasing) of a complete code; a symbol is its rank in this order.
    dtype : dtype
        Of ranks: uint8, uint16 or uint32. An entry holds up to 8, 4 or 2 of them.
    """

    def __init__(self, lengths, dtype):
        self.lengths, self.dtype = lengths, np.dtype(dtype)
        self.per_entry = 8 // self.dtype.itemsize
        self.has_long = bool(lengths[-1] > PEEK)
        self.entries, self.counts, self.bits = self._entries()
        self._lengths_used, self._first_rank, n_used = np.unique(lengths, return_index=True, return_counts=True)
        # (length, first rank, how many) of the codes of equal length
        self.runs = list(zip(self._lengths_used.tolist(), self._first_rank.tolist(), n_used.tolist()))
        if lengths[-1] <= LONGEST:
            self._first_code = left_aligned(lengths)[self._first_rank]

    def _entries(self):
        """As many symbols as 15 bits finish, in one uint64; how many; and their bits (0, 0: the code is longer)."""
        short = self.lengths[self.lengths <= PEEK]
        spans = 1 << (PEEK - short)
        first_rank, first_length = np.zeros((2, 1 << PEEK), dtype=np.int64)
        first_rank[: spans.sum()] = np.repeat(np.arange(len(short)), spans)
        first_length[: spans.sum()] = np.repeat(short, spans)
        window = np.arange(1 << PEEK)
        bits, counts, entries = np.zeros((3, 1 << PEEK), dtype=np.int64)
        for k in range(self.per_entry):
            ahead = (window << bits) & (1 << PEEK) - 1
            length = first_length[ahead]
            going = (counts == k) & (length > 0) & (bits + length <= PEEK)
            entries |= going * (first_rank[ahead] << k * 8 * self.dtype.itemsize)
            bits += going * length
            counts += going
        return entries, counts, bits

    def long_ranks(self, windows):
        """Rank and length of the codes at the start of 64-bit `windows`."""
        used = np.searchsorted(self._first_code, windows, side="right") - 1
        length = self._lengths_used[used]
        beyond = (windows - self._first_code[used]) >> (64 - length).astype(np.uint64)
        return self._first_rank[used] + beyond.astype(np.int64), length


def left_aligned(lengths):
    """Canonical codes of at most 57 bits as uint64 that start at the highest bit, from their lengths in order."""
    steps = np.uint64(1) << (64 - lengths).astype(np.uint64)
    return np.cumsum(steps) - steps  # a complete code sums to 2^64, which wraps to 0


def unpack(payload, starts, sizes, table):
    """Decode chunks in lockstep.

    Parameters
    ----------
    payload : bytes
        Bits of all chunks.
    starts, sizes : ndarray of int64 (n_chunks,)
        First bit and number of symbols of every chunk; no chunk is larger than the first.
    table : DecodeTable
        The code; its longest is at most 57 bits.

    Returns
    -------
    ndarray (sum of sizes,)
        Ranks.
    """
    n_bits, padded = 8 * len(payload), payload + bytes(PAD + -len(payload) % 4)
    words = np.frombuffer(padded, dtype=">u4").astype(np.uint64)
    words = words[:-1] << np.uint64(32) | words[1:]  # 64 bits from every fourth byte on
    item, width = table.dtype.itemsize, int(sizes[0])
    out = np.empty((len(starts), (width + table.per_entry) * item), dtype=np.uint8)
    slots = np.ndarray(out.size - 7, dtype="<i8", buffer=out, strides=(1,))  # 8 bytes from any byte on
    advance = table.counts * item << 8 | table.bits
    order = np.argsort(np.diff(starts, append=n_bits))[::-1]  # long chunks first: those at work are the first `n`
    position, here = starts[order], order * out.shape[1]
    end, n = here + sizes[order] * item, len(starts)
    while n:
        for _ in range(CHECK_EVERY):
            ahead = words.take(position >> 5) >> (64 - PEEK - (position & 31)).view(np.uint64)
            window = (ahead & np.uint64((1 << PEEK) - 1)).view(np.int64)
            slots[here] = table.entries.take(window)
            step = advance.take(window)
            if table.has_long:
                rows = np.flatnonzero(step == 0)
                ranks, bits = table.long_ranks(_windows64(padded, position[rows]))
                slots[here[rows]], step[rows] = ranks, item << 8 | bits
            # a chunk that is done stays at its end, where what follows goes into the row's margin
            here = np.minimum(here + (step >> 8), end)
            position = np.minimum(position + (step & 255), n_bits)
        n = np.flatnonzero(here < end).max(initial=-1) + 1
        here, end, position = here[:n], end[:n], position[:n]
    return np.ascontiguousarray(out[:, : width * item]).view(table.dtype).ravel()[: int(sizes.sum())]


def _windows64(padded, positions):
    """64 bits from each position on, of which 57 are there for sure."""
    wide = np.ndarray(len(padded) - 7, dtype=">u8", buffer=padded, strides=(1,))
    return wide[positions >> 3].astype(np.uint64) << (positions & 7).astype(np.uint64)


def unpack_serial(payload, size, table):
    """Decode from the first bit to the last.

    Parameters
    ----------
    payload : bytes
        The bits.
    size : int
        Number of symbols.
    table : DecodeTable
        The code, of any lengths.

    Returns
    -------
    ndarray (size,)
        Ranks.

    Raises
    ------
    ValueError
        If the bits are not exactly `size` codes and less than a byte of zeros.
    """
    padded, n_bits = payload + bytes(PAD), 8 * len(payload)
    heads = np.ndarray(len(payload) + 1, dtype=">u4", buffer=padded, strides=(1,)).tolist()
    bits, mask = table.bits.tolist(), (1 << PEEK) - 1
    windows, position = [], 0
    while position < n_bits:
        window = heads[position >> 3] >> (32 - PEEK - (position & 7)) & mask
        if not bits[window]:
            rank, length = _long_rank(payload, position, table.runs)
            windows.append(~rank)
            position += length
        else:
            windows.append(window)
            position += bits[window]
    windows = np.array(windows, dtype=np.int64)
    is_rank, looked_up = windows < 0, np.maximum(windows, 0)
    entries = np.where(is_rank, ~windows, table.entries[looked_up])
    counts = np.where(is_rank, 1, table.counts[looked_up])
    slots = entries.astype("<i8").view(table.dtype.newbyteorder("<")).reshape(-1, table.per_entry)
    ranks = slots[np.arange(table.per_entry) < counts[:, None]][:size].astype(table.dtype)
    if len(ranks) < size or (int(table.lengths[ranks].sum()) + 7) // 8 != len(payload):
        raise ValueError("data is damaged: its length does not fit its contents")
    return ranks


def _long_rank(payload, position, runs):
    """Rank and length of the code at `position`, by the definition of canonical codes, with integers of any size."""
    longest = runs[-1][0]
    ahead = payload[position >> 3 : (position + longest + 7) // 8]
    bits = int.from_bytes(ahead.ljust(longest // 8 + 2, b"\0"), "big")
    available = 8 * (longest // 8 + 2) - (position & 7)
    first, previous = 0, 0
    for length, rank, count in runs:
        first <<= length - previous
        code = bits >> (available - length) & (1 << length) - 1
        if code - first < count:
            return rank + code - first, length
        first, previous = first + count, length
    raise ValueError("data is damaged: it holds a code that is none")
