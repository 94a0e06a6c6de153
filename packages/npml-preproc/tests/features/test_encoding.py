import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import npml_core
from npml_preproc import OneHotEncoder

X = [["red", 1], ["blue", 2], ["red", 3]]
TABLES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", None, np.nan])), min_size=1, max_size=8)


@given(TABLES, st.sampled_from([None, "first", "if_binary"]), st.booleans())
def test_round_trip(rows, drop, sparse_output):
    table = np.array(rows, dtype=object)
    encoder = OneHotEncoder(drop=drop, sparse_output=sparse_output).fit(table)
    out = encoder.transform(table)
    assert out.shape == (len(rows), len(encoder.get_feature_names_out()))
    assert encoder.inverse_transform(out).astype(str).tolist() == table.astype(str).tolist()


def test_indicators():
    encoder = OneHotEncoder(sparse_output=False, dtype=np.int8).fit(X)
    assert encoder.transform(X).tolist() == [[0, 1, 1, 0, 0], [1, 0, 0, 1, 0], [0, 1, 0, 0, 1]]
    assert encoder.transform(X).dtype == np.int8
    assert OneHotEncoder().fit_transform(X).dtype == np.float64


def test_unseen_categories():
    for unseen in ([["green", 1]], [["red", 99]], [[None, 1]], [[np.nan, 1]]):
        with pytest.raises(ValueError, match="Found unknown categories"):
            OneHotEncoder().fit(X).transform(unseen)
        assert OneHotEncoder(handle_unknown="ignore").fit(X).transform(unseen).sum() == 1
    many = np.array([[f"colour {i}", 1] for i in range(1200)], dtype=object)
    with pytest.raises(ValueError, match="in column 0 during transform") as error:
        OneHotEncoder().fit(X).transform(many)
    assert "'colour 599'" in str(error.value)
    encoder = OneHotEncoder(handle_unknown="ignore", drop="first").fit(X)
    with pytest.warns(UserWarning, match=r"columns \[0\]"):
        encoder.transform([["green", 1]])


def test_mixed_types_are_named():
    with pytest.raises(TypeError, match="column 1 of X must hold only strings or only numbers, got int and str"):
        OneHotEncoder().fit([["a", 1], ["b", "x"]])


def test_rows_of_zeros():
    zeros = np.zeros((1, 5))
    with pytest.raises(ValueError, match=r"Samples \[0\] can not be inverted"):
        OneHotEncoder().fit(X).inverse_transform(zeros)
    assert OneHotEncoder(handle_unknown="ignore").fit(X).inverse_transform(zeros).tolist() == [[None, None]]
    assert OneHotEncoder(drop="first").fit(X).inverse_transform(np.zeros((1, 3))).tolist() == [["blue", 1]]


def test_one_category_dropped_leaves_no_column():
    encoder = OneHotEncoder(drop="first", sparse_output=False).fit([["a"], ["a"]])
    assert encoder.transform([["a"]]).shape == (1, 0)


def test_names():
    encoder = OneHotEncoder(drop=["red", 2]).fit(X)
    assert encoder.drop_idx_.tolist() == [1, 1]
    assert encoder.get_feature_names_out(["colour", "size"]).tolist() == ["colour_blue", "size_1", "size_3"]


def test_saved(tmp_path):
    encoder = OneHotEncoder(drop="if_binary").fit([["a", None], [np.nan, 3], ["b", 4]])
    npml_core.save(encoder, tmp_path / "e")
    loaded = npml_core.load(tmp_path / "e")
    assert (loaded.transform([[np.nan, None]]) != encoder.transform([[np.nan, None]])).nnz == 0


@pytest.mark.parametrize(
    "options, message",
    [
        ({"categories": "all"}, "categories must be"),
        ({"categories": [["red", "blue"]]}, "Shape mismatch"),
        ({"categories": [["red", "red"], [1, 2, 3]]}, "duplicate"),
        ({"categories": [["red", "blue"], [1, 2]]}, "unknown categories"),
        ({"drop": "last"}, "drop must be"),
        ({"drop": ["red"]}, "drop must have"),
        ({"drop": ["red", 9]}, r"\(Category: 9, Feature: 1\)"),
        ({"handle_unknown": "skip"}, "handle_unknown must be"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        OneHotEncoder(**options).fit(X)


def test_bad_input():
    for bad in (["a", "b"], [], "a", [[np.inf, 1.0]], np.zeros((2, 0)), [["a", np.inf], ["b", 1]]):
        with pytest.raises(ValueError, match="X"):
            OneHotEncoder().fit(bad)
    encoder = OneHotEncoder().fit(X)
    with pytest.raises(ValueError, match="X has 1 features, but OneHotEncoder is expecting 2"):
        encoder.transform([["red"]])
    with pytest.raises(ValueError, match="Expected 5 columns, got 1"):
        encoder.inverse_transform([[1.0]])
    with pytest.raises(TypeError, match="got int and str"):
        encoder.fit([["a"], [1]])
    assert len(encoder.categories_) == 2
    with pytest.raises(npml_core.NotFittedError):
        OneHotEncoder().transform(X)
