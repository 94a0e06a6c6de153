"""The rounds of gradient boosting on the training samples.

X is ranked (and, if all features are looked at, sorted) once; every round starts from there. A round's trees, one for
each score column, are grown together. In a round that sees part of the samples the others measure how much it helps.

References
----------
Friedman (2001), "Greedy function approximation", Annals of Statistics 29, algorithm 1.
https://doi.org/10.1214/aos/1013203451
"""

import numpy as np

from .columns import Columns
from .criteria import SquaredError
from .growing import grow, make_search
from .options import make_limits, n_drawn_features
from .tree import Descent, Tree

__all__ = ["Rounds", "Stopper", "start_scores"]


class Rounds:
    """The rounds on the training samples, and what is written down of each.

    Parameters
    ----------
    model : estimator
        Its hyper-parameters say how.
    X, y, weight : ndarray
        Checked training data; `weight` may be None.
    loss : object
        See `losses`.
    rng : numpy.random.Generator
        Draws samples and features.
    """

    def __init__(self, model, X, y, weight, loss, rng):
        self._model, self._X, self._y, self._weight, self._loss, self._rng = model, X, y, weight, loss, rng
        self._rows = np.arange(len(X)) if weight is None else np.flatnonzero(weight)
        self._n_drawn = n_drawn_features(model.max_features, X.shape[1])
        self._columns = Columns(X)
        self._search = None
        self.trees, self._train, self._oob, self._oob_gain = [], [], [], []

    def boost(self, raw):
        """One round: the trees of all score columns; `raw` (n, K) is brought up to date in place."""
        model, loss, y, weight = self._model, self._loss, self._y, self._weight
        rows = self._rows
        if model.subsample < 1:
            rows = np.sort(self._rng.permutation(rows)[: max(1, int(model.subsample * len(rows)))])
        unseen = np.setdiff1d(self._rows, rows, assume_unique=True) if model.subsample < 1 else rows[:0]
        before = self._score(unseen, raw) if unseen.size else None
        gradient = loss.gradient(y, raw, weight)
        trees, leaves = self._grow(gradient, rows)
        for k, (tree, leaf) in enumerate(zip(trees, leaves)):
            if not loss.keeps_means:
                part = None if weight is None else weight[rows]
                new = loss.leaf_values(y[rows], raw[rows, k], gradient[rows, k], part, leaf[rows], tree.node_count)
                is_leaf = tree.children_left < 0
                tree.value[is_leaf, 0, 0] = new[is_leaf]
            raw[:, k] += model.learning_rate * tree.value[:, 0, 0].take(leaf)
        self.trees.append(trees)
        self._train.append(self._score(rows, raw))
        if unseen.size:
            self._oob.append(self._score(unseen, raw))
            self._oob_gain.append(before - self._oob[-1])
        return trees

    def _grow(self, gradient, rows):
        """Trees on every column of the gradient, and the leaf of every sample in each."""
        model, n_scores, n = self._model, gradient.shape[1], len(self._X)
        roots = [None if len(rows) == n else rows] * n_scores
        if self._search is None or model.subsample < 1:
            self._search = make_search(self._columns, roots, model.max_depth, self._n_drawn, self._rng)
        weight = None if self._weight is None else np.tile(self._weight, n_scores)
        total = len(rows) if self._weight is None else self._weight[rows].sum()
        limits = make_limits(model, len(rows), [total] * n_scores)
        criterion = SquaredError(gradient.T.ravel(), weight)
        grown, leaves = grow(self._columns, self._search, criterion, roots, limits)
        trees = [Tree(arrays, self._X.shape[1]) for arrays in grown]
        if model.ccp_alpha > 0:
            trees = [tree.pruned(model.ccp_alpha) for tree in trees]
        if len(rows) < n or model.ccp_alpha > 0:
            leaves = Descent(trees).apply(self._X)
        return trees, leaves

    def _score(self, rows, raw):
        """Mean loss of some samples."""
        weight = None if self._weight is None else self._weight[rows]
        return self._loss.value(self._y[rows], raw[rows], weight)

    def results(self):
        """What was learned, by name."""
        learned = {"trees": self.trees, "train_score_": np.array(self._train)}
        if self._oob:
            learned |= {"oob_improvement_": np.array(self._oob_gain), "oob_scores_": np.array(self._oob)}
            learned["oob_score_"] = self._oob[-1]
        return learned


class Stopper:
    """Watches the loss of the samples held out.

    Parameters
    ----------
    model : estimator
        Its hyper-parameters say how long to wait.
    held_out : tuple
        X, y and weight (or None).
    loss : object
        See `losses`.
    start, init
        As in `start_scores`.
    """

    def __init__(self, model, held_out, loss, start, init):
        (self._X, self._y, self._weight), self._model, self._loss = held_out, model, loss
        self._raw = start_scores(start, init, self._X, loss)
        self._history = np.full(model.n_iter_no_change, np.inf)
        self._round = 0

    def should_stop(self, trees):
        """Add a round's trees; whether the loss is above, or nearly, all of the last ``n_iter_no_change``."""
        descent = Descent(trees)
        values = [descent.value[0].take(leaves) for leaves in descent.walk(self._X)]
        self._raw += self._model.learning_rate * np.concatenate(values, axis=1).T
        value = self._loss.value(self._y, self._raw, self._weight)
        if not (value + self._model.tol < self._history).any():
            return True
        self._history[self._round % len(self._history)] = value
        self._round += 1
        return False


def start_scores(start, init, X, loss):
    """Scores (n, K) before the first round: a constant (K,), or what the fitted estimator `init` says."""
    raw = np.tile(np.asarray(start, np.float64), (len(X), 1))
    if init is None:
        return raw
    return loss.link(init.predict_proba(X)) if hasattr(loss, "link") else raw + np.reshape(init.predict(X), (-1, 1))
