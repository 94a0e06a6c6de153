r"""WordPiece, BERT's tokens: words are taken apart into the longest pieces that a vocabulary holds.

BERT's rules (``_bert_text``) split the text into words. A word is read from its left: the longest piece of the
vocabulary that it begins with is taken off, then the longest ``##piece`` that the rest begins with, until nothing is
left. If at some point no piece fits, the whole word becomes ``[UNK]``, as does a word of more than 100 characters. A
sequence stands between ``[CLS]`` and ``[SEP]``. Special tokens that the text itself spells out are kept whole.

Complexity: O(m^2) look-ups for a word of m <= 100 characters; words met before come from a table.

References
----------
Wu et al. (2016), "Google's neural machine translation system", section 4.1. https://arxiv.org/abs/1609.08144
Devlin et al. (2019), "BERT: pre-training of deep bidirectional transformers", NAACL, section 3.
https://doi.org/10.18653/v1/N19-1423
"""

import os
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from npml_core import Storable

from ._bert_text import BertSplitter
from ._text import check_text

LONGEST_WORD = 100  # characters
CACHED_WORDS = 1 << 18
# what `decode` closes up: the blank before punctuation and English contractions
CLEANED = {" .": ".", " ?": "?", " !": "!", " ,": ",", " ' ": "'", " n't": "n't", " 'm": "'m", " do not": " don't"}
CLEANED |= {" 's": "'s", " 've": "'ve", " 're": "'re"}


class WordPieceTokenizer(Storable):
    """BERT's tokenizer over a given vocabulary.

    Parameters
    ----------
    vocab : sequence of str, mapping from str to int, or path
        Tokens in the order of their ids, tokens and their ids, or a ``vocab.txt`` with a token on every line. It holds
        ``[UNK]``, ``[CLS]`` and ``[SEP]``; ``[PAD]`` (else padding is 0) and ``[MASK]`` are optional.
    lowercase : bool, default=True
        Whether to make text lower case; False for cased models.
    strip_accents : bool, optional
        Whether to drop accents; the default is to do so with ``lowercase``.
    clean_text : bool, default=True
        Whether to drop control characters.
    handle_chinese_chars : bool, default=True
        Whether every ideograph is a word.

    Attributes
    ----------
    vocab : dict
        Token -> id.

    Raises
    ------
    ValueError
        If the vocabulary lacks a special token or gives an id twice.

    Examples
    --------
    >>> from npml_preproc import WordPieceTokenizer
    >>> vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "play", "##er", "##s", "!"]
    >>> tokenizer = WordPieceTokenizer(vocab)
    >>> tokenizer.encode("The Players!")
    [2, 4, 5, 6, 7, 8, 3]
    >>> tokenizer.decode([2, 4, 5, 6, 7, 8, 3])
    'the players!'
    >>> ids, mask = tokenizer.encode_batch(["The players", "the"])
    >>> mask.tolist()
    [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]]
    """

    unk_token, cls_token, sep_token, pad_token, mask_token = "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"

    def __init__(
        self,
        vocab: Iterable[str] | Mapping[str, int] | str | os.PathLike,
        *,
        lowercase: bool = True,
        strip_accents: bool | None = None,
        clean_text: bool = True,
        handle_chinese_chars: bool = True,
    ):
        self.vocab = _read_vocabulary(vocab)
        for token in (self.unk_token, self.cls_token, self.sep_token):
            if token not in self.vocab:
                raise ValueError(f"vocab must hold the special token {token}")
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.clean_text = clean_text
        self.handle_chinese_chars = handle_chinese_chars

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.vocab)

    def tokenize(self, text: str) -> list[str]:
        """Tokens of a text, without ``[CLS]`` and ``[SEP]``.

        Parameters
        ----------
        text : str
            Any text.

        Returns
        -------
        list of str
        """
        return list(map(self._tokens.__getitem__, self.encode(text, add_special_tokens=False)))

    def encode(self, text: str, *, add_special_tokens: bool = True, max_length: int | None = None) -> list[int]:
        """Token ids of a text.

        Parameters
        ----------
        text : str
            Any text.
        add_special_tokens : bool, default=True
            Whether to put the ids between those of ``[CLS]`` and ``[SEP]``.
        max_length : int, optional
            Most ids; what is more is cut off, before ``[SEP]``.

        Returns
        -------
        list of int

        Raises
        ------
        ValueError
            If `text` holds a lone surrogate, or ``max_length`` leaves no room for the special tokens.
        """
        check_text(text)
        added = 2 if add_special_tokens else 0
        if max_length is not None and max_length < added:
            raise ValueError(f"max_length must be at least {added}, got {max_length}")
        ids: list[int] = []
        for i, part in enumerate(self._special.split(text)):
            if i % 2:
                ids.append(self.vocab[part])
            else:
                for word in self._split(part):
                    ids += self._words[word]
        if max_length is not None:
            del ids[max_length - added :]
        return [self.vocab[self.cls_token], *ids, self.vocab[self.sep_token]] if add_special_tokens else ids

    def encode_batch(
        self, texts: Iterable[str], *, add_special_tokens: bool = True, max_length: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of several texts, padded with ``[PAD]`` to the longest.

        Parameters
        ----------
        texts : iterable of str
            Any texts.
        add_special_tokens, max_length
            As in `encode`.

        Returns
        -------
        input_ids, attention_mask : ndarray of int64 (n_texts, longest)
            The mask is 1 where there is a token and 0 at padding.
        """
        if isinstance(texts, str):
            raise TypeError("texts must be an iterable of str, got a str")
        rows = [self.encode(text, add_special_tokens=add_special_tokens, max_length=max_length) for text in texts]
        shape = len(rows), max(map(len, rows), default=0)
        input_ids = np.full(shape, self.vocab.get(self.pad_token, 0), dtype=np.int64)
        attention_mask = np.zeros(shape, dtype=np.int64)
        for i, row in enumerate(rows):
            input_ids[i, : len(row)] = row
            attention_mask[i, : len(row)] = 1
        return input_ids, attention_mask

    def decode(self, ids: Iterable[int], *, skip_special_tokens: bool = True) -> str:
        """Text of token ids; white space, case and accents that `encode` dropped stay lost.

        Parameters
        ----------
        ids : iterable of int
            Token ids.
        skip_special_tokens : bool, default=True
            Whether to leave out ``[CLS]``, ``[SEP]``, ``[PAD]``, ``[UNK]`` and ``[MASK]``.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            For an unknown id.
        """
        ids = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
        for i in ids:
            if i not in self._tokens:
                raise ValueError(f"ids must be ids of the vocabulary, got {i!r}")
        tokens = [self._tokens[i] for i in ids]
        if skip_special_tokens:
            tokens = [token for token in tokens if token not in self._special_tokens]
        rest = (token[2:] if token[:2] == "##" else f" {token}" for token in tokens[1:])
        return "".join(map(_close_up, [*tokens[:1], *rest]))

    @cached_property
    def _tokens(self):
        return {i: token for token, i in self.vocab.items()}

    @cached_property
    def _special_tokens(self):
        known = (self.unk_token, self.sep_token, self.cls_token, self.pad_token, self.mask_token)
        return [token for token in known if token in self.vocab]

    @cached_property
    def _special(self):
        return re.compile("(" + "|".join(map(re.escape, self._special_tokens)) + ")")

    @cached_property
    def _split(self):
        strip = self.lowercase if self.strip_accents is None else self.strip_accents
        return BertSplitter(self.lowercase, strip, self.clean_text, self.handle_chinese_chars)

    @cached_property
    def _words(self):
        return _WordTable(self.vocab, self.vocab[self.unk_token])

    def _get_state(self):
        return {key: value for key, value in self.__dict__.items() if not key.startswith("_")}

    __getstate__ = _get_state


class _WordTable(dict):
    """Word -> ids, filled on demand."""

    def __init__(self, vocab, unknown):
        super().__init__()
        self._vocab, self._unknown = vocab, [unknown]

    def __missing__(self, word):
        ids = self._take_apart(word) if len(word) <= LONGEST_WORD else self._unknown
        if len(self) < CACHED_WORDS:
            self[word] = ids
        return ids

    def _take_apart(self, word):
        """The longest piece that fits, again and again."""
        ids, start, mark = [], 0, ""
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = self._vocab.get(mark + word[start:end])
                if piece is not None:
                    break
            else:
                return self._unknown
            ids.append(piece)
            start, mark = end, "##"
        return ids


def _close_up(piece):
    for spaced, closed in CLEANED.items():
        piece = piece.replace(spaced, closed)
    return piece


def _read_vocabulary(vocab):
    """`vocab` as a dict from token to id."""
    if isinstance(vocab, str | os.PathLike):
        vocab = Path(vocab).read_text(encoding="utf-8").removesuffix("\n").split("\n")
    if isinstance(vocab, Mapping):
        tokens = {token: int(i) for token, i in vocab.items()}
    else:
        tokens = {token: i for i, token in enumerate(vocab)}
    if not all(isinstance(token, str) for token in tokens):
        raise TypeError("vocab must hold tokens that are str")
    if len(set(tokens.values())) < len(tokens) or min(tokens.values(), default=0) < 0:
        raise ValueError("vocab must give every token an id of its own, 0 or more")
    return tokens
