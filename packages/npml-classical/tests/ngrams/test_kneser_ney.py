"""The formula counted with dictionaries."""

import numpy as np
import pytest

from npml_classical import KneserNeyNGram

CORPUS = [s.split() for s in ("a b a c", "a b", "c a b d", "b a c a a b", "b b d")]


def by_hand(order, d, corpus, word, context):
    padded = [["<s>"] * (order - 1) + s + ["</s>"] for s in corpus]
    grams = [tuple(s[i - k : i + 1]) for s in padded for i in range(order - 1, len(s)) for k in range(order)]
    counts = {g: grams.count(g) for g in grams}
    vocabulary = {w for s in corpus for w in s} | {"<UNK>", "</s>"}

    def continuation(gram):
        return len({g for g in counts if len(g) == len(gram) + 1 and g[1:] == gram})

    def probability(context):
        k = len(context)
        count = counts.get if k == order - 1 else lambda g, _: continuation(g)
        followers = {g: count(g, 0) for g in counts if len(g) == k + 1 and g[:-1] == context}
        lower = probability(context[1:]) if k else 1 / len(vocabulary)
        total = sum(followers.values())
        if not total:
            return lower
        own = max(followers.get((*context, word), 0) - d, 0)
        return (own + d * len(followers) * lower) / total

    return probability(tuple(context))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("d", [0.1, 0.75])
def test_equals_the_formula(order, d):
    model = KneserNeyNGram(order=order, discount=d).fit(CORPUS)
    for context in (["a", "b"], ["<s>", "a"], ["<s>", "<s>"], ["d", "a"], ["d", "d"], ["b", "zzz"]):
        context = context[len(context) - order + 1 :]
        for word in model.vocabulary_:
            expected = by_hand(order, d, CORPUS, word, ["<UNK>" if w == "zzz" else w for w in context])
            assert np.exp(model.log_prob(word, context)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("discount", [0, 1, -0.5, np.nan, "big", True])
def test_bad_discount_is_an_error(discount):
    with pytest.raises(ValueError, match="discount"):
        KneserNeyNGram(discount=discount).fit(CORPUS)
