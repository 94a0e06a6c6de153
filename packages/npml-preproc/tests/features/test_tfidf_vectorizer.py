import numpy as np
import pytest

import npml_core
from npml_preproc import TfidfVectorizer

TEXTS = ["the cat sat on the mat", "", "a dog and a CAT", "mat"]


def test_tfidf_by_hand():
    X = TfidfVectorizer(norm=None).fit_transform(["aa bb aa", "bb"]).toarray()
    np.testing.assert_allclose(X, [[2 * (np.log(3 / 2) + 1), 1], [0, 1]], rtol=1e-14)
    X = TfidfVectorizer(norm=None, smooth_idf=False, sublinear_tf=True).fit_transform(["aa bb aa", "bb"]).toarray()
    np.testing.assert_allclose(X, [[(np.log(2) + 1) ** 2, 1], [0, 1]], rtol=1e-14)


def test_empty_documents_have_empty_rows():
    X = TfidfVectorizer().fit_transform(TEXTS)
    np.testing.assert_allclose(np.sqrt(X.multiply(X).sum(axis=1)).ravel(), [[1, 0, 1, 1]], atol=1e-15)


def test_without_idf():
    X = TfidfVectorizer(use_idf=False, norm="l1").fit_transform(["aa bb aa"])
    np.testing.assert_allclose(X.toarray(), [[2 / 3, 1 / 3]])


def test_bad_input():
    with pytest.raises(ValueError, match="norm must be"):
        TfidfVectorizer(norm="max").fit(TEXTS)
    with pytest.warns(UserWarning, match="float64 is used"):
        assert TfidfVectorizer(dtype=np.int64).fit_transform(TEXTS).dtype == np.float64
    with pytest.raises(npml_core.NotFittedError):
        TfidfVectorizer(vocabulary=["cat"]).transform(TEXTS)
