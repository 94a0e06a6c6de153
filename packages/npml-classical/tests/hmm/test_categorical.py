"""Symbols: missing, unseen, impossible, preset, and what is refused."""

import numpy as np
import pytest

from npml_classical import CategoricalHMM


def casino():
    model = CategoricalHMM(2, init_params="")
    model.startprob_ = np.array([0.5, 0.5])
    model.transmat_ = np.array([[0.95, 0.05], [0.1, 0.9]])
    model.emissionprob_ = np.array([[1 / 6] * 6, [0.1] * 5 + [0.5]])
    return model


def test_dishonest_casino_is_seen_through():
    model = casino()
    X, states = model.sample(3000, random_state=0)
    assert (model.predict(X) == states).mean() > 0.78
    learnt = CategoricalHMM(2, n_iter=100, tol=1e-4, random_state=1).fit(X)
    assert learnt.score(X) >= model.score(X)


def test_missing_symbols_carry_no_evidence():
    model = casino()
    np.testing.assert_allclose(model.score([-1, -1, -1]), 0.0, atol=1e-12)
    np.testing.assert_allclose(model.predict_proba([-1])[0], model.startprob_, rtol=1e-12)
    # a gap is a chain of three steps between two observations
    A = model.transmat_
    p = model.startprob_ @ np.diag(model.emissionprob_[:, 5]) @ A @ A @ A @ model.emissionprob_[:, 2]
    assert model.score([5, -1, -1, 2]) == pytest.approx(np.log(p), rel=1e-12)
    assert model.score(np.array([5.0, np.nan, np.nan, 2.0])) == pytest.approx(np.log(p), rel=1e-12)


def test_symbols_that_no_state_emits_score_minus_infinity():
    model = casino()
    model.emissionprob_ = np.array([[0.5, 0.5, 0, 0, 0, 0], [0, 0.5, 0.5, 0, 0, 0]])
    assert model.score([0, 4, 1]) == -np.inf
    assert np.isfinite(model.predict_proba([0, 4, 1])).all()
    assert model.decode([0, 4, 1])[0] == -np.inf
    assert model.score([[0, 1], [4, 1]]) == -np.inf


def test_unseen_symbol_is_named():
    model = CategoricalHMM(2, random_state=0).fit([0, 1, 2, 1])
    with pytest.raises(ValueError, match="symbol 7.*from 0 to 2"):
        model.predict([0, 7])


def test_alphabet_may_be_larger_than_what_was_seen():
    model = CategoricalHMM(2, n_features=5, random_state=0).fit([0, 1, 2, 1])
    assert model.emissionprob_.shape == (2, 5)
    assert model.score([4]) == -np.inf
    smooth = CategoricalHMM(2, n_features=5, emissionprob_prior=2.0, random_state=0).fit([0, 1, 2, 1])
    assert np.isfinite(smooth.score([4]))
    with pytest.raises(ValueError, match="symbol 5"):
        CategoricalHMM(2, n_features=5).fit([0, 5])


def test_state_that_emits_nothing_known_keeps_its_emissions():
    model = casino()
    before = model.emissionprob_
    model.fit([-1, -1, -1])
    np.testing.assert_array_equal(model.emissionprob_, before)


@pytest.mark.parametrize("X", [[0.5, 1], [-2, 0], ["a", "b"], [], np.zeros((2, 2), int), np.array([np.inf, 0])])
def test_bad_symbols_are_an_error(X):
    with pytest.raises(ValueError, match="X must"):
        CategoricalHMM(2).fit(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_features": 0}, "n_features"),
        ({"n_features": 2.5}, "n_features"),
        ({"emissionprob_prior": -1.0}, "emissionprob_prior"),
        ({"emissionprob_prior": [1.0, 1.0]}, "emissionprob_prior must fit"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        CategoricalHMM(2, **options).fit([0, 1, 2])


def test_preset_emissions_are_checked():
    model = casino()
    model.emissionprob_ = np.full((2, 6), 0.5)
    for use in (model.fit, model.score, model.sample):
        with pytest.raises(ValueError, match="emissionprob_"):
            use() if use == model.sample else use([0, 1])


def test_callers_arrays_stay_as_they_are():
    X, known = np.array([0.0, np.nan, 2.0]), np.array([-1, 0, 1])
    CategoricalHMM(2, random_state=0).fit(X, known_states=known)
    np.testing.assert_array_equal(X, [0.0, np.nan, 2.0])
    np.testing.assert_array_equal(known, [-1, 0, 1])
