import numpy as np
import pytest

from npml_nn import GRU, functional, gradcheck
from npml_nn.layers.gru import gru_backward


def weights(rng):
    return rng.normal(size=(2, 9)), rng.normal(size=(3, 9)), rng.normal(size=9), rng.normal(size=9)


@pytest.mark.parametrize("n, t", [(2, 4), (1, 1), (1, 17)])
def test_gradients(n, t, rng):
    assert gradcheck(functional.gru, [rng.normal(size=(n, t, 2)), rng.normal(size=(n, 3)), *weights(rng)])


def test_equals_the_definition(rng):
    W, U, b, b_h = weights(rng)
    x, h = rng.normal(size=(2, 5, 2)), rng.normal(size=(2, 3))
    (y, last), _ = functional.gru(x, h, W, U, b, b_h)

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    for t in range(5):
        (r, z, n), (r_h, z_h, n_h) = (np.split(a, 3, axis=1) for a in (x[:, t] @ W + b, h @ U + b_h))
        r, z = sigmoid(r + r_h), sigmoid(z + z_h)
        h = (1 - z) * np.tanh(n + r * n_h) + z * h
        np.testing.assert_allclose(y[:, t], h, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(last, h, rtol=1e-12, atol=1e-15)


MUTANTS = [
    ("dh + dy[t]", "dy[t]", "the future forgotten"),
    ("dh * z[t] + dU_side[t] @ U.T", "dU_side[t] @ U.T", "what is kept forgotten"),
    ("(h[:-1] - new)", "(new - h[:-1])", "sign"),
    ("1 - new * new", "1 - new", "wrong derivative"),
    ("m * r * (1 - r)", "r * (1 - r)", "dropped factor"),
    ("np.multiply(dn, r[t], out=", "np.multiply(dn, 1, out=", "dropped gate"),
    ("past.T @ side", "past.T @ flat", "the other side"),
    ("side.sum(axis=0)", "flat.sum(axis=0)", "the other side"),
]


@pytest.mark.parametrize("old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(old, new, what, mutant_is_caught, rng):
    layer = GRU(2, 3, random_state=0)
    for name in ("b", "b_h"):
        layer.params[name] = rng.normal(size=9)
    mutant_is_caught(gru_backward, old, new, layer, [rng.normal(size=(2, 4, 2))])
