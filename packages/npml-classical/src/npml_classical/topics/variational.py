"""Latent Dirichlet allocation by variational EM.

Notation: n_documents documents over V words, K topics beta_k (distributions over words), topic shares theta_d of a
document.

    theta_d ~ Dirichlet(alpha);   for each word: z ~ theta_d, word ~ beta_z

    E-step   gamma_d, phi_d of every document (`documents`)                          Blei et al. (2003), eqs. 6 and 7
    M-step   beta_kv ~ sum_d n_dv phi_dvk + eta                                       eq. 9 (eta: section 5.4)
             alpha   by Newton's method in linear time                                appendix A.2

alpha has the gradient g_k = M (psi(sum alpha) - psi(alpha_k)) + sum_d E log theta_dk and a Hessian diag(h) + 1 z 1^T,
so that the Newton direction is (g_k - c) / h_k with one number c. eta is a pseudo-count for every word, which keeps
words that a topic has not seen possible; the quantity that never falls is the bound plus eta sum_kv log beta_kv.

`partial_fit` takes a weighted mean of the statistics of all batches so far, with weights (t0 + t)^-kappa (Hoffman et
al.).

Complexity: O(number of different (document, word) pairs x K) an iteration.

References
----------
Blei, Ng & Jordan (2003), "Latent Dirichlet allocation", JMLR 3, 993-1022.
Hoffman, Blei & Bach (2010), "Online learning for latent Dirichlet allocation", NIPS 23 (`partial_fit`).
"""

from numbers import Real

import numpy as np

from npml_core import check_random_state, progress

from .base import MAX_DOCUMENT_ITERATIONS, SETTLED, TopicModel
from .documents import bound, infer, statistics
from .special import digamma, trigamma

__all__ = ["LatentDirichletAllocation"]


class LatentDirichletAllocation(TopicModel):
    """Topics of a corpus, by variational EM.

    Parameters
    ----------
    n_components : int, default=10
        K.
    doc_topic_prior : float or array-like (K,), optional
        alpha; None: fitted, from 1 / K on.
    topic_word_prior : float, optional
        eta, the pseudo-count of a word in a topic; None: 1 / K.
    max_iter : int, default=50
        Iterations at most.
    tol : float, default=1e-4
        Stop when the bound gains less than this share of itself.
    learning_offset, learning_decay : float, default=10.0 and 0.7
        t0 and kappa of `partial_fit`.
    random_state : None, int, Generator or RandomState
        Draws the start.
    verbose : int, default=0
        From 1 on a progress bar.

    Attributes
    ----------
    components_ : ndarray (n_components, n_words)
        beta: each row sums to 1.
    doc_topic_prior_ : ndarray (n_components,)
        alpha.
    bounds_ : list of float
        The bound (with the term of eta) before each M-step.
    n_iter_ : int
        Iterations.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import LatentDirichletAllocation
    >>> X = np.array([[4, 3, 0, 0], [5, 2, 0, 0], [0, 0, 3, 4], [0, 0, 6, 1]])
    >>> shares = LatentDirichletAllocation(2, random_state=0).fit_transform(X)
    >>> topics = shares.argmax(axis=1)
    >>> bool(topics[0] == topics[1] != topics[2] == topics[3])
    True
    """

    def __init__(
        self,
        n_components=10,
        *,
        doc_topic_prior=None,
        topic_word_prior=None,
        max_iter=50,
        tol=1e-4,
        learning_offset=10.0,
        learning_decay=0.7,
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.doc_topic_prior = doc_topic_prior
        self.topic_word_prior = topic_word_prior
        self.max_iter = max_iter
        self.tol = tol
        self.learning_offset = learning_offset
        self.learning_decay = learning_decay
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y=None):
        """Find the topics.

        Parameters
        ----------
        X : array-like or sparse matrix (n_documents, n_words)
            Word counts (they may be fractions).
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self
        """
        self._check_options()
        corpus = self._read(X)
        alpha, eta = self._priors()
        beta = self._start(corpus.shape[1])
        bounds: list = []
        for _ in progress(range(self.max_iter), desc="LDA", verbose=self.verbose):
            gamma, weights, shares = infer(corpus, beta, alpha, MAX_DOCUMENT_ITERATIONS, SETTLED)
            bounds.append(float(bound(corpus, beta, alpha, gamma).sum() + _prior_term(beta, eta)))
            if len(bounds) > 1 and bounds[-1] - bounds[-2] < self.tol * abs(bounds[-2]):
                break
            counts = statistics(corpus, beta, weights, shares)
            beta = _normalise(counts + eta)
            if self.doc_topic_prior is None:
                alpha = fit_dirichlet(gamma, alpha)
        self._record_features(X)
        self.components_, self.doc_topic_prior_ = beta, alpha
        self.bounds_, self.n_iter_ = bounds, len(bounds)
        self._statistics, self._batches = counts, 0
        return self

    def partial_fit(self, X, y=None, total_samples=1e6):
        """Learn from one more batch of documents.

        Parameters
        ----------
        X : array-like or sparse matrix (n_documents, n_words)
            Word counts.
        y : ignored
            There so that pipelines can pass it.
        total_samples : float, default=1e6
            Number of documents there will be in all.

        Returns
        -------
        self
        """
        self._check_options()
        if isinstance(total_samples, bool) or not isinstance(total_samples, Real) or not 0 < total_samples < np.inf:
            raise ValueError(f"total_samples must be a positive number, got {total_samples!r}")
        if hasattr(self, "components_"):
            corpus = self._check_counts(X)
            beta, alpha, batches = self.components_, self.doc_topic_prior_, self._batches
            old = self._statistics
        else:
            corpus = self._read(X)
            beta, (alpha, _), batches, old = self._start(corpus.shape[1]), self._priors(), 0, None
        _, eta = self._priors()
        _, weights, shares = infer(corpus, beta, alpha, MAX_DOCUMENT_ITERATIONS, SETTLED)
        counts = statistics(corpus, beta, weights, shares) * (total_samples / corpus.shape[0])
        rate = 1.0 if old is None else (self.learning_offset + batches) ** -self.learning_decay
        # the old statistics in the units of the new ones: `fit` has counted its own corpus only
        mixed = counts if old is None else (1.0 - rate) * old * (counts.sum() / old.sum()) + rate * counts
        self._record_features(X)
        self.components_ = _normalise(mixed + eta)
        self.doc_topic_prior_ = alpha
        self.bounds_, self.n_iter_ = [], batches + 1
        self._statistics, self._batches = mixed, batches + 1
        return self

    def _priors(self):
        K = self.n_components
        eta = self._check_prior("topic_word_prior", 1, 1.0 / K)
        return self._check_prior("doc_topic_prior", K, 1.0 / K), float(eta[0])

    def _check_options(self):
        self._check_ints("n_components", "max_iter")
        for name in ("tol", "learning_offset", "learning_decay"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < np.inf:
                raise ValueError(f"{name} must be a finite number that is not negative, got {value!r}")

    def _start(self, V):
        rng = check_random_state(self.random_state)
        return _normalise(rng.gamma(100.0, 0.01, size=(self.n_components, V)))


def fit_dirichlet(gamma, alpha, max_iter=100):
    """alpha that maximises sum_d E log Dirichlet(theta_d; alpha), theta_d ~ Dirichlet(gamma_d)."""
    if len(alpha) == 1:  # a single share is always 1, whatever alpha
        return alpha
    M = len(gamma)
    target = (digamma(gamma) - digamma(gamma.sum(axis=1, keepdims=True))).sum(axis=0)
    for _ in range(max_iter):
        total = alpha.sum()
        gradient = M * (digamma(total) - digamma(alpha)) + target
        h, z = -M * trigamma(alpha), M * trigamma(total)
        c = (gradient / h).sum() / (1.0 / z + (1.0 / h).sum())
        step = (gradient - c) / h
        shrink = 1.0
        while (alpha - shrink * step <= 0).any():
            shrink *= 0.5
        alpha = alpha - shrink * step
        if np.abs(step).max() < 1e-9 * alpha.max():
            break
    return alpha


def _normalise(weights):
    return weights / weights.sum(axis=1, keepdims=True)


def _prior_term(beta, eta):
    return eta * np.log(np.maximum(beta, np.finfo(np.float64).tiny)).sum()
