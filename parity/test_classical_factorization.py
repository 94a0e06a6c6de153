"""NMF against scikit-learn: the same objective, reached at least as well. ALS against the singular values."""

import numpy as np
import pytest
import sklearn.decomposition as peer
from scipy import sparse
from sklearn.datasets import load_digits

import npml_classical as ours


def objective(X, W, H, alpha, ratio):
    n, D = X.shape
    value = 0.5 * ((X - W @ H) ** 2).sum()
    for factor, weight in ((W, D * alpha), (H, n * alpha)):
        value += weight * (ratio * factor.sum() + (1 - ratio) * 0.5 * (factor**2).sum())
    return value


def random(n=60, D=40, K=4):
    rng = np.random.default_rng(0)
    return rng.gamma(1.0, size=(n, K)) @ rng.gamma(1.0, size=(K, D)) + 0.3 * rng.random((n, D))


@pytest.mark.parametrize("data", ["random", "digits"])
@pytest.mark.parametrize(("alpha", "ratio"), [(0.0, 0.0), (0.01, 0.0), (0.01, 1.0), (0.01, 0.4)])
def test_objective_is_no_worse(data, alpha, ratio):
    X = random() if data == "random" else load_digits().data[:200] / 16
    options = {"n_components": 5, "init": "nndsvda", "alpha_W": alpha, "l1_ratio": ratio, "tol": 1e-5, "max_iter": 3000}
    values = []
    for module in (ours, peer):
        model = module.NMF(**options)
        W = model.fit_transform(X)
        values.append(objective(X, W, model.components_, alpha, ratio))
        assert model.reconstruction_err_ == pytest.approx(np.linalg.norm(X - W @ model.components_), rel=1e-8)
    assert values[0] <= values[1] * 1.02  # the two stop by different rules, on the way to the same optimum


def test_transform_is_sklearns_with_the_same_factors():
    X = random()
    theirs = peer.NMF(4, tol=1e-10, max_iter=20_000, init="nndsvda").fit(X)
    mine = ours.NMF(4, tol=1e-10, max_iter=20_000).fit(X)
    mine.components_ = theirs.components_
    for form in (np.asarray, sparse.csr_matrix):
        np.testing.assert_allclose(mine.transform(form(X)), theirs.transform(form(X)), atol=1e-5)


def test_als_on_full_data_is_the_truncated_decomposition():
    X = load_digits().data[:150]
    theirs = peer.TruncatedSVD(5, algorithm="arpack").fit(X)
    model = ours.ALS(5, alpha=0.0, max_iter=300, tol=1e-13, random_state=0)
    error = np.linalg.norm(X - model.inverse_transform(model.fit_transform(X)))
    expected = np.linalg.norm(X - theirs.inverse_transform(theirs.transform(X)))
    assert error == pytest.approx(expected, rel=1e-6)
