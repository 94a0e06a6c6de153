"""Tokens and their numbers.

Number 0 is the unknown token; the others follow by falling count, ties in the order of first occurrence. Fitting takes
one pass over the documents, which may come from a generator, so a corpus larger than memory is counted as it is read:
only the distinct tokens are held.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from itertools import chain
from numbers import Integral

from npml_core import Storable, check_is_fitted

__all__ = ["Vocabulary"]


class Vocabulary(Storable):
    """The tokens of a corpus, numbered.

    Parameters
    ----------
    min_count : int, default=1
        Tokens that occur less often are left out.
    max_tokens : int or None, default=None
        How many tokens to keep at most, the most frequent ones (the unknown token is not counted among them).
    unk : str, default="<unk>"
        The token that stands for all that are left out or were never seen; its number is 0.

    Attributes
    ----------
    tokens_ : list
        The token of every number.
    counts : Counter
        How often each kept token occurs; 0 for any other.

    Examples
    --------
    >>> from npml_preproc import Vocabulary, tokenize_words
    >>> vocabulary = Vocabulary(min_count=2).fit(tokenize_words(line) for line in ["to be or", "not to be"])
    >>> vocabulary.encode(["to", "be", "free"])
    [1, 2, 0]
    >>> vocabulary.decode([1, 2, 0])
    ['to', 'be', '<unk>']
    >>> len(vocabulary), "or" in vocabulary, vocabulary.most_common(1)
    (3, False, [('to', 2)])
    """

    def __init__(self, min_count: int = 1, max_tokens: int | None = None, *, unk: str = "<unk>"):
        self.min_count = min_count
        self.max_tokens = max_tokens
        self.unk = unk

    def fit(self, documents: Iterable[Iterable[Hashable]]) -> "Vocabulary":
        """Count the tokens of the documents.

        Parameters
        ----------
        documents : iterable of iterables of tokens
            Tokens are str or anything else that can be hashed. To read a file line by line:
            ``fit(tokenize_words(line) for line in documents(path))``.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If a document is a str (it has not been tokenised) or no iterable.
        ValueError
            For a count that is no positive int.
        """
        self._check_options()
        counts = Counter(chain.from_iterable(map(_tokens, _iterable(documents))))
        counts.pop(self.unk, None)
        kept = [(token, count) for token, count in counts.most_common(self.max_tokens) if count >= self.min_count]
        self._set(kept)
        return self

    @property
    def counts(self) -> Counter:
        """How often each kept token occurs in the corpus."""
        check_is_fitted(self, "tokens_")
        return Counter(self._counts_by_token)

    def most_common(self, n: int | None = None) -> list[tuple]:
        """The `n` most frequent tokens, all by default, and their counts.

        Returns
        -------
        list of (token, count)
        """
        check_is_fitted(self, "tokens_")
        if n is not None and (not isinstance(n, Integral) or n < 0):
            raise ValueError(f"n must be None or an int from 0, got {n!r}")
        return list(self._counts_by_token.items())[:n]

    def encode(self, tokens: Iterable[Hashable]) -> list[int]:
        """The number of every token; that of `unk` for unknown ones.

        Raises
        ------
        TypeError
            If `tokens` is a str.
        """
        check_is_fitted(self, "tokens_")
        number = self._numbers.get
        return [number(token, 0) for token in _tokens(tokens)]

    def decode(self, ids: Iterable[int]) -> list:
        """The token of every number.

        Raises
        ------
        ValueError
            For a number that no token has.
        """
        check_is_fitted(self, "tokens_")
        found: list = []
        for i in ids:
            if not isinstance(i, Integral) or not 0 <= i < len(self.tokens_):
                raise ValueError(f"ids must be ints from 0 to {len(self.tokens_) - 1}, got {i!r}")
            found.append(self.tokens_[i])
        return found

    def __len__(self) -> int:
        check_is_fitted(self, "tokens_")
        return len(self.tokens_)

    def __contains__(self, token: Hashable) -> bool:
        check_is_fitted(self, "tokens_")
        return token in self._numbers

    def __repr__(self):
        size = f", {len(self.tokens_)} tokens" if hasattr(self, "tokens_") else ""
        return f"<Vocabulary(min_count={self.min_count}, max_tokens={self.max_tokens}){size}>"

    def _check_options(self):
        for name, accepts_none in (("min_count", False), ("max_tokens", True)):
            value = getattr(self, name)
            is_count = isinstance(value, Integral) and not isinstance(value, bool) and value >= 1
            if not is_count and not (value is None and accepts_none):
                raise ValueError(f"{name} must be a positive int{' or None' if accepts_none else ''}, got {value!r}")

    def _set(self, kept):
        self._counts_by_token = dict(kept)
        self.tokens_ = [self.unk, *self._counts_by_token]
        self._numbers = {token: i for i, token in enumerate(self.tokens_)}

    def _get_state(self):
        state = {name: getattr(self, name) for name in ("min_count", "max_tokens", "unk")}
        if hasattr(self, "tokens_"):
            state["counts"] = [[token, count] for token, count in self._counts_by_token.items()]
        return state

    def _set_state(self, state):
        counts = state.pop("counts", None)
        self.__dict__.update(state)
        if counts is not None:
            self._set(counts)


def _iterable(documents):
    if isinstance(documents, str | bytes) or not isinstance(documents, Iterable):
        raise TypeError(f"documents must be an iterable of tokenised documents, got {type(documents).__name__}")
    return documents


def _tokens(tokens):
    if isinstance(tokens, str) or not isinstance(tokens, Iterable):
        raise TypeError(f"a document must be a sequence of tokens, got {tokens!r:.60}: tokenize it first")
    return tokens
