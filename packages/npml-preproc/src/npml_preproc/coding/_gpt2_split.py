r"""GPT-2's split of text into words, spaces and signs, the same on every version of Python.

The split is the regular expression::

    's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+

`re` has no ``\p{L}``, so the classes are spelt out: Python's own Unicode tables (14.0 in Python 3.11) and the letters
and numbers that Unicode 15 and 16 added. A word thus ends at the same place whichever Python trained the encoder.

Complexity: O(length). Characters beyond the Basic Multilingual Plane are looked up one range after the other by `re`,
so they stand behind a test of their own, and text without any is split by a pattern that does not know them.

References
----------
Radford et al. (2019), "Language models are unsupervised multitask learners", section 2.2.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from ._code_points import char_class, code_points

SPACES = code_points("9-d 20 85 a0 1680 2000-200a 2028-2029 202f 205f 3000")
NEW_LETTERS = code_points("""
    1c89-1c8a a7cb-a7cd a7da-a7dc 105c0-105f3 10d4a-10d65 10d6f-10d85 10ec2-10ec4 1123f-11240 11380-11389 1138b 1138e
    11390-113b5 113b7 113d1 113d3 11bc0-11be0 11f02 11f04-11f10 11f12-11f33 1342f 13441-13446 13460-143fa 16100-1611d
    16d40-16d6c 18cff 1b132 1b155 1df25-1df2a 1e030-1e06d 1e4d0-1e4eb 1e5d0-1e5ed 1e5f0 2b739 2ebf0-2ee5d 31350-323af
""")
NEW_NUMBERS = code_points("""
    10d40-10d49 116d0-116e3 11bf0-11bf9 11f50-11f59 16130-16139 16d70-16d79 1ccf0-1ccf9 1d2c0-1d2d3 1e4f0-1e4f9
    1e5f1-1e5fa
""")
PLANES_WITH_LETTERS = 0x40000  # planes 4 to 16 hold neither letters nor numbers
BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")


def split_words(text: str) -> list[str]:
    """Split `text` into pieces whose concatenation is `text`.

    Examples
    --------
    >>> from npml_preproc.coding._gpt2_split import split_words
    >>> split_words("It's 42  días!")
    ['It', "'s", ' 42', ' ', ' días', '!']
    """
    wide = not text.isascii() and BEYOND_BMP.search(text) is not None
    return _pattern(wide).findall(text)


@cache
def _pattern(wide: bool) -> re.Pattern:
    """The split, for text with or without characters beyond U+FFFF."""
    letters, numbers = _category("L") | NEW_LETTERS, _category("N") | NEW_NUMBERS
    space = char_class(SPACES)
    letter, number, other = char_class(_bmp(letters)), char_class(_bmp(numbers)), char_class(_bmp(letters | numbers))
    runs = [f"[{letter}]+", f"[{number}]+", f"[^{space}{other}]+"]
    if wide:
        far = [char_class(c - _bmp(c)) for c in (letters, numbers, letters | numbers)]
        near = f"[{letter}]+", f"[{number}]+", f"[^{space}{other}\U00010000-\U0010ffff]+"
        beyond = f"[{far[0]}]+", f"[{far[1]}]+", f"[^\x00-\uffff{far[2]}]+"
        runs = [f"(?:{a}|(?=[\U00010000-\U0010ffff]){b})+" for a, b in zip(near, beyond)]
    words = "| ?".join(runs)
    return re.compile(f"'s|'t|'re|'ve|'m|'ll|'d| ?{words}|[{space}]+(?![^{space}])|[{space}]+")


@cache
def _category(initial: str) -> frozenset[int]:
    """Code points of a general category, by its first letter."""
    return frozenset(c for c in range(PLANES_WITH_LETTERS) if unicodedata.category(chr(c))[0] == initial)


def _bmp(points: Iterable[int]) -> frozenset[int]:
    return frozenset(c for c in points if c < 0x10000)
