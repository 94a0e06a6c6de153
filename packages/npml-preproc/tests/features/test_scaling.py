import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

import npml_core
from npml_preproc import MinMaxScaler, StandardScaler

rng = np.random.default_rng(0)
NUMBERS = arrays(np.float64, (7, 3), elements=st.floats(-1e3, 1e3) | st.just(np.nan))


@given(NUMBERS, st.integers(1, 6))
def test_parts_give_what_the_whole_gives(X, cut):
    whole = StandardScaler().fit(X)
    parts = StandardScaler().partial_fit(X[:cut]).partial_fit(X[cut:])
    np.testing.assert_allclose(parts.mean_, whole.mean_, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(parts.var_, whole.var_, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(parts.n_samples_seen_, whole.n_samples_seen_)
    ours, other = MinMaxScaler().fit(X), MinMaxScaler().partial_fit(X[:cut]).partial_fit(X[cut:])
    np.testing.assert_array_equal(ours.data_min_, other.data_min_)
    np.testing.assert_array_equal(ours.data_max_, other.data_max_)


@given(NUMBERS, arrays(np.int64, 7, elements=st.integers(0, 3)).filter(np.any))
def test_an_integer_weight_is_a_repeated_row(X, weight):
    ours, repeated = StandardScaler().fit(X, sample_weight=weight), StandardScaler().fit(np.repeat(X, weight, axis=0))
    np.testing.assert_allclose(ours.mean_, repeated.mean_, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ours.var_, repeated.var_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("magnitude", [1e-200, 1e-150, 1, 1e150, 1e200])
def test_any_magnitude(magnitude):
    X = rng.normal(3, 1, size=(40, 2))
    for scaler in (StandardScaler(), MinMaxScaler()):
        np.testing.assert_allclose(scaler.fit_transform(X * magnitude), scaler.fit_transform(X), rtol=1e-9, atol=1e-12)


def test_digits_far_from_zero_are_kept():
    steps = np.arange(5.0)[:, None]
    np.testing.assert_array_equal(MinMaxScaler().fit_transform(2.0**52 + steps), steps / 4)
    np.testing.assert_allclose(StandardScaler().fit_transform(2.0**40 + steps), (steps - 2) / np.sqrt(2), rtol=1e-14)
    np.testing.assert_allclose(
        MinMaxScaler().fit_transform([[-1e308], [1e308], [0.0]]).ravel(), [0, 1, 0.5], rtol=1e-15
    )
    np.testing.assert_allclose(MinMaxScaler().fit_transform([[1e-20], [3e-20]]).ravel(), [0, 1], rtol=1e-15)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 / 3, -1e-300, 1e300])
def test_constant_columns_have_scale_one(value):
    X = np.full((1000, 1), value)
    weight = rng.random(1000)
    for weights in (None, weight):
        scaler = StandardScaler().fit(X, sample_weight=weights).partial_fit(X[:7])
        assert scaler.scale_.tolist() == [1]
        np.testing.assert_allclose(scaler.transform(X), 0, atol=4 * np.spacing(abs(value)))
    sparse_scaler = StandardScaler(with_mean=False).fit(sparse.csr_matrix(X), sample_weight=weight)
    assert sparse_scaler.scale_.tolist() == [1]
    assert MinMaxScaler().fit(X).scale_.tolist() == [1]
    assert MinMaxScaler().fit_transform(X)[0] == 0


def test_missing_values_pass_through():
    X = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    for scaler in (StandardScaler(), MinMaxScaler()):
        out = scaler.fit_transform(X)
        np.testing.assert_array_equal(np.isnan(out), np.isnan(X))
        np.testing.assert_array_equal(scaler.inverse_transform(out), X)
    assert StandardScaler().fit(X).n_samples_seen_.tolist() == [2, 0]


def test_a_column_seen_later():
    scaler = StandardScaler().partial_fit([[np.nan, 1.0]]).partial_fit([[2.0, 3.0], [4.0, 5.0]])
    assert scaler.mean_.tolist() == [3, 3]
    np.testing.assert_allclose(scaler.var_, [1, 8 / 3])


def test_sparse_equals_dense():
    X = np.where(rng.random((30, 4)) < 0.5, 0, rng.normal(size=(30, 4)))
    weight = rng.random(30)
    for options in ({}, {"sample_weight": weight}):
        a = StandardScaler(with_mean=False).fit(sparse.csc_matrix(X), **options)
        b = StandardScaler(with_mean=False).fit(X, **options)
        np.testing.assert_allclose(a.scale_, b.scale_, rtol=1e-12)
        out = a.transform(sparse.csr_matrix(X))
        np.testing.assert_allclose(out.toarray(), b.transform(X), rtol=1e-12)
        np.testing.assert_allclose(a.inverse_transform(out).toarray(), X, rtol=1e-12)
    with pytest.raises(ValueError, match="Cannot center sparse"):
        StandardScaler().fit(sparse.csr_matrix(X))


def test_clip_and_range():
    scaler = MinMaxScaler((-1, 1), clip=True).fit([[0.0], [10.0]])
    assert scaler.transform([[-5.0], [20.0], [5.0]]).ravel().tolist() == [-1, 1, 0]
    for bad in ((1, 1), (2, 1), 3, ("a", "b"), (0, np.nan)):
        with pytest.raises(ValueError, match=r"feature.range"):
            MinMaxScaler(bad).fit([[0.0]])


@pytest.mark.parametrize("cls", [StandardScaler, MinMaxScaler])
def test_dtypes_inputs_and_errors(cls, tmp_path):
    X = rng.normal(size=(5, 2)).astype(np.float32)
    X.setflags(write=False)
    scaler = cls().fit(X)
    assert scaler.transform(X).dtype == scaler.inverse_transform(X).dtype == np.float32
    npml_core.save(scaler, tmp_path / "s")
    loaded = npml_core.load(tmp_path / "s")
    np.testing.assert_array_equal(loaded.partial_fit(X).transform(X), scaler.partial_fit(X).transform(X))
    before = scaler.transform(X)
    for bad in ([[np.inf, 1]], [[1, 2, 3]], [1, 2]):
        with pytest.raises(ValueError, match="X"):
            scaler.partial_fit(bad)
        with pytest.raises(ValueError, match="X"):
            scaler.transform(bad)
    np.testing.assert_array_equal(scaler.transform(X), before)
    with pytest.raises(ValueError, match="X has 1 features"):
        scaler.inverse_transform([[1.0]])
    with pytest.raises(npml_core.NotFittedError):
        cls().transform(X)
