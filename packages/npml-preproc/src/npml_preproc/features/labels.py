"""Labels as numbers: the place of each in the sorted list of all. ``categories`` has the algorithm."""

import warnings
from typing import Any

import numpy as np

from npml_core import BaseEstimator, check_is_fitted
from npml_core.validation import data_conversion_warning

from .categories import categories_of, codes_of, mixes_strings, named

__all__ = ["LabelEncoder"]


class LabelEncoder(BaseEstimator):
    """Labels as the numbers 0..K-1.

    Attributes
    ----------
    classes_ : ndarray (K,)
        The labels, sorted.

    Examples
    --------
    >>> from npml_preproc import LabelEncoder
    >>> encoder = LabelEncoder().fit(["paris", "tokyo", "paris", "amsterdam"])
    >>> encoder.classes_.tolist()
    ['amsterdam', 'paris', 'tokyo']
    >>> encoder.transform(["tokyo", "paris"])
    array([2, 1])
    """

    _kind = "transformer"
    _tags = {"two_d": False, "one_d_labels": True}

    def fit(self, y: Any) -> "LabelEncoder":
        """Find the labels.

        Parameters
        ----------
        y : array-like (n_samples,)
            Labels.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If the labels mix strings and numbers.
        """
        self.classes_ = categories_of(_labels(y), "y")
        return self

    def fit_transform(self, y: Any) -> np.ndarray:
        """Find the labels, and number these.

        Parameters
        ----------
        y : array-like (n_samples,)
            Labels.

        Returns
        -------
        ndarray of int64 (n_samples,)
        """
        return self.fit(y).transform(y)

    def transform(self, y: Any) -> np.ndarray:
        """The number of each label.

        Parameters
        ----------
        y : array-like (n_samples,)
            Labels.

        Returns
        -------
        ndarray of int64 (n_samples,)

        Raises
        ------
        ValueError
            For labels that `fit` has not seen; it names them all.
        """
        check_is_fitted(self, "classes_")
        labels = _labels(y)
        codes = codes_of(labels, self.classes_)
        if (codes < 0).any():
            raise ValueError(f"y contains previously unseen labels: {named(labels[codes < 0])}")
        return codes

    def inverse_transform(self, y: Any) -> np.ndarray:
        """The label of each number.

        Parameters
        ----------
        y : array-like of int (n_samples,)
            Numbers.

        Returns
        -------
        ndarray (n_samples,)

        Raises
        ------
        ValueError
            For numbers that no label has; it names them all.
        """
        check_is_fitted(self, "classes_")
        codes = _labels(y)
        if not len(codes):
            return self.classes_[:0]
        is_known = np.isin(codes, np.arange(len(self.classes_)))
        if not is_known.all():
            raise ValueError(f"y contains previously unseen labels: {named(codes[~is_known])}")
        return self.classes_[codes.astype(np.int64)]


def _labels(y):
    """Labels as a one-dimensional array."""
    labels = np.asarray(y)
    if mixes_strings(y):
        items = np.asarray(y, dtype=object)
        labels = labels if all(isinstance(item, str) for item in items.ravel()) else items
    if labels.ndim == 2 and labels.shape[1] == 1:
        message = "A column-vector y was passed when a 1d array was expected: use y.ravel()"
        warnings.warn(message, data_conversion_warning(), stacklevel=4)
        return labels.ravel()
    if labels.ndim != 1:
        raise ValueError(f"y should be a 1d array, got an array of shape {labels.shape} instead")
    return labels
