from copy import deepcopy

import numpy as np
import pytest

from npml_nn import Conv2D, Dense, Flatten, Residual, Sequential, WGANGPLoss
from npml_nn.layers import dense as dense_module
from npml_nn.losses import wgan_gp as module


def dense_critic():
    shared = Dense(5, 5, "silu", dtype=np.float64, random_state=1)
    first, last = (Dense(*sizes, a, dtype=np.float64, random_state=2) for *sizes, a in [(3, 5, "tanh"), (5, 1, None)])
    return Sequential(first, shared, Residual(shared), last), (3,)


def convolutional_critic():
    conv = Conv2D(2, 3, 3, stride=2, padding=1, activation="tanh", dtype=np.float64, random_state=0)
    return Sequential(conv, Flatten(), Dense(12, 1, dtype=np.float64, random_state=1)), (4, 3, 2)


CRITICS = [dense_critic, convolutional_critic]


def value_of(critic, real, fake, between, lambda_):
    """The objective by its definition, its input gradient by central differences."""

    def score(x):
        return deepcopy(critic).forward(x).ravel()

    g = np.zeros_like(between)
    for i in np.ndindex(between.shape[1:]):
        step = np.zeros(between.shape)
        step[(slice(None), *i)] = 1e-4
        g[(slice(None), *i)] = (score(between + step) - score(between - step)) / 2e-4
    norm = np.sqrt((g.reshape(len(g), -1) ** 2).sum(axis=1))
    return score(fake).mean() - score(real).mean() + lambda_ * ((norm - 1) ** 2).mean()


def check_against_differences(make, rng, lambda_=2.0):
    critic, shape = make()
    real, fake = rng.normal(size=(4, *shape)), rng.normal(size=(4, *shape))
    share = np.random.default_rng(5).random(4).reshape(4, *[1] * len(shape))
    between = share * real + (1 - share) * fake
    value = WGANGPLoss(lambda_, random_state=5)(critic, real, fake)
    assert value == pytest.approx(value_of(critic, real, fake, between, lambda_), rel=1e-6)
    for name, array in critic.params.items():
        for i in rng.permutation(array.size)[:3]:
            where, before = np.unravel_index(i, array.shape), array.flat[i]
            array[where] = before + 1e-4
            above = value_of(critic, real, fake, between, lambda_)
            array[where] = before - 1e-4
            below = value_of(critic, real, fake, between, lambda_)
            array[where] = before
            np.testing.assert_allclose(critic.grads[name][where], (above - below) / 2e-4, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", CRITICS)
def test_gradients_against_differences(make, rng):
    check_against_differences(make, rng)


MUTANTS = [
    (WGANGPLoss._penalise, "2 * self.lambda_ / len(g)", "self.lambda_ / len(g)", "missing factor 2"),
    (WGANGPLoss._penalise, "2 * self.lambda_ / len(g)", "2 * self.lambda_", "missing 1/n"),
    (WGANGPLoss._penalise, "* (norm - 1) *", "* (1 - norm) *", "sign of the penalty"),
    (WGANGPLoss._penalise, "critic.double_backward(", "critic.double_backward(0 * ", "penalty dropped"),
    (WGANGPLoss._penalise, "np.zeros_like(scores)", "np.ones_like(scores)", "the last backward pass not from zero"),
    (module._pull, "np.full_like(scores, sign / len(scores))", "np.full_like(scores, sign)", "missing 1/n"),
    (module._pull, "np.full_like(scores, sign / len(scores))", "np.full_like(scores, 1 / len(scores))", "sign"),
    (dense_module.dense_double_backward, "ddrows.T @ drows", "0 * ddrows.T @ drows", "the layer's own second term"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, rng, monkeypatch, mutate):
    owner, mutant = mutate(function, old, new)
    monkeypatch.setattr(owner, function.__name__, mutant)
    with pytest.raises(AssertionError):
        check_against_differences(dense_critic, rng)


def test_equals_recorded(recorded):
    r = recorded("losses")
    critic = Sequential(
        Dense(3, 5, "tanh", dtype=np.float64), Dense(5, 5, "silu", dtype=np.float64), Dense(5, 1, dtype=np.float64)
    )
    names = ["0.W", "0.b", "1.W", "1.b", "2.W", "2.b"]
    critic.load_state_dict({name: r[f"weight{i}"] for i, name in enumerate(names)})

    class Drawn:
        def random(self, n):
            return r["share"].reshape(n)

    loss = WGANGPLoss()
    loss.rng = Drawn()
    assert loss(critic, r["real"], r["fake"]) == pytest.approx(float(r["wgan"]), rel=1e-12)
    for i, name in enumerate(names):
        np.testing.assert_allclose(critic.grads[name], r[f"d_weight{i}"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("make", CRITICS)
def test_generator(make, rng):
    critic, shape = make()
    fake = rng.normal(size=(4, *shape))
    value, d_fake = WGANGPLoss().generator(critic, fake)
    assert value == pytest.approx(-critic.forward(fake).mean())
    for i in rng.permutation(fake.size)[:5]:
        step = np.zeros(fake.shape)
        step.flat[i] = 1e-5
        above, below = (-critic.forward(fake + sign * step).mean() for sign in (1, -1))
        np.testing.assert_allclose(d_fake.flat[i], (above - below) / 2e-5, rtol=1e-5, atol=1e-8)
    assert not any(g.any() for g in critic.grads.values())


def test_generator_leaves_freezing_as_it_was(rng):
    critic, shape = convolutional_critic()
    critic.layers[0].freeze()
    WGANGPLoss().generator(critic, rng.normal(size=(2, *shape)))
    assert critic.layers[0].frozen
    assert not critic.frozen
    assert not critic.layers[2].frozen
    assert not critic._tape


def test_gradients_accumulate_and_frozen_layers_pass(rng):
    critic, shape = convolutional_critic()
    real, fake = rng.normal(size=(3, *shape)), rng.normal(size=(3, *shape))
    WGANGPLoss(random_state=0)(critic, real, fake)
    once = {name: g.copy() for name, g in critic.grads.items()}
    WGANGPLoss(random_state=0)(critic, real, fake)
    for name, g in critic.grads.items():
        np.testing.assert_allclose(g, 2 * once[name], rtol=1e-12)
    other, _ = convolutional_critic()
    other.layers[0].freeze()
    WGANGPLoss(random_state=0)(other, real, fake)
    assert not other.grads["0.W"].any()
    np.testing.assert_allclose(other.grads["2.W"], once["2.W"], rtol=1e-12)


def test_a_flat_critic_has_a_penalty_and_no_nan():
    critic = Dense(3, 1, dtype=np.float64, init=lambda shape, random_state=None: np.zeros(shape))
    value = WGANGPLoss(10.0, random_state=0)(critic, np.ones((2, 3)), np.zeros((2, 3)))
    assert value == 10  # |0| - 1, squared
    np.testing.assert_array_equal(critic.grads["W"], -np.ones((3, 1)))  # of the scores alone


def test_no_penalty(rng):
    critic, _ = dense_critic()
    real, fake = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    assert WGANGPLoss(0)(critic, real, fake) == pytest.approx(critic(fake).mean() - critic(real).mean())


def test_first_layers_without_input_gradients_are_asked_for_one(rng):
    critic, shape = convolutional_critic()
    expected = WGANGPLoss(random_state=0)(critic, *(x := rng.normal(size=(2, 3, *shape))))
    other, _ = convolutional_critic()
    other.input_gradient = False
    assert WGANGPLoss(random_state=0)(other, *x) == expected
    for name, g in critic.grads.items():
        np.testing.assert_allclose(other.grads[name], g, rtol=1e-12)


def test_float32_and_inputs_untouched(rng):
    critic = dense_critic()[0].astype(np.float32)
    real, fake = (rng.normal(size=(4, 3)).astype(np.float32) for _ in range(2))
    copies = real.copy(), fake.copy()
    for array in (real, fake):
        array.flags.writeable = False
    value = WGANGPLoss(random_state=0)(critic, real, fake)
    _, d_fake = WGANGPLoss().generator(critic, fake)
    assert isinstance(value, float)
    assert d_fake.dtype == np.float32
    np.testing.assert_array_equal(copies, (real, fake))
    wide, _ = dense_critic()
    assert value == pytest.approx(WGANGPLoss(random_state=0)(wide, real, fake), rel=1e-5)
    for name, g in critic.grads.items():
        np.testing.assert_allclose(g, wide.grads[name], rtol=1e-3, atol=1e-5)


def test_bad_inputs(rng):
    critic, _ = dense_critic()
    for real, fake in [(np.zeros((3, 3)), np.zeros((2, 3))), (np.zeros((0, 3)), np.zeros((0, 3))), (1.0, 1.0)]:
        with pytest.raises(ValueError, match="real and fake"):
            WGANGPLoss()(critic, real, fake)
    with pytest.raises(ValueError, match="one score"):
        WGANGPLoss()(Dense(3, 2), np.zeros((4, 3)), np.zeros((4, 3)))
    with pytest.raises(ValueError, match="lambda_"):
        WGANGPLoss(-1)
    with pytest.raises(RuntimeError, match="eval"):
        WGANGPLoss()(critic.eval(), np.zeros((4, 3)), np.zeros((4, 3)))
