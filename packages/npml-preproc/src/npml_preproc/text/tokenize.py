"""Text as tokens: words, characters, pieces between white space, bytes; and runs of n tokens.

Case is kept, and so are stop words and punctuation, unless asked otherwise. The options act in this order: lower case,
punctuation, stop words. Each function reads a text once, in time linear in its length.

References
----------
Unicode Standard Annex #29, "Unicode text segmentation". https://unicode.org/reports/tr29/
"""

from collections.abc import Iterable, Sequence
from functools import cache
from numbers import Integral
from typing import Any

from .graphemes import ASCII_WORDS, cluster_pattern, punctuation, word_pattern
from .stop_words import ENGLISH_STOP_WORDS

__all__ = [
    "ngrams",
    "remove_stop_words",
    "strip_punctuation",
    "tokenize_bytes",
    "tokenize_chars",
    "tokenize_whitespace",
    "tokenize_words",
]


def tokenize_words(
    text: str, lowercase: bool = False, filter_stopwords: bool = False, filter_punctuation: bool = False
) -> list[str]:
    """Words and, each by itself, punctuation marks, symbols and emoji.

    An apostrophe inside a word and the separators of a number stay; ideographs and hiragana are words of their own;
    combining marks stay with their letter. The tokens join to the text without its white space.

    Parameters
    ----------
    text : str
        What to split.
    lowercase : bool, default=False
        Whether to lower the case first.
    filter_stopwords : bool, default=False
        Whether to leave out English stop words.
    filter_punctuation : bool, default=False
        Whether to leave out tokens that are punctuation.

    Returns
    -------
    list of str

    Raises
    ------
    TypeError
        If `text` is no str.

    Examples
    --------
    >>> from npml_preproc import tokenize_words
    >>> tokenize_words("Don't pay $3.50, 東京!")
    ["Don't", 'pay', '$', '3.50', ',', '東', '京', '!']
    >>> tokenize_words("The cat, the hat.", lowercase=True, filter_stopwords=True, filter_punctuation=True)
    ['cat', 'hat']
    """
    text = _prepare(text, lowercase)
    tokens = (ASCII_WORDS if text.isascii() else word_pattern()).findall(text)
    if filter_punctuation:
        marks = punctuation()
        tokens = [token for token in tokens if len(token) > 1 or ord(token) not in marks]
    return remove_stop_words(tokens) if filter_stopwords else tokens


def tokenize_chars(
    text: str, lowercase: bool = False, filter_stopwords: bool = False, filter_punctuation: bool = False
) -> list[str]:
    r"""Characters as a reader counts them: a letter with its accents, a flag, a joined emoji is one token.

    White space counts as well: the tokens join to the text.

    Parameters
    ----------
    text : str
        What to split.
    lowercase : bool, default=False
        Whether to lower the case first.
    filter_stopwords : bool, default=False
        Whether to leave out English stop words (words stand between white space, which becomes single blanks).
    filter_punctuation : bool, default=False
        Whether to leave out punctuation.

    Returns
    -------
    list of str

    Raises
    ------
    TypeError
        If `text` is no str.

    Examples
    --------
    >>> from npml_preproc import tokenize_chars
    >>> tokenize_chars("Ab!", lowercase=True, filter_punctuation=True)
    ['a', 'b']
    >>> [len(token) for token in tokenize_chars("e\u0301\U0001F1EF\U0001F1F5")]
    [2, 2]
    """
    text = _filtered(_prepare(text, lowercase), filter_stopwords, filter_punctuation)
    if text.isascii() and "\r\n" not in text:
        return list(text)
    return cluster_pattern().findall(text)


def tokenize_whitespace(
    text: str, lowercase: bool = False, filter_stopwords: bool = False, filter_punctuation: bool = False
) -> list[str]:
    """What stands between runs of white space.

    Parameters
    ----------
    text : str
        What to split.
    lowercase : bool, default=False
        Whether to lower the case first.
    filter_stopwords : bool, default=False
        Whether to leave out English stop words.
    filter_punctuation : bool, default=False
        Whether to take punctuation out, also from inside the tokens.

    Returns
    -------
    list of str

    Raises
    ------
    TypeError
        If `text` is no str.

    Examples
    --------
    >>> from npml_preproc import tokenize_whitespace
    >>> tokenize_whitespace("Well, the end.", filter_stopwords=True, filter_punctuation=True)
    ['end']
    """
    text = _prepare(text, lowercase)
    tokens = (strip_punctuation(text) if filter_punctuation else text).split()
    return remove_stop_words(tokens) if filter_stopwords else tokens


def tokenize_bytes(
    text: str | bytes, lowercase: bool = False, filter_stopwords: bool = False, filter_punctuation: bool = False
) -> list[int]:
    """The bytes of the text in UTF-8: ints from 0 to 255, so that ``bytes(tokens)`` gives the text back.

    Parameters
    ----------
    text : str or bytes
        What to split; bytes that are no UTF-8 pass unchanged.
    lowercase : bool, default=False
        Whether to lower the case first.
    filter_stopwords : bool, default=False
        Whether to leave out English stop words (words stand between white space, which becomes single blanks).
    filter_punctuation : bool, default=False
        Whether to leave out punctuation.

    Returns
    -------
    list of int

    Raises
    ------
    TypeError
        If `text` is neither str nor bytes.

    Examples
    --------
    >>> from npml_preproc import tokenize_bytes
    >>> tokenize_bytes("né")
    [110, 195, 169]
    """
    if isinstance(text, bytes | bytearray | memoryview):
        text = bytes(text).decode("utf-8", "surrogateescape")
    kept = _filtered(_prepare(text, lowercase), filter_stopwords, filter_punctuation)
    return list(kept.encode("utf-8", "surrogateescape"))


def ngrams(tokens: Iterable, n: int) -> list[tuple]:
    """All runs of `n` neighbouring tokens.

    Parameters
    ----------
    tokens : iterable
        Tokens of any kind; the characters of a str.
    n : int
        Length of the runs.

    Returns
    -------
    list of tuple
        len(tokens) - n + 1 of them; none where there are fewer tokens than `n`.

    Raises
    ------
    ValueError
        If `n` is no positive int.

    Examples
    --------
    >>> from npml_preproc import ngrams
    >>> ngrams(["to", "be", "or", "not"], 2)
    [('to', 'be'), ('be', 'or'), ('or', 'not')]
    """
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
        raise ValueError(f"n must be a positive int, got {n!r}")
    items: Sequence[Any] = list(tokens)
    return list(zip(*(items[i:] for i in range(n))))


def strip_punctuation(text: str) -> str:
    """The text without its punctuation marks (those of Unicode, and ASCII's symbols such as ``$``).

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If `text` is no str.

    Examples
    --------
    >>> from npml_preproc import strip_punctuation
    >>> strip_punctuation("¿Qué? «Nada», $5.")
    'Qué Nada 5'
    """
    return _prepare(text).translate(_deletions())


def remove_stop_words(tokens: Iterable[str]) -> list[str]:
    """The tokens that are no English stop words, whatever their case.

    Parameters
    ----------
    tokens : iterable of str
        Words.

    Returns
    -------
    list of str

    Raises
    ------
    TypeError
        If `tokens` is one str, or holds anything but str.

    Examples
    --------
    >>> from npml_preproc import remove_stop_words
    >>> remove_stop_words(["The", "cat", "sat", "on", "it"])
    ['cat', 'sat']
    """
    if isinstance(tokens, str):
        raise TypeError("tokens must be an iterable of words, got one str: tokenize it first")
    words = list(tokens)
    strange = next((word for word in words if not isinstance(word, str)), None)
    if strange is not None:
        raise TypeError(f"tokens must be str, got {strange!r} of type {type(strange).__name__}")
    return [word for word in words if word.lower() not in ENGLISH_STOP_WORDS]


def _prepare(text, lowercase=False):
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}")
    return text.lower() if lowercase else text


def _filtered(text, filter_stopwords, filter_punctuation):
    if filter_punctuation:
        text = strip_punctuation(text)
    return " ".join(remove_stop_words(text.split())) if filter_stopwords else text


@cache
def _deletions():
    return dict.fromkeys(punctuation())
