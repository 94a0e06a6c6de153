import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_preproc.coding._gpt2_split import NEW_LETTERS, NEW_NUMBERS, SPACES, split_words


def kind(c):
    if ord(c) in SPACES:
        return "space"
    category = unicodedata.category(c)[0]
    if category == "L" or ord(c) in NEW_LETTERS:
        return "letter"
    return "number" if category == "N" or ord(c) in NEW_NUMBERS else "other"


def naive_split(text):
    """GPT-2's regular expression, alternative by alternative."""
    words, i = [], 0
    while i < len(text):
        short = next((s for s in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d") if text.startswith(s, i)), None)
        start = i + (text[i] == " ")
        if short:
            end = i + len(short)
        elif start < len(text) and kind(text[start]) != "space":
            end = start
            while end < len(text) and kind(text[end]) == kind(text[start]):
                end += 1
        else:
            end = i
            while end < len(text) and kind(text[end]) == "space":
                end += 1
            if end < len(text) and end > i + 1:
                end -= 1  # the last one belongs to what follows
        words.append(text[i:end])
        i = end
    return words


interesting = st.text(
    st.one_of(st.sampled_from(" \n\t\x1c\x85\xa0'stredvlm1a²Ⅷé☃日😀𝒳𐌀\U00031350"), st.characters(codec="utf-8"))
)


@given(interesting)
@settings(max_examples=50)
def test_split_is_that_of_the_definition(text):
    assert split_words(text) == naive_split(text)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", []),
        ("I've  it's\n\nwe'll", ["I", "'ve", " ", " it", "'s", "\n", "\n", "we", "'ll"]),
        ("a1²b", ["a", "1²", "b"]),
        ("tail  ", ["tail", "  "]),
        ("x\x1cy", ["x", "\x1c", "y"]),  # U+001C is no white space here
        ("ﬁ𝒳😀😀 7", ["ﬁ𝒳", "😀😀", " 7"]),
    ],
)
def test_split(text, words):
    assert split_words(text) == words


def test_letters_and_numbers_of_unicode_16_on_every_python():
    assert split_words("\U00010d4a\U00010d65a\U00010d40\U00010d49") == ["\U00010d4a\U00010d65a", "\U00010d40\U00010d49"]
    assert split_words("\u1c89b") == ["\u1c89b"]
