"""The conventions: parameters, features, errors, output."""

import copy
import pickle

import numpy as np
import pytest

from npml_core import (
    BaseEstimator,
    ClassifierMixin,
    ClusterMixin,
    NotFittedError,
    RegressorMixin,
    TransformerMixin,
    check_array,
    check_is_fitted,
    clone,
    load,
    save,
)


class Scaler(TransformerMixin, BaseEstimator):
    def __init__(self, with_mean=True, factor=1.0, inner=None):
        self.with_mean, self.factor, self.inner = with_mean, factor, inner

    def fit(self, X, y=None, sample_weight=None):
        data = check_array(X)
        self._record_features(X)
        self.mean_ = data.mean(axis=0) * self.with_mean
        return self

    def transform(self, X):
        return (self._check_input(X) - self.mean_) * self.factor


class Constant(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self._record_features(X)
        self.value_ = np.mean(y, axis=0)
        return self

    def predict(self, X):
        return np.broadcast_to(self.value_, (len(self._check_input(X)), *np.shape(self.value_)))


class Frame:
    """As much of a data frame as the conventions look at."""

    def __init__(self, values, columns):
        self.values, self.columns, self.shape = np.asarray(values), columns, np.shape(values)

    def __array__(self, dtype=None, copy=None):
        return self.values


X = np.array([[0.0, 1.0], [2.0, 5.0]])


def test_parameters_are_read_and_set():
    scaler = Scaler(factor=2.0, inner=Scaler(factor=3.0))
    assert scaler.get_params()["inner__factor"] == 3.0
    assert set(scaler.get_params(deep=False)) == {"with_mean", "factor", "inner"}
    scaler.set_params(inner__factor=4.0, factor=5.0)
    assert (scaler.inner.factor, scaler.factor) == (4.0, 5.0)


def test_unknown_parameter_is_an_error_and_changes_nothing():
    scaler = Scaler()
    with pytest.raises(ValueError, match=r"'facto' for Scaler\(\).*factor"):
        scaler.set_params(factor=9.0, facto=1.0)
    assert scaler.factor == 1.0


def test_repr_shows_what_was_changed():
    assert repr(Scaler()) == "Scaler()"
    assert repr(Scaler(factor=2.0, inner=Scaler(False))) == "Scaler(factor=2.0, inner=Scaler(with_mean=False))"
    assert repr(Scaler(factor=np.nan)) == "Scaler(factor=nan)"
    assert repr(Scaler(factor=np.arange(2))) == "Scaler(factor=array([0, 1]))"


def test_clone_is_unfitted_and_deep():
    scaler = Scaler(factor=[1.0], inner=Scaler()).fit(X)
    other = clone(scaler)
    assert not hasattr(other, "mean_")
    assert other.inner is not scaler.inner
    assert other.factor == scaler.factor
    assert other.factor is not scaler.factor


def test_not_fitted():
    with pytest.raises(NotFittedError, match=r"This Scaler instance is not fitted yet: call 'fit' first") as caught:
        Scaler().transform(X)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, AttributeError)
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), NotFittedError)
    check_is_fitted(Scaler().fit(X), "mean_")
    with pytest.raises(NotFittedError):
        check_is_fitted(Scaler().fit(X), ["mean_", "scale_"])


def test_number_of_features():
    with pytest.raises(ValueError, match="X has 3 features, but Scaler is expecting 2 features as input"):
        Scaler().fit(X).transform(np.zeros((1, 3)))


class TestFeatureNames:
    def test_recorded_and_forgotten(self):
        scaler = Scaler().fit(Frame(X, ["a", "b"]))
        assert scaler.feature_names_in_.tolist() == ["a", "b"]
        assert not hasattr(scaler.fit(X), "feature_names_in_")

    @pytest.mark.parametrize(
        ("columns", "message"),
        [(["b", "a"], "same order"), (["a", "c"], "unseen at fit time:\n- c"), (["a", "c"], "now missing:\n- b")],
    )
    def test_other_names_are_an_error(self, columns, message):
        scaler = Scaler().fit(Frame(X, ["a", "b"]))
        with pytest.raises(ValueError, match=message):
            scaler.transform(Frame(X, columns))

    def test_names_on_one_side_only_warn(self):
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            Scaler().fit(Frame(X, ["a", "b"])).transform(X)
        with pytest.warns(UserWarning, match="was fitted without feature names"):
            Scaler().fit(X).transform(Frame(X, ["a", "b"]))

    def test_numbers_are_no_names_and_a_mixture_is_an_error(self):
        assert not hasattr(Scaler().fit(Frame(X, [0, 1])), "feature_names_in_")
        with pytest.raises(TypeError, match="string names"):
            Scaler().fit(Frame(X, ["a", 1]))

    def test_names_out(self):
        scaler = Scaler().fit(X)
        assert scaler.get_feature_names_out().tolist() == ["x0", "x1"]
        assert scaler.get_feature_names_out(["u", "v"]).tolist() == ["u", "v"]
        with pytest.raises(ValueError, match="length equal to number of features"):
            scaler.get_feature_names_out(["u"])
        with pytest.raises(ValueError, match="not equal to feature_names_in_"):
            Scaler().fit(Frame(X, ["a", "b"])).get_feature_names_out(["u", "v"])
        with pytest.raises(NotFittedError):
            Scaler().get_feature_names_out()


def test_set_output():
    scaler = Scaler().fit(X)
    assert scaler.set_output(transform="default").transform(X).shape == (2, 2)
    with pytest.raises(ValueError, match="transform must be"):
        scaler.set_output(transform="excel")


def test_requests_are_checked():
    scaler = Scaler().set_fit_request(sample_weight=True)
    assert scaler._metadata_request == {"fit": {"sample_weight": True}}
    with pytest.raises(TypeError, match="'weights'"):
        scaler.set_fit_request(weights=True)


def test_scores():
    class Parity(ClassifierMixin, BaseEstimator):
        def predict(self, X):
            return np.asarray(X)[:, 0].astype(int) % 2

    assert Parity().score([[1], [2], [3], [4]], [1, 0, 1, 1]) == 0.75
    assert Parity().score([[1], [2]], [1, 1], sample_weight=[3, 1]) == 0.75
    y = np.array([1.0, 3.0])
    assert Constant().fit(X, y).score(X, y) == 0.0
    assert Constant().fit(X, y).score(X, [2.0, 2.0]) == 1.0
    assert Constant().fit(X, y).score(X, [5.0, 5.0]) == 0.0
    both = np.column_stack([y, [2.0, 2.0]])
    assert Constant().fit(X, both).score(X, both) == 0.5


def test_fit_predict():
    class Signs(ClusterMixin, BaseEstimator):
        def fit(self, X, y=None):
            self.labels_ = (np.asarray(X)[:, 0] > 0).astype(int)
            return self

    assert Signs().fit_predict([[-1.0], [1.0]]).tolist() == [0, 1]


def test_copies_and_files(tmp_path):
    scaler = Scaler(inner=Scaler(factor=2.0)).fit(X)
    save(scaler, tmp_path / "scaler")
    for other in (copy.deepcopy(scaler), pickle.loads(pickle.dumps(scaler)), load(tmp_path / "scaler")):
        assert repr(other) == repr(scaler)
        np.testing.assert_array_equal(other.transform(X), scaler.transform(X))
