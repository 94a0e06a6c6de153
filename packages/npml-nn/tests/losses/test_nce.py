from copy import deepcopy

import numpy as np
import pytest

from npml_core import AliasSampler
from npml_nn import SGD, NCELoss, Parameter, functional, gradcheck
from npml_nn.losses import nce as module
from npml_nn.losses.base import Loss


class SameDraws(Loss):
    """An NCELoss that draws the same noise at every call."""

    def __init__(self, loss):
        self.loss = loss

    def __call__(self, y_pred, y_true):
        return deepcopy(self.loss)(y_pred, y_true)


def op_with(noise):
    return {
        "layer_or_fn": lambda scores: module.nce(scores, noise),
        "backward": lambda dy, cache: module.nce_backward(dy, cache),
    }


def test_gradients(rng):
    for shape in [(5, 4), (1, 2), (3, 9)]:
        assert gradcheck(inputs=[3 * rng.normal(size=shape)], **op_with(rng.random(shape)))
        assert gradcheck(inputs=[3 * rng.normal(size=shape)], **op_with(rng.random(shape[1:])))
    loss = SameDraws(NCELoss(np.ones(4), 6, random_state=0))  # so many draws that words repeat, targets among them
    assert gradcheck(loss, [rng.normal(size=(5, 4)), np.array([0, 1, 2, 3, 0])])


def test_equals_the_definition(rng):
    noise = rng.dirichlet(np.ones(7))
    logits, targets = rng.normal(size=(3, 7)), np.array([6, 0, 2])
    words = NCELoss(noise, 2, random_state=3).draw(targets)
    assert words.shape == (3, 3)
    total, expected = 0.0, np.zeros((3, 7))
    for i in range(3):
        for j, w in enumerate(words[i]):
            odds = np.exp(logits[i, w]) / (2 * noise[w])
            data = odds / (1 + odds)  # the probability that w comes from the data
            total -= np.log(data) if j == 0 else np.log(1 - data)
            expected[i, w] += (data - 1 if j == 0 else data) / 3
    value, dy = NCELoss(noise, 2, random_state=3)(logits, targets)
    assert value == pytest.approx(total / 3, rel=1e-12)
    np.testing.assert_allclose(dy, expected, rtol=1e-12)


def test_equals_recorded(recorded):
    r = recorded("losses")
    value, cache = functional.nce(r["scores"], r["noise"])
    assert value == pytest.approx(float(r["nce"]), rel=1e-12)
    np.testing.assert_allclose(functional.nce_backward(1.0, cache), r["d_scores"], rtol=1e-10)


def test_noise_in_any_form(rng):
    logits, targets, weights = rng.normal(size=(6, 5)), rng.integers(0, 5, 6), rng.random(5)
    results = [
        NCELoss(noise, 4, random_state=1)(logits, targets)
        for noise in (weights, weights.tolist(), AliasSampler(weights))
    ]
    for value, dy in results[1:]:
        assert value == results[0][0]
        np.testing.assert_array_equal(dy, results[0][1])


def test_draws_anew_at_each_call(rng):
    loss = NCELoss(np.ones(1000), 3, random_state=0)
    logits, targets = np.zeros((2, 1000)), np.array([1, 2])
    assert (loss(logits, targets)[1] != loss(logits, targets)[1]).any()


def test_draws_follow_the_noise():
    noise = np.array([0.5, 0.3, 0.2, 0.0])
    words = NCELoss(noise, 10, random_state=0).draw(np.full(3000, 3))
    assert (words[:, 0] == 3).all()
    counts = np.bincount(words[:, 1:].ravel(), minlength=4)
    chi_square = ((counts[:3] - 30_000 * noise[:3]) ** 2 / (30_000 * noise[:3])).sum()
    assert counts[3] == 0
    assert chi_square < 13.8  # exceeded once in a thousand


def test_learns_the_distribution_normalised(rng):
    """What Gutmann & Hyvarinen prove: at the minimum the scores are log-probabilities."""
    p, noise = np.array([0.5, 0.25, 0.15, 0.07, 0.03]), np.array([0.1, 0.2, 0.3, 0.2, 0.2])
    words = np.repeat(np.arange(5), (200 * p).astype(int))
    scores, loss = Parameter("scores", np.zeros(5)), NCELoss(noise, 20, random_state=0)
    optimizer = SGD([scores], lr=lambda step, loss=None: 2.0 / (1 + step / 50))
    for _ in range(300):
        optimizer.zero_grad()
        scores.grad += loss(np.tile(scores.value, (len(words), 1)), words)[1].sum(axis=0)
        optimizer.step()
    np.testing.assert_allclose(np.exp(scores.value), p, rtol=0.05)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_scores(dtype):
    scores = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    value, cache = functional.nce(scores, np.full(2, 0.5, dtype))
    assert value == pytest.approx(1e4, rel=1e-3)
    np.testing.assert_array_equal(cache.gradient, [[0, 0], [-0.5, 0.5]])
    value, cache = functional.nce(np.zeros((1, 2), dtype), np.array([0, 1], dtype))  # noise that never gives the word
    assert value == pytest.approx(np.log(2))
    np.testing.assert_array_equal(cache.gradient, [[0, 0.5]])


def test_an_empty_batch():
    value, dy = NCELoss(np.ones(3), 2)(np.zeros((0, 3)), np.zeros(0, int))
    assert value == 0
    assert dy.shape == (0, 3)


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, rng):
    stays_float32(functional.nce, rng.normal(size=(5, 4)), rng.random((5, 4)))
    stays_float32(functional.nce, rng.normal(size=(5000, 40)), rng.random((5000, 40)))
    changes_nothing(functional.nce, rng.normal(size=(5, 4)), rng.random((5, 4)))
    logits = rng.normal(size=(3, 6)).astype(np.float32)
    logits.flags.writeable = False
    assert NCELoss(np.ones(6), 2)(logits, [0, 1, 2])[1].dtype == np.float32


MUTANTS = [
    (module.nce, "gradient[:, 0] *= -1", "pass", "sign of the data"),
    (module.nce, "gradient /= n\n", "pass\n", "missing 1/n"),
    (module.nce, "np.exp(log_odds - softplus)", "np.exp(log_odds)", "not normalised"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    mutant_is_caught(function, old, new, inputs=[rng.normal(size=(4, 3))], **op_with(rng.random((4, 3))))


def test_a_repeated_word_gets_the_sum(mutant_is_caught, rng):
    old = "np.add.at(dy, (np.arange(len(words))[:, None], words), cache.gradient)"
    new = "np.put_along_axis(dy, words, cache.gradient, axis=1)"
    loss = SameDraws(NCELoss(np.ones(3), 6, random_state=0))
    mutant_is_caught(NCELoss.__call__, old, new, loss, [rng.normal(size=(4, 3)), np.array([0, 1, 2, 2])])


def test_bad_inputs():
    loss = NCELoss(np.ones(3), 2)
    for targets, error, message in [
        ([0, 3], ValueError, "got 3"),
        ([0, -1], ValueError, "got -1"),
        ([0], ValueError, "shape"),
        ([0.0, 1.0], TypeError, "integers"),
    ]:
        with pytest.raises(error, match=message):
            loss(np.zeros((2, 3)), targets)
    for logits in (np.zeros((2, 4)), np.zeros(3), np.zeros((2, 1, 3))):
        with pytest.raises(ValueError, match="logits"):
            loss(logits, [0, 1])
    with pytest.raises(ValueError, match="scores"):
        functional.nce(np.zeros((2, 1)), np.ones(1))
    for noise in (-np.ones(2), 2 * np.ones(2), np.full(2, np.nan)):
        with pytest.raises(ValueError, match="noise must be"):
            functional.nce(np.zeros((2, 2)), noise)
    with pytest.raises(ValueError, match="broadcast"):
        functional.nce(np.zeros((2, 2)), np.full(3, 0.1))
    with pytest.raises(ValueError, match="n_negatives"):
        NCELoss(np.ones(3), 0)
    with pytest.raises(ValueError, match="p must"):
        NCELoss(-np.ones(3), 1)
