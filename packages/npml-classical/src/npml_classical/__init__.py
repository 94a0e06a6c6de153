"""Classical machine learning in plain NumPy: mixtures, HMMs, topics, trees, linear models, n-grams."""

from . import kernels, metrics
from .cluster import KMeans
from .decomposition import PCA
from .factorization import ALS, NMF
from .gaussian_process import GaussianProcessRegressor
from .hmm import CategoricalHMM, GaussianHMM
from .kernel_regression import KernelRegression
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
from .ngrams import AdditiveNGram, GoodTuringNGram, KneserNeyNGram, MLENGram
from .topics import GibbsLDA, LatentDirichletAllocation
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
    "ALS",
    "NMF",
    "PCA",
    "AdditiveNGram",
    "BayesianLinearRegression",
    "CategoricalHMM",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "GaussianHMM",
    "GaussianMixture",
    "GaussianNB",
    "GaussianProcessRegressor",
    "GeneralizedLinearModel",
    "GibbsLDA",
    "GoodTuringNGram",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "KMeans",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "KernelRegression",
    "KneserNeyNGram",
    "LatentDirichletAllocation",
    "LinearRegression",
    "LogisticRegression",
    "MLENGram",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
    "__version__",
    "kernels",
    "metrics",
]
