"""WGANGP: modes that are all found, scales that do not matter, determinism, bad input, saving."""

import numpy as np
import pytest

from npml_core import NotFittedError, load, save
from npml_nn import WGANGP

SMALL = {"n_latent": 2, "n_hidden": 16, "n_critic": 2, "epochs": 3, "batch_size": 32}


def mixture(centers, n, rng, spread=0.1):
    centers = np.asarray(centers, float)
    return centers[rng.integers(len(centers), size=n)] + spread * rng.normal(size=(n, centers.shape[1]))


@pytest.fixture(scope="module")
def fitted():
    X = mixture([[-2, 0], [2, 0], [0, 2]], 500, np.random.default_rng(0))
    return WGANGP(2, **SMALL, random_state=0).fit(X), X


def test_finds_all_three_modes():
    centers = 2 * np.array([[-1, 0], [1, 0], [0, 1]])
    X = mixture(centers, 640, np.random.default_rng(0))
    model = WGANGP(2, n_latent=2, n_hidden=32, n_critic=2, lr=4e-3, epochs=35, batch_size=64, random_state=0).fit(X)
    distance = np.linalg.norm(model.sample(1000)[:, None] - centers, axis=2)
    near = np.bincount(distance.argmin(axis=1)[distance.min(axis=1) < 0.5], minlength=3)
    assert near.sum() > 600 and near.min() > 100


@pytest.mark.long
@pytest.mark.parametrize("centers", ["ring", "grid"])
def test_finds_all_modes_of_the_textbook_mixtures(centers):
    angle = np.arange(8) * np.pi / 4
    centers = {
        "ring": 2 * np.column_stack([np.cos(angle), np.sin(angle)]),
        "grid": np.stack(np.meshgrid(*[np.arange(-2.0, 3.0)] * 2), axis=-1).reshape(-1, 2),
    }[centers]
    X = mixture(centers, 5120, np.random.default_rng(0), spread=0.05)
    options = {"n_hidden": 128, "n_critic": 2, "lr": 2e-3, "epochs": 200, "batch_size": 128, "lambda_": 0.1}
    model = WGANGP(2, **options, random_state=0).fit(X)
    distance = np.linalg.norm(model.sample(5000)[:, None] - centers, axis=2)
    near = np.bincount(distance.argmin(axis=1)[distance.min(axis=1) < 0.25], minlength=len(centers))
    assert near.sum() > 0.75 * 5000 and near.min() > 0.4 * 5000 / len(centers)


def test_units_do_not_matter(fitted):
    model, X = fitted
    other = WGANGP(2, **SMALL, random_state=0).fit(1000 * X + 5000)
    a, b = model.sample(50, random_state=1), other.sample(50, random_state=1)
    np.testing.assert_allclose((b - 5000) / 1000, a, atol=0.02)


def test_history_and_shapes(fitted):
    model, X = fitted
    assert {name: len(values) for name, values in model.history.items()} == {"critic": 3, "generator": 3}
    sample = model.sample(7)
    assert sample.shape == (7, 2) and sample.dtype == np.float32
    assert model.score_samples(X).shape == (500,)


def test_constant_data_and_short_data():
    X = np.full((5, 3), 7.0)
    sample = WGANGP(3, **SMALL, random_state=0).fit(X).sample(4)
    assert np.isfinite(sample).all()


def test_same_seed_same_samples(fitted):
    model, X = fitted
    again = WGANGP(2, **SMALL, random_state=0).fit(X)
    np.testing.assert_array_equal(model.sample(5, random_state=2), again.sample(5, random_state=2))
    assert model.history == again.history


def test_saves(fitted, tmp_path):
    model, X = fitted
    save(model, tmp_path / "wgan")
    copy = load(tmp_path / "wgan")
    np.testing.assert_array_equal(copy.score_samples(X), model.score_samples(X))
    np.testing.assert_array_equal(copy.sample(5), model.sample(5))  # the generators went on from the same state


def test_failed_fit_changes_nothing(fitted):
    model, X = fitted
    before = model.sample(5, random_state=0)
    for wrong in (X[:, :1], np.full_like(X, np.nan)):
        with pytest.raises(ValueError, match="X"):
            model.fit(wrong)
    np.testing.assert_array_equal(model.sample(5, random_state=0), before)


def test_divergence_is_an_error(fitted):
    _, X = fitted
    model = WGANGP(2, **SMALL | {"lr": 1e30, "random_state": 0})
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="lr="):
        model.fit(X)
    with pytest.raises(NotFittedError):
        model.sample(1)


def test_verbose(fitted, capsys):
    WGANGP(2, **SMALL | {"epochs": 1}).fit(fitted[1], verbose=1)
    assert "WGANGP" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["n_features", "n_latent", "n_hidden", "n_critic", "epochs", "batch_size"])
def test_bad_sizes(name):
    with pytest.raises(ValueError, match=name):
        WGANGP(**{"n_features": 2, name: 0})


def test_not_fitted():
    with pytest.raises(NotFittedError):
        WGANGP(2).sample(1)
    with pytest.raises(ValueError, match="lr"):
        WGANGP(2, lr=-1)
