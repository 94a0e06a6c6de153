"""Gaussian naive Bayes.

Notation: samples x (D features), classes k with prior pi_k, means m_kj, variances v_kj.

    log p(k, x) = log pi_k + sum_j log N(x_j; m_kj, v_kj)

The features are independent given the class, so the maximum-likelihood estimates are weighted means and variances by
class; ``epsilon_ = var_smoothing * (largest variance of a feature)`` is added to every variance. `partial_fit` merges
the moments of batches.

Complexity: O(n K D) as products of matrices.

References
----------
Hastie, Tibshirani & Friedman (2009), "The Elements of Statistical Learning", 2nd ed., section 6.6.3.
Chan, Golub & LeVeque (1983), "Algorithms for computing the sample variance", The American Statistician 37(3), eq. 3.1.
"""

from numbers import Real

import numpy as np

from npml_core import (
    BaseEstimator,
    ClassifierMixin,
    check_sample_weight,
    check_X_y,
    encode_labels,
    logsumexp,
)

from .linear.base import weighted_mean
from .mixture.expectation import Parameters, log_probabilities

__all__ = ["GaussianNB"]


class GaussianNB(ClassifierMixin, BaseEstimator):
    """Classifier with independent Gaussian features.

    Parameters
    ----------
    priors : array-like (n_classes,), optional
        Priors of the classes; None: their shares of the samples.
    var_smoothing : float, default=1e-9
        Share of the largest variance that is added to all.

    Attributes
    ----------
    classes_ : ndarray (n_classes,)
        The labels.
    class_count_, class_prior_ : ndarray (n_classes,)
        Weight of the samples of each class, and the priors.
    theta_, var_ : ndarray (n_classes, n_features)
        Means and variances.
    epsilon_ : float
        What was added to the variances.

    Examples
    --------
    >>> from npml_classical import GaussianNB
    >>> model = GaussianNB().fit([[-2.0], [-1.0], [1.0], [2.0]], [0, 0, 1, 1])
    >>> model.predict([[0.5]])
    array([1])
    """

    def __init__(self, *, priors=None, var_smoothing=1e-9):
        self.priors = priors
        self.var_smoothing = var_smoothing

    def fit(self, X, y, sample_weight=None):
        """Estimate the model.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,)
            Their classes.
        sample_weight : array-like (n_samples,), optional
            Weights; an integer weight equals a repeated sample.

        Returns
        -------
        self
        """
        data, labels = check_X_y(X, y)
        classes, codes = encode_labels(labels)
        return self._update(X, data, classes, codes, sample_weight, old=None)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Take in one more batch.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,)
            Their classes.
        classes : array-like (n_classes,), optional
            All classes that will ever come; needed with the first batch.
        sample_weight : array-like (n_samples,), optional
            Weights.

        Returns
        -------
        self
        """
        is_first = not hasattr(self, "classes_")
        if is_first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit")
        if not is_first:
            self._check_input(X)
        known = encode_labels(classes, name="classes")[0] if is_first else self.classes_
        if not is_first and classes is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(f"classes={classes!r} are not those of the first call, {known!r}")
        data, labels = check_X_y(X, y)
        present, local = encode_labels(labels)
        strangers = np.setdiff1d(present, known)
        if len(strangers):
            raise ValueError(f"y holds the unknown label(s) {strangers.tolist()}; classes are {known.tolist()}")
        codes = np.searchsorted(known, present)[local]
        old = None if is_first else (self.class_count_, self.theta_, self.var_ - self.epsilon_)
        return self._update(X, data, known, codes, sample_weight, old)

    def predict(self, X):
        """The most probable class.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples,)
        """
        joint = self.predict_joint_log_proba(X)
        return self.classes_[joint.argmax(axis=1)]

    def predict_joint_log_proba(self, X):
        """log p(k, x).

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples, n_classes)
        """
        data = self._check_input(X)
        parameters = Parameters(self.class_prior_, self.theta_, 1.0 / np.sqrt(self.var_))
        return log_probabilities("diag", data.astype(np.float64, copy=False), parameters).astype(data.dtype, copy=False)

    def predict_log_proba(self, X):
        """log p(k | x).

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples, n_classes)
        """
        joint = self.predict_joint_log_proba(X)
        return joint - logsumexp(joint, axis=1, keepdims=True)

    def predict_proba(self, X):
        """p(k | x).

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples, n_classes)
        """
        return np.exp(self.predict_log_proba(X))

    def _update(self, X, data, classes, codes, sample_weight, old):
        smoothing = self.var_smoothing
        if isinstance(smoothing, bool) or not isinstance(smoothing, Real) or not 0 <= smoothing < np.inf:
            raise ValueError(f"var_smoothing must be a finite number that is not negative, got {smoothing!r}")
        weights = check_sample_weight(sample_weight, data).astype(np.float64)
        values = data.astype(np.float64, copy=False)
        count, theta, var = _moments(values, codes, len(classes), weights)
        epsilon = smoothing * float(values.var(axis=0).max())
        if old is not None:
            count, theta, var = _merge(old, (count, theta, var))
        prior = self._check_priors(len(classes), count)
        self._record_features(X)
        self.classes_, self.class_count_, self.class_prior_ = classes, count, prior
        self.theta_, self.var_, self.epsilon_ = theta, var + epsilon, epsilon
        return self

    def _check_priors(self, K, count):
        if self.priors is None:
            return count / count.sum()
        priors = np.asarray(self.priors, dtype=np.float64)
        if priors.shape != (K,):
            raise ValueError(
                f"Number of priors must match number of classes: priors has shape {priors.shape}, K is {K}"
            )
        if not np.isclose(priors.sum(), 1.0):
            raise ValueError(f"The sum of the priors should be 1, got {priors.sum()}")
        if (priors < 0).any():
            raise ValueError(f"Priors must be non-negative, got priors={self.priors!r}")
        return priors


def _moments(X, codes, K, weights):
    """Weight, means and variances of every class; around the class's own mean, so that nothing cancels."""
    one_hot = (np.arange(K)[:, None] == codes) * weights
    count = one_hot.sum(axis=1)
    safe = np.where(count > 0, count, 1.0)[:, None]
    centre = weighted_mean(X, weights)
    theta = (one_hot @ (X - centre)) / safe + centre * (count > 0)[:, None]
    difference = X - theta[codes]
    return count, theta, (one_hot @ difference**2) / safe


def _merge(first, second):
    (n1, m1, v1), (n2, m2, v2) = first, second
    n = n1 + n2
    share1, share2 = (n1 / np.where(n > 0, n, 1.0))[:, None], (n2 / np.where(n > 0, n, 1.0))[:, None]
    return n, share1 * m1 + share2 * m2, share1 * v1 + share2 * v2 + share1 * share2 * (m1 - m2) ** 2
