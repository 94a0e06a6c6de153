"""Simple Good-Turing on the table of the paper, and its edges."""

import numpy as np
import pytest

from npml_classical import GoodTuringNGram
from npml_classical.ngrams.good_turing import simple_good_turing

# Gale & Sampson (1995), prosody example: how many patterns occur r times
PROSODY = {
    1: 120, 2: 40, 3: 24, 4: 13, 5: 15, 6: 5, 7: 11, 8: 2, 9: 2, 10: 1, 12: 3, 14: 2, 15: 1, 16: 1, 17: 3, 19: 1,
    20: 3, 21: 2, 23: 3, 24: 3, 25: 3, 26: 2, 27: 2, 28: 1, 31: 2, 32: 2, 33: 1, 34: 2, 36: 2, 41: 3, 43: 1, 45: 3,
    46: 1, 47: 1, 50: 1, 71: 1, 84: 1, 101: 1, 105: 1, 121: 1, 124: 1, 146: 1, 162: 1, 193: 1, 199: 1, 224: 1,
    226: 1, 254: 1, 257: 1, 339: 1, 421: 1, 456: 1, 481: 1, 483: 1, 1140: 1, 1256: 1, 1322: 1, 1530: 1, 2131: 1,
    2395: 1, 6925: 1, 7846: 1,
}  # fmt: skip


def by_hand(table, conf):
    """r* of every r, step by step as the paper's section 5 puts it."""
    rs = sorted(table)
    z = []
    for i, r in enumerate(rs):
        q = rs[i - 1] if i else 0
        t = rs[i + 1] if i + 1 < len(rs) else 2 * r - q
        z.append(2 * table[r] / (t - q))
    slope = np.polyfit(np.log(rs), np.log(z), 1)[0]
    result, switched = {}, False
    for r in rs:
        y = r * (1 + 1 / r) ** (slope + 1)
        if not switched and r + 1 in table:
            x = (r + 1) * table[r + 1] / table[r]
            variance = (r + 1) ** 2 * table[r + 1] / table[r] ** 2 * (1 + table[r + 1] / table[r])
            switched = abs(x - y) <= conf * np.sqrt(variance)
        else:
            switched = True
        result[r] = y if switched else x
    return result, slope


def test_prosody_example_of_the_paper():
    counts = np.repeat(list(PROSODY), list(PROSODY.values()))
    adjusted, p0 = simple_good_turing(counts, 1.96)
    expected, slope = by_hand(PROSODY, 1.96)
    np.testing.assert_allclose(adjusted, [expected[r] for r in counts], rtol=1e-10)
    # the figures printed in the paper: p0 = 0.003883, slope -1.389, 1* = 0.7628, 2* = 1.706 before renormalisation
    assert counts.sum() == 30902
    assert p0 == pytest.approx(0.003883, abs=5e-7)
    assert slope == pytest.approx(-1.389, abs=5e-4)
    scale = (1 - p0) * counts.sum() / adjusted.sum()
    for r, printed in ((1, 0.7628), (2, 1.706), (3, 2.679)):
        assert adjusted[counts == r][0] * scale == pytest.approx(printed, rel=5e-3)


@pytest.mark.parametrize("conf", [0.0, 0.5, 1.65, 1.96, 10.0])
def test_random_tables(conf):
    for seed in range(5):
        counts = np.random.default_rng(seed).zipf(1.8, 300)
        counts = counts[counts < 1000]
        table = dict(zip(*(column.tolist() for column in np.unique(counts, return_counts=True))))
        adjusted, p0 = simple_good_turing(counts, conf)
        expected, _ = by_hand(table, conf)
        np.testing.assert_allclose(adjusted, [expected[r] for r in counts], rtol=1e-9)
        assert p0 == pytest.approx(table[1] / counts.sum())


def test_one_frequency_only():
    adjusted, p0 = simple_good_turing(np.array([1.0, 1.0, 1.0]), 1.96)
    assert p0 == pytest.approx(3 / 4)  # not everything may be given away
    np.testing.assert_allclose(adjusted, 1.0)
    adjusted, p0 = simple_good_turing(np.array([3.0, 3.0]), 1.96)
    assert p0 == 0.0
    np.testing.assert_allclose(adjusted, 3.0)


def test_probabilities_of_a_context():
    corpus = [["a", "b"], ["a", "b"], ["a", "c"], ["d"]]
    model = GoodTuringNGram(order=2).fit(corpus)
    # the bigrams: <s> a 3, a b 2, b end 2, a c, c end, <s> d, d end 1
    adjusted, p0 = simple_good_turing(np.array([3.0, 2, 2, 1, 1, 1, 1]), 1.96)
    assert p0 == pytest.approx(4 / 11)
    unseen = p0 / (len(model.vocabulary_) - 2)
    for word, expected in (
        ("b", (1 - p0) * adjusted[1] / (adjusted[1] + adjusted[3])),
        ("c", (1 - p0) * adjusted[3] / (adjusted[1] + adjusted[3])),
        ("d", unseen),
        ("</s>", unseen),
    ):
        assert np.exp(model.log_prob(word, ["a"])) == pytest.approx(expected, rel=1e-12)


def test_unseen_context_backs_off():
    corpus = [["a", "b"], ["a", "b"], ["a", "c"], ["d"]]
    model = GoodTuringNGram(order=2).fit(corpus)
    assert model.log_prob("b", ["never"]) == model.log_prob("b", [])


@pytest.mark.parametrize("conf", [-1.0, np.nan, np.inf, "a", True])
def test_bad_conf_is_an_error(conf):
    with pytest.raises(ValueError, match="conf"):
        GoodTuringNGram(conf=conf).fit([["a"]])
