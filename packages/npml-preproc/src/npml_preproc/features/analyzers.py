r"""Documents as lists of terms: words, word n-grams, character n-grams.

    document --decode--> str --lower case, accents--> str --pattern--> tokens --stop words, n-grams--> terms

A word n-gram joins its tokens by blanks. Character n-grams first turn runs of two and more white spaces into one blank;
those of ``char_wb`` stay inside words, each with a blank before and after (a padded word shorter than n counts once).
"""

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import chain
from typing import Any

from ..coding._text import documents
from ..text.stop_words import ENGLISH_STOP_WORDS

__all__ = ["analyzer", "decoder", "preprocessor", "read_corpus", "stop_word_set", "tokenizer"]

TWO_WORD_CHARACTERS = r"(?u)\b\w\w+\b"
TO_BLANKS = {c: " " for c in range(128) if not re.match(r"\w", chr(c))}
LONG_SPACES = re.compile(r"\s\s+")


def read_corpus(raw_documents: Any) -> Iterator[Any]:
    """The documents one by one; a path gives the lines of its file, read as they are needed."""
    if isinstance(raw_documents, str | bytes):
        raise ValueError("Iterable over raw text documents expected, string object received.")
    if isinstance(raw_documents, os.PathLike):
        return documents(raw_documents)
    if not isinstance(raw_documents, Iterable):
        kind = type(raw_documents).__name__
        raise TypeError(f"raw_documents must be an iterable of documents or a path, got {kind}")
    return iter(raw_documents)


def decoder(source: str, encoding: str, errors: str) -> Callable:
    """A function from what a corpus holds to a str (or what a callable analyzer understands).

    `source` is ``"content"``, ``"filename"`` or ``"file"``; a path among contents is one document, its file.
    """

    def decode(document):
        if source == "file":
            document = document.read()
        elif source == "filename" or isinstance(document, os.PathLike):
            with open(document, "rb") as file:
                document = file.read()
        if isinstance(document, bytes):
            return document.decode(encoding, errors)
        if isinstance(document, float) and document != document:
            raise ValueError("np.nan is an invalid document, expected byte or unicode string.")
        return document

    return decode


def preprocessor(lowercase: bool, strip_accents: str | Callable | None) -> Callable:
    """A function that lowers the case and takes accents off, as asked."""
    if strip_accents not in (None, "ascii", "unicode") and not callable(strip_accents):
        raise ValueError(f"strip_accents must be None, 'ascii', 'unicode' or a callable, got {strip_accents!r}")
    strips: dict = {None: None, "ascii": _to_ascii, "unicode": _without_marks}
    strip = strips.get(strip_accents, strip_accents)

    def preprocess(document):
        if not isinstance(document, str):
            raise TypeError(f"a document must be str or bytes, got {type(document).__name__}")
        if lowercase:
            document = document.lower()
        return document if strip is None else strip(document)

    return preprocess


def tokenizer(token_pattern: str) -> Callable:
    """A function that finds the pattern, or what its one group holds.

    The usual pattern is what stands between the characters that make no words, which is twice as fast to find in ASCII.
    """
    pattern = re.compile(token_pattern)
    if pattern.groups > 1:
        raise ValueError(f"More than 1 capturing group in token pattern {token_pattern!r}: a single one is accepted")
    if token_pattern != TWO_WORD_CHARACTERS:
        return pattern.findall

    def words(text):
        if not text.isascii():
            return pattern.findall(text)
        return [word for word in text.translate(TO_BLANKS).split() if len(word) > 1]

    return words


def analyzer(
    kind: str, preprocess: Callable, tokenize: Callable, stop_words: frozenset, ngram_range: tuple
) -> Callable:
    """A function from a decoded document to its terms; `kind` is ``"word"``, ``"char"`` or ``"char_wb"``."""
    low, high = ngram_range
    if kind == "char":
        return lambda document: _char_ngrams(preprocess(document), low, high)
    if kind == "char_wb":
        padded = lru_cache(1 << 16)(partial(_padded_ngrams, low=low, high=high))  # most words come again
        return lambda document: list(chain.from_iterable(map(padded, preprocess(document).split())))
    if not stop_words and (low, high) == (1, 1):
        return lambda document: tokenize(preprocess(document))

    def words(document):
        tokens = tokenize(preprocess(document))
        if stop_words:
            tokens = [token for token in tokens if token not in stop_words]
        return _word_ngrams(tokens, low, high)

    return words


def stop_word_set(stop_words: str | Iterable | None) -> frozenset:
    """The words to leave out."""
    if stop_words == "english" and isinstance(stop_words, str):
        return ENGLISH_STOP_WORDS
    if isinstance(stop_words, str) or not isinstance(stop_words, Iterable | None):
        raise ValueError(f"stop_words must be 'english', an iterable of words or None, got {stop_words!r}")
    return frozenset(stop_words or ())


def _word_ngrams(tokens, low, high):
    if (low, high) == (1, 1):
        return tokens
    runs = (map(" ".join, zip(*(tokens[i:] for i in range(n)))) for n in range(max(low, 2), high + 1))
    return list(chain(tokens if low == 1 else (), *runs))


def _char_ngrams(text, low, high):
    text = LONG_SPACES.sub(" ", text)
    runs = (map("".join, zip(*(text[i:] for i in range(n)))) for n in range(max(low, 2), high + 1))
    return list(chain(text if low == 1 else (), *runs))


def _padded_ngrams(word, low, high):
    word = f" {word} "
    terms = []
    for n in range(low, high + 1):
        terms += [word[i : i + n] for i in range(max(len(word) - n, 0) + 1)]
        if n >= len(word):
            break
    return terms


def _without_marks(text):
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _to_ascii(text):
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
