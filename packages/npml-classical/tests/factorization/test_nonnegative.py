"""Non-negative factorisation: a falling objective, its optimum, zero rows and columns, sparse data, penalties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import nnls

from npml_classical import NMF
from npml_core import NotFittedError, convergence_warning, load, save


def data(n=30, D=20, K=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.gamma(1.0, size=(n, K)) @ rng.gamma(1.0, size=(K, D)) + 0.05 * rng.random((n, D))


def objective(X, W, H, alpha_W, alpha_H, ratio):
    n, D = X.shape
    value = 0.5 * ((X - W @ H) ** 2).sum()
    for factor, weight in ((W, D * alpha_W), (H, n * alpha_H)):
        value += weight * (ratio * np.abs(factor).sum() + (1 - ratio) * 0.5 * (factor**2).sum())
    return value


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["nndsvd", "nndsvda", "random"]),
    st.integers(1, 5),
    st.sampled_from([(0.0, 0.0, 0.0), (0.01, 0.02, 0.5), (0.0, 0.05, 1.0)]),
    st.integers(0, 99),
)
def test_objective_never_rises(init, K, penalties, seed):
    X, last = data(n=15, D=10, seed=seed), np.inf
    alpha_W, alpha_H, ratio = penalties
    for max_iter in (1, 2, 4, 8, 16):
        model = NMF(
            K,
            init=init,
            alpha_W=alpha_W,
            alpha_H=alpha_H,
            l1_ratio=ratio,
            tol=0.0,
            max_iter=max_iter,
            random_state=seed,
        )
        W = model.fit_transform(X)
        assert W.min() >= 0
        assert model.components_.min() >= 0
        now = objective(X, W, model.components_, *penalties)
        assert now <= last * (1 + 1e-12)
        last = now


@pytest.mark.parametrize("form", [np.array, sparse.csr_matrix, sparse.csc_array])
def test_converged_factors_are_nonnegative_least_squares(form):
    X = data()
    model = NMF(3, tol=1e-9, max_iter=5000)
    W = model.fit_transform(form(X))
    H = model.components_
    np.testing.assert_allclose(W, [nnls(H.T, x)[0] for x in X], atol=1e-4)
    np.testing.assert_allclose(H.T, [nnls(W, x)[0] for x in X.T], atol=1e-4)
    assert model.reconstruction_err_ == pytest.approx(np.linalg.norm(X - W @ H), rel=1e-6)
    np.testing.assert_allclose(model.inverse_transform(W), W @ H)


def test_transform_is_nonnegative_least_squares():
    model = NMF(3, tol=1e-8, max_iter=5000).fit(data())
    new = data(seed=1)
    expected = [nnls(model.components_.T, x)[0] for x in new]
    np.testing.assert_allclose(model.transform(new), expected, atol=1e-4)
    np.testing.assert_allclose(model.transform(sparse.csr_array(new)), model.transform(new), atol=1e-9)


@pytest.mark.parametrize("init", ["nndsvd", "nndsvda", "random"])
@pytest.mark.parametrize("form", [np.array, sparse.csr_matrix])
def test_zero_rows_and_columns_stay_zero(init, form):
    X = data()
    X[3], X[:, 5] = 0.0, 0.0
    model = NMF(3, init=init, random_state=0, tol=1e-7, max_iter=2000)
    W = model.fit_transform(form(X))
    np.testing.assert_allclose(W[3], 0.0, atol=1e-12)
    np.testing.assert_allclose(model.components_[:, 5], 0.0, atol=1e-12)
    np.testing.assert_allclose(model.transform(form(np.zeros((2, 20)))), 0.0, atol=1e-12)


@pytest.mark.parametrize("init", [None, "nndsvd", "random"])
def test_all_zeros(init):
    model = NMF(2, init=init, random_state=0)
    W = model.fit_transform(np.zeros((4, 3)))
    np.testing.assert_array_equal(W @ model.components_, 0.0)


def test_more_components_than_features():
    model = NMF(8, random_state=0, max_iter=3000)
    X = data(n=6, D=5)
    assert np.linalg.norm(X - model.fit_transform(X) @ model.components_) < 0.1 * np.linalg.norm(X)
    with pytest.raises(ValueError, match="init='nndsvd'"):
        NMF(8, init="nndsvd").fit(X)


def test_penalty_on_absolute_values_makes_zeros():
    X = data()
    free = NMF(3, max_iter=2000).fit(X)
    thin = NMF(3, max_iter=2000, alpha_W=0.1, l1_ratio=1.0).fit(X)
    assert (thin.components_ == 0).sum() > (free.components_ == 0).sum()


@pytest.mark.parametrize("scale", [1e-60, 1e60])
def test_units_do_not_matter(scale):
    X = data()
    options = {"init": "random", "random_state": 0, "tol": 0.0, "max_iter": 20}
    here, there = NMF(3, **options), NMF(3, **options)
    W, W_scaled = here.fit_transform(X), there.fit_transform(X * scale)
    np.testing.assert_allclose(W_scaled @ there.components_ / scale, W @ here.components_, rtol=1e-7)


def test_single_precision_stays_single():
    X = data().astype(np.float32)
    model = NMF(3, max_iter=500)
    assert model.fit_transform(X).dtype == model.components_.dtype == np.float32
    assert model.transform(X).dtype == np.float32


def test_too_few_iterations_warn():
    with pytest.warns(convergence_warning(), match="did not converge in 1 iterations"):
        NMF(3, max_iter=1, tol=1e-12).fit(data())


def test_save_and_load_and_untouched_input(tmp_path):
    X = data()
    before = X.copy()
    model = NMF(2, max_iter=1000).fit(X)
    np.testing.assert_array_equal(X, before)
    save(model, tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").transform(X), model.transform(X))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_components", 0),
        ("n_components", 1.5),
        ("max_iter", 0),
        ("tol", -1.0),
        ("alpha_W", -1.0),
        ("alpha_H", "other"),
        ("l1_ratio", 1.5),
        ("init", "best"),
    ],
)
def test_bad_options_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        NMF(**{"n_components": 2, name: value}).fit(data())


def test_bad_data_is_an_error():
    X = data()
    model = NMF(2, max_iter=1000).fit(X)
    for use in (model.fit, model.transform):
        with pytest.raises(ValueError, match="Negative values"):
            use(-X)
        with pytest.raises(ValueError, match="NaN"):
            use(np.where(X > 3, np.nan, X))
    with pytest.raises(ValueError, match="features"):
        model.transform(np.ones((2, 3)))
    with pytest.raises(ValueError, match="components"):
        model.inverse_transform(np.ones((2, 3)))
    with pytest.raises(NotFittedError):
        NMF(2).transform(X)
