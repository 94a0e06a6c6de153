"""BernoulliVAE: shapes of all kinds, gradients, a bound that training raises, bad input, saving."""

from copy import deepcopy

import numpy as np
import pytest

from npml_core import load, save
from npml_nn import BernoulliVAE, BernoulliVAELoss, gradcheck


@pytest.fixture(scope="module")
def bars():
    """(N, 6, 5) images of a vertical or a horizontal bar."""
    rng = np.random.default_rng(0)
    X, vertical = np.zeros((300, 6, 5)), rng.random(300) < 0.5
    X[vertical, :, rng.integers(5, size=vertical.sum())] = 1
    X[~vertical, rng.integers(6, size=(~vertical).sum())] = 1
    return X


@pytest.fixture(scope="module")
def fitted(bars):
    return BernoulliVAE((6, 5), n_latent=4, random_state=0).fit(bars, epochs=40, batch_size=50, lr=5e-3)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 6, 3), (7, 4), (8, 8, 1), (9, 13), (28, 28)])
def test_every_image_shape_comes_back(shape, rng):
    model = BernoulliVAE(shape, n_latent=3, random_state=0)
    X = rng.random((2, *shape))
    recon, mean, logvar = model(X)
    assert recon.shape == X.shape and mean.shape == logvar.shape == (2, 3)
    assert recon.dtype == mean.dtype == np.float32
    assert model.reconstruct(X.reshape(2, -1)).shape == model.sample(2).shape == X.shape


def test_gradients(rng):
    model = BernoulliVAE((2, 3), n_latent=2, random_state=0).astype(np.float64).eval()
    x = rng.random((1, 2, 3))
    assert gradcheck(model, [x])


def test_gradient_through_the_drawn_code(rng):
    """In training the same draw is repeated, so that finite differences see one function."""
    model, x = BernoulliVAE((4, 4), 2, dtype=np.float64, random_state=0), rng.random((5, 4, 4))
    start, loss = deepcopy(model.rng), BernoulliVAELoss()

    def value():
        model.rng = deepcopy(start)
        return loss(model(x), x)

    model.backward(value()[1])
    for name in ("encoder.3.W", "encoder.0.W", "decoder.0.b"):
        W, h = model.params[name].reshape(-1), 1e-6
        before, W[0] = W[0], W[0] + h
        above, W[0] = value()[0], before - h
        below, W[0] = value()[0], before
        assert model.grads[name].flat[0] == pytest.approx((above - below) / (2 * h), rel=1e-5, abs=1e-8)


def test_training_raises_the_bound(fitted, bars):
    """Pixels taken one by one have an entropy of 14 nats; who sees whole bars needs fewer (at best log 11 = 2.4)."""
    losses = fitted.history["loss"]
    assert len(losses) == 40 and losses[-1] < 0.5 * losses[0]
    assert -fitted.elbo(bars, random_state=0) < 9
    wrong = (fitted.reconstruct(bars) > 0.5) != bars
    assert wrong.mean() < 0.08  # of 0.18 that are on


def test_bound_is_below_the_likelihood(fitted):
    """exp(elbo) of all 2^30 images would sum to at most 1; of the eleven there are, it certainly must."""
    images = np.concatenate([np.repeat(np.eye(5)[:, None], 6, axis=1), np.repeat(np.eye(6)[:, :, None], 5, axis=2)])
    bounds = [fitted.elbo(image[None].repeat(200, axis=0), random_state=0) for image in images]
    assert np.exp(bounds).sum() < 1


def test_same_seed_same_model(bars):
    a, b = (BernoulliVAE((6, 5), 2, random_state=3).fit(bars, epochs=2) for _ in range(2))
    assert a.history == b.history
    np.testing.assert_array_equal(a.sample(3), b.sample(3))
    np.testing.assert_array_equal(a.sample(2, random_state=1), a.sample(2, random_state=1))


def test_goes_on_where_it_ended(bars):
    model = BernoulliVAE((6, 5), 2, random_state=0).fit(bars, epochs=2)
    before = model.history["loss"][-1]
    model.fit(bars, epochs=2)
    assert len(model.history["loss"]) == 4 and model.history["loss"][2] < before


def test_saves(fitted, bars, tmp_path):
    save(fitted, tmp_path / "vae")
    copy = load(tmp_path / "vae")
    np.testing.assert_array_equal(copy.reconstruct(bars), fitted.reconstruct(bars))
    assert copy.history == fitted.history and copy.image_shape == (6, 5)


def test_failed_fit_changes_nothing(bars):
    model = BernoulliVAE((6, 5), 2, random_state=0)
    before = {name: array.copy() for name, array in model.params.items()}
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="lr="):
        model.fit(bars, epochs=20, lr=1e30)
    for name, array in model.params.items():
        np.testing.assert_array_equal(array, before[name])
    assert model.history == {"loss": []}


def test_verbose(bars, capsys):
    BernoulliVAE((6, 5), 2).fit(bars, epochs=1, verbose=1)
    assert "BernoulliVAE" in capsys.readouterr().err


def test_bad_input(fitted, bars):
    for arguments in [((6,), 2), (6, 2), ((6, 0), 2), ((6, 5), 0), ((6, 5, 1, 1), 2)]:
        with pytest.raises(ValueError, match=r"image_shape|n_latent"):
            BernoulliVAE(*arguments)
    for X in (bars[:, :5], bars[:0], bars * 2, bars - 1, bars * np.nan):
        with pytest.raises(ValueError, match="X must"):
            fitted.fit(X)
    with pytest.raises(ValueError, match="epochs"):
        fitted.fit(bars, epochs=0)
    with pytest.raises(ValueError, match="z must"):
        fitted.decode(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="n must"):
        fitted.sample(0)
