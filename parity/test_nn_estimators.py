"""`NNClassifier` and `NNRegressor` pass scikit-learn's own checks and work in its searches and pipelines."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import npml_core
from npml_nn import MLP, Dense, NNClassifier, NNRegressor, Sequential, softmax

CLASSES = [NNClassifier, NNRegressor]
pytestmark = pytest.mark.usefixtures("no_inheritance_warning")


@pytest.mark.parametrize("cls", CLASSES)
def test_check_estimator(cls, convention):
    convention.passes_sklearns_checks(cls(hidden_sizes=(20,), epochs=30, lr=0.01))


@pytest.mark.parametrize("cls", CLASSES)
def test_unfitted(cls, convention, tmp_path):
    convention.refuses_unknown_parameters(cls)
    convention.saves_copies_and_pickles_unfitted(cls, tmp_path)


@pytest.mark.parametrize("cls", CLASSES)
def test_fitted(cls, convention, tmp_path):
    X, y = load_iris(return_X_y=True)
    estimator = cls(epochs=3, random_state=0).fit(X, y)
    convention.stays_as_it_was_when_a_fit_fails(estimator, X, y)
    convention.answers_the_same_when_loaded(estimator, X, tmp_path)
    convention.forgets_feature_names_in_a_refit(estimator, X, y)
    convention.does_not_write_to_its_input(estimator, X)


def test_search_over_sizes_and_activations():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), NNClassifier(epochs=15, lr=0.02, random_state=0))
    grid = {"nnclassifier__hidden_sizes": [(4,), (16, 8)], "nnclassifier__activation": ["relu", "tanh"]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.93
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_regressor_in_a_pipeline():
    X, y = load_diabetes(return_X_y=True)
    model = make_pipeline(StandardScaler(), NNRegressor(hidden_sizes=(16,), epochs=10, lr=0.01, random_state=0))
    assert cross_val_score(model, X, (y - y.mean()) / y.std(), cv=3).mean() > 0.35


def test_as_accurate_as_sklearns():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = npml_core.train_test_split(X / 16, y, random_state=0)
    ours = NNClassifier(epochs=15, random_state=0).fit(X_train, y_train)
    theirs = MLPClassifier(max_iter=15, batch_size=32, random_state=0, n_iter_no_change=99)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that 15 epochs are few
        theirs.fit(X_train, y_train)
    assert ours.score(X_test, y_test) >= theirs.score(X_test, y_test) - 0.01


def test_own_network():
    def build(n_features, n_outputs):
        return Sequential(Dense(n_features, 12, "gelu", random_state=0), Dense(12, n_outputs, random_state=1))

    X, y = load_iris(return_X_y=True)
    model = clone(NNClassifier(build, epochs=40, lr=0.01, random_state=0)).fit(X.astype(np.float32), y)
    assert model.score(X, y) > 0.9
    assert model.predict_proba(X[:2]).dtype == np.float32
    np.testing.assert_allclose(model.predict_proba(X), softmax(model.model_(X)))
    assert NNClassifier(build, epochs=1).fit(X, y).predict_proba(X[:2]).dtype == np.float64


@pytest.mark.parametrize("cls", CLASSES)
def test_training_goes_on_after_loading_and_private_functions_are_refused(cls, tmp_path):
    X, y = load_iris(return_X_y=True)
    model = cls(epochs=2, random_state=0).fit(X, y)
    npml_core.save(model, tmp_path / "model")
    loaded = npml_core.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.partial_fit(X, y).predict(X), model.partial_fit(X, y).predict(X))
    private = cls(lambda d, k: MLP((d, k)), epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="build_fn"):
        npml_core.save(private, tmp_path / "private")
