import numpy as np
import pytest

from npml_core import NotFittedError, load, save
from npml_nn import MLP, Dense, Dropout, NNClassifier, NNRegressor, Sequential

ESTIMATORS = [NNClassifier, NNRegressor]


@pytest.fixture
def data(rng):
    X = rng.normal(size=(60, 3))
    return X, (X[:, 0] > 0).astype(np.int64)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_seed_decides(cls, data):
    a, b, c = (cls(epochs=3, random_state=seed).fit(*data) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a.predict(data[0]), b.predict(data[0]))
    assert a.loss_curve_ == b.loss_curve_ != c.loss_curve_
    assert len(a.loss_curve_) == 3


@pytest.mark.parametrize("cls", ESTIMATORS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_trains_in_the_dtype_of_X(cls, dtype, data):
    X, y = data
    for build in (None, lambda n, k: Sequential(Dense(n, 4), "tanh", Dense(4, k))):
        model = cls(build, epochs=2, random_state=0).fit(X.astype(dtype), y)
        assert {array.dtype for array in model.model_.params.values()} == {np.dtype(dtype)}
    assert cls(epochs=1).fit(X.astype(np.int64), y).model_.params["0.W"].dtype == np.float64


def test_probabilities(data):
    X, y = data
    labels = np.array(["no", "yes"])[y]
    model = NNClassifier(epochs=40, lr=0.01, random_state=0).fit(X, labels)
    P = model.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), model.classes_[P.argmax(axis=1)])
    assert model.score(X, labels) > 0.95
    assert model.classes_.tolist() == ["no", "yes"]
    one = NNClassifier(epochs=2).fit(X, np.full(60, "only"))
    assert set(one.predict(X)) == {"only"}
    np.testing.assert_array_equal(one.predict_proba(X), np.ones((60, 1)))


def test_several_targets(rng):
    X = rng.normal(size=(80, 3))
    Y = np.stack([X.sum(axis=1), X[:, 0] - X[:, 1]], axis=1)
    model = NNRegressor(epochs=60, lr=0.01, random_state=0).fit(X, Y)
    assert model.predict(X).shape == (80, 2)
    assert model.score(X, Y) > 0.95
    assert NNRegressor(epochs=1).fit(X, Y[:, 0]).predict(X).shape == (80,)
    assert NNRegressor(epochs=1).fit(X, Y[:, :1]).predict(X).shape == (80, 1)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_partial_fit_goes_on_where_fit_ended(cls, data, tmp_path):
    X, y = data
    whole = cls(epochs=5, random_state=0).fit(X, y)
    parts = cls(epochs=3, random_state=0).fit(X, y).partial_fit(X, y)
    save(parts, tmp_path / "model")
    parts = load(tmp_path / "model").partial_fit(X, y)
    np.testing.assert_array_equal(parts.predict(X), whole.predict(X))
    assert parts.loss_curve_ == whole.loss_curve_


def test_partial_fit_from_nothing(data):
    X, y = data
    with pytest.raises(ValueError, match="classes must be passed"):
        NNClassifier().partial_fit(X, y)
    model = NNClassifier(random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    assert model.predict_proba(X).shape == (60, 3)
    assert len(model.partial_fit(X, y).loss_curve_) == 2
    before = model.predict_proba(X)
    for X_bad, y_bad in ((X, y + 2), (X[:, :2], y), (X * np.nan, y)):
        with pytest.raises(ValueError):
            model.partial_fit(X_bad, y_bad)
    with pytest.raises(ValueError, match="classes must be those"):
        model.partial_fit(X, y, classes=[0, 1])
    np.testing.assert_array_equal(model.predict_proba(X), before)
    regressor = NNRegressor(random_state=0).partial_fit(X, y)
    assert len(regressor.partial_fit(X, y).loss_curve_) == 2
    with pytest.raises(ValueError, match="1 target"):
        regressor.partial_fit(X, np.stack([y, y], axis=1))


def test_evaluation_mode_is_what_predicts(data):
    model = NNRegressor(lambda n, k: Sequential(Dropout(0.5), Dense(n, k)), epochs=2, random_state=0).fit(*data)
    np.testing.assert_array_equal(model.predict(data[0]), model.predict(data[0]))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"hidden_sizes": (0,)}, ValueError, "hidden_sizes"),
        ({"hidden_sizes": (3, 2.5)}, ValueError, "hidden_sizes"),
        ({"activation": "no such"}, ValueError, "activation"),
        ({"epochs": 0}, ValueError, "epochs"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"lr": -1}, ValueError, "lr"),
        ({"build_fn": lambda n, k: None}, TypeError, "build_fn must return a Layer"),
        ({"build_fn": lambda n, k: MLP((n, k + 1))}, ValueError, "build_fn must make a model of output shape"),
    ],
)
@pytest.mark.parametrize("cls", ESTIMATORS)
def test_bad_options_leave_a_fitted_model_as_it_was(cls, options, error, message, data):
    model = cls(epochs=1, random_state=0).fit(*data)
    before = model.predict(data[0])
    model.set_params(**options)
    with pytest.raises(error, match=message):
        model.fit(*data)
    np.testing.assert_array_equal(model.predict(data[0]), before)


def test_not_fitted_and_continuous_targets(data):
    X, y = data
    for cls in ESTIMATORS:
        with pytest.raises(NotFittedError):
            cls().predict(X)
    with pytest.raises(ValueError, match="continuous"):
        NNClassifier().fit(X, y + 0.5)


def test_no_hidden_layer_is_a_linear_model(data):
    X, _ = data
    model = NNRegressor(hidden_sizes=(), epochs=200, lr=0.05, random_state=0).fit(X, X @ [1.0, 2.0, 3.0] + 4)
    np.testing.assert_allclose(model.model_.params["0.W"].ravel(), [1, 2, 3], atol=1e-3)
