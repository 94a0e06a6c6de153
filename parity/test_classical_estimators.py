"""Every public estimator that takes arrays passes scikit-learn's own checks, and behaves in its tools."""

import copy
import pickle
import warnings

import npml_classical
import npml_core
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

CLASSES = [
    cls
    for name in npml_classical.__all__
    if isinstance(cls := getattr(npml_classical, name), type) and issubclass(cls, npml_core.BaseEstimator)
]
# smaller settings where the default ones make the many fits of the checks slow
QUICK = {
    "GradientBoostingClassifier": {"n_estimators": 10},
    "GradientBoostingRegressor": {"n_estimators": 10},
    "LatentDirichletAllocation": {"max_iter": 5},
    "RandomForestClassifier": {"n_estimators": 20},
    "RandomForestRegressor": {"n_estimators": 20},
}
# those that take documents or sequences of tokens have no two-dimensional arrays to be checked with
ARRAY_ESTIMATORS = [cls for cls in CLASSES if cls().__sklearn_tags__().input_tags.two_d_array]


@pytest.fixture(autouse=True)
def _no_inheritance_warning():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Estimator .* does not inherit from `sklearn.base.BaseEstimator`")
        warnings.filterwarnings("ignore", message="Estimator's parameters changed after set_params raised")
        yield


@pytest.mark.parametrize("cls", ARRAY_ESTIMATORS, ids=lambda cls: cls.__name__)
def test_check_estimator(cls):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks feed data that converges badly on purpose
        results = check_estimator(cls(**QUICK.get(cls.__name__, {})), on_fail=None, on_skip=None)
    failed = {r["check_name"]: repr(r["exception"])[:300] for r in results if r["status"] not in ("passed", "skipped")}
    assert not failed
    assert sum(r["status"] == "passed" for r in results) > 40


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_unknown_parameter_is_an_error(cls):
    estimator = cls()
    before = estimator.get_params()
    with pytest.raises(ValueError, match="no_such_thing"):
        estimator.set_params(no_such_thing=1)
    assert estimator.get_params().keys() == before.keys()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_unfitted_estimator_saves_copies_and_pickles(cls, tmp_path):
    estimator = cls()
    npml_core.save(estimator, tmp_path / "model")
    for other in (npml_core.load(tmp_path / "model"), copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator))):
        assert type(other) is cls
        assert repr(other) == repr(estimator) == f"{cls.__name__}()"


def _fittable(cls):
    tags = cls().__sklearn_tags__()
    return tags.input_tags.two_d_array and not tags.input_tags.positive_only


@pytest.mark.parametrize("cls", [cls for cls in ARRAY_ESTIMATORS if _fittable(cls)], ids=lambda cls: cls.__name__)
class TestFitted:
    """What check_estimator does not notice."""

    @pytest.fixture
    def fitted(self, cls):
        X, y = load_iris(return_X_y=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # convergence is not what is tested here
            estimator = cls(**QUICK.get(cls.__name__, {}))
            if "random_state" in estimator.get_params():
                estimator.set_params(random_state=0)
            return estimator.fit(X[:, :4], y), X, y

    def _answers(self, estimator, X):
        methods = ("predict", "predict_proba", "transform", "score_samples", "decision_function")
        return {m: getattr(estimator, m)(X) for m in methods if hasattr(estimator, m)}

    def test_failed_fit_leaves_the_model_as_it_was(self, cls, fitted):
        estimator, X, y = fitted
        before = self._answers(estimator, X)
        bad = X.copy()
        bad[3, 1] = np.inf
        with pytest.raises(ValueError, match="X"):
            estimator.fit(bad, y)
        for name, answer in self._answers(estimator, X).items():
            np.testing.assert_array_equal(answer, before[name])

    def test_saved_and_loaded_model_answers_the_same(self, cls, fitted, tmp_path):
        estimator, X, _ = fitted
        npml_core.save(estimator, tmp_path / "model")
        before = self._answers(estimator, X)
        for other in (npml_core.load(tmp_path / "model"), pickle.loads(pickle.dumps(estimator))):
            for name, answer in self._answers(other, X).items():
                np.testing.assert_array_equal(answer, before[name])

    def test_feature_names_do_not_outlive_a_refit(self, cls, fitted):
        estimator, X, y = fitted
        frame = pd.DataFrame(X, columns=list("abcd"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimator.fit(frame, y)
            assert estimator.feature_names_in_.tolist() == list("abcd")
            estimator.fit(X, y)
        assert not hasattr(estimator, "feature_names_in_")

    def test_input_is_not_written_to(self, cls, fitted):
        estimator, X, _ = fitted
        frozen = X.copy()
        frozen.setflags(write=False)
        self._answers(estimator, frozen)
        np.testing.assert_array_equal(frozen, X)


def test_search_over_a_pipeline():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), npml_classical.PCA(), npml_classical.KNeighborsClassifier())
    grid = {"pca__n_components": [2, 3], "kneighborsclassifier__n_neighbors": [3, 7]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.93
    assert cross_val_score(npml_classical.KMeans(3, random_state=0), X, cv=3).max() < 0
