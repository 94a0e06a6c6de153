import numpy as np
import pytest

from npml_nn import LSTM, functional, gradcheck
from npml_nn.layers import lstm as module


def weights(rng):
    return rng.normal(size=(2, 12)), rng.normal(size=(3, 12)), rng.normal(size=12)


@pytest.mark.parametrize("n, t", [(2, 4), (1, 1), (1, 17)])
def test_gradients(n, t, rng):
    state = rng.normal(size=(n, 3)), rng.normal(size=(n, 3))
    assert gradcheck(functional.lstm, [rng.normal(size=(n, t, 2)), *state, *weights(rng)])


def test_equals_the_definition(rng):
    W, U, b = weights(rng)
    x, h, c = rng.normal(size=(2, 5, 2)), rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    (y, last_h, last_c), _ = functional.lstm(x, h, c, W, U, b)

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    for t in range(5):
        i, f, g, o = np.split(x[:, t] @ W + h @ U + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        np.testing.assert_allclose(y[:, t], h, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(last_h, h, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(last_c, c, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("steps", [1, 3, 100])
def test_steps_at_once_change_nothing(steps, rng, monkeypatch):
    x, state = rng.normal(size=(2, 10, 2)), np.zeros((2, 3))
    _, cache = functional.lstm(x, state, state, *weights(rng))
    dy = rng.normal(size=(2, 10, 3))
    expected = functional.lstm_backward((dy, None, None), cache)
    monkeypatch.setattr(module, "STEPS", steps)
    for a, b in zip(expected, functional.lstm_backward((dy, None, None), cache)):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


MUTANTS = [
    ("lstm_backward", "dh + dy[t]", "dy[t]", "the future forgotten"),
    ("lstm_backward", "dh = dz[t] @ U.T", "dh = -dz[t] @ U.T", "sign"),
    ("lstm_backward", "dc *= gates[t, :, n : 2 * n]", "pass", "forget gate dropped"),
    ("lstm_backward", "past.T @ flat", "merged(h[1:]).T @ flat", "the wrong state"),
    ("lstm_backward", "flat.sum(axis=0)", "flat.mean(axis=0)", "a mean where a sum is due"),
    ("_factors", "np.multiply(g * i, 1 - i, out=di)", "np.multiply(g, 1 - i, out=di)", "dropped factor"),
    ("_factors", "c_before * f", "c_before", "dropped factor"),
    ("_factors", "1 - g * g", "1 - g", "wrong derivative"),
    ("_factors", "tanh_c * o, 1 - o", "tanh_c * o, 1 + o", "sign"),
    ("_factors", "o * (1 - tanh_c * tanh_c)", "1 - tanh_c * tanh_c", "dropped factor"),
]


@pytest.mark.parametrize("function, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, what, mutant_is_caught, rng):
    layer = LSTM(2, 3, random_state=0)
    mutant_is_caught(getattr(module, function), old, new, layer, [rng.normal(size=(2, 4, 2))])
