"""What every public estimator must do inside scikit-learn's tools, whatever package it is from."""

import copy
import pickle
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import npml_core


# scikit-learn and pandas are imported where they are used: the tests with torch have neither
def passes_sklearns_checks(estimator):
    from sklearn.utils.estimator_checks import check_estimator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks feed data that converges badly on purpose
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    failed = {r["check_name"]: repr(r["exception"])[:300] for r in results if r["status"] not in ("passed", "skipped")}
    assert not failed
    assert sum(r["status"] == "passed" for r in results) > 40


def refuses_unknown_parameters(cls):
    estimator = cls()
    before = estimator.get_params()
    with pytest.raises(ValueError, match="no_such_thing"):
        estimator.set_params(no_such_thing=1)
    assert estimator.get_params().keys() == before.keys()


def saves_copies_and_pickles_unfitted(cls, folder):
    estimator = cls()
    npml_core.save(estimator, folder / "model")
    for other in (npml_core.load(folder / "model"), copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator))):
        assert type(other) is cls
        assert repr(other) == repr(estimator) == f"{cls.__name__}()"


def answers(estimator, X):
    methods = ("predict", "predict_proba", "transform", "score_samples", "decision_function")
    return {m: getattr(estimator, m)(X) for m in methods if hasattr(estimator, m)}


def stays_as_it_was_when_a_fit_fails(estimator, X, y):
    before = answers(estimator, X)
    bad = X.copy()
    bad[3, 1] = np.inf
    with pytest.raises(ValueError, match="X"):
        estimator.fit(bad, y)
    for name, answer in answers(estimator, X).items():
        np.testing.assert_array_equal(answer, before[name])


def answers_the_same_when_loaded(estimator, X, folder):
    npml_core.save(estimator, folder / "model")
    before = answers(estimator, X)
    for other in (npml_core.load(folder / "model"), pickle.loads(pickle.dumps(estimator))):
        for name, answer in answers(other, X).items():
            np.testing.assert_array_equal(answer, before[name])


def forgets_feature_names_in_a_refit(estimator, X, y):
    import pandas as pd

    names = [f"column {i}" for i in range(X.shape[1])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(pd.DataFrame(X, columns=names), y)
        assert estimator.feature_names_in_.tolist() == names
        estimator.fit(X, y)
    assert not hasattr(estimator, "feature_names_in_")


def does_not_write_to_its_input(estimator, X):
    frozen = X.copy()
    frozen.setflags(write=False)
    answers(estimator, frozen)
    np.testing.assert_array_equal(frozen, X)


@pytest.fixture(scope="session")
def convention():
    """The checks above by name."""
    checks = (
        passes_sklearns_checks,
        refuses_unknown_parameters,
        saves_copies_and_pickles_unfitted,
        stays_as_it_was_when_a_fit_fails,
        answers_the_same_when_loaded,
        forgets_feature_names_in_a_refit,
        does_not_write_to_its_input,
    )
    return SimpleNamespace(**{check.__name__: check for check in checks})


@pytest.fixture
def no_inheritance_warning():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Estimator .* does not inherit from `sklearn.base.BaseEstimator`")
        warnings.filterwarnings("ignore", message="Estimator's parameters changed after set_params raised")
        yield
