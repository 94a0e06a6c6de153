"""Columns on a common scale: zero mean and unit variance, or a given range.

Notation: samples X (n, D), weights w; NaN is a missing value, left out of every sum and passed through.

    standard      z = (x - mean) / std             mean = sum w x / sum w,  std^2 = sum w (x - mean)^2 / sum w
    min-max       z = low + (x - min) (high - low) / (max - min)

A standard scaler's column is constant, and has scale 1, where it varies within the rounding of its mean. ``moments``
has the sums, and how those of further samples are merged with what was seen before.

Differences from the peers: a min-max range is not called zero because it is small (1e-20, say), only where it is within
rounding of the values themselves.
"""

from numbers import Real
from typing import Any

import numpy as np

from npml_core import BaseEstimator, TransformerMixin, check_array, check_is_fitted, check_sample_weight

from .moments import is_sparse, merged, moments

__all__ = ["MinMaxScaler", "StandardScaler"]


class StandardScaler(TransformerMixin, BaseEstimator):
    """Columns of zero mean and unit variance.

    Parameters
    ----------
    copy : bool, default=True
        There for compatibility: the input is never written to.
    with_mean : bool, default=True
        Whether to subtract the mean (sparse input stays sparse, so it needs False).
    with_std : bool, default=True
        Whether to divide by the standard deviation (that of the samples: divisor n).

    Attributes
    ----------
    mean_, var_, scale_ : ndarray (n_features,) or None
        Mean, variance, and what is divided by: the standard deviation, 1 for a constant column.
    n_samples_seen_ : int, float or ndarray (n_features,)
        Number of samples, or their weight; for each feature where values are missing.

    Examples
    --------
    >>> from npml_preproc import StandardScaler
    >>> StandardScaler().fit_transform([[1.0, 5.0], [3.0, 5.0]])
    array([[-1.,  0.],
           [ 1.,  0.]])
    """

    _tags = {"allow_nan": True}

    def __init__(self, *, copy: bool = True, with_mean: bool = True, with_std: bool = True):
        self.copy = copy
        self.with_mean = with_mean
        self.with_std = with_std

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "StandardScaler":
        """Find means and deviations.

        Parameters
        ----------
        X : array-like or sparse (n_samples, n_features)
            Samples; NaN is a missing value.
        y : ignored
            There so that pipelines can pass it.
        sample_weight : array-like (n_samples,), optional
            Weights of the samples.

        Returns
        -------
        self
        """
        data = self._checked(X)
        self._assign(moments(data, _weights(sample_weight, data)), sample_weight is not None)
        self._record_features(X)
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "StandardScaler":
        """Take in more samples.

        Parameters
        ----------
        X : array-like or sparse (n_samples, n_features)
            Samples; NaN is a missing value.
        y : ignored
            There so that pipelines can pass it.
        sample_weight : array-like (n_samples,), optional
            Weights of the samples.

        Returns
        -------
        self
        """
        if not hasattr(self, "scale_"):
            return self.fit(X, sample_weight=sample_weight)
        data = self._check_input(X, allow_nan=True, accept_sparse=True)
        self._check_sparse(data)
        new = moments(data, _weights(sample_weight, data))
        self._assign(merged(self._so_far, new), self._is_weighted or sample_weight is not None)
        return self

    def transform(self, X: Any) -> Any:
        """Shift and scale.

        Parameters
        ----------
        X : array-like or sparse (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray or sparse matrix (n_samples, n_features)
        """
        data = self._check_input(X, allow_nan=True, accept_sparse=True)
        self._check_sparse(data)
        if is_sparse(data):
            return _scaled_columns(data, 1.0 / self.scale_) if self.with_std else data.copy()
        out = _apply(np.subtract, data, self.mean_) if self.with_mean else data.copy()
        return _apply(np.divide, out, self.scale_, out) if self.with_std else out

    def inverse_transform(self, X: Any) -> Any:
        """Undo `transform`.

        Parameters
        ----------
        X : array-like or sparse (n_samples, n_features)
            Scaled samples.

        Returns
        -------
        ndarray or sparse matrix (n_samples, n_features)
        """
        check_is_fitted(self)
        data = check_array(X, allow_nan=True, accept_sparse=True)
        _check_columns(data, self.n_features_in_)
        self._check_sparse(data)
        if is_sparse(data):
            return _scaled_columns(data, self.scale_) if self.with_std else data.copy()
        out = _apply(np.multiply, data, self.scale_) if self.with_std else data.copy()
        return _apply(np.add, out, self.mean_, out) if self.with_mean else out

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.with_mean
        return tags

    def _checked(self, X):
        data = check_array(X, allow_nan=True, accept_sparse=True)
        self._check_sparse(data)
        return data

    def _check_sparse(self, data):
        if is_sparse(data) and self.with_mean:
            raise ValueError("Cannot center sparse matrices: X is sparse, so with_mean must be False")

    def _assign(self, so_far, is_weighted):
        count, mean, std = so_far
        self._so_far, self._is_weighted = so_far, is_weighted
        self.n_samples_seen_ = _seen(count, is_weighted)
        self.mean_ = mean if self.with_mean or self.with_std else None
        with np.errstate(over="ignore", under="ignore"):
            self.var_ = std**2 if self.with_std else None
        self.scale_ = _std_or_one(count, mean, std) if self.with_std else None


class MinMaxScaler(TransformerMixin, BaseEstimator):
    """Columns within a given range.

    Parameters
    ----------
    feature_range : (float, float), default=(0, 1)
        Where the least and the largest value go.
    copy : bool, default=True
        There for compatibility: the input is never written to.
    clip : bool, default=False
        Whether to clip what lies outside the range seen by `fit`.

    Attributes
    ----------
    data_min_, data_max_, data_range_ : ndarray (n_features,)
        Least and largest value, and their difference.
    scale_, min_ : ndarray (n_features,)
        z = x scale_ + min_.
    n_samples_seen_ : int
        Number of samples.

    Examples
    --------
    >>> from npml_preproc import MinMaxScaler
    >>> MinMaxScaler(feature_range=(-1, 1)).fit_transform([[1.0, 5.0], [2.0, 5.0], [5.0, 5.0]])
    array([[-1. , -1. ],
           [-0.5, -1. ],
           [ 1. , -1. ]])
    """

    _tags = {"allow_nan": True}

    def __init__(self, feature_range: tuple[float, float] = (0, 1), *, copy: bool = True, clip: bool = False):
        self.feature_range = feature_range
        self.copy = copy
        self.clip = clip

    def fit(self, X: Any, y: Any = None) -> "MinMaxScaler":
        """Find the least and the largest value of each column.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is a missing value.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self
        """
        data = check_array(X, allow_nan=True)
        self._assign(np.fmin.reduce(data), np.fmax.reduce(data), len(data))
        self._record_features(X)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> "MinMaxScaler":
        """Take in more samples.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is a missing value.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self
        """
        if not hasattr(self, "scale_"):
            return self.fit(X)
        data = self._check_input(X, allow_nan=True)
        least = np.fmin(self.data_min_, np.fmin.reduce(data))
        largest = np.fmax(self.data_max_, np.fmax.reduce(data))
        self._assign(least, largest, self.n_samples_seen_ + len(data))
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Scale to the range.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples, n_features)
        """
        data = self._check_input(X, allow_nan=True)
        if np.isinf(self.data_range_).any():
            out = _apply(np.add, _apply(np.multiply, data, self.scale_), self.min_)
        else:  # subtracting first loses no digits where the values are far from 0
            out = _apply(np.subtract, data, self.data_min_)
            _apply(np.multiply, out, self.scale_, out)
            _apply(np.add, out, self.feature_range[0], out)
        return np.clip(out, *self.feature_range, out=out) if self.clip else out

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Undo `transform`.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Scaled samples.

        Returns
        -------
        ndarray (n_samples, n_features)
        """
        check_is_fitted(self)
        data = check_array(X, allow_nan=True)
        _check_columns(data, self.n_features_in_)
        out = _apply(np.subtract, data, self.feature_range[0])
        _apply(np.divide, out, self.scale_, out)
        return _apply(np.add, out, self.data_min_, out)

    def _assign(self, least, largest, n_samples):
        low, high = _checked_range(self.feature_range)
        with np.errstate(over="ignore"):
            spread = largest - least
        limits = np.finfo(spread.dtype)
        largest_magnitude = np.maximum(np.abs(least), np.abs(largest))
        is_constant = (spread < 10 * limits.eps) & (spread <= 10 * limits.eps * largest_magnitude)
        divisor = np.where(is_constant | (spread < limits.tiny), 1.0, spread)
        scale = (high - low) / divisor
        wide = np.isinf(spread)  # too wide for a float: its half is not
        scale[wide] = (high - low) / 2 / (largest[wide] / 2 - least[wide] / 2)
        scale = scale.astype(spread.dtype, copy=False)
        self.data_min_, self.data_max_, self.data_range_ = least, largest, spread
        self.scale_ = scale
        self.min_ = (low - least * scale).astype(spread.dtype, copy=False)
        self.n_samples_seen_ = n_samples


def _checked_range(feature_range):
    try:
        low, high = feature_range
    except (TypeError, ValueError):
        raise ValueError(f"feature_range must be a pair of numbers, got {feature_range!r}") from None
    if not (isinstance(low, Real) and isinstance(high, Real)) or not low < high:
        raise ValueError(
            f"Minimum of desired feature range must be smaller than maximum: feature_range is {feature_range!r}"
        )
    return float(low), float(high)


def _check_columns(data, expected):
    if data.shape[1] != expected:
        raise ValueError(f"X has {data.shape[1]} features, but the scaler was fitted with {expected}")


def _apply(operation, data, by, out=None):
    """`operation` in the precision of both operands, its result in that of `data`."""
    return operation(data, by, out=np.empty_like(data) if out is None else out, casting="same_kind")


def _scaled_columns(matrix, factors):
    matrix = matrix.copy()
    matrix.data *= factors.astype(matrix.dtype).take(matrix.indices)
    return matrix


def _weights(sample_weight, data):
    return None if sample_weight is None else check_sample_weight(sample_weight, data).astype(np.float64)


def _seen(count, is_weighted):
    """A number where all columns have seen the same, whole where no weights are at play."""
    count = count if is_weighted else count.astype(np.int64)
    return count[0].item() if (count == count[0]).all() else count


def _std_or_one(count, mean, std):
    """What to divide by: 1 where the deviation is within the rounding of the mean, count |mean| eps."""
    rounding = count * np.abs(mean) * np.finfo(np.float64).eps
    return np.where(std <= rounding, 1.0, std)
