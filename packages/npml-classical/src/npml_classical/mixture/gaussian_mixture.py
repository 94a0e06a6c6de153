"""Gaussian mixtures by expectation maximisation.

Notation: samples x_i (n of them, D features), weights w_i, K components with weight pi_k, mean mu_k, covariance S_k.

    p(x) = sum_k pi_k N(x; mu_k, S_k)

    E-step   r_ik  = w_i pi_k N(x_i; mu_k, S_k) / p(x_i)                         Bishop (2006), eq. 9.23
    M-step   N_k   = sum_i r_ik
             pi_k  = N_k / sum_j N_j                                              eq. 9.26
             mu_k  = sum_i r_ik x_i / N_k                                         eq. 9.24
             S_k   = sum_i r_ik (x_i - mu_k)(x_i - mu_k)^T / N_k  (+ reg_covar)   eq. 9.25

The bound is the mean log-likelihood sum_i w_i log p(x_i) / sum_i w_i of the parameters that enter the E-step. It never
falls (with reg_covar > 0: by no more than that floor makes it).

Missing values (NaN) are integrated out (`missing`); tied, diagonal and spherical covariances are in `covariances`, the
E-step in `expectation`. Inside, the data are centred and scaled by powers of two, which changes no estimate.

Complexity: O(n K D^2) an iteration.

References
----------
Dempster, Laird & Rubin (1977), "Maximum likelihood from incomplete data via the EM algorithm", J. Royal Statistical
Society B 39(1), 1-38.
Bishop (2006), "Pattern Recognition and Machine Learning", section 9.2.
"""

import warnings
from functools import partial
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np

from npml_core import (
    BaseEstimator,
    check_array,
    check_is_fitted,
    check_random_state,
    check_sample_weight,
    convergence_warning,
    logsumexp,
    parallel_map,
)

from ..cluster import KMeans, kmeans_plus_plus
from . import covariances as shapes
from .expectation import (
    MAX_SPREAD,
    Features,
    Parameters,
    accumulate,
    by_features,
    direct,
    empty_moments,
    log_probabilities,
    spread,
)
from .missing import accumulate_missing, log_probabilities_observed, patterns

__all__ = ["GaussianMixture"]


class GaussianMixture(BaseEstimator):
    """A density as a weighted sum of Gaussians.

    Parameters
    ----------
    n_components : int, default=1
        K.
    covariance_type : {"full", "tied", "diag", "spherical"}, default="full"
        The shape of the covariances.
    tol : float, default=1e-3
        Stop when the bound gains less than this.
    reg_covar : float, default=1e-6
        Added to every variance.
    max_iter : int, default=100
        Iterations of one start at most.
    n_init : int, default=1
        Starts, of which the one with the highest bound is kept.
    init_params : {"kmeans", "k-means++", "random", "random_from_data"}, default="kmeans"
        Where the responsibilities start.
    weights_init, means_init, precisions_init : array-like, optional
        Parameters to start from instead.
    random_state : None, int, Generator or RandomState
        Draws the starts and `sample`.
    warm_start : bool, default=False
        Whether `fit` goes on from the present parameters.
    verbose : int, default=0
        From 1 on prints the bound of every start.
    n_jobs : int, optional
        Workers for the starts.

    Attributes
    ----------
    weights_, means_ : ndarray (K,), (K, D)
        pi and mu.
    covariances_, precisions_, precisions_cholesky_ : ndarray
        (K, D, D), (D, D), (K, D) or (K,) for the four types.
    lower_bound_ : float
        The bound of the best start; `lower_bounds_` has it after every iteration.
    n_iter_ : int
        Its iterations.
    converged_ : bool
        Whether it stopped by `tol`.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import GaussianMixture
    >>> X = np.array([[1.0], [1.2], [0.8], [9.0], [9.2], [8.8]])
    >>> model = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> np.sort(model.means_.ravel()).round(6).tolist()
    [1.0, 9.0]
    """

    _tags = {"allow_nan": True}
    _kind = "density_estimator"

    def __init__(
        self,
        n_components=1,
        *,
        covariance_type="full",
        tol=1e-3,
        reg_covar=1e-6,
        max_iter=100,
        n_init=1,
        init_params="kmeans",
        weights_init=None,
        means_init=None,
        precisions_init=None,
        random_state=None,
        warm_start=False,
        verbose=0,
        n_jobs=None,
    ):
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.n_jobs = n_jobs

    def fit(self, X, y=None, sample_weight=None):
        """Estimate the mixture.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is a missing value.
        y : ignored
            There so that pipelines can pass it.
        sample_weight : array-like (n_samples,), optional
            Weights; an integer weight equals a repeated sample.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there are fewer samples than components, a feature is missing everywhere, or a component collapses.
        """
        self._check_options()
        data = check_array(X, dtype=np.float64, allow_nan=True, min_samples=2)
        weights = check_sample_weight(sample_weight, data)
        data, weights = data[weights > 0], weights[weights > 0]
        if len(data) < self.n_components:
            raise ValueError(
                f"X must hold at least n_components={self.n_components} samples (of positive weight), got {len(data)}"
            )
        problem = _Problem(self.covariance_type, data, weights, self.reg_covar)
        start = self._given_start(problem)
        rng = check_random_state(self.random_state)
        n_init = 1 if self._goes_on() else self.n_init
        seeds = rng.integers(2**63, size=n_init)
        runs = parallel_map(partial(self._run, problem, data, start), seeds, self.n_jobs)
        best = max(runs, key=lambda run: run.bounds[-1] if run.bounds else -np.inf)
        if not best.converged and self.max_iter > 0:
            message = f"the best of {n_init} start(s) did not converge in {self.max_iter} iterations"
            warnings.warn(f"{message}: increase max_iter or tol", convergence_warning(), stacklevel=2)

        weights_, means, factor = problem.to_data_scale(best.parameters)
        covariances = shapes.covariance_of_precision(self.covariance_type, factor)
        self._record_features(X)
        self.weights_, self.means_, self.precisions_cholesky_ = weights_, means, factor
        self.covariances_ = covariances
        self.precisions_ = shapes.precisions(self.covariance_type, factor)
        self.lower_bounds_ = [bound - problem.log_scale for bound in best.bounds]
        self.lower_bound_ = self.lower_bounds_[-1] if best.bounds else -np.inf
        self.n_iter_, self.converged_ = len(best.bounds), best.converged
        return self

    def _run(self, problem, data, start, seed):
        """One start of EM: E-step and M-step in turns until the bound settles."""
        parameters = self._initialise(problem, data, start, np.random.default_rng(seed))
        bounds, converged = [], False
        while len(bounds) < self.max_iter and not converged:
            moments = problem.e_step(parameters)
            parameters = problem.m_step(moments)
            bounds.append(moments.bound)
            converged = len(bounds) > 1 and abs(bounds[-1] - bounds[-2]) < self.tol
        if self.verbose:
            print(
                f"{len(bounds)} iterations, bound {bounds[-1] - problem.log_scale:.6g}" if bounds else "no iterations"
            )
        return _Run(parameters, bounds, converged)

    def score_samples(self, X):
        """Log-likelihood log p(x) of every sample (of what is observed of it).

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is a missing value.

        Returns
        -------
        ndarray (n_samples,)
        """
        return logsumexp(self._log_joint(X), axis=1)

    def score(self, X, y=None):
        """Mean log-likelihood of the samples.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        float
        """
        return float(self.score_samples(X).mean())

    def predict(self, X):
        """The most probable component of every sample.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of int64 (n_samples,)
        """
        return self._log_joint(X).argmax(axis=1)

    def fit_predict(self, X, y=None, sample_weight=None):
        """Fit, then `predict` the same samples.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : ignored
            There so that pipelines can pass it.
        sample_weight : array-like (n_samples,), optional
            Weights.

        Returns
        -------
        ndarray of int64 (n_samples,)
        """
        return self.fit(X, sample_weight=sample_weight).predict(X)

    def predict_proba(self, X):
        """Responsibilities p(k | x).

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples, n_components)
        """
        log_joint = self._log_joint(X)
        return np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))

    def sample(self, n_samples=1):
        """Draw from the mixture.

        Parameters
        ----------
        n_samples : int, default=1
            How many.

        Returns
        -------
        X : ndarray (n_samples, n_features)
            Samples, component by component.
        y : ndarray of int64 (n_samples,)
            Their components.
        """
        check_is_fitted(self)
        if isinstance(n_samples, bool) or not isinstance(n_samples, Integral) or n_samples < 1:
            raise ValueError(f"n_samples must be a positive int, got {n_samples!r}")
        rng = check_random_state(self.random_state)
        K, D = self.means_.shape
        counts = rng.multinomial(n_samples, self.weights_ / self.weights_.sum())
        labels = np.repeat(np.arange(K), counts)
        lower = np.linalg.cholesky(shapes.expand(self.covariance_type, self.covariances_, K, D))
        noise = rng.standard_normal((n_samples, D))
        parts = np.split(noise, np.cumsum(counts)[:-1])
        return self.means_[labels] + np.concatenate([z @ L.T for z, L in zip(parts, lower)]), labels

    def aic(self, X):
        """Akaike's criterion 2 p - 2 log L, p the number of free parameters; lower is better.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        float
        """
        return float(2 * self._count_parameters() - 2 * self.score_samples(X).sum())

    def bic(self, X):
        """Schwarz's criterion p log n - 2 log L; lower is better.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        float
        """
        log_likelihoods = self.score_samples(X)
        return float(self._count_parameters() * np.log(len(log_likelihoods)) - 2 * log_likelihoods.sum())

    def _count_parameters(self):
        K, D = self.means_.shape
        return K - 1 + K * D + shapes.count_parameters(self.covariance_type, K, D)

    def _log_joint(self, X):
        """log pi_k p(x | k), (n, K)."""
        X = self._check_input(X, dtype=np.float64, allow_nan=True)
        parameters = Parameters(self.weights_, self.means_, self.precisions_cholesky_)
        is_complete = ~np.isnan(X).any(axis=1)
        result = np.empty((len(X), len(self.weights_)))
        result[is_complete] = log_probabilities(self.covariance_type, X[is_complete], parameters)
        for pattern in patterns(X):
            result[pattern.rows] = log_probabilities_observed(self.covariance_type, X, pattern, parameters)
        return result

    def _goes_on(self):
        return self.warm_start and hasattr(self, "weights_")

    def _given_start(self, problem):
        """The parameters that are given to start from, those that are not being None."""
        K, D = self.n_components, problem.n_features
        if self._goes_on():
            given = Parameters(self.weights_, self.means_, self.precisions_cholesky_)
        else:
            factor = None
            if self.precisions_init is not None:
                shape = {"full": (K, D, D), "tied": (D, D), "diag": (K, D), "spherical": (K,)}[self.covariance_type]
                precisions = _check_start("precisions_init", self.precisions_init, shape)
                factor = shapes.cholesky_of_precision(self.covariance_type, precisions)
            weights = _check_start("weights_init", self.weights_init, (K,))
            if weights is not None and not (weights.min() >= 0 and np.isclose(weights.sum(), 1.0)):
                raise ValueError(f"weights_init must be shares that sum to 1, got {weights}")
            given = Parameters(weights, _check_start("means_init", self.means_init, (K, D)), factor)
        return problem.from_data_scale(given)

    def _initialise(self, problem, data, start, rng):
        """Parameters to start from: those given, the others by an M-step from initial responsibilities."""
        if all(part is not None for part in start):
            return start
        responsibilities = self._initial_responsibilities(problem.fill(data), problem.weights, rng)
        parameters = problem.from_responsibilities(responsibilities * problem.weights)
        return Parameters(*(own if given is None else given for own, given in zip(parameters, start)))

    def _initial_responsibilities(self, data, weights, rng):
        K, n = self.n_components, len(data)
        if self.init_params == "random":
            shares = rng.random((K, n))
            return shares / shares.sum(axis=0)
        if self.init_params == "kmeans":
            seed = int(rng.integers(2**32))
            labels = KMeans(K, n_init=1, random_state=seed).fit(data, sample_weight=weights).labels_
            return (np.arange(K)[:, None] == labels).astype(np.float64)
        if self.init_params == "k-means++":
            chosen = kmeans_plus_plus(data, weights, K, rng)
        else:
            chosen = rng.choice(n, size=K, replace=False)
        responsibilities = np.zeros((K, n))
        responsibilities[np.arange(K), chosen] = 1.0
        return responsibilities

    def _check_options(self):
        for name, least in (("n_components", 1), ("n_init", 1), ("max_iter", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
                raise ValueError(f"{name} must be an int of at least {least}, got {value!r}")
        for name in ("tol", "reg_covar"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < np.inf:
                raise ValueError(f"{name} must be a finite number that is not negative, got {value!r}")
        if self.covariance_type not in shapes.TYPES:
            raise ValueError(f"covariance_type must be one of {shapes.TYPES}, got {self.covariance_type!r}")
        starts = ("kmeans", "k-means++", "random", "random_from_data")
        if self.init_params not in starts:
            raise ValueError(f"init_params must be one of {starts}, got {self.init_params!r}")


class _Run(NamedTuple):
    """What one start of EM came to."""

    parameters: Parameters
    bounds: list
    converged: bool


class _Problem:
    """The data, centred and scaled, and the two steps on them."""

    def __init__(self, kind, data, weights, reg_covar):
        self.kind, self.weights, self.n_features = kind, weights, data.shape[1]
        is_seen = ~np.isnan(data)
        empty = np.flatnonzero(~is_seen.any(axis=0))
        if len(empty):
            raise ValueError(f"X has no observed value in feature(s) {empty.tolist()}")
        self.centre = _weighted_means(data, is_seen, weights)
        deviation = np.where(is_seen, np.abs(data - self.centre), 0.0).max(axis=0)
        if kind == "spherical":  # one variance for all features needs one unit
            deviation = np.full_like(deviation, deviation.max())
        self.scale = 2.0 ** np.frexp(np.where(deviation > 0, deviation, 1.0))[1]
        self.floor = (reg_covar / self.scale) / self.scale
        self.log_scale = float(weights @ (is_seen @ np.log(self.scale))) / weights.sum()

        X = (data - self.centre) / self.scale
        is_complete = is_seen.all(axis=1)
        self.X = X
        self.patterns = patterns(X)
        self.complete, self.complete_weights = X[is_complete], weights[is_complete]
        self.features = Features(self.complete, self.complete_weights, kind in ("diag", "spherical"))

    def e_step(self, parameters):
        """Moments of the responsibilities, and the bound."""
        if spread(self.kind, self.features, parameters) < MAX_SPREAD and not self.patterns:
            moments = by_features(self.kind, self.features, parameters)
        else:
            moments = direct(self.kind, self.complete, self.complete_weights, parameters)
        bound = moments.bound
        for pattern in self.patterns:
            bound += accumulate_missing(self.kind, self.X, self.weights, pattern, parameters, moments)
        return moments._replace(bound=float(bound / self.weights.sum()))

    def m_step(self, moments):
        """Parameters from moments (Bishop 2006, eqs. 9.24 to 9.26)."""
        mass = moments.mass + 10 * np.finfo(np.float64).eps
        shift = moments.first / mass[:, None]
        if moments.second.ndim == 2:
            scatter = np.maximum(moments.second / mass[:, None] - shift**2, 0.0)
        else:
            scatter = moments.second / mass[:, None, None] - shift[:, :, None] * shift[:, None, :]
        covariances = shapes.estimate(self.kind, scatter, mass, self.floor)
        factor = shapes.precision_cholesky(self.kind, covariances)
        return Parameters(mass / mass.sum(), moments.reference + shift, factor)

    def from_responsibilities(self, responsibilities):
        """The first M-step, from responsibilities (K, n); missing values count as the feature's mean."""
        X = np.where(np.isnan(self.X), 0.0, self.X)
        mass = responsibilities.sum(axis=1) + 10 * np.finfo(np.float64).eps
        moments = empty_moments(self.kind, responsibilities @ X / mass[:, None])
        accumulate(moments, X, responsibilities)
        return self.m_step(moments)

    def fill(self, data):
        """The data as they came, with the features' means where they are missing."""
        return np.where(np.isnan(data), self.centre, data) if self.patterns else data

    def to_data_scale(self, parameters):
        """Undo the centring and scaling."""
        means = parameters.means * self.scale + self.centre
        return Parameters(parameters.weights, means, self._scale_factor(parameters.factor, 1.0 / self.scale))

    def from_data_scale(self, parameters):
        """Centre and scale what a caller gives."""
        means, factor = parameters.means, parameters.factor
        means = None if means is None else (means - self.centre) / self.scale
        return Parameters(parameters.weights, means, None if factor is None else self._scale_factor(factor, self.scale))

    def _scale_factor(self, factor, scale):
        if self.kind == "spherical":
            return factor * scale[0]
        return factor * scale if self.kind == "diag" else factor * scale[:, None]


def _weighted_means(data, is_seen, weights):
    total = np.maximum(weights @ is_seen, np.finfo(np.float64).tiny)
    return ((weights[:, None] / total) * np.where(is_seen, data, 0.0)).sum(axis=0)


def _check_start(name, value, shape):
    if value is None:
        return None
    value = np.asarray(value, dtype=np.float64)
    if value.shape != shape or not np.isfinite(value).all():
        raise ValueError(f"{name} must be finite and of shape {shape}, got shape {value.shape}")
    return value
