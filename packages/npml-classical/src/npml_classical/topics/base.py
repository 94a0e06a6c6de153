"""What both topic models share: checks, inference for new documents, perplexity, top words."""

from numbers import Integral, Real

import numpy as np

from npml_core import BaseEstimator, TransformerMixin, check_array, check_is_fitted

from .documents import Corpus, bound, infer

SETTLED = 1e-5
MAX_DOCUMENT_ITERATIONS = 200


class TopicModel(TransformerMixin, BaseEstimator):
    """Learned are ``components_`` (K, V), rows that sum to 1, and ``doc_topic_prior_`` (K,)."""

    _tags = {"sparse": True, "positive_only": True, "preserves_dtype": ["float64"]}

    def transform(self, X):
        """Topic shares of documents: the mean of the variational posterior.

        Parameters
        ----------
        X : array-like or sparse matrix (n_documents, n_words)
            Word counts.

        Returns
        -------
        ndarray (n_documents, n_components)
            Rows sum to 1; an empty document has the shares of the prior.
        """
        gamma = self._infer(self._check_counts(X))
        return gamma / gamma.sum(axis=1, keepdims=True)

    def score(self, X, y=None):
        """Lower bound of the log-likelihood of all documents.

        Parameters
        ----------
        X : array-like or sparse matrix (n_documents, n_words)
            Word counts.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        float
        """
        corpus = self._check_counts(X)
        return float(bound(corpus, self.components_, self.doc_topic_prior_, self._infer(corpus)).sum())

    def perplexity(self, X):
        """exp of minus the bound a word: lower is better.

        Parameters
        ----------
        X : array-like or sparse matrix (n_documents, n_words)
            Word counts, at least one word.

        Returns
        -------
        float
        """
        corpus = self._check_counts(X)
        if not corpus.n_words:
            raise ValueError("X must hold at least one word")
        return float(np.exp(-self.score(X) / corpus.n_words))

    def top_words(self, n=10, vocabulary=None):
        """The most probable words of every topic.

        Parameters
        ----------
        n : int, default=10
            How many.
        vocabulary : sequence of str, optional
            Names of the words; None: their numbers.

        Returns
        -------
        list of lists
        """
        check_is_fitted(self)
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
            raise ValueError(f"n must be a positive int, got {n!r}")
        V = self.components_.shape[1]
        if vocabulary is not None and len(vocabulary) != V:
            raise ValueError(f"vocabulary must name {V} words, got {len(vocabulary)}")
        best = np.argsort(-self.components_, axis=1, kind="stable")[:, :n].tolist()
        return best if vocabulary is None else [[vocabulary[v] for v in row] for row in best]

    @property
    def _n_features_out(self):
        return len(self.components_)

    def _infer(self, corpus):
        return infer(corpus, self.components_, self.doc_topic_prior_, MAX_DOCUMENT_ITERATIONS, SETTLED)[0]

    def _check_counts(self, X):
        return _as_corpus(self._check_input(X, dtype=np.float64, accept_sparse=True))

    def _read(self, X):
        """The corpus to learn from."""
        corpus = _as_corpus(check_array(X, dtype=np.float64, accept_sparse=True))
        if not corpus.n_words:
            raise ValueError("X must hold at least one word")
        return corpus

    def _check_ints(self, *names):
        for name in names:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name} must be a positive int, got {value!r}")

    def _check_prior(self, name, size, default):
        """A Dirichlet parameter: a positive number or `size` of them; None is the default."""
        value = getattr(self, name)
        if value is None:
            return np.full(size, default)
        prior = np.asarray(value)
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not (is_number or prior.shape == (size,)) or not (np.isfinite(prior) & (prior > 0)).all():
            raise ValueError(f"{name} must be a positive number, {size} of them or None, got {value!r}")
        return np.broadcast_to(prior, size).astype(np.float64)


def _as_corpus(X):
    smallest = X.min() if X.shape[0] else 0.0
    if smallest < 0:
        raise ValueError(f"Negative values in data passed to a topic model: X holds {smallest}")
    return Corpus(X)
