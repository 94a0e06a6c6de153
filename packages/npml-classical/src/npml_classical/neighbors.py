"""k-nearest-neighbours classification and regression.

For a query q let N_k(q) be the k training samples nearest to it and w_i the weight of neighbour i
(1, or 1 / distance):

    classifier   P(class c | q) = sum of w_i over i in N_k(q) with y_i = c,  divided by the sum of all w_i
    regressor    f(q)           = sum_i w_i y_i / sum_i w_i

Neighbours are found by brute force (`nearest`, one matrix product; it wins beyond a few dimensions) or by npml-core's
ball tree (few dimensions and many points, or a costly metric).

Differences from scikit-learn: of two neighbours at the same distance the one that came first in the training data is
taken, whatever the algorithm; float32 samples are compared at float64 precision.

References
----------
Cover & Hart (1967), "Nearest neighbor pattern classification", IEEE Trans. Information Theory 13(1), 21-27.
https://doi.org/10.1109/TIT.1967.1053964
Omohundro (1989), "Five balltree construction algorithms", ICSI technical report 89-063.
"""

from numbers import Integral, Real

import numpy as np

from npml_core import (
    BallTree,
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    check_X_y,
    encode_labels,
    parallel_map,
)

from .nearest import nearest, nearest_by_metric

__all__ = ["KNeighborsClassifier", "KNeighborsRegressor"]

TRUE_METRICS = ("euclidean", "manhattan", "chebyshev", "minkowski", "hamming")
BALL_TREE_MAX_FEATURES = 4  # beyond it nearly every leaf is visited
BALL_TREE_MIN_SAMPLES = 2000
QUERIES_PER_JOB = 1024


class _KNeighbors(BaseEstimator):
    """What the classifier and the regressor share: parameters and the search."""

    def __init__(
        self,
        n_neighbors=5,
        *,
        weights="uniform",
        algorithm="auto",
        leaf_size=30,
        p=2,
        metric="minkowski",
        metric_params=None,
        n_jobs=None,
    ):
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs

    def kneighbors(self, X=None, n_neighbors=None, return_distance=True):
        """The training samples nearest to each query.

        Parameters
        ----------
        X : array-like (n_queries, n_features), optional
            Queries; None asks for the neighbours of every training sample, itself left out.
        n_neighbors : int, optional
            How many; the default is the hyper-parameter.
        return_distance : bool, default=True
            Whether to return the distances too.

        Returns
        -------
        distances : ndarray (n_queries, n_neighbors)
            Ascending; only if `return_distance`.
        indices : ndarray of int64 (n_queries, n_neighbors)
            Rows of the training data.

        Raises
        ------
        ValueError
            If `n_neighbors` is not an int between 1 and the number of training samples.
        """
        queries = None if X is None else self._check_input(X)
        return self._search(queries, n_neighbors, return_distance)

    def _search(self, queries, n_neighbors=None, return_distance=True):
        data = self._fit_X
        k = _check_count(self.n_neighbors if n_neighbors is None else n_neighbors)
        available = len(data) - (queries is None)
        if k > available:
            raise ValueError(f"n_neighbors must be at most the number of samples to choose from ({available}), got {k}")
        if queries is None:
            distances, indices = _without_self(*self._run(data, k + 1))
        else:
            distances, indices = self._run(queries, k)
        return (distances.astype(data.dtype, copy=False), indices) if return_distance else indices

    def _run(self, queries, k):
        """The search itself, in pieces for `n_jobs` workers."""
        pieces = [queries[i : i + QUERIES_PER_JOB] for i in range(0, len(queries), QUERIES_PER_JOB)]
        if self.n_jobs in (None, 1):
            pieces = [queries]
        results = parallel_map(lambda piece: self._nearest(piece, k), pieces, self.n_jobs, prefer="threads")
        return tuple(np.concatenate(parts) for parts in zip(*results))

    def _nearest(self, queries, k):
        if self._tree is not None:
            return self._tree.query(queries, k)
        metric, options = self._effective_metric()
        if metric == "euclidean":
            return nearest(queries, self._fit_X, k)
        return nearest_by_metric(queries, self._fit_X, k, metric, **options)

    def _effective_metric(self):
        """Metric and its options, with the special cases of Minkowski's p under their own names."""
        options = dict(self.metric_params or {})
        if self.metric != "minkowski":
            return self.metric, options
        p = options.pop("p", self.p)
        if isinstance(p, bool) or not isinstance(p, Real) or not p >= 1:
            raise ValueError(f"p must be a number of at least 1 (a smaller one makes no metric), got {p!r}")
        name = {1: "manhattan", 2: "euclidean", np.inf: "chebyshev"}.get(p, "minkowski")
        return name, {**options, "p": p} if name == "minkowski" else options

    def _make_tree(self, X):
        """A ball tree where the algorithm asks for one, None for brute force."""
        if self.algorithm not in ("auto", "ball_tree", "brute"):
            raise ValueError(f"algorithm must be 'auto', 'ball_tree' or 'brute', got {self.algorithm!r}")
        metric, options = self._effective_metric()
        is_true = callable(metric) or metric in TRUE_METRICS
        if self.algorithm == "ball_tree" and not is_true:
            raise ValueError(
                f"algorithm 'ball_tree' needs a true metric ({TRUE_METRICS} or a callable), got {metric!r}"
            )
        small = X.shape[1] <= BALL_TREE_MAX_FEATURES and len(X) >= BALL_TREE_MIN_SAMPLES
        pays = is_true and (small or (callable(metric) and len(X) > 2 * self.leaf_size))
        if self.algorithm == "brute" or (self.algorithm == "auto" and not pays):
            return None
        return BallTree(X, leaf_size=self.leaf_size, metric=metric, **options)

    def _check_options(self):
        _check_count(self.n_neighbors)
        if self.weights not in ("uniform", "distance", None) and not callable(self.weights):
            raise ValueError(f"weights must be 'uniform', 'distance', None or a callable, got {self.weights!r}")

    def _remember(self, X, data, targets):
        tree = self._make_tree(data)
        self._record_features(X)
        self._fit_X, self._y, self._tree = data, targets, tree
        self.effective_metric_, self.effective_metric_params_ = self._effective_metric()
        self.n_samples_fit_ = len(data)

    def _neighbor_weights(self, X):
        """Indices (n_queries, k) of the neighbours and their weights."""
        queries = None if X is None else self._check_input(X)
        if self.weights in ("uniform", None):
            indices = self._search(queries, return_distance=False)
            return indices, np.ones(indices.shape, self._fit_X.dtype)
        distances, indices = self._search(queries)
        if self.weights == "distance":
            return indices, _inverse(distances)
        weights = np.asarray(self.weights(distances))
        if weights.shape != distances.shape:
            raise ValueError(f"weights must map distances {distances.shape} to as many weights, got {weights.shape}")
        return indices, weights


class KNeighborsClassifier(ClassifierMixin, _KNeighbors):
    """Majority vote of the k nearest training samples.

    Parameters
    ----------
    n_neighbors : int, default=5
        k.
    weights : {"uniform", "distance", None} or callable, default="uniform"
        The vote of a neighbour: 1, or 1 / distance (neighbours at distance 0, where there are any, decide alone), or
        what a callable makes of the distances (n_queries, k).
    algorithm : {"auto", "ball_tree", "brute"}, default="auto"
        How neighbours are found; the answer is the same.
    leaf_size : int, default=30
        Points in a leaf of the ball tree.
    p : float, default=2
        Power of the Minkowski metric.
    metric : str or callable, default="minkowski"
        A name of `npml_core.pairwise_distances`, or a function of two vectors.
    metric_params : dict, optional
        Keywords for the metric.
    n_jobs : int, optional
        Workers for queries (threads, by joblib).

    Attributes
    ----------
    classes_ : ndarray (n_classes,), or a list of them where y has several columns
        The labels.
    n_features_in_ : int
        Features seen by `fit`.
    n_samples_fit_ : int
        Training samples.
    effective_metric_, effective_metric_params_
        The metric that was used.

    Examples
    --------
    >>> from npml_classical import KNeighborsClassifier
    >>> model = KNeighborsClassifier(n_neighbors=3).fit([[0], [1], [2], [3]], ["a", "a", "b", "b"])
    >>> model.predict([[1.1]]).tolist()
    ['a']
    >>> model.predict_proba([[1.1]]).round(3)
    array([[0.667, 0.333]])
    """

    _tags = {"multi_output": True}

    def fit(self, X, y):
        """Remember the training samples.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,) or (n_samples, n_outputs)
            Their classes.

        Returns
        -------
        self
        """
        self._check_options()
        y = None if y is None else np.asarray(y)
        data, labels = check_X_y(X, y, multi_output=y is not None and y.ndim == 2 and y.shape[1] > 1)
        encoded = [encode_labels(column) for column in labels.reshape(len(labels), -1).T]
        self._remember(X, data, np.column_stack([codes for _, codes in encoded]))
        classes = [names for names, _ in encoded]
        self.classes_ = classes[0] if labels.ndim == 1 else classes
        self.outputs_2d_ = labels.ndim == 2
        return self

    def predict_proba(self, X):
        """Shares of the (weighted) votes.

        Parameters
        ----------
        X : array-like (n_queries, n_features) or None
            Queries; None: every training sample by its neighbours, itself left out.

        Returns
        -------
        ndarray (n_queries, n_classes), or a list of them where y has several columns
            Columns in the order of ``classes_``.
        """
        indices, weights = self._neighbor_weights(X)
        shares = [
            _vote(codes.take(indices), weights, len(names)) for codes, names in zip(self._y.T, self._class_list())
        ]
        return shares if self.outputs_2d_ else shares[0]

    def predict(self, X):
        """The class with the most votes; of two with equally many, the first of ``classes_``.

        Parameters
        ----------
        X : array-like (n_queries, n_features) or None
            Queries; None: every training sample by its neighbours, itself left out.

        Returns
        -------
        ndarray (n_queries,) or (n_queries, n_outputs)
        """
        shares = self.predict_proba(X)
        shares = shares if self.outputs_2d_ else [shares]
        columns = [names[share.argmax(axis=1)] for names, share in zip(self._class_list(), shares)]
        return np.column_stack(columns) if self.outputs_2d_ else columns[0]

    def _class_list(self):
        return self.classes_ if self.outputs_2d_ else [self.classes_]


class KNeighborsRegressor(RegressorMixin, _KNeighbors):
    """(Weighted) mean of the targets of the k nearest training samples.

    Parameters
    ----------
    n_neighbors, weights, algorithm, leaf_size, p, metric, metric_params, n_jobs
        As in `KNeighborsClassifier`.

    Attributes
    ----------
    n_features_in_ : int
        Features seen by `fit`.
    n_samples_fit_ : int
        Training samples.
    effective_metric_, effective_metric_params_
        The metric that was used.

    Examples
    --------
    >>> from npml_classical import KNeighborsRegressor
    >>> model = KNeighborsRegressor(n_neighbors=2).fit([[0], [1], [2], [3]], [0.0, 1.0, 4.0, 9.0])
    >>> model.predict([[1.6]])
    array([2.5])
    """

    _tags = {"multi_output": True}

    def fit(self, X, y):
        """Remember the training samples.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,) or (n_samples, n_outputs)
            Their targets.

        Returns
        -------
        self
        """
        self._check_options()
        data, targets = check_X_y(X, y, multi_output=True, y_numeric=True)
        self._remember(X, data, targets)
        return self

    def predict(self, X):
        """The (weighted) mean of the neighbours' targets.

        Parameters
        ----------
        X : array-like (n_queries, n_features) or None
            Queries; None: every training sample by its neighbours, itself left out.

        Returns
        -------
        ndarray (n_queries,) or (n_queries, n_outputs)
        """
        indices, weights = self._neighbor_weights(X)
        weights = weights / weights.sum(axis=1, keepdims=True)
        return np.einsum("qk,qk...->q...", weights, self._y[indices])


def _check_count(k):
    if isinstance(k, bool) or not isinstance(k, Integral):
        raise TypeError(f"n_neighbors must be an int, got {k!r}")
    if k < 1:
        raise ValueError(f"n_neighbors must be at least 1, got {k}")
    return int(k)


def _without_self(distances, indices):
    """Drop each point from its own list of k + 1 (the last entry, where k + 1 duplicates have pushed it out)."""
    own = indices == np.arange(len(indices))[:, None]
    own[~own.any(axis=1), -1] = True
    shape = (len(indices), indices.shape[1] - 1)
    return distances[~own].reshape(shape), indices[~own].reshape(shape)


def _inverse(distances):
    """1 / d; where a neighbour lies at distance 0 it has weight 1 and those farther away have 0."""
    zero = distances == 0
    with np.errstate(divide="ignore", over="ignore"):
        # relative to the nearest, so that tiny distances do not overflow: the shares are the same
        weights = np.min(distances, axis=1, keepdims=True) / np.where(zero, 1.0, distances)
    return np.where(zero.any(axis=1, keepdims=True), zero, weights).astype(distances.dtype)


def _vote(codes, weights, n_classes):
    """Sum the weights of every class and divide by the row's total."""
    n = len(codes)
    cells = codes + n_classes * np.arange(n)[:, None]
    votes = np.bincount(cells.ravel(), weights=weights.ravel(), minlength=n * n_classes).reshape(n, n_classes)
    total = votes.sum(axis=1, keepdims=True)
    return (votes / np.where(total == 0, 1.0, total)).astype(weights.dtype, copy=False)
