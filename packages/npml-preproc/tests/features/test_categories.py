import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npml_preproc.features.categories import as_objects, categories_of, codes_of, named

STRINGS = st.lists(st.sampled_from(["a", "b", "c", None, float("nan"), np.nan]), min_size=1, max_size=9)


@given(STRINGS)
def test_every_value_is_found(values):
    column = as_objects(values)
    categories = categories_of(column, "column")
    for value, code in zip(values, codes_of(column, categories), strict=True):
        assert categories[code] == value or (value != value and categories[code] != categories[code])
    assert len(categories) == len({"nan" if v != v else v for v in values})


@given(
    st.lists(st.floats(-3, 3) | st.just(np.nan), max_size=9), st.lists(st.floats(-3, 3) | st.just(np.nan), max_size=9)
)
def test_numbers(known, asked):
    categories = categories_of(np.array(known, dtype=float), "column")
    codes = codes_of(np.array(asked, dtype=float), categories)
    for value, code in zip(asked, codes, strict=True):
        assert (code >= 0) == (value in known or (value != value and any(k != k for k in known)))
        assert code < 0 or categories[code] == value or value != value


def test_order():
    found = categories_of(as_objects(["b", None, np.nan, "a"]), "column").tolist()
    assert found[:3] == ["a", "b", None]
    assert found[3] != found[3]


def test_mixed_types_are_named():
    with pytest.raises(TypeError, match="column 3 must hold only strings or only numbers, got int and str"):
        categories_of(as_objects([1, "a", None]), "column 3")


def test_names_in_full():
    assert named(as_objects(["a", 1, None, "a", np.nan, float("nan")])) == "['a', 1, None, nan]"
    assert named(np.arange(2000)).count(",") == 1999
