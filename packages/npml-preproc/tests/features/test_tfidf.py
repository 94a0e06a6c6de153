import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from npml_preproc import TfidfTransformer

COUNTS = arrays(np.float64, (4, 3), elements=st.integers(0, 5).map(float))


def naive(X, norm, smooth, sublinear):
    df, n = (X > 0).sum(axis=0), len(X)
    idf = np.array([np.log((n + smooth) / (d + smooth)) + 1 if d + smooth else 0 for d in df])
    X = np.where(X > 0, 1 + np.log(np.maximum(X, 1)), 0) if sublinear else X
    X = X * idf
    norms = np.abs(X).sum(axis=1) if norm == "l1" else np.sqrt((X**2).sum(axis=1))
    return X / np.where(norms == 0, 1, norms)[:, None]


@given(COUNTS, st.sampled_from(["l1", "l2"]), st.booleans(), st.booleans())
def test_equals_the_formula(X, norm, smooth, sublinear):
    model = TfidfTransformer(norm=norm, smooth_idf=smooth, sublinear_tf=sublinear)
    expected = naive(X, norm, smooth, sublinear)
    for data in (X, sparse.csr_matrix(X), sparse.coo_array(X)):
        np.testing.assert_allclose(model.fit_transform(data).toarray(), expected, rtol=1e-12, atol=1e-14)


def test_stored_zeros_are_no_occurrences():
    stored = sparse.csr_matrix((np.array([1.0, 0.0, 2.0]), [0, 1, 1], [0, 2, 3]), shape=(2, 2))
    np.testing.assert_array_equal(TfidfTransformer().fit(stored).idf_, TfidfTransformer().fit(stored.toarray()).idf_)
    assert TfidfTransformer(sublinear_tf=True).fit_transform(stored).nnz == 2
    assert stored.nnz == 3


def test_extreme_counts():
    X = np.array([[1e200, 1e200], [1e-200, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(
        TfidfTransformer(use_idf=False).fit_transform(X).toarray(), [[0.5**0.5] * 2, [1, 0], [0, 0]]
    )


def test_float32_stays():
    model = TfidfTransformer().fit(np.ones((2, 2), np.float32))
    assert model.transform(np.ones((2, 2), np.float32)).dtype == np.float32


def test_bad_input():
    with pytest.raises(ValueError, match="norm must be"):
        TfidfTransformer(norm="l3").fit([[1]])
    with pytest.raises(ValueError, match="counts where sublinear_tf, got -1"):
        TfidfTransformer(sublinear_tf=True).fit_transform([[-1.0, 1.0]])
    with pytest.raises(ValueError, match="X has 1 features, but TfidfTransformer is expecting 2"):
        TfidfTransformer().fit([[1, 2]]).transform([[1]])
