"""WGANGP on digits, Word2Vec on the Lee corpus beside gensim."""

import re

import numpy as np
import pytest
from sklearn.datasets import load_digits

from npml_nn import WGANGP, Word2Vec


@pytest.fixture(scope="module")
def lee():
    from gensim.test.utils import datapath

    with open(datapath("lee_background.cor"), encoding="utf-8") as lines:
        return [re.findall(r"[a-z]+", line.lower()) for line in lines]


FAMILIES = [
    "monday tuesday wednesday thursday friday saturday sunday",
    "two three four five six seven eight",
    "israeli palestinian gaza hamas arafat sharon",
    "afghanistan taliban kandahar kabul laden qaeda",
    "cricket test waugh wicket wickets innings",
]


def within_families(similarity, vocabulary):
    """The share of pairs of one family among all pairs of two families that are less similar: an AUC, 0.5 by chance."""
    words = [(word, i) for i, family in enumerate(FAMILIES) for word in family.split() if word in vocabulary]
    pairs = [(a, b) for i, a in enumerate(words) for b in words[:i]]
    same = np.array([similarity(a, b) for (a, i), (b, j) in pairs if i == j])
    other = np.array([similarity(a, b) for (a, i), (b, j) in pairs if i != j])
    return (same[:, None] > other).mean()


@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_families_of_words_on_lee_are_as_near_as_gensims(architecture, lee):
    from gensim.models import Word2Vec as Peer

    ours = Word2Vec(architecture, dim=30, epochs=4, random_state=0).fit(lee)
    unit = dict(zip(ours.vocabulary, ours.vectors / np.linalg.norm(ours.vectors, axis=1, keepdims=True)))
    peer = Peer(lee, vector_size=30, sg=architecture == "skipgram", epochs=4, workers=1, seed=0).wv
    assert set(ours.vocabulary) == set(peer.key_to_index)
    found = within_families(lambda a, b: unit[a] @ unit[b], ours)
    assert found > 0.8
    assert found > within_families(peer.similarity, peer) - 0.02


@pytest.mark.long
def test_draws_digits():
    """Samples have the mean, the spread and about as near neighbours among the digits as new digits have."""
    X = load_digits().data / 16
    train, new = X[:1500], X[1500:]
    model = WGANGP(64, n_latent=16, n_hidden=128, n_critic=3, lr=1e-3, epochs=67, batch_size=64, random_state=0)
    sample = model.fit(train).sample(len(new))
    nearest = [np.sqrt(((rows[:, None] - train) ** 2).sum(axis=2).min(axis=1)).mean() for rows in (sample, new)]
    assert nearest[0] < 1.5 * nearest[1]
    assert np.abs(sample.mean(axis=0) - train.mean(axis=0)).max() < 0.15
    assert 0.7 < sample.std(axis=0).sum() / train.std(axis=0).sum() < 1.3
