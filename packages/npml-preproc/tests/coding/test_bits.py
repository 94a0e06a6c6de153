import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_preproc.coding import _bits
from npml_preproc.coding._bits import DecodeTable, join_neighbours, left_aligned, pack, unpack, unpack_serial

codes_as_text = st.lists(st.text("01", min_size=1, max_size=64), min_size=1, max_size=60)


def as_arrays(codes):
    aligned = np.array([int(code.ljust(64, "0"), 2) for code in codes], dtype=np.uint64)
    return aligned, np.array([len(code) for code in codes], dtype=np.uint64)


@given(codes_as_text, st.text("01", max_size=63))
@settings(max_examples=50)
def test_pack_appends_bits(codes, before):
    carry = np.uint64(int(before.ljust(64, "0"), 2))
    words, offsets = pack(*as_arrays(codes), carry, len(before))
    bits = "".join(format(int(word), "064b") for word in words)
    expected = before + "".join(codes)
    assert bits[: len(expected)] == expected
    assert "1" not in bits[len(expected) :]
    assert len(words) == len(expected) // 64 + 1
    assert offsets.tolist() == [len(before + "".join(codes[:i])) for i in range(len(codes) + 1)]


@given(st.lists(st.text("01", min_size=1, max_size=32), max_size=20))
@settings(max_examples=50)
def test_neighbours_are_joined(codes):
    joined, lengths = join_neighbours(*as_arrays(codes))
    pairs = ["".join(codes[i : i + 2]) for i in range(0, len(codes), 2)]
    assert [format(int(code), "064b")[:length] for code, length in zip(joined, lengths.tolist())] == pairs


def canonical(lengths):
    codes, code, before = [], 0, 0
    for length in lengths:
        code <<= length - before
        codes.append(format(code, f"0{length}b"))
        code, before = code + 1, length
    return codes


SKEWED = [*range(1, 40), 39]
LENGTHS = {"two": [1, 1], "skewed": SKEWED, "even": [8] * 256, "long": [17] * 2**17, "mixed": [1, 3, 3, 3, 4, 4]}


def message(lengths, ranks):
    """Payload, and the bit where every code starts."""
    codes = canonical(lengths.tolist())
    bits = "".join(codes[r] for r in ranks)
    n_bytes = -(-len(bits) // 8)
    return int(bits.ljust(n_bytes * 8, "0"), 2).to_bytes(n_bytes, "big"), np.cumsum(lengths[ranks]) - lengths[ranks]


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())
@pytest.mark.parametrize("size", [1, 500, 5001])
def test_all_ways_to_decode_agree_with_the_codes(lengths, size):
    lengths, rng = np.array(lengths), np.random.default_rng(0)
    assert [format(int(c), "064b")[:n] for c, n in zip(left_aligned(lengths), lengths)] == canonical(lengths.tolist())
    ranks = rng.integers(len(lengths), size=size)
    payload, starts = message(lengths, ranks)
    table = DecodeTable(lengths, np.min_scalar_type(len(lengths) - 1))
    for chunk in (200, 97, 10**4):
        sizes = np.array([len(piece) for piece in np.split(ranks, range(chunk, size, chunk))])
        np.testing.assert_array_equal(unpack(payload, starts[::chunk], sizes, table), ranks)
    np.testing.assert_array_equal(_bits.unpack_whole(payload, size, table), ranks)
    np.testing.assert_array_equal(unpack_serial(payload, size, table), ranks)


@pytest.mark.parametrize("run", [10, 1000, 20_000])
def test_lanes_that_never_come_into_step(run):
    """A run of one symbol looks the same from within its codes: 11 11 11 from the second bit on is 11 11 as well."""
    lengths = np.array([1, 2, 2])
    ranks = np.concatenate([np.zeros(37, dtype=int), np.tile([2] * run + [0, 1], 20_000 // run)])
    payload, _ = message(lengths, ranks)
    table = DecodeTable(lengths, np.uint8)
    np.testing.assert_array_equal(_bits.unpack_whole(payload, len(ranks), table), ranks)


def test_decoding_without_chunks_checks_the_end():
    table = DecodeTable(np.array([1, 2, 2]), np.uint8)
    assert unpack_serial(b"\x80", 2, table).tolist() == [1, 0]  # 10 0 and five zeros
    for payload, size in ((b"\x80\x00", 2), (b"\x80", 9), (b"", 1)):
        for decode in (unpack_serial, _bits.unpack_whole):
            with pytest.raises(ValueError, match="damaged"):
                decode(payload, size, table)
    ranks = np.tile([0, 1, 2], 10_000)
    payload, _ = message(table.lengths, ranks)
    np.testing.assert_array_equal(_bits.unpack_whole(payload, 30_000, table), ranks)
    for bad, size in ((payload, 29_990), (payload, 30_001), (payload + b"\0", 30_000), (payload[:-1], 30_000)):
        with pytest.raises(ValueError, match="damaged"):
            _bits.unpack_whole(bad, size, table)
