"""Baum-Welch against one naive step, and what every hidden Markov model must do with sequences and options."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical import CategoricalHMM, GaussianHMM
from npml_core import NotFittedError, load, save


def categorical(K=2, V=3, seed=0, **options):
    rng = np.random.default_rng(seed)
    model = CategoricalHMM(K, init_params="", **options)
    model.startprob_ = rng.dirichlet(np.ones(K))
    model.transmat_ = rng.dirichlet(np.ones(K), size=K)
    model.emissionprob_ = rng.dirichlet(np.ones(V), size=K)
    return model


def naive_baum_welch(model, sequences, known=None):
    """One step from the probability of every path; -1 is missing in both symbols and known states."""
    start, A, B = model.startprob_, model.transmat_, model.emissionprob_
    K, V = B.shape
    new_start, pairs, emitted, log_likelihood = np.zeros(K), np.zeros((K, K)), np.zeros((K, V)), 0.0
    for s, x in enumerate(sequences):
        weights = {}
        for path in product(range(K), repeat=len(x)):
            if known is not None and any(k not in (-1, i) for k, i in zip(known[s], path)):
                continue
            p = start[path[0]] * np.prod([A[i, j] for i, j in pairwise(path)])
            weights[path] = p * np.prod([B[i, v] for i, v in zip(path, x) if v >= 0])
        total = sum(weights.values())
        log_likelihood += np.log(total)
        for path, p in weights.items():
            new_start[path[0]] += p / total
            for i, j in pairwise(path):
                pairs[i, j] += p / total
            for i, v in zip(path, x):
                if v >= 0:
                    emitted[i, v] += p / total
    rows = [pairs / pairs.sum(axis=1, keepdims=True), emitted / emitted.sum(axis=1, keepdims=True)]
    return new_start / new_start.sum(), *rows, log_likelihood


SEQUENCES = [np.array([0, 2, 1, -1, 0]), np.array([1]), np.array([2, 2, 0, 1])]


@pytest.mark.parametrize("known", [None, [[-1, 0, -1, 1, -1], [1], [-1, -1, -1, 0]]])
def test_one_step_is_the_sum_over_all_paths(known):
    model = categorical(n_iter=1)
    start, transitions, emissions, log_likelihood = naive_baum_welch(model, SEQUENCES, known)
    given_states = None if known is None else [np.array(part) for part in known]
    model.fit(SEQUENCES, known_states=given_states)
    np.testing.assert_allclose(model.startprob_, start, rtol=1e-11)
    np.testing.assert_allclose(model.transmat_, transitions, rtol=1e-11)
    np.testing.assert_allclose(model.emissionprob_, emissions, rtol=1e-11)
    assert model.log_likelihoods_ == [pytest.approx(log_likelihood, rel=1e-12)]


def test_lengths_a_list_and_a_column_are_the_same():
    flat, lengths = np.concatenate(SEQUENCES), [len(x) for x in SEQUENCES]
    models = [
        categorical().fit(SEQUENCES),
        categorical().fit(flat, lengths),
        categorical().fit(flat[:, None], np.array(lengths)),
        categorical().fit([x.tolist() for x in SEQUENCES]),
        categorical().fit([x[:, None] for x in SEQUENCES]),
        categorical().fit(np.where(flat < 0, np.nan, flat), lengths),
    ]
    for model in models[1:]:
        np.testing.assert_allclose(model.transmat_, models[0].transmat_, rtol=1e-12)
        assert model.score(SEQUENCES) == pytest.approx(models[0].score(flat, lengths), rel=1e-12)
        np.testing.assert_array_equal(model.predict(flat, lengths), models[0].predict(SEQUENCES))


def test_sequences_are_independent_of_their_order():
    one = categorical(n_iter=5, tol=-np.inf).fit(SEQUENCES)
    other = categorical(n_iter=5, tol=-np.inf).fit(SEQUENCES[::-1])
    np.testing.assert_allclose(one.transmat_, other.transmat_, rtol=1e-10)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(0, 999), st.floats(0, 0.5))
def test_likelihood_never_falls(K, lengths, seed, missing):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 3, sum(lengths))
    X[rng.random(len(X)) < missing] = -1
    model = CategoricalHMM(K, n_features=3, random_state=seed, n_iter=20, tol=-np.inf).fit(X, lengths)
    history = np.array(model.log_likelihoods_)
    assert len(history) == model.n_iter_ == 20
    assert (np.diff(history) >= -1e-10 * (1 + np.abs(history[1:]))).all()
    np.testing.assert_allclose(model.transmat_.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(model.startprob_.sum(), 1.0, rtol=1e-12)


def test_forbidden_transitions_stay_forbidden():
    mask = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1]], bool)
    X = np.random.default_rng(0).integers(0, 3, 300)
    model = CategoricalHMM(3, transmat_mask=mask, random_state=0, transmat_prior=2.0).fit(X)
    assert (model.transmat_[~mask] == 0).all()
    assert (model.transmat_[mask] > 0).all()
    np.testing.assert_allclose(model.transmat_.sum(axis=1), 1.0, rtol=1e-12)
    assert (np.diff(model.predict(X)) >= 0).all()


@pytest.mark.parametrize(
    ("mask", "message"),
    [(np.ones((2, 3)), "shape"), ([[1, 0], [0, 0]], "all transitions"), ([[2, 1], [1, 1]], "True")],
)
def test_bad_mask_is_an_error(mask, message):
    with pytest.raises(ValueError, match=message):
        CategoricalHMM(2, transmat_mask=mask).fit([0, 1, 0])


def test_mask_against_a_preset_chain_is_an_error():
    with pytest.raises(ValueError, match="transmat_mask forbids"):
        categorical(transmat_mask=[[1, 0], [1, 1]]).fit([0, 1, 2])


def test_all_states_known_is_counting():
    X, states = np.array([0, 1, 2, 0, 1, 1, 2, 0]), np.array([0, 1, 1, 0, 0, 1, 0, 1])
    model = categorical(n_iter=1).fit(X, [5, 3], known_states=states)
    np.testing.assert_allclose(model.startprob_, [0.5, 0.5])
    np.testing.assert_allclose(model.transmat_, np.array([[1, 2], [2, 1]]) / 3)  # not across the border
    np.testing.assert_allclose(model.emissionprob_, [[2 / 4, 1 / 4, 1 / 4], [1 / 4, 2 / 4, 1 / 4]])


@pytest.mark.parametrize("known", [[0, 1], [0, 1, 2], [0.0, 1.0, 0.0], [-2, 0, 0]])
def test_bad_known_states_are_an_error(known):
    with pytest.raises(ValueError, match="known_states"):
        CategoricalHMM(2).fit([0, 1, 0], known_states=known)


def test_params_say_what_is_learnt():
    for letter, name in (("s", "startprob_"), ("t", "transmat_"), ("e", "emissionprob_")):
        model, before = categorical(params=letter), categorical()
        model.fit(SEQUENCES)
        for other in ("startprob_", "transmat_", "emissionprob_"):
            assert np.array_equal(getattr(model, other), getattr(before, other)) == (other != name)


def test_priors_are_pseudo_counts():
    X, states = np.array([0, 1, 2, 0]), np.array([0, 1, 1, 0])
    options = {"startprob_prior": [3.0, 2.0], "transmat_prior": 2.0, "emissionprob_prior": 1.5, "n_iter": 1}
    model = categorical(**options).fit(X, known_states=states)
    np.testing.assert_allclose(model.startprob_, [3 / 4, 1 / 4])
    np.testing.assert_allclose(model.transmat_, [[1 / 3, 2 / 3], [2 / 4, 2 / 4]])
    np.testing.assert_allclose(
        model.emissionprob_, [[2.5 / 3.5, 0.5 / 3.5, 0.5 / 3.5], [0.5 / 3.5, 1.5 / 3.5, 1.5 / 3.5]]
    )


def test_decoding_scores_what_it_returns():
    model = categorical(seed=3)
    x = np.array([0, 2, 1, 1, 0])
    log_p, states = model.decode(x)
    by_hand = np.log(model.startprob_[states[0]]) + np.log(model.transmat_[states[:-1], states[1:]]).sum()
    assert log_p == pytest.approx(by_hand + np.log(model.emissionprob_[states, x]).sum(), rel=1e-12)
    total, posteriors = model.score_samples(x)
    assert total == pytest.approx(model.score(x), rel=1e-13)
    np.testing.assert_allclose(posteriors.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(model.predict_proba(x), posteriors)
    np.testing.assert_array_equal(model.decode(x, algorithm="map")[1], posteriors.argmax(axis=1))
    np.testing.assert_array_equal(model.predict(x), states)


def test_sample_has_the_frequencies_of_the_model():
    model = categorical(seed=1)
    X, states = model.sample(20_000, random_state=0)
    assert X.shape == (20_000, 1)
    pairs = np.zeros((2, 2))
    np.add.at(pairs, (states[:-1], states[1:]), 1.0)
    np.testing.assert_allclose(pairs / pairs.sum(axis=1, keepdims=True), model.transmat_, atol=0.025)
    for state in range(2):
        frequencies = np.bincount(X[states == state, 0], minlength=3) / (states == state).sum()
        np.testing.assert_allclose(frequencies, model.emissionprob_[state], atol=0.025)
    np.testing.assert_allclose(np.bincount(states) / 20_000, model.get_stationary_distribution(), atol=0.025)
    np.testing.assert_array_equal(model.sample(50, random_state=7)[0], model.sample(50, random_state=7)[0])


def test_sample_goes_on_from_a_state():
    model = categorical()
    model.transmat_ = np.array([[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(model.sample(4, currstate=0)[1], [1, 0, 1, 0])
    with pytest.raises(ValueError, match="currstate"):
        model.sample(4, currstate=2)
    with pytest.raises(ValueError, match="n_samples"):
        model.sample(0)


def test_stationary_distribution_is_left_as_it_is():
    model = categorical(K=4)
    pi = model.get_stationary_distribution()
    np.testing.assert_allclose(pi @ model.transmat_, pi, rtol=1e-12)


def test_criteria_count_the_free_parameters():
    model = categorical()
    log_likelihood, n = model.score(SEQUENCES), sum(map(len, SEQUENCES))
    p = 1 + 2 + 2 * 2
    assert model.aic(SEQUENCES) == pytest.approx(2 * p - 2 * log_likelihood)
    assert model.bic(SEQUENCES) == pytest.approx(p * np.log(n) - 2 * log_likelihood)


def test_monitor_tells_how_it_went():
    model = categorical(n_iter=200, tol=1e-3).fit(SEQUENCES)
    assert model.monitor_.converged
    assert model.monitor_.history == model.log_likelihoods_
    assert model.monitor_.iter == model.n_iter_ < 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 0}, "n_components"),
        ({"n_components": 2.0}, "n_components"),
        ({"n_iter": 0}, "n_iter"),
        ({"tol": np.nan}, "tol"),
        ({"params": "x"}, "params"),
        ({"init_params": "m"}, "init_params"),
        ({"algorithm": "best"}, "algorithm"),
        ({"startprob_prior": [1.0] * 3}, "startprob_prior must fit"),
        ({"transmat_prior": -1.0}, "transmat_prior"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        CategoricalHMM(**{"n_components": 2, **options}).fit([0, 1, 0])


@pytest.mark.parametrize("lengths", [[2], [4], [0, 3], [1.5, 1.5], [[1, 2]]])
def test_bad_lengths_are_an_error(lengths):
    with pytest.raises(ValueError, match="lengths"):
        categorical().score([0, 1, 2], lengths)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("startprob_", [0.5, 0.6]),
        ("startprob_", [1.0]),
        ("transmat_", -np.eye(2)),
        ("transmat_", [[np.nan, 1], [0, 1]]),
    ],
)
def test_bad_chain_is_an_error(name, value):
    model = categorical()
    setattr(model, name, np.array(value))
    for use in (model.fit, model.score, model.predict):
        with pytest.raises(ValueError, match=name):
            use([0, 1, 2])


@pytest.mark.parametrize("model", [CategoricalHMM(2), GaussianHMM(2)])
def test_unfitted_is_said(model):
    for use in (model.score, model.predict, model.predict_proba):
        with pytest.raises(NotFittedError):
            use([[0], [1]])
    with pytest.raises(NotFittedError):
        model.sample(3)


def test_failed_fit_changes_nothing():
    model = categorical().fit(SEQUENCES)
    before = {k: np.copy(v) for k, v in vars(model).items() if k.endswith("_")}
    with pytest.raises(ValueError):
        model.fit([0, 1, 5], lengths=[3], known_states=[0, 0, 0])
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(model, name), value)


@pytest.mark.parametrize("kind", [CategoricalHMM, GaussianHMM])
def test_save_and_load(kind, tmp_path):
    X = np.random.default_rng(0).integers(0, 3, (60, 1))
    model = kind(2, random_state=0).fit(X)
    save(model, tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.score(X) == model.score(X)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.sample(5, random_state=1)[0], model.sample(5, random_state=1)[0])


def test_verbose_prints_every_iteration(capsys):
    model = categorical(verbose=1, n_iter=3, tol=-np.inf).fit(SEQUENCES)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_ == 3
