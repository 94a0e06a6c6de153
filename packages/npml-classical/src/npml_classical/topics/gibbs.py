"""Latent Dirichlet allocation by Gibbs sampling.

Notation: documents d, words v, topics k; n_dk and n_kv count the words of a document and the occurrences of a word
that are assigned to a topic; alpha and eta are the Dirichlet priors of the topic shares theta_d and of the topics
beta_k.

    theta_d | z ~ Dirichlet(alpha + n_d.)
    beta_k  | z ~ Dirichlet(eta + n_k.)
    z       | theta, beta:   the n_dv occurrences of word v in document d are split by a multinomial with shares
                             proportional to theta_dk beta_kv

Given theta and beta all assignments are independent, so that a sweep is three vectorised draws: exact, and parallel
where the collapsed sampler (which integrates theta and beta out) has to go word by word. After `burn_in` sweeps every
`thin`-th state is looked at, and the one with the highest joint probability of words and assignments is kept:

    log p(w, z) = sum_d log DirMult(n_d; alpha) + sum_k log DirMult(n_k; eta)     Griffiths & Steyvers (2004), eqs. 2, 3

Complexity: O(number of different (document, word) pairs x K) a sweep.

References
----------
Griffiths & Steyvers (2004), "Finding scientific topics", PNAS 101 suppl. 1, 5228-5235.
Pritchard, Stephens & Donnelly (2000), "Inference of population structure using multilocus genotype data", Genetics 155.
"""

from numbers import Integral

import numpy as np

from npml_core import check_random_state, progress

from .base import TopicModel
from .special import log_gamma

__all__ = ["GibbsLDA"]


class GibbsLDA(TopicModel):
    """Topics of a corpus, by Markov chain Monte Carlo.

    Parameters
    ----------
    n_components : int, default=10
        K.
    doc_topic_prior : float or array-like (K,), optional
        alpha; None: 1 / K.
    topic_word_prior : float or array-like (n_words,), optional
        eta; None: 1 / K.
    n_iter : int, default=200
        Sweeps.
    burn_in : int, default=100
        Sweeps before states are looked at, fewer than `n_iter`.
    thin : int, default=5
        Every which state is looked at.
    random_state : None, int, Generator or RandomState
        Draws everything.
    verbose : int, default=0
        From 1 on a progress bar.

    Attributes
    ----------
    components_ : ndarray (n_components, n_words)
        Mean of beta given the best assignment: each row sums to 1.
    doc_topic_prior_ : ndarray (n_components,)
        alpha.
    log_joints_ : list of float
        log p(w, z) of the states that were looked at.
    n_iter_ : int
        Sweeps.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import GibbsLDA
    >>> X = np.array([[4, 3, 0, 0], [5, 2, 0, 0], [0, 0, 3, 4], [0, 0, 6, 1]])
    >>> shares = GibbsLDA(2, n_iter=60, burn_in=30, random_state=0).fit_transform(X)
    >>> topics = shares.argmax(axis=1)
    >>> bool(topics[0] == topics[1] != topics[2] == topics[3])
    True
    """

    _tags = {**TopicModel._tags, "two_d": False}  # not any array: whole numbers only

    def __init__(
        self,
        n_components=10,
        *,
        doc_topic_prior=None,
        topic_word_prior=None,
        n_iter=200,
        burn_in=100,
        thin=5,
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.doc_topic_prior = doc_topic_prior
        self.topic_word_prior = topic_word_prior
        self.n_iter = n_iter
        self.burn_in = burn_in
        self.thin = thin
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y=None):
        """Find the topics.

        Parameters
        ----------
        X : array-like or sparse matrix (n_documents, n_words)
            Word counts, whole numbers.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self
        """
        self._check_ints("n_components", "n_iter", "thin")
        burn_in = self.burn_in
        if isinstance(burn_in, bool) or not isinstance(burn_in, Integral) or not 0 <= burn_in < self.n_iter:
            raise ValueError(f"burn_in must be an int from 0 to n_iter - 1 = {self.n_iter - 1}, got {burn_in!r}")
        corpus = self._read(X)
        if (corpus.values != np.floor(corpus.values)).any():
            raise ValueError("X must hold whole numbers: a word occurs once, twice, ...")
        K, V = self.n_components, corpus.shape[1]
        alpha = self._check_prior("doc_topic_prior", K, 1.0 / K)
        eta = self._check_prior("topic_word_prior", V, 1.0 / K)
        rng = check_random_state(self.random_state)
        sampler = _Sampler(corpus, alpha, eta, rng)
        best, joints = None, []
        for sweep in progress(range(self.n_iter), desc="Gibbs", verbose=self.verbose):
            sampler.sweep()
            if sweep >= burn_in and (sweep - burn_in) % self.thin == 0:
                joints.append(sampler.log_joint())
                if best is None or joints[-1] > best[0]:
                    best = joints[-1], sampler.topic_word.copy()
        smoothed = best[1] + eta
        self._record_features(X)
        self.components_ = smoothed / smoothed.sum(axis=1, keepdims=True)
        self.doc_topic_prior_, self.log_joints_, self.n_iter_ = alpha, joints, self.n_iter
        return self


class _Sampler:
    """State of the chain: n_dk and n_kv."""

    def __init__(self, corpus, alpha, eta, rng):
        self.corpus, self.alpha, self.eta, self.rng = corpus, alpha, eta, rng
        self.counts = corpus.values.astype(np.int64)
        self.by_word = np.argsort(corpus.words, kind="stable")
        used = np.bincount(corpus.words, minlength=corpus.shape[1])
        self.word_starts, self.used_words = (np.cumsum(used) - used)[used > 0], np.flatnonzero(used)
        self.row_starts, self.used_rows = corpus.begin[corpus.sizes > 0], np.flatnonzero(corpus.sizes)
        K = len(alpha)
        self._count(rng.multinomial(self.counts, rng.dirichlet(np.ones(K), size=len(self.counts))))

    def sweep(self):
        """Draw theta and beta, then all assignments."""
        theta = _dirichlet_rows(self.doc_topic + self.alpha, self.rng)
        beta = _dirichlet_rows(self.topic_word + self.eta, self.rng)
        shares = theta[self.corpus.rows] * beta.T[self.corpus.words]
        total = shares.sum(axis=1, keepdims=True)
        shares /= np.where(total > 0, total, 1.0)
        shares[total[:, 0] == 0] = 1.0 / len(self.alpha)  # underflow: every topic is as unlikely
        self._count(self.rng.multinomial(self.counts, shares))

    def log_joint(self):
        """log p(w, z)."""
        return float(_log_evidence(self.doc_topic, self.alpha) + _log_evidence(self.topic_word, self.eta))

    def _count(self, assigned):
        n_documents, V = self.corpus.shape
        self.doc_topic = np.zeros((n_documents, len(self.alpha)))
        self.doc_topic[self.used_rows] = np.add.reduceat(assigned, self.row_starts, axis=0)
        topic_word = np.zeros((V, len(self.alpha)))
        topic_word[self.used_words] = np.add.reduceat(assigned[self.by_word], self.word_starts, axis=0)
        self.topic_word = topic_word.T


def _dirichlet_rows(parameters, rng):
    draws = rng.standard_gamma(parameters)
    total = draws.sum(axis=1, keepdims=True)
    return draws / np.where(total > 0, total, 1.0)


def _log_evidence(counts, prior):
    """Sum over rows of log of the Dirichlet-multinomial probability of the assignments."""
    rows = log_gamma(counts + prior).sum(axis=1) - log_gamma(counts.sum(axis=1) + prior.sum())
    return rows.sum() + len(counts) * (log_gamma(prior.sum()) - log_gamma(prior).sum())
