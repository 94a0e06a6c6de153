"""Conventions of an estimator: what a model must answer so that people can use it where they use scikit-learn.

* ``__init__`` takes keyword hyper-parameters and stores them unchanged: they are the class's signature.
* ``fit`` checks its input, computes into local names, and assigns what it learned at its very end, to names that end in
  ``_``: a fit that fails leaves the object as it was.
* everything else calls ``self._check_input(X)`` first.

Example of the whole pattern::

    class Scaler(TransformerMixin, BaseEstimator):
        def __init__(self, with_mean=True):
            self.with_mean = with_mean

        def fit(self, X, y=None):
            data = check_array(X)
            mean = data.mean(axis=0) if self.with_mean else np.zeros(data.shape[1])
            self._record_features(X)
            self.mean_ = mean
            return self

        def transform(self, X):
            return self._check_input(X) - self.mean_

The class attribute ``_tags`` names what differs from the defaults (``_sklearn.make_tags`` lists the words).

References
----------
Buitinck et al. (2013), "API design for machine learning software", ECML PKDD workshop. https://arxiv.org/abs/1309.0238
"""

import copy
import warnings

import numpy as np

from ._sklearn import (
    NotFittedError,
    SetOutput,
    make_metadata_request,
    make_tags,
    not_fitted_error,
    routed_parameters,
)
from .persistence import Storable
from .validation import check_array

__all__ = [
    "BaseEstimator",
    "ClassifierMixin",
    "ClusterMixin",
    "NotFittedError",
    "RegressorMixin",
    "TransformerMixin",
    "check_is_fitted",
    "clone",
]


class BaseEstimator(Storable):
    """Hyper-parameters, checks of the input, and the answers scikit-learn asks for.

    Examples
    --------
    >>> from npml_core import BaseEstimator
    >>> class Model(BaseEstimator):
    ...     def __init__(self, depth=3, rate=0.1):
    ...         self.depth, self.rate = depth, rate
    >>> Model(depth=5).set_params(rate=0.5).get_params()
    {'depth': 5, 'rate': 0.5}
    """

    _kind: str | None = None
    _tags: dict = {}

    @classmethod
    def _parameter_names(cls):
        return sorted(_defaults(cls))

    def get_params(self, deep=True):
        """Hyper-parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include those of estimators inside, as ``inner__name``.

        Returns
        -------
        dict
        """
        params = {}
        for name in self._parameter_names():
            value = getattr(self, name)
            if deep and hasattr(value, "get_params") and not isinstance(value, type):
                params.update({f"{name}__{key}": inner for key, inner in value.get_params().items()})
            params[name] = value
        return params

    def set_params(self, **params):
        """Change hyper-parameters; ``inner__name`` reaches into an estimator inside.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For a name that the estimator does not have; nothing is changed then.
        """
        names = self._parameter_names()
        for key in params:
            if key.partition("__")[0] not in names:
                raise ValueError(f"Invalid parameter {key!r} for {self!r}. Valid parameters are: {names}")
        nested: dict = {}
        for key, value in params.items():
            name, _, rest = key.partition("__")
            if rest:
                nested.setdefault(name, {})[rest] = value
            else:
                setattr(self, name, value)
        for name, inner in nested.items():
            getattr(self, name).set_params(**inner)
        return self

    def __repr__(self):
        changed = (
            f"{name}={getattr(self, name)!r}"
            for name, default in _defaults(type(self)).items()
            if not _same(getattr(self, name, None), default)
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self):
        return make_tags(self, kind=self._kind, **self._tags)

    def get_metadata_routing(self):
        """What scikit-learn may route to each method (``sample_weight``), as its `MetadataRequest`."""
        return make_metadata_request(self, getattr(self, "_metadata_request", {}))

    def set_fit_request(self, **wishes):
        """Ask scikit-learn's metadata routing to pass, say, ``sample_weight=True`` on to `fit`."""
        return self._set_request("fit", wishes)

    def set_partial_fit_request(self, **wishes):
        """Ask scikit-learn's metadata routing to pass, say, ``sample_weight=True`` on to `partial_fit`."""
        return self._set_request("partial_fit", wishes)

    def set_predict_request(self, **wishes):
        """Ask scikit-learn's metadata routing to pass, say, ``return_std=True`` on to `predict`."""
        return self._set_request("predict", wishes)

    def set_score_request(self, **wishes):
        """Ask scikit-learn's metadata routing to pass, say, ``sample_weight=True`` on to `score`."""
        return self._set_request("score", wishes)

    def _set_request(self, method, wishes):
        known = routed_parameters(self, method)
        for name in wishes:
            if name not in known:
                raise TypeError(f"Unexpected args: {name!r} in set_{method}_request; {method} takes {known}")
        requests = copy.deepcopy(getattr(self, "_metadata_request", {}))
        requests.setdefault(method, {}).update(wishes)
        self._metadata_request = requests
        return self

    def _record_features(self, X):
        """Remember the number and, for data frames, the names of the features: called at the end of `fit`."""
        names = _feature_names(X)
        self.n_features_in_ = int(X.shape[1] if hasattr(X, "shape") else np.asarray(X).shape[1])
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _check_input(self, X, **options):
        """`X` as a checked array with the features that `fit` saw; `options` are those of `check_array`."""
        check_is_fitted(self)
        self._check_feature_names(X)
        array = check_array(X, **options)
        if array.ndim == 2 and array.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {array.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} "
                "features as input"
            )
        return array

    def _check_feature_names(self, X):
        seen, names, me = getattr(self, "feature_names_in_", None), _feature_names(X), type(self).__name__
        if seen is None and names is not None:
            warnings.warn(f"X has feature names, but {me} was fitted without feature names", UserWarning, stacklevel=4)
        if seen is not None and names is None:
            message = f"X does not have valid feature names, but {me} was fitted with feature names"
            warnings.warn(message, UserWarning, stacklevel=4)
        if seen is None or names is None or (len(seen) == len(names) and (seen == names).all()):
            return
        unseen, missing = sorted(set(names) - set(seen)), sorted(set(seen) - set(names))
        message = "The feature names should match those that were passed during fit.\n"
        if unseen:
            message += "Feature names unseen at fit time:\n" + _bullets(unseen)
        if missing:
            message += "Feature names seen at fit time, yet now missing:\n" + _bullets(missing)
        if not unseen and not missing:
            message += "Feature names must be in the same order as they were in fit.\n"
        raise ValueError(message)


class ClassifierMixin:
    """`score` is the accuracy."""

    _kind: str | None = "classifier"

    def score(self, X, y, sample_weight=None):
        """Mean accuracy: the (weighted) share of samples whose predicted class is `y`.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,)
            Their classes.
        sample_weight : array-like (n_samples,), optional
            Weights of the samples.

        Returns
        -------
        float
        """
        return float(np.average(self.predict(X) == np.asarray(y).ravel(), weights=sample_weight))


class RegressorMixin:
    """`score` is the coefficient of determination."""

    _kind: str | None = "regressor"

    def score(self, X, y, sample_weight=None):
        """R^2 = 1 - sum w (y - f(x))^2 / sum w (y - mean)^2, averaged over several outputs.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,) or (n_samples, n_outputs)
            Their targets.
        sample_weight : array-like (n_samples,), optional
            Weights of the samples.

        Returns
        -------
        float
            1 is perfect; a constant target gives 1 if it is met exactly and 0 otherwise.
        """
        y = np.asarray(y, dtype=np.float64)
        y = y.reshape(len(y), -1)
        predicted = np.asarray(self.predict(X), dtype=np.float64).reshape(y.shape)
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        residual = weight @ (y - predicted) ** 2
        total = weight @ (y - np.average(y, axis=0, weights=weight)) ** 2
        constant = (y == y[0]).all(axis=0)  # rounding of the mean must not decide
        scores = np.where(constant, np.where(residual == 0, 1.0, 0.0), 1.0 - residual / np.where(constant, 1.0, total))
        return float(scores.mean())


class ClusterMixin:
    """`fit_predict` gives the labels of the training samples."""

    _kind: str | None = "clusterer"

    def fit_predict(self, X, y=None, **kwargs):
        """Fit and return the cluster of every sample.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : ignored
            There so that pipelines can pass it.
        **kwargs
            For `fit`.

        Returns
        -------
        ndarray of int (n_samples,)
        """
        return self.fit(X, **kwargs).labels_


class TransformerMixin(SetOutput):
    """`fit_transform`, `set_output` and `get_feature_names_out`."""

    _kind: str | None = "transformer"

    def fit_transform(self, X, y=None, **fit_params):
        """Fit, then transform the same data.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,), optional
            Targets, for transformers that use them.
        **fit_params
            For `fit`.

        Returns
        -------
        ndarray (n_samples, n_features_out)
        """
        fitted = self.fit(X, **fit_params) if y is None else self.fit(X, y, **fit_params)
        return fitted.transform(X)

    def get_feature_names_out(self, input_features=None):
        """Names of the columns of the output.

        Transformers with ``_n_features_out`` name them after the class (``pca0``, ``pca1``, ...), others keep the
        names of the input.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the input; the default is ``feature_names_in_``, else ``x0``, ``x1``, ...

        Returns
        -------
        ndarray of object (n_features_out,)
        """
        check_is_fitted(self)
        names = self._input_names(input_features)
        if hasattr(self, "_n_features_out"):
            prefix = type(self).__name__.lower()
            names = [f"{prefix}{i}" for i in range(self._n_features_out)]
        return np.asarray(names, dtype=object)

    def _input_names(self, input_features):
        seen = getattr(self, "feature_names_in_", None)
        if input_features is None:
            return [f"x{i}" for i in range(self.n_features_in_)] if seen is None else seen
        names = np.asarray(input_features, dtype=object)
        if seen is not None and not np.array_equal(seen, names):
            raise ValueError("input_features is not equal to feature_names_in_")
        if len(names) != self.n_features_in_:
            raise ValueError(
                "input_features should have length equal to number of features "
                f"({self.n_features_in_}), got {len(names)}"
            )
        return names


def check_is_fitted(estimator, attributes=None):
    """Raise `NotFittedError` unless `fit` was called.

    Parameters
    ----------
    estimator : object
        With learned attributes that end in ``_``.
    attributes : str or sequence of str, optional
        What must be there; the default is any learned attribute.

    Raises
    ------
    NotFittedError
        A `ValueError` and an `AttributeError`.

    Examples
    --------
    >>> from npml_core import BaseEstimator, check_is_fitted
    >>> check_is_fitted(BaseEstimator())
    Traceback (most recent call last):
    ...
    npml_core._sklearn.NotFittedError: This BaseEstimator instance is not fitted yet: call 'fit' first
    """
    if attributes is None:
        fitted = any(name.endswith("_") and not name.startswith("__") for name in vars(estimator))
    else:
        wanted = [attributes] if isinstance(attributes, str) else attributes
        fitted = all(hasattr(estimator, name) for name in wanted)
    if not fitted:
        raise not_fitted_error(f"This {type(estimator).__name__} instance is not fitted yet: call 'fit' first")


def clone(estimator):
    """A new, unfitted estimator with the same hyper-parameters (estimators among them are cloned too).

    Parameters
    ----------
    estimator : BaseEstimator
        What to copy.

    Returns
    -------
    BaseEstimator

    Examples
    --------
    >>> from npml_core import BaseEstimator, clone
    >>> clone(BaseEstimator())
    BaseEstimator()
    """
    params = estimator.get_params(deep=False)
    inner = {k: clone(v) if hasattr(v, "get_params") and not isinstance(v, type) else v for k, v in params.items()}
    return type(estimator)(**{key: copy.deepcopy(value) for key, value in inner.items()})


def _defaults(cls):
    """The hyper-parameters of a class: name -> default value, in the order of the signature."""
    from inspect import Parameter, signature  # as long to import as half of this package

    variadic = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    parameters = list(signature(cls.__init__).parameters.values())[1:]
    return {p.name: p.default for p in parameters if p.kind not in variadic}


def _feature_names(X):
    """Column names of a data frame, None for anything else."""
    columns = getattr(X, "columns", None)
    if columns is None:
        return None
    kinds = sorted({type(name).__name__ for name in columns})
    if kinds == ["str"]:
        return np.asarray(list(columns), dtype=object)
    if "str" in kinds:
        raise TypeError(f"Feature names are only supported if all input features have string names, but X has {kinds}")
    return None


def _bullets(names):
    shown = "".join(f"- {name}\n" for name in names[:5])
    return shown + ("- ...\n" if len(names) > 5 else "")


def _same(value, default):
    """Whether a hyper-parameter has its default value (arrays compare to no default)."""
    try:
        return value is default or bool(value == default) or (value != value and default != default)
    except (ValueError, TypeError):
        return False
