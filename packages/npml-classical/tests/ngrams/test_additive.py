"""Lidstone's formula and its limits."""

import numpy as np
import pytest

from npml_classical import AdditiveNGram, MLENGram

CORPUS = [s.split() for s in ("a b a c", "a b", "c")]


@pytest.mark.parametrize("alpha", [0.1, 1.0, 7])
def test_equals_the_formula(alpha):
    model = AdditiveNGram(order=2, alpha=alpha).fit(CORPUS)
    V = 5  # a, b, c, unknown, end
    after_a = {"b": 2, "c": 1}
    for word in model.vocabulary_:
        expected = (after_a.get(word, 0) + alpha) / (3 + alpha * V)
        assert np.exp(model.log_prob(word, ["a"])) == pytest.approx(expected, rel=1e-13)
        assert np.exp(model.log_prob(word, ["never"])) == pytest.approx(1 / V, rel=1e-13)


def test_little_is_maximum_likelihood_and_much_is_even():
    model = MLENGram(order=2).fit(CORPUS)
    little, much = (AdditiveNGram(order=2, alpha=alpha).fit(CORPUS) for alpha in (1e-12, 1e12))
    assert little.log_prob("b", ["a"]) == pytest.approx(model.log_prob("b", ["a"]), rel=1e-10)
    assert much.log_prob("b", ["a"]) == pytest.approx(-np.log(5), rel=1e-10)


@pytest.mark.parametrize("alpha", [0, -1.0, np.inf, np.nan, "a", True])
def test_bad_alpha_is_an_error(alpha):
    with pytest.raises(ValueError, match="alpha"):
        AdditiveNGram(alpha=alpha).fit(CORPUS)
