"""BERT's normalisation of text and its split into words and punctuation, the same on every version of Python.

In this order: control characters leave and white space becomes a blank; blanks are put around ideographs; canonical
decomposition (NFD), nonspacing marks leave; lower case, one character at a time; punctuation stands alone; blanks
separate.

The reference (the `tokenizers` package) knows the categories of Unicode 8, the decompositions of Unicode 9 and the
lower case of Unicode 17. The tables below hold what differs from Python's tables, of version 14 or later.

References
----------
Devlin et al. (2019), "BERT: pre-training of deep bidirectional transformers", NAACL.
https://doi.org/10.18653/v1/N19-1423
"""

import re
import unicodedata
from functools import cache

from ._code_points import char_class, code_points

SPACES = code_points("9-a d 20 a0 1680 2000-200a 2028-2029 202f 205f 3000")
# control and format characters that stay
KEPT_CONTROLS = code_points("890-891 8e2 110cd 13430-1343f")
OTHER_SPACES = code_points("b-c 85")  # controls that part words where controls are kept
REPLACEMENT = 0xFFFD  # and the one other character that leaves
IDEOGRAPHS = (
    *(range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x2A6E0)),
    *(range(0x2A700, 0x2B820), range(0x2B920, 0x2CEB0), range(0x2F800, 0x2FA20)),
)
# marks that are no nonspacing marks of Unicode 8, and two that were
KEPT_MARKS = code_points("""
    5c8-5c9 7fd 897-89f 8ca-8e1 9fe afa-aff b53-b55 c04 c3c d00 d3b-d3c d81 eba ece 180f 1885-1886 1abf-1af0 1df6-1dfb
    a82c a8c5 a8ff a9bd 10d24-10d27 10d69-10d6d 10eab-10eac 10ecb-10ecf 10ef0-10eff 10f46-10f50 10f82-10f85 11070
    11073-11074 110c2 111c9 111cf 1123e 11241 1133b 113bb-113c0 113ce 113d0 113d2 113e1-113e2 11438-1143f 11442-11444
    11446 1145e 1182f-11837 11839-1183a 1193b-1193c 1193e 11943 119d4-119d7 119da-119db 119e0 11a01-11a0a 11a33-11a38
    11a3b-11a3e 11a47 11a51-11a56 11a59-11a5b 11a8a-11a96 11a98-11a99 11b60 11b62-11b64 11b66 11c30-11c36 11c38-11c3d
    11c3f 11c92-11ca7 11caa-11cb0 11cb2-11cb3 11cb5-11cb6 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47 11d90-11d91
    11d95 11d97 11df0 11ef3-11ef4 11f00-11f01 11f36-11f3a 11f40 11f42 11f5a 13440 13447-13455 1611e-16129 1612d-1612f
    16f4f 16fe4 1cf00-1cf2d 1cf30-1cf46 1d127-1d128 1d25b-1d25c 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024
    1e026-1e02a 1e08f 1e130-1e136 1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5 1e944-1e94a
""")
OLD_MARKS = code_points("1171e 1734")
# punctuation that is none in Unicode 8, and two characters that were
NO_PUNCTUATION = code_points("""
    61d 9fd a76 c77 c84 1b4e-1b4f 1b7d-1b7f 2e43-2e4f 2e52-2e5d 2e60-2e63 10d6e 10ead 10ed0 10f55-10f59 10f86-10f89
    113d4-113d5 113d7-113d8 1144b-1144f 1145a-1145b 1145d 11660-1166c 116b9 1183b 11944-11946 119e2 11a3f-11a46
    11a9a-11a9c 11a9e-11aa2 11b00-11b09 11be1 11c41-11c45 11c70-11c71 11ef7-11ef8 11f43-11f4f 11fff 12ff1-12ff2
    16d6d-16d6f 16e97-16e9a 16fe2 1e5ff 1e95e-1e95f
""")
OLD_PUNCTUATION = code_points("166d 111c9")
# letters whose lower case came later than Unicode 14
NEW_LOWER = {
    **{c: c + 1 for c in (0x1C89, 0xA7CC, 0xA7CE, 0xA7D2, 0xA7D4, 0xA7DA)},
    0xA7CB: 0x264,
    0xA7DC: 0x19B,
    **{c: c + 0x20 for c in range(0x10D50, 0x10D66)},
    **{c: c + 0x1B for c in range(0x16EA0, 0x16EB9)},
}
# decompositions and combining classes that came later than Unicode 9
LATER_FORMS = code_points("""
    5c8-5c9 7fd 897-89f 8ca-8d3 9fe c3c d3b-d3c eba 1715 1abf-1af0 1df6-1dfa a82c 105c9 105e4 10d24-10d27 10d69-10d6d
    10eab-10eac 10ecb-10ecf 10ef0-10efb 10efd-10eff 10f46-10f50 10f82-10f85 11070 1133b 11383 11385 1138e 11391 113c5
    113c7-113c8 113ce-113d0 1145e 11839-1183a 11938 1193d-1193e 11943 119e0 11a34 11a47 11a99 11d42 11d44-11d45 11d97
    11f41-11f42 16121-16128 1612f 16d68-16d6a 16ff0-16ff1 1d127-1d128 1d250-1d252 1d25b-1d25c 1d25f 1d280-1d281 1e08f
    1e130-1e136 1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5
""")


class BertSplitter:
    """Split of text into words; what happens to a character is worked out once and kept.

    Parameters
    ----------
    lowercase, strip_accents, clean_text, handle_chinese_chars : bool
        The steps.

    Examples
    --------
    >>> from npml_preproc.coding._bert_text import BertSplitter
    >>> BertSplitter(True, True, True, True)("Crème brûlée, 日本!")
    ['creme', 'brulee', ',', '日', '本', '!']
    """

    def __init__(self, lowercase, strip_accents, clean_text, handle_chinese_chars):
        self._strip = strip_accents
        self._before = _Table(lambda c: _cleaned(c, clean_text, handle_chinese_chars))
        self._after = _Table(lambda c: _split_off(c, strip_accents, lowercase))

    def __call__(self, text: str) -> list[str]:
        text = text.translate(self._before)
        if self._strip and not text.isascii():
            parts = _later_forms().split(text)  # every second one is to stay as it is
            parts[::2] = (unicodedata.normalize("NFD", part) for part in parts[::2])
            text = "".join(parts)
        return [word for word in text.translate(self._after).split(" ") if word]


@cache
def _later_forms():
    return re.compile(f"([{char_class(LATER_FORMS)}]+)")


class _Table(dict):
    """Code point -> replacement, for ``str.translate``."""

    def __init__(self, rule):
        super().__init__()
        self._rule = rule

    def __missing__(self, point):
        self[point] = self._rule(point)
        return self[point]


def _cleaned(point, clean_text, handle_chinese_chars):
    """What the first two steps make of a character."""
    if clean_text and (point == REPLACEMENT or _is_control(point)):
        return ""
    if clean_text and point in SPACES:
        return " "
    return f" {chr(point)} " if handle_chinese_chars and any(point in block for block in IDEOGRAPHS) else chr(point)


def _split_off(point, strip_accents, lowercase):
    """What the last steps make of a character: nothing, a blank, itself, or itself between blanks."""
    if strip_accents and _is_mark(point):
        return ""
    text = NEW_LOWER.get(point, chr(point).lower()) if lowercase else chr(point)
    text = text if isinstance(text, str) else chr(text)
    if point in SPACES or point in OTHER_SPACES:
        return " "
    return f" {text} " if _is_punctuation(point) else text


def _is_control(point):
    kind = unicodedata.category(chr(point))
    return kind in ("Cc", "Cf", "Co") and chr(point) not in "\t\n\r" and point not in KEPT_CONTROLS


def _is_mark(point):
    return point in OLD_MARKS or (unicodedata.category(chr(point)) == "Mn" and point not in KEPT_MARKS)


def _is_punctuation(point):
    if point < 128:
        return chr(point).isprintable() and not chr(point).isalnum() and point != 32
    return point in OLD_PUNCTUATION or (unicodedata.category(chr(point))[0] == "P" and point not in NO_PUNCTUATION)
