"""The four shapes of a mixture's covariances, and what is done with each of them.

========== ============ ================================== =========================================
type       shape        model                              maximum-likelihood estimate
========== ============ ================================== =========================================
full       (K, D, D)    every component its own            S_k
tied       (D, D)       one for all                        sum_k N_k S_k / sum_k N_k
diag       (K, D)       every component its own diagonal   diagonal of S_k
spherical  (K,)         every component its own variance   mean of that diagonal
========== ============ ================================== =========================================

S_k is the covariance of the samples weighted by their responsibilities for component k, N_k the sum of those weights. A
precision is the inverse of a covariance, held as its Cholesky factor P with P P^T = inverse: upper triangular for full
and tied, the reciprocal standard deviations for diag and spherical.
"""

import numpy as np

TYPES = ("full", "tied", "diag", "spherical")


def estimate(kind, scatter, mass, floor):
    """Covariances from the components' scatter.

    Parameters
    ----------
    kind : str
        One of `TYPES`.
    scatter : ndarray (K, D, D), or (K, D) for diag and spherical
        S_k, or its diagonal.
    mass : ndarray (K,)
        N_k.
    floor : ndarray (D,)
        Added to every variance.

    Returns
    -------
    ndarray
        In the shape of the table.
    """
    if kind == "spherical":
        return (scatter + floor).mean(axis=1)
    if kind == "diag":
        return scatter + floor
    if kind == "tied":
        scatter = np.einsum("k,kij->ij", mass / mass.sum(), scatter)
    covariances = np.array(scatter)
    diagonal = np.arange(len(floor))
    covariances[..., diagonal, diagonal] += floor
    return covariances


def precision_cholesky(kind, covariances):
    """P of every covariance.

    Raises
    ------
    ValueError
        If one is singular.
    """
    message = (
        "a component has a singular covariance (it has collapsed onto a few samples, or features are collinear): "
        "increase reg_covar, decrease n_components, or choose another covariance_type"
    )
    if kind in ("diag", "spherical"):
        if not (covariances > 0).all():
            raise ValueError(message)
        return 1.0 / np.sqrt(covariances)
    try:
        lower = np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError:
        raise ValueError(message) from None
    identity = np.eye(covariances.shape[-1])
    # L L^T = S, so that P = L^-T
    return np.swapaxes(np.linalg.solve(lower, np.broadcast_to(identity, lower.shape)), -1, -2)


def cholesky_of_precision(kind, precisions):
    """P of precisions that are given themselves (as `precisions_init`)."""
    if kind in ("diag", "spherical"):
        if not (precisions > 0).all():
            raise ValueError("precisions_init must be positive")
        return np.sqrt(precisions)
    try:
        # reversed Cholesky: the factor of the reversed matrix, reversed, is upper triangular
        return np.linalg.cholesky(precisions[..., ::-1, ::-1])[..., ::-1, ::-1]
    except np.linalg.LinAlgError:
        raise ValueError("precisions_init must be symmetric and positive definite") from None


def covariance_of_precision(kind, factor):
    """The covariances that belong to P."""
    if kind in ("diag", "spherical"):
        return 1.0 / factor**2
    inverse = np.linalg.inv(factor)
    return np.swapaxes(inverse, -1, -2) @ inverse


def precisions(kind, factor):
    """P P^T, in the shape of the table."""
    if kind in ("diag", "spherical"):
        return factor**2
    return factor @ np.swapaxes(factor, -1, -2)


def expand(kind, values, K, D):
    """Covariances, precisions or factors of any type as K full matrices (K, D, D)."""
    if kind == "full":
        return values
    if kind == "tied":
        return np.broadcast_to(values, (K, D, D))
    diagonal = values if kind == "diag" else np.broadcast_to(values[:, None], (K, D))
    return diagonal[:, :, None] * np.eye(D)


def expand_diagonal(kind, values, D):
    """Values of diag or spherical as K rows (K, D)."""
    return values if kind == "diag" else np.repeat(values[:, None], D, axis=1)


def log_determinants(kind, factor, K, D):
    """log det P of every component (K,)."""
    if kind == "spherical":
        return D * np.log(factor)
    if kind == "diag":
        return np.log(factor).sum(axis=1)
    return np.broadcast_to(np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1), K)


def count_parameters(kind, K, D):
    """Free parameters of the covariances."""
    return {"full": K * D * (D + 1) // 2, "tied": D * (D + 1) // 2, "diag": K * D, "spherical": K}[kind]
