"""Term frequency times inverse document frequency.

Notation: counts tf(d, t) of n documents, df(t) how many of them have term t.

    idf(t) = ln(n / df(t)) + 1           or, smoothed, ln((1 + n) / (1 + df(t))) + 1
    x(d, t) = tf(d, t) idf(t)            sublinear: (1 + ln tf(d, t)) idf(t)
    x(d) / ||x(d)||                      the Euclidean norm (l2) or the sum of magnitudes (l1)

A smoothed idf counts one more document that holds every term, so that nothing is divided by zero; without it a term
that no document has weighs infinity.

References
----------
Manning, Raghavan & Schuetze (2008), "Introduction to information retrieval", sections 6.2 and 6.4.
"""

from typing import Any

import numpy as np

from npml_core import BaseEstimator, TransformerMixin, check_array

from .counting import Rows

__all__ = ["TfidfTransformer", "check_norm", "inverse_document_frequency", "weighted"]


class TfidfTransformer(BaseEstimator):
    """A matrix of counts, weighted.

    Parameters
    ----------
    norm : {"l2", "l1"} or None, default="l2"
        What has unit length in every row.
    use_idf : bool, default=True
        Whether to weight by inverse document frequency.
    smooth_idf : bool, default=True
        Whether to count one more document that holds every term.
    sublinear_tf : bool, default=False
        Whether a count tf becomes 1 + ln tf.

    Attributes
    ----------
    idf_ : ndarray (n_terms,)
        Weights of the terms; None without `use_idf`.

    Examples
    --------
    >>> from npml_preproc import TfidfTransformer
    >>> TfidfTransformer(norm=None).fit_transform([[1, 2], [0, 1]]).toarray().round(3)
    array([[1.405, 2.   ],
           [0.   , 1.   ]])
    """

    _kind = "transformer"
    _tags = {"sparse": True}

    def __init__(
        self, *, norm: str | None = "l2", use_idf: bool = True, smooth_idf: bool = True, sublinear_tf: bool = False
    ):
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf

    def fit(self, X: Any, y: Any = None) -> "TfidfTransformer":
        """Learn the weights.

        Parameters
        ----------
        X : array-like or sparse (n_documents, n_terms)
            Counts.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self
        """
        check_norm(self.norm)
        data = check_array(X, accept_sparse=True)
        idf = None
        if self.use_idf:
            columns = data.indices[data.data != 0] if hasattr(data, "indices") else np.nonzero(data)[1]
            in_documents = np.bincount(columns, minlength=data.shape[1])
            idf = inverse_document_frequency(in_documents, data.shape[0], self.smooth_idf, data.dtype)
        self._record_features(X)
        self.idf_ = idf
        return self

    def transform(self, X: Any) -> Any:
        """Weight the counts.

        Parameters
        ----------
        X : array-like or sparse (n_documents, n_terms)
            Counts; not written to.

        Returns
        -------
        CSR matrix (n_documents, n_terms)
        """
        from scipy import sparse

        matrix = sparse.csr_matrix(self._check_input(X, accept_sparse=True), copy=True)
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        if self.sublinear_tf and len(matrix.data) and matrix.data.min() < 0:
            raise ValueError(f"X must hold counts where sublinear_tf, got {matrix.data.min()}")
        rows = Rows(matrix.data, matrix.indices, matrix.indptr)
        return Rows(weighted(rows, self.idf_, self.sublinear_tf, self.norm), *rows[1:]).to_csr(matrix.shape[1])

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn the weights of these counts, and apply them.

        Parameters
        ----------
        X : array-like or sparse (n_documents, n_terms)
            Counts.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        CSR matrix (n_documents, n_terms)
        """
        return self.fit(X).transform(X)

    # not a TransformerMixin: its output is sparse, so `set_output` has nothing to offer
    get_feature_names_out = TransformerMixin.get_feature_names_out
    _input_names = TransformerMixin._input_names


def check_norm(norm: str | None) -> None:
    """Raise unless `norm` is one of those known here."""
    if norm not in ("l1", "l2", None):
        raise ValueError(f"norm must be 'l1', 'l2' or None, got {norm!r}")


def inverse_document_frequency(in_documents: np.ndarray, n: int, smooth: bool, dtype: Any) -> np.ndarray:
    """idf of terms that occur in so many of the `n` documents."""
    with np.errstate(divide="ignore"):
        return (np.log((n + smooth) / (in_documents + float(smooth))) + 1.0).astype(dtype)


def weighted(rows: Rows, idf: np.ndarray | None, sublinear: bool, norm: str | None) -> np.ndarray:
    """The entries of `rows`, weighted and scaled."""
    data = rows.data
    if sublinear:
        data = np.log(data) + 1
    if idf is not None:
        data = data * idf.astype(data.dtype, copy=False).take(rows.indices)
    return data if norm is None else data / np.repeat(_norms(data, rows.indptr, norm), np.diff(rows.indptr))


def _norms(data, indptr, norm):
    """Norms of the rows, 1 for a row of zeros; the largest entry is taken out first, so that no square overflows."""
    norms = np.ones(len(indptr) - 1, data.dtype)
    filled = np.flatnonzero(np.diff(indptr))
    if not len(filled):
        return norms
    magnitudes, starts = np.abs(data), indptr[filled]
    largest = np.maximum.reduceat(magnitudes, starts)
    largest[largest == 0] = 1
    magnitudes /= np.repeat(largest, np.diff(indptr)[filled])
    if norm == "l1":
        norms[filled] = largest * np.add.reduceat(magnitudes, starts)
    else:
        norms[filled] = largest * np.sqrt(np.add.reduceat(magnitudes * magnitudes, starts))
    return norms
