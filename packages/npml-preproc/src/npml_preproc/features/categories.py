"""The distinct values of a column, and the place of every value among them.

Categories are sorted; None comes after all others, NaN last, and all NaN are one category. Numbers are found by
bisection, anything else by a dictionary.
"""

from collections.abc import Iterable
from itertools import repeat

import numpy as np

__all__ = ["as_objects", "categories_of", "codes_of", "is_nan", "mixes_strings", "named"]


def as_objects(values: list) -> np.ndarray:
    """A one-dimensional array of the very items."""
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def is_nan(value: object) -> bool:
    """Whether it is a NaN of Python or NumPy."""
    return isinstance(value, float | np.floating) and value != value


def categories_of(values: np.ndarray, where: str) -> np.ndarray:
    """The distinct values, sorted, None and NaN last."""
    if values.dtype.kind in "US":
        return np.array(sorted(set(values.tolist())), dtype=values.dtype)
    if values.dtype.kind != "O":
        return np.unique(values)
    distinct = set(values.tolist())
    if any(isinstance(value, float) and value in (np.inf, -np.inf) for value in distinct):
        raise ValueError(f"Input {where} contains infinity")
    plain = [v for v in distinct if v is not None and not is_nan(v)]
    missing = [None] * (None in distinct) + [np.nan] * any(map(is_nan, distinct))
    try:
        return as_objects([*sorted(plain), *missing])
    except TypeError:
        kinds = sorted({type(v).__qualname__ for v in plain})
        raise TypeError(f"{where} must hold only strings or only numbers, got {' and '.join(kinds)}") from None


def codes_of(values: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """The place of each value among the categories, -1 where it has none."""
    if values.dtype.kind in "iufb" and categories.dtype.kind in "iufb":
        return _codes_of_numbers(values, categories)
    place = {category: code for code, category in enumerate(categories.tolist()) if not is_nan(category)}
    codes = np.fromiter(map(place.get, values.tolist(), repeat(-1)), np.int64, len(values))
    last = categories[-1:].tolist()
    if last and is_nan(last[0]):
        strange = np.flatnonzero(codes < 0)
        codes[[i for i in strange if is_nan(values[i])]] = len(categories) - 1
    return codes


def _codes_of_numbers(values, categories):
    codes = np.minimum(np.searchsorted(categories, values), len(categories) - 1).astype(np.int64)
    if not len(categories):
        return np.full(len(values), -1, np.int64)
    found = categories[codes]
    return np.where((found == values) | ((found != found) & (values != values)), codes, -1)


def mixes_strings(values: object) -> bool:
    """Whether NumPy would turn what is no string into one."""
    return not hasattr(values, "dtype") and np.asarray(values).dtype.kind in "US"


def named(values: Iterable) -> str:
    """All distinct values, in full, in the order of first occurrence."""
    items = np.asarray(values).tolist()
    distinct = {"nan" if is_nan(item) else (type(item), item): item for item in items}
    return repr(list(distinct.values()))
