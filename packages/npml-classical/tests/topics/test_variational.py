"""Variational EM: the bound, alpha at its optimum, and batches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import gammaln, psi

from npml_classical import LatentDirichletAllocation
from npml_classical.topics.variational import fit_dirichlet


def counts(seed=0, n=60, V=20):
    return np.random.default_rng(seed).poisson(0.7, size=(n, V)) * 1.0


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 5), st.integers(0, 99), st.booleans())
def test_bound_never_falls(K, seed, fixed):
    prior = 0.5 if fixed else None
    model = LatentDirichletAllocation(K, max_iter=12, tol=0.0, doc_topic_prior=prior, random_state=seed)
    bounds = np.array(model.fit(counts(seed, n=30)).bounds_)
    assert (np.diff(bounds) > -1e-6 * np.abs(bounds[1:])).all()  # documents are settled to 1e-5


@pytest.mark.parametrize("seed", range(4))
def test_alpha_is_at_the_optimum(seed):
    rng = np.random.default_rng(seed)
    gamma = rng.gamma(2.0, 3.0, size=(50, 4)) + 0.1
    target = (psi(gamma) - psi(gamma.sum(axis=1, keepdims=True))).sum(axis=0)

    def loss(log_alpha):
        alpha = np.exp(log_alpha)
        return -(50 * (gammaln(alpha.sum()) - gammaln(alpha).sum()) + (alpha - 1) @ target)

    expected = np.exp(minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-6}).x)
    for start in (np.full(4, 0.25), np.full(4, 1e-3), np.full(4, 50.0)):
        alpha = fit_dirichlet(gamma, start)
        np.testing.assert_allclose(alpha, expected, rtol=1e-5)
        np.testing.assert_allclose(50 * (psi(alpha.sum()) - psi(alpha)) + target, 0.0, atol=1e-6)


def test_given_prior_stays_and_free_one_moves():
    fixed = LatentDirichletAllocation(2, doc_topic_prior=[0.3, 0.6], random_state=0).fit(counts())
    np.testing.assert_array_equal(fixed.doc_topic_prior_, [0.3, 0.6])
    free = LatentDirichletAllocation(2, random_state=0).fit(counts())
    assert not np.allclose(free.doc_topic_prior_, 0.5)
    assert (free.doc_topic_prior_ > 0).all()


def test_one_topic_is_the_smoothed_frequencies():
    X = counts()
    model = LatentDirichletAllocation(1, topic_word_prior=0.5, random_state=0).fit(X)
    smoothed = X.sum(axis=0) + 0.5
    np.testing.assert_allclose(model.components_[0], smoothed / smoothed.sum(), rtol=1e-10)


def test_fractions_are_weights():
    X = counts()
    model = LatentDirichletAllocation(2, random_state=0).fit(X / 3)
    assert np.isfinite(model.perplexity(X / 3))


def test_batches_find_the_topics():
    rng = np.random.default_rng(0)
    beta = np.kron(np.eye(2), np.ones(5)) / 5
    X = np.array([rng.multinomial(30, beta[k]) for k in rng.integers(0, 2, 200)])
    model = LatentDirichletAllocation(2, random_state=0)
    for _ in range(3):
        for start in range(0, 200, 20):
            model.partial_fit(X[start : start + 20], total_samples=200)
    order = [int((beta @ row).argmax()) for row in model.components_]
    assert sorted(order) == [0, 1]
    np.testing.assert_allclose(model.components_, beta[order], atol=0.05)
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(np.ones((2, 3)))


def test_first_batch_is_one_step():
    X = counts()
    step = LatentDirichletAllocation(3, doc_topic_prior=0.4, random_state=1)
    step.partial_fit(X, total_samples=len(X))
    whole = LatentDirichletAllocation(3, doc_topic_prior=0.4, random_state=1, max_iter=1).fit(X)
    np.testing.assert_allclose(step.components_, whole.components_, rtol=1e-12)


def test_bad_options_are_named():
    with pytest.raises(ValueError, match="max_iter"):
        LatentDirichletAllocation(max_iter=0).fit(counts())


@pytest.mark.parametrize(
    ("name", "value"), [("tol", -1.0), ("tol", np.nan), ("learning_offset", -1.0), ("learning_decay", "fast")]
)
def test_bad_numbers_are_named(name, value):
    for use in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=name):
            getattr(LatentDirichletAllocation(2, **{name: value}), use)(counts())


def test_bad_total_is_named():
    with pytest.raises(ValueError, match="total_samples"):
        LatentDirichletAllocation(2).partial_fit(counts(), total_samples=0)


def test_a_batch_after_fit_moves_the_topics_by_its_share():
    X = counts(n=200)
    model = LatentDirichletAllocation(3, topic_word_prior=1e-3, random_state=0).fit(X)
    before = model.components_
    model.partial_fit(X[:5], total_samples=1e6)
    rate = 10.0**-0.7
    assert 0 < np.abs(model.components_ - before).sum(axis=1).max() < 2.5 * rate  # not the batch's topics alone
