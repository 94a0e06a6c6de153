"""The E-step and the bound against a loop over documents and words."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import gammaln, psi

from npml_classical.topics.documents import Corpus, bound, infer, statistics


def corpus_of(seed=0, n=30, V=12):
    rng = np.random.default_rng(seed)
    X = rng.poisson(0.8, size=(n, V)) * rng.integers(1, 4, size=(n, V))
    X[3] = 0
    return X.astype(float)


def naive(x, beta, alpha, n_iter=400):
    """phi and gamma of one document by the two updates of the paper."""
    gamma = alpha + x.sum() / len(alpha)
    for _ in range(n_iter):
        phi = beta * np.exp(psi(gamma) - psi(gamma.sum()))[:, None]
        phi = phi / phi.sum(axis=0)
        gamma = alpha + phi @ x
    return gamma, phi


def naive_bound(x, beta, alpha, gamma, phi):
    """Equation 15, term by term."""
    log_theta = psi(gamma) - psi(gamma.sum())
    value = gammaln(alpha.sum()) - gammaln(alpha).sum() + (alpha - 1) @ log_theta
    value += (x * (phi * (log_theta[:, None] + np.log(beta) - np.log(phi))).sum(axis=0)).sum()
    return value - gammaln(gamma.sum()) + gammaln(gamma).sum() - (gamma - 1) @ log_theta


@pytest.mark.parametrize("K", [1, 4])
def test_equals_the_loop_over_documents(K):
    rng = np.random.default_rng(1)
    X = corpus_of()
    beta, alpha = rng.dirichlet(np.ones(12), size=K), rng.uniform(0.2, 1.5, K)
    corpus = Corpus(X)
    gamma, weights, shares = infer(corpus, beta, alpha, 400, 0.0)
    expected = [naive(x, beta, alpha) for x in X]
    np.testing.assert_allclose(gamma, [g for g, _ in expected], rtol=1e-8)
    counts = sum(phi * x for (_, phi), x in zip(expected, X))
    np.testing.assert_allclose(statistics(corpus, beta, weights, shares), counts, rtol=1e-8, atol=1e-9)
    values = [naive_bound(x, beta, alpha, *e) for x, e in zip(X, expected)]
    np.testing.assert_allclose(bound(corpus, beta, alpha, gamma), values, rtol=1e-8, atol=1e-9)


def test_empty_document_has_the_prior_and_a_bound_of_zero():
    alpha, beta = np.array([0.3, 0.7]), np.full((2, 12), 1 / 12)
    corpus = Corpus(corpus_of())
    gamma, _, _ = infer(corpus, beta, alpha, 100, 1e-8)
    np.testing.assert_array_equal(gamma[3], alpha)
    assert bound(corpus, beta, alpha, gamma)[3] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
def test_sparse_is_dense(form):
    X = corpus_of()
    dense, other = Corpus(X), Corpus(form(X))
    for name in ("rows", "words", "values", "sizes", "begin"):
        np.testing.assert_array_equal(getattr(dense, name), getattr(other, name))


def test_blocks_hold_every_document_once():
    X = (np.random.default_rng(0).random((300, 400)) < np.linspace(0, 1, 300)[:, None]).astype(float)
    corpus, seen = Corpus(X), []
    for documents, places, inside in corpus.blocks(50):
        seen += documents.tolist()
        for d, where, own in zip(documents, places, inside):
            np.testing.assert_array_equal(corpus.words[where[own]], np.flatnonzero(X[d]))
    assert sorted(seen) == np.flatnonzero(X.any(axis=1)).tolist()


def test_topics_without_a_word_and_tiny_priors_stay_finite():
    corpus = Corpus(np.array([[1e6, 0.0, 1.0], [0.0, 2.0, 0.0]]))
    beta, alpha = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.array([1e-8, 1e-8])
    gamma, weights, shares = infer(corpus, beta, alpha, 200, 1e-6)
    for values in (gamma, weights, shares, bound(corpus, beta, alpha, gamma)):
        assert np.isfinite(values).all()
