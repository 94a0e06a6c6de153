"""Every public estimator that takes arrays passes scikit-learn's own checks, and behaves in its tools."""

import warnings

import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import npml_classical
import npml_core

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


pytestmark = pytest.mark.usefixtures("no_inheritance_warning")


@pytest.mark.parametrize("cls", ARRAY_ESTIMATORS, ids=lambda cls: cls.__name__)
def test_check_estimator(cls, convention):
    convention.passes_sklearns_checks(cls())


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_unknown_parameter_is_an_error(cls, convention):
    convention.refuses_unknown_parameters(cls)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_unfitted_estimator_saves_copies_and_pickles(cls, convention, tmp_path):
    convention.saves_copies_and_pickles_unfitted(cls, tmp_path)


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
            estimator = cls()
            if "random_state" in estimator.get_params():
                estimator.set_params(random_state=0)
            return estimator.fit(X[:, :4], y), X, y

    def test_failed_fit_leaves_the_model_as_it_was(self, fitted, convention):
        convention.stays_as_it_was_when_a_fit_fails(*fitted)

    def test_saved_and_loaded_model_answers_the_same(self, fitted, convention, tmp_path):
        estimator, X, _ = fitted
        convention.answers_the_same_when_loaded(estimator, X, tmp_path)

    def test_feature_names_do_not_outlive_a_refit(self, fitted, convention):
        convention.forgets_feature_names_in_a_refit(*fitted)

    def test_input_is_not_written_to(self, fitted, convention):
        estimator, X, _ = fitted
        convention.does_not_write_to_its_input(estimator, X)


def test_search_over_a_pipeline():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), npml_classical.PCA(), npml_classical.KNeighborsClassifier())
    grid = {"pca__n_components": [2, 3], "kneighborsclassifier__n_neighbors": [3, 7]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.93
    assert cross_val_score(npml_classical.KMeans(3, random_state=0), X, cv=3).max() < 0
