"""The E-step of a Gaussian mixture, together with the moments that the M-step needs.

Notation: samples x_i with weights w_i, components k with parameters (pi_k, mu_k, P_k), P_k P_k^T the precision.

    log p_ik = log pi_k - D/2 log 2 pi + log det P_k - |(x_i - mu_k) P_k|^2 / 2
    log p_i  = logsumexp_k log p_ik            bound = sum_i w_i log p_i / sum_i w_i
    r_ik     = w_i exp(log p_ik - log p_i)                                  Bishop (2006), eq. 9.23
    N_k = sum_i r_ik,   A_k = sum_i r_ik (x_i - c_k),   B_k = sum_i r_ik (x_i - c_k)(x_i - c_k)^T

`direct` takes c_k = mu_k and works as the equations stand. `by_features` takes c_k = 0 and writes the density as a
linear function of f(x) = [products x_a x_b with a <= b, x, 1]:

    log p_ik = W_k . f(x_i),    W_k = [-Lambda_aa / 2, -Lambda_ab (a < b);  Lambda mu;  the constant],  Lambda = P P^T

so that all densities are one matrix product W F, and all moments a second one, R F^T. It is several times faster and
loses 2 log10(rho) digits, rho the largest |x| in standard deviations of a component: it is used below rho = 1000.
"""

from typing import NamedTuple

import numpy as np

from .covariances import expand, expand_diagonal, log_determinants, precisions

MAX_SPREAD = 1e3
BLOCK_SIZE = 1 << 17  # numbers in a block of features


class Parameters(NamedTuple):
    """A mixture: weights (K,), means (K, D) and the Cholesky factors of the precisions (shape by type)."""

    weights: np.ndarray
    means: np.ndarray
    factor: np.ndarray


class Moments(NamedTuple):
    """N (K,), A (K, D), B (K, D, D) or its diagonal (K, D), the reference points c (K, D) and the bound."""

    mass: np.ndarray
    first: np.ndarray
    second: np.ndarray
    reference: np.ndarray
    bound: float


class Features:
    """f(x) of all complete samples, feature-major, a block of samples at a time."""

    def __init__(self, X, weights, is_diagonal):
        self.X, self.weights, self.is_diagonal = X, weights, is_diagonal
        D = X.shape[1]
        self.rows, self.columns = (np.arange(D), np.arange(D)) if is_diagonal else np.triu_indices(D)
        self.size = len(self.rows) + D + 1
        self.block = max(64, BLOCK_SIZE // self.size)
        self.radius = np.abs(X).max(axis=0, initial=0.0)
        self._stored = [None] * len(range(0, len(X), self.block))
        self._keep = self.size * len(X) <= 1 << 25  # up to 256 MB are kept between iterations

    def __iter__(self):
        """Yield (F, w): features (size, rows) and weights (rows,)."""
        for number, start in enumerate(range(0, len(self.X), self.block)):
            part = slice(start, start + self.block)
            features = self._stored[number]
            if features is None:
                features = self._compute(self.X[part])
                if self._keep:
                    self._stored[number] = features
            yield features, self.weights[part]

    def _compute(self, X):
        columns = np.ascontiguousarray(X.T)
        features = np.empty((self.size, len(X)))
        n_products = len(self.rows)
        np.multiply(columns[self.rows], columns[self.columns], out=features[:n_products])
        features[n_products:-1] = columns
        features[-1] = 1.0
        return features


def spread(kind, features, parameters):
    """Rho: the largest coordinate of any sample, in standard deviations of the narrowest component."""
    K, D = parameters.means.shape
    if kind in ("diag", "spherical"):
        width = expand_diagonal(kind, parameters.factor, D)
    else:
        width = np.sqrt(np.einsum("...ab,...ab->...a", parameters.factor, parameters.factor))
    return float((width * features.radius).max())


def by_features(kind, features, parameters):
    """Moments around 0, by two matrix products a block."""
    coefficients = _coefficients(kind, features, parameters)
    total, bound = np.zeros_like(coefficients), 0.0
    for F, w in features:
        log_p = coefficients @ F
        bound += w @ _normalise(log_p)
        log_p *= w  # now the responsibilities r_ik
        total += log_p @ F.T
    K, D = parameters.means.shape
    n_products = len(features.rows)
    second = total[:, :n_products]
    if not features.is_diagonal:
        full = np.empty((K, D, D))
        full[:, features.rows, features.columns] = second
        full[:, features.columns, features.rows] = second
        second = full
    return Moments(total[:, -1], total[:, n_products:-1], second, np.zeros((K, D)), bound)


def direct(kind, X, weights, parameters):
    """Moments around the present means, as the equations stand."""
    K, D = parameters.means.shape
    moments = empty_moments(kind, parameters.means)
    bound = 0.0
    for start in range(0, len(X), max(64, BLOCK_SIZE // D)):
        part = slice(start, start + max(64, BLOCK_SIZE // D))
        log_p = log_probabilities(kind, X[part], parameters).T
        bound += weights[part] @ _normalise(log_p)
        accumulate(moments, X[part], log_p * weights[part])
    return moments._replace(bound=bound)


def empty_moments(kind, reference):
    """Moments of no samples around the given points (K, D)."""
    K, D = reference.shape
    second = np.zeros((K, D) if kind in ("diag", "spherical") else (K, D, D))
    return Moments(np.zeros(K), np.zeros((K, D)), second, reference, 0.0)


def accumulate(moments, X, responsibilities):
    """Add the samples' moments in place; responsibilities are (K, n)."""
    moments.mass[:] += responsibilities.sum(axis=1)
    for k, r in enumerate(responsibilities):
        difference = X - moments.reference[k]
        weighted = difference * r[:, None]
        moments.first[k] += weighted.sum(axis=0)
        if moments.second.ndim == 2:
            moments.second[k] += np.einsum("nd,nd->d", weighted, difference)
        else:
            moments.second[k] += weighted.T @ difference


def log_probabilities(kind, X, parameters):
    """log p_ik of complete samples (n, K), from differences."""
    K, D = parameters.means.shape
    factor = parameters.factor
    squares = np.empty((K, len(X)))
    for k, mean in enumerate(parameters.means):
        if kind in ("full", "tied"):
            scaled = (X - mean) @ (factor[k] if kind == "full" else factor)
        else:
            scaled = (X - mean) * factor[k]
        squares[k] = np.einsum("nd,nd->n", scaled, scaled)
    return (_constants(kind, parameters)[:, None] - 0.5 * squares).T


def _constants(kind, parameters):
    """log pi_k - D/2 log 2 pi + log det P_k."""
    K, D = parameters.means.shape
    with np.errstate(divide="ignore"):  # a component without weight has log pi = -inf
        log_weights = np.log(parameters.weights)
    return log_weights - 0.5 * D * np.log(2.0 * np.pi) + log_determinants(kind, parameters.factor, K, D)


def _coefficients(kind, features, parameters):
    """W (K, size)."""
    K, D = parameters.means.shape
    means = parameters.means
    if features.is_diagonal:
        products = expand_diagonal(kind, precisions(kind, parameters.factor), D)
        linear = products * means
        products = -0.5 * products
    else:
        matrices = expand(kind, precisions(kind, parameters.factor), K, D)
        linear = np.einsum("kab,kb->ka", matrices, means)
        off_diagonal = features.rows != features.columns
        products = matrices[:, features.rows, features.columns] * np.where(off_diagonal, -1.0, -0.5)
    constant = _constants(kind, parameters) - 0.5 * np.einsum("kd,kd->k", linear, means)
    # -inf times a feature of 0 would be NaN
    constant = np.maximum(constant, np.finfo(np.float64).min)
    return np.column_stack([products, linear, constant])


def _normalise(log_p):
    """Turn log p_ik (K, n) into shares that sum to 1 over k, in place; returns log p_i (n,)."""
    highest = log_p.max(axis=0)
    log_p -= highest
    np.exp(log_p, out=log_p)
    total = log_p.sum(axis=0)
    log_p /= total
    return highest + np.log(total)
