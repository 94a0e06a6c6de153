"""Documents as vectors of term counts.

The vocabulary is the sorted terms of the fitted documents; entry (d, t) of the matrix is how often term t occurs in
document d. ``counting`` has the algorithm; `TfidfVectorizer` weights the counts.

Complexity: O(total number of terms). The text is read once and never held, so the documents may come from a generator,
an open file, or the path of a file larger than memory, whose lines are the documents.

References
----------
Manning, Raghavan & Schuetze (2008), "Introduction to information retrieval", chapter 6.
"""

from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

from npml_core import BaseEstimator, check_is_fitted

from .analyzers import analyzer, decoder, preprocessor, read_corpus, stop_word_set, tokenizer
from .counting import count_terms, number_terms

__all__ = ["CountVectorizer"]


class CountVectorizer(BaseEstimator):
    r"""How often each term occurs in each document.

    Parameters
    ----------
    input : {"content", "filename", "file"}, default="content"
        What the documents are: texts, names of files, or open files. A path object among texts is read as a file.
    encoding, decode_error : str, default="utf-8", "strict"
        How bytes become text.
    strip_accents : {"ascii", "unicode"}, callable or None, default=None
        Whether to take accents off; "ascii" takes off all that is not ASCII.
    lowercase : bool, default=True
        Whether to lower the case.
    preprocessor, tokenizer : callable or None, default=None
        What to do instead of lower case and accents, and instead of the pattern.
    stop_words : "english", iterable of str or None, default=None
        Words to leave out.
    token_pattern : str, default=r"(?u)\b\w\w+\b"
        What a word is: two and more word characters. Where it has a group, the token is what the group holds.
    ngram_range : (int, int), default=(1, 1)
        Least and largest number of neighbouring tokens (or characters) that make a term.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        What terms are made of; a callable takes a document and returns its terms.
    max_df, min_df : float or int, default=1.0, 1
        Terms in more, or in fewer, documents are left out: a float is a share of them, an int a number.
    max_features : int or None, default=None
        How many terms to keep at most, the most frequent ones.
    vocabulary : mapping, iterable or None, default=None
        The terms (a mapping: and their columns) instead of those of the fitted documents.
    binary : bool, default=False
        Whether to count every term of a document once.
    dtype : dtype, default=int64
        Of the matrix.

    Attributes
    ----------
    vocabulary_ : dict
        Term -> column.
    fixed_vocabulary_ : bool
        Whether the vocabulary was given.

    Examples
    --------
    >>> from npml_preproc import CountVectorizer
    >>> vectorizer = CountVectorizer()
    >>> vectorizer.fit_transform(["the cat and the dog", "a dog"]).toarray()
    array([[1, 1, 1, 2],
           [0, 0, 1, 0]])
    >>> vectorizer.get_feature_names_out()
    array(['and', 'cat', 'dog', 'the'], dtype=object)
    """

    _kind = "transformer"
    _tags = {"two_d": False, "string": True}

    def __init__(
        self,
        *,
        input: str = "content",
        encoding: str = "utf-8",
        decode_error: str = "strict",
        strip_accents: str | Callable | None = None,
        lowercase: bool = True,
        preprocessor: Callable | None = None,
        tokenizer: Callable | None = None,
        stop_words: str | Iterable[str] | None = None,
        token_pattern: str = r"(?u)\b\w\w+\b",
        ngram_range: tuple[int, int] = (1, 1),
        analyzer: str | Callable = "word",
        max_df: float = 1.0,
        min_df: float = 1,
        max_features: int | None = None,
        vocabulary: Mapping | Iterable | None = None,
        binary: bool = False,
        dtype: Any = np.int64,
    ):
        self.input = input
        self.encoding = encoding
        self.decode_error = decode_error
        self.strip_accents = strip_accents
        self.lowercase = lowercase
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.stop_words = stop_words
        self.token_pattern = token_pattern
        self.ngram_range = ngram_range
        self.analyzer = analyzer
        self.max_df = max_df
        self.min_df = min_df
        self.max_features = max_features
        self.vocabulary = vocabulary
        self.binary = binary
        self.dtype = dtype

    def fit(self, raw_documents: Any, y: Any = None) -> "CountVectorizer":
        """Learn the vocabulary.

        Parameters
        ----------
        raw_documents : iterable or path-like
            Texts, bytes, paths (see `input`), one a document; a path by itself is a file with one document a line.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If no term is left, for a single str, NaN, or an unknown option.
        TypeError
            For a document that is no text.
        """
        self.fit_transform(raw_documents)
        return self

    def fit_transform(self, raw_documents: Any, y: Any = None) -> Any:
        """Learn the vocabulary, and count in the same pass.

        Parameters
        ----------
        raw_documents : iterable or path-like
            As in `fit`.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        CSR matrix (n_documents, n_terms)
        """
        vocabulary, rows = self._fit_counts(raw_documents)
        self._learn(vocabulary)
        return self._finished(rows).to_csr(len(vocabulary))

    def transform(self, raw_documents: Any) -> Any:
        """Count the known terms.

        Parameters
        ----------
        raw_documents : iterable or path-like
            As in `fit`.

        Returns
        -------
        CSR matrix (n_documents, n_terms)
        """
        vocabulary = self._known_terms()
        return self._finished(self._counts(raw_documents, vocabulary)).to_csr(len(vocabulary))

    def inverse_transform(self, X: Any) -> list[np.ndarray]:
        """The terms of every document that have an entry.

        Parameters
        ----------
        X : array-like or sparse (n_documents, n_terms)
            Counts or weights.

        Returns
        -------
        list of ndarray of str
        """
        from scipy import sparse

        terms = np.array(sorted(self._known_terms(), key=self._known_terms().get))
        matrix = sparse.csr_matrix(X)
        if matrix.shape[1] != len(terms):
            raise ValueError(f"X has {matrix.shape[1]} columns, but the vocabulary has {len(terms)} terms")
        rows = np.split(np.arange(matrix.nnz), matrix.indptr[1:-1])
        return [terms[matrix.indices[row[matrix.data[row] != 0]]] for row in rows]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The terms in the order of the columns.

        Parameters
        ----------
        input_features : ignored
            There so that pipelines can pass it.

        Returns
        -------
        ndarray of object (n_terms,)
        """
        vocabulary = self._known_terms()
        return np.asarray(sorted(vocabulary, key=vocabulary.get), dtype=object)

    def build_preprocessor(self) -> Callable:
        """The function that lowers the case and takes off accents."""
        return preprocessor(self.lowercase, self.strip_accents) if self.preprocessor is None else self.preprocessor

    def build_tokenizer(self) -> Callable:
        """The function from a text to its tokens."""
        return tokenizer(self.token_pattern) if self.tokenizer is None else self.tokenizer

    def build_analyzer(self) -> Callable:
        """The function from a document to its terms."""
        decode = decoder(self.input, self.encoding, self.decode_error)
        if callable(self.analyzer):
            analyze = self.analyzer
        else:
            stop_words = stop_word_set(self.stop_words)
            options = (self.build_preprocessor(), self.build_tokenizer(), stop_words, self.ngram_range)
            analyze = analyzer(self.analyzer, *options)
        return lambda document: analyze(decode(document))

    def get_stop_words(self) -> frozenset | None:
        """The words that are left out, or None."""
        return None if self.stop_words is None else stop_word_set(self.stop_words)

    def _fit_counts(self, raw_documents):
        """The vocabulary and the counts of the documents; nothing is learned yet."""
        self._check_options()
        fixed = self._given_vocabulary()
        if fixed is not None:
            return fixed, self._counts(raw_documents, fixed)
        numbers, lengths, found = number_terms(read_corpus(raw_documents), self.build_analyzer())
        if not found:
            raise ValueError("empty vocabulary; perhaps the documents only contain stop words")
        terms = _sorted_terms(found)
        rank = np.empty(len(terms), np.int32)
        rank[np.fromiter(map(found.__getitem__, terms), np.intp, len(terms))] = np.arange(len(terms))
        rows = count_terms(rank.take(numbers), lengths, len(terms))
        kept = self._kept(rows, len(terms))
        columns = np.where(kept, np.cumsum(kept) - 1, -1).take(rank).tolist()
        # in the order of first occurrence: looking up frequent terms stays in the cache
        vocabulary = {term: column for term, column in zip(found, columns) if column >= 0}
        return vocabulary, rows if kept.all() else rows.keep_columns(kept)

    def _counts(self, raw_documents, vocabulary):
        numbers, lengths, _ = number_terms(read_corpus(raw_documents), self.build_analyzer(), vocabulary)
        return count_terms(numbers, lengths, len(vocabulary))

    def _learn(self, vocabulary):
        self.vocabulary_ = vocabulary
        self.fixed_vocabulary_ = self.vocabulary is not None

    def _finished(self, rows):
        data = np.ones(len(rows.data), self.dtype) if self.binary else rows.data.astype(self.dtype)
        return rows._replace(data=data)

    def _kept(self, rows, n_terms):
        """Mask of the terms that `max_df`, `min_df` and `max_features` leave."""
        n = len(rows.indptr) - 1
        highest = self.max_df if isinstance(self.max_df, Integral) else self.max_df * n
        lowest = self.min_df if isinstance(self.min_df, Integral) else self.min_df * n
        if highest < lowest:
            raise ValueError(f"max_df={self.max_df!r} corresponds to fewer documents than min_df={self.min_df!r}")
        in_documents = np.bincount(rows.indices, minlength=n_terms)
        kept = (in_documents >= lowest) & (in_documents <= highest)
        if self.max_features is not None and kept.sum() > self.max_features:
            totals = in_documents if self.binary else np.bincount(rows.indices, rows.data, minlength=n_terms)
            kinds = np.float64 if np.dtype(self.dtype).kind == "f" else np.int64
            most = np.flatnonzero(kept)[np.argsort(-totals[kept].astype(kinds))[: self.max_features]]
            kept = np.zeros(n_terms, bool)
            kept[most] = True
        if not kept.any():
            raise ValueError("After pruning, no terms remain. Try a lower min_df or a higher max_df.")
        return kept

    def _known_terms(self):
        if not hasattr(self, "vocabulary_") and self.vocabulary is not None:
            return self._given_vocabulary()
        check_is_fitted(self, "vocabulary_")
        return self.vocabulary_

    def _given_vocabulary(self):
        given = self.vocabulary
        if given is None:
            return None
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise ValueError(f"vocabulary must be a mapping or an iterable of terms, got {given!r}")
        if not isinstance(given, Mapping):
            terms = _sorted_terms(given) if isinstance(given, set | frozenset) else list(given)
            columns = {term: column for column, term in enumerate(terms)}
            if len(columns) < len(terms):
                twice = next(term for column, term in enumerate(terms) if columns[term] != column)
                raise ValueError(f"Duplicate term in vocabulary: {twice!r}")
            given = columns
        if not given:
            raise ValueError("empty vocabulary passed to fit")
        if len(set(given.values())) < len(given):
            raise ValueError("Vocabulary contains repeated indices.")
        missing = set(range(len(given))) - set(given.values())
        if missing:
            raise ValueError(f"Vocabulary of size {len(given)} doesn't contain index {min(missing)}.")
        return dict(given)

    def _check_options(self):
        for name, accepted in (("input", ("content", "filename", "file")), ("analyzer", ("word", "char", "char_wb"))):
            value = getattr(self, name)
            if value not in accepted and not (name == "analyzer" and callable(value)):
                raise ValueError(f"{name} must be one of {accepted}, got {value!r}")
        for name in ("max_df", "min_df"):
            value = getattr(self, name)
            is_number = isinstance(value, Real) and not isinstance(value, bool)
            if not is_number or (value < 1 if isinstance(value, Integral) else not 0 <= value <= 1):
                raise ValueError(f"{name} must be a float in [0, 1] or an int from 1, got {value!r}")
        k = self.max_features
        if k is not None and (isinstance(k, bool) or not isinstance(k, Integral) or k < 1):
            raise ValueError(f"max_features must be a positive int or None, got {k!r}")
        low, high = _pair(self.ngram_range)
        if not 1 <= low <= high:
            raise ValueError(f"ngram_range must be (low, high) with 1 <= low <= high, got {self.ngram_range!r}")


def _sorted_terms(terms):
    try:
        return sorted(terms)
    except TypeError:
        kinds = sorted({type(term).__name__ for term in terms})
        raise TypeError(f"terms must be of one type, to be sorted, got {' and '.join(kinds)}") from None


def _pair(ngram_range):
    try:
        low, high = ngram_range
    except (TypeError, ValueError):
        raise ValueError(f"ngram_range must be a pair of ints, got {ngram_range!r}") from None
    if not (isinstance(low, Integral) and isinstance(high, Integral)):
        raise ValueError(f"ngram_range must be a pair of ints, got {ngram_range!r}")
    return low, high
