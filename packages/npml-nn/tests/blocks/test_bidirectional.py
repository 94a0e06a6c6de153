import numpy as np
import pytest

from npml_nn import GRU, LSTM, RNN, Bidirectional, gradcheck

MERGES = ["concat", "sum", "mul", "avg"]


def different(layer, rng):
    """The two directions with weights of their own."""
    for array in layer.params.values():
        array[...] = rng.normal(size=array.shape)
    return layer


@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
@pytest.mark.parametrize("shape", [(2, 4, 2), (1, 1, 2)])
def test_gradients(merge, kind, shape, rng):
    assert gradcheck(different(Bidirectional(kind(2, 3), merge), rng), [rng.normal(size=shape)])


@pytest.mark.parametrize("merge", MERGES)
def test_equals_two_layers(merge, rng):
    layer = different(Bidirectional(LSTM(2, 3, dtype=np.float64), merge), rng)
    x = rng.normal(size=(2, 5, 2))
    a, b = layer.layer(x), layer.reverse(x[:, ::-1])[:, ::-1]
    merged = {"concat": np.concatenate([a, b], axis=2), "sum": a + b, "mul": a * b, "avg": (a + b) / 2}
    np.testing.assert_array_equal(layer(x), merged[merge])


def test_a_copy_runs_backwards(rng):
    inner = RNN(2, 3, random_state=0)
    layer = Bidirectional(inner)
    assert layer.layer is inner
    np.testing.assert_array_equal(layer.reverse.W, inner.W)
    assert layer.reverse.W is not inner.W
    x = rng.normal(size=(1, 4, 2))
    y = layer(x)
    np.testing.assert_array_equal(y[:, ::-1, 3:], inner(x[:, ::-1]))


@pytest.mark.parametrize("merge", MERGES)
def test_float32_and_inputs_untouched(merge, stays_float32, changes_nothing, rng):
    stays_float32(Bidirectional(GRU(2, 3, random_state=0), merge), rng.normal(size=(2, 4, 2)))
    changes_nothing(Bidirectional(GRU(2, 3, random_state=0), merge), rng.normal(size=(2, 4, 2)))


MUTANTS = [
    ("np.split(dy, 2, axis=-1)", "np.split(dy, 2, axis=-1)[::-1]", "exchanged"),
    ("db[:, ::-1])[:, ::-1]", "db)[:, ::-1]", "not reversed"),
    ("self.layer.backward(da) +", "self.layer.backward(da) -", "sign"),
]


@pytest.mark.parametrize("old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(old, new, what, mutant_is_caught, rng):
    layer = different(Bidirectional(RNN(2, 3)), rng)
    mutant_is_caught(Bidirectional._backward, old, new, layer, [rng.normal(size=(2, 4, 2))])


@pytest.mark.parametrize(
    "old, new",
    [("da, db = dy * b, dy * a", "da, db = dy * a, dy * b"), ('dy if self.merge == "sum" else dy / 2', "dy")],
)
def test_planted_mistakes_of_merges_are_caught(old, new, mutant_is_caught, rng):
    layer = different(Bidirectional(RNN(2, 3), "mul" if "*" in old else "avg"), rng)
    mutant_is_caught(Bidirectional._backward, old, new, layer, [rng.normal(size=(2, 4, 2))])


def test_bad_arguments():
    with pytest.raises(ValueError, match="merge must be one of"):
        Bidirectional(RNN(2, 3), "max")
    with pytest.raises(ValueError, match="state"):
        Bidirectional(LSTM(2, 3, return_state=True))
    with pytest.raises(ValueError, match=r"\(N, T, C\), got \(4, 2\)"):
        Bidirectional(RNN(2, 3))(np.zeros((4, 2)))
