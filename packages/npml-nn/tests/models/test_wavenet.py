"""WaveNet: causality, the receptive field to the step, gradients, and a signal that it learns."""

import numpy as np
import pytest

from npml_core import load, save
from npml_nn import Adam, SquaredError, WaveNet, gradcheck


@pytest.mark.parametrize(
    ("n_layers", "n_stacks", "kernel", "field"), [(1, 1, 2, 3), (3, 1, 2, 9), (2, 2, 2, 8), (2, 2, 3, 15)]
)
def test_sees_exactly_its_receptive_field(n_layers, n_stacks, kernel, field, rng):
    model = WaveNet(2, 4, n_layers, n_stacks, kernel, dtype=np.float64, random_state=0)
    assert model.receptive_field == field
    x, t = rng.normal(size=(1, 40, 2)), 25
    model(x)
    dy = np.zeros((1, 40, 2))
    dy[0, t] = 1
    seen = np.flatnonzero(np.abs(model.backward(dy)[0]).sum(axis=1))
    assert seen[0] == t - field + 1 and seen[-1] == t


def test_output_does_not_depend_on_the_future(rng):
    model = WaveNet(1, 8, n_layers=4, n_stacks=2, random_state=0).eval()
    x = rng.normal(size=(3, 50, 1)).astype(np.float32)
    y = model(x)
    for t in (0, 1, 17, 49):
        changed = x.copy()
        changed[:, t:] += rng.normal(size=(3, 50 - t, 1)).astype(np.float32)
        after = model(changed)
        np.testing.assert_allclose(after[:, :t], y[:, :t], rtol=1e-5, atol=1e-6)
        assert np.abs(after[:, t] - y[:, t]).min() > 0


def test_gradients(rng):
    model = WaveNet(1, 2, n_layers=2, n_stacks=1, c_out=2, random_state=0)
    for bias in (array for array in model.params.values() if array.ndim == 1):
        bias[:] = rng.normal(size=bias.shape)  # at 0, a ReLU whose inputs are all off sits on its kink
    assert gradcheck(model, [rng.normal(size=(1, 5, 1))], second_order=True)


def test_float32_throughout(stays_float32, changes_nothing, rng):
    model = WaveNet(2, 3, n_layers=2, n_stacks=1, random_state=0)
    stays_float32(model, rng.normal(size=(2, 7, 2)))
    changes_nothing(model, rng.normal(size=(2, 7, 2)))


def test_learns_a_signal():
    """Two waves and noise: from the past alone the noise (variance 0.01) cannot be foreseen, the rest can."""
    rng, t = np.random.default_rng(0), np.arange(1000)
    signal = np.sin(0.3 * t) + 0.5 * np.sin(0.75 * t + 1) + 0.1 * rng.normal(size=1000)
    x = signal.reshape(4, 250, 1).astype(np.float32)
    model = WaveNet(1, 16, n_layers=4, n_stacks=1, random_state=0)
    optimizer, loss = Adam(model.parameters(), lr=5e-3), SquaredError()
    for _ in range(120):
        value, dy = loss(model(x[:, :-1]), x[:, 1:])
        model.backward(dy)
        optimizer.step()
        optimizer.zero_grad()
    settled = model.receptive_field
    error = np.square(model.eval()(x[:, :-1]) - x[:, 1:])[:, settled:].mean()
    assert error < 0.03  # a copy of the present value is off by 0.09


def test_seed_and_saving(tmp_path, rng):
    x = rng.normal(size=(1, 20, 2))
    model = WaveNet(2, 4, 2, 2, random_state=5)
    np.testing.assert_array_equal(model(x), WaveNet(2, 4, 2, 2, random_state=5)(x))
    save(model, tmp_path / "wavenet")
    copy = load(tmp_path / "wavenet")
    np.testing.assert_array_equal(copy(x), model(x))
    assert copy.receptive_field == model.receptive_field


@pytest.mark.parametrize("name", ["c_in", "channels", "n_layers", "n_stacks", "kernel", "c_out"])
def test_bad_sizes(name):
    sizes = {"c_in": 1, "channels": 2, "n_layers": 2, "n_stacks": 1, name: 0}
    with pytest.raises(ValueError, match=name):
        WaveNet(**sizes)


def test_bad_input():
    with pytest.raises(ValueError, match="shape"):
        WaveNet(2, 4, 2, 1)(np.zeros((1, 10, 3)))
