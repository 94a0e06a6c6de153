"""Bytes and str in, str out: what the byte-level coders read."""

import os
from collections.abc import Iterable, Iterator


def as_text(text: str | bytes | bytearray | memoryview, name: str = "text") -> str:
    """`text` as a str whose encoding by ``as_bytes`` gives its bytes back, whether they are UTF-8 or not.

    A byte that is no UTF-8 becomes the lone surrogate U+DC00 + byte (PEP 383).

    Raises
    ------
    ValueError
        If a str holds a lone surrogate: it has no bytes.
    TypeError
        If `text` is neither str nor bytes.
    """
    if isinstance(text, bytes | bytearray | memoryview):
        return bytes(text).decode("utf-8", "surrogateescape")
    check_text(text, name)
    return text


def as_bytes(text: str) -> bytes:
    """The inverse of `as_text`."""
    return text.encode("utf-8", "surrogateescape")


def check_text(text: str, name: str = "text") -> None:
    """Raise unless `text` is a str of Unicode characters, without lone surrogates."""
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a str, got {type(text).__name__}")
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        point = ord(text[error.start])
        raise ValueError(f"{name} has the lone surrogate U+{point:04X} at {error.start}: it is no character") from None


def documents(texts: str | bytes | os.PathLike | Iterable) -> Iterator[str]:
    """Every text of a corpus: a str or bytes is one text, a path gives the lines of its file, an iterable its items'.

    Lines keep their end, so that a file larger than memory can be streamed and still be read whole.

    Parameters
    ----------
    texts : str, bytes, path-like, or iterable of them
        The corpus; files are read as UTF-8, and a byte that is none becomes a lone surrogate (PEP 383).

    Yields
    ------
    str
        One text after the other.

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> from npml_preproc import documents
    >>> list(documents(["one text", b"another"]))
    ['one text', 'another']
    """
    if isinstance(texts, str | bytes | bytearray | memoryview):
        yield as_text(texts, "texts")
    elif isinstance(texts, os.PathLike):
        with open(texts, encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
            yield from lines
    elif isinstance(texts, Iterable):
        for item in texts:
            if not isinstance(item, str | bytes | bytearray | memoryview | os.PathLike):
                raise TypeError(f"texts must hold str, bytes or paths, got {type(item).__name__}")
            yield from documents(item)
    else:
        raise TypeError(f"texts must be a str, bytes, a path or an iterable of them, got {type(texts).__name__}")
