"""Decision trees for classification and regression (CART).

A tree asks one question "x_j <= t ?" a node and answers with what it saw of the training samples in the leaf: their
mean target, or the shares of the classes. Each question is the one that makes the children purest (`criteria`); nodes
are split until they are pure, too small, or deep enough (`growing`), and may be cut back again (``ccp_alpha``).

Missing values (NaN) are sent to the side that makes the better split; in a node that has seen none, to the larger
child.

Differences from scikit-learn: values are compared in X's own dtype; of equally good splits the choice is fixed, not
drawn; targets with several columns are not taken.

References
----------
Breiman, Friedman, Olshen & Stone (1984), "Classification and regression trees", Wadsworth.
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
    encode_labels,
)

from .columns import Columns
from .criteria import SquaredError, make_classification_criterion
from .export import tree_to_text
from .growing import grow, make_search
from .options import check_choice, check_number, class_weights, make_limits, n_drawn_features
from .tree import DescentCache, Tree

__all__ = ["DecisionTreeClassifier", "DecisionTreeRegressor"]

REGRESSION_CRITERIA = ("squared_error", "friedman_mse")  # the same splits: both maximise the decrease of the variance
CLASSIFICATION_CRITERIA = ("gini", "entropy", "log_loss")


class _DecisionTree(DescentCache, BaseEstimator):
    """Growing and walking; the subclasses say what the targets are."""

    _tags = {"allow_nan": True}

    def _grow(self, X, weight, make_criterion):
        """The tree of checked data; `make_criterion` makes one from weights."""
        weight = None if weight is None or (weight == 1).all() else weight
        root = None if weight is None or weight.all() else np.flatnonzero(weight)
        total = len(X) if weight is None else weight.sum()
        limits = make_limits(self, len(X), [total])
        alpha = check_number("ccp_alpha", self.ccp_alpha, 0.0)
        n_drawn = n_drawn_features(self.max_features, X.shape[1])
        rng = check_random_state(self.random_state)
        columns = Columns(X)
        search = make_search(columns, [root], self.max_depth, n_drawn, rng)
        trees, _ = grow(columns, search, make_criterion(weight), [root], limits)
        tree = Tree(trees[0], X.shape[1])
        return tree.pruned(alpha) if alpha > 0 else tree

    def _remember(self, X, tree):
        self._record_features(X)
        self.tree_ = tree
        self.max_features_ = n_drawn_features(self.max_features, self.n_features_in_)
        self._make_descent([tree])

    def _tree_list(self):
        return [self.tree_]

    def _values(self, X):
        """Leaf values of samples, (n_samples, V)."""
        X = self._check_input(X, allow_nan=True)
        descent = self._get_descent()
        values = [descent.value[:, leaves[0]].T for leaves in descent.walk(X)]
        return np.concatenate(values).astype(X.dtype, copy=False)

    @property
    def feature_importances_(self):
        """Share of each feature in the total decrease of impurity, (n_features,)."""
        self._check_fitted()
        return self.tree_.compute_feature_importances()

    def _check_fitted(self):
        check_is_fitted(self, "tree_")

    def apply(self, X):
        """Leaf in which each sample ends.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of int64 (n_samples,)
            Node numbers of ``tree_``.
        """
        X = self._check_input(X, allow_nan=True)
        return self._get_descent().apply(X)[0]

    def decision_path(self, X):
        """Nodes that each sample passes.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        scipy.sparse.csr_matrix (n_samples, node_count)
            1 at every node from the root to the leaf.
        """
        return self.tree_.decision_path(self._check_input(X, allow_nan=True))

    def get_depth(self):
        """Splits between the root and the deepest leaf.

        Returns
        -------
        int
        """
        self._check_fitted()
        return self.tree_.max_depth

    def get_n_leaves(self):
        """Number of leaves.

        Returns
        -------
        int
        """
        self._check_fitted()
        return self.tree_.n_leaves

    def export_text(
        self, feature_names=None, class_names=None, max_depth=10, spacing=3, decimals=2, show_weights=False
    ):
        """The rules of the tree as text.

        Parameters
        ----------
        feature_names : sequence of str, optional
            Names of the features; the default is those seen by `fit`, else feature_0, feature_1, ...
        class_names : sequence of str, optional
            Names of the classes; the default is ``classes_``.
        max_depth : int, default=10
            Depth below which branches are cut short.
        spacing : int, default=3
            Width of the indent.
        decimals : int, default=2
            Digits of thresholds, values and weights.
        show_weights : bool, default=False
            Whether the leaves of a classifier show the weight of every class.

        Returns
        -------
        str

        Examples
        --------
        >>> from npml_classical import DecisionTreeClassifier
        >>> model = DecisionTreeClassifier().fit([[0.0], [1.0], [2.0]], ["a", "a", "b"])
        >>> print(model.export_text(["size"]))
        |--- size <= 1.50
        |   |--- class: a
        |--- size >  1.50
        |   |--- class: b
        <BLANKLINE>
        """
        self._check_fitted()
        names = getattr(self, "feature_names_in_", None) if feature_names is None else feature_names
        names = [f"feature_{j}" for j in range(self.n_features_in_)] if names is None else list(names)
        if len(names) != self.n_features_in_:
            raise ValueError(f"feature_names must hold {self.n_features_in_} names, got {len(names)}")
        classes = getattr(self, "classes_", None)
        if class_names is not None and classes is not None:
            if len(class_names) != len(classes):
                raise ValueError(f"class_names must hold {len(classes)} names, got {len(class_names)}")
            classes = class_names
        return tree_to_text(self.tree_, names, classes, max_depth, spacing, decimals, show_weights)


class DecisionTreeClassifier(ClassifierMixin, _DecisionTree):
    """A tree of questions that ends in shares of classes.

    Parameters
    ----------
    criterion : {"gini", "entropy", "log_loss"}, default="gini"
        Impurity that splits lower: 1 - sum p^2, or - sum p log2 p (the last two names).
    splitter : {"best"}, default="best"
        The best split of every node.
    max_depth : int, optional
        Most splits on the way to a leaf; the default grows until leaves are pure.
    min_samples_split : int or float, default=2
        Least samples (or share of all samples) of a node to be split.
    min_samples_leaf : int or float, default=1
        Least samples (or share) of a leaf.
    min_weight_fraction_leaf : float, default=0.0
        Least share of the total weight in a leaf.
    max_features : int, float, {"sqrt", "log2"} or None, default=None
        Features that each node draws and looks at (a count, a share, ...); None: all. A node goes on drawing while
        all it has drawn are constant.
    random_state : int, Generator, RandomState or None, default=None
        For `max_features`.
    max_leaf_nodes : int, optional
        Grow best first, up to that many leaves.
    min_impurity_decrease : float, default=0.0
        Least (weighted) decrease of impurity by a split, W_t / W (i(t) - W_L / W_t i(L) - W_R / W_t i(R)).
    class_weight : dict, "balanced" or None, default=None
        Weight of the samples of each class.
    ccp_alpha : float, default=0.0
        Price of a leaf in cost-complexity pruning.

    Attributes
    ----------
    tree_ : Tree
        The tree as flat arrays.
    classes_ : ndarray (n_classes,)
        The labels.
    n_classes_ : int
        How many.
    feature_importances_ : ndarray (n_features,)
        Share of each feature in the total decrease of impurity.
    max_features_ : int
        Features that a node looks at.
    n_features_in_ : int
        Features seen by `fit`.

    Examples
    --------
    >>> from npml_classical import DecisionTreeClassifier
    >>> X = [[0.0, 5.0], [1.0, 5.0], [2.0, float("nan")], [3.0, float("nan")]]
    >>> model = DecisionTreeClassifier(max_depth=1).fit(X, ["a", "a", "b", "b"])
    >>> model.predict([[0.5, 5.0], [2.5, 5.0]]).tolist()
    ['a', 'b']
    >>> model.tree_.threshold[0]
    np.float64(1.5)
    """

    def __init__(
        self,
        *,
        criterion="gini",
        splitter="best",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=None,
        random_state=None,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        class_weight=None,
        ccp_alpha=0.0,
    ):
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha

    def fit(self, X, y, sample_weight=None):
        """Grow the tree.

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
        criterion = check_choice("criterion", self.criterion, CLASSIFICATION_CRITERIA)
        check_choice("splitter", self.splitter, ("best",))
        data, labels = check_X_y(X, y, allow_nan=True)
        classes, codes = encode_labels(labels)
        weight = None if sample_weight is None else check_sample_weight(sample_weight, codes)
        by_class = class_weights(self.class_weight, classes, codes)
        if by_class is not None:
            weight = by_class if weight is None else weight * by_class
        tree = self._grow(data, weight, lambda w: make_classification_criterion(criterion, codes, len(classes), w))
        self._remember(X, tree)
        self.classes_, self.n_classes_ = classes, len(classes)
        return self

    def predict_proba(self, X):
        """Shares of the classes in the leaf of each sample.

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


class DecisionTreeRegressor(RegressorMixin, _DecisionTree):
    """A tree of questions that ends in means.

    Parameters
    ----------
    criterion : {"squared_error", "friedman_mse"}, default="squared_error"
        Variance; the second name stands for the same splits.
    splitter, max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf, max_features, random_state
        As in `DecisionTreeClassifier`.
    max_leaf_nodes, min_impurity_decrease, ccp_alpha
        As in `DecisionTreeClassifier`.

    Attributes
    ----------
    tree_ : Tree
        The tree as flat arrays.
    feature_importances_ : ndarray (n_features,)
        Share of each feature in the total decrease of impurity.
    max_features_ : int
        Features that a node looks at.
    n_features_in_ : int
        Features seen by `fit`.

    Examples
    --------
    >>> from npml_classical import DecisionTreeRegressor
    >>> model = DecisionTreeRegressor(max_depth=1).fit([[0], [1], [2], [3]], [0.0, 1.0, 10.0, 11.0])
    >>> model.predict([[0.5], [9.0]])
    array([ 0.5, 10.5])
    """

    def __init__(
        self,
        *,
        criterion="squared_error",
        splitter="best",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=None,
        random_state=None,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        ccp_alpha=0.0,
    ):
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.ccp_alpha = ccp_alpha

    def fit(self, X, y, sample_weight=None):
        """Grow the tree.

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
        check_choice("splitter", self.splitter, ("best",))
        data, targets = check_X_y(X, y, allow_nan=True)
        targets = check_array(targets, name="y", dtype=np.float64, ensure_2d=False)
        weight = None if sample_weight is None else check_sample_weight(sample_weight, targets)
        tree = self._grow(data, weight, lambda w: SquaredError(targets, w))
        self._remember(X, tree)
        return self

    def predict(self, X):
        """Mean target in the leaf of each sample.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples; NaN is missing.

        Returns
        -------
        ndarray (n_samples,)
        """
        return self._values(X)[:, 0]
