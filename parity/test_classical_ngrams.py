"""n-gram models against nltk.lm, where both define the same thing."""

import numpy as np
import pytest
from nltk.lm import MLE, KneserNeyInterpolated, Laplace, Lidstone
from nltk.lm.preprocessing import padded_everygram_pipeline

from npml_classical import AdditiveNGram, KneserNeyNGram, MLENGram

CORPUS = [s.split() for s in ("a b a c", "a b", "c a b d", "b a c a a b", "b b d", "d c b a", "e a b c d e")]


def text(n=120, seed=0):
    """Sentences over 30 words with frequencies like those of a language."""
    rng = np.random.default_rng(seed)
    return [[f"w{min(k, 30)}" for k in rng.zipf(1.4, rng.integers(1, 12))] for _ in range(n)]


def fit_nltk(model, order, sentences):
    grams, _ = padded_everygram_pipeline(order, sentences)
    if order == 1:  # nltk pads nothing then, but the end is predicted all the same
        grams = [[(w,) for w in [*s, "</s>"]] for s in sentences]
    # the padding symbol is never predicted and so no word of the vocabulary
    model.fit(grams, [*{w for s in sentences for w in s}, "</s>"])
    return model


def contexts(order, sentences):
    for sentence in sentences:
        padded = ["<s>"] * (order - 1) + sentence
        yield from (padded[i - order + 1 : i] for i in range(order - 1, len(padded)))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_maximum_likelihood(order):
    # nltk counts </s> order - 1 times, and <s> as a word of the shorter contexts: compare where neither matters
    mine, theirs = MLENGram(order=order).fit(CORPUS), fit_nltk(MLE(order), order, CORPUS)
    for context in contexts(order, CORPUS):
        for word in "abcde" if order > 1 else ():
            assert np.exp(mine.log_prob(word, context)) == pytest.approx(theirs.score(word, context), rel=1e-12)
    if order == 1:
        for word in mine.vocabulary_:
            assert np.exp(mine.log_prob(word, [])) == pytest.approx(theirs.score(word), rel=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("sentences", [CORPUS, text()], ids=["small", "larger"])
def test_additive(order, sentences):
    for alpha, peer in ((1.0, Laplace(order)), (0.3, Lidstone(0.3, order))):
        mine, theirs = AdditiveNGram(order=order, alpha=alpha).fit(sentences), fit_nltk(peer, order, sentences)
        assert len(theirs.vocab) == len(mine.vocabulary_)
        words = mine.vocabulary_[::3]
        for context in list(contexts(order, sentences))[::7]:
            for word in words:
                assert np.exp(mine.log_prob(word, context)) == pytest.approx(theirs.score(word, context), rel=1e-12)


@pytest.mark.parametrize("discount", [0.1, 0.75])
def test_kneser_ney_above_the_unigrams(discount):
    """nltk's recursion with ours below it: in a bigram model the two differ by the unigram level alone."""
    mine = KneserNeyNGram(order=2, discount=discount).fit(CORPUS)
    theirs = fit_nltk(KneserNeyInterpolated(2, discount=discount), 2, CORPUS)
    for context in contexts(2, CORPUS):
        counts = theirs.counts[theirs.vocab.lookup(context)]
        share = discount * len(counts) / counts.N()
        for word in "abcde":
            below = np.exp(mine.log_prob(word, [])) - theirs.score(word)
            expected = theirs.score(word, context) + share * below
            assert np.exp(mine.log_prob(word, context)) == pytest.approx(expected, rel=1e-10)


def test_perplexity_of_a_larger_text():
    sentences = text()
    mine, theirs = AdditiveNGram(order=2, alpha=0.1).fit(sentences), fit_nltk(Lidstone(0.1, 2), 2, sentences)
    test = text(40, seed=1)
    grams = [gram for s in test for gram in zip(["<s>", *s], [*s, "</s>"])]
    assert mine.perplexity(test) == pytest.approx(theirs.perplexity(grams), rel=1e-10)
    # nltk counts in bits
    assert mine.cross_entropy(test) == pytest.approx(theirs.entropy(grams) * np.log(2), rel=1e-10)
