"""All that npml knows of scikit-learn, which it never imports on its own.

An npml estimator works inside scikit-learn's pipelines and searches because it answers the same questions. Some
answers must be scikit-learn's own objects (tags, metadata requests, exceptions that its checks catch by class): they
are made here, inside functions that scikit-learn calls, or looked up in ``sys.modules`` where it is already loaded.
"""

import sys
from functools import cache, wraps

import numpy as np

__all__ = ["ConvergenceWarning", "NotFittedError", "convergence_warning"]

ROUTED_METHODS = ("fit", "partial_fit", "predict", "predict_proba", "transform", "score")


class NotFittedError(ValueError, AttributeError):
    """Raised when an estimator is used before `fit`; where scikit-learn is loaded it is caught as its error too."""

    def __reduce__(self):
        return not_fitted_error, self.args


class DataConversionWarning(UserWarning):
    """Says that data was reshaped or cast on the way in."""


class ConvergenceWarning(UserWarning):
    """Says that an iteration ended before it had settled."""


def not_fitted_error(message):
    """The error to raise: ours, and scikit-learn's at once where that is loaded."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), "NotFittedError", None)
    return NotFittedError(message) if theirs is None else _both(theirs)(message)


def data_conversion_warning():
    """The warning's class: scikit-learn's where that is loaded."""
    return getattr(sys.modules.get("sklearn.exceptions"), "DataConversionWarning", DataConversionWarning)


def convergence_warning():
    """The warning's class: scikit-learn's where that is loaded."""
    return getattr(sys.modules.get("sklearn.exceptions"), "ConvergenceWarning", ConvergenceWarning)


@cache
def _both(theirs):
    return type("NotFittedError", (NotFittedError, theirs), {"__module__": NotFittedError.__module__})


def make_tags(estimator, *, kind, allow_nan=False, sparse=False, two_d=True, **other):
    """scikit-learn's `Tags` for an estimator of this kind (classifier, regressor, transformer, clusterer or None).

    `other` holds what differs from the defaults: ``requires_y``, ``poor_score``, ``positive_only``,
    ``multi_output``, ``multi_class``, ``non_deterministic``, ``no_validation``, ``requires_fit``, ``preserves_dtype``,
    ``one_d_labels``, ``string``, ``categorical``, ``one_d``.
    """
    from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags, TransformerTags

    supervised = kind in ("classifier", "regressor")
    poor_score = other.get("poor_score", False)
    inputs = {key: other.get(key, False) for key in ("positive_only", "string", "categorical")}
    targets = {key: other.get(key, False) for key in ("multi_output", "one_d_labels")}
    preserves = other.get("preserves_dtype", ["float64", "float32"])
    return Tags(
        estimator_type=None if kind == "transformer" else kind,
        target_tags=TargetTags(required=other.get("requires_y", supervised), **targets),
        transformer_tags=TransformerTags(preserves_dtype=preserves) if hasattr(estimator, "transform") else None,
        classifier_tags=(
            ClassifierTags(poor_score=poor_score, multi_class=other.get("multi_class", True))
            if kind == "classifier"
            else None
        ),
        regressor_tags=RegressorTags(poor_score=poor_score) if kind == "regressor" else None,
        input_tags=InputTags(
            allow_nan=allow_nan, sparse=sparse, two_d_array=two_d, one_d_array=other.get("one_d", False), **inputs
        ),
        non_deterministic=other.get("non_deterministic", False),
        no_validation=other.get("no_validation", False),
        requires_fit=other.get("requires_fit", True),
    )


def make_metadata_request(estimator, wishes):
    """scikit-learn's `MetadataRequest`: what each method takes beyond X and y, and what `set_*_request` asked for."""
    from sklearn.utils.metadata_routing import MetadataRequest

    request = MetadataRequest(owner=estimator)
    for method in ROUTED_METHODS:
        for name in routed_parameters(estimator, method):
            getattr(request, method).add_request(param=name, alias=wishes.get(method, {}).get(name))
    return request


def routed_parameters(estimator, method):
    """Names of the metadata (``sample_weight``, ...) that a method takes."""
    from inspect import Parameter, signature

    function = getattr(type(estimator), method, None)
    if function is None:
        return []
    parameters = list(signature(function).parameters.values())[2:]
    kinds = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.kind not in kinds and p.name not in ("y", "Y")]


class SetOutput:
    """`set_output`: transformers that answer with data frames.

    Every subclass's ``transform`` and ``fit_transform`` are wrapped once, when the class is made.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in ("transform", "fit_transform"):
            if name in cls.__dict__:
                setattr(cls, name, _wrap_output(cls.__dict__[name]))

    def set_output(self, *, transform=None):
        """Choose what ``transform`` returns.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None
            Arrays, or data frames with ``get_feature_names_out()`` as columns; None changes nothing.

        Returns
        -------
        self
        """
        if transform not in (None, "default", "pandas", "polars"):
            raise ValueError(f"transform must be 'default', 'pandas' or 'polars', got {transform!r}")
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self


def _wrap_output(method):
    @wraps(method)
    def wrapped(self, X, *args, **kwargs):
        return _to_container(method(self, X, *args, **kwargs), X, self)

    return wrapped


def _to_container(data, X, estimator):
    wish = getattr(estimator, "_sklearn_output_config", {}).get("transform")
    if wish is None:
        sklearn = sys.modules.get("sklearn")
        wish = sklearn.get_config()["transform_output"] if hasattr(sklearn, "get_config") else "default"
    if wish == "default" or not hasattr(data, "shape"):
        return data
    if hasattr(data, "tocsr"):
        raise ValueError(
            f"{wish} output does not support sparse data: set the output to 'default' or ask for dense data"
        )
    columns = list(estimator.get_feature_names_out())
    if wish == "polars":
        import polars

        return polars.DataFrame(np.asarray(data), schema=columns, orient="row")
    import pandas

    if isinstance(data, pandas.DataFrame):
        return data.set_axis(columns, axis=1)
    return pandas.DataFrame(data, index=getattr(X, "index", None), columns=columns)
