"""Text: tokens, vocabularies, corpora larger than memory."""

from ..coding._text import documents
from .tokenize import (
    ngrams,
    remove_stop_words,
    strip_punctuation,
    tokenize_bytes,
    tokenize_chars,
    tokenize_whitespace,
    tokenize_words,
)
from .vocabulary import Vocabulary

__all__ = [
    "Vocabulary",
    "documents",
    "ngrams",
    "remove_stop_words",
    "strip_punctuation",
    "tokenize_bytes",
    "tokenize_chars",
    "tokenize_whitespace",
    "tokenize_words",
]
