"""Hyper-parameters that all trees share: what is accepted, and what they mean for the data at hand."""

from numbers import Integral, Real

import numpy as np

from .growing import Limits

__all__ = ["check_choice", "check_count", "check_number", "class_weights", "make_limits", "n_drawn_features"]


def make_limits(model, n_samples, total_weight):
    """The stopping rules of a model.

    Parameters
    ----------
    model : estimator
        With ``max_depth``, ``min_samples_split``, ... .
    n_samples : int
        Training samples: what fractions are of.
    total_weight : array-like (n_trees,)
        Weight of the samples of each tree: what ``min_weight_fraction_leaf`` is a fraction of.

    Returns
    -------
    Limits
    """
    leaf = _check_share("min_samples_leaf", model.min_samples_leaf, 1, n_samples)
    split = _check_share("min_samples_split", model.min_samples_split, 2, n_samples)
    fraction = check_number("min_weight_fraction_leaf", model.min_weight_fraction_leaf, 0.0, 0.5)
    depth, leaves = model.max_depth, model.max_leaf_nodes
    return Limits(
        max_depth=None if depth is None else check_count("max_depth", depth, 1),
        min_samples_split=max(split, 2),
        min_samples_leaf=leaf,
        min_weight_leaf=fraction * np.asarray(total_weight, np.float64) if fraction > 0 else None,
        min_impurity_decrease=check_number("min_impurity_decrease", model.min_impurity_decrease, 0.0),
        max_leaf_nodes=None if leaves is None else check_count("max_leaf_nodes", leaves, 2),
    )


def n_drawn_features(max_features, n_features):
    """How many features a node looks at: an int, a share, ``"sqrt"``, ``"log2"`` or None (all)."""
    if max_features is None:
        return n_features
    if isinstance(max_features, str):
        check_choice("max_features", max_features, ("sqrt", "log2"))
        return max(1, int(np.sqrt(n_features) if max_features == "sqrt" else np.log2(n_features)))
    if isinstance(max_features, Integral) and not isinstance(max_features, bool):
        return min(check_count("max_features", max_features, 1), n_features)
    share = check_number("max_features", max_features, 0.0, 1.0, exclusive=True)
    return max(1, int(share * n_features))


def class_weights(class_weight, classes, codes):
    """Weight of every sample by its class.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        Weight by label (1 where a label is not named); balanced: n / (n_classes * count).
    classes, codes : ndarray
        Labels and the class of every sample.

    Returns
    -------
    ndarray (n_samples,) or None
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str):
        check_choice("class_weight", class_weight, ("balanced",))
        counts = np.bincount(codes, minlength=len(classes))
        return (len(codes) / (len(classes) * np.maximum(counts, 1)))[codes]
    if not isinstance(class_weight, dict):
        raise ValueError(f"class_weight must be a dict, 'balanced' or None, got {class_weight!r}")
    weights = np.array([class_weight.get(label, 1.0) for label in classes.tolist()], np.float64)
    unknown = [label for label in class_weight if label not in classes.tolist()]
    if unknown and any(label not in class_weight for label in classes.tolist()):
        raise ValueError(f"class_weight names {unknown}, which are not among the classes {classes.tolist()}")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(f"class_weight must hold finite weights of at least 0, got {class_weight!r}")
    return weights[codes]


def check_choice(name, value, choices):
    """`value` if it is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {list(choices)}, got {value!r}")
    return value


def check_count(name, value, least):
    """An int of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an int, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)


def check_number(name, value, least, most=np.inf, exclusive=False):
    """A float in [least, most], or in (least, most]."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not (least < value if exclusive else least <= value) or not value <= most or not np.isfinite(value):
        bracket = "(" if exclusive else "["
        raise ValueError(f"{name} must be in {bracket}{least}, {most}], got {value}")
    return float(value)


def _check_share(name, value, least, n_samples):
    """A number of samples from an int, or from a fraction of `n_samples`."""
    if isinstance(value, Integral):
        return check_count(name, value, least)
    return int(np.ceil(check_number(name, value, 0.0, 1.0, exclusive=True) * n_samples))
