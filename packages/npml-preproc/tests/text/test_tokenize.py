import pytest
from hypothesis import given
from hypothesis import strategies as st

from npml_preproc import (
    ngrams,
    remove_stop_words,
    strip_punctuation,
    tokenize_bytes,
    tokenize_chars,
    tokenize_whitespace,
    tokenize_words,
)

TOKENIZERS = [tokenize_words, tokenize_chars, tokenize_whitespace, tokenize_bytes]
ANY_TEXT = st.text(max_size=80)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", []),
        (" \n\t", []),
        ("Hello, World!", ["Hello", ",", "World", "!"]),
        ("don't o’clock 'quoted'", ["don't", "o’clock", "'", "quoted", "'"]),
        ("1,000.50 3. 4", ["1,000.50", "3", ".", "4"]),
        ("state-of-the-art", ["state", "-", "of", "-", "the", "-", "art"]),
        ("cafe\u0301 naïve", ["cafe\u0301", "naïve"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("東京タワーへ", ["東", "京", "タワー", "へ"]),
        ("한국어 текст", ["한국어", "текст"]),
        ("ok\U0001f44d\U0001f3fd\U0001f1ef\U0001f1f5", ["ok", "\U0001f44d\U0001f3fd", "\U0001f1ef\U0001f1f5"]),
    ],
)
def test_words(text, words):
    assert tokenize_words(text) == words


def test_filters_of_words():
    text = "The CAT isn't on the mat; it's gone…"
    assert tokenize_words(text, lowercase=True)[:2] == ["the", "cat"]
    assert tokenize_words(text, filter_punctuation=True) == ["The", "CAT", "isn't", "on", "the", "mat", "it's", "gone"]
    assert tokenize_words(text, filter_stopwords=True, filter_punctuation=True) == [
        "CAT",
        "isn't",
        "mat",
        "it's",
        "gone",
    ]


def test_characters():
    assert tokenize_chars("a b") == ["a", " ", "b"]
    assert tokenize_chars("a\r\nb") == ["a", "\r\n", "b"]
    assert tokenize_chars("E\u0301t", lowercase=True) == ["e\u0301", "t"]
    assert tokenize_chars("on a mat.", filter_stopwords=True, filter_punctuation=True) == ["m", "a", "t"]


def test_white_space():
    assert tokenize_whitespace(" A\u00a0b\tc\u3000d, ") == ["A", "b", "c", "d,"]
    assert tokenize_whitespace("It is, well, red.", True, True, True) == ["red"]
    assert tokenize_whitespace("... !", filter_punctuation=True) == []


def test_bytes():
    assert tokenize_bytes("aé") == [97, 195, 169]
    assert tokenize_bytes(b"\xff\x00A", lowercase=True) == [255, 0, 97]
    assert tokenize_bytes("") == []


@given(ANY_TEXT)
def test_nothing_is_lost(text):
    assert bytes(tokenize_bytes(text)).decode() == text
    assert "".join(tokenize_chars(text)) == text
    assert " ".join(tokenize_whitespace(text)) == " ".join(text.split())


@given(st.binary(max_size=80))
def test_any_bytes_come_back(data):
    assert bytes(tokenize_bytes(data)) == data


@given(ANY_TEXT)
def test_filters_only_take_away(text):
    for tokenize in TOKENIZERS[:3]:
        kept = tokenize(text, filter_stopwords=True, filter_punctuation=True)
        assert not remove_stop_words([t for t in kept if t.lower() == "the"])
        assert len("".join(kept)) <= len(text)


@given(ANY_TEXT)
def test_stripping_twice_is_stripping_once(text):
    once = strip_punctuation(text)
    assert strip_punctuation(once) == once
    assert not set(once) & set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~。«»")


def test_ngrams():
    assert ngrams("abc", 2) == [("a", "b"), ("b", "c")]
    assert ngrams(iter([1, 2, 3]), 3) == [(1, 2, 3)]
    assert ngrams([1, 2], 3) == ngrams([], 1) == []
    for n in (0, -1, 1.0, True, "2", None):
        with pytest.raises(ValueError, match="n must be a positive int"):
            ngrams([1], n)


def test_stop_words_whatever_their_case():
    assert remove_stop_words(("The", "OF", "Whale")) == ["Whale"]
    with pytest.raises(TypeError, match="one str"):
        remove_stop_words("the whale")
    with pytest.raises(TypeError, match="3 of type int"):
        remove_stop_words(["the", 3])


@pytest.mark.parametrize("function", [*TOKENIZERS, strip_punctuation])
@pytest.mark.parametrize("text", [None, 3, ["a"]])
def test_text_must_be_text(function, text):
    with pytest.raises(TypeError, match="text must be a str"):
        function(text)
