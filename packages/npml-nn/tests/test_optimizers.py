from functools import partial

import numpy as np
import pytest

from npml_nn import SGD, AdamW, Constant, Dense, Optimizer, Parameter, Schedule, Sequential
from npml_nn import optimizers as module
from npml_nn.optimizers import get_optimizer


def parameters(rng, dtype=np.float64):
    return [Parameter(f"w{i}", rng.normal(size=shape).astype(dtype)) for i, shape in enumerate([(3, 2), (4,), ()])]


OPTIONS = [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"momentum": 0.5, "clip_norm": 1.0}]


@pytest.mark.parametrize("case", range(len(OPTIONS)))
def test_trajectory_equals_recorded(case, recorded):
    r = recorded("sgd")
    w = Parameter("w", r["w"].copy())
    optimizer = SGD([w], lr=0.05, **OPTIONS[case])
    for g in r["g"]:
        w.grad[...] = g * w.value + g
        optimizer.step()
    np.testing.assert_allclose(w.value, r[f"w{case}"], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("options", OPTIONS)
def test_pieces_change_nothing(options, rng, monkeypatch):
    values, gradients = rng.normal(size=(7, 11)), rng.normal(size=(5, 7, 11))
    results = []
    for chunk in (module.CHUNK, 10):
        monkeypatch.setattr(module, "CHUNK", chunk)
        for layout in (np.array, np.asfortranarray):
            w = Parameter("w", layout(values))
            optimizer = SGD([w], lr=0.1, **options)
            for g in gradients:
                w.grad[...] = g
                optimizer.step()
            results.append(w.value)
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], rtol=1e-13)


@pytest.mark.parametrize("options", OPTIONS)
def test_in_place_and_float32(options, rng):
    ps = parameters(rng, np.float32)
    arrays, gradients = [p.value for p in ps], [p.grad for p in ps]
    optimizer = SGD(ps, lr=Constant(0.1), **options)
    for p in ps:
        p.grad[...] = 1
    optimizer.step()
    assert all(p.value is a and p.grad is g for p, a, g in zip(ps, arrays, gradients))
    assert all(a.dtype == np.float32 for memory in optimizer._memory for a in [*memory.values(), *arrays])
    assert all((p.grad == 1).all() for p in ps)  # clipping leaves the gradients themselves alone
    optimizer.zero_grad()
    assert not any(g.any() for g in gradients)


def test_clipping(rng):
    ps = parameters(rng)
    before = [p.value.copy() for p in ps]
    for p in ps:
        p.grad[...] = rng.normal(size=p.grad.shape)
    total = np.sqrt(sum((p.grad**2).sum() for p in ps))
    SGD(ps, lr=1.0, clip_norm=0.5).step()
    moved = np.sqrt(sum(((p.value - b) ** 2).sum() for p, b in zip(ps, before)))
    assert moved == pytest.approx(0.5, rel=1e-5)
    now = [p.value.copy() for p in ps]
    SGD(ps, lr=1.0, clip_norm=2 * total).step()
    for p, b in zip(ps, now):
        np.testing.assert_allclose(p.value, b - p.grad)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_gradients_that_are_not_finite_change_nothing(bad, rng):
    ps = parameters(rng)
    optimizer = SGD(ps, lr=0.1, momentum=0.9, clip_norm=1.0)
    optimizer.step()
    values, state = [p.value.copy() for p in ps], optimizer.state_dict()
    ps[0].grad[...] = 1
    ps[1].grad[2] = bad
    with pytest.raises(ValueError, match="'w1'"):
        optimizer.step()
    for p, value in zip(ps, values):
        np.testing.assert_array_equal(p.value, value)
    np.testing.assert_equal(optimizer.state_dict(), state)


@pytest.mark.parametrize("dtype, size", [(np.float32, 1e30), (np.float64, 1e200)])
def test_norm_of_huge_gradients(dtype, size):
    w = Parameter("w", np.zeros(4, dtype))
    w.grad[...] = size
    SGD([w], lr=1.0, clip_norm=1.0).step()
    np.testing.assert_allclose(w.value, -0.5, rtol=1e-5)


def test_frozen_parameters_and_their_memory_stay(rng):
    layer = Dense(3, 2, random_state=0)
    optimizer = SGD(layer.parameters(), lr=0.1, momentum=0.9, clip_norm=1.0)
    layer.freeze()
    layer.grads["W"][...] = np.nan
    before = layer.state_dict()
    optimizer.step()
    np.testing.assert_array_equal(layer.W, before["W"])
    assert optimizer.state_dict()["counts"] == [0, 0]
    assert optimizer.n_steps == 1


@pytest.mark.parametrize("options", OPTIONS)
def test_state_resumes_exactly(options, rng):
    values, gradients = rng.normal(size=(3, 2)), rng.normal(size=(10, 3, 2))

    def run(w, optimizer, some):
        for g in some:
            w.grad[...] = g
            optimizer.step()
        return w.value

    straight = Parameter("w", values.copy())
    run(straight, SGD([straight], lr=0.1, **options), gradients)
    first = Parameter("w", values.copy())
    optimizer = SGD([first], lr=0.1, **options)
    run(first, optimizer, gradients[:4])
    state = optimizer.state_dict()
    second = Parameter("w", first.value.copy())
    run(first, optimizer, gradients[4:])  # the state is a copy
    resumed = SGD([second], lr=0.1, **options)
    resumed.load_state_dict(state)
    np.testing.assert_array_equal(run(second, resumed, gradients[4:]), straight.value)


def test_a_state_that_does_not_fit_changes_nothing(rng):
    optimizer = SGD(parameters(rng), lr=0.1, momentum=0.9)
    state = optimizer.state_dict()
    for wrong in ({}, None, {**state, "memory": state["memory"][:1]}, {**state, "counts": [0]}, {**state, "more": 1}):
        with pytest.raises(ValueError, match="state"):
            optimizer.load_state_dict(wrong)
    np.testing.assert_equal(optimizer.state_dict(), state)


def test_schedules_see_step_and_loss():
    seen = []

    class Watching(Schedule):
        def __call__(self, step, loss=None):
            seen.append((step, loss))
            return 0.5

    w = Parameter("w", np.zeros(1), np.ones(1))
    for schedule in (Watching(), lambda step, loss=None: seen.append((step, loss)) or 0.5):
        optimizer = SGD([w], lr=schedule)
        optimizer.step()
        optimizer.step(loss=3.0)
    assert seen == [(0, None), (1, 3.0)] * 2
    assert w.value == -2


def test_joined_lists_hold_each_array_once():
    shared = Dense(2, 2)
    model = Sequential(shared, Dense(2, 2))
    optimizer = SGD(model.parameters() + shared.parameters(), lr=0.1)
    assert len(optimizer.parameters) == 4


def test_names():
    assert get_optimizer("sgd") is SGD
    assert get_optimizer(SGD) is SGD
    with pytest.raises(ValueError, match="'sgd'"):
        get_optimizer("unknown")
    with pytest.raises(TypeError, match="optimizer"):
        get_optimizer(3)
    assert "Constant(lr=0.1)" in repr(SGD(Dense(2, 2).parameters(), lr=0.1))


def test_bad_arguments():
    ps = Dense(2, 2).parameters()
    with pytest.raises(ValueError, match="empty"):
        SGD([], lr=0.1)
    with pytest.raises(TypeError, match="Parameter"):
        SGD([np.ones(2)], lr=0.1)
    for options, message in [({"lr": -1}, "lr"), ({"lr": np.nan}, "lr"), ({"momentum": -1}, "momentum")]:
        with pytest.raises(ValueError, match=message):
            SGD(ps, **options)
    with pytest.raises(ValueError, match="nesterov"):
        SGD(ps, nesterov=True)
    with pytest.raises(ValueError, match="clip_norm"):
        SGD(ps, clip_norm=np.inf)
    with pytest.raises(TypeError, match="lr"):
        SGD(ps, lr="fast")
    with pytest.raises(TypeError, match="_update"):
        Optimizer(ps, lr=0.1).step()


@pytest.mark.parametrize("make", [partial(SGD, lr=0.1, momentum=0.9), partial(AdamW, lr=0.1, clip_norm=1.0)])
def test_small_parameters_updated_together_equal_each_alone(make, monkeypatch, rng):
    shapes = [((3, 4), np.float32), ((), np.float64), ((5,), np.float32), ((0, 2), np.float32), ((7, 7), np.float64)]
    values = [rng.normal(size=shape).astype(dtype) for shape, dtype in shapes]
    gradients = [[rng.normal(size=value.shape).astype(value.dtype) for value in values] for _ in range(4)]
    results = []
    for small in (0, 4096):
        monkeypatch.setattr("npml_nn.optimizers.SMALL", small)
        parameters = [Parameter(str(i), np.array(value)) for i, value in enumerate(values)]
        parameters[0].value = np.asfortranarray(parameters[0].value)
        optimizer = make(parameters)
        for step, given in enumerate(gradients):
            parameters[2]._frozen = step == 1  # from now on it counts fewer updates than the others
            for parameter, gradient in zip(parameters, given):
                parameter.grad[...] = gradient
            optimizer.step()
        results.append([parameter.value for parameter in parameters])
    for alone, together in zip(*results):
        np.testing.assert_array_equal(alone, together)
        assert alone.dtype == together.dtype
