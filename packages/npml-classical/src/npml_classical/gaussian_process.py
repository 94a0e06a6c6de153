"""Gaussian-process regression.

Notation: X (n, D), y (n,), kernel k with hyper-parameters theta, noise variance alpha, new samples X* (m, D).

    K = k(X, X) + alpha I = L L^T,      a = K^-1 y                               Rasmussen & Williams, algorithm 2.1
    mean        f* = k(X*, X) a                                                  eq. 2.25
    covariance  k(X*, X*) - V^T V,      V = L^-1 k(X, X*)                        eq. 2.26
    evidence    log p(y) = -y^T a / 2 - sum_i log L_ii - n/2 log 2 pi            eq. 2.30
    gradient    d log p / d theta_j = tr((a a^T - K^-1) dK / d theta_j) / 2      eq. 5.9

The evidence is maximised over theta with L-BFGS-B from SciPy, from the kernel's own theta and from
`n_restarts_optimizer` random ones within the bounds. L^-1 is kept, so that predictions need NumPy alone.

Complexity: O(n^3) an evaluation, O(n m) a mean, O(n^2 m) a variance.

References
----------
Rasmussen & Williams (2006), "Gaussian Processes for Machine Learning", chapters 2 and 5.
"""

import warnings
from numbers import Integral

import numpy as np

from npml_core import (
    BaseEstimator,
    RegressorMixin,
    check_array,
    check_random_state,
    check_X_y,
    convergence_warning,
)

from .kernels import RBF, ConstantKernel, copy_kernel

__all__ = ["GaussianProcessRegressor"]


class GaussianProcessRegressor(RegressorMixin, BaseEstimator):
    """A distribution over functions, conditioned on samples.

    Parameters
    ----------
    kernel : Kernel, optional
        Prior covariance (`npml_classical.kernels`); None is an RBF with length scale 1, fixed.
    alpha : float or array-like (n_samples,), default=1e-10
        Noise variance on the diagonal.
    optimizer : "fmin_l_bfgs_b", callable or None, default="fmin_l_bfgs_b"
        How the hyper-parameters are fitted; None keeps them. A callable gets (function, theta, bounds), where
        ``function(theta)`` gives minus the evidence and its gradient, and returns (theta, minus evidence).
    n_restarts_optimizer : int, default=0
        Further starts.
    normalize_y : bool, default=False
        Whether to scale the targets to mean 0 and variance 1 for the fit.
    random_state : None, int, Generator or RandomState
        Draws the further starts.

    Attributes
    ----------
    kernel_ : Kernel
        With the fitted hyper-parameters.
    log_marginal_likelihood_value_ : float
        The evidence.
    X_train_, y_train_ : ndarray
        Training data (targets scaled if `normalize_y`).
    L_ : ndarray (n_samples, n_samples)
        Lower Cholesky factor of K.
    alpha_ : ndarray (n_samples,) or (n_samples, n_targets)
        a.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import GaussianProcessRegressor
    >>> X = np.arange(5.0)[:, None]
    >>> model = GaussianProcessRegressor().fit(X, X.ravel() ** 2)
    >>> mean, std = model.predict([[2.0], [9.0]], return_std=True)
    >>> mean.round(3) + 0.0, std.round(3)
    (array([4., 0.]), array([0., 1.]))
    """

    _tags = {"multi_output": True, "requires_fit": False}

    def __init__(
        self,
        kernel=None,
        *,
        alpha=1e-10,
        optimizer="fmin_l_bfgs_b",
        n_restarts_optimizer=0,
        normalize_y=False,
        random_state=None,
    ):
        self.kernel = kernel
        self.alpha = alpha
        self.optimizer = optimizer
        self.n_restarts_optimizer = n_restarts_optimizer
        self.normalize_y = normalize_y
        self.random_state = random_state

    def fit(self, X, y):
        """Condition on samples, and fit the hyper-parameters.

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
        self._check_options()
        data, targets = check_X_y(X, y, multi_output=True, y_numeric=True, dtype=np.float64)
        noise = self._check_alpha(len(data))
        y_mean, y_std = np.zeros(targets.shape[1:]), np.ones(targets.shape[1:])
        if self.normalize_y:
            y_mean, y_std = targets.mean(axis=0), targets.std(axis=0)
            y_std = np.where(y_std > 0, y_std, 1.0)
        scaled = (targets - y_mean) / y_std
        kernel = self._make_kernel()
        evidence = _Evidence(data, scaled, noise)
        if self.optimizer is not None and len(kernel.theta):
            kernel = self._optimise(kernel, evidence)
        value, L = evidence.value(kernel)
        self._record_features(X)
        self.kernel_, self.X_train_, self.y_train_ = kernel, data.copy(), scaled
        self._y_mean, self._y_std = y_mean, y_std
        self.log_marginal_likelihood_value_ = value
        self.L_, self._L_inverse = L, _invert_triangle(L)
        self.alpha_ = self._L_inverse.T @ (self._L_inverse @ scaled)
        self._noise = noise
        return self

    def predict(self, X, return_std=False, return_cov=False):
        """Mean, and standard deviations or covariance, of the function; before `fit` those of the prior.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        return_std, return_cov : bool, default=False
            Which of the two to return too, at most one.

        Returns
        -------
        mean : ndarray (n_samples,) or (n_samples, n_targets)
        std or cov : ndarray (n_samples,) or (n_samples, n_samples), with a last axis for several targets
        """
        if return_std and return_cov:
            raise ValueError("at most one of return_std and return_cov may be asked for")
        if not hasattr(self, "X_train_"):
            data, kernel = check_array(X, dtype=np.float64), self._make_kernel()
            mean, y_std = np.zeros(len(data)), np.ones(())
            V = np.zeros((0, len(data)))
        else:
            data, kernel, y_std = self._check_input(X, dtype=np.float64), self.kernel_, self._y_std
            across = kernel(data, self.X_train_)
            mean = across @ self.alpha_ * y_std + self._y_mean
            V = self._L_inverse @ across.T if return_std or return_cov else None
        if return_cov:
            return mean, np.multiply.outer(kernel(data) - V.T @ V, y_std**2)
        if return_std:
            variance = np.maximum(kernel.diag(data) - np.einsum("nm,nm->m", V, V), 0.0)
            return mean, np.sqrt(np.multiply.outer(variance, y_std**2))
        return mean

    def sample_y(self, X, n_samples=1, random_state=0):
        """Draw functions, evaluated at samples; before `fit` from the prior.

        Parameters
        ----------
        X : array-like (n_samples_X, n_features)
            Where.
        n_samples : int, default=1
            How many.
        random_state : None, int, Generator or RandomState, default=0
            Draws them.

        Returns
        -------
        ndarray (n_samples_X, n_samples) or (n_samples_X, n_targets, n_samples)
        """
        mean, covariance = self.predict(X, return_cov=True)
        rng = check_random_state(random_state)
        if mean.ndim == 1:
            return _draw(mean, covariance, n_samples, rng)
        columns = [_draw(mean[:, t], covariance[:, :, t], n_samples, rng) for t in range(mean.shape[1])]
        return np.stack(columns, axis=1)

    def log_marginal_likelihood(self, theta=None, eval_gradient=False):
        """The evidence of the training data.

        Parameters
        ----------
        theta : ndarray (n_theta,), optional
            Hyper-parameters; None: those that were fitted.
        eval_gradient : bool, default=False
            Whether to return the gradient too.

        Returns
        -------
        value : float
        gradient : ndarray (n_theta,)
            Only if `eval_gradient`.
        """
        if theta is None and not eval_gradient:
            return self.log_marginal_likelihood_value_
        kernel = copy_kernel(self.kernel_)
        kernel.theta = kernel.theta if theta is None else np.asarray(theta, dtype=np.float64)
        evidence = _Evidence(self.X_train_, self.y_train_, self._noise)
        return evidence.gradient(kernel) if eval_gradient else evidence.value(kernel)[0]

    def _optimise(self, kernel, evidence):
        """The kernel with the highest evidence."""

        def negative(theta):
            trial = copy_kernel(kernel)
            trial.theta = theta
            try:
                value, gradient = evidence.gradient(trial)
            except ValueError:  # not positive definite there
                return np.inf, np.zeros_like(theta)
            return -value, -gradient

        bounds, starts = kernel.bounds, [kernel.theta]
        if self.n_restarts_optimizer:
            if not np.isfinite(bounds).all():
                raise ValueError("n_restarts_optimizer needs finite bounds for all hyper-parameters")
            rng = check_random_state(self.random_state)
            starts += [rng.uniform(bounds[:, 0], bounds[:, 1]) for _ in range(self.n_restarts_optimizer)]
        minimise = self.optimizer if callable(self.optimizer) else _lbfgsb
        results = [minimise(negative, start, bounds) for start in starts]
        best = copy_kernel(kernel)
        best.theta = min(results, key=lambda result: result[1])[0]
        return best

    def _make_kernel(self):
        if self.kernel is None:
            return ConstantKernel(1.0, "fixed") * RBF(1.0, "fixed")
        return copy_kernel(self.kernel)

    def _check_alpha(self, n):
        alpha = np.asarray(self.alpha)
        if (
            alpha.dtype.kind not in "iuf"
            or alpha.shape not in ((), (n,))
            or not (np.isfinite(alpha) & (alpha >= 0)).all()
        ):
            raise ValueError(f"alpha must be a number that is not negative (or {n} of them), got {self.alpha!r}")
        return np.broadcast_to(alpha.astype(np.float64), n)

    def _check_options(self):
        if self.optimizer not in ("fmin_l_bfgs_b", None) and not callable(self.optimizer):
            raise ValueError(f"optimizer must be 'fmin_l_bfgs_b', a callable or None, got {self.optimizer!r}")
        n = self.n_restarts_optimizer
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 0:
            raise ValueError(f"n_restarts_optimizer must be an int that is not negative, got {n!r}")


class _Evidence:
    """log p(y) as a function of the kernel."""

    def __init__(self, X, y, noise):
        self.X, self.y, self.noise = X, y, noise

    def value(self, kernel):
        """The evidence and L."""
        K = kernel(self.X)
        L = self._cholesky(K)
        a = _solve(L, self.y)
        return self._combine(L, a), L

    def gradient(self, kernel):
        """The evidence and its gradient."""
        from scipy.linalg.lapack import dpotri

        K, dK = kernel._evaluate(self.X, None, True)
        L = self._cholesky(K)
        a = _solve(L, self.y)
        inverse, _ = dpotri(L, lower=1)
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        a = a.reshape(len(a), -1)
        M = a @ a.T - a.shape[1] * inverse
        # both matrices are symmetric: the trace of the product is the sum of the products
        gradient = np.array([0.5 * np.vdot(M, part) for part in dK])
        return self._combine(L, a), gradient

    def _cholesky(self, K):
        from scipy.linalg.lapack import dpotrf

        K.flat[:: len(K) + 1] += self.noise
        L, info = dpotrf(K, lower=1, clean=1)
        if info:
            raise ValueError("the kernel matrix is not positive definite: increase alpha")
        return L

    def _combine(self, L, a):
        y = self.y.reshape(len(a), -1)
        a = a.reshape(len(a), -1)
        n, T = y.shape
        return float(-0.5 * np.vdot(y, a) - T * (np.log(np.diagonal(L)).sum() + 0.5 * n * np.log(2.0 * np.pi)))


def _solve(L, y):
    from scipy.linalg.lapack import dpotrs

    return dpotrs(L, y, lower=1)[0].reshape(y.shape)


def _invert_triangle(L):
    from scipy.linalg.lapack import dtrtri

    return np.tril(dtrtri(L, lower=1)[0])


def _lbfgsb(function, theta, bounds):
    from scipy.optimize import minimize

    result = minimize(function, theta, method="L-BFGS-B", jac=True, bounds=bounds)
    if result.status == 1:
        message = "the evidence was not maximised within the iterations of L-BFGS-B: scale the data or set the bounds"
        warnings.warn(message, convergence_warning(), stacklevel=4)
    return result.x, result.fun


def _draw(mean, covariance, n_samples, rng):
    if isinstance(n_samples, bool) or not isinstance(n_samples, Integral) or n_samples < 1:
        raise ValueError(f"n_samples must be a positive int, got {n_samples!r}")
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    factor = vectors * np.sqrt(np.maximum(values, 0.0))
    return mean[:, None] + factor @ rng.standard_normal((len(mean), n_samples))
