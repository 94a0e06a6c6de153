"""The Gibbs sampler: its joint probability by hand, its state, and whole numbers."""

import numpy as np
import pytest
from scipy.special import gammaln

from npml_classical import GibbsLDA
from npml_classical.topics.documents import Corpus
from npml_classical.topics.gibbs import _Sampler

X = np.array([[3, 0, 1, 0], [0, 2, 0, 0], [0, 0, 0, 0], [1, 1, 4, 0]])


def test_counts_stay_those_of_the_corpus():
    sampler = _Sampler(Corpus(X * 1.0), np.array([0.5, 0.2]), np.full(4, 0.1), np.random.default_rng(0))
    for _ in range(5):
        sampler.sweep()
        np.testing.assert_array_equal(sampler.doc_topic.sum(axis=1), X.sum(axis=1))
        np.testing.assert_array_equal(sampler.topic_word.sum(axis=0), X.sum(axis=0))
        np.testing.assert_array_equal(sampler.topic_word.sum(axis=1), sampler.doc_topic.sum(axis=0))


def test_joint_is_the_product_of_dirichlet_multinomials():
    alpha, eta = np.array([0.5, 0.2]), np.array([0.1, 0.4, 0.2, 0.3])
    sampler = _Sampler(Corpus(X * 1.0), alpha, eta, np.random.default_rng(1))
    expected = 0.0
    for counts, prior in ((sampler.doc_topic, alpha), (sampler.topic_word, eta)):
        for row in counts:
            expected += gammaln(prior.sum()) - gammaln(prior.sum() + row.sum())
            expected += sum(gammaln(n + p) - gammaln(p) for n, p in zip(row, prior))
    assert sampler.log_joint() == pytest.approx(expected, rel=1e-12)


def test_chain_visits_states_as_often_as_they_are_likely():
    """Two words in one document, two topics: the four assignments can be counted."""
    alpha, eta = np.array([0.7, 0.4]), np.array([0.5, 0.8])
    sampler = _Sampler(Corpus(np.array([[1.0, 1.0]])), alpha, eta, np.random.default_rng(0))
    visits, joints = {}, {}
    for _ in range(3000):
        sampler.sweep()
        state = tuple(sampler.topic_word.ravel().astype(int))
        visits[state] = visits.get(state, 0) + 1
        joints[state] = np.exp(sampler.log_joint())
    assert len(visits) == 4
    total = sum(joints.values())
    for state, n in visits.items():
        assert n / 3000 == pytest.approx(joints[state] / total, abs=0.05)


def test_states_that_are_looked_at():
    model = GibbsLDA(2, n_iter=20, burn_in=8, thin=3, random_state=0).fit(X)
    assert len(model.log_joints_) == 4  # sweeps 8, 11, 14, 17
    assert model.n_iter_ == 20


def test_components_are_smoothed_counts():
    model = GibbsLDA(1, topic_word_prior=[0.5, 1.0, 2.0, 3.0], n_iter=3, burn_in=0, random_state=0).fit(X)
    smoothed = X.sum(axis=0) + np.array([0.5, 1.0, 2.0, 3.0])
    np.testing.assert_allclose(model.components_[0], smoothed / smoothed.sum(), rtol=1e-12)


def test_fractions_are_an_error():
    with pytest.raises(ValueError, match="whole numbers"):
        GibbsLDA(2).fit(X + 0.5)


@pytest.mark.parametrize(
    ("name", "value"), [("n_iter", 0), ("thin", 0), ("burn_in", 200), ("burn_in", -1), ("burn_in", 1.5)]
)
def test_bad_options_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        GibbsLDA(2, **{name: value}).fit(X)


def test_tiny_priors_stay_finite():
    model = GibbsLDA(3, doc_topic_prior=1e-4, topic_word_prior=1e-4, n_iter=20, burn_in=5, random_state=0).fit(X)
    assert np.isfinite(model.components_).all()
    assert np.isfinite(model.log_joints_).all()
