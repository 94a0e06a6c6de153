"""Non-negative matrix factorisation.

Notation: X (n, D) without negative entries, factors W (n, K) and H (K, D) without negative entries.

    minimise   |X - W H|^2 / 2 + D alpha_W (l1_ratio |W|_1 + (1 - l1_ratio) |W|^2 / 2)
                               + n alpha_H (l1_ratio |H|_1 + (1 - l1_ratio) |H|^2 / 2)

Hierarchical alternating least squares: with everything else fixed, one row h_k has the solution

    h_k = max(0, (w_k^T X - sum_{j != k} (w_k . w_j) h_j - l1) / (w_k . w_k + l2))       Cichocki & Phan (2009), eq. 36

and so each column w_k. Two sweeps over k share the products W^T X and W^T W. The objective never rises; unlike
multiplicative updates, an entry that has become 0 can leave it again. The start is a non-negative double singular
value decomposition (Boutsidis & Gallopoulos): the positive or negative part of each pair of singular vectors,
whichever is larger.

It ends when the projected gradient (its entries that would still lower the objective) has fallen to `tol` times what it
was at the start.

Complexity: O(n D K) an iteration.

References
----------
Cichocki & Phan (2009), "Fast local algorithms for large scale nonnegative matrix and tensor factorizations", IEICE
Trans. Fundamentals E92-A(3), 708-721.
Lee & Seung (1999), "Learning the parts of objects by non-negative matrix factorization", Nature 401, 788-791.
Boutsidis & Gallopoulos (2008), "SVD based initialization", Pattern Recognition 41(4), 1350-1362.
"""

import warnings
from itertools import compress
from numbers import Integral, Real

import numpy as np

from npml_core import (
    BaseEstimator,
    TransformerMixin,
    check_array,
    check_is_fitted,
    check_random_state,
    convergence_warning,
)

__all__ = ["NMF"]

SWEEPS = 2


class NMF(TransformerMixin, BaseEstimator):
    """X as W H, all of them non-negative.

    Parameters
    ----------
    n_components : int or None, default=None
        K; None: n_features.
    init : {"nndsvd", "nndsvda", "random"} or None, default=None
        The start: decomposition (its zeros filled with the mean for "nndsvda"), or random; None: "nndsvda", or "random"
        where K exceeds min(n_samples, n_features).
    tol : float, default=1e-4
        Share of the first projected gradient at which to stop.
    max_iter : int, default=200
        Iterations at most.
    random_state : None, int, Generator or RandomState
        Draws a random start.
    alpha_W, alpha_H : float, default=0.0 and "same"
        Weights of the penalties; "same" is alpha_W.
    l1_ratio : float, default=0.0
        Share of the absolute values in the penalties.

    Attributes
    ----------
    components_ : ndarray (n_components, n_features)
        H.
    n_components_, n_iter_ : int
        K and the iterations.
    reconstruction_err_ : float
        |X - W H|.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import NMF
    >>> model = NMF(n_components=1, tol=1e-8)
    >>> W = model.fit_transform(np.outer([1.0, 2.0], [3.0, 4.0]))
    >>> (W @ model.components_).round(4)
    array([[3., 4.],
           [6., 8.]])
    """

    _tags = {"sparse": True, "positive_only": True}

    def __init__(
        self,
        n_components=None,
        *,
        init=None,
        tol=1e-4,
        max_iter=200,
        random_state=None,
        alpha_W=0.0,
        alpha_H="same",
        l1_ratio=0.0,
    ):
        self.n_components = n_components
        self.init = init
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.alpha_W = alpha_W
        self.alpha_H = alpha_H
        self.l1_ratio = l1_ratio

    def fit(self, X, y=None):
        """Find the factors.

        Parameters
        ----------
        X : array-like or sparse matrix (n_samples, n_features)
            Without negative entries.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X, y=None):
        """Find the factors and return W.

        Parameters
        ----------
        X : array-like or sparse matrix (n_samples, n_features)
            Without negative entries.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        ndarray (n_samples, n_components)
            W.
        """
        data = check_array(X, accept_sparse=True)
        _check_not_negative(data)
        K = self._check_options(data)
        n, D = data.shape
        penalty_W, penalty_H = self._penalties(n, D)
        W, H = self._start(data, K)
        first, n_iter, settled = None, 0, False
        for n_iter in range(1, self.max_iter + 1):
            # W is kept as (K, n): each update then works on a row in one piece
            violation = _update(W, H @ H.T, _product(H, data, transpose=True), *penalty_W)
            violation += _update(H, W @ W.T, _product(W, data), *penalty_H)
            first = violation if first is None else first
            settled = violation <= self.tol * first
            if settled:
                break
        if not settled and self.tol > 0:
            message = f"did not converge in {self.max_iter} iterations: increase max_iter or tol"
            warnings.warn(message, convergence_warning(), stacklevel=2)
        self._record_features(X)
        self.components_, self.n_components_, self.n_iter_ = H, K, n_iter
        self.reconstruction_err_ = _error(data, W, H)
        return np.ascontiguousarray(W.T)

    def transform(self, X):
        """W for other rows, with H fixed.

        Parameters
        ----------
        X : array-like or sparse matrix (n_samples, n_features)
            Without negative entries.

        Returns
        -------
        ndarray (n_samples, n_components)
        """
        data = self._check_input(X, accept_sparse=True)
        _check_not_negative(data)
        H = self.components_.astype(data.dtype, copy=False)
        penalty_W, _ = self._penalties(*data.shape)
        gram, cross = H @ H.T, _product(H, data, transpose=True)
        W = np.full((len(H), data.shape[0]), np.sqrt(data.mean() / len(H)), dtype=data.dtype)
        first = None
        for _ in range(self.max_iter):
            violation = _update(W, gram, cross, *penalty_W)
            first = violation if first is None else first
            if violation <= self.tol * first:
                break
        return np.ascontiguousarray(W.T)

    def inverse_transform(self, X):
        """W H.

        Parameters
        ----------
        X : array-like (n_samples, n_components)
            W.

        Returns
        -------
        ndarray (n_samples, n_features)
        """
        check_is_fitted(self)
        W = check_array(X)
        if W.shape[1] != self.n_components_:
            raise ValueError(f"X has {W.shape[1]} columns, but the model has {self.n_components_} components")
        return W @ self.components_.astype(W.dtype, copy=False)

    @property
    def _n_features_out(self):
        return len(self.components_)

    def _start(self, data, K):
        init = self.init
        if init is None:
            init = "nndsvda" if min(data.shape) >= K else "random"
        rng = check_random_state(self.random_state)
        level = np.sqrt(data.mean() / K)
        if init == "random":
            W, H = (level * np.abs(rng.standard_normal((K, size))) for size in data.shape)
        else:
            W, H = _double_svd(data, K)
            if init == "nndsvda":
                W, H = (np.where(factor == 0, data.mean(), factor) for factor in (W, H))
        return W.astype(data.dtype), H.astype(data.dtype)

    def _penalties(self, n, D):
        alpha_H = self.alpha_W if isinstance(self.alpha_H, str) else self.alpha_H
        ratio = self.l1_ratio
        return tuple((size * a * ratio, size * a * (1.0 - ratio)) for size, a in ((D, self.alpha_W), (n, alpha_H)))

    def _check_options(self, data):
        K = data.shape[1] if self.n_components is None else self.n_components
        for name, value in (("n_components", K), ("max_iter", self.max_iter)):
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name} must be a positive int, got {value!r}")
        alpha_H = 0.0 if isinstance(self.alpha_H, str) and self.alpha_H == "same" else self.alpha_H
        for name, value in (("tol", self.tol), ("alpha_W", self.alpha_W), ("alpha_H", alpha_H)):
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < np.inf:
                raise ValueError(f"{name} must be a finite number that is not negative, got {value!r}")
        if isinstance(self.l1_ratio, bool) or not isinstance(self.l1_ratio, Real) or not 0 <= self.l1_ratio <= 1:
            raise ValueError(f"l1_ratio must be from 0 to 1, got {self.l1_ratio!r}")
        if self.init not in (None, "nndsvd", "nndsvda", "random"):
            raise ValueError(f"init must be 'nndsvd', 'nndsvda', 'random' or None, got {self.init!r}")
        if self.init in ("nndsvd", "nndsvda") and min(data.shape) < K:
            raise ValueError(f"init={self.init!r} needs n_components <= min(n_samples, n_features), got {K}")
        return K


def _check_not_negative(X):
    smallest = X.min()
    if smallest < 0:
        raise ValueError(f"Negative values in data passed to NMF: X holds {smallest}")


def _product(factor, X, transpose=False):
    """factor X^T or factor X, for dense and sparse X."""
    if hasattr(X, "tocsr"):
        return np.ascontiguousarray((X @ factor.T).T if transpose else (X.T @ factor.T).T)
    return factor @ X.T if transpose else factor @ X


def _update(F, gram, cross, l1, l2):
    """Sweeps over the rows of F (K, m) in place; returns the size of the projected gradient before them.

    The solution of a row is max(0, a_k - B_k F), with everything else in a and B: three operations.
    """
    gradient = gram @ F - cross + l1 + l2 * F
    violation = float(np.abs(np.where(F > 0, gradient, np.minimum(gradient, 0.0))).sum())
    rounding = 8.0 * float(np.finfo(F.dtype).eps * cross.sum())  # no entry of the data is negative
    curvature = np.diagonal(gram) + l2
    live = curvature > 0
    if l1 > 0:
        F[~live] = 0.0
    scale = np.where(live, curvature, 1.0)[:, None]
    targets, others = (cross - l1) / scale, gram / scale
    np.fill_diagonal(others, 0.0)
    rows = list(compress(zip(F, targets, others), live))
    pull, zeros = np.empty_like(F[0]), np.zeros_like(F[0])
    for row, target, weights in rows * SWEEPS:
        np.subtract(target, np.dot(weights, F, out=pull), out=row)
        np.maximum(row, zeros, out=row)
    return violation if violation > rounding else 0.0


def _error(X, W, H):
    """|X - W H|, without the dense product for sparse X."""
    if not hasattr(X, "tocsr"):
        return float(np.linalg.norm(X - W.T @ H))
    squares = float(X.multiply(X).sum()) - 2.0 * float((_product(W, X) * H).sum())
    return float(np.sqrt(max(squares + float(((W @ W.T) * (H @ H.T)).sum()), 0.0)))


def _double_svd(X, K):
    """The larger of the positive and negative parts of each pair of singular vectors, as rows (K, n) and (K, D)."""
    U, s, V = _leading_svd(X, K)
    W, H = np.zeros((K, X.shape[0])), np.zeros((K, X.shape[1]))
    W[0], H[0] = np.sqrt(s[0]) * np.abs(U[:, 0]), np.sqrt(s[0]) * np.abs(V[0])
    for k in range(1, K):
        parts = []
        for sign in (1.0, -1.0):
            u, v = np.maximum(sign * U[:, k], 0.0), np.maximum(sign * V[k], 0.0)
            parts.append((np.linalg.norm(u) * np.linalg.norm(v), u, v))
        weight, u, v = max(parts, key=lambda part: part[0])
        if weight > 0:
            W[k] = np.sqrt(s[k] * weight) * u / np.linalg.norm(u)
            H[k] = np.sqrt(s[k] * weight) * v / np.linalg.norm(v)
    tiny = 1e-6
    return np.where(tiny < W, W, 0.0), np.where(tiny < H, H, 0.0)


def _leading_svd(X, K):
    """U, s and V^T of the K largest singular values, from the smaller of the two Gram matrices."""
    wide = X.shape[0] < X.shape[1]
    gram = X @ X.T if wide else X.T @ X
    gram = gram.toarray() if hasattr(gram, "tocsr") else gram
    values, vectors = np.linalg.eigh(gram.astype(np.float64))
    s = np.sqrt(np.maximum(values[::-1][:K], 0.0))
    vectors = vectors[:, ::-1][:, :K]
    safe = np.where(s > 0, s, 1.0)
    other = (X.T @ vectors if wide else X @ vectors) / safe
    return (vectors, s, other.T) if wide else (other, s, vectors.T)
