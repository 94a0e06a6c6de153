"""Principal component analysis.

Notation: samples X (n, D), mean m, centred Xc = X - m, sample covariance S = Xc^T Xc / (n - 1).

    Xc = U diag(s) V^T          components = rows of V^T,   explained variance = s^2 / (n - 1)
    transform                   Z = Xc V            (whitened: divided by the standard deviations)
    inverse                     X = Z V^T + m
    probabilistic model         x ~ N(m, V (L - sigma^2 I) V^T + sigma^2 I),   sigma^2 = mean of the dropped variances

The eigenvectors of the Gram matrix Xc^T Xc cost far less than the singular value decomposition of Xc, but its
eigenvalues s^2 carry an error of eps s_1^2: they are used where every component that is kept has s > s_1 / 1000. Signs
are fixed: the entry of largest magnitude in each component is positive.

Complexity: O(n D^2 + D^3).

References
----------
Bishop (2006), "Pattern Recognition and Machine Learning", sections 12.1 and 12.2.
Tipping & Bishop (1999), "Probabilistic principal component analysis", J. Royal Statistical Society B 61(3), 611-622.
"""

from numbers import Integral, Real

import numpy as np

from npml_core import BaseEstimator, TransformerMixin, check_array, check_is_fitted

__all__ = ["PCA"]

GRAM_CONDITION = 1e3  # relative errors of the variances stay near 1e-10


class PCA(TransformerMixin, BaseEstimator):
    """The orthogonal directions of largest variance.

    Parameters
    ----------
    n_components : int, float or None, default=None
        How many components; a float in (0, 1) keeps as many as explain more than this share of the variance;
        None keeps min(n_samples, n_features).
    whiten : bool, default=False
        Whether to scale the output to unit variance.
    svd_solver : {"auto", "full", "covariance_eigh"}, default="auto"
        Singular value decomposition of the data or eigenvectors of its Gram matrix; "auto" takes the second where it
        is accurate.

    Attributes
    ----------
    components_ : ndarray (n_components, n_features)
        Unit vectors, by descending variance.
    explained_variance_, explained_variance_ratio_ : ndarray (n_components,)
        Variance along each component, and its share of the total.
    singular_values_ : ndarray (n_components,)
        s.
    mean_ : ndarray (n_features,)
        m.
    n_components_, n_samples_ : int
        Number of components and of training samples.
    noise_variance_ : float
        sigma^2 of the probabilistic model.

    Examples
    --------
    >>> from npml_classical import PCA
    >>> model = PCA(n_components=1).fit([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    >>> model.components_.round(4)
    array([[0.7071, 0.7071]])
    >>> model.explained_variance_ratio_
    array([1.])
    """

    def __init__(self, n_components=None, *, whiten=False, svd_solver="auto"):
        self.n_components = n_components
        self.whiten = whiten
        self.svd_solver = svd_solver

    def fit(self, X, y=None):
        """Find the components.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            At least two samples.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self
        """
        data = check_array(X, min_samples=2)
        self._check_options(data)
        mean = data.mean(axis=0)
        centred = data - mean
        values, vectors = self._decompose(centred)
        vectors = _fix_signs(vectors)
        variances = values**2 / (len(data) - 1)
        total = variances.sum()
        ratios = variances / total if total > 0 else np.zeros_like(variances)
        k = self._count(ratios, len(variances))

        self._record_features(X)
        self.mean_ = mean
        self.components_ = vectors[:k]
        self.explained_variance_ = variances[:k]
        self.explained_variance_ratio_ = ratios[:k]
        self.singular_values_ = values[:k]
        self.n_components_ = k
        self.n_samples_ = len(data)
        self.noise_variance_ = float(variances[k:].mean()) if k < min(data.shape) else 0.0
        return self

    def transform(self, X):
        """Coordinates along the components.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples, n_components)
        """
        data = self._check_input(X)
        scores = (data - self.mean_.astype(data.dtype, copy=False)) @ self.components_.T.astype(data.dtype, copy=False)
        return scores / self._scale(data.dtype) if self.whiten else scores

    def inverse_transform(self, X):
        """Back to the space of the samples.

        Parameters
        ----------
        X : array-like (n_samples, n_components)
            Coordinates.

        Returns
        -------
        ndarray (n_samples, n_features)
        """
        check_is_fitted(self)
        scores = check_array(X)
        if scores.shape[1] != self.n_components_:
            raise ValueError(f"X has {scores.shape[1]} columns, but the model has {self.n_components_} components")
        scores = scores * self._scale(scores.dtype) if self.whiten else scores
        return scores @ self.components_.astype(scores.dtype, copy=False) + self.mean_.astype(scores.dtype, copy=False)

    def get_covariance(self):
        """Covariance of the probabilistic model.

        Returns
        -------
        ndarray (n_features, n_features)
        """
        check_is_fitted(self)
        excess = np.maximum(self.explained_variance_ - self.noise_variance_, 0.0)
        covariance = (self.components_.T * excess) @ self.components_
        covariance.flat[:: len(covariance) + 1] += self.noise_variance_
        return covariance

    def get_precision(self):
        """Inverse of `get_covariance`.

        Returns
        -------
        ndarray (n_features, n_features)
        """
        return np.linalg.pinv(self.get_covariance(), hermitian=True)

    def score_samples(self, X):
        """Log-likelihood of every sample under the probabilistic model (Bishop 2006, eq. 12.43).

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples,)
        """
        centred = self._check_input(X) - self.mean_
        precision = self.get_precision()
        sign_and_log = np.linalg.slogdet(precision)
        mahalanobis = np.einsum("nd,nd->n", centred @ precision, centred)
        return -0.5 * (mahalanobis + centred.shape[1] * np.log(2.0 * np.pi) - sign_and_log[1])

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

    @property
    def _n_features_out(self):
        return self.n_components_

    def _check_options(self, X):
        if self.svd_solver not in ("auto", "full", "covariance_eigh"):
            raise ValueError(f"svd_solver must be 'auto', 'full' or 'covariance_eigh', got {self.svd_solver!r}")
        k, limit = self.n_components, min(X.shape)
        if k is None or (isinstance(k, Real) and not isinstance(k, (bool, Integral)) and 0 < k < 1):
            return
        if isinstance(k, bool) or not isinstance(k, Integral) or not 0 <= k <= limit:
            raise ValueError(
                f"n_components must be None, an int from 0 to min(n_samples, n_features)={limit} or a float in (0, 1), "
                f"got {k!r}"
            )

    def _decompose(self, centred):
        """Singular values, descending, and the right singular vectors as rows."""
        n, D = centred.shape
        if self.svd_solver == "covariance_eigh" or (self.svd_solver == "auto" and n >= D):
            eigenvalues, eigenvectors = np.linalg.eigh(centred.T @ centred)
            values = np.sqrt(np.maximum(eigenvalues[::-1], 0.0))[: min(n, D)]
            if self.svd_solver == "covariance_eigh" or self._is_accurate(values):
                return values, eigenvectors.T[::-1][: min(n, D)]
        _, values, vectors = np.linalg.svd(centred, full_matrices=False)
        return values, vectors

    def _is_accurate(self, values):
        variances = values**2
        kept = self._count(variances / max(variances.sum(), np.finfo(values.dtype).tiny), len(values))
        return kept > 0 and values[kept - 1] * GRAM_CONDITION > values[0]

    def _count(self, ratios, available):
        if self.n_components is None:
            return available
        if isinstance(self.n_components, Integral):
            return int(self.n_components)
        explained = np.cumsum(ratios, dtype=np.float64)
        return int(min(np.searchsorted(explained, self.n_components, side="right") + 1, available))

    def _scale(self, dtype):
        """Standard deviations along the components; a vanishing one scales by its smallest normal number."""
        scale = np.sqrt(self.explained_variance_)
        return np.maximum(scale, np.finfo(scale.dtype).eps).astype(dtype, copy=False)


def _fix_signs(vectors):
    largest = np.abs(vectors).argmax(axis=1)
    signs = np.sign(vectors[np.arange(len(vectors)), largest])
    return np.ascontiguousarray(vectors * np.where(signs == 0, 1, signs).astype(vectors.dtype)[:, None])
