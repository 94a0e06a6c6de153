r"""Byte-pair encoding at the level of bytes: any text, any bytes, no unknown token.

Text is UTF-8; GPT-2's split cuts it into words, whose bytes are the first symbols (ids 0..255). Training counts the
pairs of neighbouring symbols inside words and merges the most frequent pair (a, b) into a new symbol, again and
again::

    (a, b) = argmax sum over words w of count(w) * #{places in w where b follows a},    smallest (a, b) on a tie
    id of the k-th merge = 256 + k

Encoding applies the merges to a word in the order in which they were learned, each from left to right. Ids of bytes are
those of GPT-2: the printable ones of Latin-1 in order, then the others.

Complexity: training, see ``_bpe_merges``; encoding O(n log n) for a word of n bytes, and words met before come from a
table, so that text costs O(length). Decoding is a look-up.

Differences from the paper (Sennrich et al.): symbols are bytes instead of characters and no end-of-word mark is used,
as in GPT-2.

References
----------
Sennrich, Haddow & Birch (2016), "Neural machine translation of rare words with subword units", ACL, algorithm 1.
https://doi.org/10.18653/v1/P16-1162
Radford et al. (2019), "Language models are unsupervised multitask learners", section 2.2.
"""

import codecs
import os
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import chain, pairwise

import numpy as np

from npml_core import BaseEstimator, check_is_fitted

from ._bpe_merges import learn_merges
from ._gpt2_split import split_words
from ._text import as_bytes, as_text, documents

# Latin-1's printable characters come first
BYTE_OF_ID = bytes([*range(33, 127), *range(161, 173), *range(174, 256), *range(33), *range(127, 161), 173])
ID_OF_BYTE = np.argsort(np.frombuffer(BYTE_OF_ID, dtype=np.uint8)).astype(np.int64)

CACHED_WORDS = 1 << 18
CACHED_LENGTH = 64


class BytePairEncoder(BaseEstimator):
    r"""Byte-level byte-pair encoding, the tokens of GPT-2.

    Parameters
    ----------
    vocab_size : int, default=30000
        Number of tokens, the 256 bytes included; fewer are learned when no pair occurs ``min_frequency`` times.
    min_frequency : int, default=2
        A pair that occurs less often is not merged.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    merges_ : ndarray of int64 (n_merges, 2)
        Pairs of ids in the order in which they were learned; row k makes id 256 + k.

    Examples
    --------
    >>> from npml_preproc import BytePairEncoder
    >>> encoder = BytePairEncoder(vocab_size=260).fit(["low lower lowest", "slow slower"])
    >>> ids = encoder.encode("lower ☃")
    >>> [encoder.token_bytes(i) for i in ids]
    [b'lowe', b'r', b' ', b'\xe2', b'\x98', b'\x83']
    >>> encoder.decode(ids)
    'lower ☃'
    """

    def __init__(self, vocab_size: int = 30000, min_frequency: int = 2, verbose: int = 0):
        self.vocab_size = vocab_size
        self.min_frequency = min_frequency
        self.verbose = verbose

    def fit(self, texts: str | bytes | os.PathLike | Iterable, y: None = None) -> "BytePairEncoder":
        """Learn the merges of a corpus; the order of its texts does not matter.

        Parameters
        ----------
        texts : iterable of str, bytes or paths
            Texts (words never reach over their ends), and files of UTF-8 text, read line by line. A single one is
            taken as a corpus of one.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If ``vocab_size`` is below 256, ``min_frequency`` is negative, or a text holds a lone surrogate.
        """
        _check_count(self.vocab_size, "vocab_size", 256)
        _check_count(self.min_frequency, "min_frequency", 0)
        words: Counter[str] = Counter()
        for text in documents(texts):
            words.update(split_words(text))
        counts = {as_bytes(word): count for word, count in words.items()}
        merges = learn_merges(counts, ID_OF_BYTE, self.vocab_size - 256, self.min_frequency, self.verbose)
        self._forget()
        self.merges_ = np.array(merges, dtype=np.int64).reshape(-1, 2)
        return self

    def encode(self, text: str | bytes) -> list[int]:
        """Token ids of a text.

        Parameters
        ----------
        text : str or bytes
            Bytes need not be UTF-8.

        Returns
        -------
        list of int

        Raises
        ------
        ValueError
            If a str holds a lone surrogate.
        """
        check_is_fitted(self, "merges_")
        return list(chain.from_iterable(map(self._words.__getitem__, split_words(as_text(text)))))

    def decode(self, ids: Iterable[int], errors: str = "strict") -> str:
        """Text of token ids.

        Parameters
        ----------
        ids : iterable of int
            Token ids.
        errors : str, default="strict"
            What to do with bytes that are not UTF-8: "strict" raises, "replace", "ignore", "surrogateescape", ... as in
            ``bytes.decode``.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            For an unknown id, or (a UnicodeDecodeError) for bytes that are not UTF-8.
        """
        return self.decode_bytes(ids).decode("utf-8", errors)

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Bytes of token ids: the inverse of `encode` for every text and every bytes.

        Parameters
        ----------
        ids : iterable of int
            Token ids.

        Returns
        -------
        bytes
        """
        check_is_fitted(self, "merges_")
        ids = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
        tokens = self._tokens
        if ids and not (_are_ints(ids) and min(ids) >= 0 and max(ids) < len(tokens)):
            wrong = next(i for i in ids if not (_are_ints([i]) and 0 <= i < len(tokens)))
            raise ValueError(f"ids must be integers from 0 to {len(tokens) - 1}, got {wrong!r}")
        return b"".join(map(tokens.__getitem__, ids))

    def token_bytes(self, i: int) -> bytes:
        """Bytes that token `i` stands for.

        Parameters
        ----------
        i : int
            Token id.

        Returns
        -------
        bytes
        """
        return self.decode_bytes([i])

    def stream_decoder(self, errors: str = "strict") -> "StreamDecoder":
        """Decoder for ids that arrive one by one: it holds back the bytes of an unfinished character.

        Parameters
        ----------
        errors : str, default="strict"
            As in `decode`.

        Returns
        -------
        StreamDecoder
        """
        check_is_fitted(self, "merges_")
        return StreamDecoder(self, errors)

    def __len__(self) -> int:
        """Number of tokens."""
        return 256 + len(self.merges_)

    @cached_property
    def _tokens(self):
        tokens = [BYTE_OF_ID[i : i + 1] for i in range(256)]
        for a, b in self.merges_.tolist():
            tokens.append(tokens[a] + tokens[b])
        return tokens

    @cached_property
    def _words(self):
        return _WordTable(self.merges_)

    def _forget(self):
        """Drop what was derived from earlier merges."""
        self.__dict__.pop("_tokens", None)
        self.__dict__.pop("_words", None)

    def _get_state(self):
        return {key: value for key, value in self.__dict__.items() if not key.startswith("_")}

    __getstate__ = _get_state


class StreamDecoder:
    """Text from token ids that arrive in pieces; made by `BytePairEncoder.stream_decoder`.

    Parameters
    ----------
    encoder : BytePairEncoder
        Fitted.
    errors : str, default="strict"
        What to do with bytes that are not UTF-8, as in ``bytes.decode``.

    Examples
    --------
    >>> from npml_preproc import BytePairEncoder
    >>> encoder = BytePairEncoder(vocab_size=256).fit([])
    >>> decoder = encoder.stream_decoder()
    >>> [decoder.decode(i) for i in encoder.encode("né!")]
    ['n', '', 'é', '!']
    >>> decoder.decode([], final=True)
    ''
    """

    def __init__(self, encoder: BytePairEncoder, errors: str = "strict"):
        self._encoder = encoder
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors)

    def decode(self, ids: int | Iterable[int], final: bool = False) -> str:
        """Text that the ids so far complete.

        Parameters
        ----------
        ids : int or iterable of int
            The next ids.
        final : bool, default=False
            Whether they are the last: a character left unfinished is then treated as ``errors`` says.

        Returns
        -------
        str
        """
        ids = ids if isinstance(ids, Iterable) else [ids]
        return self._decoder.decode(self._encoder.decode_bytes(ids), final)

    def reset(self) -> None:
        """Forget what is held back."""
        self._decoder.reset()


class _WordTable(dict):
    """Word -> ids, filled on demand; long words and more than ``CACHED_WORDS`` are not kept."""

    def __init__(self, merges):
        super().__init__()
        self._merges = {pair: 256 + k for k, pair in enumerate(map(tuple, merges.tolist()))}
        self._id_of_byte = ID_OF_BYTE.tolist()

    def __missing__(self, word):
        ids = _merge([self._id_of_byte[b] for b in as_bytes(word)], self._merges)
        if len(word) <= CACHED_LENGTH and len(self) < CACHED_WORDS:
            self[word] = ids
        return ids


def _merge(symbols, merges):
    """Apply `merges` (pair -> new symbol) to a list of symbols, the earliest-learned first, from left to right.

    A heap holds (new symbol, place) of the pairs that may be merged: a smaller symbol was learned earlier. An entry
    whose pair is gone by the time it leaves the heap is passed over.
    """
    end = len(symbols)
    heap = [(new, i) for i, new in enumerate(map(merges.get, pairwise(symbols))) if new is not None]
    if not heap:
        return symbols
    heapify(heap)
    following, preceding = list(range(1, end + 1)), list(range(-1, end - 1))
    while heap:
        new, i = heappop(heap)
        j = following[i]
        if j >= end or merges.get((symbols[i], symbols[j])) != new:
            continue
        symbols[i], symbols[j] = new, None
        after, before = following[j], preceding[i]
        following[i] = after
        if after < end:
            preceding[after] = i
            if (next_new := merges.get((new, symbols[after]))) is not None:
                heappush(heap, (next_new, i))
        if before >= 0 and (next_new := merges.get((symbols[before], new))) is not None:
            heappush(heap, (next_new, before))
    return [symbol for symbol in symbols if symbol is not None]


def _are_ints(ids):
    """Whether all are integers, bool not among them."""
    return all(issubclass(kind, int | np.integer) and kind is not bool for kind in set(map(type, ids)))


def _check_count(value, name, least):
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
