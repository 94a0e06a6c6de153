"""Ordinary and ridge least squares.

Notation: X (n, D), y (n,) or (n, T), weights of the samples s_i, coefficients w, intercept b.

    OLS      minimise   sum_i s_i (y_i - x_i . w - b)^2
    ridge    minimise   sum_i s_i (y_i - x_i . w - b)^2 + alpha |w|^2            (the intercept is not penalised)

With Xc, yc centred on their weighted means and S = diag(s):

    (Xc^T S Xc + alpha I) w = Xc^T S yc,      b = mean(y) - mean(x) . w            Hastie et al. (2009), eqs. 3.6, 3.44

The normal equations square the condition number; one step of refinement, w += (Xc^T S Xc)^-1 Xc^T S (yc - Xc w), gives
the digits back while they are at all well conditioned. Where they are not (collinear columns, fewer samples than
features), the singular value decomposition gives the solution of least norm. A ridge with more features than samples is
solved in its dual form, w = Xc^T (Xc Xc^T + alpha S^-1)^-1 yc.

`partial_fit` keeps n, the means and the centred moments, merged by Chan's update.

Complexity: O(n D min(n, D)).

References
----------
Hastie, Tibshirani & Friedman (2009), "The Elements of Statistical Learning", 2nd ed., sections 3.2 and 3.4.1.
Hoerl & Kennard (1970), "Ridge regression: biased estimation for nonorthogonal problems", Technometrics 12(1), 55-67.
Chan, Golub & LeVeque (1983), "Algorithms for computing the sample variance", The American Statistician 37(3), eq. 3.1.
"""

import numpy as np

from npml_core import Storable, check_sample_weight, check_X_y

from .base import LinearRegressor, column_scale, weighted_mean

__all__ = ["LinearRegression", "Ridge"]

MAX_CONDITION = 1e10  # of the normal equations, up to which refinement gives all digits


class LinearRegression(LinearRegressor):
    """Ordinary least squares.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether there is an intercept.

    Attributes
    ----------
    coef_ : ndarray (n_features,) or (n_targets, n_features)
        w; of all solutions the one of least norm.
    intercept_ : float or ndarray (n_targets,)
        b.

    Examples
    --------
    >>> from npml_classical import LinearRegression
    >>> model = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model.coef_.round(6), round(float(model.intercept_), 6)
    (array([2.]), 1.0)
    """

    _tags = {"multi_output": True}

    def __init__(self, *, fit_intercept=True):
        self.fit_intercept = fit_intercept

    def fit(self, X, y, sample_weight=None):
        """Find the coefficients.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like (n_samples,), optional
            Weights; an integer weight equals a repeated sample.

        Returns
        -------
        self
        """
        data, targets = check_X_y(X, y, multi_output=True, y_numeric=True)
        weights = check_sample_weight(sample_weight, data)
        moments = _Moments.of(data, targets, weights, self.fit_intercept)
        coef = _least_squares(data, targets, weights, moments)
        self._moments = moments
        return self._remember(X, coef, moments, data.dtype)

    def partial_fit(self, X, y, sample_weight=None):
        """Take in more samples: the result is that of `fit` on all of them.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            More samples.
        y : array-like (n_samples,) or (n_samples, n_targets)
            Their targets.
        sample_weight : array-like (n_samples,), optional
            Weights.

        Returns
        -------
        self
        """
        if hasattr(self, "coef_"):
            self._check_input(X)
        data, targets = check_X_y(X, y, multi_output=True, y_numeric=True)
        weights = check_sample_weight(sample_weight, data)
        moments = _Moments.of(data, targets, weights, self.fit_intercept)
        if hasattr(self, "coef_"):
            if targets.ndim != np.ndim(self.intercept_) + 1:
                raise ValueError(
                    f"y must have {np.ndim(self.intercept_) + 1} dimension(s) as before, got {targets.ndim}"
                )
            moments = self._moments.merged(moments)
        coef = _solve_symmetric(moments.scatter, moments.cross)
        self._moments = moments
        return self._remember(X, coef, moments, data.dtype)

    def _remember(self, X, coef, moments, dtype):
        self._record_features(X)
        self.coef_ = coef.T.astype(dtype, copy=False)
        self.intercept_ = (moments.y_mean - moments.x_mean @ coef).astype(dtype, copy=False)[()]
        return self


class Ridge(LinearRegressor):
    """Least squares with a squared penalty on the coefficients.

    Parameters
    ----------
    alpha : float or array-like (n_targets,), default=1.0
        Weight of the penalty, not negative.
    fit_intercept : bool, default=True
        Whether there is an intercept.

    Attributes
    ----------
    coef_ : ndarray (n_features,) or (n_targets, n_features)
        w.
    intercept_ : float or ndarray (n_targets,)
        b.

    Examples
    --------
    >>> from npml_classical import Ridge
    >>> Ridge(alpha=2.0).fit([[-1.0], [1.0]], [-2.0, 2.0]).coef_
    array([1.])
    """

    _tags = {"multi_output": True}

    def __init__(self, alpha=1.0, *, fit_intercept=True):
        self.alpha = alpha
        self.fit_intercept = fit_intercept

    def fit(self, X, y, sample_weight=None):
        """Find the coefficients.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like (n_samples,), optional
            Weights; an integer weight equals a repeated sample.

        Returns
        -------
        self
        """
        data, targets = check_X_y(X, y, multi_output=True, y_numeric=True)
        weights = check_sample_weight(sample_weight, data)
        alpha = self._check_alpha(targets)
        x_mean = weighted_mean(data, weights) if self.fit_intercept else np.zeros(data.shape[1])
        y_mean = weighted_mean(targets, weights) if self.fit_intercept else np.zeros(targets.shape[1:])
        root = np.sqrt(weights.astype(np.float64))
        A = root[:, None] * (data - x_mean)
        c = (root * (targets - y_mean).T).T
        coef = np.empty((data.shape[1], *targets.shape[1:]))
        for value in np.unique(alpha):
            columns = slice(None) if targets.ndim == 1 else np.flatnonzero(alpha == value)
            coef[..., columns] = _ridge(A, c[..., columns], value)
        self._record_features(X)
        self.coef_ = coef.T.astype(data.dtype, copy=False)
        self.intercept_ = (y_mean - x_mean @ coef).astype(data.dtype, copy=False)[()]
        return self

    def _check_alpha(self, targets):
        alpha = np.asarray(self.alpha)
        n_targets = 1 if targets.ndim == 1 else targets.shape[1]
        if (
            alpha.dtype.kind not in "iuf"
            or alpha.size not in (1, n_targets)
            or not (np.isfinite(alpha) & (alpha >= 0)).all()
        ):
            raise ValueError(
                f"alpha must be a finite number that is not negative (or one a target), got {self.alpha!r}"
            )
        return np.broadcast_to(alpha.ravel().astype(np.float64), n_targets)


class _Moments(Storable):
    """Sum of the weights, means, and centred moments of X and of X with y."""

    def __init__(self, mass, x_mean, y_mean, scatter, cross):
        self.mass, self.x_mean, self.y_mean, self.scatter, self.cross = mass, x_mean, y_mean, scatter, cross

    @classmethod
    def of(cls, X, y, weights, fit_intercept):
        X, y, weights = (a.astype(np.float64, copy=False) for a in (X, y, weights))
        x_mean = weighted_mean(X, weights) if fit_intercept else np.zeros(X.shape[1])
        y_mean = weighted_mean(y, weights) if fit_intercept else np.zeros(y.shape[1:])
        centred = X - x_mean
        weighted = weights[:, None] * centred
        return cls(weights.sum(), x_mean, y_mean, weighted.T @ centred, weighted.T @ (y - y_mean))

    def merged(self, other):
        """The moments of both data sets together (without intercept the means stay 0, and so does the correction)."""
        mass = self.mass + other.mass
        dx, dy = other.x_mean - self.x_mean, other.y_mean - self.y_mean
        share = self.mass * other.mass / mass
        cross = np.multiply.outer(dx, dy)
        return _Moments(
            mass,
            self.x_mean + dx * (other.mass / mass),
            self.y_mean + dy * (other.mass / mass),
            self.scatter + other.scatter + share * np.outer(dx, dx),
            self.cross + other.cross + share * cross,
        )


def _least_squares(X, y, weights, moments):
    """w by the normal equations and refinement, or by the singular value decomposition."""
    centred = X.astype(np.float64, copy=False) - moments.x_mean
    residual = y - moments.y_mean
    if len(X) >= X.shape[1]:
        scale = np.sqrt(np.diagonal(moments.scatter))
        if (scale > 0).all() and np.isfinite(scale).all():
            normal = moments.scatter / scale / scale[:, None]
            eigenvalues = np.linalg.eigvalsh(normal)
            if eigenvalues[0] * MAX_CONDITION > eigenvalues[-1]:
                inverse = np.linalg.inv(normal)
                coef = _scaled(inverse @ _scaled(moments.cross, scale), scale)
                correction = centred.T @ (weights * (residual - centred @ coef).T).T
                return coef + _scaled(inverse @ _scaled(correction, scale), scale)
    root = np.sqrt(weights)
    unit = column_scale(centred).max()  # one for all columns: the least norm is that of the coefficients as they are
    return np.linalg.lstsq(root[:, None] * (centred / unit), (root * residual.T).T, rcond=None)[0] / unit


def _scaled(values, scale):
    return (values.T / scale).T


def _solve_symmetric(scatter, cross):
    """Least-norm solution of scatter w = cross."""
    scale = np.sqrt(np.diagonal(scatter))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(scatter / scale / scale[:, None])
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    return _scaled(inverse @ _scaled(cross, scale), scale)


def _ridge(A, c, alpha):
    n, D = A.shape
    if alpha == 0:
        return np.linalg.lstsq(A, c, rcond=None)[0]
    try:
        if n >= D:
            gram = A.T @ A
            gram.flat[:: D + 1] += alpha
            return np.linalg.solve(gram, A.T @ c)
        gram = A @ A.T
        gram.flat[:: n + 1] += alpha
        return A.T @ np.linalg.solve(gram, c)
    except np.linalg.LinAlgError:  # alpha too small to help collinear columns
        U, s, V = np.linalg.svd(A, full_matrices=False)
        return V.T @ _scaled((s * (U.T @ c).T).T, s**2 + alpha)
