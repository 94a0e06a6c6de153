"""Codes to bits and back: the bit-packing of Huffman coding.

A code of up to 57 bits is an uint64 that starts at the highest bit (*left-aligned*) and a length. Neighbours are joined
(a | b >> length of a) as long as the sum of their lengths fits into 64 bits, so that what is packed is few and long.
The words of the output are then sums of non-overlapping pieces: every word is the difference of two entries of a
running sum that wraps around.

Decoding looks at 16 bits at a time in a table whose entries hold all the symbols that these bits finish. Many places of
the message are decoded in lockstep (in *lanes*), one look-up for all of them in a NumPy step. Codes that are longer
than 16 bits are found by bisection: left-aligned canonical codes are in numerical order.

Where no table of chunks says at which bits codes start, lanes start anywhere: a decoder that starts within a code is
soon in step with the right one (Ferguson, Rabinowitz 1984), so its first look-ups are thrown away. That it really was
in step is known when the lane before has arrived exactly there, and the first lane starts right. A lane that was not is
left out, and the lane before goes on through its bits.

References
----------
Ferguson, Rabinowitz (1984). Self-synchronizing Huffman codes. IEEE Trans. Information Theory 30(4).
    doi:10.1109/TIT.1984.1056931
Klein, Wiseman (2003). Parallel Huffman decoding with applications to JPEG files. doi:10.1093/comjnl/46.5.487
"""

from math import gcd

import numpy as np

PEEK = 16  # bits looked at in one step
LONGEST = 57  # bits of a code that may start at any bit of a byte and still lie in 8 bytes
ROUND = 8  # steps before lanes are asked whether they are done
LANE = 576  # bits of a lane that starts anywhere: more than the two rounds that put it in step can take (370)
ATTEMPTS = 3  # to bring such lanes in step
FEWEST_LANES = 16  # below, plain Python is faster
PAD = 16  # bytes behind the payload that may be looked at

# arrays of one number take NumPy less time to read than numbers do
FIVE, LOW_FIVE, EIGHT, LOW_EIGHT, TOP = (np.array(number, dtype=np.uint64) for number in (5, 31, 8, 255, 64 - PEEK))


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

    Attributes
    ----------
    entries, counts, bits : ndarray of uint64, int64 and uint64 (2^16 + n_symbols,)
        As many symbols as 16 bits finish, how many, and their bits, all of them 0 where the first code is longer. The
        symbol of rank r alone is found at 2^16 + r.
    first_bits : ndarray of uint64 (2^16,)
        Bits of the first symbol only.
    """

    def __init__(self, lengths, dtype):
        self.lengths, self.dtype = lengths, np.dtype(dtype)
        self.per_entry = 8 // self.dtype.itemsize
        self.has_long = bool(lengths[-1] > PEEK)
        entries, counts, bits, first_bits = self._windows()
        self.entries = np.concatenate([entries, np.arange(len(lengths))]).astype(np.uint64)
        self.counts = np.concatenate([counts, np.ones(len(lengths), dtype=np.int64)])
        self.bits = np.concatenate([bits, lengths]).astype(np.uint64)
        self.first_bits = first_bits.astype(np.uint64)
        self._lengths_used, self._first_rank, n_used = np.unique(lengths, return_index=True, return_counts=True)
        # (length, first rank, how many) of the codes of equal length
        self.runs = list(zip(self._lengths_used.tolist(), self._first_rank.tolist(), n_used.tolist()))
        if lengths[-1] <= LONGEST:
            self._first_code = left_aligned(lengths)[self._first_rank]

    def _windows(self):
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
            if not going.any():
                break
            entries |= going * (first_rank[ahead] << k * 8 * self.dtype.itemsize)
            bits += going * length
            counts += going
        return entries, counts, bits, first_length

    def long_codes(self, windows):
        """Where to look up the codes at the start of 64-bit `windows`: 2^16 + their ranks."""
        used = np.searchsorted(self._first_code, windows, side="right") - 1
        beyond = (windows - self._first_code[used]) >> (64 - self._lengths_used[used]).astype(np.uint64)
        return (self._first_rank[used] + (1 << PEEK)).astype(np.uint64) + beyond

    def ranks(self, places, counts):
        """The first `counts` ranks of the entries at `places`, one after the other."""
        filled = np.tri(self.per_entry + 1, self.per_entry, -1, dtype=bool).take(counts, axis=0)
        slots = self.entries.take(places).astype("<u8", copy=False).view(self.dtype.newbyteorder("<"))
        return slots.take(np.flatnonzero(filled)).astype(self.dtype, copy=False)


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
    n_bits, words = 8 * len(payload), _words(payload)
    item, width = table.dtype.itemsize, int(sizes[0])
    out = np.empty((len(starts), (width + table.per_entry) * item), dtype=np.uint8)
    slots = np.ndarray(out.size - 7, dtype="<u8", buffer=out, strides=(1,))  # 8 bytes from any byte on
    advance = table.counts.view(np.uint64) * np.uint64(item) << EIGHT | table.bits
    order = np.argsort(np.diff(starts, append=n_bits))[::-1]  # long chunks first: those at work are the first `n`
    position, here = starts[order].view(np.uint64), order * out.shape[1]
    end, n = here + sizes[order] * item, len(starts)
    while n:
        place, step = np.empty((2, n), dtype=np.uint64)
        for _ in range(ROUND):
            _window(words, position, place, step)
            np.right_shift(place, TOP, place)
            advance.take(place.view(np.int64), None, step, "clip")
            if table.has_long:
                rows = np.flatnonzero(step == 0)
                place[rows] = table.long_codes(_windows64(words, position[rows]))
                step[rows] = advance.take(place[rows].view(np.int64))
            slots[here] = table.entries.take(place.view(np.int64))
            position += step & LOW_EIGHT
            np.right_shift(step, EIGHT, step)
            here += step.view(np.int64)
            # a chunk that is done stays at its end, where what follows goes into the row's margin
            np.minimum(here, end, out=here)
        n = np.flatnonzero(here < end).max(initial=-1) + 1
        here, end, position = here[:n], end[:n], position[:n]
    return np.ascontiguousarray(out[:, : width * item]).view(table.dtype).ravel()[: int(sizes.sum())]


def unpack_whole(payload, size, table):
    """Decode bits of which it is known only that a code starts at the first one.

    Parameters, returns and errors are those of `unpack_serial`, the plain form of it.
    """
    words, n_bits, lengths = _words(payload), 8 * len(payload), table.lengths
    # all codes start at multiples of the greatest common divisor of their lengths
    starts = np.arange(0, max(1, n_bits - LANE), LANE - LANE % gcd(*lengths.tolist()), dtype=np.uint64)
    if lengths[-1] > LONGEST or len(starts) < FEWEST_LANES:
        return unpack_serial(payload, size, table)
    anywhere = _look_up(words, starts, table)[2]
    starts[1:] = _look_up(words, anywhere, table)[2][1:]
    for _ in range(ATTEMPTS):
        ranks, arrived = _side_by_side(words, starts, np.append(starts[1:], np.uint64(n_bits)), table)
        in_step = np.append(True, arrived[:-1] == starts[1:])
        if in_step.all():
            return _checked_end(ranks, size, int(arrived[-1]), n_bits, table)
        starts = starts[in_step]
    return unpack_serial(payload, size, table)


def _words(payload):
    """64 bits from every fourth byte on."""
    halves = np.frombuffer(payload + bytes(PAD + -len(payload) % 4), dtype=">u4").astype(np.uint64)
    return halves[:-1] << np.uint64(32) | halves[1:]


def _side_by_side(words, starts, ends, table):
    """Ranks of the symbols that begin from `starts` to before `ends`, lane after lane, and where these symbols end."""
    position, rounds = starts, []
    while (position < ends).any():
        *seen, position = _look_up(words, position, table)
        rounds.append(seen)
    positions, places = (np.concatenate(arrays) for arrays in zip(*rounds))  # (steps, lanes)
    inside = positions < ends
    steps = np.count_nonzero(inside, axis=0)
    arrived, last_counts = _walk(words, positions[steps - 1, np.arange(len(starts))], ends, table)
    places = places.T[inside.T].view(np.int64)
    counts = table.counts.take(places)
    counts[np.cumsum(steps) - 1] = last_counts
    return table.ranks(places, counts), arrived


def _look_up(words, position, table):
    """A round of steps in all lanes: where they looked, at what places of the table (steps, lanes), where they are now.

    At a code that is too long for the table a lane waits, finding nothing, for the end of the round.
    """
    steps = ROUND if table.bits[0] else 1  # 1: all codes are too long
    positions, places = np.empty((steps + 1, len(position)), np.uint64), np.empty((steps, len(position)), np.uint64)
    positions[0], bits = position, np.empty_like(position)
    for here, place, there in zip(positions, places, positions[1:]):
        _window(words, here, place, bits)
        np.right_shift(place, TOP, place)
        table.bits.take(place.view(np.int64), None, bits, "clip")
        np.add(here, bits, there)
    waiting = np.flatnonzero(bits == 0) if table.has_long else ()
    if len(waiting):
        places[-1, waiting] = codes = table.long_codes(_windows64(words, here[waiting]))
        there[waiting] += table.bits[codes.view(np.int64)]
    return positions[:-1], places, there


def _window(words, position, out, scratch):
    """The bits from `position` on, of which 33 are there for sure, into `out`."""
    np.right_shift(position, FIVE, scratch)
    words.take(scratch.view(np.int64), None, out, "clip")
    np.bitwise_and(position, LOW_FIVE, scratch)
    np.left_shift(out, scratch, out)


def _windows64(words, position):
    word, within = (position >> FIVE).view(np.int64), position & LOW_FIVE
    return words.take(word, mode="clip") << within | words.take(word + 2, mode="clip") >> (np.uint64(64) - within)


def _walk(words, position, ends, table):
    """Symbol by symbol from `position` to the first end of a symbol from `ends` on, and how many there are."""
    position, count, lanes = position.copy(), np.zeros(len(position), dtype=np.int64), np.arange(len(position))
    windows = _windows64(words, position)
    while len(lanes):
        bits = table.first_bits.take((windows >> TOP).view(np.int64))
        long = np.flatnonzero(bits == 0)
        if len(long):
            bits[long] = table.bits[table.long_codes(_windows64(words, position[lanes[long]])).view(np.int64)]
        position[lanes] += bits
        count[lanes] += 1
        going = np.flatnonzero(position[lanes] < ends[lanes])
        lanes, windows = lanes[going], (windows << bits)[going]
    return position, count


def _checked_end(ranks, size, end, n_bits, table):
    """`size` ranks, whose codes reach into the last byte; those beyond come from the zeros that fill it up."""
    if not 0 <= n_bits - end + int(table.lengths[ranks[size:]].sum()) < 8 or len(ranks) < size:
        raise ValueError("message is damaged: its length does not fit its contents")
    return ranks[:size]


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
    bits, mask = table.bits[: 1 << PEEK].tolist(), (1 << PEEK) - 1
    places, position = [], 0
    while position < n_bits:
        place = heads[position >> 3] >> (32 - PEEK - (position & 7)) & mask
        if bits[place]:
            position += bits[place]
        else:
            rank, length = _long_rank(payload, position, table.runs)
            place = (1 << PEEK) + rank
            position += length
        places.append(place)
    places = np.array(places, dtype=np.int64)
    return _checked_end(table.ranks(places, table.counts[places]), size, position, n_bits, table)


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
