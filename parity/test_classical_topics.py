"""Topic models against scikit-learn and gensim: perplexity of documents held out, on planted topics and real text."""

import os

import gensim
import numpy as np
import pytest
from gensim.corpora import Dictionary
from gensim.matutils import corpus2csc
from gensim.models import LdaModel
from gensim.utils import simple_preprocess
from sklearn.decomposition import LatentDirichletAllocation as Peer

from npml_classical import GibbsLDA, LatentDirichletAllocation
from npml_classical.topics.documents import Corpus, infer


def planted(n=200, V=100, K=5, seed=0):
    rng = np.random.default_rng(seed)
    beta = rng.dirichlet(np.full(V, 0.05), size=K)
    return np.array([rng.multinomial(60, rng.dirichlet(np.full(K, 0.2)) @ beta) for _ in range(n)])


def lee():
    """The Lee background corpus: 300 short news texts."""
    path = os.path.join(os.path.dirname(gensim.__file__), "test", "test_data", "lee_background.cor")
    with open(path, encoding="utf-8") as lines:
        texts = [simple_preprocess(line) for line in lines]
    words = Dictionary(texts)
    words.filter_extremes(no_below=3, no_above=0.3)
    return corpus2csc([words.doc2bow(t) for t in texts], num_terms=len(words)).T.toarray().astype(int)


def completion_perplexity(topics, alpha, X, seed=0):
    """Topic shares from one half of the words of each document, the probability of the other half: the same
    yardstick for every model."""
    seen = np.random.default_rng(seed).binomial(X, 0.5)
    rest = X - seen
    topics = topics / topics.sum(axis=1, keepdims=True)
    gamma, _, _ = infer(Corpus(seen * 1.0), topics, np.broadcast_to(alpha, len(topics)).astype(float), 200, 1e-5)
    p = (gamma / gamma.sum(axis=1, keepdims=True)) @ topics
    return np.exp(-(rest * np.log(p)).sum() / rest.sum())


@pytest.mark.parametrize(("corpus", "K"), [(planted, 5), (lee, 8)], ids=["planted", "Lee"])
def test_held_out_perplexity(corpus, K):
    X = corpus()
    train, test = X[::2], X[1::2]
    eta = 0.1
    mine = LatentDirichletAllocation(K, topic_word_prior=eta, max_iter=40, random_state=0).fit(train)
    gibbs = GibbsLDA(K, doc_topic_prior=0.2, topic_word_prior=eta, n_iter=80, burn_in=40, random_state=0).fit(train)
    theirs = Peer(K, topic_word_prior=eta, max_iter=12, random_state=0).fit(train)
    bags = [[(int(v), int(row[v])) for v in np.flatnonzero(row)] for row in train]
    names = {v: str(v) for v in range(X.shape[1])}
    other = LdaModel(bags, num_topics=K, id2word=names, eta=eta, passes=8, random_state=0)
    peers = [
        completion_perplexity(theirs.components_, 1 / K, test),
        completion_perplexity(other.get_topics().astype(float), other.alpha, test),
    ]
    for model in (mine, gibbs):
        assert completion_perplexity(model.components_, model.doc_topic_prior_, test) <= 1.05 * min(peers)


def test_inference_equals_sklearns():
    """With sklearn's topics and prior, the topic shares of documents are the same."""
    X = planted()
    theirs = Peer(4, doc_topic_prior=0.3, max_iter=10, max_doc_update_iter=2000, mean_change_tol=1e-10, random_state=0)
    shares = theirs.fit_transform(X)
    # sklearn's E-step uses exp(E log beta) where point estimates have beta itself
    topics = theirs.exp_dirichlet_component_
    gamma, _, _ = infer(Corpus(X * 1.0), topics, np.full(4, 0.3), 2000, 1e-12)
    np.testing.assert_allclose(gamma / gamma.sum(axis=1, keepdims=True), shares, atol=1e-5)
