import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_nn import CrossEntropy, functional, gradcheck
from npml_nn.losses import cross_entropy as module


def naive(z, q):
    """-sum q log softmax(z), one row at a time, q (K,)."""
    return -sum(q[k] * (z[k] - np.log(np.exp(z).sum())) for k in range(len(z)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3), (1, 1), (3,)])
def test_gradients_and_definition(shape, smoothing, rng):
    logits = rng.normal(size=shape)
    classes = rng.integers(0, shape[-1], shape[:-1])
    one_hot = np.eye(shape[-1])[classes]
    loss = CrossEntropy(label_smoothing=smoothing)
    for targets in (classes, one_hot, rng.dirichlet(np.ones(shape[-1]), shape[:-1])):
        assert gradcheck(loss, [logits, targets])
    q = (1 - smoothing) * one_hot + smoothing / shape[-1]
    expected = np.mean([naive(z, t) for z, t in zip(logits.reshape(-1, shape[-1]), q.reshape(-1, shape[-1]))])
    for targets in (classes, one_hot):
        assert loss(logits, targets)[0] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(loss(logits, classes)[1], loss(logits, one_hot)[1], atol=1e-15)


def test_equals_recorded(recorded):
    r = recorded("cross_entropy")
    for i, (smoothing, targets) in enumerate([(0.0, "t"), (0.1, "t"), (0.0, "q"), (0.3, "q")]):
        value, dy = CrossEntropy(smoothing, ignore_index=2)(r["z"], r[targets])
        assert value == pytest.approx(float(r[f"value{i}"]), rel=1e-12)
        np.testing.assert_allclose(dy, r[f"dz{i}"], rtol=1e-10, atol=1e-15)


def test_nothing_to_learn_from():
    logits = np.array([[1.0, 2.0], [np.nan, np.inf]])
    for loss in (CrossEntropy(ignore_index=0), CrossEntropy(0.2, ignore_index=0)):
        with np.errstate(invalid="ignore"):
            value, dy = loss(logits, [0, 0])
        assert value == 0
        np.testing.assert_array_equal(dy, 0)
    value, dy = CrossEntropy()(np.zeros((0, 3)), np.zeros(0, int))
    assert value == 0
    assert dy.shape == (0, 3)


def test_ignored_rows_count_for_nothing(rng):
    logits = rng.normal(size=(6, 4))
    targets = np.array([0, -100, 3, 1, -100, 2])
    value, dy = CrossEntropy(0.1)(logits, targets)
    kept = targets >= 0
    expected, expected_dy = CrossEntropy(0.1)(logits[kept], targets[kept])
    assert value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(dy[kept], expected_dy, rtol=1e-14)
    assert not dy[~kept].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits(dtype):
    logits = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 0]], dtype)
    value, dy = CrossEntropy()(logits, [0, 0])
    assert value == pytest.approx(1e4)
    np.testing.assert_array_equal(dy, [[0, 0, 0], [-0.5, 0.5, 0]])
    assert dy.dtype == dtype
    hidden = np.array([[0.0, -np.inf, 0.0]], dtype)  # a class that is ruled out
    for targets in ([0], [[1, 0, 0]], [[0.5, 0, 0.5]]):
        assert CrossEntropy()(hidden, targets)[0] == pytest.approx(np.log(2))


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 40), k=st.integers(1, 9), chunk=st.sampled_from([1, 7, 65536]), shift=st.floats(-1e3, 1e3))
def test_chunks_and_shifts_change_nothing(n, k, chunk, shift):
    rng = np.random.default_rng(n)
    logits, targets = rng.normal(size=(n, k)), rng.integers(0, k, n)
    value, dy = CrossEntropy(0.1)(logits, targets)
    before, module.CHUNK = module.CHUNK, chunk
    try:
        again, dy_again = CrossEntropy(0.1)(logits + shift, targets)
    finally:
        module.CHUNK = before
    assert again == pytest.approx(value, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(dy_again, dy, atol=1e-12)
    np.testing.assert_allclose(dy.sum(axis=1), 0, atol=1e-15)


def test_float32_and_inputs_untouched(changes_nothing, stays_float32, rng):
    logits, targets = rng.normal(size=(4, 3)), np.array([0, 2, 1, 0])
    stays_float32(functional.cross_entropy, logits, targets)
    stays_float32(functional.cross_entropy, logits, np.eye(3)[targets])
    for given_logits in (np.asfortranarray(logits), logits[::-1][::-1], logits.tolist()):
        copy = np.array(given_logits)
        np.testing.assert_array_equal(CrossEntropy()(given_logits, targets)[1], CrossEntropy()(logits, targets)[1])
        np.testing.assert_array_equal(given_logits, copy)


MUTANTS = [
    (module._class_rows, "-= 1 - smoothing", "+= 1 - smoothing", 0, "sign"),
    (module._class_rows, "gradient -= smoothing / n_classes", "pass", 0, "dropped term"),
    (module.cross_entropy, "gradient *= 1 / max(n_rows, 1)", "pass", 0, "missing 1/n"),
    (module._shift_and_exponentiate, "out /= total", "pass", 0, "not normalised"),
    (module._probability_rows, "gradient -= q", "gradient -= targets", 1, "target not smoothed"),
]


@pytest.mark.parametrize("function, old, new, kind, what", MUTANTS)
def test_planted_mistakes_are_caught(function, old, new, kind, what, mutant_is_caught, rng):
    targets = np.array([0, -100, 2, 1]) if kind == 0 else rng.dirichlet(np.ones(3), 4)
    mutant_is_caught(function, old, new, CrossEntropy(0.1), [rng.normal(size=(4, 3)), targets])


@pytest.mark.parametrize(
    "targets, error, message",
    [
        ([0, 3], ValueError, "got 3"),
        ([0, -1], ValueError, "got -1"),
        ([0], ValueError, "shape"),
        ([[0], [1]], ValueError, "shape"),
        ([0.0, 1.0], TypeError, "integers"),
        ([[1, 0, 1], [0, 0, 1]], ValueError, "sum to 1"),
        ([[-1, 1, 1], [0, 0, 1]], ValueError, "negative"),
        ([[np.nan, 1, 0], [0, 0, 1]], ValueError, "finite"),
        ([["a", "b", "c"]] * 2, TypeError, "numbers"),
    ],
)
def test_bad_targets(targets, error, message):
    with pytest.raises(error, match=message):
        CrossEntropy()(np.zeros((2, 3)), targets)


def test_bad_arguments():
    with pytest.raises(ValueError, match="label_smoothing"):
        CrossEntropy(1.5)
    with pytest.raises(ValueError, match="classes on the last axis"):
        CrossEntropy()(np.float64(1), 0)
