"""Features by name as columns by hash: no vocabulary, nothing to learn, any number of names.

The signed 32-bit hash h of a name chooses column |h| mod D and, with `alternate_sign`, the sign of h, so that names
that meet in a column cancel in expectation and inner products stay unbiased (Weinberger et al., eq. 1).

The names become numbers by a dictionary, so that each is hashed once, however often it occurs. O(total features).

References
----------
Weinberger, Dasgupta, Langford, Smola & Attenberg (2009), "Feature hashing for large scale multitask learning", ICML.
https://arxiv.org/abs/0902.2206
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain
from numbers import Integral
from typing import Any

import numpy as np

from npml_core import BaseEstimator

from .murmur import murmurhash3

__all__ = ["FeatureHasher"]


class FeatureHasher(BaseEstimator):
    """A matrix with a row for every sample, from names and values.

    Parameters
    ----------
    n_features : int, default=2**20
        Number of columns D.
    input_type : {"dict", "pair", "string"}, default="dict"
        What a sample is: a mapping from names to values, pairs (name, value), or names with value 1 each. A value that
        is a str makes the name "name=value", with value 1.
    dtype : dtype, default=float64
        Of the matrix.
    alternate_sign : bool, default=True
        Whether the hash also chooses a sign.

    Examples
    --------
    >>> from npml_preproc import FeatureHasher
    >>> FeatureHasher(n_features=10).transform([{"dog": 1, "cat": 2, "elephant": 4}, {"dog": 2, "run": 5}]).toarray()
    array([[ 0.,  0., -4., -1.,  0.,  0.,  0.,  0.,  0.,  2.],
           [ 0.,  0.,  0., -2., -5.,  0.,  0.,  0.,  0.,  0.]])
    """

    _kind = "transformer"
    _tags = {"two_d": False, "string": True, "requires_fit": False}

    def __init__(
        self,
        n_features: int = 2**20,
        *,
        input_type: str = "dict",
        dtype: Any = np.float64,
        alternate_sign: bool = True,
    ):
        self.n_features = n_features
        self.input_type = input_type
        self.dtype = dtype
        self.alternate_sign = alternate_sign

    def fit(self, X: Any = None, y: Any = None) -> "FeatureHasher":
        """Check the options; there is nothing to learn.

        Parameters
        ----------
        X, y : ignored
            There so that pipelines can pass them.

        Returns
        -------
        self
        """
        self._check_options()
        return self

    def transform(self, raw_X: Iterable) -> Any:
        """Hash the samples.

        Parameters
        ----------
        raw_X : iterable
            The samples; read once.

        Returns
        -------
        CSR matrix (n_samples, n_features)

        Raises
        ------
        ValueError
            For no sample, or a sample that is a single str.
        TypeError
            For a name that is no str, or a value that is no number.
        """
        from scipy import sparse

        self._check_options()
        numbers, values, lengths, names = _number_names(raw_X, self.input_type, self.dtype)
        if not len(lengths):
            raise ValueError("Cannot vectorize empty sequence.")
        hashes = murmurhash3([_name_as_bytes(name) for name in names]).astype(np.int64)
        columns, signs = np.abs(hashes) % self.n_features, np.where(hashes < 0, -1, 1)
        data = np.ones(len(numbers), self.dtype) if values is None else values
        if self.alternate_sign:
            data = data * signs.astype(self.dtype).take(numbers)
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        kind = np.int32 if len(numbers) <= np.iinfo(np.int32).max else np.int64
        parts = (data, columns.astype(kind).take(numbers), indptr.astype(kind))
        matrix = sparse.csr_matrix(parts, shape=(len(lengths), self.n_features))
        matrix.sum_duplicates()
        return matrix

    def fit_transform(self, X: Iterable, y: Any = None) -> Any:
        """Hash the samples.

        Parameters
        ----------
        X : iterable
            The samples.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        CSR matrix (n_samples, n_features)
        """
        return self.transform(X)

    def _check_options(self):
        D = self.n_features
        if isinstance(D, bool) or not isinstance(D, Integral) or not 1 <= D < 2**31:
            raise ValueError(f"n_features must be an int from 1 to 2^31 - 1, got {D!r}")
        if self.input_type not in ("dict", "pair", "string"):
            raise ValueError(f"input_type must be 'dict', 'pair' or 'string', got {self.input_type!r}")


def _number_names(raw_X, input_type, dtype):
    """A number for the name of every feature of every sample, the values, how many each sample has, the names."""
    table = defaultdict()
    table.default_factory = table.__len__
    lengths = []
    if input_type == "string":
        names_of_each = chain.from_iterable(_counted(map(_names, raw_X), lengths))
        numbers = np.fromiter(map(table.__getitem__, names_of_each), np.int64)
        return numbers, None, lengths, list(table)
    pairs_of_each = map(_dict_pairs if input_type == "dict" else _pairs, raw_X)
    pairs = list(chain.from_iterable(_counted(pairs_of_each, lengths)))
    names, values = zip(*pairs) if pairs else ((), ())
    numbers = np.fromiter(map(table.__getitem__, names), np.int64, len(names))
    return numbers, _as_numbers(values, names, dtype), lengths, list(table)


def _counted(samples, lengths):
    for sample in samples:
        lengths.append(len(sample))
        yield sample


def _names(sample):
    if isinstance(sample, str):
        raise ValueError("Samples can not be a single string. The input must be an iterable over iterables of strings.")
    return sample if hasattr(sample, "__len__") else list(sample)


def _dict_pairs(sample):
    if not isinstance(sample, Mapping):
        raise TypeError(f"a sample must be a mapping from names to values, got {type(sample).__name__}")
    return _pairs(sample.items())


def _pairs(sample):
    try:
        pairs = [
            (f"{_name_as_text(name)}={value}", 1) if isinstance(value, str) else (name, value) for name, value in sample
        ]
    except ValueError as error:
        raise ValueError(f"a sample must hold pairs (name, value), got {sample!r:.80}") from error
    return [pair for pair in pairs if not (isinstance(pair[1], int | float) and pair[1] == 0)]


def _as_numbers(values, names, dtype):
    for name, value in zip(names, values):
        if not isinstance(value, int | float | np.number | np.bool_):
            raise TypeError(f"the value of {name!r} must be a number or a str, got {type(value).__name__}")
    return np.array(values, dtype=dtype)


def _name_as_bytes(name):
    return name if isinstance(name, bytes) else _name_as_text(name).encode()


def _name_as_text(name):
    if not isinstance(name, str):
        raise TypeError(f"feature names must be strings, got {name!r} of type {type(name).__name__}")
    return name
