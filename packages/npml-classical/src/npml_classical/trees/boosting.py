"""Gradient boosting: a sum of small trees, each fitted to what the sum so far gets wrong.

    F = start of the loss
    for each round:
        r = - dL/dF at every sample                       (one column for each class)
        grow a regression tree on r                       (all classes of a round together)
        set its leaves to the values that lower the loss  (losses)
        F += learning_rate * tree(X)

X is ranked and sorted once; every round starts from the same orders. With ``subsample`` < 1 a round sees a part of the
samples, drawn without replacement (stochastic gradient boosting).

Missing values (NaN) are sent to the side that makes the better split, as in a single tree.

References
----------
Friedman (2001), "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29(5), 1189-1232,
algorithm 1. https://doi.org/10.1214/aos/1013203451
Friedman (2002), "Stochastic gradient boosting", Computational Statistics & Data Analysis 38(4), 367-378.
https://doi.org/10.1016/S0167-9473(01)00065-2
"""

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
    clone,
    encode_labels,
    progress,
    train_test_split,
)

from .decision_tree import DecisionTreeRegressor
from .losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, make_loss
from .options import check_choice, check_count, check_number, n_drawn_features
from .rounds import Rounds, Stopper, start_scores
from .tree import DescentCache

__all__ = ["GradientBoostingClassifier", "GradientBoostingRegressor"]


class _Boosting(DescentCache, BaseEstimator):
    """The loop of rounds; the subclasses say what the targets and the loss are."""

    _tags = {"allow_nan": True}

    def _boost(self, X, y, weight, loss):
        """All that `fit` learns, by name."""
        self._check_options()
        rng, held_out = check_random_state(self.random_state), None
        if self.n_iter_no_change is not None:
            (X, y, weight), held_out = self._hold_out(X, y, weight, rng)
        start, init = self._fit_start(X, y, weight, loss)
        rounds = Rounds(self, X, y, weight, loss, rng)
        raw = start_scores(start, init, X, loss)
        stopper = None if held_out is None else Stopper(self, held_out, loss, start, init)
        for _ in progress(range(self.n_estimators), desc=type(self).__name__, verbose=self.verbose):
            trees = rounds.boost(raw)
            if stopper is not None and stopper.should_stop(trees):
                break
        return {"init_": init, "_start": start, **rounds.results()}

    def _check_options(self):
        check_count("n_estimators", self.n_estimators, 1)
        check_number("learning_rate", self.learning_rate, 0.0)
        check_number("subsample", self.subsample, 0.0, 1.0, exclusive=True)
        check_number("ccp_alpha", self.ccp_alpha, 0.0)
        if self.n_iter_no_change is not None:
            check_count("n_iter_no_change", self.n_iter_no_change, 1)
            check_number("validation_fraction", self.validation_fraction, 0.0, 1.0, exclusive=True)
            check_number("tol", self.tol, 0.0)

    def _hold_out(self, X, y, weight, rng):
        """Training part and validation part, each (X, y, weight)."""
        stratify = y if self._kind == "classifier" else None
        size, seed = self.validation_fraction, int(rng.integers(2**31))
        parts = train_test_split(np.arange(len(X)), test_size=size, stratify=stratify, random_state=seed)
        if stratify is not None and np.unique(y[parts[0]]).size < np.unique(y).size:
            raise ValueError(f"validation_fraction={size} leaves no sample of some class to train on")
        return [(X[rows], y[rows], None if weight is None else weight[rows]) for rows in parts]

    def _fit_start(self, X, y, weight, loss):
        """Constant start (K,), and the fitted `init` or None."""
        start = loss.start(y, weight)
        if self.init is None:
            return start, None
        if isinstance(self.init, str):
            check_choice("init", self.init, ("zero",))
            return np.zeros_like(start), None
        return np.zeros_like(start), clone(self.init).fit(X, y, **({} if weight is None else {"sample_weight": weight}))

    def _remember(self, X, learned):
        trees = learned.pop("trees")
        self._record_features(X)
        for name, value in learned.items():
            setattr(self, name, value)
        self.max_features_ = n_drawn_features(self.max_features, self.n_features_in_)
        self.n_estimators_ = len(trees)
        self.estimators_ = np.empty((len(trees), len(trees[0])), dtype=object)
        for i, row in enumerate(trees):
            for k, tree in enumerate(row):
                self.estimators_[i, k] = self._wrap(tree)
        self._make_descent(self._tree_list())

    def _wrap(self, tree):
        """A tree as an estimator of its own."""
        names = [name for name in DecisionTreeRegressor()._parameter_names() if hasattr(self, name)]
        estimator = DecisionTreeRegressor(**{name: getattr(self, name) for name in names} | {"random_state": None})
        estimator.tree_, estimator.n_features_in_, estimator.max_features_ = tree, tree.n_features, self.max_features_
        return estimator

    def _tree_list(self):
        return [estimator.tree_ for estimator in self.estimators_.ravel()]

    def _scores(self, X, staged=False):
        """Raw scores (n, K), or those after every round (n_estimators, n, K)."""
        data = self._check_input(X, allow_nan=True)
        descent, parts = self._get_descent(), []
        for leaves in descent.walk(data):
            values = descent.value[0].take(leaves).reshape(*self.estimators_.shape, -1)
            parts.append(np.cumsum(values, axis=0) if staged else values.sum(axis=0))
        scores = self.learning_rate * np.concatenate(parts, axis=-1).swapaxes(-1, -2)
        scores += start_scores(self._start, self.init_, data, self._loss())
        return scores.astype(data.dtype, copy=False)

    @property
    def feature_importances_(self):
        """Mean decrease of impurity by the splits of each feature, normalised, (n_features,)."""
        check_is_fitted(self, "estimators_")
        trees = [tree for tree in self._tree_list() if tree.node_count > 1]
        if not trees:
            return np.zeros(self.n_features_in_)
        mean = np.mean([tree.compute_feature_importances(normalize=False) for tree in trees], axis=0)
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
        ndarray of int64 (n_samples, n_estimators), for a classifier (n_samples, n_estimators, K)
        """
        X = self._check_input(X, allow_nan=True)
        leaves = np.moveaxis(self._get_descent().apply(X).reshape(*self.estimators_.shape, -1), -1, 0)
        return np.ascontiguousarray(leaves[:, :, 0] if self._kind == "regressor" else leaves)


class GradientBoostingClassifier(ClassifierMixin, _Boosting):
    """Boosted trees for classes: one score, or one for each of more than two classes.

    Parameters
    ----------
    loss : {"log_loss", "exponential"}, default="log_loss"
        Binomial or multinomial deviance; "exponential" (two classes) is AdaBoost's.
    learning_rate : float, default=0.1
        Factor of every tree.
    n_estimators : int, default=100
        Rounds.
    subsample : float, default=1.0
        Share of the samples that a round sees.
    min_samples_split, min_samples_leaf, min_weight_fraction_leaf, min_impurity_decrease, max_leaf_nodes, ccp_alpha
        As in `DecisionTreeRegressor`.
    max_depth : int or None, default=3
        Depth of the trees.
    init : estimator, "zero" or None, default=None
        Where to start: its class probabilities; None: the shares of the classes.
    random_state : int, Generator, RandomState or None, default=None
        For samples, features and the validation part.
    max_features : int, float, {"sqrt", "log2"} or None, default=None
        Features that each node draws and looks at; None: all.
    verbose : int, default=0
        1 shows a progress bar.
    validation_fraction : float, default=0.1
        Share of the samples held out, with `n_iter_no_change`.
    n_iter_no_change : int, optional
        Stop when the loss of the held-out samples has not fallen by `tol` for so many rounds.
    tol : float, default=1e-4
        See there.

    Attributes
    ----------
    estimators_ : ndarray of DecisionTreeRegressor (n_estimators_, K)
        The trees; K is 1 for two classes.
    n_estimators_ : int
        Rounds that were made.
    train_score_ : ndarray (n_estimators_,)
        Loss of the samples of each round after it.
    oob_improvement_, oob_scores_ : ndarray (n_estimators_,)
        Decrease of the loss and loss of the samples that a round did not see, with `subsample` < 1.
    classes_ : ndarray (n_classes,)
        The labels.
    n_classes_ : int
        How many.
    feature_importances_ : ndarray (n_features,)
        Share of each feature in the decrease of impurity.
    init_ : estimator or None
        The fitted `init`.
    n_features_in_ : int
        Features seen by `fit`.

    Examples
    --------
    >>> from npml_classical import GradientBoostingClassifier
    >>> X = [[0.0], [1.0], [2.0], [3.0]]
    >>> model = GradientBoostingClassifier(n_estimators=50).fit(X, ["a", "b", "b", "a"])
    >>> model.predict(X).tolist()
    ['a', 'b', 'b', 'a']
    """

    def __init__(
        self,
        *,
        loss="log_loss",
        learning_rate=0.1,
        n_estimators=100,
        subsample=1.0,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_depth=3,
        min_impurity_decrease=0.0,
        init=None,
        random_state=None,
        max_features=None,
        verbose=0,
        max_leaf_nodes=None,
        validation_fraction=0.1,
        n_iter_no_change=None,
        tol=1e-4,
        ccp_alpha=0.0,
    ):
        self.loss = loss
        self.learning_rate = learning_rate
        self.n_estimators = n_estimators
        self.subsample = subsample
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_depth = max_depth
        self.min_impurity_decrease = min_impurity_decrease
        self.init = init
        self.random_state = random_state
        self.max_features = max_features
        self.verbose = verbose
        self.max_leaf_nodes = max_leaf_nodes
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.ccp_alpha = ccp_alpha

    def fit(self, X, y, sample_weight=None):
        """Boost.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.
        y : array-like (n_samples,)
            Their classes, two or more.
        sample_weight : array-like (n_samples,), optional
            Weights; 0 leaves a sample out.

        Returns
        -------
        self
        """
        check_choice("loss", self.loss, tuple(CLASSIFICATION_LOSSES))
        data, labels = check_X_y(X, y, allow_nan=True)
        classes, codes = encode_labels(labels)
        weight = None if sample_weight is None else check_sample_weight(sample_weight, codes)
        present = np.unique(codes if weight is None else codes[weight > 0]).size
        if present < 2:
            raise ValueError(
                f"y must hold at least two classes with positive weight, got {present} class: {classes[:1]}"
            )
        learned = self._boost(data, codes, weight, make_loss(self.loss, len(classes)))
        self._remember(X, learned)
        self.classes_, self.n_classes_ = classes, len(classes)
        return self

    def _loss(self):
        return make_loss(self.loss, self.n_classes_)

    def decision_function(self, X):
        """Raw scores.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Returns
        -------
        ndarray (n_samples,), for more than two classes (n_samples, n_classes)
        """
        scores = self._scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict_proba(self, X):
        """Class probabilities.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Returns
        -------
        ndarray (n_samples, n_classes)
        """
        scores = self._scores(X)
        return self._loss().probabilities(scores).astype(scores.dtype, copy=False)

    def predict_log_proba(self, X):
        """Logarithm of `predict_proba`.

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
        """The most probable class.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Returns
        -------
        ndarray (n_samples,)
        """
        best = _decide(self._scores(X))
        return self.classes_[best]

    def staged_predict(self, X):
        """The predictions after every round.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Yields
        ------
        ndarray (n_samples,)
        """
        for scores in self._scores(X, staged=True):
            yield self.classes_[_decide(scores)]

    def staged_predict_proba(self, X):
        """The class probabilities after every round.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Yields
        ------
        ndarray (n_samples, n_classes)
        """
        loss = self._loss() if hasattr(self, "classes_") else None
        for scores in self._scores(X, staged=True):
            yield loss.probabilities(scores).astype(scores.dtype, copy=False)


class GradientBoostingRegressor(RegressorMixin, _Boosting):
    """Boosted trees for numbers.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "quantile"}, default="squared_error"
        What is lowered.
    learning_rate, n_estimators, subsample, max_depth, random_state, max_features, verbose
        As in `GradientBoostingClassifier`.
    min_samples_split, min_samples_leaf, min_weight_fraction_leaf, min_impurity_decrease, max_leaf_nodes, ccp_alpha
        As in `DecisionTreeRegressor`.
    init : estimator, "zero" or None, default=None
        Where to start: its predictions; None: mean, median or quantile of the targets.
    alpha : float, default=0.9
        The quantile of "huber" and "quantile".
    validation_fraction, n_iter_no_change, tol
        As in `GradientBoostingClassifier`.

    Attributes
    ----------
    estimators_ : ndarray of DecisionTreeRegressor (n_estimators_, 1)
        The trees.
    n_estimators_, train_score_, oob_improvement_, oob_scores_, feature_importances_, init_, n_features_in_
        As in `GradientBoostingClassifier`.

    Examples
    --------
    >>> from npml_classical import GradientBoostingRegressor
    >>> X = [[0.0], [1.0], [2.0], [3.0]]
    >>> model = GradientBoostingRegressor(n_estimators=200).fit(X, [0.0, 1.0, 4.0, 9.0])
    >>> model.predict([[2.2]]).round(4)
    array([4.])
    """

    def __init__(
        self,
        *,
        loss="squared_error",
        learning_rate=0.1,
        n_estimators=100,
        subsample=1.0,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_depth=3,
        min_impurity_decrease=0.0,
        init=None,
        random_state=None,
        max_features=None,
        alpha=0.9,
        verbose=0,
        max_leaf_nodes=None,
        validation_fraction=0.1,
        n_iter_no_change=None,
        tol=1e-4,
        ccp_alpha=0.0,
    ):
        self.loss = loss
        self.learning_rate = learning_rate
        self.n_estimators = n_estimators
        self.subsample = subsample
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_depth = max_depth
        self.min_impurity_decrease = min_impurity_decrease
        self.init = init
        self.random_state = random_state
        self.max_features = max_features
        self.alpha = alpha
        self.verbose = verbose
        self.max_leaf_nodes = max_leaf_nodes
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.ccp_alpha = ccp_alpha

    def fit(self, X, y, sample_weight=None):
        """Boost.

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
        check_choice("loss", self.loss, tuple(REGRESSION_LOSSES))
        check_number("alpha", self.alpha, 0.0, 1.0, exclusive=True)
        data, targets = check_X_y(X, y, allow_nan=True)
        targets = check_array(targets, name="y", dtype=np.float64, ensure_2d=False)
        weight = None if sample_weight is None else check_sample_weight(sample_weight, targets)
        self._remember(X, self._boost(data, targets, weight, make_loss(self.loss, alpha=self.alpha)))
        return self

    def _loss(self):
        return make_loss(self.loss, alpha=self.alpha)

    def predict(self, X):
        """The sum of start and trees.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Returns
        -------
        ndarray (n_samples,)
        """
        return self._scores(X)[:, 0]

    def staged_predict(self, X):
        """The predictions after every round.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Yields
        ------
        ndarray (n_samples,)
        """
        for scores in self._scores(X, staged=True):
            yield scores[:, 0]


def _decide(scores):
    """Class with the largest score; with one score, whether it is at least 0."""
    return (scores[:, 0] >= 0).astype(np.int64) if scores.shape[1] == 1 else scores.argmax(axis=1)
