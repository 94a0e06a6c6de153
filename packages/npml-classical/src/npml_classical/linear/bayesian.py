"""Bayesian linear regression with conjugate priors.

Notation: X (n, D) with a first column of ones if there is an intercept, y (n,), coefficients b, noise variance s^2.

    likelihood     y ~ N(X b, s^2 I)
    prior          b | s^2 ~ N(mu, s^2 V);     s^2 = sigma^2 is known ("normal")
                                               or s^2 ~ InverseGamma(alpha, beta) ("normal-gamma")

    posterior      b | s^2, y ~ N(m, s^2 Vn),  Vn = (V^-1 + X^T X)^-1,   m = Vn (V^-1 mu + X^T y)
                   s^2 | y ~ InverseGamma(an, bn),   an = alpha + n / 2
                   bn = beta + (|y - X m|^2 + (m - mu)^T V^-1 (m - mu)) / 2
    prediction     y* ~ N(x . m, s^2 (1 + x^T Vn x)), or Student's t with 2 an degrees of freedom and
                   squared scale bn / an (1 + x^T Vn x)

The sums over samples take weights; a weight of two is the sample twice. Complexity: O(n D^2 + D^3).

References
----------
Gelman et al. (2013), "Bayesian Data Analysis", 3rd ed., sections 14.2 and 14.8.
Bishop (2006), "Pattern Recognition and Machine Learning", section 3.3 and exercises 3.12, 3.13.
"""

from numbers import Integral, Real

import numpy as np

from npml_core import check_is_fitted, check_random_state, check_sample_weight, check_X_y

from .base import LinearRegressor

__all__ = ["BayesianLinearRegression"]


class BayesianLinearRegression(LinearRegressor):
    """Linear regression with a distribution over the coefficients.

    Parameters
    ----------
    prior : {"normal", "normal-gamma"}, default="normal"
        Whether the noise variance is known or has an inverse-gamma prior.
    mu : float or array-like (n_coefficients,), default=0.0
        Prior mean; the intercept, if there is one, is the first coefficient.
    V : float or array-like (n_coefficients, n_coefficients), default=1.0
        Prior covariance in units of s^2; a number stands for that multiple of the identity.
    sigma : float, default=1.0
        Standard deviation of the noise ("normal").
    alpha, beta : float, default=1.0
        Shape and scale of the inverse-gamma prior ("normal-gamma").
    fit_intercept : bool, default=True
        Whether there is an intercept.

    Attributes
    ----------
    coef_, intercept_ : ndarray (n_features,), float
        Posterior means.
    posterior_mean_ : ndarray (n_coefficients,)
        m.
    posterior_covariance_ : ndarray (n_coefficients, n_coefficients)
        Vn, in units of s^2.
    alpha_, beta_ : float
        an and bn ("normal-gamma").

    Examples
    --------
    >>> from npml_classical import BayesianLinearRegression
    >>> model = BayesianLinearRegression(V=1e6, sigma=0.1).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> mean, std = model.predict([[3.0]], return_std=True)
    >>> mean.round(3), std.round(3)
    (array([7.]), array([0.183]))
    """

    def __init__(self, prior="normal", *, mu=0.0, V=1.0, sigma=1.0, alpha=1.0, beta=1.0, fit_intercept=True):
        self.prior = prior
        self.mu = mu
        self.V = V
        self.sigma = sigma
        self.alpha = alpha
        self.beta = beta
        self.fit_intercept = fit_intercept

    def fit(self, X, y, sample_weight=None):
        """Find the posterior.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,)
            Targets.
        sample_weight : array-like (n_samples,), optional
            Weights; an integer weight equals a repeated sample.

        Returns
        -------
        self
        """
        self._check_options()
        data, targets = check_X_y(X, y, y_numeric=True)
        weights = check_sample_weight(sample_weight, data).astype(np.float64)
        design, y64 = self._design(data), targets.astype(np.float64)
        mu, V = self._check_prior(design.shape[1])

        # around the prior mean, and whitened by V = L L^T: Vn = L (I + L^T X^T S X L)^-1 L^T exists for singular V too
        L = _factor(V)
        residual = y64 - design @ mu
        projected = design @ L
        precision = np.eye(L.shape[1]) + projected.T @ (weights[:, None] * projected)
        u = np.linalg.solve(precision, projected.T @ (weights * residual))
        mean = mu + L @ u
        covariance = L @ np.linalg.solve(precision, L.T)
        misfit = residual - projected @ u

        self._record_features(X)
        self.posterior_mean_, self.posterior_covariance_ = mean, 0.5 * (covariance + covariance.T)
        self.coef_ = mean[1:] if self.fit_intercept else mean
        self.intercept_ = float(mean[0]) if self.fit_intercept else 0.0
        self.alpha_ = self.alpha + 0.5 * float(weights.sum())
        self.beta_ = self.beta + 0.5 * float(weights @ misfit**2 + u @ u)
        return self

    def predict(self, X, return_std=False):
        """Mean, and standard deviation, of a new observation.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        return_std : bool, default=False
            Whether to return the standard deviation (of the target with its noise) too.

        Returns
        -------
        mean : ndarray (n_samples,)
        std : ndarray (n_samples,)
            Only if `return_std`; infinite where Student's t has no variance (an <= 1).
        """
        mean = self._linear(X)
        if not return_std:
            return mean
        design = self._design(self._check_input(X))
        growth = 1.0 + np.einsum("nd,de,ne->n", design, self.posterior_covariance_, design, optimize=True)
        if self.prior == "normal":
            variance = self.sigma**2
        else:
            variance = self.beta_ / (self.alpha_ - 1.0) if self.alpha_ > 1.0 else np.inf
        return mean, np.sqrt(variance * growth).astype(mean.dtype)

    def sample_posterior(self, n_samples=1, random_state=None):
        """Draw coefficients from the posterior.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        random_state : None, int, Generator or RandomState
            Draws them.

        Returns
        -------
        ndarray (n_samples, n_coefficients)
            The intercept, if there is one, is the first column.
        """
        check_is_fitted(self)
        if isinstance(n_samples, bool) or not isinstance(n_samples, Integral) or n_samples < 1:
            raise ValueError(f"n_samples must be a positive int, got {n_samples!r}")
        rng = check_random_state(random_state)
        scale = np.full(n_samples, float(self.sigma))
        if self.prior == "normal-gamma":
            scale = np.sqrt(self.beta_ / rng.gamma(self.alpha_, size=n_samples))
        noise = rng.standard_normal((n_samples, len(self.posterior_mean_)))
        return self.posterior_mean_ + scale[:, None] * (noise @ _factor(self.posterior_covariance_).T)

    def _design(self, X):
        X = X.astype(np.float64, copy=False)
        return np.column_stack([np.ones(len(X)), X]) if self.fit_intercept else X

    def _check_prior(self, n):
        mu, V = np.asarray(self.mu, dtype=np.float64), np.asarray(self.V, dtype=np.float64)
        if mu.shape not in ((), (n,)) or not np.isfinite(mu).all():
            raise ValueError(f"mu must be a finite number or {n} of them, got {self.mu!r}")
        V = V * np.eye(n) if V.ndim == 0 else V
        if V.shape != (n, n) or not np.isfinite(V).all() or not np.allclose(V, V.T):
            raise ValueError(f"V must be a positive number or a symmetric matrix of shape {(n, n)}, got {self.V!r}")
        if np.linalg.eigvalsh(V)[0] < -1e-10 * np.abs(V).max() or not V.any():
            raise ValueError("V must be positive definite")
        return np.broadcast_to(mu, n), V

    def _check_options(self):
        if self.prior not in ("normal", "normal-gamma"):
            raise ValueError(f"prior must be 'normal' or 'normal-gamma', got {self.prior!r}")
        for name in ("sigma", "alpha", "beta"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < np.inf:
                raise ValueError(f"{name} must be a positive number, got {value!r}")


def _factor(covariance):
    """L with L L^T = covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))
