"""Classical machine learning in plain NumPy: mixtures, HMMs, topics, trees, linear models, n-grams."""

from .cluster import KMeans
from .decomposition import PCA
from .hmm import CategoricalHMM, GaussianHMM
from .mixture import GaussianMixture
from .neighbors import KNeighborsClassifier, KNeighborsRegressor
from .trees import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

__version__ = "0.1.0"

__all__ = [
    "PCA",
    "CategoricalHMM",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "GaussianHMM",
    "GaussianMixture",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "KMeans",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "__version__",
]
