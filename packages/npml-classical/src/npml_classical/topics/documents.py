"""The E-step of latent Dirichlet allocation: what each document says about its topics.

Notation: document with word counts n_v, topics beta (K, V), Dirichlet prior alpha (K,) of its topic shares theta.

    q(theta) = Dirichlet(gamma),  q(z_v = k) = phi_vk
    phi_vk  ~ beta_kv exp(psi(gamma_k))                                                  Blei et al. (2003), eq. 6
    gamma_k = alpha_k + sum_v n_v phi_vk                                                 eq. 7

    bound = sum_v n_v log sum_k beta_kv exp(E log theta_k)  +  log Gamma(sum alpha) - sum log Gamma(alpha_k)
            + sum_k (alpha_k - gamma_k) E log theta_k - log Gamma(sum gamma) + sum log Gamma(gamma_k)      eq. 15
    with E log theta_k = psi(gamma_k) - psi(sum gamma)

Documents are sorted by their number of different words and padded into blocks (documents, words, topics), so that an
iteration is two batched products; a document whose gamma has settled leaves the block. phi never depends on psi(sum
gamma), which cancels.

References
----------
Blei, Ng & Jordan (2003), "Latent Dirichlet allocation", JMLR 3, 993-1022.
"""

import numpy as np

from .special import digamma, log_gamma

BLOCK_SIZE = 60_000  # numbers in a block of documents, words and topics
FLOOR = 1e-100


class Corpus:
    """Word counts (n_documents, V) by document."""

    def __init__(self, counts):
        if hasattr(counts, "tocsr"):
            counts = counts.tocsr()
            counts.sum_duplicates()
            rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
            words, values = counts.indices.astype(np.int64), counts.data
            used = values > 0
            rows, words, values = rows[used], words[used], values[used]
        else:
            rows, words = np.nonzero(counts)
            values = counts[rows, words]
        self.shape = counts.shape
        self.rows, self.words, self.values = rows, words, values.astype(np.float64)
        sizes = np.bincount(rows, minlength=self.shape[0])
        self.begin, self.sizes = np.cumsum(sizes) - sizes, sizes
        self.n_words = float(self.values.sum())

    def blocks(self, K):
        """Yield (documents, places, inside): places of their entries, padded, and which are their own."""
        order = np.argsort(self.sizes, kind="stable")
        order = order[self.sizes[order] > 0]
        start = 0
        while start < len(order):
            # sizes ascend: the block ends before its longest document makes it too large
            stop = start + 1
            while stop < len(order) and self.sizes[order[stop]] * (stop + 1 - start) * K <= BLOCK_SIZE:
                stop += 1
            documents = order[start:stop]
            width = self.sizes[documents[-1]]
            place = self.begin[documents, None] + np.arange(width)
            inside = np.arange(width) < self.sizes[documents, None]
            yield documents, np.where(inside, place, 0), inside
            start = stop


def infer(corpus, beta, alpha, max_iter, tol):
    """Gamma of every document.

    Parameters
    ----------
    corpus : Corpus
        Documents.
    beta : ndarray (K, V)
        Topics.
    alpha : ndarray (K,)
        Prior.
    max_iter : int
        Iterations a document at most.
    tol : float
        A document has settled when gamma changes by less than this on average.

    Returns
    -------
    gamma : ndarray (n_documents, K)
        alpha itself for an empty document.
    weights : ndarray (n_documents, K)
        exp(psi(gamma)), up to a factor for each document.
    shares : ndarray (n_entries,)
        n_v / sum_k beta_kv weights_k for each entry of the corpus, so that n_v phi_vk = beta_kv weights_k shares_v.
    """
    gamma = np.tile(alpha, (corpus.shape[0], 1))
    shares = np.empty(len(corpus.values))
    by_word = np.ascontiguousarray(np.maximum(beta, FLOOR).T)
    for documents, places, inside in corpus.blocks(len(beta)):
        counts = np.where(inside, corpus.values[places], 0.0)
        topics = by_word[corpus.words[places]]
        gamma[documents] = _infer_block(topics, counts, alpha, max_iter, tol)
        weights = _exp_digamma(gamma[documents])
        shares[places[inside]] = (counts / np.matmul(topics, weights[:, :, None])[:, :, 0])[inside]
    return gamma, _exp_digamma(gamma), shares


def statistics(corpus, beta, weights, shares):
    """sum over documents of n_v phi_vk (K, V), as one sparse product."""
    from scipy import sparse

    matrix = sparse.csr_array((shares, (corpus.rows, corpus.words)), shape=corpus.shape)
    return np.maximum(beta, FLOOR) * (matrix.T @ weights).T


def bound(corpus, beta, alpha, gamma):
    """The variational lower bound of log p(words) of every document (n_documents,)."""
    log_theta = digamma(gamma) - digamma(gamma.sum(axis=1, keepdims=True))
    prior = log_gamma(alpha.sum()) - log_gamma(alpha).sum()
    result = prior + ((alpha - gamma) * log_theta).sum(axis=1)
    result += log_gamma(gamma).sum(axis=1) - log_gamma(gamma.sum(axis=1))
    theta = np.exp(log_theta)
    by_word = np.maximum(beta, FLOOR).T
    likelihood = np.empty(len(corpus.rows))
    for start in range(0, len(likelihood), 1 << 15):
        part = slice(start, start + (1 << 15))
        likelihood[part] = np.einsum("ek,ek->e", by_word[corpus.words[part]], theta[corpus.rows[part]])
    return result + np.bincount(corpus.rows, weights=corpus.values * np.log(likelihood), minlength=corpus.shape[0])


def _infer_block(beta, counts, alpha, max_iter, tol):
    """Gamma (B, K) of padded documents; beta is (B, W, K)."""
    gamma = alpha + counts.sum(axis=1, keepdims=True) / len(alpha)
    active = np.arange(len(counts))
    b, n, g = beta, counts, gamma
    for _ in range(max_iter):
        weight = _exp_digamma(g)
        share = n / np.matmul(b, weight[:, :, None])[:, :, 0]
        new = alpha + weight * np.matmul(share[:, None, :], b)[:, 0]
        settled = np.abs(new - g).mean(axis=1) < tol
        gamma[active] = g = new
        if settled.all():
            break
        if settled.mean() > 0.2:  # worth a copy
            left = ~settled
            active, b, n, g = active[left], b[left], n[left], g[left]
    return gamma


def _exp_digamma(gamma):
    """exp(psi(gamma)), scaled so that the largest of a row is 1: the scale cancels."""
    log_weight = digamma(gamma)
    return np.maximum(np.exp(log_weight - log_weight.max(axis=1, keepdims=True)), FLOOR)
