import copy
import pickle
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import NotFittedError, load, save
from npml_preproc import BytePairEncoder
from npml_preproc.coding._gpt2_split import split_words
from npml_preproc.coding.bpe import BYTE_OF_ID, ID_OF_BYTE

CORPUS = ["the cat sat on the mat", "that cat's 99 mats, naïve ☃☃ 日本", "aaaa aaa aaaaaaa"] * 3


@pytest.fixture(scope="module")
def encoder():
    return BytePairEncoder(vocab_size=320).fit(CORPUS)


def naive_encode(encoder, text):
    """Every merge in the order of learning, over every word."""
    ids = []
    for word in split_words(text):
        symbols = [int(ID_OF_BYTE[b]) for b in word.encode("utf-8", "surrogateescape")]
        for new, (a, b) in enumerate(encoder.merges_.tolist(), start=256):
            i = 0
            while i + 1 < len(symbols):
                if symbols[i] == a and symbols[i + 1] == b:
                    symbols[i : i + 2] = [new]
                i += 1
        ids += symbols
    return ids


def test_ids_of_bytes_are_those_of_gpt2():
    assert BYTE_OF_ID[:3] == b'!"#'
    assert sorted(BYTE_OF_ID) == list(range(256))
    assert [int(ID_OF_BYTE[b]) for b in (33, 126, 161, 255, 0, 32, 127, 173)] == [0, 93, 94, 187, 188, 220, 221, 255]


@given(text=st.text(st.one_of(st.sampled_from("thecasm '9,ï☃日"), st.characters(codec="utf-8"))))
@settings(max_examples=50, deadline=None)
def test_every_text_round_trips_through_the_definitions_ids(encoder, text):
    ids = encoder.encode(text)
    assert ids == naive_encode(encoder, text)
    assert encoder.decode(ids) == text
    assert encoder.encode(text.encode()) == ids


@given(
    data=st.one_of(st.binary(), st.lists(st.sampled_from([b"cat", b"\xe2\x98", b"\x83", b"\xff", b" "])).map(b"".join))
)
@settings(max_examples=50, deadline=None)
def test_every_bytes_round_trips(encoder, data):
    assert encoder.decode_bytes(encoder.encode(data)) == data


@given(data=st.binary(max_size=40), cuts=st.lists(st.integers(0, 40)))
@settings(max_examples=50, deadline=None)
def test_stream_decoder_gives_the_same_text(encoder, data, cuts):
    ids, decoder, text = encoder.encode(data), encoder.stream_decoder(errors="replace"), ""
    bounds = [0, *sorted(min(c, len(ids)) for c in cuts), len(ids)]
    for start, stop in pairwise(bounds):
        text += decoder.decode(ids[start:stop])
    assert text + decoder.decode([], final=True) == data.decode("utf-8", "replace")


def test_stream_decoder_holds_back_and_complains_at_the_end(encoder):
    snow = BytePairEncoder(256).fit([])
    ids = snow.encode("é")
    decoder = snow.stream_decoder()
    assert decoder.decode(ids[0]) == ""
    with pytest.raises(UnicodeDecodeError):
        decoder.decode([], final=True)
    decoder.reset()
    assert decoder.decode(ids) == "é"


def test_order_of_the_corpus_does_not_matter(encoder):
    shuffled = BytePairEncoder(320).fit(list(reversed(CORPUS)))
    np.testing.assert_array_equal(shuffled.merges_, encoder.merges_)


def test_a_file_is_read_line_by_line(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_bytes("one  two\r\n\n  three\xff one two".encode("latin-1"))
    lines = [b"one  two\r\n", b"\n", b"  three\xff one two"]
    from_file, from_lines = (
        BytePairEncoder(300, min_frequency=1).fit(path),
        BytePairEncoder(300, min_frequency=1).fit(lines),
    )
    np.testing.assert_array_equal(from_file.merges_, from_lines.merges_)
    np.testing.assert_array_equal(BytePairEncoder(300, 1).fit([path]).merges_, from_file.merges_)


def test_a_single_text_is_a_corpus_of_one():
    np.testing.assert_array_equal(
        BytePairEncoder(270).fit("abab abab").merges_, BytePairEncoder(270).fit(["abab abab"]).merges_
    )


def test_tokens_and_sizes(encoder):
    assert len(encoder) == 256 + len(encoder.merges_) <= 320
    assert encoder.merges_.dtype == np.int64
    assert b"".join(encoder.token_bytes(i) for i in encoder.encode("cat")) == b"cat"
    assert encoder.decode(np.array(encoder.encode("cat"))) == "cat"
    assert encoder.decode([]) == ""
    empty = BytePairEncoder(1000).fit([])
    assert len(empty) == 256
    assert empty.decode(empty.encode("né")) == "né"


def test_decode_errors_rule(encoder):
    ids = encoder.encode(b"a\xffb")
    with pytest.raises(UnicodeDecodeError):
        encoder.decode(ids)
    assert encoder.decode(ids, errors="replace") == "a\ufffdb"


def test_it_is_stored_pickled_and_copied_without_its_tables(encoder, tmp_path):
    encoder.encode("the cat")
    save(encoder, tmp_path / "bpe")
    for other in (load(tmp_path / "bpe"), pickle.loads(pickle.dumps(encoder)), copy.deepcopy(encoder)):
        assert other.encode("the cat's mat ☃") == encoder.encode("the cat's mat ☃")
        assert other.get_params() == encoder.get_params()
    assert set(encoder.__getstate__()) == {"vocab_size", "min_frequency", "verbose", "merges_"}


def test_fitting_again_forgets_and_a_failed_fit_does_not():
    encoder = BytePairEncoder(258).fit(["abab"])
    assert encoder.encode("ab") == [256]
    with pytest.raises(TypeError, match="texts must hold"):
        encoder.fit(["cdcd", 3])
    assert encoder.encode("ab") == [256]
    encoder.fit(["cdcd"])
    assert encoder.decode_bytes([256]) == b"cd"
    assert len(encoder.encode("ab")) == 2


def test_bad_input(encoder):
    for bad in ("\ud800", "ab\udcffc"):
        with pytest.raises(ValueError, match="lone surrogate"):
            encoder.encode(bad)
    with pytest.raises(ValueError, match="lone surrogate"):
        BytePairEncoder().fit(["\ud800"])
    for ids in ([len(encoder)], [-1], [1.0], [True], ["a"]):
        with pytest.raises(ValueError, match="ids must be integers from 0 to"):
            encoder.decode(ids)
    with pytest.raises(TypeError, match="text must be a str, got int"):
        encoder.encode(3)
    with pytest.raises(ValueError, match="vocab_size must be at least 256, got 255"):
        BytePairEncoder(255).fit([])
    with pytest.raises(TypeError, match="vocab_size"):
        BytePairEncoder(300.0).fit([])
    with pytest.raises(ValueError, match="min_frequency"):
        BytePairEncoder(300, min_frequency=-1).fit([])
    with pytest.raises(NotFittedError):
        BytePairEncoder().encode("a")
    with pytest.raises(TypeError, match="texts must be"):
        BytePairEncoder().fit(3)


def test_a_very_long_word_takes_about_linear_time(encoder):
    seconds = []
    for n in (10_000, 80_000):
        start = time.perf_counter()
        ids = encoder.encode("a" * n)
        seconds.append(time.perf_counter() - start)
        assert encoder.decode(ids) == "a" * n
    assert seconds[1] < 40 * seconds[0]  # quadratic would be 64 times


@pytest.mark.long
@given(texts=st.lists(st.text()), text=st.text(), data=st.binary())
@settings(max_examples=3000, deadline=None)
def test_fuzz(texts, text, data):
    encoder = BytePairEncoder(400, min_frequency=1).fit(texts)
    assert encoder.decode(encoder.encode(text)) == text
    assert encoder.decode_bytes(encoder.encode(data)) == data
    assert encoder.encode(text) == naive_encode(encoder, text)
