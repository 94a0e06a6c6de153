"""Trees, forests and boosting against scikit-learn: trees split by split, ensembles by what they predict."""

import numpy as np
import pytest
from sklearn import ensemble, tree
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score

from npml_classical import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

NODE_FIELDS = ("n_node_samples", "weighted_n_node_samples", "impurity", "value")


def single(X):
    """X with values that single precision holds: scikit-learn casts to it."""
    return X.astype(np.float32).astype(np.float64)


def walk(ours, peer):
    """Follow both trees while they split alike; how many splits are the same and how many are other ones as good.

    Where two splits of a node are equally good, the peer's choice depends on its seed: the decreases must be equal, and
    what lies below is another matter.
    """
    same = ties = 0
    scale = peer.impurity[0] * peer.weighted_n_node_samples[0] or 1.0
    stack = [(0, 0)]
    while stack:
        a, b = stack.pop()
        for field in NODE_FIELDS:
            atol = 1e-11 * peer.impurity[0] if field == "impurity" else 1e-11
            np.testing.assert_allclose(getattr(ours, field)[a], getattr(peer, field)[b], rtol=1e-8, atol=atol)
        decreases = [decrease(t, node) for t, node in ((ours, a), (peer, b))]
        if None in decreases:
            # a node that is pure but for rounding may be split by either
            assert decreases == [None, None] or max(d or 0.0 for d in decreases) < 1e-12 * scale
            continue
        splits = [(t.feature[n], t.threshold[n], t.missing_go_to_left[n]) for t, n in ((ours, a), (peer, b))]
        if splits[0] == splits[1]:
            same += 1
            stack += [(ours.children_left[a], peer.children_left[b]), (ours.children_right[a], peer.children_right[b])]
        else:
            ties += 1
            np.testing.assert_allclose(*decreases, rtol=1e-8, atol=1e-12 * scale)
    return same, ties


def decrease(t, node):
    left, right = t.children_left[node], t.children_right[node]
    if left < 0:
        return None
    mass = t.weighted_n_node_samples * t.impurity
    return mass[node] - mass[left] - mass[right]


def both(kind, X, y, weight=None, **options):
    """Ours and the peer's fitted tree of a kind."""
    name = {"classifier": "DecisionTreeClassifier", "regressor": "DecisionTreeRegressor"}[kind]
    return (
        globals()[name](**options).fit(X, y, weight),
        getattr(tree, name)(random_state=0, **options).fit(X, y, weight),
    )


OPTIONS = [
    {},
    {"max_depth": 3},
    {"min_samples_leaf": 5, "min_samples_split": 20},
    {"min_samples_leaf": 0.02, "min_samples_split": 0.1},
    {"min_weight_fraction_leaf": 0.03},
    {"min_impurity_decrease": 0.01},
    {"max_leaf_nodes": 9},
    {"ccp_alpha": 0.02},
    {"class_weight": "balanced"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("criterion", ["gini", "entropy", "log_loss"])
@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
def test_classification_of_bundled_data(load, criterion, options):
    X, y = load(return_X_y=True)
    X = single(X)
    ours, peer = both("classifier", X, y, criterion=criterion, **options)
    same, ties = walk(ours.tree_, peer.tree_)
    assert same + ties > 0
    if ties == 0:
        np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), rtol=1e-8)
        np.testing.assert_allclose(ours.feature_importances_, peer.feature_importances_, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"max_features": 64}, {"max_leaf_nodes": 60}], ids=str)
def test_digits(options):
    X, y = load_digits(return_X_y=True)
    same, ties = walk(*(m.tree_ for m in both("classifier", X, y, **options)))
    assert same > 30


@pytest.mark.parametrize("options", [*OPTIONS[:6], {"max_leaf_nodes": 30}, {"ccp_alpha": 100.0}], ids=str)
@pytest.mark.parametrize("weight", [None, "whole", "real"])
def test_regression_of_bundled_data(options, weight):
    X, y = load_diabetes(return_X_y=True)
    X, rng = single(X), np.random.default_rng(0)
    w = {None: None, "whole": rng.integers(0, 4, len(y)) * 1.0, "real": rng.random(len(y))}[weight]
    ours, peer = both("regressor", X, y, w, **options)
    same, ties = walk(ours.tree_, peer.tree_)
    assert same > 0
    if ties == 0:
        np.testing.assert_allclose(ours.predict(X), peer.predict(X), rtol=1e-8)


@pytest.mark.parametrize("make_y", ["two", "many", "real"])
def test_continuous_features(make_y):
    """Without ties all arrays are the same, the numbers of the nodes and the text too."""
    rng = np.random.default_rng(1)
    X = single(rng.normal(size=(1500, 6)))
    y = {"two": X[:, 0] + X[:, 1] ** 2 > rng.normal(size=1500), "many": np.digitize(X[:, 2], [-1, 0, 1])}
    y["many"] = (y["many"] + (rng.random(1500) < 0.1)) % 5
    y["real"] = X[:, 0] * X[:, 1] + rng.normal(size=1500)
    kind = "regressor" if make_y == "real" else "classifier"
    ours, peer = both(kind, X, y[make_y], min_samples_leaf=10, max_depth=None if make_y == "real" else 4)
    same, ties = walk(ours.tree_, peer.tree_)
    assert same > 10
    assert ties == 0
    for field in ("children_left", "children_right", "feature", "threshold", "n_node_samples", "missing_go_to_left"):
        np.testing.assert_array_equal(getattr(ours.tree_, field), getattr(peer.tree_, field))
    np.testing.assert_array_equal(ours.apply(X), peer.apply(X))
    assert ours.export_text() == tree.export_text(peer)
    assert (ours.get_depth(), ours.get_n_leaves()) == (peer.get_depth(), peer.get_n_leaves())
    np.testing.assert_array_equal(ours.decision_path(X[:9]).toarray(), peer.decision_path(X[:9]).toarray())


def test_best_first_numbers_nodes_alike():
    rng = np.random.default_rng(2)
    X, y = single(rng.normal(size=(500, 4))), rng.normal(size=500)
    ours, peer = both("regressor", X, y, max_leaf_nodes=25, min_samples_leaf=6)
    for field in ("children_left", "children_right", "feature", "threshold", "n_node_samples"):
        np.testing.assert_array_equal(getattr(ours.tree_, field), getattr(peer.tree_, field))


@pytest.mark.parametrize("seed", range(60))
def test_awkward_data(seed):
    """Ties, duplicates, constant columns, few samples, one class, missing values, weights of zero."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, 50)), int(rng.integers(1, 4))
    X = rng.integers(0, rng.integers(1, 20), (n, d)).astype(float) if seed % 2 else single(rng.normal(size=(n, d)))
    X[rng.random((n, d)) < rng.choice([0.0, 0.1, 0.4])] = np.nan
    w = rng.integers(0, 4, n) + 1.0 * (seed % 2) if seed % 3 == 0 else None
    w = None if w is not None and not w.any() else w
    options = {"max_depth": [None, 2][seed % 2], "min_samples_leaf": [1, 1, 3][seed % 3]}
    for kind, y in (("classifier", rng.integers(0, 4, n)), ("regressor", rng.normal(size=n))):
        ours, peer = both(kind, X, y, w, **options)
        same, ties = walk(ours.tree_, peer.tree_)
        if ties == 0:
            fresh = np.vstack([X, np.full((1, d), np.nan), X[:1] + 0.5])
            np.testing.assert_allclose(ours.predict(fresh), peer.predict(fresh), rtol=1e-8)


@pytest.mark.parametrize("seed", range(20))
def test_missing_values_go_the_same_way_in_a_single_column(seed):
    """With one column the peer's ties do not depend on its seed: the first of right, left, alone wins."""
    rng = np.random.default_rng(100 + seed)
    x = rng.integers(0, 6, (30, 1)).astype(float)
    x[rng.random((30, 1)) < 0.4] = np.nan
    ours, peer = both("classifier", x, rng.integers(0, 2, 30))
    assert walk(ours.tree_, peer.tree_)[1] == 0


LOSSES = [("squared_error", 1e-8), ("absolute_error", 1e-8), ("huber", 1e-8), ("quantile", 1e-8)]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss, tolerance", LOSSES)
def test_boosting_regression(loss, tolerance, weighted):
    rng = np.random.default_rng(3)
    X = single(rng.normal(size=(301, 3)))
    y = X[:, 0] + X[:, 1] ** 2 + rng.normal(size=301)
    w = rng.random(301) if weighted else None
    options = {"loss": loss, "n_estimators": 15, "learning_rate": 0.2, "min_samples_leaf": 5, "alpha": 0.8}
    ours = GradientBoostingRegressor(**options).fit(X, y, w)
    # the signs of the residuals tie often; one of the peer's seeds makes the same choices
    peers = [ensemble.GradientBoostingRegressor(random_state=seed, **options).fit(X, y, w) for seed in range(8)]
    closest = min(peers, key=lambda peer: np.abs(peer.predict(X) - ours.predict(X)).max())
    np.testing.assert_allclose(ours.train_score_[:1], closest.train_score_[:1], rtol=1e-10)
    if loss in ("squared_error", "huber"):
        np.testing.assert_allclose(ours.predict(X), closest.predict(X), rtol=tolerance)
        np.testing.assert_allclose(ours.train_score_, closest.train_score_, rtol=tolerance)
    else:
        np.testing.assert_allclose(ours.train_score_, closest.train_score_, rtol=0.05)


@pytest.mark.parametrize("loss, n_classes", [("log_loss", 2), ("log_loss", 4), ("exponential", 2)])
def test_boosting_classification(loss, n_classes):
    """Real weights leave no ties: every round is the same."""
    rng = np.random.default_rng(4)
    X, w = single(rng.normal(size=(300, 4))), rng.random(300)
    y = np.digitize(X[:, 0] + X[:, 1] ** 2 + 0.3 * rng.normal(size=300), [0.5, 1.0, 2.0][: n_classes - 1])
    options = {"loss": loss, "n_estimators": 12, "min_samples_leaf": 10}
    ours = GradientBoostingClassifier(**options).fit(X, y, w)
    peer = ensemble.GradientBoostingClassifier(random_state=0, **options).fit(X, y, w)
    np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), rtol=1e-8)
    np.testing.assert_allclose(ours.decision_function(X), peer.decision_function(X), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(ours.train_score_, peer.train_score_, rtol=1e-10)
    np.testing.assert_allclose(ours.feature_importances_, peer.feature_importances_, atol=1e-9)
    for a, b in zip(ours.staged_predict_proba(X[:5]), peer.staged_predict_proba(X[:5])):
        np.testing.assert_allclose(a, b, rtol=1e-8)


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris, load_digits])
def test_boosting_bundled_data(load):
    """Ties fall by the peer's seed, so that the fit is compared, not each tree."""
    X, y = load(return_X_y=True)
    X = single(X)[:600]
    y = y[:600]
    ours = GradientBoostingClassifier(n_estimators=8).fit(X, y)
    peer = ensemble.GradientBoostingClassifier(n_estimators=8, random_state=0).fit(X, y)
    np.testing.assert_allclose(ours.train_score_, peer.train_score_, rtol=0.02)
    assert np.mean(ours.predict(X) == peer.predict(X)) > 0.98


def test_boosting_starts_from_an_estimator():
    X, y = load_diabetes(return_X_y=True)
    X = single(X)
    options = {"init": tree.DecisionTreeRegressor(max_depth=2), "n_estimators": 10, "min_samples_leaf": 4}
    ours = GradientBoostingRegressor(**options).fit(X, y)
    peer = ensemble.GradientBoostingRegressor(random_state=0, **options).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), peer.predict(X), rtol=1e-8)


def test_forests_are_as_good():
    rng = np.random.default_rng(5)
    for load, ours, peer in (
        (load_digits, RandomForestClassifier, ensemble.RandomForestClassifier),
        (load_breast_cancer, RandomForestClassifier, ensemble.RandomForestClassifier),
        (load_diabetes, RandomForestRegressor, ensemble.RandomForestRegressor),
    ):
        X, y = load(return_X_y=True)
        rows = rng.permutation(len(X))
        train, test = rows[: 2 * len(X) // 3], rows[2 * len(X) // 3 :]
        scores = [m(40, random_state=0).fit(X[train], y[train]).score(X[test], y[test]) for m in (ours, peer)]
        assert scores[0] > scores[1] - 0.03
        sizes = [
            np.mean([t.tree_.node_count for t in m(10, random_state=1).fit(X, y).estimators_]) for m in (ours, peer)
        ]
        assert sizes[0] == pytest.approx(sizes[1], rel=0.1)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_any_number_of_workers_gives_the_same_forest(backend):
    from joblib import parallel_config

    X, y = load_iris(return_X_y=True)
    alone = RandomForestClassifier(400, random_state=0).fit(X, y)
    with parallel_config(backend=backend):
        together = RandomForestClassifier(400, random_state=0, n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(alone.predict_proba(X), together.predict_proba(X))


def test_model_selection():
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 3], "criterion": ["gini", "entropy"]}, cv=3)
    assert search.fit(X, y).best_params_["max_depth"] == 3
    assert cross_val_score(GradientBoostingClassifier(n_estimators=10), X, y, cv=3).mean() > 0.9
    assert cross_val_score(DecisionTreeRegressor(max_depth=4), X, y, cv=3, scoring="r2").shape == (3,)
