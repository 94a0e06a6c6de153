import copy
import pickle
import zlib
from collections import Counter
from heapq import heapify, heappop, heappush
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import NotFittedError, load, save
from npml_preproc import HuffmanEncoder

FIBONACCI = [1, 1]
while len(FIBONACCI) < 100:
    FIBONACCI.append(FIBONACCI[-1] + FIBONACCI[-2])


def optimal_bits(counts):
    """Bits of an optimal code: the sum of all joined counts (Huffman's definition, by a heap)."""
    heap = list(counts)
    heapify(heap)
    if len(heap) == 1:
        return heap[0]
    bits = 0
    while len(heap) > 1:
        joined = heappop(heap) + heappop(heap)
        bits += joined
        heappush(heap, joined)
    return bits


def check(data, symbols):
    """Fit, round trip, optimal and short."""
    encoder = HuffmanEncoder().fit(data)
    counts = Counter(symbols)
    bits = sum(count * len(encoder.codes_[symbol]) for symbol, count in counts.items())
    assert bits == optimal_bits(counts.values())
    message = encoder.encode(data)
    least = -(-bits // 8)
    assert least < len(message) <= (least + 24 if least <= 1 << 16 else least * 1.01)
    return encoder, encoder.decode(message)


@given(st.one_of(st.binary(min_size=1), st.lists(st.sampled_from(b"aab"), min_size=1).map(bytes)))
@settings(max_examples=50, deadline=None)
def test_bytes(data):
    assert check(data, data)[1] == data


@given(st.text(st.one_of(st.sampled_from("aab☃"), st.characters()), min_size=1))
@settings(max_examples=50, deadline=None)
def test_text_lone_surrogates_included(text):
    assert check(text, text)[1] == text


@given(st.lists(st.one_of(st.none(), st.integers(), st.text(), st.tuples(st.integers())), min_size=1))
@settings(max_examples=50, deadline=None)
def test_lists_of_hashables(items):
    assert check(items, items)[1] == items


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float32])
def test_arrays(dtype):
    data = np.random.default_rng(0).integers(-50, 50, size=3001).astype(np.int8).astype(dtype)
    encoder, decoded = check(data, data.tolist())
    np.testing.assert_array_equal(decoded, data)
    assert decoded.dtype == dtype
    assert encoder.symbols_.dtype == dtype


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=100))
@settings(max_examples=50)
def test_codes_are_canonical_prefix_free_and_within_the_entropy_bound(counts):
    encoder = HuffmanEncoder().fit(dict(enumerate(counts)))
    codes = list(encoder.codes_.values())
    assert list(map(len, codes)) == encoder.lengths_.tolist() == sorted(map(len, codes))
    keys = [(len(code), symbol) for symbol, code in encoder.codes_.items()]
    assert keys == sorted(keys)
    code = int(codes[0], 2)
    assert code == 0
    for before, after in zip(codes, codes[1:]):  # noqa: RUF007
        code = (code + 1) << (len(after) - len(before))
        assert int(after, 2) == code
    assert sum(0.5 ** len(code) for code in codes) == 1  # Kraft, exact in binary
    p = np.array(counts) / sum(counts)
    entropy, mean = -(p @ np.log2(p)), sum(c * len(encoder.codes_[i]) for i, c in enumerate(counts)) / sum(counts)
    assert entropy - 1e-9 <= mean < entropy + 1


def test_empty_and_one_symbol():
    for nothing in (b"", "", []):
        encoder = HuffmanEncoder().fit(nothing)
        assert encoder.codes_ == {}
        assert encoder.decode(encoder.encode(nothing)) == nothing
        assert len(encoder.encode(nothing)) <= 24
    encoder = HuffmanEncoder().fit(np.array([], dtype=np.int16))
    assert encoder.decode(encoder.encode(np.array([], dtype=np.int16))).dtype == np.int16
    assert check(b"a" * 1000, b"a" * 1000)[1] == b"a" * 1000
    assert HuffmanEncoder().fit("aaaa").codes_ == {"a": "0"}
    assert check("a" * 600_000, "a" * 600_000)[1] == "a" * 600_000


def large(name):
    rng = np.random.default_rng(0)
    data = {
        "skewed": rng.geometric(0.3, 400_000).astype(np.uint8).tobytes(),
        "even": rng.integers(256, size=100_001).astype(np.uint8).tobytes(),
        "uneven": b"a" * 900_000 + rng.integers(256, size=100_000).astype(np.uint8).tobytes(),
        "two": rng.integers(2, size=700_000).astype(np.uint8).tobytes(),
        "fibonacci": b"".join(bytes([i]) * count for i, count in enumerate(FIBONACCI[:25])),
    }
    return data[name]


@pytest.mark.parametrize("name", ["skewed", "even", "uneven", "two", "fibonacci"])
def test_long_messages_in_chunks(name):
    data = large(name)
    encoder, decoded = check(data, data)
    assert decoded == data
    for size in (70_000, 99_999, 300_001):  # of another length than fitted
        assert encoder.decode(encoder.encode(data[-size:])) == data[-size:]


def test_100_000_symbols():
    data = np.random.default_rng(0).permutation(100_000)
    encoder, decoded = check(data, data.tolist())
    np.testing.assert_array_equal(decoded, data)
    assert set(map(len, encoder.codes_.values())) == {16, 17}
    text = "".join(map(chr, range(0x4E00, 0xA000))) * 2
    assert check(text, text)[1] == text


@pytest.mark.parametrize("n", [30, 50, 58, 59, 64, 65, 66, 100])
def test_fibonacci_counts_give_codes_as_long_as_they_can_be(n):
    encoder = HuffmanEncoder().fit(dict(enumerate(FIBONACCI[:n])))
    assert max(map(len, encoder.codes_.values())) == n - 1
    message = np.random.default_rng(0).integers(n, size=40_000 if n <= 58 else 2000).tolist()
    assert encoder.decode(encoder.encode(message)) == message


def test_a_mapping_gives_the_counts():
    assert HuffmanEncoder().fit(Counter("abracadabra")).codes_ == HuffmanEncoder().fit("abracadabra").codes_
    encoder = HuffmanEncoder().fit({"a": 5, "b": 1})
    assert encoder.decode(encoder.encode("abba")) == "abba"
    encoder = HuffmanEncoder().fit({"cat": 2, "dog": np.int64(1)})
    assert encoder.decode(encoder.encode(["dog", "cat"])) == ["dog", "cat"]


MESSAGES = [(b"hello, hello", b"hello"), ("x" * 9, "x" * 5), (b"", b""), (large("skewed"), large("skewed")[:150_000])]


@pytest.mark.parametrize("fitted, data", MESSAGES, ids=["short", "one", "none", "chunks"])
def test_every_damage_is_noticed(fitted, data):
    encoder = HuffmanEncoder().fit(fitted)
    message, rng = encoder.encode(data), np.random.default_rng(0)
    spots = range(len(message)) if len(message) < 100 else [*range(64), *rng.integers(len(message), size=40)]
    for spot, bit in product(spots, range(8)):
        damaged = bytearray(message)
        damaged[spot] ^= 1 << bit
        with pytest.raises(ValueError, match="message"):
            encoder.decode(bytes(damaged))
    for bad in (b"", message[:-1], message[:5], message + b"\0", message[1:], message + message):
        with pytest.raises(ValueError, match="message"):
            encoder.decode(bad)


def assert_ends_without_harm(encoder, message):
    """Decoding gives no more than the message can hold, or says that it is damaged."""
    try:
        decoded, complaint = encoder.decode(message), None
    except ValueError as error:
        decoded, complaint = b"", str(error)
    assert len(decoded) <= 8 * len(message)
    assert complaint is None or "damaged" in complaint


@given(body=st.binary(max_size=60), kind=st.sampled_from([b"", b"a", b"ab", b"abcdefgh" * 3 + b"a"]))
@settings(max_examples=50, deadline=None)
def test_forged_messages_with_a_right_checksum_end_without_harm(body, kind):
    encoder = HuffmanEncoder().fit(kind)
    message = b"HF\x01" + zlib.crc32(body, encoder._fingerprint).to_bytes(4, "little") + body
    assert_ends_without_harm(encoder, message)


def test_a_forged_table_of_chunks_for_no_symbols_or_one():
    body = b"\x05\x02\x02" + b"\0" * 9
    for kind in (b"", b"a"):
        encoder = HuffmanEncoder().fit(kind)
        checksum = zlib.crc32(body, encoder._fingerprint).to_bytes(4, "little")
        assert_ends_without_harm(encoder, b"HF\x01" + checksum + body)


def test_a_forged_size_allocates_nothing():
    encoder = HuffmanEncoder().fit(b"ab")
    for body in (
        b"\xff" * 8 + b"\x7f\0",
        b"\xff" * 20,
        b"\x40\x01\x08" + b"\xff" * 520,
    ):
        with pytest.raises(ValueError, match="damaged"):
            encoder.decode(b"HF\x01" + zlib.crc32(body, encoder._fingerprint).to_bytes(4, "little") + body)


def test_messages_of_another_code_are_refused():
    message = HuffmanEncoder().fit(b"abracadabra").encode(b"abba")
    for other in (b"abc", b"zbrzczdzbrz"):
        with pytest.raises(ValueError, match="another code"):
            HuffmanEncoder().fit(other).decode(message)


@pytest.mark.parametrize("data", [b"abracadabra", "abracadabra☃", ["a", 1, None, "a"], np.array([3, 1, 3])])
def test_stored_pickled_and_copied(data, tmp_path):
    encoder = HuffmanEncoder().fit(data)
    message = encoder.encode(data)
    encoder.decode(message)
    save(encoder, tmp_path / "code")
    for other in (load(tmp_path / "code"), pickle.loads(pickle.dumps(encoder)), copy.deepcopy(encoder)):
        assert other.codes_ == encoder.codes_
        assert other.encode(data) == message
        assert list(other.decode(message)) == list(data)


def test_fitting_again_forgets():
    encoder = HuffmanEncoder().fit("aab")
    encoder.decode(encoder.encode("ab"))
    assert encoder.fit("xyzzy").decode(encoder.encode("zyx")) == "zyx"
    assert set(encoder.codes_) == set("xyz")


def test_bad_input():
    encoder = HuffmanEncoder().fit("ab☃")
    for unknown in ("abc", "a\0", "a😀"):
        with pytest.raises(ValueError, match="which fit has not seen"):
            encoder.encode(unknown)
    for fitted, bad, named in ((b"ab", b"abc", "99"), ([1, 2], [1, 3], "3"), (np.array([1, 2]), np.array([1, 3]), "3")):
        with pytest.raises(ValueError, match=named):
            HuffmanEncoder().fit(fitted).encode(bad)
    with pytest.raises(ValueError, match="which fit has not seen"):
        HuffmanEncoder().fit(np.array([], dtype=int)).encode(np.array([1]))
    with pytest.raises(TypeError, match="data must be a str"):
        encoder.encode(b"ab")
    with pytest.raises(TypeError, match="data must be bytes"):
        HuffmanEncoder().fit(b"ab").encode("ab")
    with pytest.raises(TypeError, match="message must be bytes"):
        encoder.decode("HF")
    with pytest.raises(NotFittedError):
        HuffmanEncoder().encode("a")
    with pytest.raises(ValueError, match="one-dimensional"):
        HuffmanEncoder().fit(np.zeros((2, 2)))
    for count in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="positive integer"):
            HuffmanEncoder().fit({"a": 1, "b": count})
    with pytest.raises(TypeError, match="unhashable"):
        HuffmanEncoder().fit([[1]])
    with pytest.raises(TypeError, match="data must be"):
        HuffmanEncoder().fit(3)


@pytest.mark.long
@given(data=st.binary(max_size=2000), message=st.binary(max_size=300))
@settings(max_examples=5000, deadline=None)
def test_fuzz(data, message):
    encoder = HuffmanEncoder().fit(data)
    assert encoder.decode(encoder.encode(data)) == data
    forged = b"HF\x01" + zlib.crc32(message, encoder._fingerprint).to_bytes(4, "little") + message
    for bad in (message, b"HF\x01" + message):
        with pytest.raises(ValueError, match="message"):
            encoder.decode(bad)
    assert_ends_without_harm(encoder, forged)
