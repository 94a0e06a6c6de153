"""Alternating least squares: falling losses, rows against ridge regressions, missing entries in both forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from npml_classical import ALS
from npml_core import NotFittedError, load, save


def ratings(n=30, D=20, K=3, missing=0.4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, K)) @ rng.normal(size=(K, D)) + 0.1 * rng.normal(size=(n, D))
    X[rng.random((n, D)) < missing] = np.nan
    return X


def as_sparse(X, form=sparse.csr_matrix):
    """Only what is observed is stored."""
    rows, columns = np.nonzero(~np.isnan(X))
    return form(sparse.coo_matrix((X[rows, columns], (rows, columns)), shape=X.shape))


def ridge_rows(X, H, alpha):
    """Each row of W by itself."""
    W = np.zeros((len(X), len(H)))
    for i, x in enumerate(X):
        seen = ~np.isnan(x)
        W[i] = np.linalg.solve(H[:, seen] @ H[:, seen].T + alpha * np.eye(len(H)), H[:, seen] @ x[seen])
    return W


def objective(X, W, H, alpha):
    return np.nansum((X - W @ H) ** 2) + alpha * ((W**2).sum() + (H**2).sum())


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.floats(1e-3, 10.0), st.floats(0.0, 0.8), st.integers(0, 999))
def test_losses_never_rise(K, alpha, missing, seed):
    X = ratings(missing=missing, seed=seed)
    model = ALS(K, alpha=alpha, max_iter=20, random_state=seed)
    W = model.fit_transform(X)
    losses = np.array(model.losses_)
    assert (np.diff(losses) <= 1e-10 * losses[:-1]).all()
    assert losses[-1] == pytest.approx(objective(X, W, model.components_, alpha), rel=1e-10)
    assert model.n_iter_ == len(losses) <= 20


@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_rows_are_ridge_regressions(missing):
    X = ratings(missing=missing)
    model = ALS(3, alpha=0.5, random_state=0).fit(X)
    np.testing.assert_allclose(model.transform(X), ridge_rows(X, model.components_, 0.5), rtol=1e-9, atol=1e-11)
    # at the end the columns are regressions on the rows: H follows from W
    W = model.fit_transform(X)
    np.testing.assert_allclose(model.components_.T, ridge_rows(X.T, W.T, 0.5), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
def test_sparse_equals_nan(form):
    X = ratings()
    dense, thin = ALS(3, random_state=0), ALS(3, random_state=0)
    np.testing.assert_allclose(dense.fit_transform(X), thin.fit_transform(as_sparse(X, form)), rtol=1e-9)
    np.testing.assert_allclose(dense.losses_, thin.losses_, rtol=1e-11)
    np.testing.assert_allclose(dense.transform(X), thin.transform(as_sparse(X, form)), rtol=1e-9)


def test_nothing_missing_is_the_same_in_both_forms():
    X = ratings(missing=0.0)
    dense, thin = ALS(2, random_state=0).fit(X), ALS(2, random_state=0).fit(sparse.csr_matrix(X))
    np.testing.assert_allclose(dense.components_, thin.components_, rtol=1e-8)


def test_stored_zero_is_an_observation_and_nan_in_a_sparse_matrix_is_not():
    X = ratings()
    X[0, :3], X[1, 4] = 0.0, np.nan
    stored = as_sparse(X)
    with_nan = stored.tolil()
    with_nan[1, 4] = np.nan
    assert stored.nnz == (~np.isnan(X)).sum()
    for other in (stored, with_nan.tocsr()):
        np.testing.assert_allclose(
            ALS(2, random_state=0).fit(other).components_, ALS(2, random_state=0).fit(X).components_, rtol=1e-9
        )


def test_missing_entries_are_found_again():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 40))
    X = np.where(rng.random(truth.shape) < 0.5, np.nan, truth)
    model = ALS(2, alpha=1e-6, max_iter=500, tol=1e-12, random_state=0)
    np.testing.assert_allclose(model.inverse_transform(model.fit_transform(X)), truth, atol=1e-3)


def test_rows_and_columns_without_an_entry_are_zero():
    X = ratings()
    X[4], X[:, 7] = np.nan, np.nan
    model = ALS(3, random_state=0)
    W = model.fit_transform(X)
    np.testing.assert_array_equal(W[4], 0.0)
    np.testing.assert_array_equal(model.components_[:, 7], 0.0)


def test_full_data_is_the_soft_thresholded_decomposition():
    """With everything observed the optimum is known: singular values less alpha."""
    X = ratings(missing=0.0)
    model = ALS(3, alpha=2.0, max_iter=2000, tol=1e-14, random_state=0)
    fitted = model.inverse_transform(model.fit_transform(X))
    U, s, V = np.linalg.svd(X, full_matrices=False)
    np.testing.assert_allclose(fitted, (U[:, :3] * np.maximum(s[:3] - 2.0, 0)) @ V[:3], atol=1e-4)


def test_no_penalty_and_more_factors_than_entries():
    X = np.array([[1.0, np.nan, 2.0], [np.nan, 3.0, np.nan]])
    model = ALS(4, alpha=0.0, max_iter=20, random_state=0)
    W = model.fit_transform(X)
    assert np.isfinite(W).all()
    assert model.losses_[-1] < 1e-15


@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_units_do_not_matter_without_a_penalty(scale):
    X = ratings(missing=0.2)
    options = {"alpha": 0.0, "max_iter": 5, "tol": 0.0, "random_state": 0}
    here, there = ALS(2, **options), ALS(2, **options)
    fitted = here.inverse_transform(here.fit_transform(X))
    np.testing.assert_allclose(there.inverse_transform(there.fit_transform(X * scale)) / scale, fitted, rtol=1e-6)


def test_more_starts_are_no_worse():
    X = ratings()
    one, many = (ALS(3, alpha=0.01, max_iter=5, n_init=n, random_state=0).fit(X) for n in (1, 4))
    assert many.losses_[-1] <= one.losses_[-1]


def test_zeros_give_zeros():
    model = ALS(2, random_state=0)
    np.testing.assert_allclose(model.fit_transform(np.zeros((4, 3))) @ model.components_, 0.0, atol=1e-12)


def test_save_and_load_and_untouched_input(tmp_path):
    X = ratings()
    before = X.copy()
    model = ALS(2, random_state=0).fit(X)
    np.testing.assert_array_equal(X, before)
    save(model, tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").transform(X), model.transform(X))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_components", 0),
        ("n_components", 1.5),
        ("max_iter", 0),
        ("n_init", 0),
        ("alpha", -1.0),
        ("alpha", np.nan),
        ("tol", -1.0),
        ("tol", "a"),
    ],
)
def test_bad_options_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        ALS(**{name: value}).fit(ratings())


def test_bad_data_is_an_error():
    with pytest.raises(ValueError, match="observed"):
        ALS().fit(np.full((3, 2), np.nan))
    with pytest.raises(ValueError, match="inf"):
        ALS().fit([[np.inf, 1.0], [1.0, 2.0]])
    with pytest.raises(NotFittedError):
        ALS().transform(ratings())
    model = ALS(2, random_state=0).fit(ratings())
    with pytest.raises(ValueError, match="features"):
        model.transform(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="W must have 2 columns"):
        model.inverse_transform(np.zeros((3, 4)))
