r"""User-perceived characters and words of any script.

What a reader takes for one character may be several code points: a letter and its accents, a flag, a family of emoji
joined by U+200D. A *cluster* (UAX #29, extended grapheme cluster) is

    cluster  = CR LF | flag extend* | emoji (extend* ZWJ emoji)* extend* | syllable extend* | any extend*
    flag     = two regional indicators
    syllable = leading consonants, vowels and trailing consonants of Hangul
    extend   = combining mark, emoji modifier, tag character, ZWJ or ZWNJ

and a *word* is one ideograph or hiragana (scripts that do not part words), or a run of letters, digits and underscores
with their extenders, apostrophes and the separators of numbers inside included; whatever else is no white space stands
alone, cluster by cluster.

Differences from the paper: the Indic conjunct rule and prepended marks (rules 9b, 9c) are left out, emoji are blocks
of code points; runs of Thai, Lao and Khmer stay whole, as no dictionary is at hand; a colon parts words.

References
----------
Unicode Standard Annex #29, "Unicode text segmentation". https://unicode.org/reports/tr29/
"""

import re
import unicodedata
from functools import cache

from ..coding._code_points import char_class, code_points

__all__ = ["ASCII_WORDS", "cluster_pattern", "punctuation", "word_pattern"]

ZWJ = "\u200d"
FLAG = "[\U0001f1e6-\U0001f1ff]"
EMOJI = """
    a9 ae 203c 2049 2122 2139 2194-21aa 231a-23ff 24c2 25aa-25fe 2600-27bf 2934-2935 2b00-2bff 3030 303d 3297 3299
    1f000-1f1e5 1f200-1f3fa 1f400-1faff
"""
OTHER_EXTENDERS = "200c-200d ff9e-ff9f 1f3fb-1f3ff e0020-e007f"  # beside the marks
UNPARTED = """
    3005-3007 3021-3029 3041-3096 309d-309f 3400-4dbf 4e00-9fff f900-faff 1b001-1b11f 20000-323af
"""
LEADING, VOWELS_AND_TRAILING = "\u1100-\u115f\ua960-\ua97c", "\u1160-\u11ff\ud7b0-\ud7fb"
HANGUL = f"[{LEADING}]*[\uac00-\ud7a3{VOWELS_AND_TRAILING}][{VOWELS_AND_TRAILING}]*|[{LEADING}]+"
ASCII_PUNCTUATION = frozenset(map(ord, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"))
ASCII_WORDS = re.compile(r"\w+(?:(?:'|(?<=\d)[.,](?=\d))\w+)*|\S")  # `word_pattern` of an ASCII text, twice as fast


@cache
def cluster_pattern() -> re.Pattern:
    """Matches one cluster at a time, white space and line ends too: the matches of a text join to the text."""
    return re.compile(rf"\r\n|[\r\n]|{_cluster()}", re.DOTALL)


@cache
def word_pattern() -> re.Pattern:
    """Matches words, and clusters that are neither words nor white space."""
    extend, unparted = _extend(), char_class(code_points(UNPARTED))
    letters = rf"(?:(?![{unparted}])\w{extend}*)+"
    word = rf"{letters}(?:(?:['’]|(?<=\d)[.,](?=\d)){letters})*"
    return re.compile(rf"[{unparted}]{extend}*|{word}|(?!\s)(?:{_cluster()})", re.DOTALL)


@cache
def punctuation() -> frozenset[int]:
    """Code points of all punctuation: Unicode's categories P, and ASCII's symbols such as ``$`` and ``+``."""
    return ASCII_PUNCTUATION | _of_category("P")


@cache
def _extend():
    return f"[{char_class(_of_category('M') | code_points(OTHER_EXTENDERS))}]"


def _cluster():
    extend, emoji = _extend(), f"[{char_class(code_points(EMOJI))}]"
    family = f"{emoji}(?:{extend}*{ZWJ}{emoji})*"
    return f"(?:{FLAG}{FLAG}|{family}|{HANGUL}|.){extend}*"


@cache
def _of_category(major):
    """Code points whose general category starts with `major`; marks and punctuation live below U+20000 or in E01xx."""
    points = (*range(0x20000), *range(0xE0100, 0xE01F0))
    return frozenset(c for c in points if unicodedata.category(chr(c))[0] == major)
