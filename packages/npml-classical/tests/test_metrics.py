"""Figures of merit: what they are worked out by hand, and bad input. (Parity with scikit-learn is tested apart.)"""

import numpy as np
import pytest

from npml_classical import metrics


def test_area_counts_pairs():
    rng = np.random.default_rng(0)
    y, scores = rng.integers(0, 2, 40), rng.integers(0, 5, 40)
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[y == 1] for b in scores[y == 0]]
    assert metrics.roc_auc_score(y, scores) == pytest.approx(np.mean(pairs))


def test_adjusted_rand_counts_pairs():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 3, 30), rng.integers(0, 4, 30)
    first, second = (np.equal.outer(x, x)[np.triu_indices(30, 1)] for x in (a, b))
    expected = first.sum() * second.sum() / len(first)
    score = ((first & second).sum() - expected) / (0.5 * (first.sum() + second.sum()) - expected)
    assert metrics.adjusted_rand_score(a, b) == pytest.approx(score)


def test_zero_over_zero():
    with pytest.warns(UserWarning, match="precision is 0 / 0"):
        metrics.precision_recall_fscore_support([0, 1], [0, 0])
    precision = metrics.precision_recall_fscore_support([0, 1], [0, 0], zero_division=1)[0]
    assert precision.tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.accuracy_score([], []), "y_true must be a non-empty"),
        (lambda: metrics.accuracy_score([1], [1, 2]), "got 1 and 2"),
        (lambda: metrics.accuracy_score([1.0, np.nan], [1, 2]), "y_true contains NaN"),
        (lambda: metrics.accuracy_score([1, 2], [1, 2], sample_weight=[1, -1]), "sample_weight"),
        (lambda: metrics.confusion_matrix([1], [1], normalize="rows"), "normalize"),
        (lambda: metrics.confusion_matrix([1], [1], labels=[7]), "labels"),
        (lambda: metrics.f1_score([0, 1, 2], [0, 1, 2]), "needs two classes"),
        (lambda: metrics.f1_score([0, 1], [0, 1], pos_label=9), "pos_label"),
        (lambda: metrics.f1_score([0, 1], [0, 1], average="mean"), "average"),
        (lambda: metrics.roc_auc_score([1, 1], [0.1, 0.2]), "2 classes"),
        (lambda: metrics.roc_auc_score([0, 1], [0.1, np.nan]), "y_score contains NaN"),
        (lambda: metrics.roc_auc_score([0, 1, 2], np.eye(3)), "multi_class"),
        (lambda: metrics.log_loss([0, 0], [0.1, 0.2]), "only one class"),
        (lambda: metrics.log_loss([0, 1], [0.1, 1.2]), "from 0 to 1"),
        (lambda: metrics.mean_squared_error([1.0], [[1.0, 2.0]]), "same shape"),
        (lambda: metrics.mean_squared_error([np.inf], [1.0]), "y_true contains infinity"),
        (lambda: metrics.r2_score([1.0, 2.0], [1.0, 2.0], multioutput="best"), "multioutput"),
        (lambda: metrics.silhouette_score([[0.0], [1.0]], [0, 0]), "labels must name"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
