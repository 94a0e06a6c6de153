"""Random forests: many trees, each grown on a bootstrap sample, with features drawn anew at every node; their mean.

    for each tree: draw n samples with replacement; grow a tree whose nodes look at max_features of the features each
    answer = mean of the trees' answers (class shares or values)

Samples are drawn in proportion to their weights. One drawn w times enters once, with weight w, so that a tree handles
about 0.63 n rows. Small trees are grown together, several in one level of array operations; the groups, and a seed
for each, depend on the data alone, so that the forest is the same for every number of workers.

The samples that a tree did not see estimate the error of the forest (``oob_score``).

Differences from the paper: the forest averages class shares instead of counting votes (as scikit-learn does).

References
----------
Breiman (2001), "Random forests", Machine Learning 45, 5-32. https://doi.org/10.1023/A:1010933404324
"""

import warnings
from functools import partial

import numpy as np

from npml_core import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    check_array,
    check_is_fitted,
    check_random_state,
    check_sample_weight,
    check_X_y,
    encode_labels,
    parallel_map,
)

from .bootstrap import Bootstrap
from .columns import Columns
from .criteria import SquaredError, make_classification_criterion
from .decision_tree import (
    CLASSIFICATION_CRITERIA,
    REGRESSION_CRITERIA,
    DecisionTreeClassifier,
    DecisionTreeRegressor,
)
from .growing import grow, make_search
from .options import check_choice, check_count, check_number, class_weights, make_limits, n_drawn_features
from .tree import Descent, DescentCache, Tree

__all__ = ["RandomForestClassifier", "RandomForestRegressor"]

GROUP = 250_000  # elements (samples x features looked at) that the trees of a group have together


class _Forest(DescentCache, BaseEstimator):
    """Drawing, growing and averaging; the subclasses say what the targets are."""

    _tags = {"allow_nan": True}

    def _grow(self, X, y, weight, class_weight, make_criterion):
        """Trees of checked data, and how often each tree drew each sample."""
        check_count("n_estimators", self.n_estimators, 1)
        alpha = check_number("ccp_alpha", self.ccp_alpha, 0.0)
        n_drawn = n_drawn_features(self.max_features, X.shape[1])
        make_limits(self, len(X), [1.0])  # says what is wrong before anything starts
        bootstrap = Bootstrap(X, y, weight, self.max_samples) if self._check_bootstrap() else None
        columns = Columns(X)
        if n_drawn >= X.shape[1]:
            _ = columns.order  # once, not in every worker
        n_rows = len(X) if bootstrap is None else bootstrap.size
        size = int(np.clip(GROUP // (n_drawn * n_rows), 1, self.n_estimators))
        counts = [min(size, self.n_estimators - i) for i in range(0, self.n_estimators, size)]
        seeds = check_random_state(self.random_state).integers(2**63, size=len(counts))
        weights = (weight, class_weight)
        grow_group = partial(_grow_group, self, columns, bootstrap, weights, make_criterion, n_drawn, alpha)
        groups = parallel_map(grow_group, list(zip(seeds.tolist(), counts)), self.n_jobs)
        return [tree for trees, _ in groups for tree in trees], np.concatenate([drawn for _, drawn in groups])

    def _check_bootstrap(self):
        """Whether trees draw their samples."""
        if self.bootstrap:
            return True
        for name, off in (("oob_score", False), ("max_samples", None)):
            if getattr(self, name) != off:
                raise ValueError(f"{name} needs bootstrap=True: without it every tree sees every sample")
        return False

    def _oob_values(self, trees, X, drawn):
        """Mean answer (n_samples, V) of the trees that did not see a sample; NaN, with a warning, where all did."""
        descent = Descent(trees)
        unseen = (drawn == 0).astype(np.float64)
        total, start = [], 0
        for leaves in descent.walk(X):
            mask = unseen[:, start : start + leaves.shape[1]]
            total.append(np.stack([(row.take(leaves) * mask).sum(axis=0) for row in descent.value], axis=1))
            start += leaves.shape[1]
        count = unseen.sum(axis=0)
        if (count == 0).any():
            message = "Some inputs do not have OOB scores: too few trees were used to compute reliable estimates"
            warnings.warn(message, UserWarning, stacklevel=4)
        with np.errstate(invalid="ignore"):
            return np.concatenate(total) / count[:, None]

    def _tree_list(self):
        return [estimator.tree_ for estimator in self.estimators_]

    def _values(self, X):
        """Mean leaf value over the trees, (n_samples, V)."""
        X = self._check_input(X, allow_nan=True)
        descent, n_trees = self._get_descent(), len(self.estimators_)
        walks = descent.walk(X)
        means = [np.stack([row.take(leaves).sum(axis=0) for row in descent.value], axis=1) for leaves in walks]
        return (np.concatenate(means) / n_trees).astype(X.dtype, copy=False)

    def _wrap(self, trees, make, **learned):
        """The trees as estimators of their own."""
        estimators = []
        for tree in trees:
            names = [name for name in make()._parameter_names() if hasattr(self, name) and name != "class_weight"]
            estimator = make(**{name: getattr(self, name) for name in names} | {"random_state": None})
            vars(estimator).update(learned, tree_=tree, n_features_in_=tree.n_features)
            estimator.max_features_ = n_drawn_features(self.max_features, tree.n_features)
            estimators.append(estimator)
        return estimators

    @property
    def feature_importances_(self):
        """Mean over the trees of each feature's share in the decrease of impurity, (n_features,)."""
        check_is_fitted(self, "estimators_")
        trees = [tree for tree in self._tree_list() if tree.node_count > 1]
        if not trees:
            return np.zeros(self.n_features_in_)
        mean = np.mean([tree.compute_feature_importances() for tree in trees], axis=0)
        total = mean.sum()
        return mean / total if total > 0 else mean

    def apply(self, X):
        """Leaf in which each sample ends in each tree.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of int64 (n_samples, n_estimators)
        """
        X = self._check_input(X, allow_nan=True)
        return np.ascontiguousarray(self._get_descent().apply(X).T)


class RandomForestClassifier(ClassifierMixin, _Forest):
    """Mean of the class shares of many randomised trees.

    Parameters
    ----------
    n_estimators : int, default=100
        Trees.
    criterion, max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf, max_leaf_nodes
        As in `DecisionTreeClassifier`.
    max_features : int, float, {"sqrt", "log2"} or None, default="sqrt"
        Features that each node draws and looks at.
    min_impurity_decrease, ccp_alpha
        As in `DecisionTreeClassifier`.
    bootstrap : bool, default=True
        Whether each tree draws its samples with replacement; otherwise each sees all.
    oob_score : bool, default=False
        Whether to estimate the accuracy from the samples that trees did not draw.
    n_jobs : int, optional
        Workers (processes, by joblib).
    random_state : int, Generator, RandomState or None, default=None
        For samples and features.
    class_weight : dict, "balanced", "balanced_subsample" or None, default=None
        Weight of the samples of each class; the last but one by the counts of all samples, the last by those of each
        tree's.
    max_samples : int, float or None, default=None
        Samples that a tree draws (a count or a share); None: as many as there are.

    Attributes
    ----------
    estimators_ : list of DecisionTreeClassifier
        The trees.
    classes_ : ndarray (n_classes,)
        The labels.
    n_classes_ : int
        How many.
    feature_importances_ : ndarray (n_features,)
        Mean share of each feature in the decrease of impurity.
    oob_score_, oob_decision_function_
        Accuracy, and class shares (n_samples, n_classes), from unseen samples; with `oob_score`.
    n_features_in_ : int
        Features seen by `fit`.

    Examples
    --------
    >>> from npml_classical import RandomForestClassifier
    >>> X = [[0, 0], [1, 0], [0, 1], [5, 5], [6, 5], [5, 6]]
    >>> model = RandomForestClassifier(n_estimators=20, random_state=0).fit(X, list("aaabbb"))
    >>> model.predict([[0.2, 0.3], [5.5, 5.5]]).tolist()
    ['a', 'b']
    """

    def __init__(
        self,
        n_estimators=100,
        *,
        criterion="gini",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features="sqrt",
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        bootstrap=True,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        class_weight=None,
        ccp_alpha=0.0,
        max_samples=None,
    ):
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples

    def fit(self, X, y, sample_weight=None):
        """Grow the forest.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.
        y : array-like (n_samples,)
            Their classes.
        sample_weight : array-like (n_samples,), optional
            Weights; 0 leaves a sample out.

        Returns
        -------
        self
        """
        check_choice("criterion", self.criterion, CLASSIFICATION_CRITERIA)
        data, labels = check_X_y(X, y, allow_nan=True)
        classes, codes = encode_labels(labels)
        weight = None if sample_weight is None else check_sample_weight(sample_weight, codes)
        rebalance = self.class_weight == "balanced_subsample" if isinstance(self.class_weight, str) else False
        by_class = None if rebalance else class_weights(self.class_weight, classes, codes)
        make_criterion = partial(_class_criterion, self.criterion, codes, len(classes), rebalance)
        trees, drawn = self._grow(data, codes, weight, by_class, make_criterion)
        oob = self._oob_values(trees, data, drawn) if self.oob_score else None
        self._record_features(X)
        self.classes_, self.n_classes_ = classes, len(classes)
        self.estimators_ = self._wrap(trees, DecisionTreeClassifier, classes_=classes, n_classes_=len(classes))
        self._make_descent(trees)
        if self.oob_score:
            seen = ~np.isnan(oob[:, 0])
            self.oob_decision_function_ = oob
            self.oob_score_ = float(np.mean(oob[seen].argmax(axis=1) == codes[seen])) if seen.any() else float("nan")
        return self

    def predict_proba(self, X):
        """Mean shares of the classes.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Returns
        -------
        ndarray (n_samples, n_classes)
        """
        return self._values(X)

    def predict_log_proba(self, X):
        """Logarithm of `predict_proba`, -inf where that is 0.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Returns
        -------
        ndarray (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X):
        """The class with the largest share; of two, the first of ``classes_``.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Returns
        -------
        ndarray (n_samples,)
        """
        best = self._values(X).argmax(axis=1)
        return self.classes_[best]


class RandomForestRegressor(RegressorMixin, _Forest):
    """Mean of the values of many randomised trees.

    Parameters
    ----------
    n_estimators : int, default=100
        Trees.
    criterion, max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf, max_leaf_nodes
        As in `DecisionTreeRegressor`.
    max_features : int, float, {"sqrt", "log2"} or None, default=1.0
        Features that each node draws and looks at; 1.0: all.
    min_impurity_decrease, bootstrap, oob_score, n_jobs, random_state, ccp_alpha, max_samples
        As in `RandomForestClassifier`; the score is R^2.

    Attributes
    ----------
    estimators_ : list of DecisionTreeRegressor
        The trees.
    feature_importances_ : ndarray (n_features,)
        Mean share of each feature in the decrease of impurity.
    oob_score_, oob_prediction_
        R^2, and predictions (n_samples,), from unseen samples; with `oob_score`.
    n_features_in_ : int
        Features seen by `fit`.

    Examples
    --------
    >>> from npml_classical import RandomForestRegressor
    >>> X = [[0.0], [1.0], [2.0], [3.0]]
    >>> model = RandomForestRegressor(n_estimators=10, bootstrap=False).fit(X, [0.0, 1.0, 4.0, 9.0])
    >>> model.predict([[2.1]])
    array([4.])
    """

    def __init__(
        self,
        n_estimators=100,
        *,
        criterion="squared_error",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=1.0,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        bootstrap=True,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        ccp_alpha=0.0,
        max_samples=None,
    ):
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples

    def fit(self, X, y, sample_weight=None):
        """Grow the forest.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.
        y : array-like (n_samples,)
            Their targets.
        sample_weight : array-like (n_samples,), optional
            Weights; 0 leaves a sample out.

        Returns
        -------
        self
        """
        check_choice("criterion", self.criterion, REGRESSION_CRITERIA)
        data, targets = check_X_y(X, y, allow_nan=True)
        targets = check_array(targets, name="y", dtype=np.float64, ensure_2d=False)
        weight = None if sample_weight is None else check_sample_weight(sample_weight, targets)
        trees, drawn = self._grow(data, targets, weight, None, partial(_value_criterion, targets))
        oob = self._oob_values(trees, data, drawn)[:, 0] if self.oob_score else None
        self._record_features(X)
        self.estimators_ = self._wrap(trees, DecisionTreeRegressor)
        self._make_descent(trees)
        if self.oob_score:
            seen = ~np.isnan(oob)
            residual = ((oob - targets)[seen] ** 2).sum()
            total = ((targets[seen] - targets[seen].mean()) ** 2).sum() if seen.any() else 0.0
            self.oob_prediction_ = oob
            self.oob_score_ = float(1 - residual / total) if total > 0 else float("nan")
        return self

    def predict(self, X):
        """Mean value of the trees.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Returns
        -------
        ndarray (n_samples,)
        """
        return self._values(X)[:, 0]


def _grow_group(forest, columns, bootstrap, weights, make_criterion, n_drawn, alpha, job):
    """Trees that are grown together, and how often each drew each sample, (count, n_samples)."""
    (seed, count), (weight, class_weight), n = job, weights, columns.n_samples
    rng = np.random.default_rng(seed)
    if bootstrap is None:
        drawn = np.ones((count, n), np.int64)
    else:
        drawn, weight = np.stack([bootstrap.draw(rng) for _ in range(count)]), None
    total = drawn.astype(np.float64)
    for factor in (weight, class_weight):
        total = total if factor is None else total * factor
    total[~total.any(axis=1)] = 1.0  # no class of weight was drawn: take all
    roots = [None if row.all() else np.flatnonzero(row) for row in total]
    limits = make_limits(forest, n, total.sum(axis=1))
    search = make_search(columns, roots, forest.max_depth, n_drawn, rng)
    grown, _ = grow(columns, search, make_criterion(total, drawn), roots, limits)
    trees = [Tree(arrays, columns.first_twin) for arrays in grown]
    return [tree.pruned(alpha) if alpha > 0 else tree for tree in trees], drawn


def _class_criterion(name, codes, n_classes, rebalance, weights, drawn):
    """The criterion over the entries of all trees of a group, from weights (n_trees, n_samples)."""
    if rebalance:
        counts = drawn @ np.eye(n_classes)[codes]
        weights = weights * (drawn.sum(axis=1)[:, None] / (n_classes * np.maximum(counts, 1.0)))[:, codes]
    flat = None if (weights == 1).all() else weights.ravel()
    return make_classification_criterion(name, np.tile(codes, len(weights)), n_classes, flat)


def _value_criterion(targets, weights, drawn):
    flat = None if (weights == 1).all() else weights.ravel()
    return SquaredError(np.tile(targets, len(weights)), flat)
