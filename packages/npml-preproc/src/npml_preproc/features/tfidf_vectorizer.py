"""Documents as vectors of term counts, weighted by how telling a term is: ``vectorizers``, then ``tfidf``."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from npml_core import check_is_fitted

from .counting import Rows
from .tfidf import check_norm, inverse_document_frequency, weighted
from .vectorizers import CountVectorizer

__all__ = ["TfidfVectorizer"]


class TfidfVectorizer(CountVectorizer):
    """Term counts weighted by inverse document frequency, each document scaled to unit length.

    Parameters
    ----------
    norm : {"l2", "l1"} or None, default="l2"
        What has unit length.
    use_idf : bool, default=True
        Whether to weight by inverse document frequency.
    smooth_idf : bool, default=True
        Whether to count one more document that holds every term.
    sublinear_tf : bool, default=False
        Whether a count tf becomes 1 + ln tf.
    dtype : dtype, default=float64
        Of the matrix.
    input, encoding, ..., binary
        As in `CountVectorizer`.

    Attributes
    ----------
    vocabulary_ : dict
        Term -> column.
    fixed_vocabulary_ : bool
        Whether the vocabulary was given.
    idf_ : ndarray (n_terms,)
        Weights of the terms, where `use_idf`.

    Examples
    --------
    >>> from npml_preproc import TfidfVectorizer
    >>> vectorizer = TfidfVectorizer()
    >>> vectorizer.fit_transform(["cat and dog", "dog"]).toarray().round(3)
    array([[0.632, 0.632, 0.449],
           [0.   , 0.   , 1.   ]])
    >>> vectorizer.idf_.round(3)
    array([1.405, 1.405, 1.   ])
    """

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
        analyzer: str | Callable = "word",
        stop_words: str | Iterable[str] | None = None,
        token_pattern: str = r"(?u)\b\w\w+\b",
        ngram_range: tuple[int, int] = (1, 1),
        max_df: float = 1.0,
        min_df: float = 1,
        max_features: int | None = None,
        vocabulary: Mapping | Iterable | None = None,
        binary: bool = False,
        dtype: Any = np.float64,
        norm: str | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
    ):
        super().__init__(
            input=input,
            encoding=encoding,
            decode_error=decode_error,
            strip_accents=strip_accents,
            lowercase=lowercase,
            preprocessor=preprocessor,
            tokenizer=tokenizer,
            stop_words=stop_words,
            token_pattern=token_pattern,
            ngram_range=ngram_range,
            analyzer=analyzer,
            max_df=max_df,
            min_df=min_df,
            max_features=max_features,
            vocabulary=vocabulary,
            binary=binary,
            dtype=dtype,
        )
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf

    def fit_transform(self, raw_documents: Any, y: Any = None) -> Any:
        """Learn the vocabulary and the weights, and apply them in the same pass.

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
        check_norm(self.norm)
        vocabulary, rows = self._fit_counts(raw_documents)
        rows = self._finished(rows)
        idf = None
        if self.use_idf:
            in_documents = np.bincount(rows.indices, minlength=len(vocabulary))
            idf = inverse_document_frequency(in_documents, len(rows.indptr) - 1, self.smooth_idf, rows.data.dtype)
        self._learn(vocabulary)
        self.idf_ = idf
        return self._weighted(rows)

    def transform(self, raw_documents: Any) -> Any:
        """Weight the counts of the known terms.

        Parameters
        ----------
        raw_documents : iterable or path-like
            As in `fit`.

        Returns
        -------
        CSR matrix (n_documents, n_terms)
        """
        check_is_fitted(self, "idf_")
        return self._weighted(self._finished(self._counts(raw_documents, self.vocabulary_)))

    def _weighted(self, rows):
        data = weighted(rows, self.idf_ if self.use_idf else None, self.sublinear_tf, self.norm)
        return Rows(data, rows.indices, rows.indptr).to_csr(len(self.vocabulary_))

    def _finished(self, rows):
        dtype = np.dtype(self.dtype)
        if dtype.kind != "f":
            warnings.warn(f"dtype should be a float, got {dtype}: float64 is used", UserWarning, stacklevel=3)
            dtype = np.dtype(np.float64)
        return rows._replace(data=np.ones(len(rows.data), dtype) if self.binary else rows.data.astype(dtype))
