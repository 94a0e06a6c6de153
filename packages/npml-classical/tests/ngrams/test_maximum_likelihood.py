"""Relative frequencies, and what happens where there are none."""

import numpy as np
import pytest

from npml_classical import MLENGram

CORPUS = [s.split() for s in ("a b a c", "a b", "c")]


def test_relative_frequencies():
    model = MLENGram(order=2).fit(CORPUS)
    assert np.exp(model.log_prob("b", ["a"])) == pytest.approx(2 / 3)
    assert np.exp(model.log_prob("a", ["<s>"])) == pytest.approx(2 / 3)
    assert np.exp(model.log_prob("</s>", ["c"])) == 1.0
    assert model.log_prob("a", ["c"]) == -np.inf


def test_shorter_contexts_are_models_of_that_order():
    model = MLENGram(order=3).fit(CORPUS)
    assert np.exp(model.log_prob("a", [])) == pytest.approx(3 / 10)
    assert np.exp(model.log_prob("b", ["a"])) == pytest.approx(2 / 3)


def test_context_that_never_occurred_is_shortened():
    model = MLENGram(order=3).fit(CORPUS)
    assert model.log_prob("b", ["c", "a"]) == model.log_prob("b", ["a"])
    assert model.log_prob("b", ["c", "never"]) == model.log_prob("b", [])


def test_impossible_sentence_has_infinite_perplexity():
    model = MLENGram(order=2).fit(CORPUS)
    assert model.score([["c", "a"]]) == -np.inf
    assert model.perplexity([["c", "a"]]) == np.inf
