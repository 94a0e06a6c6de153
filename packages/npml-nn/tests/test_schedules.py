from math import erfc

import numpy as np
import pytest

import npml_core
from npml_nn import Constant, CosineWarmup, Dlib, ExponentialDecay, Noam, Schedule
from npml_nn.schedules import _steps_without_fall, get_schedule


def test_constant(tmp_path):
    assert [Constant(0.5)(step) for step in (0, 7)] == [0.5, 0.5]
    assert Constant(np.float32(0.5))(0, loss=1.0) == 0.5
    assert Constant(0.1).state_dict() == {}
    npml_core.save(Constant(0.25), tmp_path / "schedule")
    assert npml_core.load(tmp_path / "schedule")(3) == 0.25
    assert repr(Constant(0.1)) == "Constant(lr=0.1)"


def test_what_is_taken_as_a_schedule():
    assert get_schedule(0.1)(5) == 0.1
    schedule = Constant(0.1)
    assert get_schedule(schedule) is schedule


def test_bad_arguments():
    with pytest.raises(ValueError, match="lr"):
        Constant(-0.1)
    with pytest.raises(TypeError, match="lr"):
        Constant(None)
    with pytest.raises(ValueError, match="no state"):
        Constant(0.1).load_state_dict({"a": 1})
    with pytest.raises(TypeError, match="__call__"):
        Schedule()(0)


def test_exponential_decay():
    smooth, stairs = ExponentialDecay(0.3, 0.5, 4), ExponentialDecay(0.3, 0.5, 4, staircase=True)
    for step in range(20):
        assert smooth(step) == pytest.approx(0.3 * 0.5 ** (step / 4), rel=1e-14)
        assert stairs(step) == pytest.approx(0.3 * 0.5 ** (step // 4), rel=1e-14)


def test_noam():
    rates = [Noam(512, 40, scale=2)(step) for step in range(400)]
    assert int(np.argmax(rates)) == 39
    assert rates[39] == pytest.approx(2 / np.sqrt(512 * 40), rel=1e-14)
    np.testing.assert_allclose(np.diff(rates[:40]), rates[0], rtol=1e-9)
    np.testing.assert_allclose(np.square(rates[39:]) * np.arange(40, 401), 4 / 512, rtol=1e-12)


def test_cosine_warmup():
    schedule = CosineWarmup(0.1, warmup=4, total=20, min_lr=0.01)
    np.testing.assert_allclose([schedule(step) for step in range(4)], [0.025, 0.05, 0.075, 0.1])
    for step in range(4, 20):
        assert schedule(step) == pytest.approx(0.01 + 0.09 * (1 + np.cos(np.pi * (step - 4) / 16)) / 2, rel=1e-14)
    assert schedule(20) == schedule(1000) == pytest.approx(0.01)
    assert CosineWarmup(0.1, warmup=0, total=5)(0) == 0.1


def naive_steps_without_fall(losses):
    """The largest n whose line through the last n losses falls with probability below 0.51 (King 2018)."""
    longest = 0
    for n in range(3, len(losses) + 1):
        y, x = np.array(losses[-n:]), np.arange(n)
        slope, level = np.polyfit(x, y, 1)
        rss = ((y - level - slope * x) ** 2).sum()
        error = np.sqrt(12 * rss / ((n - 2) * (n**3 - n)))
        if 0.5 * erfc(slope / error / np.sqrt(2)) < 0.51:
            longest = n
    return longest


@pytest.mark.parametrize("trend", [-0.3, -0.01, 0.0, 0.1])
def test_steps_without_fall(trend, rng):
    for size in (5, 40, 120):
        losses = trend * np.arange(size) + rng.normal(size=size) + 7
        every = np.full(size, True)
        assert _steps_without_fall(losses, every) == naive_steps_without_fall(losses)
        assert _steps_without_fall(1e-200 * losses, every) == naive_steps_without_fall(losses)


def test_dlib_lowers_the_rate_on_a_plateau_alone(rng):
    falling, flat = Dlib(1.0, patience=50, decay=0.5), Dlib(1.0, patience=50, decay=0.5)
    for step in range(200):
        noise = rng.normal()
        fallen, stalled = falling(step, loss=5 - 0.1 * step + noise), flat(step, loss=5 + noise)
    assert fallen == 1
    assert 0.5**4 <= stalled < 1
    assert flat(200) == stalled


def test_dlib_is_not_fooled_by_a_spike(rng):
    schedule = Dlib(1.0, patience=50, decay=0.5)
    for step in range(200):
        lr = schedule(step, loss=5 - 0.02 * step + (50 if step in (100, 150, 190) else 0) + 0.01 * rng.normal())
    assert lr == 1


def test_dlib_of_a_constant_loss():
    schedule = Dlib(1.0, patience=10, decay=0.1)
    rates = [schedule(step, loss=1e-300) for step in range(21)]
    np.testing.assert_allclose(rates, [1] * 9 + [0.1] * 10 + [0.01] * 2)


@pytest.mark.parametrize("patience", [1, 2, 3, 7])
def test_dlib_with_little_patience(patience):
    schedule = Dlib(1.0, patience=patience, decay=0.5)
    assert [schedule(step, loss=2.0) for step in range(30)][-1] < 0.1
    falling = Dlib(1.0, patience=patience, decay=0.5)
    assert [falling(step, loss=-step) for step in range(30)][-1] == 1


def test_dlib_state(tmp_path, rng):
    losses = rng.normal(size=100)
    straight, first = Dlib(1.0, 10, 0.5), Dlib(1.0, 10, 0.5)
    rates = [straight(step, loss) for step, loss in enumerate(losses)]
    for step in range(55):
        first(step, losses[step])
    second = Dlib(1.0, 10, 0.5)
    second.load_state_dict(first.state_dict())
    npml_core.save(first, tmp_path / "schedule")
    for resumed in (second, npml_core.load(tmp_path / "schedule")):
        assert [resumed(step, losses[step]) for step in range(55, 100)] == rates[55:]
    state = second.state_dict()
    state["losses"].append(1.0)
    assert second.state_dict() != state
    with pytest.raises(ValueError, match="state of Dlib"):
        second.load_state_dict({})


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_dlib_refuses_losses_that_are_not_finite(bad):
    schedule = Dlib(1.0, 10, 0.5)
    with pytest.raises(ValueError, match="loss"):
        schedule(0, loss=bad)
    assert schedule.state_dict() == {"lr": 1.0, "losses": []}


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: ExponentialDecay(0.1, 0.5, 0), "stage_length"),
        (lambda: ExponentialDecay(0.1, -0.5, 10), "decay"),
        (lambda: Noam(0, 10), "d_model"),
        (lambda: Noam(10, 0), "warmup"),
        (lambda: Noam(10, 10, scale=np.nan), "scale"),
        (lambda: CosineWarmup(0.1, 10, 10), "total"),
        (lambda: CosineWarmup(0.1, -1, 10), "warmup"),
        (lambda: CosineWarmup(0.1, 1, 10, min_lr=-1), "min_lr"),
        (lambda: Dlib(0.1, patience=0), "patience"),
        (lambda: Dlib(0.1, decay=-1), "decay"),
    ],
)
def test_bad_arguments_of_schedules(make, message):
    with pytest.raises(ValueError, match=message):
        make()
