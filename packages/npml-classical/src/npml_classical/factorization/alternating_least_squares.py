"""Regularised matrix factorisation by alternating least squares.

Notation: X (n, D), observed entries O, factors W (n, K) and H (K, D).

    minimise   sum over (i, j) in O of (x_ij - w_i . h_j)^2 + alpha (|W|^2 + |H|^2)

    with H fixed, each row of W is a ridge regression on the columns that are observed in it:
    w_i = (sum_{j in O_i} h_j h_j^T + alpha I)^-1 sum_{j in O_i} x_ij h_j              Zhou et al. (2008), section 3.1

and the same for the columns of H with W fixed. Each half lowers the objective, so it never rises. Missing are the
entries that a sparse matrix does not store (an explicit zero is an observation) and NaN in a dense one. All matrices
sum_j h_j h_j^T at once are one sparse product, the indicator of O times the rows (h_j h_j^T flattened), and all
systems are solved in one batch; where everything is observed they are one and the same.

Complexity: O(|O| K^2 + (n + D) K^3) an iteration.

References
----------
Zhou, Wilkinson, Schreiber & Pan (2008), "Large-scale parallel collaborative filtering for the Netflix prize", AAIM.
Koren, Bell & Volinsky (2009), "Matrix factorization techniques for recommender systems", Computer 42(8), 30-37.
"""

from numbers import Integral, Real

import numpy as np

from npml_core import BaseEstimator, TransformerMixin, check_array, check_is_fitted, check_random_state

__all__ = ["ALS"]

ROWS_PER_BLOCK = 4096


class ALS(TransformerMixin, BaseEstimator):
    """X as W H, with missing entries left out of account.

    Parameters
    ----------
    n_components : int, default=2
        K.
    alpha : float, default=1.0
        Weight of the penalty, not negative.
    max_iter : int, default=100
        Iterations at most.
    tol : float, default=1e-6
        Stop when the objective falls by less than this share of itself.
    n_init : int, default=1
        Starts, of which the best is kept.
    random_state : None, int, Generator or RandomState
        Draws the starts.

    Attributes
    ----------
    components_ : ndarray (n_components, n_features)
        H.
    losses_ : list of float
        The objective after each iteration.
    n_iter_ : int
        Iterations.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import ALS
    >>> X = np.outer([1.0, 2.0, 3.0], [1.0, 1.0, 2.0])
    >>> X[0, 2] = np.nan
    >>> model = ALS(n_components=1, alpha=1e-6, random_state=0)
    >>> (model.fit_transform(X) @ model.components_).round(3)[0]
    array([1., 1., 2.])
    """

    _tags = {"allow_nan": True, "sparse": True, "preserves_dtype": ["float64"]}

    def __init__(self, n_components=2, *, alpha=1.0, max_iter=100, tol=1e-6, n_init=1, random_state=None):
        self.n_components = n_components
        self.alpha = alpha
        self.max_iter = max_iter
        self.tol = tol
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X, y=None):
        """Find the factors.

        Parameters
        ----------
        X : array-like or sparse matrix (n_samples, n_features)
            What a sparse matrix does not store, and NaN, is missing.
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
            What a sparse matrix does not store, and NaN, is missing.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        ndarray (n_samples, n_components)
            W.
        """
        self._check_options()
        observed = _Observed(check_array(X, dtype=np.float64, accept_sparse=True, allow_nan=True))
        if not observed.count:
            raise ValueError("X must hold at least one observed entry")
        rng = check_random_state(self.random_state)
        runs = [self._run(observed, rng) for _ in range(self.n_init)]
        W, H, losses = min(runs, key=lambda run: run[2][-1])
        self._record_features(X)
        self.components_, self.losses_, self.n_iter_ = H.T.copy(), losses, len(losses)
        return W

    def transform(self, X):
        """W for other rows: ridge regressions on H.

        Parameters
        ----------
        X : array-like or sparse matrix (n_samples, n_features)
            Rows; missing entries as in `fit`.

        Returns
        -------
        ndarray (n_samples, n_components)
        """
        X = self._check_input(X, dtype=np.float64, accept_sparse=True, allow_nan=True)
        return _Observed(X).solve_rows(self.components_.T, self.alpha)

    def inverse_transform(self, W):
        """W H.

        Parameters
        ----------
        W : array-like (n_samples, n_components)
            Rows of factors.

        Returns
        -------
        ndarray (n_samples, n_features)
        """
        check_is_fitted(self)
        W = check_array(W, name="W", dtype=np.float64)
        if W.shape[1] != len(self.components_):
            raise ValueError(f"W must have {len(self.components_)} columns, got {W.shape[1]}")
        return W @ self.components_

    @property
    def _n_features_out(self):
        return len(self.components_)

    def _run(self, observed, rng):
        n, D = observed.shape
        # products of factors that are about as large as the data
        scale = np.sqrt(observed.root_mean_square() / self.n_components)
        H = scale * rng.standard_normal((D, self.n_components))
        losses: list = []
        for _ in range(self.max_iter):
            W = observed.solve_rows(H, self.alpha)
            H = observed.transposed.solve_rows(W, self.alpha)
            losses.append(observed.squared_error(W, H) + self.alpha * float((W**2).sum() + (H**2).sum()))
            if len(losses) > 1 and losses[-2] - losses[-1] <= self.tol * losses[-2]:
                break
        return W, H, losses

    def _check_options(self):
        for name in ("n_components", "max_iter", "n_init"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name} must be a positive int, got {value!r}")
        for name in ("alpha", "tol"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < np.inf:
                raise ValueError(f"{name} must be a finite number that is not negative, got {value!r}")


class _Observed:
    """The observed entries of a matrix: dense where all are, else as two sparse matrices."""

    def __init__(self, X, transposed=None):
        self.shape = X.shape
        self.values = self.mask = None
        if hasattr(X, "tocsr") or np.isnan(X).any():
            self.values, self.mask = _as_sparse(X)
            self.count = self.values.nnz
        else:
            self.dense, self.count = X, X.size
        self._transposed = transposed

    @property
    def transposed(self):
        """The same entries with rows and columns exchanged."""
        if self._transposed is None:
            self._transposed = _Observed(self.dense.T if self.mask is None else self.values.T.tocsr(), self)
        return self._transposed

    def root_mean_square(self):
        data = self.dense if self.mask is None else self.values.data
        largest = np.abs(data).max()
        return float(largest * np.sqrt(np.mean((data / largest) ** 2))) if largest > 0 else 1.0

    def solve_rows(self, H, alpha):
        """The ridge regression of every row on H (D, K); a row without an entry gives zeros."""
        n, K = self.shape[0], H.shape[1]
        if self.mask is None:
            return _solve(H.T @ H + alpha * np.eye(K), (self.dense @ H).T).T
        outer = (H[:, :, None] * H[:, None, :]).reshape(len(H), -1)
        target = self.values @ H
        W = np.empty((n, K))
        for start in range(0, n, ROWS_PER_BLOCK):
            part = slice(start, start + ROWS_PER_BLOCK)
            gram = (self.mask[part] @ outer).reshape(-1, K, K) + alpha * np.eye(K)
            W[part] = _solve(gram, target[part, :, None])[..., 0]
        return W

    def squared_error(self, W, H):
        """Sum over the observed entries of (x_ij - w_i . h_j)^2."""
        if self.mask is None:
            return float(((self.dense - W @ H.T) ** 2).sum())
        rows = np.repeat(np.arange(self.shape[0]), np.diff(self.values.indptr))
        error = 0.0
        for start in range(0, self.count, 1 << 18):
            part = slice(start, start + (1 << 18))
            fitted = np.einsum("ek,ek->e", W[rows[part]], H[self.values.indices[part]])
            error += float(((self.values.data[part] - fitted) ** 2).sum())
        return error


def _as_sparse(X):
    """Values and indicator of the observed entries as CSR arrays."""
    from scipy import sparse

    if not hasattr(X, "tocsr"):
        rows, columns = np.nonzero(~np.isnan(X))
        values = sparse.csr_array((X[rows, columns], (rows, columns)), shape=X.shape)
    else:
        values = sparse.csr_array(X)
        values.sum_duplicates()
        seen = ~np.isnan(values.data)
        if not seen.all():
            rows = np.repeat(np.arange(X.shape[0]), np.diff(values.indptr))
            values = sparse.csr_array((values.data[seen], (rows[seen], values.indices[seen])), shape=X.shape)
    mask = sparse.csr_array((np.ones(values.nnz), values.indices, values.indptr), shape=X.shape)
    return values, mask


def _solve(gram, target):
    """gram^-1 target; of singular systems (alpha = 0) the solution of least norm."""
    eigenvalues = np.linalg.eigvalsh(gram)
    if (eigenvalues[..., 0] > 1e-12 * eigenvalues[..., -1]).all():
        return np.linalg.solve(gram, target)
    return np.linalg.pinv(gram, hermitian=True) @ target
