"""What linear models share: the prediction, and weighted moments of X and y."""

import numpy as np

from npml_core import BaseEstimator, RegressorMixin


class LinearPredictor(BaseEstimator):
    """``X coef_ + intercept_``."""

    def _linear(self, X):
        X = self._check_input(X)
        coef = np.asarray(self.coef_).astype(X.dtype, copy=False)
        return X @ coef.T + np.asarray(self.intercept_).astype(X.dtype, copy=False)


class LinearRegressor(RegressorMixin, LinearPredictor):
    """A regressor whose prediction is linear."""

    def predict(self, X):
        """X w + b.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples,) or (n_samples, n_targets)
        """
        return self._linear(X)


def weighted_mean(X, weights):
    """Mean of the rows of X by weight."""
    return (weights / weights.sum()) @ X


def column_scale(X):
    """A power of two near the largest entry of each column (1 for a column of zeros): dividing by it rounds nothing."""
    largest = np.abs(X).max(axis=0)
    return 2.0 ** np.frexp(np.where(largest > 0, largest, 1.0))[1].astype(np.float64)
