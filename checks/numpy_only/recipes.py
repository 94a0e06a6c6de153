"""How to fit each public estimator on a little data, and what to ask it afterwards without scipy.

An estimator is handled by its kind (classifier, regressor, transformer, clusterer) or family (layer, agent, policy)
unless `SPECIAL` names it. One that is in no group makes `recipes` raise, so that nothing new is left out by accident.
"""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

import numpy as np

import npml_nn
import npml_rl
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
IMAGES = rng.normal(size=(2, 6, 6, 2))
SEQUENCES = rng.normal(size=(2, 5, 4))
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


def by_family(cls):
    """The recipe of what is no estimator of arrays: layers, agents, bandit policies; None for anything else."""
    if cls.__name__ in FORWARD:
        inputs, arguments = FORWARD[cls.__name__]
        return Recipe(lambda c: c(*arguments), lambda m: m.eval().forward(inputs))
    if issubclass(cls, npml_nn.Activation) and cls is not npml_nn.Activation:
        return Recipe(lambda c: c(), lambda m: m.eval().forward(X))
    if cls.__name__.endswith("Agent"):
        return Recipe(
            lambda c: trained(c(random_state=0)),
            lambda m: np.array([m.act(state, greedy=True) for state in range(48)]),
        )
    if cls.__module__.startswith("npml_rl.bandits") and hasattr(cls, "choose"):
        return Recipe(lambda c: c(), lambda m: regret(m, npml_rl.BernoulliBandit([0.2, 0.8])))
    return None


def trained(agent):
    """Trained a little on the cliff walk."""
    agent.train(npml_rl.CliffWalk(), 60, max_steps=50, seed=0)
    return agent


def regret(policy, bandit):
    return npml_rl.run(bandit, [policy], n_steps=30, n_runs=4, seed=0).regret


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
    "BallTree": Recipe(lambda c: c(X), lambda m: m.query(X, k=3)[0]),
    "AliasSampler": Recipe(lambda c: c(COUNTS[0]), lambda m: m.sample(9, random_state=0)),
    "Graph": Recipe(lambda c: c(edges=[("a", "b", 2.0)]), lambda m: m.to_matrix()),
    "DiGraph": Recipe(lambda c: c(edges=[("a", "b", 2.0)]), lambda m: m.to_matrix()),
    "PriorityQueue": Recipe(lambda c: c(capacity=3), lambda m: (m.push("a", 1.5), np.array(m.peek()[1]))[1]),
    "TileCoder": Recipe(lambda c: c([-9.0, -9.0], [9.0, 9.0], 4, 5), lambda m: m.encode(X[:, :2])),
    "LinUCB": Recipe(lambda c: c(), lambda m: regret(m, npml_rl.ContextualLinearBandit(2, 3))),
}
# layers and models of npml-nn: the input, and the arguments of the constructor
FORWARD = {
    "Affine": (X, (2.0, 1.0)),
    "AvgPool2D": (IMAGES, (2,)),
    "BatchNorm1D": (X, (4,)),
    "BatchNorm2D": (IMAGES, (2,)),
    "Conv1D": (SEQUENCES, (4, 3, 2)),
    "Conv2D": (IMAGES, (2, 3, 3)),
    "ConvTranspose2D": (IMAGES, (2, 3, 2)),
    "Dense": (X, (4, 3)),
    "Embedding": (SYMBOLS, (3, 4)),
    "GRU": (SEQUENCES, (4, 5)),
    "GlobalAvgPool2D": (IMAGES, ()),
    "LSTM": (SEQUENCES, (4, 5)),
    "LayerNorm": (X, (4,)),
    "MLP": (X, ((4, 8, 2),)),
    "MaxPool2D": (IMAGES, (2,)),
    "MultiHeadAttention": (SEQUENCES, (4, 2)),
    "RMSNorm": (X, (4,)),
    "RNN": (SEQUENCES, (4, 5)),
    "SparseEvolution": (X, (4, 3)),
    "TransformerBlock": (SEQUENCES, (4, 2)),
}
# what they give is a scipy.sparse matrix, or they are bases for other people's classes
EXCEPTED = {
    "TfidfVectorizer", "CountVectorizer", "FeatureHasher", "TfidfTransformer",
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
            recipe = SPECIAL.get(name) or by_family(cls) or by_kind(cls)
            if recipe is not None:
                found.append((cls, recipe))
            elif issubclass(cls, BaseEstimator):
                raise LookupError(f"{module.__name__}.{name} has no recipe in checks/numpy_only/recipes.py")
    return found
