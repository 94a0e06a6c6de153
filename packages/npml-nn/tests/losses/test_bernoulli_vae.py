import numpy as np
import pytest

from npml_nn import BernoulliVAELoss, functional, gradcheck
from npml_nn.losses import bernoulli_vae as module
from npml_nn.losses.base import get_loss


def example(rng, n=4, image=(3, 2, 1), n_latent=5):
    recon, x = rng.uniform(0.05, 0.95, (n, *image)), rng.integers(0, 2, (n, *image)).astype(float)
    return recon, rng.normal(size=(n, n_latent)), rng.normal(size=(n, n_latent)), x


def op_on(x):
    """The op as a function of what it is differentiated by, and its backward pass."""
    return {
        "layer_or_fn": lambda recon, mean, logvar: module.bernoulli_vae_loss(recon, mean, logvar, x),
        "backward": lambda dy, cache: module.bernoulli_vae_loss_backward(dy, cache),
    }


def test_gradients(rng):
    for n, image, n_latent in [(4, (3, 2, 1), 5), (1, (1,), 1), (3, (4,), 2), (2, (), 1)]:
        recon, mean, logvar, x = example(rng, n, image, n_latent)
        for target in (x, rng.random(x.shape)):
            assert gradcheck(inputs=[recon, mean, logvar], **op_on(target))


def test_is_the_bound_pixel_by_pixel(rng):
    recon, mean, logvar, x = example(rng)
    total = 0.0
    for r, m, s, target in zip(recon, mean, logvar, x):
        total -= sum(np.log(p if t == 1 else 1 - p) for p, t in zip(r.ravel(), target.ravel()))
        total += sum((np.exp(b) + a * a - 1 - b) / 2 for a, b in zip(m, s))
    assert BernoulliVAELoss()((recon, mean, logvar), x)[0] == pytest.approx(total / 4, rel=1e-13)


def test_equals_recorded(recorded):
    r = recorded("losses")
    value, gradients = BernoulliVAELoss()((r["recon"], r["mean"], r["logvar"]), r["x"])
    assert value == pytest.approx(float(r["vae"]), rel=1e-12)
    for name, gradient in zip(("d_recon", "d_mean", "d_logvar"), gradients):
        np.testing.assert_allclose(gradient, r[name], rtol=1e-8)  # torch's 1e-12 is a float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certain_pixels(dtype):
    recon, x = np.array([[0, 0, 1, 1, 1e-30]], dtype), np.array([[0, 1, 0, 1, 0]], dtype)
    code = np.zeros((1, 2), dtype)
    value, (d_recon, d_mean, d_logvar) = BernoulliVAELoss()((recon, code, code), x)
    assert value == pytest.approx(200)
    assert np.isfinite(d_recon).all()
    np.testing.assert_array_equal(d_recon[0, [0, 3]], 0)
    assert d_recon[0, 1] < -1e11
    assert d_recon[0, 2] > 1e11
    assert not d_mean.any()
    assert not d_logvar.any()


def test_extreme_codes():
    recon, x = np.full((1, 1), 0.5), np.ones((1, 1))
    code, huge = np.zeros((1, 1)), np.full((1, 1), 1e4)
    assert BernoulliVAELoss()((recon, code, -huge), x)[0] == pytest.approx(np.log(2) + (1e4 - 1) / 2)
    assert BernoulliVAELoss()((recon, code, huge), x)[0] == np.inf
    small = np.full((1, 1), 1e-9)
    divergence = BernoulliVAELoss()((recon, 0 * code, small), x)[0] - np.log(2)
    assert 0 <= divergence < 1e-15


def test_an_empty_batch():
    value, (d_recon, d_mean, d_logvar) = BernoulliVAELoss()(
        (np.zeros((0, 3)), np.zeros((0, 2)), np.zeros((0, 2))), np.zeros((0, 3))
    )
    assert value == 0
    assert d_recon.shape == (0, 3)
    assert d_mean.shape == d_logvar.shape == (0, 2)


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, rng):
    stays_float32(functional.bernoulli_vae_loss, *example(rng))
    stays_float32(functional.bernoulli_vae_loss, *example(rng, 100, (30, 30, 1)))
    changes_nothing(functional.bernoulli_vae_loss, *example(rng))


MUTANTS = [
    (module.bernoulli_vae_loss_backward, "recon - x", "x - recon", "sign"),
    (module.bernoulli_vae_loss_backward, "d_recon *= share", "pass", "missing 1/n"),
    (module.bernoulli_vae_loss_backward, "d_recon /= ", "", "division by the variance dropped"),
    (module.bernoulli_vae_loss_backward, "mean * share", "mean * share / 2", "a half too much"),
    (module.bernoulli_vae_loss_backward, "np.expm1(logvar)", "np.exp(logvar)", "dropped term"),
    (module.bernoulli_vae_loss_backward, "share / 2", "share", "missing half"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    *inputs, x = example(rng)
    mutant_is_caught(function, old, new, inputs=inputs, **op_on(x))


def test_bad_inputs(rng):
    recon, mean, logvar, x = example(rng)
    loss = BernoulliVAELoss()
    for bad in (x + 0.5, x - 0.5, np.full_like(x, np.nan), np.full_like(x, np.inf)):
        with pytest.raises(ValueError, match="x must lie"):
            loss((recon, mean, logvar), bad)
        with pytest.raises(ValueError, match="recon must lie"):
            loss((bad, mean, logvar), x)
    with pytest.raises(ValueError, match="shape of recon"):
        loss((recon, mean, logvar), x[1:])
    with pytest.raises(ValueError, match="mean and logvar"):
        loss((recon, mean, logvar[:, 1:]), x)
    with pytest.raises(ValueError, match="mean and logvar"):
        loss((recon, mean[1:], logvar[1:]), x)
    with pytest.raises(ValueError, match="y_pred"):
        loss(recon, x)
    assert isinstance(get_loss("bernoulli_vae"), BernoulliVAELoss)
