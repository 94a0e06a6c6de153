"""Every check says which argument is wrong, what came and what is accepted."""

import warnings

import numpy as np
import pytest

from npml_core import check_array, check_random_state, check_sample_weight, check_X_y, encode_labels


class TestCheckArray:
    @pytest.mark.parametrize(
        ("bad", "error", "message"),
        [
            ([[np.nan, 1.0]], ValueError, "X contains NaN"),
            ([[np.inf, 1.0]], ValueError, "X contains infinity"),
            ([[-np.inf, np.inf]], ValueError, "X contains infinity"),
            ([1.0, 2.0], ValueError, "Reshape your data"),
            (3.0, ValueError, "0 dimension"),
            (np.zeros((2, 2, 2)), ValueError, "3 dimension"),
            (np.zeros((0, 3)), ValueError, r"0 sample\(s\).*minimum of 1"),
            (np.zeros((3, 0)), ValueError, r"0 feature\(s\).*minimum of 1"),
            ([[1j]], ValueError, "Complex data not supported"),
            ([["a", "b"]], ValueError, "X must be numeric"),
            ([[{"a": 1}]], TypeError, "X must be numeric"),
            ([[None, 1.0]], (TypeError, ValueError), "X"),
        ],
    )
    def test_bad_input(self, bad, error, message):
        with pytest.raises(error, match=message):
            check_array(bad)

    def test_the_name_is_used(self):
        with pytest.raises(ValueError, match="Input counts contains NaN"):
            check_array([[np.nan]], name="counts")

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_good_arrays_pass_as_they_are(self, dtype):
        X = np.zeros((2, 3), dtype)
        assert check_array(X) is X

    @pytest.mark.parametrize("dtype", [np.int64, np.float16, np.bool_, np.uint8, object])
    def test_other_dtypes_become_float64(self, dtype):
        assert check_array(np.ones((2, 2), dtype)).dtype == np.float64

    def test_huge_finite_numbers_are_finite(self):
        X = np.full((10, 10), 1.7e308)
        assert check_array(X) is X

    def test_missing_values_pass_where_allowed_but_infinity_does_not(self):
        X = np.array([[np.nan, 1.0]])
        assert check_array(X, allow_nan=True) is X
        with pytest.raises(ValueError, match="infinity"):
            check_array([[np.nan, np.inf]], allow_nan=True)

    def test_minimum_of_samples_and_features(self):
        with pytest.raises(ValueError, match=r"1 sample\(s\).*minimum of 2"):
            check_array([[1.0]], min_samples=2)
        with pytest.raises(ValueError, match=r"1 feature\(s\).*minimum of 2"):
            check_array([[1.0]], min_features=2)


class Sparse:
    """As much of a SciPy sparse matrix as is looked at: npml-core's own tests do without SciPy."""

    ndim, nnz, format = 2, 2, "csr"

    def __init__(self, data):
        self.data = np.asarray(data)
        self.dtype, self.shape = self.data.dtype, (2, 2)

    def tocsr(self):
        return self

    def astype(self, dtype):
        return Sparse(self.data.astype(dtype))


class TestSparse:
    def test_refused_as_a_type_error(self):
        with pytest.raises(TypeError, match="Sparse data was passed for X"):
            check_array(Sparse([1.0, 2.0]))

    def test_taken_as_csr(self):
        assert check_array(Sparse([1, 2]), accept_sparse=True).dtype == np.float64

    def test_checked_for_nan(self):
        with pytest.raises(ValueError, match="NaN"):
            check_array(Sparse([np.nan, 1.0]), accept_sparse=True)


class TestCheckXy:
    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (None, "requires y to be passed"),
            ([1.0], "inconsistent numbers of samples: X has 2, y has 1"),
            ([[1, 2], [3, 4]], "1d array"),
            ([1.0, np.nan], "y contains NaN"),
            (np.array(["a", np.nan], dtype=object), "y contains NaN"),
            ([1j, 2.0], "Complex"),
        ],
    )
    def test_bad_targets(self, y, message):
        with pytest.raises(ValueError, match=message):
            check_X_y([[0.0], [1.0]], y)

    def test_a_column_is_taken_with_a_warning(self):
        with pytest.warns(UserWarning, match="column-vector y"):
            _, y = check_X_y([[0.0], [1.0]], [[1], [2]])
        assert y.tolist() == [1, 2]

    def test_several_outputs(self):
        _, y = check_X_y([[0.0], [1.0]], [[1], [2]], multi_output=True)
        assert y.shape == (2, 1)

    def test_numeric_targets_take_the_dtype_of_X(self):
        _, y = check_X_y(np.zeros((2, 1), np.float32), [1, 2], y_numeric=True)
        assert y.dtype == np.float32
        with pytest.raises(ValueError, match="y must be numeric"):
            check_X_y([[0.0]], ["a"], y_numeric=True)


class TestSampleWeight:
    @pytest.mark.parametrize(
        ("weight", "message"),
        [
            ([1.0], "X has 2, sample_weight has 1"),
            ([[1.0], [1.0]], "must be 1D"),
            ([1.0, np.nan], "NaN"),
            ([1.0, -1.0], "negative"),
            ([0.0, 0.0], "positive"),
            (["a", "b"], "sample_weight must be numeric"),
        ],
    )
    def test_bad_weights(self, weight, message):
        with pytest.raises(ValueError, match=message):
            check_sample_weight(weight, np.zeros((2, 1)))

    def test_dtype_and_broadcast(self):
        X = np.zeros((2, 1), np.float32)
        assert check_sample_weight(None, X).dtype == np.float32
        assert check_sample_weight(2, X).tolist() == [2.0, 2.0]


class TestEncodeLabels:
    @pytest.mark.parametrize(
        "y", [[3, 1, 3], ["b", "a", "b"], [True, False, True], [2.0, 1.0, 2.0], np.array(["x", "y"], dtype=object)]
    )
    def test_codes_point_at_the_labels(self, y):
        classes, codes = encode_labels(y)
        assert classes[codes].tolist() == list(y)
        assert sorted(classes.tolist()) == classes.tolist()
        assert codes.dtype == np.int64

    @pytest.mark.parametrize("y", [[0.5, 1.0], np.array([1, "a"], dtype=object)])
    def test_no_classes(self, y):
        with pytest.raises(ValueError, match="Unknown label type"):
            encode_labels(y)

    @pytest.mark.parametrize("missing", [None, np.nan])
    def test_missing_labels(self, missing):
        with pytest.raises(ValueError, match="NaN or None"):
            encode_labels(np.array(["a", missing], dtype=object))


class TestRandomState:
    def test_seed(self):
        assert check_random_state(3).random() == check_random_state(np.int64(3)).random()

    def test_generator_is_itself(self):
        rng = np.random.default_rng(0)
        assert check_random_state(rng) is rng

    def test_random_state_is_moved_on(self):
        legacy = np.random.RandomState(0)
        first, second = check_random_state(legacy).random(), check_random_state(legacy).random()
        assert first != second
        assert check_random_state(np.random.RandomState(0)).random() == first

    def test_none_is_fresh_and_leaves_the_global_seed(self):
        before = np.random.get_state()[1].tolist()  # noqa: NPY002
        assert check_random_state(None).random() != check_random_state(None).random()
        assert np.random.get_state()[1].tolist() == before  # noqa: NPY002

    def test_bad_seeds(self):
        with pytest.raises(ValueError, match="random_state must not be negative"):
            check_random_state(-1)
        for bad in ("0", 1.5, True):
            with pytest.raises(TypeError, match="random_state must be"):
                check_random_state(bad)


def test_no_warning_on_ordinary_data():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_array(np.array([[1e308, 1e308], [-1e308, 1.0]]))
