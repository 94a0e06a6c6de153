"""Kernel regression: the estimator of Nadaraya and Watson.

Notation: training samples x_i with targets y_i, a query q, kernel k.

    f(q) = sum_i k(q, x_i) y_i / sum_i k(q, x_i)

The RBF and Laplacian kernels are exponentials: far from all samples every one of them underflows to 0, and 0 / 0
would be left. So the largest exponent of a query is taken out first, as in a softmax: the weights are then those of
the nearest samples. Numerator and denominator are one product with [y, 1], a block of queries at a time.

Complexity: O(m n D).

References
----------
Nadaraya (1964), "On estimating regression", Theory of Probability and its Applications 9(1), 141-142.
Watson (1964), "Smooth regression analysis", Sankhya A 26(4), 359-372.
"""

import numpy as np

from npml_core import BaseEstimator, RegressorMixin, check_X_y, pairwise_distances, pairwise_kernels

__all__ = ["KernelRegression"]

QUERIES_PER_BLOCK = 256
EXPONENTIAL = {"rbf": "sqeuclidean", "laplacian": "manhattan"}


class KernelRegression(RegressorMixin, BaseEstimator):
    """Mean of the training targets, weighted by a kernel.

    Parameters
    ----------
    kernel : str or callable, default="rbf"
        A kernel of `npml_core.pairwise_kernels`, or a function of two vectors; its sum over the samples must not be 0.
    gamma : float, optional
        Inverse (squared) width of the kernel; None is 1 / n_features.

    Attributes
    ----------
    n_features_in_ : int
        Features seen by `fit`.

    Examples
    --------
    >>> from npml_classical import KernelRegression
    >>> model = KernelRegression(gamma=10.0).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> model.predict([[0.5], [100.0]])
    array([0.5, 1. ])
    """

    _tags = {"multi_output": True, "poor_score": True}  # the default width smooths a lot

    def __init__(self, kernel="rbf", gamma=None):
        self.kernel = kernel
        self.gamma = gamma

    def fit(self, X, y):
        """Remember the training samples.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,) or (n_samples, n_targets)
            Targets.

        Returns
        -------
        self
        """
        data, targets = check_X_y(X, y, multi_output=True, y_numeric=True)
        self._weights(data[:1], data[:1])  # a bad kernel or gamma is an error now, not at the first query
        self._record_features(X)
        self._fit_X, self._y = data, targets
        return self

    def predict(self, X):
        """f(q).

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Queries.

        Returns
        -------
        ndarray (n_samples,) or (n_samples, n_targets)

        Raises
        ------
        ValueError
            If the weights of a query sum to 0 (kernels that may be negative).
        """
        queries = self._check_input(X)
        targets = self._y.reshape(len(self._y), -1)
        design = np.column_stack([targets, np.ones(len(targets))])
        sums = np.concatenate(
            [
                self._weights(queries[start : start + QUERIES_PER_BLOCK], self._fit_X) @ design
                for start in range(0, len(queries), QUERIES_PER_BLOCK)
            ]
        )
        if (sums[:, -1] == 0).any():
            raise ValueError(f"the weights of query {int((sums[:, -1] == 0).argmax())} in X sum to 0")
        result = (sums[:, :-1] / sums[:, -1:]).astype(queries.dtype, copy=False)
        return result[:, 0] if self._y.ndim == 1 else result

    def _weights(self, queries, samples):
        """Kernel values of queries and samples, up to a factor for each query."""
        options = {} if self.gamma is None or callable(self.kernel) else {"gamma": self.gamma}
        if self.kernel not in EXPONENTIAL:
            return pairwise_kernels(queries, samples, metric=self.kernel, **options)
        pairwise_kernels(queries[:1], samples[:1], metric=self.kernel, **options)  # checks gamma
        gamma = 1.0 / samples.shape[1] if self.gamma is None else self.gamma
        exponents = pairwise_distances(queries, samples, metric=EXPONENTIAL[self.kernel])
        exponents *= -gamma
        exponents -= exponents.max(axis=1, keepdims=True)
        return np.exp(exponents, out=exponents)
