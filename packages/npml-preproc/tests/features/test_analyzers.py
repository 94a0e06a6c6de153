import pytest
from hypothesis import given
from hypothesis import strategies as st

from npml_preproc.features.analyzers import (
    TWO_WORD_CHARACTERS,
    analyzer,
    decoder,
    preprocessor,
    read_corpus,
    stop_word_set,
    tokenizer,
)


def terms(kind, text, ngram_range=(1, 1), stop_words=()):
    tokenize = tokenizer(TWO_WORD_CHARACTERS)
    return analyzer(kind, preprocessor(True, None), tokenize, frozenset(stop_words), ngram_range)(text)


def test_words_and_their_ngrams():
    text = "The cat, a mat & the HAT"
    assert terms("word", text) == ["the", "cat", "mat", "the", "hat"]
    assert terms("word", text, (1, 2), ["the"]) == ["cat", "mat", "hat", "cat mat", "mat hat"]
    assert terms("word", text, (2, 2)) == ["the cat", "cat mat", "mat the", "the hat"]
    assert terms("word", "one", (2, 3)) == terms("word", "", (1, 2)) == []


def test_characters():
    assert terms("char", "a  b\n\nc") == ["a", " ", "b", " ", "c"]
    assert terms("char", "abc", (2, 3)) == ["ab", "bc", "abc"]
    assert terms("char_wb", "ab c", (3, 4)) == [" ab", "ab ", " ab ", " c "]
    assert terms("char_wb", "", (1, 3)) == []


@given(st.text(max_size=60))
def test_the_fast_form_of_the_usual_pattern_finds_the_same(text):
    assert tokenizer(TWO_WORD_CHARACTERS)(text) == tokenizer(r"\b\w\w+\b")(text)


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_the_same_in_ascii(text):
    assert tokenizer(TWO_WORD_CHARACTERS)(text) == tokenizer(r"\b\w\w+\b")(text)


def test_accents():
    assert preprocessor(True, "unicode")("Ünïcödé ﬁ") == "unicode fi"
    assert preprocessor(False, "ascii")("É漢a") == "Ea"
    assert preprocessor(False, str.upper)("a") == "A"
    with pytest.raises(ValueError, match="strip_accents must be"):
        preprocessor(True, "latin")
    with pytest.raises(TypeError, match="must be str or bytes, got int"):
        preprocessor(True, None)(3)


def test_groups_of_a_pattern():
    assert tokenizer(r"(\w)\w*")("one two") == ["o", "t"]
    with pytest.raises(ValueError, match="More than 1 capturing group"):
        tokenizer("(a)(b)")


def test_decoding(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("é".encode("latin-1"))
    assert decoder("content", "latin-1", "strict")(path) == "é"
    assert decoder("filename", "utf-8", "ignore")(str(path)) == ""
    with pytest.raises(ValueError, match="utf-8"):
        decoder("content", "utf-8", "strict")(b"\xff")
    with pytest.raises(ValueError, match=r"np\.nan is an invalid document"):
        decoder("content", "utf-8", "strict")(float("nan"))


def test_corpora(tmp_path):
    path = tmp_path / "lines"
    path.write_text("one\ntwo")
    assert list(read_corpus(path)) == ["one\n", "two"]
    assert list(read_corpus(iter("ab"))) == ["a", "b"]
    with pytest.raises(ValueError, match="string object received"):
        read_corpus("one")
    with pytest.raises(TypeError, match="raw_documents must be"):
        read_corpus(3)


def test_stop_words():
    assert "the" in stop_word_set("english")
    assert stop_word_set(None) == frozenset()
    for bad in ("german", 3):
        with pytest.raises(ValueError, match="stop_words must be"):
            stop_word_set(bad)
