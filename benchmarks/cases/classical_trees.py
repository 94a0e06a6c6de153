"""npml-classical: trees, forests and boosting; fitting and predicting, with all features or with drawn ones."""

import numpy as np
from harness import Pair, case, no_worse

SIZES = {
    "iris 150 x 4": dict(data="iris"),
    "breast cancer 569 x 30": dict(data="breast_cancer"),
    "digits 1797 x 64": dict(data="digits"),
    "5000 x 50, 4 classes": dict(data="classes"),
    "20000 x 20, regression": dict(data="values"),
}


def load(data):
    """X in single precision's values, y, and whether y is a class."""
    rng = np.random.default_rng(0)
    if data == "classes":
        X = rng.normal(size=(5_000, 50))
        y = 2 * (X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * rng.normal(size=5_000) > 0) + (X[:, 3] > 0)
    elif data == "values":
        X = rng.normal(size=(20_000, 20))
        y = 2 * X[:, 0] + np.sin(3 * X[:, 1]) + 0.5 * rng.normal(size=20_000)
    else:
        from sklearn import datasets

        X, y = getattr(datasets, f"load_{data}")(return_X_y=True)
    return X.astype(np.float32).astype(np.float64), y, data != "values"


def models(data, classifier, regressor, **options):
    """Our and the peer's unfitted model, training and test data."""
    from sklearn import ensemble, tree

    import npml_classical

    X, y, is_class = load(data)
    name = classifier if is_class else regressor
    ours = getattr(npml_classical, name)(random_state=0, **options)
    peer = getattr(tree if hasattr(tree, name) else ensemble, name)(random_state=0, **options)
    rows = np.random.default_rng(1).permutation(len(X))
    cut = len(X) * 3 // 4
    train, test = rows[:cut], rows[cut:]
    return ours, peer, (X[train], y[train]), (X[test], y[test])


def fit(data, classifier, regressor, **options):
    """Fit both, the check compares the scores on held-out data."""
    ours, peer, train, test = models(data, classifier, regressor, **options)
    check = no_worse(lambda model: model.score(*test), 0.04, name="score")
    return Pair(lambda: ours.fit(*train), lambda: peer.fit(*train), check)


def predict(data, classifier, regressor, n=10_000, **options):
    """Predict n samples."""
    ours, peer, train, (X, y) = models(data, classifier, regressor, **options)
    ours.fit(*train)
    peer.fit(*train)
    queries = np.resize(X, (n, X.shape[1]))
    truth = np.resize(y, n)
    merit = (lambda p: np.mean(p == truth)) if classifier and data != "values" else (lambda p: -np.var(p - truth))
    return Pair(lambda: ours.predict(queries), lambda: peer.predict(queries), no_worse(merit, 0.04), (n, "samples"))


@case("npml-classical", group="trees", peer="scikit-learn", sizes=SIZES)
def decision_tree(data):
    return fit(data, "DecisionTreeClassifier", "DecisionTreeRegressor")


@case("npml-classical", group="trees", peer="scikit-learn", sizes={k: SIZES[k] for k in list(SIZES)[:3]})
def random_forest_100_trees(data):
    return fit(data, "RandomForestClassifier", "RandomForestRegressor")


@case("npml-classical", group="trees", peer="scikit-learn", sizes={k: SIZES[k] for k in list(SIZES)[3:]})
def random_forest_20_trees(data):
    return fit(data, "RandomForestClassifier", "RandomForestRegressor", n_estimators=20)


@case("npml-classical", group="trees", peer="scikit-learn", sizes=SIZES)
def boosting_20_rounds(data):
    return fit(data, "GradientBoostingClassifier", "GradientBoostingRegressor", n_estimators=20)


@case("npml-classical", group="trees", peer="scikit-learn", sizes={k: SIZES[k] for k in list(SIZES)[2:]})
def random_forest_predict(data):
    return predict(data, "RandomForestClassifier", "RandomForestRegressor", n_estimators=50)


@case("npml-classical", group="trees", peer="scikit-learn", sizes={k: SIZES[k] for k in list(SIZES)[2:]})
def boosting_predict(data):
    return predict(data, "GradientBoostingClassifier", "GradientBoostingRegressor", n_estimators=30)


@case("npml-classical", group="trees", peer="scikit-learn", sizes={"iris, one sample": dict(data="iris")})
def random_forest_predict_one(data):
    return predict(data, "RandomForestClassifier", "RandomForestRegressor", n=1)
