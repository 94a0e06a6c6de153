"""Figures of merit for classifications, regressions and clusterings.

Notation: y true and p predicted values of n samples with weights w_i; C_ij the weight of the samples of class i that
were predicted as class j.

    accuracy            sum_i C_ii / sum C                  balanced accuracy   mean over classes of C_ii / sum_j C_ij
    precision_k         C_kk / sum_i C_ik                   recall_k            C_kk / sum_j C_kj
    F_beta              (1 + b^2) P R / (b^2 P + R)         log loss            -mean log p(y)
    ROC area            P(score of a positive > score of a negative) + P(equal) / 2               Hanley & McNeil (1982)
    R^2                 1 - sum w (y - p)^2 / sum w (y - mean)^2
    adjusted Rand       (pairs joined in both - expected) / (mean pairs joined - expected)        Hubert & Arabie (1985)
    silhouette_i        (b_i - a_i) / max(a_i, b_i), a_i the mean distance inside the own cluster and b_i the
                        smallest mean distance to another one                                       Rousseeuw (1987)

References
----------
Hanley & McNeil (1982), "The meaning and use of the area under a ROC curve", Radiology 143(1), 29-36.
Hubert & Arabie (1985), "Comparing partitions", Journal of Classification 2, 193-218.
Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", J. Comput.
Appl. Math. 20, 53-65.
"""

import warnings

import numpy as np

from npml_core import check_array, check_sample_weight, encode_labels, pairwise_distances

__all__ = [
    "accuracy_score",
    "adjusted_rand_score",
    "balanced_accuracy_score",
    "confusion_matrix",
    "f1_score",
    "log_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "precision_recall_fscore_support",
    "r2_score",
    "roc_auc_score",
    "silhouette_score",
]

ROWS_PER_BLOCK = 1024


def accuracy_score(y_true, y_pred, *, normalize=True, sample_weight=None):
    """Share of the samples that are predicted right.

    Parameters
    ----------
    y_true, y_pred : array-like (n_samples,)
        Classes.
    normalize : bool, default=True
        Whether to return the share; otherwise the (weighted) number.
    sample_weight : array-like (n_samples,), optional
        Weights.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If lengths differ or there are no samples; here and below.

    Examples
    --------
    >>> from npml_classical.metrics import accuracy_score
    >>> accuracy_score([0, 1, 1, 0], [0, 1, 0, 0])
    0.75
    """
    y_true, y_pred, weights = _check_pair(y_true, y_pred, sample_weight)
    right = float(weights @ (y_true == y_pred))
    return right / float(weights.sum()) if normalize else right


def balanced_accuracy_score(y_true, y_pred, *, sample_weight=None, adjusted=False):
    """Mean over the classes of the share that is predicted right.

    Parameters
    ----------
    y_true, y_pred : array-like (n_samples,)
        Classes.
    sample_weight : array-like (n_samples,), optional
        Weights.
    adjusted : bool, default=False
        Whether to shift and scale, so that chance gives 0 and perfection 1.

    Returns
    -------
    float

    Examples
    --------
    >>> from npml_classical.metrics import balanced_accuracy_score
    >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 0, 0])
    0.5
    """
    matrix = confusion_matrix(y_true, y_pred, sample_weight=sample_weight)
    totals = matrix.sum(axis=1)
    recalls = np.diagonal(matrix)[totals > 0] / totals[totals > 0]
    score = float(recalls.mean())
    if not adjusted:
        return score
    chance = 1.0 / len(recalls)
    return (score - chance) / (1.0 - chance)


def confusion_matrix(y_true, y_pred, *, labels=None, sample_weight=None, normalize=None):
    """How often each class was predicted as each.

    Parameters
    ----------
    y_true, y_pred : array-like (n_samples,)
        Classes.
    labels : array-like (n_classes,), optional
        Classes and their order; None: all that occur, sorted. Samples of others are left out.
    sample_weight : array-like (n_samples,), optional
        Weights.
    normalize : {"true", "pred", "all"}, optional
        Whether to divide by the sums of the rows, of the columns, or of everything.

    Returns
    -------
    ndarray (n_classes, n_classes)
        C, of int64 where there are no weights.

    Examples
    --------
    >>> from npml_classical.metrics import confusion_matrix
    >>> confusion_matrix(["cat", "dog", "dog"], ["cat", "cat", "dog"])
    array([[1, 0],
           [1, 1]])
    """
    if normalize not in (None, "true", "pred", "all"):
        raise ValueError(f"normalize must be 'true', 'pred', 'all' or None, got {normalize!r}")
    y_true, y_pred, weights = _check_pair(y_true, y_pred, sample_weight)
    every, codes = encode_labels(np.concatenate([y_true, y_pred]), name="y_true and y_pred")
    wanted = every if labels is None else np.asarray(labels)
    if wanted.ndim != 1 or not len(wanted):
        raise ValueError(f"labels must be a non-empty vector, got {labels!r}")
    if labels is not None and not np.isin(wanted, y_true).any():
        raise ValueError("at least one of labels must be in y_true")
    place = np.full(len(every), -1)
    for i, label in enumerate(wanted.tolist()):
        place[every == label] = i
    row, column = place[codes[: len(y_true)]], place[codes[len(y_true) :]]
    used = (row >= 0) & (column >= 0)
    K = len(wanted)
    cells = np.bincount(row[used] * K + column[used], weights=weights[used], minlength=K * K)
    matrix = cells.reshape(K, K) if sample_weight is not None else cells.reshape(K, K).astype(np.int64)
    if normalize is None:
        return matrix
    total = {"true": matrix.sum(axis=1, keepdims=True), "pred": matrix.sum(axis=0), "all": matrix.sum()}[normalize]
    return matrix / np.where(total == 0, 1, total)


def precision_recall_fscore_support(
    y_true, y_pred, *, beta=1.0, labels=None, pos_label=1, average=None, sample_weight=None, zero_division="warn"
):
    """Precision, recall, F score and number of samples, by class or averaged.

    Parameters
    ----------
    y_true, y_pred : array-like (n_samples,)
        Classes.
    beta : float, default=1.0
        Weight of recall against precision.
    labels : array-like (n_classes,), optional
        Classes and their order; None: all that occur, sorted.
    pos_label : label, default=1
        The class that counts for ``average="binary"``.
    average : {"binary", "micro", "macro", "weighted"}, optional
        One class; over all samples; mean over the classes; mean weighted by their size; None: one figure a class.
    sample_weight : array-like (n_samples,), optional
        Weights.
    zero_division : {"warn", 0, 1, nan}, default="warn"
        What 0 / 0 is; "warn" is 0 with a warning.

    Returns
    -------
    precision, recall, fscore : float or ndarray (n_classes,)
    support : None or ndarray (n_classes,)

    Examples
    --------
    >>> from npml_classical.metrics import precision_recall_fscore_support
    >>> precision_recall_fscore_support([0, 1, 1, 1], [0, 1, 0, 1], average="macro")[:2]
    (0.75, 0.8333333333333333)
    """
    averages = (None, "binary", "micro", "macro", "weighted")
    if average not in averages:
        raise ValueError(f"average must be one of {averages}, got {average!r}")
    if not beta >= 0:
        raise ValueError(f"beta must not be negative, got {beta!r}")
    right, predicted, actual = _counts(y_true, y_pred, labels, sample_weight)
    if average == "binary":
        right, predicted, actual = (
            part[_positive(y_true, y_pred, pos_label, labels)] for part in (right, predicted, actual)
        )
    if average == "micro":
        right, predicted, actual = (part.sum(keepdims=True) for part in (right, predicted, actual))
    precision = _divide(right, predicted, "precision", zero_division)
    recall = _divide(right, actual, "recall", zero_division)
    squared = beta**2
    if np.isinf(beta):
        fscore = recall
    else:
        # (1 + b^2) tp / ((1 + b^2) tp + b^2 fn + fp): defined wherever anything was true or predicted
        fscore = _divide((1 + squared) * right, squared * actual + predicted, "F score", zero_division)
    if average is None:
        support = actual if sample_weight is not None else actual.astype(np.int64)
        return precision, recall, fscore, support
    if average == "weighted":
        total = actual.sum()
        weights = actual / total if total > 0 else np.full(len(actual), 1.0 / len(actual))
    else:
        weights = np.full(len(right), 1.0 / len(right))
    return *(_weighted(part, weights) for part in (precision, recall, fscore)), None


def f1_score(y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division="warn"):
    """Harmonic mean of precision and recall.

    Parameters
    ----------
    y_true, y_pred : array-like (n_samples,)
        Classes.
    labels, pos_label, average, sample_weight, zero_division
        As in `precision_recall_fscore_support`.

    Returns
    -------
    float or ndarray (n_classes,)

    Examples
    --------
    >>> from npml_classical.metrics import f1_score
    >>> f1_score([0, 1, 1, 1], [0, 1, 0, 1])
    0.8
    """
    return precision_recall_fscore_support(
        y_true,
        y_pred,
        labels=labels,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
        zero_division=zero_division,
    )[2]


def roc_auc_score(y_true, y_score, *, average="macro", sample_weight=None, multi_class="raise", labels=None):
    """Area under the receiver operating characteristic.

    Parameters
    ----------
    y_true : array-like (n_samples,)
        Classes.
    y_score : array-like (n_samples,) or (n_samples, n_classes)
        Scores of the larger of two classes, or of all classes (probabilities).
    average : {"macro", "weighted"}, default="macro"
        Mean over the classes or pairs, plain or by their size.
    sample_weight : array-like (n_samples,), optional
        Weights.
    multi_class : {"raise", "ovr", "ovo"}, default="raise"
        More than two classes: each against the rest, or each pair.
    labels : array-like (n_classes,), optional
        The classes of the columns, sorted; None: those of `y_true`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `y_true` holds one class only.

    Examples
    --------
    >>> from npml_classical.metrics import roc_auc_score
    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    scores = np.asarray(check_array(y_score, name="y_score", ensure_2d=False), dtype=np.float64)
    if average not in ("macro", "weighted"):
        raise ValueError(f"average must be 'macro' or 'weighted', got {average!r}")
    y_true = _check_vector(y_true, "y_true")
    classes, codes = encode_labels(y_true, name="y_true")
    weights = _check_weights(sample_weight, y_true)
    if len(scores) != len(codes):
        raise ValueError(f"y_true and y_score must have as many samples, got {len(codes)} and {len(scores)}")
    if scores.ndim == 2 and scores.shape[1] == 2 and len(classes) == 2 and labels is None:
        scores = scores[:, 1]
    if scores.ndim == 1:
        if len(classes) != 2:
            raise ValueError(f"y_true must hold 2 classes (y_score is a vector), got {len(classes)}")
        return _area(codes == 1, scores, weights)
    if labels is not None:
        classes = np.asarray(labels)
        codes = np.array([classes.tolist().index(label) for label in y_true.tolist()])
    if scores.shape[1] != len(classes):
        raise ValueError(f"y_score must have a column for each of the {len(classes)} classes, got {scores.shape[1]}")
    if not np.allclose(scores.sum(axis=1), 1.0):
        raise ValueError("y_score must hold probabilities: its rows must sum to 1")
    if multi_class not in ("ovr", "ovo"):
        raise ValueError(f"multi_class must be 'ovr' or 'ovo' for more than two classes, got {multi_class!r}")
    if multi_class == "ovo":
        return _area_of_pairs(codes, scores, len(classes), average)
    areas = [_area(codes == k, scores[:, k], weights) for k in range(len(classes))]
    sizes = np.bincount(codes, weights=weights, minlength=len(classes)) if average == "weighted" else None
    return float(np.average(areas, weights=sizes))


def log_loss(y_true, y_pred, *, normalize=True, sample_weight=None, labels=None):
    """Mean negative log-probability of the true class.

    Parameters
    ----------
    y_true : array-like (n_samples,)
        Classes.
    y_pred : array-like (n_samples,) or (n_samples, n_classes)
        Probabilities of the larger of two classes, or of all classes in sorted order; clipped to the smallest step
        of their dtype away from 0 and 1.
    normalize : bool, default=True
        Whether to return the mean; otherwise the sum.
    sample_weight : array-like (n_samples,), optional
        Weights.
    labels : array-like (n_classes,), optional
        All classes, where `y_true` does not hold every one.

    Returns
    -------
    float

    Examples
    --------
    >>> from npml_classical.metrics import log_loss
    >>> round(log_loss([0, 1], [[0.9, 0.1], [0.2, 0.8]]), 4)
    0.1643
    """
    p = check_array(y_pred, name="y_pred", ensure_2d=False)
    y_true = _check_vector(y_true, "y_true")
    classes = np.unique(y_true if labels is None else np.asarray(labels))
    if len(classes) < 2:
        raise ValueError(f"y_true holds only one class ({classes[0]!r}): pass all classes as labels")
    strangers = np.setdiff1d(y_true, classes)
    if len(strangers):
        raise ValueError(f"y_true holds {strangers.tolist()}, which labels do not name")
    if p.ndim == 1 or p.shape[1] == 1:
        p = np.column_stack([1.0 - p.ravel(), p.ravel()])
    if p.shape != (len(y_true), len(classes)):
        raise ValueError(f"y_pred must have shape {(len(y_true), len(classes))}, got {p.shape}")
    if p.min() < 0 or p.max() > 1:
        raise ValueError(f"y_pred must hold probabilities from 0 to 1, got {p.min()} to {p.max()}")
    weights = _check_weights(sample_weight, y_true)
    eps = np.finfo(p.dtype).eps
    total = p.sum(axis=1)
    if not np.allclose(total, 1.0, rtol=np.sqrt(eps)):
        warnings.warn("the rows of y_pred do not sum to 1", UserWarning, stacklevel=2)
    chosen = p[np.arange(len(p)), np.searchsorted(classes, y_true)]
    loss = -np.log(np.clip(chosen, eps, 1.0 - eps).astype(np.float64))
    return float(weights @ loss / weights.sum()) if normalize else float(weights @ loss)


def mean_squared_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Mean of (y - p)^2.

    Parameters
    ----------
    y_true, y_pred : array-like (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like (n_samples,), optional
        Weights.
    multioutput : {"uniform_average", "raw_values"} or array-like (n_outputs,), default="uniform_average"
        How outputs are averaged.

    Returns
    -------
    float or ndarray (n_outputs,)

    Examples
    --------
    >>> from npml_classical.metrics import mean_squared_error
    >>> mean_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    y_true, y_pred, weights = _check_targets(y_true, y_pred, sample_weight)
    return _average_outputs(weights @ (y_true - y_pred) ** 2 / weights.sum(), multioutput)


def mean_absolute_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Mean of |y - p|.

    Parameters
    ----------
    y_true, y_pred : array-like (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like (n_samples,), optional
        Weights.
    multioutput : {"uniform_average", "raw_values"} or array-like (n_outputs,), default="uniform_average"
        How outputs are averaged.

    Returns
    -------
    float or ndarray (n_outputs,)

    Examples
    --------
    >>> from npml_classical.metrics import mean_absolute_error
    >>> mean_absolute_error([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    y_true, y_pred, weights = _check_targets(y_true, y_pred, sample_weight)
    return _average_outputs(weights @ np.abs(y_true - y_pred) / weights.sum(), multioutput)


def r2_score(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Coefficient of determination.

    Parameters
    ----------
    y_true, y_pred : array-like (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like (n_samples,), optional
        Weights.
    multioutput : {"uniform_average", "raw_values", "variance_weighted"} or array-like, default="uniform_average"
        How outputs are averaged.

    Returns
    -------
    float or ndarray (n_outputs,)
        A constant target gives 1 if it is met exactly and 0 otherwise; NaN for a single sample.

    Examples
    --------
    >>> from npml_classical.metrics import r2_score
    >>> r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    y_true, y_pred, weights = _check_targets(y_true, y_pred, sample_weight)
    if len(y_true) < 2:
        warnings.warn("R^2 is not defined for fewer than two samples", UserWarning, stacklevel=2)
        return np.nan
    residual = weights @ (y_true - y_pred) ** 2
    total = weights @ (y_true - weights @ y_true / weights.sum()) ** 2
    constant = (y_true == y_true[0]).all(axis=0)  # rounding of the mean must not decide
    scores = np.where(constant, np.where(residual == 0, 1.0, 0.0), 1.0 - residual / np.where(constant, 1.0, total))
    if isinstance(multioutput, str) and multioutput == "variance_weighted":
        return float(np.average(scores, weights=total)) if total.any() else float(scores.mean())
    return _average_outputs(scores, multioutput)


def adjusted_rand_score(labels_true, labels_pred):
    """Agreement of two clusterings, corrected for chance.

    Parameters
    ----------
    labels_true, labels_pred : array-like (n_samples,)
        Clusters.

    Returns
    -------
    float
        1 for the same partition, about 0 for independent ones.

    Examples
    --------
    >>> from npml_classical.metrics import adjusted_rand_score
    >>> adjusted_rand_score([0, 0, 1, 1], [1, 1, 0, 0])
    1.0
    """
    labels_true, labels_pred, _ = _check_pair(labels_true, labels_pred, None, ("labels_true", "labels_pred"))
    _, a = np.unique(labels_true, return_inverse=True)
    _, b = np.unique(labels_pred, return_inverse=True)
    a, b = a.ravel(), b.ravel()
    cells = np.unique(a * (b.max() + 1) + b, return_counts=True)[1]
    together, in_a, in_b = (_pairs(counts) for counts in (cells, np.bincount(a), np.bincount(b)))
    every = _pairs(np.array([len(a)]))
    expected = in_a * in_b / every if every else 0.0
    most = 0.5 * (in_a + in_b)
    return 1.0 if most == expected else float((together - expected) / (most - expected))


def silhouette_score(X, labels, *, metric="euclidean", **metric_kw):
    """Mean silhouette: how much nearer samples are to their own cluster than to the next one.

    Parameters
    ----------
    X : array-like (n_samples, n_features)
        Samples.
    labels : array-like (n_samples,)
        Their clusters, from 2 to n_samples - 1 of them.
    metric : str or callable, default="euclidean"
        A metric of `npml_core.pairwise_distances`.
    **metric_kw
        For the metric.

    Returns
    -------
    float
        From -1 to 1; the only sample of a cluster counts as 0.

    Examples
    --------
    >>> from npml_classical.metrics import silhouette_score
    >>> round(silhouette_score([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1]), 4)
    0.8997
    """
    X = check_array(X)
    labels = _check_vector(labels, "labels")
    if len(labels) != len(X):
        raise ValueError(f"X and labels must have as many samples, got {len(X)} and {len(labels)}")
    clusters, codes = np.unique(labels, return_inverse=True)
    codes, K = codes.ravel(), len(clusters)
    if not 2 <= K <= len(X) - 1:
        raise ValueError(f"labels must name 2 to n_samples - 1 = {len(X) - 1} clusters, got {K}")
    one_hot = (codes[:, None] == np.arange(K)).astype(np.float64)
    sizes = one_hot.sum(axis=0)
    values = np.empty(len(X))
    for start in range(0, len(X), ROWS_PER_BLOCK):
        part = slice(start, start + ROWS_PER_BLOCK)
        sums = pairwise_distances(X[part], X, metric=metric, **metric_kw) @ one_hot
        rows, own = np.arange(len(sums)), codes[part]
        inside = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
        means = sums / sizes
        means[rows, own] = np.inf
        outside = means.min(axis=1)
        larger = np.maximum(inside, outside)
        value = np.where(larger > 0, (outside - inside) / np.where(larger > 0, larger, 1.0), 0.0)
        values[part] = np.where(sizes[own] > 1, value, 0.0)
    return float(values.mean())


def _check_vector(y, name):
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or not len(y):
        raise ValueError(f"{name} must be a non-empty vector, got shape {y.shape}")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"{name} contains NaN or infinity")
    return y


def _check_weights(sample_weight, y):
    return check_sample_weight(sample_weight, np.empty((len(y), 1))).astype(np.float64)


def _check_pair(y_true, y_pred, sample_weight, names=("y_true", "y_pred")):
    y_true, y_pred = _check_vector(y_true, names[0]), _check_vector(y_pred, names[1])
    if len(y_true) != len(y_pred):
        raise ValueError(f"{names[0]} and {names[1]} must have as many samples, got {len(y_true)} and {len(y_pred)}")
    return y_true, y_pred, _check_weights(sample_weight, y_true)


def _check_targets(y_true, y_pred, sample_weight):
    y_true = check_array(y_true, name="y_true", ensure_2d=False, dtype=np.float64)
    y_pred = check_array(y_pred, name="y_pred", ensure_2d=False, dtype=np.float64)
    y_true, y_pred = y_true.reshape(len(y_true), -1), y_pred.reshape(len(y_pred), -1)
    if y_true.shape != y_pred.shape:
        raise ValueError(f"y_true and y_pred must have the same shape, got {y_true.shape} and {y_pred.shape}")
    return y_true, y_pred, _check_weights(sample_weight, y_true)


def _average_outputs(values, multioutput):
    if isinstance(multioutput, str):
        if multioutput not in ("uniform_average", "raw_values"):
            raise ValueError(f"multioutput must be 'uniform_average', 'raw_values' or weights, got {multioutput!r}")
        return values if multioutput == "raw_values" else float(values.mean())
    return float(np.average(values, weights=multioutput))


def _counts(y_true, y_pred, labels, sample_weight):
    """Weight of the samples that are right, predicted and actual, for each class (all samples count)."""
    y_true, y_pred, weights = _check_pair(y_true, y_pred, sample_weight)
    every, codes = encode_labels(np.concatenate([y_true, y_pred]), name="y_true and y_pred")
    true, predicted = codes[: len(y_true)], codes[len(y_true) :]
    sums = [
        np.bincount(true[true == predicted], weights=weights[true == predicted], minlength=len(every)),
        np.bincount(predicted, weights=weights, minlength=len(every)),
        np.bincount(true, weights=weights, minlength=len(every)),
    ]
    if labels is None:
        return sums
    table = {label: i for i, label in enumerate(every.tolist())}
    places = [table.get(label) for label in np.asarray(labels).tolist()]
    return [np.array([0.0 if i is None else part[i] for i in places]) for part in sums]


def _positive(y_true, y_pred, pos_label, labels):
    """Where the positive class stands, as a slice of length 1."""
    present = np.unique(np.concatenate([np.asarray(y_true).ravel(), np.asarray(y_pred).ravel()]))
    if len(present) > 2:
        raise ValueError(f"average='binary' needs two classes, got {present.tolist()}: choose another average")
    every = present.tolist() if labels is None else np.asarray(labels).tolist()
    if pos_label not in every:
        if len(every) >= 2 or labels is not None:
            raise ValueError(f"pos_label={pos_label!r} is not one of the classes {every}")
        return slice(len(every), len(every))
    i = every.index(pos_label)
    return slice(i, i + 1)


def _divide(numerator, denominator, name, zero_division):
    if not len(denominator):  # the positive class does not occur at all
        numerator, denominator = np.zeros(1), np.zeros(1)
    empty = denominator == 0
    if empty.any() and isinstance(zero_division, str):
        if zero_division != "warn":
            raise ValueError(f"zero_division must be 'warn', 0, 1 or nan, got {zero_division!r}")
        warnings.warn(f"{name} is 0 / 0 for a class and was set to 0", UserWarning, stacklevel=3)
    value = 0.0 if isinstance(zero_division, str) else float(zero_division)
    return np.where(empty, value, numerator / np.where(empty, 1.0, denominator))


def _weighted(values, weights):
    """Mean over the classes; those that are NaN are left out."""
    known = ~np.isnan(values)
    if not known.any() or not weights[known].any():
        return float("nan") if not known.any() else 0.0
    return float(np.average(values[known], weights=weights[known]))


def _area(positive, scores, weights):
    """Sum over positives of the weight of the negatives below them, ties half, by ranks."""
    if positive.all() or not positive.any():
        raise ValueError("y_true must hold two classes: the area under the curve is not defined for one")
    _, rank = np.unique(scores, return_inverse=True)
    rank = rank.ravel()
    up = np.bincount(rank, weights=weights * positive)
    down = np.bincount(rank, weights=weights * ~positive)
    below = np.cumsum(down) - 0.5 * down
    return float(up @ below / (up.sum() * down.sum()))


def _area_of_pairs(codes, scores, K, average):
    """Hand & Till (2001): mean over pairs of classes of the area among their samples, both ways."""
    areas, sizes = [], []
    for i in range(K):
        for j in range(i + 1, K):
            among = (codes == i) | (codes == j)
            ones = np.ones(among.sum())
            first = _area(codes[among] == i, scores[among, i], ones)
            second = _area(codes[among] == j, scores[among, j], ones)
            areas.append(0.5 * (first + second))
            sizes.append(among.mean())
    return float(np.average(areas, weights=sizes if average == "weighted" else None))


def _pairs(counts):
    counts = counts.astype(np.float64)
    return float((counts * (counts - 1.0)).sum() / 2.0)
