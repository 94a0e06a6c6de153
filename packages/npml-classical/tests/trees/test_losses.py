import numpy as np
import pytest

from npml_classical.trees.losses import make_loss

rng = np.random.default_rng(0)
N = 40
CASES = [
    ("squared_error", None),
    ("absolute_error", None),
    ("huber", None),
    ("quantile", None),
    ("log_loss", 2),
    ("log_loss", 4),
    ("exponential", 2),
]


def make(name, n_classes):
    loss = make_loss(name, n_classes, alpha=0.7)
    y = rng.normal(size=N) if n_classes is None else rng.integers(0, n_classes, N)
    raw = rng.normal(size=(N, 1 if n_classes in (None, 2) else n_classes))
    return loss, y, raw


@pytest.mark.parametrize("name, n_classes", CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_is_minus_the_slope_of_the_loss(name, n_classes, weighted):
    loss, y, raw = make(name, n_classes)
    w = rng.random(N) if weighted else None
    gradient = loss.gradient(y, raw, w)
    factor = {"squared_error": 2.0, "log_loss": 2.0 if n_classes == 2 else 1.0}.get(name, 1.0)
    share = np.full(N, 1 / N) if w is None else w / w.sum()
    for i in (0, 7):
        for k in range(raw.shape[1]):
            shifted = [raw.copy(), raw.copy()]
            shifted[0][i, k] += 1e-6
            shifted[1][i, k] -= 1e-6
            slope = (loss.value(y, shifted[0], w) - loss.value(y, shifted[1], w)) / 2e-6
            assert -slope / share[i] == pytest.approx(factor * gradient[i, k], rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", ["absolute_error", "quantile"])
@pytest.mark.parametrize("weighted", [False, True])
def test_leaf_values_are_the_best_constants(name, weighted):
    loss, y, raw = make(name, None)
    w = rng.random(N) if weighted else np.ones(N)
    leaf = rng.integers(0, 3, N)
    values = loss.leaf_values(y, raw[:, 0], None, w if weighted else None, leaf, 4)
    assert values[3] == 0.0
    for k in range(3):
        rows = leaf == k
        costs = [loss.value(y[rows], raw[rows] + v, w[rows]) for v in (y - raw[:, 0])[rows]]
        assert loss.value(y[rows], raw[rows] + values[k], w[rows]) == pytest.approx(min(costs), rel=1e-12)


@pytest.mark.parametrize("name, n_classes", [case for case in CASES if case[1]])
def test_start_gives_the_shares_of_the_classes(name, n_classes):
    loss, y, _ = make(name, n_classes)
    w = rng.random(N)
    shares = np.bincount(y, w) / w.sum()
    np.testing.assert_allclose(
        loss.probabilities(np.tile(loss.start(y, w), (3, 1))), np.tile(shares, (3, 1)), rtol=1e-10
    )


def test_extreme_scores_stay_finite():
    raw = np.array([[1e4], [-1e4]])
    loss = make_loss("log_loss", 2)
    assert loss.probabilities(raw).tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert loss.value(np.array([1, 0]), raw, None) == 0.0
    wide = make_loss("log_loss", 3)
    assert wide.probabilities(np.array([[1e4, 0.0, -1e4]])).tolist() == [[1.0, 0.0, 0.0]]
    settled = loss.leaf_values(np.array([1, 0]), raw[:, 0], np.zeros(2), None, np.array([0, 0]), 1)
    assert settled.tolist() == [0.0]
