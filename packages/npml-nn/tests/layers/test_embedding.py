import numpy as np
import pytest

from npml_nn import Embedding, Sequential, embedding, functional, gradcheck
from npml_nn.layers.embedding import embedding_backward

POOLS = [None, "sum", "mean"]


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("shape", [(4,), (1, 1), (3, 5), (2, 3, 2)])
def test_gradients(pool, shape, rng):
    ids = rng.integers(0, 6, shape)
    assert gradcheck(Embedding(6, 3, pool, activation="tanh", random_state=0), [ids])

    def op(ids, W):
        return functional.embedding(ids, W, pool)

    assert gradcheck(op, [ids, rng.normal(size=(6, 3))], backward=functional.embedding_backward)


@pytest.mark.parametrize("pool", POOLS)
def test_equals_the_definition(pool, rng):
    ids, W = rng.integers(0, 6, (3, 5)), rng.normal(size=(6, 2))
    y, cache = functional.embedding(ids, W, pool)
    expected = np.array([[W[i] for i in row] for row in ids])
    expected = expected if pool is None else getattr(expected, pool)(axis=1)
    np.testing.assert_allclose(y, expected, rtol=1e-14)
    dy, dW = rng.normal(size=y.shape), np.zeros_like(W)
    for n, t in np.ndindex(3, 5):
        dW[ids[n, t]] += dy[n, t] if pool is None else dy[n] / (5 if pool == "mean" else 1)
    np.testing.assert_allclose(functional.embedding_backward(dy, cache), dW, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("pool", POOLS)
def test_equals_recorded(pool, recorded):
    r = recorded("embedding")
    y, cache = functional.embedding(r["ids"], r["W"], pool)
    np.testing.assert_allclose(y, r[f"{pool}_y"], rtol=1e-10)
    np.testing.assert_allclose(functional.embedding_backward(r[f"{pool}_dy"], cache), r[f"{pool}_dW"], rtol=1e-10)


@pytest.mark.parametrize("pool", POOLS)
def test_float32(pool, rng):
    layer = Embedding(50, 8, pool, random_state=0)
    y = layer(rng.integers(0, 50, (4, 6)))
    assert y.dtype == layer.W.dtype == np.float32
    assert layer.backward(rng.normal(size=y.shape)) is None
    y, cache = functional.embedding(rng.integers(0, 50, (4, 6)), layer.W, pool)
    assert embedding_backward(np.ones_like(y), cache).dtype == np.float32


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: a[:, ::-1], lambda a: a.astype(np.uint8), np.int32])
def test_layouts_of_ids_and_gradients(layout, rng):
    ids, W, dy = rng.integers(0, 6, (3, 5)), rng.normal(size=(6, 2)), rng.normal(size=(3, 5, 2))
    ids = np.asarray(layout(ids))
    y, cache = functional.embedding(ids, W)
    np.testing.assert_array_equal(y, W[ids])
    a, b = (functional.embedding_backward(g, cache) for g in (dy, np.asfortranarray(dy)))
    np.testing.assert_allclose(a, b, rtol=1e-13)


def test_accumulates_shares_and_freezes(rng):
    layer = Embedding(4, 2, dtype=np.float64, random_state=0)
    layer([0, 1]), layer([1, 1])
    layer.backward(np.ones((2, 2))), layer.backward(np.ones((2, 2)))
    np.testing.assert_array_equal(layer.grads["W"], [[1, 1], [3, 3], [0, 0], [0, 0]])
    layer.freeze()
    layer([3])
    layer.backward(np.ones((1, 2)))
    assert not layer.grads["W"][3].any()
    assert Sequential(layer, "relu")([[1]]).shape == (1, 1, 2)


@pytest.mark.parametrize("pool, expected", [(None, (3, 0, 2)), ("sum", (3, 2)), ("mean", (3, 2))])
def test_no_tokens(pool, expected):
    layer = Embedding(4, 2, pool)
    for ids in (np.zeros((3, 0), np.int64), [[], [], []]):
        y = layer(ids)
        assert y.shape == expected
        assert not y.any()
        layer.backward(np.ones(expected))
    assert not layer.grads["W"].any()


MUTANTS = [
    ("dy / dy.dtype.type(max(ids.shape[-1], 1))", "dy", "missing 1/n"),
    ("transposed @ rows", "-(transposed @ rows)", "sign"),
    ("np.ones(ids.size, dy.dtype)", "np.full(ids.size, 2.0)", "factor"),
]


@pytest.mark.parametrize("old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(old, new, what, mutant_is_caught, rng):
    mutant_is_caught(embedding_backward, old, new, Embedding(6, 3, "mean"), [rng.integers(0, 6, (2, 4))])


@pytest.mark.parametrize("ids, named", [([[1, 7]], "7"), ([-1], "-1"), (6, "6"), (np.uint64([2**63]), str(2**63))])
def test_ids_out_of_range_are_named(ids, named):
    for call in (lambda: Embedding(6, 3)(ids), lambda: embedding(ids, np.zeros((6, 3)))):
        with pytest.raises(ValueError, match=f"from 0 to 5 .* got {named}"):
            call()


def test_bad_arguments():
    with pytest.raises(TypeError, match="integers"):
        Embedding(6, 3)([[1.0, 2.0]])
    with pytest.raises(TypeError, match="integers"):
        embedding([True, False], np.zeros((6, 3)))
    with pytest.raises(ValueError, match="pool"):
        Embedding(6, 3, pool="max")
    with pytest.raises(ValueError, match="pool"):
        embedding([1], np.zeros((6, 3)), pool="max")
    with pytest.raises(ValueError, match="axis to pool over"):
        Embedding(6, 3, pool="sum")(3)
    with pytest.raises(ValueError, match="dim"):
        Embedding(6, 0)
