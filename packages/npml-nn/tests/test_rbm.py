from itertools import product

import numpy as np
import pytest

import npml_core
from npml_nn import RBM, gradcheck
from npml_nn import rbm as module

STATES = np.array(list(product([0.0, 1.0], repeat=4)))  # of four visible units


def machine(rng, n_hidden=3, **options):
    rbm = RBM(4, n_hidden, dtype=np.float64, random_state=0, **options)
    rbm.W, rbm.a, rbm.b = rng.normal(size=(4, n_hidden)), rng.normal(size=4), rng.normal(size=n_hidden)
    return rbm


def probabilities(rbm, states=STATES):
    """p(v) of every state, by the sum over all hidden states of exp(-E)."""
    hidden = np.array(list(product([0.0, 1.0], repeat=rbm.n_hidden)))
    energy = -(states @ rbm.a)[:, None] - hidden @ rbm.b - states @ rbm.W @ hidden.T
    weights = np.exp(-energy).sum(axis=1)
    return weights / weights.sum()


def test_free_energy_is_that_of_the_sum_over_hidden_states(rng):
    rbm = machine(rng)
    p = np.exp(-rbm.free_energy(STATES))
    np.testing.assert_allclose(p / p.sum(), probabilities(rbm), rtol=1e-12)


def test_conditionals(rng):
    rbm = machine(rng)
    for v, h, r in zip(STATES, rbm.transform(STATES), rbm.reconstruct(STATES)):
        expected = [1 / (1 + np.exp(-(rbm.b[j] + v @ rbm.W[:, j]))) for j in range(3)]
        np.testing.assert_allclose(h, expected, rtol=1e-12)
        np.testing.assert_allclose(r, [1 / (1 + np.exp(-(rbm.a[i] + rbm.W[i] @ h))) for i in range(4)], rtol=1e-12)
    np.testing.assert_array_equal(rbm(STATES), rbm.transform(STATES))


def log_likelihood_gradient(rbm, data):
    """<v h>_data - <v h>_model and its likes, the model's by the sum over all states."""
    p, h, H = probabilities(rbm), rbm.transform(STATES), rbm.transform(data)
    W = data.T @ H / len(data) - (p[:, None] * STATES).T @ h
    return W, data.mean(axis=0) - p @ STATES, H.mean(axis=0) - p @ h


def test_many_steps_give_the_gradient_of_the_likelihood(rng):
    """Averaged over many chains, but for the mean-field last step, CD-k approaches <v h>_data - <v h>_model."""
    rbm = machine(rng)
    data = np.repeat(STATES[[1, 6, 7, 12]], 10_000, axis=0)
    found = module._contrastive_divergence(data, rbm.W, rbm.a, rbm.b, 20, rng)
    expected = log_likelihood_gradient(rbm, data)
    for ours, exact in zip(found[1:3], expected[1:]):
        np.testing.assert_allclose(ours, exact, atol=0.03)
    assert np.corrcoef(found[0].ravel(), expected[0].ravel())[0, 1] > 0.98


def likelihood_after_training(rng, k=1):
    data = np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]])[rng.integers(0, 2, 300)]
    rbm = RBM(4, 6, k=k, dtype=np.float64, random_state=0)
    before = np.log(probabilities(rbm)[(data @ [8, 4, 2, 1]).astype(int)]).mean()
    rbm.fit(data, epochs=60, batch_size=20, lr=0.2)
    return before, np.log(probabilities(rbm)[(data @ [8, 4, 2, 1]).astype(int)]).mean(), rbm


@pytest.mark.parametrize("k", [1, 3])
def test_training_raises_the_likelihood(k, rng):
    before, after, rbm = likelihood_after_training(rng, k)
    assert before == pytest.approx(-4 * np.log(2), abs=0.1)
    assert after > -1.1  # -log 2 is the best there is
    assert len(rbm.history["reconstruction_error"]) == 60
    assert rbm.history["reconstruction_error"][-1] < 0.02 < 0.2 < rbm.history["reconstruction_error"][0]
    np.testing.assert_array_equal(rbm.reconstruct([[1, 1, 0, 0], [0, 0, 1, 1]]).round(), [[1, 1, 0, 0], [0, 0, 1, 1]])


MUTANTS = [
    ("v0.T @ h0 - v.T @ h)", "v.T @ h - v0.T @ h0)", "sign"),
    ("v0.T @ h0 - v.T @ h)", "v0.T @ h0)", "the model's statistics dropped"),
    ("- v.T @ h) / n", "- v.T @ h) / n**2", "1/n twice"),
    ("(h0 - h).sum(axis=0) / n", "(h - h0).sum(axis=0)", "sign of the hidden biases"),
    ("@ W.T + a", "@ W.T", "visible biases left out"),
]


@pytest.mark.parametrize("old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(old, new, what, mutate, monkeypatch, rng):
    owner, mutant = mutate(module._contrastive_divergence, old, new)
    monkeypatch.setattr(owner, "_contrastive_divergence", mutant)
    rbm = machine(rng)
    data = np.repeat(STATES[[1, 6, 7, 12]], 10_000, axis=0)
    found = module._contrastive_divergence(data, rbm.W, rbm.a, rbm.b, 20, rng)
    distance = [np.abs(ours - exact).max() for ours, exact in zip(found, log_likelihood_gradient(rbm, data))]
    assert distance[0] > 0.12 or max(distance[1:]) > 0.03


def test_samples_follow_the_model(rng):
    rbm = machine(rng)
    counts = np.bincount((rbm.sample(4000, n_steps=30) @ [8, 4, 2, 1]).astype(int), minlength=16)
    expected = 4000 * probabilities(rbm)
    assert ((counts - expected) ** 2 / expected).sum() < 37.7  # exceeded once in a thousand, 15 degrees of freedom
    start = rbm.sample(5, n_steps=1, start=STATES[:5])
    assert start.shape == (5, 4)
    assert set(np.unique(start)) <= {0, 1}


def test_first_biases_are_the_log_odds_of_the_data():
    X = np.array([[1.0, 0, 0.5, 1], [1, 0, 0.5, 0]])
    rbm = RBM(4, 2, dtype=np.float64, random_state=0).fit(X, epochs=1, lr=0)
    np.testing.assert_allclose(rbm.a, [np.log(3), -np.log(3), 0, 0], rtol=1e-12)


def test_fit_goes_on_and_repeats(rng):
    X = rng.integers(0, 2, (50, 4))
    a, b = (RBM(4, 3, random_state=5).fit(X, epochs=3) for _ in range(2))
    np.testing.assert_array_equal(a.W, b.W)
    a.fit(X, epochs=2, momentum=0.9)
    assert len(a.history["reconstruction_error"]) == 5
    assert (a.W != b.W).any()


def test_decay_pulls_on_weights_alone(rng):
    X = rng.integers(0, 2, (50, 4))
    plain, pulled = (RBM(4, 3, random_state=5).fit(X, epochs=20, weight_decay=d) for d in (0, 0.5))
    assert np.abs(pulled.W).sum() < 0.5 * np.abs(plain.W).sum()
    assert np.abs(pulled.a).sum() > 0.3 * np.abs(plain.a).sum()


def test_as_a_layer(stays_float32, changes_nothing, rng):
    rbm, x = machine(rng), rng.random((5, 4))
    assert gradcheck(rbm, [x], second_order=True)
    stays_float32(rbm, x)
    changes_nothing(rbm, x)


LAYER_MUTANTS = [
    (RBM._backward, '"b": db', '"b": -db'),
    (RBM._backward, "return dx", "return 0 * dx"),
    (RBM._double_backward, "return ddy", "return -ddy"),
]


@pytest.mark.parametrize("function, old, new", LAYER_MUTANTS)
def test_planted_mistakes_of_the_layer_are_caught(function, old, new, mutant_is_caught, rng):
    mutant_is_caught(function, old, new, machine(rng), [rng.random((5, 4))], second_order=True)


def test_float32_throughout(rng):
    rbm = RBM(4, 3, random_state=0).fit(rng.integers(0, 2, (20, 4)), epochs=2)
    results = [rbm.W, rbm.a, rbm.b, *(f(STATES) for f in (rbm.transform, rbm.reconstruct, rbm.free_energy))]
    assert all(r.dtype == np.float32 for r in [*results, rbm.sample(3, n_steps=2)])
    assert all(
        p.dtype == np.float32 for p in module._contrastive_divergence(STATES.astype(np.float32), *results[:3], 2, rng)
    )


def test_extreme_weights_stay_finite():
    rbm = RBM(2, 2, random_state=0)
    rbm.W = np.full((2, 2), 1e4)
    np.testing.assert_array_equal(rbm.reconstruct([[1, 1]]), [[1, 1]])
    np.testing.assert_allclose(rbm.free_energy([[1, 1]]), [-4e4])


def test_saving(tmp_path, rng):
    rbm = machine(rng).fit(STATES, epochs=2)
    npml_core.save(rbm, tmp_path / "rbm")
    again = npml_core.load(tmp_path / "rbm")
    np.testing.assert_array_equal(again.free_energy(STATES), rbm.free_energy(STATES))
    np.testing.assert_array_equal(again.sample(4, 2), rbm.sample(4, 2))
    assert again.history == rbm.history


def test_bad_inputs(rng):
    rbm = RBM(4, 3, random_state=0)
    before = rbm.state_dict()
    for bad, message in [
        (np.ones((2, 3)), "n_visible=4"),
        (np.full((2, 4), 1.5), "between 0 and 1"),
        (np.full((2, 4), -0.5), "between 0 and 1"),
        (np.full((2, 4), np.nan), "NaN"),
        (np.ones(4), "2-dimensional"),
        (np.ones((0, 4)), "0 sample"),
    ]:
        for method in (rbm.fit, rbm.transform, rbm.reconstruct, rbm.free_energy):
            with pytest.raises(ValueError, match=message):
                method(bad)
    for options in ({"lr": -1}, {"momentum": np.nan}, {"weight_decay": -1}, {"epochs": 0}, {"batch_size": 0}):
        with pytest.raises(ValueError, match=next(iter(options))):
            rbm.fit(STATES, **options)
    with pytest.raises(ValueError, match="start"):
        rbm.sample(3, start=STATES)
    for arguments in [(0, 3), (3, 0), (3, 3, 0)]:
        with pytest.raises(ValueError, match="positive int"):
            RBM(*arguments)
    np.testing.assert_equal(rbm.state_dict(), before)
    assert rbm.history == {"reconstruction_error": []}
