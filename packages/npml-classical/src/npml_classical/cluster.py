"""k-means clustering by Lloyd's algorithm.

Notation: samples x_i (n of them, D features) with weights w_i, centres c_1 .. c_K, labels z_i.

    minimise   J = sum_i w_i |x_i - c_{z_i}|^2

    assign     z_i = argmin_k |x_i - c_k|^2 = argmax_k (x_i . c_k - |c_k|^2 / 2)
    update     c_k = sum_{z_i = k} w_i x_i / sum_{z_i = k} w_i

Each step lowers J, so the loop (`lloyd`) ends; it ends in a local minimum, which is why the start matters. k-means++
draws the first centre at random and each further one with probability proportional to the squared distance to the
nearest centre so far; of a few candidates it keeps the one that lowers J most (the greedy variant of the paper's
section 5).

Complexity: at most O(n K D) an iteration.

References
----------
Lloyd (1982), "Least squares quantization in PCM", IEEE Trans. Information Theory 28(2), 129-137.
Arthur & Vassilvitskii (2007), "k-means++: the advantages of careful seeding", SODA, 1027-1035.
Sculley (2010), "Web-scale k-means clustering", WWW, algorithm 1 (`partial_fit`).
"""

import warnings
from numbers import Integral, Real

import numpy as np

from npml_core import (
    BaseEstimator,
    ClusterMixin,
    TransformerMixin,
    check_array,
    check_random_state,
    check_sample_weight,
    pairwise_distances,
)

from .linear.base import weighted_mean
from .lloyd import Assignment, inertia_of, lloyd

__all__ = ["KMeans"]


class KMeans(ClusterMixin, TransformerMixin, BaseEstimator):
    """K clusters around their means.

    Parameters
    ----------
    n_clusters : int, default=8
        K.
    init : {"k-means++", "random"}, array (n_clusters, n_features) or callable, default="k-means++"
        Where the centres start; a callable is called with (X, n_clusters, random_state).
    n_init : "auto" or int, default="auto"
        Starts, of which the best is kept; "auto" is 1 for k-means++ and for given centres, 10 otherwise.
    max_iter : int, default=300
        Iterations of one start at most.
    tol : float, default=1e-4
        Stop when the centres together move less than this, squared and relative to the mean variance of the features.
    random_state : None, int, Generator or RandomState
        Draws the starts.
    verbose : int, default=0
        From 1 on prints the inertia of every start.

    Attributes
    ----------
    cluster_centers_ : ndarray (n_clusters, n_features)
        The centres.
    labels_ : ndarray of int32 (n_samples,)
        The cluster of each training sample.
    inertia_ : float
        J.
    n_iter_ : int
        Iterations of the best start.

    Examples
    --------
    >>> from npml_classical import KMeans
    >>> model = KMeans(n_clusters=2, random_state=0).fit([[0.0], [1.0], [10.0], [11.0]])
    >>> sorted(model.cluster_centers_.ravel().tolist())
    [0.5, 10.5]
    >>> model.inertia_
    1.0
    """

    def __init__(
        self, n_clusters=8, *, init="k-means++", n_init="auto", max_iter=300, tol=1e-4, random_state=None, verbose=0
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y=None, sample_weight=None):
        """Find the centres.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : ignored
            There so that pipelines can pass it.
        sample_weight : array-like (n_samples,), optional
            Weights; an integer weight equals a repeated sample.

        Returns
        -------
        self
        """
        self._check_options()
        data = check_array(X)
        weights = check_sample_weight(sample_weight, data)
        if len(data) < self.n_clusters:
            raise ValueError(f"n_samples={len(data)} should be >= n_clusters={self.n_clusters}")
        rng = check_random_state(self.random_state)
        shift = weighted_mean(data, weights).astype(data.dtype)  # products of centred data cancel less
        # samples in an order of their own, so that neither their order nor a weight for a repetition changes the draws
        order = np.argsort((data - shift) @ rng.standard_normal(data.shape[1]), kind="stable")
        data, weights = data.take(order, axis=0), weights.take(order)
        centred = data - shift
        tolerance = self.tol * weighted_mean(centred**2, weights).mean()

        best = None
        for start in range(self._n_starts()):
            centres = self._initial_centres(data, centred, shift, weights, rng)
            result = lloyd(centred, weights, centres, self.max_iter, tolerance)
            if self.verbose:
                print(f"start {start + 1}: inertia {result.inertia:.6g} after {result.n_iter} iterations")
            if best is None or result.inertia < best.inertia:
                best = result
        if len(np.unique(best.labels)) < self.n_clusters:
            message = f"found {len(np.unique(best.labels))} distinct clusters, fewer than n_clusters={self.n_clusters}"
            warnings.warn(f"{message}: X may hold duplicate samples", UserWarning, stacklevel=2)

        self._record_features(X)
        self.cluster_centers_ = best.centres + shift
        self.labels_ = np.empty(len(order), np.int32)
        self.labels_[order] = best.labels
        self.inertia_ = best.inertia
        self.n_iter_ = best.n_iter
        self._counts = np.bincount(best.labels, weights=weights, minlength=self.n_clusters)
        return self

    def partial_fit(self, X, y=None, sample_weight=None):
        """Move the centres toward one more batch (Sculley's mini-batch update).

        Each centre stays the mean of all samples that were ever assigned to it. The first batch is clustered by `fit`.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            A batch; the first one holds at least `n_clusters` samples.
        y : ignored
            There so that pipelines can pass it.
        sample_weight : array-like (n_samples,), optional
            Weights.

        Returns
        -------
        self
        """
        if not hasattr(self, "cluster_centers_"):
            return self.fit(X, sample_weight=sample_weight)
        data = self._check_input(X)
        weights = check_sample_weight(sample_weight, data)
        shift = self.cluster_centers_.mean(axis=0)
        labels, sums, mass, inertia = self._assign_shifted(data, weights, shift)
        counts = self._counts + mass
        rate = mass / np.where(counts > 0, counts, 1.0)
        means = sums / np.where(mass > 0, mass, 1.0)[:, None] + shift
        centres = self.cluster_centers_ + rate[:, None] * (means - self.cluster_centers_)
        self.cluster_centers_ = centres.astype(self.cluster_centers_.dtype, copy=False)
        self._counts, self.labels_, self.inertia_ = counts, labels, inertia
        return self

    def predict(self, X):
        """The nearest centre of every sample.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of int32 (n_samples,)
        """
        return self._assign_new(X)[0]

    def transform(self, X):
        """Distances to all centres.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples, n_clusters)
        """
        data = self._check_input(X)
        return pairwise_distances(data, self.cluster_centers_.astype(data.dtype, copy=False))

    def score(self, X, y=None, sample_weight=None):
        """Minus the inertia of the samples.

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
        float
        """
        return -self._assign_new(X, sample_weight)[3]

    @property
    def _n_features_out(self):
        return len(self.cluster_centers_)

    def _assign_new(self, X, sample_weight=None):
        data = self._check_input(X)
        weights = check_sample_weight(sample_weight, data)
        return self._assign_shifted(data, weights, self.cluster_centers_.mean(axis=0))

    def _assign_shifted(self, data, weights, shift):
        """Labels, sums, mass and inertia of samples, computed around `shift`."""
        data, centres = data - shift, self.cluster_centers_ - shift
        data, centres = data.astype(centres.dtype, copy=False), centres.astype(data.dtype, copy=False)
        assignment = Assignment(data, weights, len(centres))
        assignment.renew(centres)
        labels = assignment.labels
        return labels.astype(np.int32), assignment.sums, assignment.mass(), inertia_of(data, weights, centres, labels)

    def _check_options(self):
        is_auto = isinstance(self.n_init, str) and self.n_init == "auto"
        for name in ("n_clusters", "max_iter", *(() if is_auto else ("n_init",))):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name} must be a positive int, got {value!r}")
        if isinstance(self.tol, bool) or not isinstance(self.tol, Real) or not self.tol >= 0:
            raise ValueError(f"tol must be a number that is not negative, got {self.tol!r}")

    def _n_starts(self):
        is_array = not isinstance(self.init, str) and not callable(self.init)
        if is_array:
            return 1
        if self.n_init == "auto":
            return 1 if self.init == "k-means++" else 10
        return self.n_init

    def _initial_centres(self, data, centred, shift, weights, rng):
        if isinstance(self.init, str):
            if self.init == "k-means++":
                return centred[kmeans_plus_plus(centred, weights, self.n_clusters, rng)]
            if self.init == "random":
                p = weights.astype(np.float64) / weights.sum(dtype=np.float64)
                enough = np.count_nonzero(p) >= self.n_clusters
                return centred[rng.choice(len(data), self.n_clusters, replace=not enough, p=p)]
            raise ValueError(f"init must be 'k-means++', 'random', an array or a callable, got {self.init!r}")
        centres = self.init(data, self.n_clusters, rng) if callable(self.init) else self.init
        centres = check_array(centres, name="init", dtype=data.dtype)
        if centres.shape != (self.n_clusters, data.shape[1]):
            raise ValueError(f"init must have shape {(self.n_clusters, data.shape[1])}, got {centres.shape}")
        return centres - shift


def kmeans_plus_plus(X, weights, n_clusters, rng):
    """Rows of X that greedy k-means++ chooses as first centres."""
    n_trials = 2 + int(np.log(n_clusters))
    norms = np.einsum("nd,nd->n", X, X)
    p = weights.astype(np.float64) / weights.sum(dtype=np.float64)
    chosen = [rng.choice(len(X), p=p)]
    closest = _squared_distances(X, norms, chosen)[0]
    for _ in range(1, n_clusters):
        cumulative = np.cumsum(weights * closest, dtype=np.float64)
        if not cumulative[-1] > 0:  # every sample already is a centre
            chosen.append(rng.choice(len(X), p=p))
            continue
        candidates = np.searchsorted(cumulative, rng.random(n_trials) * cumulative[-1], side="right")
        candidates = np.minimum(candidates, len(X) - 1)
        distances = _squared_distances(X, norms, candidates)
        np.minimum(distances, closest, out=distances)
        best = (distances @ weights).argmin()
        closest = distances[best]
        chosen.append(candidates[best])
    return np.asarray(chosen)


def _squared_distances(X, norms, rows):
    distances = (-2.0 * X[rows]) @ X.T
    distances += norms
    distances += norms[rows][:, None]
    distances[np.arange(len(rows)), rows] = 0.0
    return np.maximum(distances, 0.0, out=distances)
