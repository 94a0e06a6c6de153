"""Categories as indicator columns.

A value x with place c(x) among the K categories of its feature becomes the indicator row e_c(x) of length K, of which
`drop` leaves out one column: with an intercept, all K together would be collinear.

Complexity: O(n log n) for numbers (sorting and bisection), O(n) for anything else (a dictionary).
"""

import warnings
from typing import Any

import numpy as np

from npml_core import BaseEstimator, TransformerMixin, check_array, check_is_fitted

from .categories import as_objects, categories_of, codes_of, is_nan, mixes_strings, named

__all__ = ["OneHotEncoder"]


class OneHotEncoder(TransformerMixin, BaseEstimator):
    """An indicator column for every category of every feature.

    Parameters
    ----------
    categories : "auto" or list of array-like, default="auto"
        The categories of each feature; "auto" takes those that occur.
    drop : {"first", "if_binary"}, array-like (n_features,) or None, default=None
        The category of each feature that gets no column: the first, the first where there are two, or a given one.
    sparse_output : bool, default=True
        Whether the output is a CSR matrix.
    dtype : dtype, default=float64
        Of the output.
    handle_unknown : {"error", "ignore"}, default="error"
        Whether a category that `fit` has not seen is an error, or a row of zeros.

    Attributes
    ----------
    categories_ : list of ndarray
        Categories of each feature.
    drop_idx_ : ndarray of object (n_features,) or None
        Place of the category without a column, None for a feature that has them all.

    Examples
    --------
    >>> from npml_preproc import OneHotEncoder
    >>> encoder = OneHotEncoder(sparse_output=False).fit([["red", 1], ["blue", 3]])
    >>> encoder.transform([["red", 3]])
    array([[0., 1., 0., 1.]])
    >>> encoder.get_feature_names_out()
    array(['x0_blue', 'x0_red', 'x1_1', 'x1_3'], dtype=object)
    """

    _tags = {"allow_nan": True, "categorical": True, "string": True, "preserves_dtype": []}

    def __init__(
        self,
        *,
        categories: Any = "auto",
        drop: Any = None,
        sparse_output: bool = True,
        dtype: Any = np.float64,
        handle_unknown: str = "error",
    ):
        self.categories = categories
        self.drop = drop
        self.sparse_output = sparse_output
        self.dtype = dtype
        self.handle_unknown = handle_unknown

    def fit(self, X: Any, y: Any = None) -> "OneHotEncoder":
        """Find the categories.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Categories: strings or numbers, None and NaN included; each column of one kind.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If a column mixes strings and numbers.
        ValueError
            If a value is not among the given categories.
        """
        if self.handle_unknown not in ("error", "ignore"):
            raise ValueError(f"handle_unknown must be 'error' or 'ignore', got {self.handle_unknown!r}")
        columns = _columns(X)
        categories = self._all_categories(columns)
        if self.handle_unknown == "error" and not isinstance(self.categories, str):
            _encode_all(columns, categories, "fit")
        dropped = self._dropped(categories)
        self._record_features(X if hasattr(X, "shape") else np.empty((1, len(columns))))
        self.categories_, self.drop_idx_ = categories, dropped
        return self

    def transform(self, X: Any) -> Any:
        """Indicators of the categories.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Categories.

        Returns
        -------
        CSR matrix or ndarray (n_samples, n_columns)

        Raises
        ------
        ValueError
            For categories that `fit` has not seen, unless they are ignored; it names them all.
        """
        check_is_fitted(self)
        self._check_feature_names(X)
        columns = _columns(X)
        if len(columns) != self.n_features_in_:
            raise ValueError(
                f"X has {len(columns)} features, but {type(self).__name__} is expecting {self.n_features_in_} "
                "features as input"
            )
        codes = _encode_all(columns, self.categories_, None if self.handle_unknown == "ignore" else "transform")
        if self.drop_idx_ is not None and (codes < 0).any():
            unknown = np.flatnonzero((codes < 0).any(axis=0)).tolist()
            message = f"Found unknown categories in columns {unknown} during transform: they are encoded as all zeros"
            warnings.warn(message, UserWarning, stacklevel=3)
        starts, places = self._layout()
        # places[start + code] is the output column of a category, -1 for a dropped one
        chosen = np.where(codes < 0, -1, places.take(np.maximum(codes, 0) + starts))
        return self._indicators(chosen, int(places.max(initial=-1)) + 1)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """The categories of the indicators.

        A row of zeros is the dropped category, or None where unknown ones are ignored.

        Parameters
        ----------
        X : array-like or sparse (n_samples, n_columns)
            Indicators: the largest of a feature counts.

        Returns
        -------
        ndarray (n_samples, n_features)
        """
        check_is_fitted(self)
        data = check_array(X, accept_sparse=True, dtype=None, min_features=0)
        data = data.toarray() if hasattr(data, "toarray") else data
        starts, places = self._layout()
        n_columns = int(places.max(initial=-1)) + 1
        if data.shape[1] != n_columns:
            raise ValueError(
                f"Shape of the passed X data is not correct. Expected {n_columns} columns, got {data.shape[1]}."
            )
        found = [self._inverse_column(data, f, places[starts[f] :][: len(c)]) for f, c in enumerate(self.categories_)]
        kinds = {column.dtype for column in found}
        kind = np.result_type(*kinds) if len({k.kind for k in kinds}) == 1 else np.dtype(object)
        out = np.empty((len(data), len(found)), dtype=kind)
        for f, column in enumerate(found):
            out[:, f] = column
        return out

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns: the feature, an underscore, the category.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the features; the default is ``feature_names_in_``, else ``x0``, ``x1``, ...

        Returns
        -------
        ndarray of object (n_columns,)
        """
        check_is_fitted(self)
        dropped = [None] * len(self.categories_) if self.drop_idx_ is None else self.drop_idx_
        named = zip(self._input_names(input_features), self.categories_, dropped)
        names = [f"{name}_{c}" for name, categories, out in named for k, c in enumerate(categories) if k != out]
        return np.asarray(names, dtype=object)

    def _all_categories(self, columns):
        if isinstance(self.categories, str):
            if self.categories != "auto":
                raise ValueError(f"categories must be 'auto' or a list of arrays, got {self.categories!r}")
            return [categories_of(column, f"column {f} of X") for f, column in enumerate(columns)]
        if len(self.categories) != len(columns):
            raise ValueError(
                f"Shape mismatch: if categories is an array, it has to be of shape (n_features,): it has "
                f"{len(self.categories)} entries for {len(columns)} features"
            )
        return [_given_categories(given, column, f) for f, (given, column) in enumerate(zip(self.categories, columns))]

    def _dropped(self, categories):
        if self.drop is None:
            return None
        if isinstance(self.drop, str):
            if self.drop not in ("first", "if_binary"):
                raise ValueError(f"drop must be None, 'first', 'if_binary' or an array, got {self.drop!r}")
            return np.array([0 if self.drop == "first" or len(c) == 2 else None for c in categories], dtype=object)
        drop = list(self.drop)
        if len(drop) != len(categories):
            raise ValueError(f"drop must have an entry for each of {len(categories)} features, got {len(drop)}")
        codes = [int(codes_of(as_objects([value]), c)[0]) for value, c in zip(drop, categories)]
        wrong = [f"(Category: {drop[f]!r}, Feature: {f})" for f, code in enumerate(codes) if code < 0]
        if wrong:
            raise ValueError(
                f"The following categories were supposed to be dropped but were not found: {', '.join(wrong)}"
            )
        return np.array(codes, dtype=object)

    def _layout(self):
        """Where the categories of each feature start, and the output column of every category."""
        sizes = np.array([len(c) for c in self.categories_], dtype=np.int64)
        starts = np.cumsum(sizes) - sizes
        has_column = np.ones(sizes.sum(), bool)
        if self.drop_idx_ is not None:
            has_column[[s + out for s, out in zip(starts, self.drop_idx_) if out is not None]] = False
        return starts, np.where(has_column, np.cumsum(has_column) - 1, -1)

    def _indicators(self, chosen, n_columns):
        is_set = chosen >= 0
        if self.sparse_output:
            from scipy import sparse

            indptr = np.concatenate([[0], np.cumsum(is_set.sum(axis=1))]).astype(np.int32)
            columns = chosen[is_set].astype(np.int32)
            return sparse.csr_matrix((np.ones(len(columns), self.dtype), columns, indptr), (len(chosen), n_columns))
        out = np.zeros((len(chosen), n_columns), self.dtype)
        rows, _ = np.nonzero(is_set)
        out[rows, chosen[is_set]] = 1
        return out

    def _inverse_column(self, data, feature, places):
        categories = self.categories_[feature]
        kept = np.flatnonzero(places >= 0)
        block = data[:, places[kept]]
        is_empty = (block == 0).all(axis=1)
        codes = kept[block.argmax(axis=1)] if len(kept) else np.zeros(len(data), np.int64)
        dropped = None if self.drop_idx_ is None else self.drop_idx_[feature]
        if dropped is not None:
            return categories[np.where(is_empty, dropped, codes)]
        if not is_empty.any():
            return categories[codes]
        if self.handle_unknown == "error":
            raise ValueError(
                f"Samples {np.flatnonzero(is_empty).tolist()} can not be inverted when drop=None and "
                "handle_unknown='error' because they contain all zeros"
            )
        out = categories[codes].astype(object)
        out[is_empty] = None
        return out


def _columns(X):
    """The columns, each of its own dtype; lists that hold strings keep their entries as they are."""
    is_frame = hasattr(X, "iloc") and hasattr(X, "columns")
    array = X
    if not is_frame and not hasattr(X, "tocsr"):
        array = np.asarray(X, dtype=object) if mixes_strings(X) else np.asarray(X)
    # of objects only the shape is checked here, their values when the categories are found
    is_numeric = hasattr(array, "dtype") and array.dtype.kind not in "OUS"
    check_array(array if is_numeric else np.broadcast_to(np.int8(0), array.shape), dtype=None, allow_nan=True)
    columns = [np.asarray(X.iloc[:, f]) for f in range(X.shape[1])] if is_frame else list(array.T)
    for column in columns if is_frame else ():
        check_array(column, dtype=None, allow_nan=True, ensure_2d=False)
    return columns


def _given_categories(given, column, feature):
    """The categories that the caller lists, in his order."""
    values = np.asarray(given, dtype=object)
    if column.dtype.kind != "O":
        values = np.asarray(given)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"categories of feature {feature} must be a list of values, got {given!r}")
    plain = [v for v in values.tolist() if v is not None and not is_nan(v)]
    if len(set(plain)) < len(plain) or len(values) - len(plain) > 2:
        raise ValueError(f"In column {feature}, the predefined categories contain duplicate elements.")
    if any(is_nan(v) for v in values.tolist()[:-1]):
        raise ValueError(
            f"Nan should be the last element in user provided categories, see categories {values} in column #{feature}"
        )
    if values.dtype.kind in "iufb" and plain != sorted(plain):
        raise ValueError("Unsorted categories are not supported for numerical categories")
    return values


def _encode_all(columns, categories, during):
    """Codes (n_samples, n_features); unknown ones are an error where `during` names what was being done."""
    codes = np.stack([codes_of(column, c) for column, c in zip(columns, categories)], axis=1)
    for feature in np.flatnonzero((codes < 0).any(axis=0)) if during else ():
        unknown = columns[feature][codes[:, feature] < 0]
        raise ValueError(f"Found unknown categories {named(unknown)} in column {feature} during {during}")
    return codes
