"""RNN, LSTM, GRU and their cells: what all kinds must do. The kinds' own files hold their equations and mutants."""

import numpy as np
import pytest

from npml_nn import GRU, LSTM, RNN, GRUCell, Layer, LSTMCell, RNNCell, gradcheck

LAYERS = {"rnn": (RNN, RNNCell), "lstm": (LSTM, LSTMCell), "gru": (GRU, GRUCell)}
SHAPES = [(3, 4, 2), (1, 1, 2), (2, 11, 2), (1, 9, 2)]


def drawn(layer, rng):
    for array in layer.params.values():
        array[...] = rng.normal(size=array.shape) / 2
    return layer


class Flat(Layer):
    """`layer` with the state's arrays as single inputs and outputs, as gradcheck takes them."""

    def __init__(self, layer):
        self.layer = layer

    def _forward(self, *inputs):
        cells = isinstance(self.layer, LSTMCell | RNNCell | GRUCell)
        x, *state = inputs
        state = (tuple(state) if len(state) > 1 else state[0]) if state else None
        outputs = self.layer.forward(x, state)
        if cells or not self.layer.return_state:
            return outputs, len(inputs)
        y, last = outputs
        return (y, *last) if isinstance(last, tuple) else (y, last), len(inputs)

    def _backward(self, dy, n_inputs):
        if getattr(self.layer, "return_state", False) and len(dy) == 3:
            dy = dy[0], dy[1:]
        dx = self.layer.backward(dy)
        if n_inputs == 1:
            return dx, {}
        dx, dstate = dx
        return (dx, *dstate) if isinstance(dstate, tuple) else (dx, dstate), {}


def states(kind, n, rng):
    return [rng.normal(size=(n, 3)) for _ in range(2 if kind == "lstm" else 1)]


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("return_state", [False, True])
def test_gradients(kind, shape, return_state, rng):
    layer = Flat(drawn(LAYERS[kind][0](2, 3, return_state=return_state), rng))
    x = rng.normal(size=shape)
    assert gradcheck(layer, [x])
    assert gradcheck(layer, [x, *states(kind, shape[0], rng)])


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("n", [1, 4])
def test_gradients_of_cells(kind, n, rng):
    cell = Flat(drawn(LAYERS[kind][1](2, 3), rng))
    assert gradcheck(cell, [rng.normal(size=(n, 2))])
    assert gradcheck(cell, [rng.normal(size=(n, 2)), *states(kind, n, rng)])


@pytest.mark.parametrize("kind", LAYERS)
def test_a_cell_step_by_step_is_the_layer(kind, rng):
    """Forwards, and backwards as backpropagation through time: calls undone last first, the cell's weights shared."""
    layer, cell = (c(2, 3, dtype=np.float64) for c in LAYERS[kind])
    drawn(layer, rng)
    cell.load_state_dict(layer.state_dict())
    x, dy = rng.normal(size=(2, 5, 2)), rng.normal(size=(2, 5, 3))
    state, outputs = None, []
    for t in range(5):
        state = cell(x[:, t], state)
        outputs.append(state[0] if kind == "lstm" else state)
    np.testing.assert_allclose(layer(x), np.stack(outputs, axis=1), rtol=1e-12)
    dx, dstate = np.empty_like(x), None
    for t in reversed(range(5)):
        dh = dy[:, t] if dstate is None else dy[:, t] + (dstate[0] if kind == "lstm" else dstate)
        upstream = (dh, np.zeros_like(dh) if dstate is None else dstate[1]) if kind == "lstm" else dh
        if t:
            dx[:, t], dstate = cell.backward(upstream)
        else:
            dx[:, t] = cell.backward(upstream)
    np.testing.assert_allclose(layer.backward(dy), dx, rtol=1e-10, atol=1e-14)
    for name in layer.grads:
        np.testing.assert_allclose(layer.grads[name], cell.grads[name], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_sequence_in_two_parts(kind, rng):
    layer = drawn(LAYERS[kind][0](2, 3, return_state=True, dtype=np.float64), rng)
    x = rng.normal(size=(2, 7, 2))
    whole, last = layer(x)
    first, state = layer(x[:, :3])
    second, end = layer(x[:, 3:], state)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, rtol=1e-12)
    for a, b in zip(np.atleast_3d(last), np.atleast_3d(end)):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    np.testing.assert_array_equal(last[0] if kind == "lstm" else last, whole[:, -1])


@pytest.mark.parametrize("kind", LAYERS)
def test_equals_recorded(kind, recorded):
    r = recorded("recurrent")
    layer = LAYERS[kind][0](3, 4, return_state=True, dtype=np.float64)
    for name in layer.params:
        layer.params[name] = r[f"{kind}_{name}"]
    state = (r["h"], r["c"]) if kind == "lstm" else r["h"]
    y, last = layer(r["x"], state)
    dlast = (r["dh"], r["dc"]) if kind == "lstm" else r["dh"]
    dx, dstate = layer.backward((r["dy"], dlast))
    flat = {"y": y, "dx": dx, **{f"d{name}": gradient for name, gradient in layer.grads.items()}}
    flat |= (
        {"h": last[0], "c": last[1], "dh0": dstate[0], "dc0": dstate[1]}
        if kind == "lstm"
        else {"h": last, "dh0": dstate}
    )
    for name, ours in flat.items():
        np.testing.assert_allclose(ours, r[f"{kind}_out_{name}"], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("kind", LAYERS)
def test_float32_and_inputs_untouched(kind, stays_float32, changes_nothing, rng):
    layer, cell = LAYERS[kind][0](4, 3, random_state=0), LAYERS[kind][1](4, 3, random_state=0)
    stays_float32(layer, rng.normal(size=(2, 5, 4)))
    changes_nothing(layer, rng.normal(size=(2, 5, 4)))
    stays_float32(cell, rng.normal(size=(2, 4)))
    changes_nothing(cell, rng.normal(size=(2, 4)))
    stays_float32(LAYERS[kind][0](64, 64), rng.normal(size=(16, 60, 64)))


@pytest.mark.parametrize("kind", LAYERS)
def test_extreme_inputs(kind, rng):
    layer = drawn(LAYERS[kind][0](2, 3), rng)
    with np.errstate(over="raise", invalid="raise"):
        y = layer(rng.choice([-1e4, 1e4], size=(2, 5, 2)))
        dx = layer.backward(np.ones_like(y))
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


@pytest.mark.parametrize("kind", LAYERS)
def test_empty(kind):
    layer = LAYERS[kind][0](2, 3)
    for shape in ((0, 4), (4, 0)):
        assert layer(np.zeros((*shape, 2))).shape == (*shape, 3)
        assert layer.backward(np.zeros((*shape, 3))).shape == (*shape, 2)


@pytest.mark.parametrize("kind", LAYERS)
def test_weights_start_as_said(kind):
    layer = LAYERS[kind][0](5, 8, random_state=0)
    np.testing.assert_array_equal(layer.W, LAYERS[kind][1](5, 8, random_state=0).W)
    for gate in np.split(layer.U, layer.U.shape[1] // 8, axis=1):
        np.testing.assert_allclose(gate.T @ gate, np.eye(8), atol=1e-6)
    assert not layer.b.any()


@pytest.mark.parametrize("kind", LAYERS)
def test_bad_arguments(kind):
    layer, cell = LAYERS[kind][0], LAYERS[kind][1]
    with pytest.raises(ValueError, match="n_hidden"):
        layer(2, 0)
    with pytest.raises(ValueError, match=r"\(N, T, 2\), got \(3, 2\)"):
        layer(2, 3)(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"\(N, 2\), got \(3, 4\)"):
        cell(2, 3)(np.zeros((3, 4)))
    bad = np.zeros((5, 3))
    with pytest.raises(ValueError, match=r"state must be .* \(4, 3\), got \(5, 3\)"):
        cell(2, 3)(np.zeros((4, 2)), (bad, bad) if kind == "lstm" else bad)
    with pytest.raises(ValueError, match="state must be"):
        layer(2, 3)(np.zeros((4, 1, 2)), np.zeros((4, 3)) if kind == "lstm" else np.zeros(3))


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_activation_of_the_output(kind, rng):
    plain, layer = kind(2, 3, random_state=0), kind(2, 3, activation="relu", random_state=0)
    x = rng.normal(size=(2, 4, 2))
    np.testing.assert_array_equal(layer(x), np.maximum(plain(x), 0))
    assert gradcheck(kind(2, 3, activation="silu", random_state=0), [x])
    with pytest.raises(ValueError, match="return_state"):
        kind(2, 3, activation="relu", return_state=True)
