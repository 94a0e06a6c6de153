"""Generalised linear models by iteratively reweighted least squares.

Notation: X (n, D), y (n,), weights s_i, linear predictor eta = X w + b, mean mu = h(eta) with h the inverse of the
link.

    family     variance V(mu)   unit deviance d(y, mu)                           canonical link
    gaussian   1                (y - mu)^2                                       identity   mu
    binomial   mu (1 - mu)      2 (y log(y/mu) + (1-y) log((1-y)/(1-mu)))        logit      log(mu / (1 - mu))
    poisson    mu               2 (y log(y/mu) - (y - mu))                       log        log mu
    gamma      mu^2             2 ((y - mu)/mu - log(y/mu))                      inverse    1 / mu

Each step solves a weighted least-squares problem                                McCullagh & Nelder (1989), section 2.5

    working response   u_i = eta_i + (y_i - mu_i) / h'(eta_i)
    working weight     c_i = s_i h'(eta_i)^2 / V(mu_i)

and is halved while it leaves the range of the link or raises the deviance. It ends when the deviance changes by less
than `tol` times itself.

References
----------
Nelder & Wedderburn (1972), "Generalized linear models", J. Royal Statistical Society A 135(3), 370-384.
McCullagh & Nelder (1989), "Generalized Linear Models", 2nd ed., chapter 2.
"""

import warnings
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np

from npml_core import RegressorMixin, check_sample_weight, check_X_y, convergence_warning

from .base import LinearPredictor, column_scale, weighted_mean

__all__ = ["GeneralizedLinearModel"]

MAX_HALVINGS = 40
TINY = np.finfo(np.float64).tiny


class GeneralizedLinearModel(RegressorMixin, LinearPredictor):
    """Regression with a chosen distribution and link.

    Parameters
    ----------
    family : {"gaussian", "binomial", "poisson", "gamma"}, default="gaussian"
        Distribution of the target: any number; a share from 0 to 1; a count (or rate) from 0 on; a positive number.
    link : {"identity", "log", "logit", "probit", "cloglog", "inverse", "inverse_squared", "sqrt"} or None, default=None
        The link; None is the family's canonical one.
    fit_intercept : bool, default=True
        Whether there is an intercept.
    tol : float, default=1e-10
        Relative change of the deviance at the end.
    max_iter : int, default=100
        Iterations at most.

    Attributes
    ----------
    coef_ : ndarray (n_features,)
        w.
    intercept_ : float
        b.
    deviance_ : float
        sum_i s_i d(y_i, mu_i).
    scale_ : float
        Dispersion: 1 for binomial and poisson, else Pearson's chi^2 / (sum_i s_i - number of coefficients).
    n_iter_ : int
        Iterations.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import GeneralizedLinearModel
    >>> X = np.arange(6.0)[:, None]
    >>> model = GeneralizedLinearModel("poisson").fit(X, [1, 2, 4, 8, 16, 32])
    >>> np.exp(model.coef_).round(4)
    array([2.])
    """

    def __init__(self, family="gaussian", *, link=None, fit_intercept=True, tol=1e-10, max_iter=100):
        self.family = family
        self.link = link
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X, y, sample_weight=None):
        """Find the coefficients.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,)
            Targets, in the range of the family.
        sample_weight : array-like (n_samples,), optional
            Weights; an integer weight equals a repeated sample.

        Returns
        -------
        self
        """
        family, link = self._check_options()
        data, targets = check_X_y(X, y, y_numeric=True)
        weights = check_sample_weight(sample_weight, data).astype(np.float64)
        target = targets.astype(np.float64)
        if not family.accepts(target):
            raise ValueError(
                f"y must be {family.range} for family {self.family!r}, got {target.min()} to {target.max()}"
            )
        centre = weighted_mean(data, weights) if self.fit_intercept else np.zeros(data.shape[1])
        unit = column_scale(data - centre).max()
        design = (data.astype(np.float64) - centre) / unit
        if self.fit_intercept:
            design = np.column_stack([design, np.ones(len(design))])
        state, n_iter, converged = _iterate(design, target, weights, family, link, self.tol, self.max_iter)
        if not converged:
            message = f"did not converge in {n_iter} iterations: increase max_iter, or the data may be separable"
            warnings.warn(message, convergence_warning(), stacklevel=2)

        D = data.shape[1]
        self._record_features(X)
        coef = state.w[:D] / unit
        self.coef_ = coef.astype(data.dtype, copy=False)
        self.intercept_ = float(state.w[D] - centre @ coef) if self.fit_intercept else 0.0
        self.deviance_, self.n_iter_ = float(state.deviance), n_iter
        self.scale_ = self._dispersion(target, state.mu, weights, family, design)
        return self

    def predict(self, X):
        """The mean h(X w + b).

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples,)
        """
        eta = self._linear(X)
        with np.errstate(divide="ignore", over="ignore"):
            return _LINKS[self._link_name()].inverse(eta).astype(eta.dtype, copy=False)

    def _dispersion(self, y, mu, weights, family, design):
        if self.family in ("binomial", "poisson"):
            return 1.0
        freedom = weights.sum() - np.linalg.matrix_rank(design)
        pearson = weights @ ((y - mu) ** 2 / family.variance(mu))
        return float(pearson / freedom) if freedom > 0 else np.inf

    def _link_name(self):
        return _FAMILIES[self.family].link if self.link is None else self.link

    def _check_options(self):
        if self.family not in _FAMILIES:
            raise ValueError(f"family must be one of {tuple(_FAMILIES)}, got {self.family!r}")
        if self.link is not None and self.link not in _LINKS:
            raise ValueError(f"link must be None or one of {tuple(_LINKS)}, got {self.link!r}")
        if isinstance(self.tol, bool) or not isinstance(self.tol, Real) or not 0 < self.tol < np.inf:
            raise ValueError(f"tol must be a positive number, got {self.tol!r}")
        if isinstance(self.max_iter, bool) or not isinstance(self.max_iter, Integral) or self.max_iter < 1:
            raise ValueError(f"max_iter must be a positive int, got {self.max_iter!r}")
        return _FAMILIES[self.family], _LINKS[self._link_name()]


class _State(NamedTuple):
    """Coefficients, linear predictor, mean and deviance."""

    w: np.ndarray
    eta: np.ndarray
    mu: np.ndarray
    deviance: float


def _iterate(X, y, weights, family, link, tol, max_iter):
    mu = family.start(y)
    eta = link.forward(mu)
    state = _State(np.zeros(X.shape[1]), eta, mu, np.inf)
    for n_iter in range(1, max_iter + 1):
        slope = link.slope(state.eta)
        working = state.eta + (y - state.mu) / slope
        curvature = weights * slope**2 / family.variance(state.mu)
        w = _weighted_least_squares(X, working, curvature)
        new = _step(X, y, weights, family, link, state, w)
        if abs(state.deviance - new.deviance) <= tol * (abs(new.deviance) + tol):
            return new, n_iter, True
        state = new
    return state, max_iter, False


def _step(X, y, weights, family, link, state, w):
    """The state at w, or nearer to where we are while w is out of range or worse."""
    for _ in range(MAX_HALVINGS):
        eta = X @ w
        with np.errstate(all="ignore"):
            mu = link.inverse(eta)
            fits = np.isfinite(mu).all() and family.contains(mu)
            deviance = weights @ family.deviance(y, mu) if fits else np.inf
        if fits and np.isfinite(deviance) and deviance <= state.deviance * (1 + 1e-12):
            return _State(w, eta, mu, deviance)
        if not np.isfinite(state.deviance) and not state.w.any():
            # the first step has no coefficients to go back to: shrink toward a constant mean
            constant = np.zeros_like(w)
            constant[-1] = link.forward(np.array([family.start(y).mean()]))[0]
            w = 0.5 * (w + constant)
        else:
            w = 0.5 * (w + state.w)
    return state


def _weighted_least_squares(X, u, weights):
    root = np.sqrt(weights)
    A = root[:, None] * X
    gram = A.T @ A
    scale = np.sqrt(np.diagonal(gram))
    if (scale > 0).all():
        normal = gram / scale / scale[:, None]
        eigenvalues = np.linalg.eigvalsh(normal)
        if eigenvalues[0] * 1e8 > eigenvalues[-1]:
            return np.linalg.solve(normal, (A.T @ (root * u)) / scale) / scale
    return np.linalg.lstsq(A, root * u, rcond=None)[0]


class _Family(NamedTuple):
    """A distribution: name of its canonical link, words for its range, and functions of y and mu."""

    link: str
    range: str
    accepts: object
    contains: object
    variance: object
    deviance: object
    start: object


class _Link(NamedTuple):
    """eta = forward(mu), mu = inverse(eta), slope = d mu / d eta."""

    forward: object
    inverse: object
    slope: object


def _y_log_ratio(y, mu):
    """y log(y / mu), 0 for y = 0."""
    return np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0) / np.where(y > 0, mu, 1.0)), 0.0)


_FAMILIES = {
    "gaussian": _Family(
        "identity",
        "finite",
        accepts=lambda y: True,
        contains=lambda mu: True,
        variance=np.ones_like,
        deviance=lambda y, mu: (y - mu) ** 2,
        start=lambda y: 0.5 * (y + y.mean()),
    ),
    "binomial": _Family(
        "logit",
        "shares from 0 to 1",
        accepts=lambda y: (y >= 0).all() and (y <= 1).all(),
        contains=lambda mu: (mu >= 0).all() and (mu <= 1).all(),
        variance=lambda mu: np.maximum(mu * (1.0 - mu), TINY),
        deviance=lambda y, mu: 2.0 * (_y_log_ratio(y, mu) + _y_log_ratio(1.0 - y, 1.0 - mu)),
        start=lambda y: 0.5 * (y + 0.5),
    ),
    "poisson": _Family(
        "log",
        "numbers from 0 on",
        accepts=lambda y: (y >= 0).all(),
        contains=lambda mu: (mu > 0).all(),
        variance=lambda mu: np.maximum(mu, TINY),
        deviance=lambda y, mu: 2.0 * (_y_log_ratio(y, mu) - (y - mu)),
        start=lambda y: 0.5 * (y + y.mean()) if y.any() else np.full_like(y, 1e-3),
    ),
    "gamma": _Family(
        "inverse",
        "positive",
        accepts=lambda y: (y > 0).all(),
        contains=lambda mu: (mu > 0).all(),
        variance=lambda mu: np.maximum(mu**2, TINY),
        deviance=lambda y, mu: 2.0 * ((y - mu) / mu - np.log(y / mu)),
        start=lambda y: 0.5 * (y + y.mean()),
    ),
}


def _normal_cdf(x):
    from scipy.special import ndtr

    return ndtr(x)


def _normal_quantile(p):
    from scipy.special import ndtri

    return ndtri(p)


def _expit(eta):
    return np.exp(-np.logaddexp(0.0, -eta))


_LINKS = {
    "identity": _Link(lambda mu: mu, lambda eta: eta, np.ones_like),
    "log": _Link(np.log, np.exp, lambda eta: np.maximum(np.exp(eta), TINY)),
    "logit": _Link(
        lambda mu: np.log(mu / (1.0 - mu)), _expit, lambda eta: np.maximum(_expit(eta) * _expit(-eta), TINY)
    ),
    "probit": _Link(
        _normal_quantile,
        _normal_cdf,
        lambda eta: np.maximum(np.exp(-0.5 * eta**2) / np.sqrt(2.0 * np.pi), TINY),
    ),
    "cloglog": _Link(
        lambda mu: np.log(-np.log1p(-mu)),
        lambda eta: -np.expm1(-np.exp(eta)),
        lambda eta: np.maximum(np.exp(eta - np.exp(eta)), TINY),
    ),
    "inverse": _Link(lambda mu: 1.0 / mu, lambda eta: 1.0 / eta, lambda eta: -1.0 / eta**2),
    "inverse_squared": _Link(
        lambda mu: 1.0 / mu**2, lambda eta: 1.0 / np.sqrt(eta), lambda eta: -0.5 * np.maximum(eta, TINY) ** -1.5
    ),
    "sqrt": _Link(np.sqrt, np.square, lambda eta: 2.0 * eta),
}
