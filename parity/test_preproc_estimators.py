"""The transformers of npml-preproc pass scikit-learn's own checks and work in its pipelines and searches."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import npml_core
import npml_preproc
from npml_preproc import LabelEncoder, MinMaxScaler, OneHotEncoder, StandardScaler, TfidfTransformer, TfidfVectorizer

CLASSES = [
    cls
    for name in npml_preproc.__all__
    if isinstance(cls := getattr(npml_preproc, name), type) and issubclass(cls, npml_core.BaseEstimator)
]
ON_ARRAYS = [StandardScaler, MinMaxScaler, TfidfTransformer]
pytestmark = pytest.mark.usefixtures("no_inheritance_warning")


@pytest.mark.parametrize(
    "estimator",
    [cls() for cls in ON_ARRAYS]
    + [StandardScaler(with_mean=False), OneHotEncoder(), OneHotEncoder(sparse_output=False)],
    ids=repr,
)
def test_check_estimator(estimator):
    from sklearn.utils.estimator_checks import check_estimator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    failed = {r["check_name"]: repr(r["exception"])[:300] for r in results if r["status"] not in ("passed", "skipped")}
    assert not failed
    assert sum(r["status"] == "passed" for r in results) > 30


@pytest.mark.parametrize("cls", CLASSES)
def test_unfitted(cls, convention, tmp_path):
    if cls().get_params():
        convention.refuses_unknown_parameters(cls)
    convention.saves_copies_and_pickles_unfitted(cls, tmp_path)
    assert repr(sklearn.base.clone(cls())) == f"{cls.__name__}()"


@pytest.mark.parametrize("cls", ON_ARRAYS)
def test_fitted(cls, convention, tmp_path):
    X, y = load_iris(return_X_y=True)
    if cls is TfidfTransformer:
        with pytest.raises(ValueError, match="infinity"):
            cls().fit(np.array([[np.inf, 1.0]]))
        return
    estimator = cls().fit(X, y)
    convention.stays_as_it_was_when_a_fit_fails(estimator, X, y)
    convention.answers_the_same_when_loaded(estimator, X, tmp_path)
    convention.forgets_feature_names_in_a_refit(estimator, X, y)
    convention.does_not_write_to_its_input(estimator, X)


def test_columns_of_a_frame():
    frame = pd.DataFrame({"height": [1.0, 2.0, 3.0, 4.0], "colour": ["red", "blue", "red", "green"]})
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["height"]), ("c", OneHotEncoder(sparse_output=False), ["colour"])]
    )
    out = columns.set_output(transform="pandas").fit_transform(frame)
    assert out.columns.tolist() == ["n__height", "c__colour_blue", "c__colour_green", "c__colour_red"]
    np.testing.assert_allclose(out["n__height"], (frame["height"] - 2.5) / np.sqrt(1.25))
    assert out["c__colour_red"].tolist() == [1, 0, 1, 0]


def test_text_in_a_search_whatever_the_output_is_set_to():
    texts = ["good fine great", "great fun good", "bad awful", "awful poor bad"] * 6
    y = np.array([1, 1, 0, 0] * 6)
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    with sklearn.config_context(transform_output="pandas"):
        search = GridSearchCV(pipeline, {"tfidfvectorizer__ngram_range": [(1, 1), (1, 2)]}, cv=3).fit(texts, y)
        assert search.best_score_ == 1
        assert LabelEncoder().fit_transform(["b", "a"]).tolist() == [1, 0]


def test_sample_weight_is_routed():
    X, y = load_iris(return_X_y=True)
    weight = np.arange(len(X), dtype=float)
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        model = LogisticRegression().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(pipeline[0].mean_, np.average(X, axis=0, weights=weight))
