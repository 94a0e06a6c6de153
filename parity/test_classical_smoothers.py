"""Neighbours, PCA, Gaussian processes and kernel regression against scikit-learn and statsmodels."""

import numpy as np
import pytest
import sklearn.decomposition
import sklearn.gaussian_process as sg
import sklearn.gaussian_process.kernels as their_kernels
import sklearn.neighbors
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from statsmodels.nonparametric.kernel_regression import KernelReg

import npml_classical.kernels as our_kernels
from npml_classical import (
    PCA,
    GaussianProcessRegressor,
    KernelRegression,
    KNeighborsClassifier,
    KNeighborsRegressor,
)

rng = np.random.default_rng(0)
DIGITS = load_digits(return_X_y=True)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "cosine"])
def test_neighbors_of_random_points(weights, metric):
    X, Q, y = rng.normal(size=(500, 5)), rng.normal(size=(100, 5)), rng.integers(0, 3, 500)
    ours = KNeighborsClassifier(7, weights=weights, metric=metric).fit(X, y)
    theirs = sklearn.neighbors.KNeighborsClassifier(7, weights=weights, metric=metric, algorithm="brute").fit(X, y)
    for mine, other in zip(ours.kneighbors(Q), theirs.kneighbors(Q)):
        np.testing.assert_allclose(mine, other, rtol=1e-8)
    np.testing.assert_allclose(ours.predict_proba(Q), theirs.predict_proba(Q), rtol=1e-7)
    regressor = KNeighborsRegressor(4, weights=weights, metric=metric).fit(X, X[:, :2])
    peer = sklearn.neighbors.KNeighborsRegressor(4, weights=weights, metric=metric, algorithm="brute").fit(X, X[:, :2])
    np.testing.assert_allclose(regressor.predict(Q), peer.predict(Q), rtol=1e-7)


@pytest.mark.parametrize("algorithm", ["brute", "ball_tree"])
def test_neighbors_of_digits(algorithm):
    X, y = DIGITS
    ours = KNeighborsClassifier(5, algorithm=algorithm).fit(X[:1200], y[:1200])
    theirs = sklearn.neighbors.KNeighborsClassifier(5).fit(X[:1200], y[:1200])
    np.testing.assert_allclose(ours.kneighbors(X[1200:])[0], theirs.kneighbors(X[1200:])[0], rtol=1e-9)
    assert ours.score(X[1200:], y[1200:]) == pytest.approx(theirs.score(X[1200:], y[1200:]), abs=0.004)  # ties


@pytest.mark.parametrize("data", [load_iris, load_wine, load_breast_cancer, load_diabetes], ids=lambda f: f.__name__)
@pytest.mark.parametrize("n_components", [None, 2, 0.9])
@pytest.mark.parametrize("whiten", [False, True])
def test_pca(data, n_components, whiten):
    X = data().data
    ours = PCA(n_components, whiten=whiten).fit(X)
    theirs = sklearn.decomposition.PCA(n_components, whiten=whiten, svd_solver="full").fit(X)
    assert ours.n_components_ == theirs.n_components_
    np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=1e-8)
    np.testing.assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_, rtol=1e-8)
    np.testing.assert_allclose(ours.singular_values_, theirs.singular_values_, rtol=1e-8)
    np.testing.assert_allclose(ours.components_, theirs.components_, atol=1e-7)
    np.testing.assert_allclose(ours.mean_, theirs.mean_, rtol=1e-12)
    np.testing.assert_allclose(ours.noise_variance_, theirs.noise_variance_, rtol=1e-8, atol=1e-12)
    scale = np.abs(theirs.transform(X)).max()
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-7 * scale)
    # whitening changes the output and not the model (the peer's covariance scales its components twice)
    plain = sklearn.decomposition.PCA(n_components, svd_solver="full").fit(X)
    np.testing.assert_allclose(ours.get_covariance(), plain.get_covariance(), rtol=1e-7, atol=1e-9 * X.var())
    if data is not load_breast_cancer:  # its precision is beyond the digits of either side
        np.testing.assert_allclose(ours.score(X), plain.score(X), rtol=1e-6)


KERNELS = [
    lambda k: 2.0 * k.RBF(0.7) + k.WhiteKernel(0.1),
    lambda k: k.Matern([0.7, 2.0], nu=0.5) + k.WhiteKernel(0.1),
    lambda k: k.Matern(1.0, nu=2.5) * k.ConstantKernel(1.0),
    lambda k: k.Matern(nu=1.5) + k.RBF([1.0, 2.0]),
    lambda k: k.RBF(1.0, "fixed") * k.ConstantKernel(2.0, (1e-2, 1e2)),
]


@pytest.mark.filterwarnings("ignore:The optimal value found for dimension")
@pytest.mark.parametrize("make", KERNELS)
@pytest.mark.parametrize("scaled", [False, True])
def test_gaussian_process(make, scaled):
    X, Q = rng.normal(size=(60, 2)), rng.normal(size=(20, 2))
    y = np.sin(2 * X[:, 0]) + 0.1 * rng.normal(size=60) + 3
    ours = GaussianProcessRegressor(make(our_kernels), alpha=1e-2, normalize_y=scaled).fit(X, y)
    theirs = sg.GaussianProcessRegressor(make(their_kernels), alpha=1e-2, normalize_y=scaled).fit(X, y)
    np.testing.assert_allclose(ours.kernel_.theta, theirs.kernel_.theta, rtol=1e-6, atol=1e-6)
    assert ours.log_marginal_likelihood_value_ == pytest.approx(theirs.log_marginal_likelihood_value_, rel=1e-8)
    theta = theirs.kernel_.theta
    for mine, other in zip(
        ours.log_marginal_likelihood(theta, eval_gradient=True),
        theirs.log_marginal_likelihood(theta, eval_gradient=True),
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-8, atol=1e-7)
    ours.kernel_.theta = theta
    for options in ({"return_std": True}, {"return_cov": True}):
        for mine, other in zip(ours.predict(Q, **options), theirs.predict(Q, **options)):
            np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", KERNELS)
def test_kernels(make):
    X, Y = rng.normal(size=(20, 2)), rng.normal(size=(9, 2))
    ours, theirs = make(our_kernels), make(their_kernels)
    np.testing.assert_allclose(ours.theta, theirs.theta, rtol=1e-12)
    np.testing.assert_allclose(ours.bounds, theirs.bounds, rtol=1e-12)
    np.testing.assert_allclose(ours(X, Y), theirs(X, Y), rtol=1e-9)
    for mine, other in zip(ours(X, eval_gradient=True), theirs(X, eval_gradient=True)):
        np.testing.assert_allclose(mine, other, rtol=1e-8, atol=1e-12)


@pytest.mark.filterwarnings("ignore:After 0.17 or January 2028")
def test_kernel_regression():
    X, y, Q = rng.normal(size=(150, 2)), rng.normal(size=150), rng.normal(size=(40, 2))
    theirs = KernelReg(y, X, "cc", reg_type="lc", bw=[0.5, 0.5]).fit(Q)[0]
    np.testing.assert_allclose(KernelRegression(gamma=2.0).fit(X, y).predict(Q), theirs, rtol=1e-8)
