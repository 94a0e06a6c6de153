r"""Huffman coding: the shortest code that gives every symbol a whole number of bits.

With n_s the count of symbol s and l_s the length of its code, the code minimises ``sum n_s l_s`` among all codes of
which none begins another. With p = n / sum n and H = -sum p log2 p::

    H <= sum p_s l_s < H + 1

The two rarest nodes are joined again and again; leaves and joined nodes both come in increasing order, so two queues
replace a heap. From the lengths alone follow the *canonical* codes: sorted by length, then by symbol, they are
consecutive binary numbers, the next longer length going on at twice the last number plus one.

A message is::

    2 bytes   b"HF"
    1 byte    version
    4 bytes   CRC-32 of the code and of all that follows
    varint    number of symbols
    varint    symbols in a chunk, 0 if the message is one chunk
    ...       where it is not: a byte, the width w, and w bytes for the bits of each chunk but the last
    ...       the codes, filled up with zeros to a byte

The code itself is the encoder's and not repeated. Messages above 64 kB are cut into up to 16384 chunks, whose lengths
cost less than 1 %, so that all chunks can be decoded side by side; shorter ones are decoded from many places as well,
which are found by trial (``_bits``).

Complexity: O(k log k) to fit k symbols; O(n) to encode and decode.

References
----------
Huffman (1952), "A method for the construction of minimum-redundancy codes", Proc. IRE 40(9).
https://doi.org/10.1109/JRPROC.1952.273898
van Leeuwen (1976), "On the construction of Huffman trees", ICALP (two queues).
Schwartz & Kallick (1964), "Generating a canonical prefix encoding", Comm. ACM 7(3).
https://doi.org/10.1145/363958.363991
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any
from zlib import crc32

import numpy as np

from npml_core import BaseEstimator, check_is_fitted

from ._bits import LONGEST, DecodeTable, join_neighbours, left_aligned, pack, unpack, unpack_whole

MAGIC = b"HF\x01"
ONE_CHUNK = 1 << 16  # bytes of codes that are not cut into chunks
MOST_CHUNKS = 1 << 14
CHUNK_MULTIPLE = 64  # symbols; no joined code reaches over the end of a chunk
BLOCK = 1 << 16  # symbols that are packed at once
PAIRS_PAY = 1 << 18  # symbols from which a table of pairs is worth its making
TABLE_SHARE = 200  # the chunk table takes at most one 200th of the codes


class HuffmanEncoder(BaseEstimator):
    """Huffman code of the symbols of bytes, text, an array or a list.

    Attributes
    ----------
    codes_ : dict
        Symbol -> its code, a str of "0" and "1".
    symbols_ : list or ndarray
        Symbols in the order of their codes.
    lengths_ : ndarray of int64
        Bits of their codes.
    kind_ : {"bytes", "str", "array", "list"}
        What was given to `fit` and is given back by `decode`.

    Examples
    --------
    >>> from npml_preproc import HuffmanEncoder
    >>> encoder = HuffmanEncoder().fit("abracadabra")
    >>> encoder.codes_
    {'a': '0', 'b': '100', 'c': '101', 'd': '110', 'r': '111'}
    >>> message = encoder.encode("cab")
    >>> message[-1:].hex(), encoder.decode(message)
    ('a8', 'cab')
    """

    def fit(self, data: Any, y: None = None) -> "HuffmanEncoder":
        """Build the code of the symbols in `data` and their frequencies.

        Parameters
        ----------
        data : bytes, str, ndarray (n,), iterable of hashables, or mapping from symbols to counts
            The symbols are byte values, characters, entries or items. A mapping gives the counts themselves: its
            messages are text if every symbol is one character, else lists.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        HuffmanEncoder
            self

        Raises
        ------
        ValueError
            If a count is not a positive integer, or an array is not one-dimensional.
        TypeError
            If a symbol cannot be hashed.
        """
        kind, counts = _count(data)
        symbols = _in_order(list(counts))
        by_count = sorted(range(len(symbols)), key=lambda i: counts[symbols[i]])
        lengths = np.zeros(len(symbols), dtype=np.int64)
        lengths[by_count] = _code_lengths([counts[symbols[i]] for i in by_count])
        order = np.argsort(lengths, kind="stable")
        symbols = [symbols[i] for i in order]
        self._forget()
        self.kind_, self.lengths_ = kind, lengths[order]
        self.symbols_ = np.array(symbols, dtype=data.dtype) if kind == "array" else symbols
        return self

    def encode(self, data: bytes | str | np.ndarray | Iterable[Hashable]) -> bytes:
        """Write `data` as a message: its codes one after the other behind a short header.

        Parameters
        ----------
        data : of the kind given to `fit`
            Symbols that `fit` has seen.

        Returns
        -------
        bytes
            At most 24 bytes more than the codes up to 64 kB, at most 1 % above.

        Raises
        ------
        ValueError
            For a symbol that `fit` has not seen.
        """
        check_is_fitted(self, "lengths_")
        ranks = self._to_ranks(data)
        if len(ranks) and self.lengths_[-1] > LONGEST:
            codes = list(self.codes_.values())
            bits = "".join(map(codes.__getitem__, ranks.tolist()))
            payload, chunks = int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big"), b"\0"
        elif len(ranks):
            payload, offsets = self._pack_blocks(ranks)
            chunks = _chunk_table(len(ranks), offsets, len(payload)) if len(self.lengths_) > 1 else b"\0"
        else:
            payload, chunks = b"", b"\0"
        body = _varint(len(ranks)) + chunks + payload
        return MAGIC + crc32(body, self._fingerprint).to_bytes(4, "little") + body

    def decode(self, message: bytes) -> Any:
        """Read what `encode` wrote.

        Parameters
        ----------
        message : bytes
            A message of this encoder or of an equal one.

        Returns
        -------
        bytes, str, ndarray or list
            Of the kind given to `fit`.

        Raises
        ------
        ValueError
            If the message is damaged, cut off, or was written with another code.
        """
        check_is_fitted(self, "lengths_")
        message = _checked_bytes(message)
        head = len(MAGIC)
        if message[:head] != MAGIC:
            raise ValueError("message was not written by HuffmanEncoder.encode (or is damaged at its start)")
        body = message[head + 4 :]
        if message[head : head + 4] != crc32(body, self._fingerprint).to_bytes(4, "little"):
            raise ValueError("message is damaged or was written with another code: its checksum does not fit")
        size, at = _read_varint(body, 0)
        chunk, at = _read_varint(body, at)
        if size > 8 * (len(body) - at):
            raise ValueError(f"message is damaged: it cannot hold {size} symbols")
        return self._from_ranks(self._decode_ranks(body, at, size, chunk))

    def _decode_ranks(self, body, at, size, chunk):
        if chunk and len(self.lengths_) > 1 and self.lengths_[-1] <= LONGEST:
            starts, sizes, at = _read_chunk_table(body, at, size, chunk)
            return unpack(body[at:], starts, sizes, self._table)
        if len(self.lengths_) > 1:
            return unpack_whole(body[at:], size, self._table)
        if len(body) - at != (size + 7) // 8 or any(body[at:]) or (size and not len(self.lengths_)):
            raise ValueError("message is damaged: its length does not fit its contents")
        return np.zeros(size, dtype=np.uint8)

    def _pack_blocks(self, ranks):
        """Codes of all symbols, and the bit where every ``CHUNK_MULTIPLE``-th starts, block by block (cache)."""
        codes, lengths = left_aligned(self.lengths_), self.lengths_.astype(np.uint64)
        pairs = _pair_table(codes, lengths) if ranks.dtype == np.uint8 and len(ranks) > PAIRS_PAY else None
        pieces, marks, done, carry = [], [], 0, np.uint64(0)
        for begin in range(0, len(ranks), BLOCK):
            block, joined = ranks[begin : begin + BLOCK], 1
            if pairs is not None and lengths[-1] <= LONGEST // 2 and len(block) % 2 == 0:
                both = pairs[block.view(np.uint16)]
                block_codes, block_lengths, joined = both & ~np.uint64(63), both & np.uint64(63), 2
            else:
                block_codes, block_lengths = codes[block], lengths[block]
            while 2 * joined * lengths[-1] <= 64 and joined < CHUNK_MULTIPLE:
                block_codes, block_lengths = join_neighbours(block_codes, block_lengths)
                joined *= 2
            words, offsets = pack(block_codes, block_lengths, carry, done % 64)
            marks.append(offsets[: -1 : CHUNK_MULTIPLE // joined].astype(np.int64) + done // 64 * 64)
            done, carry = done // 64 * 64 + int(offsets[-1]), words[-1]
            pieces.append(words[:-1].astype(">u8").tobytes())
        pieces.append(int(carry).to_bytes(8, "big")[: (done % 64 + 7) // 8])
        return b"".join(pieces), np.append(np.concatenate(marks), done)

    def _to_ranks(self, data):
        """Rank of every symbol in the order of the codes."""
        if self.kind_ == "bytes":
            data = _checked_bytes(data, "data")
            _refuse(data.translate(None, bytes(self.symbols_))[:1])
            return np.frombuffer(data.translate(self._rank_of_byte), dtype=np.uint8)
        if self.kind_ == "str":
            if not isinstance(data, str):
                raise TypeError(f"data must be a str, as in fit, got {type(data).__name__}")
            points = _code_points(data)
            known = points < len(self._rank_of_point)
            ranks = self._rank_of_point[np.where(known, points, 0)]
            _refuse(points[~known | (ranks < 0)][:1].tolist(), chr)
            return ranks.astype(self._dtype)
        if self.kind_ == "array":
            data, order = np.asarray(data), np.argsort(self.symbols_)
            if data.ndim != 1:
                raise ValueError(f"data must be one-dimensional, got shape {data.shape}")
            if not len(order):
                _refuse(data[:1])
                return np.zeros(0, dtype=self._dtype)
            ranks = order[np.searchsorted(self.symbols_, data, sorter=order).clip(max=len(order) - 1)]
            _refuse(data[self.symbols_[ranks] != data][:1])
            return ranks.astype(self._dtype)
        data = list(data)
        ranks = [self._rank_of_symbol.get(symbol, -1) for symbol in data]
        _refuse(data[ranks.index(-1)] for _ in range(-1 in ranks))
        return np.array(ranks, dtype=self._dtype)

    def _from_ranks(self, ranks):
        if self.kind_ == "bytes":
            return ranks.tobytes().translate(bytes(self.symbols_).ljust(256, b"\0"))
        if self.kind_ == "str":
            points = _code_points("".join(self.symbols_))
            return points[ranks].astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        if self.kind_ == "array":
            return self.symbols_[ranks]
        return list(map(self.symbols_.__getitem__, ranks.tolist()))

    @cached_property
    def codes_(self) -> dict:
        """Symbol -> its code, a str of "0" and "1"."""
        check_is_fitted(self, "lengths_")
        codes, code, before = {}, 0, 0
        symbols = np.asarray(self.symbols_).tolist() if self.kind_ == "array" else self.symbols_
        for symbol, length in zip(symbols, self.lengths_.tolist()):
            code <<= length - before
            codes[symbol] = format(code, f"0{length}b")
            code, before = code + 1, length
        return codes

    @cached_property
    def _fingerprint(self):
        """Checksum of the code, at which the checksum of a message starts: another code's messages are refused."""
        known = {"bytes": bytes, "str": lambda s: "".join(s).encode("utf-32-le", "surrogatepass")}
        symbols = known[self.kind_](self.symbols_) if self.kind_ in known else b""
        return crc32(self.lengths_.astype("<i8").tobytes() + symbols)

    @cached_property
    def _table(self):
        return DecodeTable(self.lengths_, self._dtype)

    @property
    def _dtype(self):
        return np.min_scalar_type(max(len(self.lengths_) - 1, 0))

    @cached_property
    def _rank_of_byte(self):
        table = bytearray(256)
        for rank, byte in enumerate(self.symbols_):
            table[byte] = rank
        return bytes(table)

    @cached_property
    def _rank_of_point(self):
        points = _code_points("".join(self.symbols_))
        table = np.full(points.max(initial=0) + 1, -1, dtype=np.int64)
        table[points] = np.arange(len(points))
        return table

    @cached_property
    def _rank_of_symbol(self):
        return {symbol: rank for rank, symbol in enumerate(self.symbols_)}

    def _forget(self):
        """Drop what was derived from an earlier fit."""
        for name in ("codes_", "_fingerprint", "_table", "_rank_of_byte", "_rank_of_point", "_rank_of_symbol"):
            self.__dict__.pop(name, None)

    def _get_state(self):
        return {name: self.__dict__[name] for name in ("kind_", "symbols_", "lengths_") if name in self.__dict__}

    __getstate__ = _get_state


def _count(data):
    """Kind of `data` and the counts of its symbols."""
    if isinstance(data, bytes | bytearray | memoryview):
        counts = np.bincount(np.frombuffer(bytes(data), dtype=np.uint8), minlength=256) if len(data) else np.zeros(0)
        return "bytes", {int(b): int(counts[b]) for b in np.flatnonzero(counts)}
    if isinstance(data, str):
        counts = np.bincount(_code_points(data))
        return "str", {chr(p): int(counts[p]) for p in np.flatnonzero(counts)}
    if isinstance(data, np.ndarray):
        if data.ndim != 1:
            raise ValueError(f"data must be one-dimensional, got shape {data.shape}")
        symbols, numbers = np.unique(data, return_counts=True)
        return "array", dict(zip(symbols.tolist(), numbers.tolist()))
    if isinstance(data, Mapping):
        for symbol, count in data.items():
            if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
                raise ValueError(f"the count of {symbol!r} must be a positive integer, got {count!r}")
        text = data and all(isinstance(symbol, str) and len(symbol) == 1 for symbol in data)
        return "str" if text else "list", {symbol: int(count) for symbol, count in data.items()}
    if not isinstance(data, Iterable):
        raise TypeError(f"data must be bytes, a str, an array, a mapping or an iterable, got {type(data).__name__}")
    return "list", Counter(data)


def _in_order(symbols):
    """Sorted where they can be, else as they came."""
    try:
        return sorted(symbols)
    except TypeError:
        return symbols


def _code_lengths(counts):
    """Depth of every leaf of Huffman's tree over increasing `counts`."""
    n = len(counts)
    if n < 2:
        return [1] * n
    parent, joined = [0] * (2 * n - 1), []
    leaf = node = 0
    for new in range(n, 2 * n - 1):
        total = 0
        for _ in range(2):  # take the smaller head of the two queues
            if node == len(joined) or (leaf < n and counts[leaf] <= joined[node]):
                total += counts[leaf]
                parent[leaf] = new
                leaf += 1
            else:
                total += joined[node]
                parent[n + node] = new
                node += 1
        joined.append(total)
    depth = [0] * (2 * n - 1)
    for i in range(2 * n - 3, -1, -1):
        depth[i] = depth[parent[i]] + 1
    return depth[:n]


def _pair_table(codes, lengths):
    """Codes of all pairs of bytes, by their uint16, with their length in the lowest 6 bits."""
    wide_codes, wide_lengths = np.zeros((2, 256), dtype=np.uint64)
    wide_codes[: len(codes)], wide_lengths[: len(codes)] = codes, lengths
    first, second = np.indices((256, 256)).astype(np.uint8).reshape(2, -1)
    table = np.empty(1 << 16, dtype=np.uint64)
    table[np.stack((first, second), axis=1).view(np.uint16).ravel()] = (
        wide_codes[first] | wide_codes[second] >> wide_lengths[first] | (wide_lengths[first] + wide_lengths[second])
    )
    return table


def _chunk_table(size, marks, n_bytes):
    """Header of the chunks: symbols in each, then the width and the bits of every chunk but the last."""
    if n_bytes <= ONE_CHUNK:
        return b"\0"
    for width in (2, 4, 8):
        chunk = -(-size // min(MOST_CHUNKS, n_bytes // TABLE_SHARE // width))
        chunk += -chunk % CHUNK_MULTIPLE
        bits = np.diff(marks[:-1][:: chunk // CHUNK_MULTIPLE])
        if bits.max(initial=0) < 1 << 8 * width:
            break
    return _varint(chunk) + bytes([width]) + bits.astype(f"<u{width}").tobytes()


def _read_chunk_table(body, at, size, chunk):
    """Starts and sizes of the chunks, and where the codes begin."""
    n_chunks, width = -(-size // chunk), body[at] if at < len(body) else 0
    end = at + 1 + (n_chunks - 1) * width
    if width not in (2, 4, 8) or n_chunks < 1 or end > len(body):
        raise ValueError("message is damaged: its table of chunks is none")
    bits = np.frombuffer(body[at + 1 : end], dtype=f"<u{width}").astype(np.int64)
    starts = np.concatenate(([0], np.cumsum(bits)))
    if bits.min(initial=0) < 0 or not (0 <= starts[-1] <= 8 * (len(body) - end)) or (np.diff(starts) < 0).any():
        raise ValueError("message is damaged: its chunks reach past its end")
    sizes = np.full(n_chunks, chunk, dtype=np.int64)
    sizes[-1] = size - chunk * (n_chunks - 1)
    sizes[0] = min(chunk, size)
    return starts, sizes, end


def _varint(number):
    """Seven bits a byte, lowest first; the high bit says that more follow."""
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes(parts) + bytes([number])


def _read_varint(body, at):
    number = 0
    for shift in range(0, 63, 7):
        if at == len(body):
            break
        number |= (body[at] & 127) << shift
        at += 1
        if body[at - 1] < 128:
            return number, at
    raise ValueError("message is damaged: a number in its header does not end")


def _code_points(text):
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)


def _checked_bytes(data, name="message"):
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"{name} must be bytes, got {type(data).__name__}")
    return bytes(data)


def _refuse(symbols, show=lambda symbol: symbol):
    """Raise for the first of `symbols` that fit has not seen."""
    for symbol in symbols:
        raise ValueError(f"data holds the symbol {show(symbol)!r}, which fit has not seen")
