import numpy as np
import pytest

from npml_nn import RNN, RNNCell, functional, gradcheck
from npml_nn.layers.rnn import rnn_backward


def weights(rng):
    return rng.normal(size=(2, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)


@pytest.mark.parametrize("activation", ["tanh", "relu", "silu", "identity", None])
def test_gradients(activation, rng):
    W, U, b = weights(rng)

    def op(x, h, W, U, b):
        return functional.rnn(x, h, W / 2, U / 2, b, activation)

    def backward(dy, cache):
        dx, dh, dW, dU, db = functional.rnn_backward(dy, cache)
        return dx, dh, dW / 2, dU / 2, db

    assert gradcheck(op, [rng.normal(size=(2, 4, 2)), rng.normal(size=(2, 3)), W, U, b], backward=backward)


def test_equals_the_definition(rng):
    W, U, b = weights(rng)
    x, h = rng.normal(size=(2, 5, 2)), rng.normal(size=(2, 3))
    (y, last), _ = functional.rnn(x, h, W, U, b)
    for t in range(5):
        h = np.tanh(x[:, t] @ W + h @ U + b)
        np.testing.assert_allclose(y[:, t], h, rtol=1e-12)
    np.testing.assert_allclose(last, h, rtol=1e-12)


MUTANTS = [
    ("e = dz[t] @ U.T", "e = dz[t] @ U", "transposed"),
    ("e + dy[t]", "dy[t]", "the future forgotten"),
    ("past.T @ flat", "merged(h[1:]).T @ flat", "the wrong state"),
    ("flat.sum(axis=0)", "flat.mean(axis=0)", "a mean where a sum is due"),
    ("flat @ W.T", "-flat @ W.T", "sign"),
]


@pytest.mark.parametrize("old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(old, new, what, mutant_is_caught, rng):
    mutant_is_caught(rnn_backward, old, new, RNN(2, 3, random_state=0), [rng.normal(size=(2, 4, 2))])


def test_activation_must_be_elementwise():
    assert repr(RNN(2, 3, "relu")) == "RNN(2, 3, activation=ReLU())"
    assert repr(RNNCell(2, 3)) == "RNNCell(2, 3, activation=Tanh())"
    for activation in ("softmax", "unknown"):
        with pytest.raises(ValueError, match="activation"):
            RNN(2, 3, activation)
