"""npml-nn on scikit-learn's digits: a sparse network as good as a dense one; an RBM as good as scikit-learn's."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neural_network import BernoulliRBM

from npml_nn import RBM, Adam, CrossEntropy, Dense, Dropout, Sequential, SparseEvolution, minibatches


@pytest.fixture(scope="module")
def digits():
    """X in 0..1, float32, shuffled: 1297 digits to learn from and 500 to test with."""
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    X, y = (X[order] / 16).astype(np.float32), y[order]
    return X[:1297], y[:1297], X[1297:], y[1297:]


def accuracy(kind, digits, seed):
    """Of 64-200-200-10 with hidden layers of this kind, which evolve after each epoch where they can."""
    X, y, X_test, y_test = digits
    hidden = [kind(n, 200, activation="relu", random_state=seed + n) for n in (64, 200)]
    model = Sequential(*hidden, Dropout(0.2, random_state=seed), Dense(200, 10, random_state=seed + 1))
    optimizer, loss = Adam(model.parameters(), lr=0.001), CrossEntropy()
    for epoch in range(40):
        for rows, classes in minibatches(X, y, batch_size=50, random_state=epoch):
            optimizer.zero_grad()
            model.backward(loss(model(rows), classes)[1])
            optimizer.step()
        if kind is SparseEvolution and epoch < 39:
            for layer in hidden:
                before = layer.n_connections
                assert layer.evolve() > 0.25 * before
                assert layer.n_connections == np.count_nonzero(layer.W) == before
    return (model.eval()(X_test).argmax(axis=1) == y_test).mean()


@pytest.mark.long
def test_sparse_evolution_is_within_a_point_of_dense(digits):
    """With all that the constructor sets: 41 % and 20 % of all connections, 30 % of them new after each epoch."""
    dense, sparse = ([accuracy(kind, digits, seed) for seed in range(4)] for kind in (Dense, SparseEvolution))
    assert np.mean(dense) > 0.98
    assert np.mean(sparse) > np.mean(dense) - 0.01


def test_sparse_evolution_learns(digits):
    assert accuracy(SparseEvolution, digits, 0) > 0.97


def test_rbm_reconstructs_as_well_as_that_of_scikit_learn(digits):
    X, _, X_test, _ = digits
    theirs = BernoulliRBM(64, learning_rate=0.05, batch_size=20, n_iter=15, random_state=0).fit(X)
    ours = RBM(64, 64, random_state=0).fit(X, epochs=15, batch_size=20, lr=0.05)

    def mean_field(W, a, b):
        h = 1 / (1 + np.exp(-(X_test @ W + b)))
        return 1 / (1 + np.exp(-(h @ W.T + a)))

    peer = mean_field(theirs.components_.T, theirs.intercept_visible_, theirs.intercept_hidden_)
    reconstructions = ours.reconstruct(X_test)
    np.testing.assert_allclose(reconstructions, mean_field(ours.W, ours.a, ours.b), rtol=1e-4, atol=1e-6)
    errors = [np.square(X_test - r).mean() for r in (reconstructions, peer)]
    assert errors[0] < 1.02 * errors[1]
    assert errors[0] < 0.3 * X_test.var(axis=0).mean() + 0.01


def test_rbm_of_equal_weights(digits):
    X = digits[0].astype(np.float64)
    theirs = BernoulliRBM(20, n_iter=2, random_state=0).fit(X)
    ours = RBM(64, 20, dtype=np.float64)
    ours.W, ours.a, ours.b = theirs.components_.T, theirs.intercept_visible_, theirs.intercept_hidden_
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-10)
    theirs.random_state, rows = 0, np.arange(len(X))
    # scikit-learn shows its free energy only through the pseudo-likelihood, whose flips its generator draws
    drawn = np.random.RandomState(0).randint(0, 64, len(X))
    flipped = X.copy()
    flipped[rows, drawn] = 1 - flipped[rows, drawn]
    gap = ours.free_energy(flipped) - ours.free_energy(X)
    np.testing.assert_allclose(-64 * np.logaddexp(0, -gap), theirs.score_samples(X), rtol=1e-9)
