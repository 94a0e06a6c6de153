"""Hidden Markov model whose states emit vectors from a Gaussian.

Notation of `base`; state j emits N(mu_j, S_j), with covariances full, tied, diagonal or spherical.

    M-step   mu_j = (m w + sum_t g_t(j) x_t) / (w + sum_t g_t(j))            m = means_prior, w = means_weight
             S_j  = (Psi + w (mu_j - m)(mu_j - m)^T + sum_t g_t(j) (x_t - mu_j)(x_t - mu_j)^T) / (nu + sum_t g_t(j))

Psi = covars_prior; nu = max(covars_weight - 1, 0) for diagonal and spherical, max(covars_weight - D, 0) for full and
tied covariances (tied: numerator and denominator summed over the states), and a Psi that is a number is added to
every entry, both as in hmmlearn. The defaults are a weak prior that keeps variances off zero; the quantity that never
falls is then the likelihood times the prior.

NaN is a missing value: a row without any value carries no evidence, one with some is judged by those.

References
----------
Rabiner (1989), "A tutorial on hidden Markov models and selected applications in speech recognition", Proc. IEEE 77(2),
257-286, section IV.A.
Gauvain & Lee (1994), "Maximum a posteriori estimation for multivariate Gaussian mixture observations of Markov chains",
IEEE Trans. Speech and Audio Processing 2(2), 291-298.
"""

import numpy as np

from npml_core import check_array

from ..cluster import KMeans
from ..mixture import covariances as shapes
from ..mixture.expectation import Parameters, accumulate, empty_moments, log_probabilities
from ..mixture.missing import accumulate_missing_given, log_probabilities_observed, patterns
from .base import BaseHMM, is_list_of_sequences, split_lengths


class GaussianHMM(BaseHMM):
    """Hidden Markov model with Gaussian emissions.

    Parameters
    ----------
    n_components : int, default=1
        K.
    covariance_type : {"diag", "spherical", "tied", "full"}, default="diag"
        Shape of the covariances.
    min_covar : float, default=1e-3
        Added to the variances that `fit` starts from.
    startprob_prior, transmat_prior : float or array, default=1.0
        Parameters of the Dirichlet priors; 1 is none.
    means_prior, means_weight : float or array, default=0
        Mean and weight of the normal prior of the means; weight 0 is none.
    covars_prior, covars_weight : float or array, default=1e-2 and 1
        Scale and weight of the inverse-gamma (diagonal) or inverse-Wishart (full) prior of the covariances.
    transmat_mask : array of bool (K, K), optional
        True where a transition is allowed.
    algorithm : {"viterbi", "map"}, default="viterbi"
        What `decode` and `predict` do.
    random_state : None, int, Generator or RandomState
        Draws the start and `sample`.
    n_iter : int, default=10
        Iterations at most.
    tol : float, default=1e-2
        Stop when the log-likelihood gains less.
    verbose : int, default=0
        From 1 on prints the log-likelihood of every iteration.
    params, init_params : str, default="stmc"
        What `fit` learns and what it draws a start for: s(tartprob), t(ransmat), m(eans), c(ovars). What it draws no
        start for is taken from the attributes set before.

    Attributes
    ----------
    startprob_ : ndarray (K,)
        pi.
    transmat_ : ndarray (K, K)
        A.
    means_ : ndarray (K, D)
        mu.
    covars_ : ndarray (K, D, D)
        S as full matrices, whatever the type; it may be set in the shape of the type ((K, D), (K,) or (K, 1), (D, D)).
    log_likelihoods_ : list of float
        One an iteration.
    n_iter_ : int
        Iterations done.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import GaussianHMM
    >>> X = np.array([[0.0], [0.1], [-0.1], [5.0], [5.1], [4.9]])
    >>> model = GaussianHMM(2, random_state=0).fit(X)
    >>> states = model.predict(X)
    >>> bool(states[0] == states[2] != states[3] == states[5])
    True
    """

    _letters = "stmc"
    _tags = {"two_d": False, "allow_nan": True}

    def __init__(
        self,
        n_components=1,
        covariance_type="diag",
        min_covar=1e-3,
        startprob_prior=1.0,
        transmat_prior=1.0,
        means_prior=0,
        means_weight=0,
        covars_prior=1e-2,
        covars_weight=1,
        *,
        transmat_mask=None,
        algorithm="viterbi",
        random_state=None,
        n_iter=10,
        tol=1e-2,
        verbose=0,
        params="stmc",
        init_params="stmc",
    ):
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.min_covar = min_covar
        self.startprob_prior = startprob_prior
        self.transmat_prior = transmat_prior
        self.means_prior = means_prior
        self.means_weight = means_weight
        self.covars_prior = covars_prior
        self.covars_weight = covars_weight
        self.transmat_mask = transmat_mask
        self.algorithm = algorithm
        self.random_state = random_state
        self.n_iter = n_iter
        self.tol = tol
        self.verbose = verbose
        self.params = params
        self.init_params = init_params

    @property
    def covars_(self):
        """Covariances as full matrices (K, D, D)."""
        if "_covars_" not in self.__dict__:
            raise AttributeError("covars_ is there after fit, or once it has been set")
        D = np.shape(self.means_)[1] if hasattr(self, "means_") else self._covars_.shape[-1]
        return np.array(shapes.expand(self.covariance_type, self._covars_, self.n_components, D))

    @covars_.setter
    def covars_(self, value):
        value = np.asarray(value, dtype=np.float64)
        K = self.n_components
        D = np.shape(self.means_)[1] if hasattr(self, "means_") else value.shape[-1]
        shape = {"full": (K, D, D), "tied": (D, D), "diag": (K, D), "spherical": (K,)}.get(self.covariance_type)
        if self.covariance_type == "spherical" and value.ndim == 2 and (value == value[:, :1]).all():
            value = value[:, 0]
        if value.shape == (K, D, D) and self.covariance_type != "full":
            value = self._reduce(value)
        if value.shape != shape:
            raise ValueError(f"covars_ must have shape {shape} for covariance_type {self.covariance_type!r}")
        shapes.precision_cholesky(self.covariance_type, value)  # singular ones are an error at once
        self._covars_ = value

    def _reduce(self, full):
        """Full matrices (K, D, D) in the shape of the type."""
        if self.covariance_type == "tied":
            return full[0]
        diagonal = np.einsum("kaa->ka", full)
        return diagonal.mean(axis=1) if self.covariance_type == "spherical" else np.array(diagonal)

    def _check_sequences(self, X, lengths, reset):
        if lengths is None and is_list_of_sequences(X) and np.ndim(X[0]) == 2:
            lengths = [len(part) for part in X]
            X = np.concatenate([np.asarray(part) for part in X])
        X = check_array(X, dtype=np.float64, allow_nan=True)
        if not reset and X.shape[1] != np.shape(self.means_)[1]:
            raise ValueError(f"X has {X.shape[1]} features, but GaussianHMM is expecting {np.shape(self.means_)[1]}")
        return X, split_lengths(lengths, len(X))

    def _check_options(self):
        super()._check_options()
        if self.covariance_type not in shapes.TYPES:
            raise ValueError(f"covariance_type must be one of {shapes.TYPES}, got {self.covariance_type!r}")
        for name in ("min_covar", "means_weight", "covars_prior", "covars_weight"):
            value = np.asarray(getattr(self, name), dtype=np.float64)
            if not np.isfinite(value).all() or (name != "covars_prior" and (value < 0).any()):
                raise ValueError(f"{name} must be finite and not negative, got {getattr(self, name)!r}")

    def _initialise_emissions(self, X, lengths, rng):
        K, D = self.n_components, X.shape[1]
        seen = ~np.isnan(X)
        if not seen.any(axis=0).all():
            raise ValueError(f"X has no observed value in feature(s) {np.flatnonzero(~seen.any(axis=0)).tolist()}")
        centre = np.array([column[there].mean() for column, there in zip(X.T, seen.T)])
        filled = np.where(seen, X, centre)
        if "m" in self.init_params or not hasattr(self, "means_"):
            distinct = len(np.unique(filled, axis=0))
            if distinct < K:
                raise ValueError(f"X has {distinct} distinct observations, fewer than n_components={K}")
            means = KMeans(K, n_init=1, random_state=int(rng.integers(2**32))).fit(filled).cluster_centers_
        else:
            means = np.asarray(self.means_, dtype=np.float64)
            if means.shape != (K, D) or not np.isfinite(means).all():
                raise ValueError(f"means_ must be finite and have shape {(K, D)}, got shape {means.shape}")
        if "c" in self.init_params or "_covars_" not in self.__dict__:
            scatter = np.cov(filled.T, ddof=min(1, len(X) - 1)).reshape(D, D) + self.min_covar * np.eye(D)
            copies = np.tile(scatter, (K, 1, 1))
            covariances = copies if self.covariance_type == "full" else self._reduce(copies)
        else:
            covariances = self._covars_
        factor = shapes.precision_cholesky(self.covariance_type, covariances)
        return Parameters(np.ones(K), means, factor)

    def _log_b(self, X, parameters):
        complete = ~np.isnan(X).any(axis=1)
        log_b = np.empty((len(X), self.n_components))
        log_b[complete] = log_probabilities(self.covariance_type, X[complete], parameters)
        for pattern in patterns(X):
            log_b[pattern.rows] = log_probabilities_observed(self.covariance_type, X, pattern, parameters)
        return log_b

    def _update_emissions(self, X, posteriors, parameters):
        moments = self._moments(X, posteriors, parameters)
        mass = moments.mass
        w, means = np.asarray(self.means_weight, dtype=np.float64), parameters.means
        if "m" in self.params:
            total = moments.first + mass[:, None] * moments.reference
            denominator = w + mass[:, None]
            means = (w * np.asarray(self.means_prior) + total) / np.where(denominator > 0, denominator, 1.0)
            means = np.where(denominator > 0, means, parameters.means)  # a state that nothing is in keeps its mean
        if "c" not in self.params:
            return parameters._replace(means=means)
        covariances = self._estimate_covariances(moments, mass, means)
        return Parameters(parameters.weights, means, shapes.precision_cholesky(self.covariance_type, covariances))

    def _moments(self, X, posteriors, parameters):
        """Moments around the present means, weighted by the posteriors."""
        complete = ~np.isnan(X).any(axis=1)
        moments = empty_moments(self.covariance_type, parameters.means)
        accumulate(moments, X[complete], posteriors[complete].T)
        for pattern in patterns(X):
            accumulate_missing_given(self.covariance_type, X, posteriors, pattern, parameters, moments)
        return moments

    def _estimate_covariances(self, moments, mass, means):
        kind, D = self.covariance_type, means.shape[1]
        shift = means - moments.reference
        prior_shift = means - np.asarray(self.means_prior)
        psi = np.asarray(self.covars_prior, dtype=np.float64)
        if kind in ("diag", "spherical"):
            scatter = moments.second - 2 * shift * moments.first + mass[:, None] * shift**2
            scatter = np.maximum(scatter, 0.0) + self.means_weight * prior_shift**2
            weight = np.maximum(self.covars_weight - 1.0, 0.0) + mass[:, None]
            variances = (psi + scatter) / np.maximum(weight, 1e-5)
            return variances.mean(axis=1) if kind == "spherical" else variances
        cross = moments.first[:, :, None] * shift[:, None, :]
        scatter = moments.second - cross - np.swapaxes(cross, 1, 2)
        scatter = scatter + mass[:, None, None] * shift[:, :, None] * shift[:, None, :]
        scatter = scatter + self.means_weight * prior_shift[:, :, None] * prior_shift[:, None, :]
        weight = np.maximum(self.covars_weight - D, 0.0)
        if kind == "tied":
            return (psi + scatter.sum(axis=0)) / (weight + mass.sum())
        return (psi + scatter) / np.maximum(weight + mass[:, None, None], 1e-5)

    def _draw_emissions(self, states, rng):
        K, D = np.shape(self.means_)
        lower = np.linalg.cholesky(shapes.expand(self.covariance_type, self._covars_, K, D))
        noise = rng.standard_normal((len(states), D))
        return np.asarray(self.means_)[states] + np.einsum("nab,nb->na", lower[states], noise)

    def _get_emissions(self):
        factor = shapes.precision_cholesky(self.covariance_type, self._covars_)
        return Parameters(np.ones(self.n_components), np.asarray(self.means_, dtype=np.float64), factor)

    def _set_emissions(self, parameters):
        self.means_ = parameters.means
        self._covars_ = shapes.covariance_of_precision(self.covariance_type, parameters.factor)
        self.n_features = parameters.means.shape[1]

    def _count_emissions(self):
        K, D = np.shape(self.means_)
        return K * D + shapes.count_parameters(self.covariance_type, K, D)
