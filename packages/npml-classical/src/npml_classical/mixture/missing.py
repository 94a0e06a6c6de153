"""The E-step of a Gaussian mixture for samples with missing values (NaN), which EM integrates out.

For a sample whose observed part is o and missing part m, under component k with mean mu and covariance S:

    log p(x_o | k) = log N(x_o; mu_o, S_oo)
    E[x_m | x_o, k]   = mu_m + S_mo S_oo^-1 (x_o - mu_o)
    Cov[x_m | x_o, k] = S_mm - S_mo S_oo^-1 S_om

The moments take the expected sample and add the conditional covariance to the scatter. Samples are handled by pattern:
all that miss the same features share S_oo, so that the cost is one batch of small factorisations a pattern.

References
----------
Ghahramani & Jordan (1994), "Supervised learning from incomplete data via an EM approach", NIPS 6, section 3.
Little & Rubin (2002), "Statistical Analysis with Missing Data", 2nd ed., section 11.2.
"""

from typing import NamedTuple

import numpy as np

from .covariances import covariance_of_precision, expand
from .expectation import _normalise


class Pattern(NamedTuple):
    """Rows (indices into the data) that have the same features observed (boolean mask)."""

    rows: np.ndarray
    observed: np.ndarray


def patterns(X):
    """Group the rows of X with NaN by what they miss."""
    missing = np.isnan(X)
    incomplete = np.flatnonzero(missing.any(axis=1))
    kinds, which = np.unique(missing[incomplete], axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    groups = np.split(incomplete[order], np.cumsum(np.bincount(which.ravel(), minlength=len(kinds)))[:-1])
    return [Pattern(rows, ~kind) for rows, kind in zip(groups, kinds)]


def log_probabilities_observed(kind, X, pattern, parameters):
    """log pi_k p(x_o | k) of the rows of one pattern (n, K)."""
    return _regress(kind, X, pattern, parameters)[0].T


def accumulate_missing(kind, X, weights, pattern, parameters, moments):
    """Add the expected moments of one pattern's rows in place; returns their part of the bound."""
    log_p, expected, conditional = _regress(kind, X, pattern, parameters)
    weights = weights[pattern.rows]
    bound = weights @ _normalise(log_p)
    _add(moments, pattern, log_p * weights, expected, conditional)
    return bound


def accumulate_missing_given(kind, X, responsibilities, pattern, parameters, moments):
    """The same for responsibilities (n, K) that come from elsewhere."""
    _, expected, conditional = _regress(kind, X, pattern, parameters)
    _add(moments, pattern, responsibilities[pattern.rows].T, expected, conditional)


def _add(moments, pattern, responsibilities, expected, conditional):
    mass = responsibilities.sum(axis=1)
    moments.mass[:] += mass
    difference = expected - moments.reference[:, None, :]
    moments.first[:] += np.einsum("kn,knd->kd", responsibilities, difference)
    scatter = np.einsum("kn,kna,knb->kab", responsibilities, difference, difference, optimize=True)
    hidden = np.flatnonzero(~pattern.observed)
    scatter[:, hidden[:, None], hidden] += mass[:, None, None] * conditional
    moments.second[:] += scatter if moments.second.ndim == 3 else np.einsum("kaa->ka", scatter)


def _regress(kind, X, pattern, parameters):
    """Log densities (K, n), expected samples (K, n, D) and conditional covariances (K, m, m)."""
    K, D = parameters.means.shape
    seen, hidden = np.flatnonzero(pattern.observed), np.flatnonzero(~pattern.observed)
    covariances = expand(kind, covariance_of_precision(kind, parameters.factor), K, D)
    S_oo = covariances[:, seen[:, None], seen]
    S_om = covariances[:, seen[:, None], hidden]
    values = X[pattern.rows][:, seen]
    difference = values - parameters.means[:, None, seen]
    lower = np.linalg.cholesky(S_oo)
    scaled = np.linalg.solve(lower, np.swapaxes(difference, 1, 2))  # L^-1 (x_o - mu_o), (K, o, n)
    gain = np.linalg.solve(lower, S_om)  # L^-1 S_om
    log_determinant = np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    with np.errstate(divide="ignore"):
        constant = np.log(parameters.weights) - log_determinant - 0.5 * len(seen) * np.log(2.0 * np.pi)
    log_p = constant[:, None] - 0.5 * np.einsum("kon,kon->kn", scaled, scaled)
    expected = np.empty((K, len(values), D))
    expected[:, :, seen] = values
    expected[:, :, hidden] = parameters.means[:, None, hidden] + np.einsum("kom,kon->knm", gain, scaled)
    conditional = covariances[:, hidden[:, None], hidden] - np.swapaxes(gain, 1, 2) @ gain
    return log_p, expected, conditional
