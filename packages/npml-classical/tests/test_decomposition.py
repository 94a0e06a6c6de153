"""PCA against the singular value decomposition, reconstruction, whitening, the probabilistic model."""

import numpy as np
import pytest

from npml_classical import PCA

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 5)) @ rng.normal(size=(5, 5)) + 3


@pytest.mark.parametrize("shape", [(80, 5), (5, 8), (6, 6)])
@pytest.mark.parametrize("solver", ["auto", "full", "covariance_eigh"])
def test_is_the_singular_value_decomposition(shape, solver):
    X = rng.normal(size=shape)
    model = PCA(2, svd_solver=solver).fit(X)
    _, s, V = np.linalg.svd(X - X.mean(axis=0))
    np.testing.assert_allclose(model.singular_values_, s[:2], rtol=1e-8)
    np.testing.assert_allclose(np.abs(np.sum(model.components_ * V[:2], axis=1)), 1.0, rtol=1e-8)
    np.testing.assert_allclose(model.explained_variance_ratio_, (s**2 / (s**2).sum())[:2], rtol=1e-8)
    np.testing.assert_allclose(model.components_[np.arange(2), np.abs(model.components_).argmax(axis=1)] > 0, True)


def test_everything_comes_back():
    model = PCA().fit(X)
    np.testing.assert_allclose(model.inverse_transform(model.transform(X)), X, rtol=1e-9)
    white = PCA(whiten=True).fit(X)
    np.testing.assert_allclose(np.cov(white.transform(X).T), np.eye(5), atol=1e-8)
    np.testing.assert_allclose(white.inverse_transform(white.transform(X)), X, rtol=1e-8)


def test_share_of_the_variance():
    ratios = PCA().fit(X).explained_variance_ratio_
    for share in (0.3, 0.8, 0.999):
        k = PCA(share).fit(X).n_components_
        assert ratios[:k].sum() > share
        assert ratios[: k - 1].sum() <= share


def test_probabilistic_model():
    full = PCA().fit(X)
    np.testing.assert_allclose(full.get_covariance(), np.cov(X.T), rtol=1e-8, atol=1e-10)
    model = PCA(2).fit(X)
    covariance = model.get_covariance()
    np.testing.assert_allclose(model.get_precision() @ covariance, np.eye(5), atol=1e-8)
    difference = X - X.mean(axis=0)
    log_p = -0.5 * (
        5 * np.log(2 * np.pi)
        + np.linalg.slogdet(covariance)[1]
        + np.sum(difference @ np.linalg.inv(covariance) * difference, axis=1)
    )
    np.testing.assert_allclose(model.score_samples(X), log_p, rtol=1e-8)
    assert model.score(X) == pytest.approx(log_p.mean())


def test_small_components_keep_their_digits():
    U, V = np.linalg.qr(rng.normal(size=(500, 3)))[0], np.linalg.qr(rng.normal(size=(3, 3)))[0]
    U = np.linalg.qr(U - U.mean(axis=0))[0]
    s = np.array([1.0, 1e-5, 1e-10])
    np.testing.assert_allclose(PCA().fit((U * s) @ V.T).singular_values_, s, rtol=1e-5)


def test_constant_data_and_names():
    model = PCA(2).fit(np.ones((5, 3)))
    assert (model.explained_variance_ == 0).all()
    assert np.isfinite(model.transform(np.ones((2, 3)))).all()
    assert model.get_feature_names_out().tolist() == ["pca0", "pca1"]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"n_components": 9}, "n_components"), ({"n_components": 1.5}, "n_components"), ({"svd_solver": "fast"}, "svd")],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        PCA(**options).fit(X)


def test_bad_input():
    with pytest.raises(ValueError, match=r"minimum of 2"):
        PCA().fit([[1.0, 2.0]])
    with pytest.raises(ValueError, match="2 components"):
        PCA(2).fit(X).inverse_transform(np.ones((1, 3)))
