"""Gaussian naive Bayes by hand, in batches, with weights."""

import numpy as np
import pytest

from npml_classical import GaussianNB

rng = np.random.default_rng(0)
y = rng.integers(0, 3, 90)
X = rng.normal(size=(90, 4)) + y[:, None]


def test_joint_by_hand():
    model = GaussianNB(var_smoothing=0.0).fit(X, y)
    for k in range(3):
        part = X[y == k]
        mean, var = part.mean(axis=0), part.var(axis=0)
        log_p = np.log((y == k).mean()) - 0.5 * (np.log(2 * np.pi * var) + (X - mean) ** 2 / var).sum(axis=1)
        np.testing.assert_allclose(model.predict_joint_log_proba(X)[:, k], log_p, rtol=1e-10)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)


def test_batches_are_the_whole():
    batches = GaussianNB(var_smoothing=0.0)
    for start in range(0, 90, 20):
        batches.partial_fit(X[start : start + 20], y[start : start + 20], classes=[0, 1, 2])
    whole = GaussianNB(var_smoothing=0.0).fit(X, y)
    np.testing.assert_allclose(batches.theta_, whole.theta_, rtol=1e-10)
    np.testing.assert_allclose(batches.var_, whole.var_, rtol=1e-10)


def test_integer_weights_are_repeated_rows():
    weights = rng.integers(1, 4, 90)
    weighted = GaussianNB(var_smoothing=0.0).fit(X, y, weights)
    repeated = GaussianNB(var_smoothing=0.0).fit(np.repeat(X, weights, 0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.var_, repeated.var_, rtol=1e-10)
    np.testing.assert_allclose(weighted.class_prior_, repeated.class_prior_, rtol=1e-12)


def test_far_from_zero_keeps_its_digits():
    shifted = np.round(X, 6) + 2.0**20
    np.testing.assert_allclose(GaussianNB().fit(shifted, y).var_, GaussianNB().fit(np.round(X, 6), y).var_, rtol=1e-8)


def test_bad_input():
    with pytest.raises(ValueError, match="classes must be passed"):
        GaussianNB().partial_fit(X, y)
    with pytest.raises(ValueError, match=r"unknown label\(s\) \[2\]"):
        GaussianNB().partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="not those of the first call"):
        GaussianNB().partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y, classes=[0, 1])
    for priors in ([0.5, 0.5], [0.5, 0.5, 0.5], [1.5, -0.5, 0.0]):
        with pytest.raises(ValueError, match="priors"):
            GaussianNB(priors=priors).fit(X, y)
    with pytest.raises(ValueError, match="var_smoothing"):
        GaussianNB(var_smoothing=-1.0).fit(X, y)
