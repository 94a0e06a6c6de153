"""Classical machine learning in plain NumPy: mixtures, HMMs, topics, trees, linear models, n-grams."""

from .cluster import KMeans
from .decomposition import PCA
from .hmm import CategoricalHMM, GaussianHMM
from .linear import (
    BayesianLinearRegression,
    GeneralizedLinearModel,
    LinearRegression,
    LogisticRegression,
    Ridge,
)
from .mixture import GaussianMixture
from .naive_bayes import GaussianNB
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
    "BayesianLinearRegression",
    "CategoricalHMM",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "GaussianHMM",
    "GaussianMixture",
    "GaussianNB",
    "GeneralizedLinearModel",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "KMeans",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "LinearRegression",
    "LogisticRegression",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
    "__version__",
]
