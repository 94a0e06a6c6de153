"""How to fit each public estimator on a little data, and what to ask it afterwards without scipy.

An estimator is handled by its kind (classifier, regressor, transformer, clusterer) unless `SPECIAL` names it. One that
is in neither group makes `recipes` raise, so that nothing new is left out by accident.
"""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

import numpy as np

from npml_core import BaseEstimator, ClassifierMixin, ClusterMixin, RegressorMixin, TransformerMixin

MODULES = ("npml_core", "npml_nn", "npml_classical", "npml_rl", "npml_preproc")

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
X[:30] += 3.0
LABELS = np.repeat([0, 1], 30)
TARGETS = X @ np.array([1.0, -2.0, 0.5, 0.0]) + 0.1 * rng.normal(size=60)
COUNTS = rng.poisson(2.0, size=(20, 9)).astype(float) + 1.0
SYMBOLS = rng.integers(0, 3, size=(60, 1))
SENTENCES = [["the", "cat", "sat"], ["the", "dog", "sat", "down"], ["a", "cat", "ran"], ["the", "dog", "ran"]] * 5
TEXTS = ["the cat sat", "the dog sat down", "a cat ran", "le café"]


class Recipe(NamedTuple):
    fit: Callable  # class -> fitted object
    use: Callable  # fitted object -> array


def by_kind(cls):
    """The recipe of an estimator that follows the conventions; None when it has no such kind."""
    if issubclass(cls, ClassifierMixin):
        return Recipe(lambda c: c().fit(X, LABELS), lambda m: getattr(m, "predict_proba", m.predict)(X))
    if issubclass(cls, RegressorMixin):
        return Recipe(lambda c: c().fit(X, TARGETS), lambda m: m.predict(X))
    if issubclass(cls, TransformerMixin):
        return Recipe(lambda c: c().fit(X), lambda m: m.transform(X))
    if issubclass(cls, ClusterMixin):
        return Recipe(lambda c: c().fit(X), lambda m: m.predict(X) if hasattr(m, "predict") else m.labels_)
    return None


def language_model(**parameters):
    def use(model):
        return np.array([model.score([["the", "cat", "never", "sat"]]), model.log_prob("cat", ("the",))])

    return Recipe(lambda c: c(order=2, **parameters).fit(SENTENCES), use)


MIXTURE = Recipe(lambda c: c(n_components=2, random_state=0).fit(X), lambda m: m.predict_proba(X))
TOPICS = Recipe(lambda c: c(n_components=3, max_iter=5, random_state=0).fit(COUNTS), lambda m: m.transform(COUNTS))
SPECIAL = {
    "GaussianMixture": MIXTURE,
    "GaussianHMM": MIXTURE,
    "CategoricalHMM": Recipe(lambda c: c(n_components=2, random_state=0).fit(SYMBOLS), lambda m: m.predict(SYMBOLS)),
    "LatentDirichletAllocation": TOPICS,
    "GibbsLDA": Recipe(
        lambda c: c(n_components=3, n_iter=20, burn_in=10, random_state=0).fit(COUNTS), lambda m: m.transform(COUNTS)
    ),
    "NMF": Recipe(lambda c: c(n_components=3, random_state=0).fit(COUNTS), lambda m: m.transform(COUNTS)),
    "ALS": Recipe(lambda c: c(n_components=3, random_state=0).fit(COUNTS), lambda m: m.components_),
    "MLENGram": Recipe(lambda c: c(order=2).fit(SENTENCES), lambda m: np.array(m.log_prob("cat", ("the",)))),
    "AdditiveNGram": language_model(alpha=0.5),
    "GoodTuringNGram": language_model(),
    "KneserNeyNGram": language_model(),
    "NNClassifier": Recipe(
        lambda c: c(hidden_sizes=(8,), epochs=3, random_state=0).fit(X, LABELS), lambda m: m.predict_proba(X)
    ),
    "NNRegressor": Recipe(
        lambda c: c(hidden_sizes=(8,), epochs=3, random_state=0).fit(X, TARGETS), lambda m: m.predict(X)
    ),
    "GeneralizedLinearModel": Recipe(lambda c: c(family="gaussian").fit(X, TARGETS), lambda m: m.predict(X)),
    "LabelEncoder": Recipe(lambda c: c().fit(["b", "a", "c"]), lambda m: m.transform(["c", "a"])),
    "MinMaxScaler": Recipe(lambda c: c().fit(X), lambda m: m.transform(X)),
    "OneHotEncoder": Recipe(
        lambda c: c(sparse_output=False).fit(SYMBOLS.astype(str)), lambda m: m.transform(SYMBOLS.astype(str))
    ),
    "Vocabulary": Recipe(lambda c: c().fit(SENTENCES), lambda m: np.array(m.encode(["the", "cat", "never"]))),
    "BytePairEncoder": Recipe(lambda c: c(vocab_size=280).fit(TEXTS), lambda m: np.array(m.encode("a café, cat"))),
    "HuffmanEncoder": Recipe(lambda c: c().fit("abracadabra"), lambda m: np.frombuffer(m.encode("abracadabra"), "u1")),
    "MLP": Recipe(lambda c: c((4, 8, 2), random_state=0), lambda m: m.forward(X)),
}
# what they give is a scipy.sparse matrix, or they are bases for other people's classes
EXCEPTED = {
    "TfidfVectorizer", "CountVectorizer", "FeatureHasher",
    "BaseEstimator", "ClassifierMixin", "RegressorMixin", "TransformerMixin", "ClusterMixin",
}  # fmt: skip


def recipes():
    """Pairs (class, recipe) for everything public that can be fitted, stored and used."""
    found = []
    for module in map(import_module, MODULES):
        for name in module.__all__:
            cls = getattr(module, name)
            if not isinstance(cls, type) or name in EXCEPTED:
                continue
            recipe = SPECIAL.get(name) or by_kind(cls)
            if recipe is not None:
                found.append((cls, recipe))
            elif issubclass(cls, BaseEstimator):
                raise LookupError(f"{module.__name__}.{name} has no recipe in checks/numpy_only/recipes.py")
    return found
