import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import npml_core
from npml_preproc import LabelEncoder


@given(st.lists(st.integers(-5, 5), min_size=1) | st.lists(st.text(max_size=3), min_size=1))
def test_round_trip(y):
    encoder = LabelEncoder()
    codes = encoder.fit_transform(y)
    assert codes.dtype == np.int64
    assert encoder.classes_.tolist() == sorted(set(np.asarray(y).tolist()))
    assert encoder.inverse_transform(codes).tolist() == np.asarray(y).tolist()


def test_none_and_nan_are_labels(tmp_path):
    encoder = LabelEncoder().fit(["b", None, np.nan, "a", float("nan")])
    assert encoder.transform([None, np.nan, "a"]).tolist() == [2, 3, 0]
    npml_core.save(encoder, tmp_path / "e")
    assert npml_core.load(tmp_path / "e").transform([None, np.nan, "a"]).tolist() == [2, 3, 0]


def test_unseen_labels_are_all_named():
    encoder = LabelEncoder().fit(["a", "b"])
    unseen = [f"label {i}" for i in range(1500)]
    with pytest.raises(ValueError, match="previously unseen labels") as error:
        encoder.transform([*unseen, "a"])
    assert all(repr(label) in str(error.value) for label in unseen)
    with pytest.raises(ValueError, match=r"unseen labels: \[2, -1\]"):
        encoder.inverse_transform([0, 2, -1])


def test_bad_input():
    with pytest.raises(TypeError, match="y must hold only strings or only numbers, got int and str"):
        LabelEncoder().fit([1, "a"])
    with pytest.raises(ValueError, match="1d array"):
        LabelEncoder().fit([[1, 2], [3, 4]])
    with pytest.raises(npml_core.NotFittedError):
        LabelEncoder().transform([1])
    encoder = LabelEncoder().fit([1, 2])
    with pytest.raises(TypeError, match="int and str"):
        encoder.fit([1, "a"])
    assert encoder.classes_.tolist() == [1, 2]
    assert encoder.transform([]).tolist() == []
    with pytest.warns(UserWarning, match="column-vector"):
        assert encoder.transform([[1], [2]]).tolist() == [0, 1]
