"""Kernels, distances, trees, queues and estimator conventions under npml: NumPy only."""

from ._sklearn import ConvergenceWarning, convergence_warning
from .ball_tree import BallTree
from .batches import minibatches, train_test_split
from .distances import chebyshev, cosine, euclidean, hamming, manhattan, minkowski, pairwise_distances
from .estimator import (
    BaseEstimator,
    ClassifierMixin,
    ClusterMixin,
    NotFittedError,
    RegressorMixin,
    TransformerMixin,
    check_is_fitted,
    clone,
)
from .graphs import DiGraph, Graph, random_dag, random_graph
from .im2col import col2im, conv_output_size, im2col
from .kernels import (
    cosine_similarity,
    laplacian_kernel,
    linear_kernel,
    pairwise_kernels,
    polynomial_kernel,
    rbf_kernel,
    sigmoid_kernel,
)
from .memory import keep_memory
from .numerics import logsumexp
from .parallel import parallel_map
from .persistence import Storable, atomic_write, load, save
from .priority_queue import PriorityQueue
from .progress import progress
from .sampling import AliasSampler, categorical
from .validation import check_array, check_random_state, check_sample_weight, check_X_y, encode_labels

__version__ = "0.1.0"

keep_memory()

__all__ = [
    "AliasSampler",
    "BallTree",
    "BaseEstimator",
    "ClassifierMixin",
    "ClusterMixin",
    "ConvergenceWarning",
    "DiGraph",
    "Graph",
    "NotFittedError",
    "PriorityQueue",
    "RegressorMixin",
    "Storable",
    "TransformerMixin",
    "__version__",
    "atomic_write",
    "categorical",
    "chebyshev",
    "check_X_y",
    "check_array",
    "check_is_fitted",
    "check_random_state",
    "check_sample_weight",
    "clone",
    "col2im",
    "conv_output_size",
    "convergence_warning",
    "cosine",
    "cosine_similarity",
    "encode_labels",
    "euclidean",
    "hamming",
    "im2col",
    "laplacian_kernel",
    "linear_kernel",
    "load",
    "logsumexp",
    "manhattan",
    "minibatches",
    "minkowski",
    "pairwise_distances",
    "pairwise_kernels",
    "parallel_map",
    "polynomial_kernel",
    "progress",
    "random_dag",
    "random_graph",
    "rbf_kernel",
    "save",
    "sigmoid_kernel",
    "train_test_split",
]
