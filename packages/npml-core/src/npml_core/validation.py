"""Checks of what callers pass: every error names the argument, what came and what is accepted."""

import warnings
from numbers import Integral

import numpy as np

from ._sklearn import data_conversion_warning

__all__ = [
    "check_X_y",
    "check_array",
    "check_random_state",
    "check_sample_weight",
    "encode_labels",
]


def check_array(
    X,
    *,
    name="X",
    dtype=(np.float64, np.float32),
    accept_sparse=False,
    allow_nan=False,
    ensure_2d=True,
    min_samples=1,
    min_features=1,
):
    """Turn `X` into a numeric array, or say what is wrong with it.

    Parameters
    ----------
    X : array-like
        Lists, arrays, data frames, SciPy sparse matrices where accepted.
    name : str, default="X"
        What the errors call it.
    dtype : dtype, sequence of dtypes or None, default=(float64, float32)
        An array of one of these stays as it is, another becomes the first. None keeps any dtype.
    accept_sparse : bool, default=False
        Whether SciPy sparse matrices are taken (and come back as CSR).
    allow_nan : bool, default=False
        Whether NaN passes (as a missing value); infinity never does.
    ensure_2d : bool, default=True
        Whether exactly two dimensions are asked for.
    min_samples, min_features : int, default=1
        The least number of rows and columns.

    Returns
    -------
    ndarray or CSR matrix
        `X` itself where nothing had to change: never write into it.

    Raises
    ------
    ValueError
        For NaN or infinity, a wrong number of dimensions, too few rows or columns, complex or non-numeric entries.
    TypeError
        For a sparse matrix where dense data is needed, and for entries that are not numbers.

    Examples
    --------
    >>> from npml_core import check_array
    >>> check_array([[1, 2], [3, 4]])
    array([[1., 2.],
           [3., 4.]])
    >>> check_array([1, 2])
    Traceback (most recent call last):
    ...
    ValueError: X must be 2-dimensional, got 1 dimension(s), shape (2,). Reshape your data: ...
    """
    if _is_sparse(X):
        return _check_sparse(X, name, dtype, accept_sparse, allow_nan, min_samples, min_features)
    array = _as_numeric(X, name, dtype)
    if ensure_2d and array.ndim != 2:
        raise ValueError(
            f"{name} must be 2-dimensional, got {array.ndim} dimension(s), shape {array.shape}. Reshape your data: "
            "X.reshape(-1, 1) if it is a single feature, X.reshape(1, -1) if it is a single sample"
        )
    _check_counts(array.shape, name, min_samples, min_features if ensure_2d else 0)
    _check_finite(array, name, allow_nan)
    return array


def check_X_y(X, y, *, multi_output=False, y_numeric=False, y_name="y", **options):
    """Check samples and targets together.

    Parameters
    ----------
    X : array-like (n_samples, n_features)
        As in `check_array`.
    y : array-like (n_samples,)
        The targets; a column is taken with a warning.
    multi_output : bool, default=False
        Whether `y` may be (n_samples, n_outputs).
    y_numeric : bool, default=False
        Whether `y` becomes floats (those of `X`); otherwise it keeps its dtype.
    y_name : str, default="y"
        What the errors call `y`.
    **options
        For `check_array`.

    Returns
    -------
    X, y : ndarray
        The checked arrays.

    Raises
    ------
    ValueError, TypeError
        As `check_array`, and when `y` is missing, of another length, or holds NaN or infinity.

    Examples
    --------
    >>> from npml_core import check_X_y
    >>> X, y = check_X_y([[0.0], [1.0]], ["a", "b"])
    >>> X.shape, y.tolist()
    ((2, 1), ['a', 'b'])
    """
    if y is None:
        raise ValueError(f"This estimator requires y to be passed, but the target {y_name} is None")
    X = check_array(X, **options)
    if _is_sparse(y):
        raise TypeError(f"Sparse data was passed for {y_name}, but dense data is required")
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1 and not multi_output:
        message = f"A column-vector {y_name} was passed when a 1d array was expected: use {y_name}.ravel()"
        warnings.warn(message, data_conversion_warning(), stacklevel=3)
        y = y.ravel()
    if y.ndim != 1 and not (multi_output and y.ndim == 2):
        raise ValueError(f"{y_name} should be a 1d array, got an array of shape {y.shape} instead")
    if y_numeric:
        y = _as_numeric(y, y_name, X.dtype if X.dtype.kind == "f" else np.float64)
    if y.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {y_name} has dtype {y.dtype}")
    _check_finite(y, y_name, allow_nan=False)
    _check_lengths(X, y, y_name)
    return X, y


def check_sample_weight(sample_weight, X, *, name="sample_weight"):
    """Weights of the samples as an array; None is a weight of one for each.

    Parameters
    ----------
    sample_weight : array-like (n_samples,), number or None
        The weights: finite, not negative, not all zero.
    X : array (n_samples, ...)
        The checked samples; the weights take its float dtype.
    name : str, default="sample_weight"
        What the errors call it.

    Returns
    -------
    ndarray (n_samples,)
        The weights.

    Raises
    ------
    ValueError
        For another length, NaN, infinity, a negative weight or a sum of zero.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_core import check_sample_weight
    >>> check_sample_weight(None, np.zeros((3, 2)))
    array([1., 1., 1.])
    """
    dtype = X.dtype if X.dtype in (np.float64, np.float32) else np.float64
    if sample_weight is None:
        return np.ones(X.shape[0], dtype)
    weight = _as_numeric(sample_weight, name, dtype)
    if weight.ndim == 0:
        weight = np.full(X.shape[0], weight, dtype)
    if weight.ndim != 1:
        raise ValueError(f"Sample weights must be 1D array or scalar: {name} has shape {weight.shape}")
    _check_finite(weight, name, allow_nan=False)
    _check_lengths(X, weight, name)
    if weight.min() < 0:
        raise ValueError(f"{name} must not be negative, got {weight.min()}")
    if not weight.any():
        raise ValueError(f"{name} must hold a positive weight, got zeros only")
    return weight


def encode_labels(y, *, name="y"):
    """Split class labels into the sorted classes and, for every sample, the place of its class.

    Parameters
    ----------
    y : array-like (n_samples,)
        Labels: ints, strings, bools, or floats that are whole numbers.
    name : str, default="y"
        What the errors call it.

    Returns
    -------
    classes : ndarray (n_classes,)
        The labels that occur, sorted.
    codes : ndarray of int64 (n_samples,)
        ``classes[codes]`` equals `y`.

    Raises
    ------
    ValueError
        For targets that are not classes: fractional numbers, or types that do not compare.

    Examples
    --------
    >>> from npml_core import encode_labels
    >>> encode_labels(["b", "a", "b"])
    (array(['a', 'b'], dtype='<U1'), array([1, 0, 1]))
    """
    y = np.asarray(y)
    if y.dtype.kind == "f" and (y != np.floor(y)).any():
        raise ValueError(
            f"Unknown label type: {name} is continuous. A classifier needs discrete classes; "
            "for a regression target with continuous values use a regressor"
        )
    if y.dtype.kind == "O" and any(item is None or item != item for item in y.ravel()):
        raise ValueError(f"Input {name} contains NaN or None, which is no class")
    try:
        classes, codes = np.unique(y, return_inverse=True)
    except TypeError:
        kinds = sorted({type(item).__name__ for item in y.ravel()})
        raise ValueError(f"Unknown label type: {name} mixes {' and '.join(kinds)}") from None
    return classes, codes.reshape(y.shape).astype(np.int64, copy=False)


def check_random_state(random_state):
    """A `numpy.random.Generator` from whatever a caller gives as `random_state`.

    Parameters
    ----------
    random_state : None, int, numpy.random.Generator or numpy.random.RandomState
        None: fresh entropy; an int: a seed; a Generator: itself; a RandomState: a Generator that draws from the same
        stream (each call moves it on).

    Returns
    -------
    numpy.random.Generator
        The global NumPy seed is neither read nor changed.

    Raises
    ------
    ValueError
        For a negative seed.
    TypeError
        For anything else.

    Examples
    --------
    >>> from npml_core import check_random_state
    >>> check_random_state(0).integers(10, size=3)
    array([8, 6, 5])
    """
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):
        return np.random.Generator(random_state._bit_generator)
    is_int = isinstance(random_state, Integral) and not isinstance(random_state, bool)
    if is_int and random_state < 0:
        raise ValueError(f"random_state must not be negative, got {random_state}")
    if is_int or random_state is None:
        return np.random.default_rng(random_state)
    raise TypeError(f"random_state must be None, an int, a Generator or a RandomState, got {random_state!r}")


def _is_sparse(X):
    return hasattr(X, "tocsr") and hasattr(X, "nnz")


def _check_sparse(X, name, dtype, accept_sparse, allow_nan, min_samples, min_features):
    if not accept_sparse:
        raise TypeError(f"Sparse data was passed for {name}, but dense data is required: use {name}.toarray()")
    if X.ndim != 2:
        raise ValueError(f"{name} must be 2-dimensional, got {X.ndim} dimension(s). Reshape your data")
    if X.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} has dtype {X.dtype}")
    X = X.tocsr()
    target = _target_dtype(X.dtype, dtype)
    X = X if target is None else X.astype(target)
    _check_counts(X.shape, name, min_samples, min_features)
    _check_finite(X.data, name, allow_nan)
    return X


def _as_numeric(X, name, dtype):
    """`X` as an array of one of the dtypes asked for."""
    array = np.asarray(X)
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} has dtype {array.dtype}")
    if array.dtype.kind == "O" and hasattr(X, "to_numpy") and dtype is not None and hasattr(X, "isna"):
        array = X.to_numpy(dtype=np.float64, na_value=np.nan)  # a frame with its own missing values
    target = _target_dtype(array.dtype, dtype)
    if target is None:
        return array
    try:
        return array.astype(target, copy=False)
    except ValueError as error:
        raise ValueError(f"{name} must be numeric: {error}") from error
    except TypeError as error:
        raise TypeError(f"{name} must be numeric: {error}") from error


def _target_dtype(dtype, accepted):
    """The dtype to convert to: the own one if accepted, else the first accepted; None: leave it."""
    if accepted is None:
        return None
    accepted = [np.dtype(d) for d in (accepted if isinstance(accepted, (tuple, list)) else [accepted])]
    return dtype if dtype in accepted else accepted[0]


def _check_counts(shape, name, min_samples, min_features):
    if len(shape) == 0:
        raise ValueError(f"{name} must be an array, got a single number")
    if shape[0] < min_samples:
        raise ValueError(
            f"{name}: found array with {shape[0]} sample(s) (shape={shape}) while a minimum of {min_samples} "
            "is required."
        )
    if min_features and shape[1] < min_features:
        raise ValueError(
            f"{name}: found array with {shape[1]} feature(s) (shape={shape}) while a minimum of {min_features} "
            "is required."
        )


def _check_finite(array, name, allow_nan):
    if array.dtype.kind == "O":
        numbers = (item for item in array.ravel() if isinstance(item, (float, np.floating)))
        if any(np.isinf(item) or (item != item and not allow_nan) for item in numbers):
            raise ValueError(f"Input {name} contains {'infinity' if allow_nan else 'NaN or infinity'}")
        return
    if array.dtype.kind != "f":
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum()):  # one pass without a temporary; an infinite sum may still be of finite numbers
            return
    if not allow_nan and np.isnan(array).any():
        raise ValueError(f"Input {name} contains NaN.")
    if np.isinf(array).any():
        raise ValueError(f"Input {name} contains infinity or a value too large for {array.dtype!r}.")


def _check_lengths(X, other, name):
    if X.shape[0] != other.shape[0]:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"X has {X.shape[0]}, {name} has {other.shape[0]}"
        )
