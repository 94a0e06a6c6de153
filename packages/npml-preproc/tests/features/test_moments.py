import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from npml_preproc.features import moments as module
from npml_preproc.features.moments import merged, moments

NUMBERS = arrays(np.float64, (6, 2), elements=st.floats(-100, 100) | st.just(np.nan))
WEIGHTS = arrays(np.float64, 6, elements=st.floats(0.125, 2))


def naive(X, w):
    """Column by column, from the definition."""
    found = []
    for x in X.T:
        there = ~np.isnan(x)
        n = w[there].sum()
        mean = (w[there] @ x[there]) / n if n else np.nan
        found.append((n, mean, np.sqrt(w[there] @ (x[there] - mean) ** 2 / n) if n else np.nan))
    return np.array(found).T


@given(NUMBERS, WEIGHTS)
def test_equals_the_definition(X, w):
    for data in (X, sparse.csr_matrix(X)):
        np.testing.assert_allclose(moments(data, w), naive(X, w), rtol=1e-12, atol=1e-12)


@given(NUMBERS, WEIGHTS, st.integers(1, 5))
def test_parts_merge_to_the_whole(X, w, cut):
    parts = merged(moments(X[:cut], w[:cut]), moments(X[cut:], w[cut:]))
    np.testing.assert_allclose(parts, moments(X, w), rtol=1e-12, atol=1e-12)


def test_blocks_change_nothing(monkeypatch):
    X = np.random.default_rng(0).normal(1e4, 2, size=(300, 4))
    X[5, 1] = np.nan
    whole = moments(X, None)
    monkeypatch.setattr(module, "NUMBERS_PER_BLOCK", 1)
    np.testing.assert_allclose(moments(X, None), whole, rtol=1e-12)
    np.testing.assert_allclose(whole[2], np.nanstd(X, axis=0), rtol=1e-12)


@pytest.mark.parametrize("magnitude", [1e-200, 1e200])
def test_nothing_overflows(magnitude):
    X = np.array([[1.0], [2.0], [6.0]]) * magnitude
    for data in (X, sparse.csr_matrix(X)):
        np.testing.assert_allclose(moments(data, None)[2], np.sqrt(14 / 3) * magnitude, rtol=1e-14)
