import numpy as np
import pytest

import npml_core
from npml_nn import Adam, CrossEntropy, Dense, SparseEvolution, gradcheck


def layer(**options):
    return SparseEvolution(12, 9, **{"epsilon": 2, "dtype": np.float64, "random_state": 0, **options})


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", [None, "tanh"])
def test_gradients(bias, activation, rng):
    for shape in [(4, 12), (1, 12), (2, 3, 12), (12,)]:
        assert gradcheck(layer(bias=bias, activation=activation), [rng.normal(size=shape)], second_order=True)


def test_is_dense_with_a_mask(rng):
    sparse, dense = layer(), Dense(12, 9, dtype=np.float64)
    x, dy = rng.normal(size=(4, 12)), rng.normal(size=(4, 9))
    dense.W = sparse.W * sparse.mask
    dense.b = sparse.b = rng.normal(size=9)
    np.testing.assert_array_equal(sparse(x), dense(x))
    np.testing.assert_array_equal(sparse.backward(dy), dense.backward(dy))
    np.testing.assert_array_equal(sparse.grads["W"], dense.grads["W"] * sparse.mask)
    np.testing.assert_array_equal(sparse.grads["b"], dense.grads["b"])


@pytest.mark.parametrize(
    "n_in, n_out, epsilon, expected",
    [(12, 9, 2, 42), (12, 9, 0.5, 10), (3, 2, 20, 6), (1, 1, 1, 1), (100, 100, 1e-9, 1), (200, 50, 20, 5000)],
)
def test_number_of_connections(n_in, n_out, epsilon, expected):
    sparse = SparseEvolution(n_in, n_out, epsilon=epsilon, random_state=0)
    assert sparse.n_connections == expected == np.count_nonzero(sparse.W)
    assert not (sparse.W * (sparse.mask == 0)).any()
    for _ in range(20):
        sparse.evolve()
        assert sparse.n_connections == expected == np.count_nonzero(sparse.W)


def test_starts_as_a_random_graph():
    """Every place is as likely as any other."""
    taken = sum(SparseEvolution(5, 4, epsilon=1, random_state=seed).mask for seed in range(400))
    expected = 400 * 9 / 20
    assert ((taken - expected) ** 2 / expected).sum() < 45.3  # exceeded less than once in a thousand


def test_outputs_spread_as_those_of_a_dense_layer(rng):
    x = rng.normal(size=(500, 300))
    for epsilon in (1, 10, 1000):
        spread = SparseEvolution(300, 300, epsilon=epsilon, random_state=0)(x).std()
        assert spread == pytest.approx(Dense(300, 300, random_state=0)(x).std(), rel=0.1)


def test_prunes_the_weakest_of_each_sign():
    sparse = SparseEvolution(4, 5, zeta=0.5, epsilon=100, dtype=np.float64, random_state=0)
    weights = np.array([[1, 2, 3, 4, 5], [6, -1, -2, -3, -4], [0, 0, 0, 0, 0], [0.5, 7, 8, 9, -0.5]])
    sparse.W = weights
    sparse.mask = (weights != 0).astype(np.uint8)
    assert sparse.evolve() == 5 + 2  # of 10 positive and 5 negative
    kept = (weights == sparse.W) & (weights != 0)
    assert sorted(weights[kept]) == [-4, -3, -2, 5, 6, 7, 8, 9]
    assert sparse.n_connections == np.count_nonzero(sparse.W) == 15


def test_grows_in_places_drawn_evenly():
    grown = np.zeros((10, 10))
    for seed in range(300):
        sparse = SparseEvolution(10, 10, zeta=0.5, epsilon=1, random_state=seed)
        before = sparse.mask.copy()
        sparse.evolve()
        grown += sparse.mask > before
    expected = grown.mean()
    assert ((grown - expected) ** 2 / expected).sum() < 149  # exceeded once in a thousand, 99 degrees of freedom


@pytest.mark.parametrize("zeta, replaced", [(0.0, 0), (1.0, 42)])
def test_all_or_nothing(zeta, replaced):
    sparse = layer(zeta=zeta)
    assert sparse.evolve() == replaced
    assert sparse.n_connections == 42


def test_momentum_does_not_bring_connections_back(rng):
    sparse = layer(epsilon=1)
    optimizer, loss = Adam(sparse.parameters(), lr=0.1), CrossEntropy()
    x, y = rng.normal(size=(20, 12)), rng.integers(0, 9, 20)
    for _ in range(5):
        for _ in range(4):
            optimizer.zero_grad()
            sparse.backward(loss(sparse(x), y)[1])
            optimizer.step()
        alone = sparse.forward(x)
        np.testing.assert_allclose(alone, x @ (sparse.W * sparse.mask) + sparse.b, rtol=1e-12)
        sparse.evolve()
        assert np.count_nonzero(sparse.W) == sparse.n_connections == 21
        assert not (sparse.grads["W"] * (sparse.mask == 0)).any()


def test_arrays_stay_in_place_and_frozen_layers_as_they_are():
    sparse = layer()
    W, grad = sparse.params["W"], sparse.grads["W"]
    sparse.evolve()
    assert sparse.params["W"] is W
    assert sparse.grads["W"] is grad
    before = sparse.state_dict()
    assert sparse.freeze().evolve() == 0
    np.testing.assert_equal(sparse.state_dict(), before)


def test_learns_what_only_some_inputs_tell(rng):
    """Three of forty inputs decide: connections gather there."""
    X = rng.normal(size=(400, 40))
    truth = np.array([[1.0, -1, 0], [0, 1, -1], [-1, 0, 1]])
    y = (X[:, :3] @ truth).argmax(axis=1)
    sparse, loss = SparseEvolution(40, 3, epsilon=1, random_state=0), CrossEntropy()
    optimizer = Adam(sparse.parameters(), lr=0.05)
    for _ in range(40):
        for _ in range(5):
            optimizer.zero_grad()
            sparse.backward(loss(sparse(X), y)[1])
            optimizer.step()
        accuracy = (sparse(X).argmax(axis=1) == y).mean()
        sparse.evolve()
    assert accuracy > 0.95
    assert sparse.mask[:3][truth != 0].mean() > 0.8 > 2 * sparse.mask[3:].mean()


def test_state_and_saving(tmp_path, rng):
    sparse, other = layer(), layer(random_state=1)
    other.load_state_dict(sparse.state_dict())
    np.testing.assert_array_equal(other.mask, sparse.mask)
    sparse.save(tmp_path / "weights.npz")
    npml_core.save(sparse, tmp_path / "layer")
    loaded = npml_core.load(tmp_path / "layer")
    x = rng.normal(size=(2, 12))
    np.testing.assert_array_equal(loaded(x), sparse(x))
    np.testing.assert_array_equal(layer(random_state=2).load(tmp_path / "weights.npz")(x), sparse(x))
    sparse.evolve(), loaded.evolve()
    np.testing.assert_array_equal(loaded.W, sparse.W)  # the generator was saved too
    assert sparse.astype(np.float32).mask.dtype == np.uint8


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, rng):
    stays_float32(layer(), rng.normal(size=(4, 12)))
    stays_float32(SparseEvolution(300, 200, random_state=0), rng.normal(size=(200, 300)))
    changes_nothing(layer(), rng.normal(size=(4, 12)))
    sparse = SparseEvolution(12, 9, epsilon=2, random_state=0)
    sparse.evolve()
    assert sparse.W.dtype == np.float32


MUTANTS = [
    (SparseEvolution._forward, "self.W * self.mask", "self.W", "no mask forward"),
    (SparseEvolution._backward, "dW *= self.mask", "dW *= -1.0 * self.mask", "sign"),
    (SparseEvolution._backward, "dW *= self.mask", "pass", "a gradient where there is no connection"),
    (SparseEvolution._backward, '"b": db', '"b": 0 * db', "db dropped"),
    (SparseEvolution._double_backward, '"W": dW * self.mask', '"W": 0 * dW', "dropped"),
    (SparseEvolution._double_backward, "return ddy", "return -ddy", "sign of ddy"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    sparse = layer()
    sparse.W = rng.normal(size=(12, 9))  # not 0 where there is no connection, as after a step with momentum
    mutant_is_caught(function, old, new, sparse, [rng.normal(size=(4, 12))], second_order=True)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"n_in": 0}, "n_in"),
        ({"zeta": 1.5}, "zeta"),
        ({"zeta": np.nan}, "zeta"),
        ({"epsilon": 0}, "epsilon"),
        ({"epsilon": np.inf}, "epsilon"),
        ({"init": "unknown"}, "init"),
        ({"dtype": np.int32}, "dtype"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        SparseEvolution(**{"n_in": 4, "n_out": 3, **arguments})
