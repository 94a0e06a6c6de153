import numpy as np
import pytest

from npml_nn import SGD, AdaGrad, Adam, AdamW, CosineWarmup, Dense, Dlib, Parameter, RMSProp
from npml_nn import optimizers as module
from npml_nn.optimizers import get_optimizer

RULES = [AdaGrad, RMSProp, Adam, AdamW]
CASES = [
    (AdaGrad, {}),
    (AdaGrad, {"weight_decay": 0.1, "eps": 0.1}),
    (RMSProp, {}),
    (RMSProp, {"alpha": 0.5, "eps": 0.1, "weight_decay": 0.1}),
    (RMSProp, {"momentum": 0.9}),
    (RMSProp, {"momentum": 0.5, "centered": True, "weight_decay": 0.1}),
    (Adam, {}),
    (Adam, {"betas": (0.5, 0.9), "eps": 0.1, "weight_decay": 0.1}),
    (AdamW, {}),
    (AdamW, {"betas": (0.0, 0.99), "eps": 0.001, "weight_decay": 0.5}),
    (SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    (SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
]
numbered = pytest.mark.parametrize("case", range(len(CASES)))


def run(case, w, gradients, **options):
    rule, own = CASES[case]
    optimizer = rule([w], lr=0.02, **own, **options)
    for g in gradients:
        w.grad[...] = g * w.value + g
        optimizer.step()
    return w.value


@numbered
def test_trajectory_equals_recorded(case, recorded):
    r = recorded("adaptive_optimizers")
    np.testing.assert_allclose(run(case, Parameter("w", r["w"].copy()), r["g"]), r[f"w{case}"], rtol=1e-10, atol=1e-13)


@numbered
def test_a_planted_mistake_changes_the_trajectory(case, recorded):
    """Every step after the first depends on the memory: without it another trajectory comes out."""
    r = recorded("adaptive_optimizers")
    rule, own = CASES[case]
    w = Parameter("w", r["w"].copy())
    for g in r["g"]:
        w.grad[...] = g * w.value + g
        rule([w], lr=0.02, **own).step()
    assert np.abs(w.value - r[f"w{case}"]).max() > 1e-3


def adam_by_the_paper(w, gradients, lr, b1, b2, eps):
    """Algorithm 1 of Kingma & Ba, one weight at a time."""
    w = float(w)
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        g = float(g)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        w -= lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)) ** 0.5 + eps)
    return w


def test_adam_is_algorithm_1(rng):
    values, gradients = rng.normal(size=4), rng.normal(size=(20, 4))
    w = Parameter("w", values.copy())
    optimizer = Adam([w], lr=0.1, betas=(0.7, 0.8), eps=0.2)
    for g in gradients:
        w.grad[...] = g
        optimizer.step()
    expected = [adam_by_the_paper(w0, gradients[:, i], 0.1, 0.7, 0.8, 0.2) for i, w0 in enumerate(values)]
    np.testing.assert_allclose(w.value, expected, rtol=1e-12)


@numbered
def test_pieces_and_layouts_change_nothing(case, rng, monkeypatch):
    values, gradients = rng.normal(size=(7, 11)), rng.normal(size=(5, 7, 11))
    results = []
    for chunk in (module.CHUNK, 10):
        monkeypatch.setattr(module, "CHUNK", chunk)
        for layout in (np.array, np.asfortranarray, lambda x: np.repeat(x, 2, axis=1)[:, ::2]):
            results.append(run(case, Parameter("w", layout(values)), gradients, clip_norm=3.0))
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], rtol=1e-12)


@numbered
def test_in_place_and_float32(case, rng):
    rule, own = CASES[case]
    ps = [Parameter(f"w{i}", rng.normal(size=shape).astype(np.float32)) for i, shape in enumerate([(3, 2), (), (0,)])]
    arrays = [p.value for p in ps]
    optimizer = rule(ps, lr=0.1, clip_norm=1.0, **own)
    for p in ps:
        p.grad[...] = 2
    before = arrays[0].copy()
    for _ in range(3):
        optimizer.step()
    assert (arrays[0] != before).all()
    assert all(p.value is array and array.dtype == np.float32 and (p.grad == 2).all() for p, array in zip(ps, arrays))
    assert all(a.dtype == np.float32 for memory in optimizer._memory for a in memory.values())


def test_float32_allocates_no_float64():
    """One piece of float32 at a time is all that a step allocates."""
    import tracemalloc

    w = Parameter("w", np.ones(1_000_000, np.float32), np.ones(1_000_000, np.float32))
    optimizer = AdamW([w], lr=0.1)
    tracemalloc.start()
    optimizer.step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * 4 * module.CHUNK


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_gradient_no_step(rule, dtype):
    w = Parameter("w", np.ones(3, dtype))
    optimizer = rule([w], lr=0.1, eps=0.0, weight_decay=0.0)
    for _ in range(3):
        optimizer.step()
    np.testing.assert_array_equal(w.value, 1)


@pytest.mark.parametrize("rule", RULES)
def test_tiny_gradients_move_as_far_as_large_ones(rule):
    moved = []
    for size in (1e-12, 1.0, 1e12):
        w = Parameter("w", np.zeros(1), np.full(1, size))
        rule([w], lr=0.1, eps=0.0, weight_decay=0.0).step()
        moved.append(w.value[0])
    np.testing.assert_allclose(moved, moved[0], rtol=1e-12)


@numbered
def test_state_resumes_exactly(case, rng):
    rule, own = CASES[case]
    values, gradients = rng.normal(size=(3, 2)), rng.normal(size=(10, 3, 2))

    def go(w, optimizer, some):
        for g in some:
            w.grad[...] = g
            optimizer.step(loss=float(g[0, 0]))
        return w.value

    def lr():
        return Dlib(0.1, patience=3, decay=0.5)

    straight = Parameter("w", values.copy())
    go(straight, rule([straight], lr=lr(), **own), gradients)
    first = Parameter("w", values.copy())
    optimizer = rule([first], lr=lr(), **own)
    go(first, optimizer, gradients[:4])
    state = optimizer.state_dict()
    second = Parameter("w", first.value.copy())
    go(first, optimizer, gradients[4:])  # the state is a copy
    resumed = rule([second], lr=lr(), **own)
    resumed.load_state_dict(state)
    np.testing.assert_array_equal(go(second, resumed, gradients[4:]), straight.value)


@pytest.mark.parametrize("rule", RULES)
def test_frozen_parameters_do_not_decay(rule):
    layer = Dense(3, 2, random_state=0).freeze()
    layer.grads["W"][...] = 1
    before = layer.state_dict()
    optimizer = rule(layer.parameters(), lr=0.1, weight_decay=0.5)
    optimizer.step()
    np.testing.assert_array_equal(layer.W, before["W"])
    layer.unfreeze()
    optimizer.step()
    assert optimizer.state_dict()["counts"] == [1, 1]
    fresh = Parameter("W", before["W"].copy(), np.ones_like(before["W"]))
    rule([fresh], lr=0.1, weight_decay=0.5).step()
    np.testing.assert_array_equal(layer.W, fresh.value)  # its first update, with the bias correction of a first update


@pytest.mark.parametrize("rule", RULES)
def test_gradients_that_are_not_finite_change_nothing(rule):
    w = Parameter("w", np.ones(3), np.ones(3))
    optimizer = rule([w], lr=CosineWarmup(0.1, 2, 10), clip_norm=1.0)
    optimizer.step()
    value, state = w.value.copy(), optimizer.state_dict()
    w.grad[1] = np.nan
    with pytest.raises(ValueError, match="'w'"):
        optimizer.step()
    np.testing.assert_array_equal(w.value, value)
    np.testing.assert_equal(optimizer.state_dict(), state)


def test_names():
    assert [get_optimizer(name) for name in ("adagrad", "rmsprop", "adam", "adamw")] == RULES
    assert AdamW([Parameter("w", np.ones(1))]).weight_decay == 0.01
    assert "Adam(1 parameters" in repr(Adam([Parameter("w", np.ones(1))]))


@pytest.mark.parametrize(
    "rule, options, message",
    [
        (AdaGrad, {"eps": -1}, "eps"),
        (RMSProp, {"alpha": 1.0}, "alpha"),
        (RMSProp, {"alpha": -0.1}, "alpha"),
        (RMSProp, {"momentum": np.nan}, "momentum"),
        (Adam, {"betas": 0.9}, "betas"),
        (Adam, {"betas": (0.9,)}, "betas"),
        (Adam, {"betas": (0.9, 1.0)}, "betas"),
        (Adam, {"eps": np.inf}, "eps"),
        (Adam, {"lr": -1}, "lr"),
        (AdamW, {"weight_decay": -1}, "weight_decay"),
        (SGD, {"weight_decay": -1}, "weight_decay"),
    ],
)
def test_bad_arguments(rule, options, message):
    with pytest.raises(ValueError, match=message):
        rule([Parameter("w", np.ones(1))], **options)
