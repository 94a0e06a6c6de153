"""Logistic regression, binary and multinomial.

Notation: samples x_i with weights s_i, classes k, coefficients w_k, intercepts b_k.

    binary        p(y = 1 | x) = 1 / (1 + exp(-z)),                z = x . w + b
    multinomial   p(y = k | x) = exp(z_k) / sum_j exp(z_j),        z_k = x . w_k + b_k

    minimise      C sum_i s_i loss_i + penalty(w),                 loss_i = -log p(y_i | x_i)
    penalty       |w|^2 / 2  ("l2"),   |w|_1  ("l1"),   0  (None)          (intercepts are not penalised)

    gradient      d loss / d z_k = p_k - [y = k]                           Bishop (2006), eqs. 4.91 and 4.109
    Hessian       sum_i s_i p_i (1 - p_i) x_i x_i^T  (binary)              eq. 4.97

A tall binary problem is solved by Newton's method (few steps, each one product X^T diag X), anything wider by L-BFGS,
l1 by FISTA and then, on the coefficients that are left, by L-BFGS to full precision. Features are scaled to unit
variance for the iterations where there is no penalty that scaling would change. Multinomial coefficients without a
penalty are only determined up to a constant: it is chosen so that they sum to 0 over the classes.

References
----------
Bishop (2006), "Pattern Recognition and Machine Learning", sections 4.3.2 to 4.3.4.
Koh, Kim & Boyd (2007), "An interior-point method for large-scale l1-regularized logistic regression", JMLR 8,
1519-1555.
"""

import warnings
from numbers import Integral, Real

import numpy as np

from npml_core import (
    ClassifierMixin,
    check_sample_weight,
    check_X_y,
    convergence_warning,
    encode_labels,
    logsumexp,
)

from ..minimize import Minimum, fista, lbfgs, newton, subgradient
from .base import LinearPredictor, weighted_mean

__all__ = ["LogisticRegression"]

MAX_NEWTON_FEATURES = 300
ROWS_PER_BLOCK = 512


class LogisticRegression(ClassifierMixin, LinearPredictor):
    """Linear classifier with probabilities.

    Parameters
    ----------
    penalty : {"l2", "l1", None}, default="l2"
        What is added to the loss.
    C : float, default=1.0
        Weight of the loss against the penalty; weights of all samples times 1000 equal C times 1000.
    tol : float, default=1e-8
        Stop when no entry of the gradient of the objective is larger than tol times max(1, C sum_i s_i).
    fit_intercept : bool, default=True
        Whether there is an intercept.
    class_weight : dict, "balanced" or None, default=None
        Factors of the samples' weights by class; "balanced": n / (n_classes n_k).
    max_iter : int, default=1000
        Iterations at most.

    Attributes
    ----------
    classes_ : ndarray (n_classes,)
        The labels.
    coef_ : ndarray (1, n_features) or (n_classes, n_features)
        w; one row for two classes (that of ``classes_[1]``).
    intercept_ : ndarray (1,) or (n_classes,)
        b.
    n_iter_ : ndarray (1,)
        Iterations.

    Examples
    --------
    >>> from npml_classical import LogisticRegression
    >>> model = LogisticRegression().fit([[-2.0], [-1.0], [1.0], [2.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[1.5]]).tolist()
    ['yes']
    >>> model.predict_proba([[0.0]]).round(3)
    array([[0.5, 0.5]])
    """

    def __init__(self, penalty="l2", *, C=1.0, tol=1e-8, fit_intercept=True, class_weight=None, max_iter=1000):
        self.penalty = penalty
        self.C = C
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.max_iter = max_iter

    def fit(self, X, y, sample_weight=None):
        """Find the coefficients.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,)
            Their classes, at least two.
        sample_weight : array-like (n_samples,), optional
            Weights.

        Returns
        -------
        self
        """
        self._check_options()
        data, labels = check_X_y(X, y)
        classes, codes = encode_labels(labels)
        if len(classes) < 2:
            raise ValueError(f"y must hold at least 2 classes, got only one class: {classes[0]!r}")
        weights = check_sample_weight(sample_weight, data).astype(np.float64)
        weights = self.C * weights * _class_factors(self.class_weight, classes, codes)
        problem = _Problem(data, codes, len(classes), weights, self.penalty, self.fit_intercept)
        result = problem.solve(self.tol * max(1.0, weights.sum()), self.max_iter)
        if not result.converged:
            message = f"did not converge in {result.n_iter} iterations: increase max_iter or tol, or scale the features"
            warnings.warn(message, convergence_warning(), stacklevel=2)
        coef, intercept = problem.unpack(result.x)
        self._record_features(X)
        self.classes_ = classes
        self.coef_ = coef.astype(data.dtype, copy=False)
        self.intercept_ = intercept.astype(data.dtype, copy=False)
        self.n_iter_ = np.array([result.n_iter], dtype=np.int32)
        return self

    def decision_function(self, X):
        """z: for two classes that of ``classes_[1]``.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples,) or (n_samples, n_classes)
        """
        z = self._linear(X)
        return z[:, 0] if len(self.classes_) == 2 else z

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
        z = self.decision_function(X)
        return self.classes_[(z > 0).astype(np.int64) if z.ndim == 1 else z.argmax(axis=1)]

    def predict_log_proba(self, X):
        """Logarithms of `predict_proba`.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples, n_classes)
        """
        z = self.decision_function(X)
        if z.ndim == 1:
            return np.column_stack([-np.logaddexp(0, z), -np.logaddexp(0, -z)])
        return z - logsumexp(z, axis=1, keepdims=True)

    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples, n_classes)
        """
        return np.exp(self.predict_log_proba(X))

    def _check_options(self):
        if self.penalty not in ("l2", "l1", None):
            raise ValueError(f"penalty must be 'l2', 'l1' or None, got {self.penalty!r}")
        for name in ("C", "tol"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < np.inf:
                raise ValueError(f"{name} must be a positive number, got {value!r}")
        if isinstance(self.max_iter, bool) or not isinstance(self.max_iter, Integral) or self.max_iter < 1:
            raise ValueError(f"max_iter must be a positive int, got {self.max_iter!r}")


class _Problem:
    """The objective as a function of one vector: rows of (coefficients, intercept), one row a class."""

    def __init__(self, X, codes, n_classes, weights, penalty, fit_intercept):
        n, D = X.shape
        self.weights, self.penalty, self.fit_intercept, self.D = weights, penalty, fit_intercept, D
        self.n_rows = 1 if n_classes == 2 else n_classes
        X = X.astype(np.float64, copy=False)
        # centring changes only the intercept; it takes the worst out of the conditioning
        self.centre = weighted_mean(X, weights) if fit_intercept else np.zeros(D)
        self.X = np.ones((n, D + fit_intercept))  # the last column is the intercept's
        centred, self.scale = np.subtract(X, self.centre, out=self.X[:, :D]), np.ones(D)
        if penalty is None:
            spread = np.sqrt(weighted_mean(centred**2, weights))
            self.scale = np.where(spread > 0, spread, 1.0)
            centred /= self.scale
        self.targets = codes.astype(np.float64)
        self.l2 = np.zeros((self.n_rows, D + fit_intercept))
        self.l2[:, :D] = penalty == "l2"
        self.l1 = np.zeros_like(self.l2)
        self.l1[:, :D] = penalty == "l1"
        self.cells = codes, np.arange(n)

    def solve(self, tol, max_iter):
        start = np.zeros(self.l2.size)
        function = self.binary if self.n_rows == 1 else self.multinomial
        if self.penalty == "l1":
            return self._solve_l1(function, start, tol, max_iter)
        if self.n_rows == 1 and self.D <= MAX_NEWTON_FEATURES:
            return newton(function, self.binary_hessian, start, tol, max_iter)
        return lbfgs(function, start, tol, max_iter)

    def unpack(self, x):
        """Coefficients (rows, D) and intercepts (rows,) of the data as they came."""
        rows = x.reshape(self.n_rows, -1)
        coef = rows[:, : self.D] / self.scale
        intercept = rows[:, self.D] - coef @ self.centre if self.fit_intercept else np.zeros(self.n_rows)
        if self.n_rows > 1:
            if self.penalty is None:
                coef = coef - coef.mean(axis=0)
            intercept = intercept - intercept.mean()
        return coef, intercept

    def binary(self, x):
        z = self.X @ x
        small = np.exp(-np.abs(z))  # log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)), and never overflows
        value = self.weights @ (np.maximum(z, 0.0) + np.log1p(small) - self.targets * z)
        p = np.where(z > 0, 1.0, small) / (1.0 + small)
        gradient = self.X.T @ (self.weights * (p - self.targets))
        l2 = self.l2[0]
        return value + 0.5 * (l2 @ x**2), gradient + l2 * x

    def binary_hessian(self, x):
        small = np.exp(-np.abs(self.X @ x))
        root = np.sqrt(self.weights * small) / (1.0 + small)  # of s p (1 - p)
        matrix = np.diag(self.l2[0])
        for start in range(0, len(root), ROWS_PER_BLOCK):
            rows = slice(start, start + ROWS_PER_BLOCK)
            half = root[rows, None] * self.X[rows]
            matrix += half.T @ half  # a matrix times its own transpose costs half of a product of two
        return matrix

    def multinomial(self, x):
        rows = x.reshape(self.n_rows, -1)
        z = rows @ self.X.T  # classes first: sums over them are sums of long rows
        z -= z.max(axis=0)
        chosen = z[self.cells]
        np.exp(z, out=z)
        total = z.sum(axis=0)
        value = self.weights @ (np.log(total) - chosen)
        z *= self.weights / total
        z[self.cells] -= self.weights
        return value + 0.5 * (self.l2 * rows**2).sum(), (z @ self.X + self.l2 * rows).ravel()

    def _solve_l1(self, function, x, tol, max_iter):
        """FISTA finds which coefficients are 0, L-BFGS the values of the others."""
        penalty, used = self.l1.ravel(), 0
        coarse = max(tol, 1e-3 * np.abs(function(x)[1]).max())
        while used < max_iter:
            result = fista(function, x, penalty, coarse, max_iter - used)
            used, x = used + result.n_iter, result.x
            free = np.flatnonzero((x != 0) | (penalty == 0))
            signs = penalty[free] * np.sign(x[free])

            def on_support(part, x=x, free=free, signs=signs):
                full = x.copy()
                full[free] = part
                value, gradient = function(full)
                return value + signs @ part, gradient[free] + signs

            polished = lbfgs(on_support, x[free], tol, max_iter)
            candidate = x.copy()
            candidate[free] = polished.x
            # the support was right if no sign has changed and the others want to stay at 0
            if (candidate * x >= 0).all() or not len(free):
                value, gradient = function(candidate)
                if np.abs(subgradient(candidate, gradient, penalty)).max() <= tol:
                    return Minimum(candidate, value + penalty @ np.abs(candidate), used + polished.n_iter, True)
            if coarse <= tol:
                break
            coarse = max(tol, 0.1 * coarse)
        return Minimum(x, result.value, used, result.converged)


def _class_factors(class_weight, classes, codes):
    if class_weight is None:
        return np.ones(len(codes))
    if isinstance(class_weight, str) and class_weight == "balanced":
        return (len(codes) / (len(classes) * np.bincount(codes)))[codes]
    if not isinstance(class_weight, dict):
        raise ValueError(f"class_weight must be a dict, 'balanced' or None, got {class_weight!r}")
    unknown = [label for label in class_weight if label not in classes.tolist()]
    if unknown:
        raise ValueError(f"class_weight names {unknown[0]!r}, which is not among the classes {classes.tolist()}")
    factors = np.array([class_weight.get(label, 1.0) for label in classes.tolist()], dtype=np.float64)
    if not (np.isfinite(factors) & (factors >= 0)).all():
        raise ValueError(f"class_weight must hold finite numbers that are not negative, got {class_weight!r}")
    return factors[codes]
