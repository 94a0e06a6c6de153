"""Kernels, distances, trees, queues and estimator conventions under npml: NumPy only."""

from ._sklearn import ConvergenceWarning, convergence_warning
from .batches import minibatches, train_test_split
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
from .parallel import parallel_map
from .persistence import Storable, atomic_write, load, save
from .progress import progress
from .validation import check_array, check_random_state, check_sample_weight, check_X_y, encode_labels

__version__ = "0.1.0"

__all__ = [
    "BaseEstimator",
    "ClassifierMixin",
    "ClusterMixin",
    "ConvergenceWarning",
    "NotFittedError",
    "RegressorMixin",
    "Storable",
    "TransformerMixin",
    "__version__",
    "atomic_write",
    "check_X_y",
    "check_array",
    "check_is_fitted",
    "check_random_state",
    "check_sample_weight",
    "clone",
    "convergence_warning",
    "encode_labels",
    "load",
    "minibatches",
    "parallel_map",
    "progress",
    "save",
    "train_test_split",
]
