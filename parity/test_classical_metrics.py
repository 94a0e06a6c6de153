"""Figures of merit against scikit-learn's."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical import metrics

rng = np.random.default_rng(0)
n = 200
BINARY = rng.integers(0, 2, n), rng.integers(0, 2, n)
MULTI = rng.integers(0, 4, n), rng.integers(0, 5, n)
WORDS = np.array(["a", "b", "c"])[rng.integers(0, 3, n)], np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
WEIGHTS = rng.random(n)


@pytest.mark.parametrize("pair", [BINARY, MULTI, WORDS], ids=["binary", "multi", "words"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
class TestClasses:
    def test_accuracies(self, pair, weights):
        for name in ("accuracy_score", "confusion_matrix"):
            ours, theirs = getattr(metrics, name), getattr(sk, name)
            np.testing.assert_allclose(ours(*pair, sample_weight=weights), theirs(*pair, sample_weight=weights))
        seen = np.isin(pair[1], pair[0])  # the peer warns about classes that only occur in the predictions
        pair = pair[0][seen], pair[1][seen]
        weights = None if weights is None else weights[seen]
        for adjusted in (False, True):
            ours = metrics.balanced_accuracy_score(*pair, sample_weight=weights, adjusted=adjusted)
            assert ours == pytest.approx(sk.balanced_accuracy_score(*pair, sample_weight=weights, adjusted=adjusted))

    @pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
    @pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
    def test_precision_recall(self, pair, weights, average, beta):
        options = {"average": average, "beta": beta, "sample_weight": weights, "zero_division": 0}
        name = "precision_recall_fscore_support"
        for ours, theirs in zip(getattr(metrics, name)(*pair, **options), getattr(sk, name)(*pair, **options)):
            assert (ours is None) == (theirs is None)
            if ours is not None:
                np.testing.assert_allclose(ours, theirs, rtol=1e-12)
        options.pop("beta")
        np.testing.assert_allclose(metrics.f1_score(*pair, **options), sk.f1_score(*pair, **options), rtol=1e-12)

    @pytest.mark.parametrize("normalize", ["true", "pred", "all"])
    def test_normalised_confusion(self, pair, weights, normalize):
        options = {"normalize": normalize, "sample_weight": weights}
        np.testing.assert_allclose(metrics.confusion_matrix(*pair, **options), sk.confusion_matrix(*pair, **options))


def test_labels_choose_and_order():
    for labels in ([2, 0], [3, 1, 0]):
        np.testing.assert_array_equal(
            metrics.confusion_matrix(*MULTI, labels=labels), sk.confusion_matrix(*MULTI, labels=labels)
        )
        for average in (None, "macro", "micro"):
            options = {"labels": labels, "average": average, "zero_division": 0}
            np.testing.assert_allclose(metrics.f1_score(*MULTI, **options), sk.f1_score(*MULTI, **options))


def test_binary_average():
    assert metrics.f1_score(*BINARY) == pytest.approx(sk.f1_score(*BINARY))
    assert metrics.f1_score(*BINARY, pos_label=0) == pytest.approx(sk.f1_score(*BINARY, pos_label=0))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 30), st.integers(1, 6))
def test_area_under_the_curve(seed, n, levels):
    rng = np.random.default_rng(seed)
    y = np.r_[0, 1, rng.integers(0, 2, n)]
    scores, weights = rng.integers(0, levels, n + 2) / levels, rng.random(n + 2)
    assert metrics.roc_auc_score(y, scores) == pytest.approx(sk.roc_auc_score(y, scores))
    assert metrics.roc_auc_score(y, scores, sample_weight=weights) == pytest.approx(
        sk.roc_auc_score(y, scores, sample_weight=weights)
    )


@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("multi_class", ["ovr", "ovo"])
def test_area_for_many_classes(average, multi_class):
    scores = rng.dirichlet(np.ones(4), n)
    options = {"average": average, "multi_class": multi_class}
    assert metrics.roc_auc_score(MULTI[0], scores, **options) == pytest.approx(
        sk.roc_auc_score(MULTI[0], scores, **options)
    )


def test_log_loss():
    p = rng.dirichlet(np.ones(4), n)
    p[0] = [0, 0, 0, 1]
    for weights in (None, WEIGHTS):
        for normalize in (True, False):
            options = {"sample_weight": weights, "normalize": normalize}
            assert metrics.log_loss(MULTI[0], p, **options) == pytest.approx(sk.log_loss(MULTI[0], p, **options))
    assert metrics.log_loss(BINARY[0], p[:, 0]) == pytest.approx(sk.log_loss(BINARY[0], p[:, 0]))
    assert metrics.log_loss([0, 0], [0.1, 0.2], labels=[0, 1]) == pytest.approx(
        sk.log_loss([0, 0], [0.1, 0.2], labels=[0, 1])
    )
    single = p.astype(np.float32)
    assert metrics.log_loss(MULTI[0], single) == pytest.approx(sk.log_loss(MULTI[0], single), rel=1e-5)


@pytest.mark.parametrize("name", ["mean_squared_error", "mean_absolute_error", "r2_score"])
def test_regression(name):
    ours, theirs = getattr(metrics, name), getattr(sk, name)
    Y, P = rng.normal(size=(n, 3)), rng.normal(size=(n, 3))
    for weights in (None, WEIGHTS):
        Y[:, 2] = 1.0 if weights is None else Y[:, 0]  # a weighted mean of ones is off by rounding in the peer
        assert ours(Y[:, 0], P[:, 0], sample_weight=weights) == pytest.approx(
            theirs(Y[:, 0], P[:, 0], sample_weight=weights)
        )
        for multioutput in ("uniform_average", "raw_values", [0.2, 0.3, 0.5]):
            options = {"sample_weight": weights, "multioutput": multioutput}
            np.testing.assert_allclose(ours(Y, P, **options), theirs(Y, P, **options), rtol=1e-12)
    options = {"multioutput": "variance_weighted"}
    assert metrics.r2_score(Y, P, **options) == pytest.approx(sk.r2_score(Y, P, **options))


def test_clusterings():
    assert metrics.adjusted_rand_score(*MULTI) == pytest.approx(sk.adjusted_rand_score(*MULTI))
    assert metrics.adjusted_rand_score(*WORDS) == pytest.approx(sk.adjusted_rand_score(*WORDS))
    for a, b in (([0, 0, 0], [0, 0, 0]), ([0, 1, 2], [0, 1, 2]), ([0, 0, 0], [0, 1, 2]), ([1], [5])):
        assert metrics.adjusted_rand_score(a, b) == pytest.approx(sk.adjusted_rand_score(a, b))
    X = rng.normal(size=(n, 3))
    for metric in ("euclidean", "manhattan", "cosine"):
        assert metrics.silhouette_score(X, MULTI[0], metric=metric) == pytest.approx(
            sk.silhouette_score(X, MULTI[0], metric=metric)
        )
    single = np.r_[np.zeros(n - 1, int), 1]
    assert metrics.silhouette_score(X, single) == pytest.approx(sk.silhouette_score(X, single))
