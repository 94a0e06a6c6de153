"""Lloyd's loop against the textbook's, which computes every distance in every iteration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical.lloyd import Assignment, lloyd


def distances(X, centres):
    X, centres = X.astype(np.float64), np.asarray(centres, np.float64)
    return np.sqrt(((X[:, None] - centres) ** 2).sum(axis=2))


def plain_lloyd(X, centres, weights, n_iter):
    for _ in range(n_iter):
        labels = distances(X, centres).argmin(axis=1)
        members = [labels == k for k in range(len(centres))]
        centres = np.array([np.average(X[m], axis=0, weights=weights[m]) for m in members])
    return centres, distances(X, centres).argmin(axis=1)


@pytest.mark.parametrize("n_iter", [1, 2, 5, 15, 40])
@pytest.mark.parametrize("D", [1, 3, 20])
def test_no_label_is_missed(n_iter, D):
    rng = np.random.default_rng(n_iter)
    X = 2 * rng.normal(size=(9, D))[rng.integers(0, 9, 3000)] + rng.normal(size=(3000, D))
    weights = rng.random(3000) + 0.1
    centres, labels = plain_lloyd(X, X[:9], weights, n_iter)
    result = lloyd(X, weights, X[:9], n_iter, 0.0)
    np.testing.assert_allclose(result.centres, centres, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(result.labels, labels)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.sampled_from([np.float32, np.float64]), st.floats(0, 3), st.integers(0, 999))
def test_gaps_are_not_overstated(K, dtype, distance, seed):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(50, 2)) + 10 ** (2 * distance)).astype(dtype)
    assignment = Assignment(X, np.ones(50), K)
    assignment.renew(X[:K])
    apart = np.sort(distances(X, X[:K]), axis=1)
    if K > 1:
        assert (assignment.gap <= apart[:, 1] - apart[:, 0] + 1e-9 * apart[:, 1]).all()
        np.testing.assert_array_equal(distances(X, X[:K])[np.arange(50), assignment.labels], apart[:, 0])
    else:
        assert not assignment.labels.any()


def test_ties_go_to_the_first_centre():
    X = np.array([[0.0], [1.0], [2.0], [1.0]])
    assignment = Assignment(X, np.ones(4), 3)
    assert assignment.renew(np.array([[0.0], [2.0], [0.0]]))
    np.testing.assert_array_equal(assignment.labels, [0, 0, 1, 0])
    assert not assignment.renew(np.array([[0.0], [2.0], [0.0]]))


def test_sums_and_mass_follow_the_labels():
    rng = np.random.default_rng(0)
    X, weights = rng.normal(size=(400, 3)), rng.integers(0, 3, 400).astype(np.float64)
    assignment = Assignment(X, weights, 4)
    for _ in range(5):
        assignment.gap[:] = 0.0
        assignment.renew(rng.normal(size=(4, 3)))
        one_hot = (assignment.labels == np.arange(4)[:, None]) * weights
        np.testing.assert_allclose(assignment.sums, one_hot @ X, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(assignment.mass(), one_hot.sum(axis=1))
