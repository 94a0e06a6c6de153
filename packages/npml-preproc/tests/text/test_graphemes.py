import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npml_preproc.text.graphemes import ASCII_WORDS, cluster_pattern, punctuation, word_pattern

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    "cluster",
    [
        "a",
        "e\u0301",
        "o\u0302\u0323",
        "\r\n",
        "\U0001f1ef\U0001f1f5",  # a flag
        "\U0001f44d\U0001f3fd",  # thumbs up, skin tone
        FAMILY,
        "\u2764\ufe0f\u200d\U0001f525",
        "1\ufe0f\u20e3",  # keycap
        "\u1100\u1161\u11a8",  # decomposed Hangul
        "\uac01",
        "\u0915\u093f",  # Devanagari with a vowel sign
        "漢",
    ],
)
def test_one_cluster_is_one_match(cluster):
    assert cluster_pattern().findall(f"x{cluster}y") == ["x", cluster, "y"]


def test_three_indicators_are_a_flag_and_a_rest():
    assert cluster_pattern().findall("\U0001f1ef\U0001f1f5\U0001f1e9") == ["\U0001f1ef\U0001f1f5", "\U0001f1e9"]


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=60))
def test_clusters_join_to_the_text(text):
    assert "".join(cluster_pattern().findall(text)) == text


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=60))
def test_words_join_to_the_text_without_white_space(text):
    words = word_pattern().findall(text)
    assert "".join("".join(words).split()) == "".join(text.split())


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_the_fast_pattern_finds_the_same_in_ascii(text):
    assert ASCII_WORDS.findall(text) == word_pattern().findall(text)


def test_adversarial_texts_take_linear_time():
    for piece in ("1.", "\U0001f468\u200d", "a'", "\u0301", "ﾞ", "\u1100"):
        text = piece * 50_000 + "a"
        assert "".join(word_pattern().findall(text)) == text


def test_punctuation_is_unicodes_and_asciis():
    marks = {chr(c) for c in punctuation()}
    assert set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") < marks
    assert {"«", "。", "¿", "…", "\u2019"} < marks
    assert not marks & set("aé漢1 \n€\U0001f44d")
    everything = {chr(c) for c in range(0x110000) if unicodedata.category(chr(c))[0] == "P"}
    assert everything <= marks
