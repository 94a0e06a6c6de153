import numpy as np
import pytest

from npml_nn import DotProductAttention, KeyValueCache, MultiHeadAttention, gradcheck
from npml_nn.blocks.attention import MultiHeadAttention as Block


def drawn(layer, rng):
    for array in layer.params.values():
        array[...] = rng.normal(size=array.shape)
    return layer


@pytest.mark.parametrize("given", ["q", "qk", "qkv", "qkvm", "qkm"])
@pytest.mark.parametrize("options", [{}, {"causal": True, "dropout": 0.3}], ids=str)
def test_gradients(given, options, rng):
    layer = drawn(MultiHeadAttention(2, 2, random_state=0, **options), rng)
    inputs = {"q": rng.normal(size=(2, 3, 2)), "k": rng.normal(size=(2, 4, 2)), "v": rng.normal(size=(2, 4, 2))}
    mask = rng.random((2, 3, 4)) < 0.5
    mask[0, 0] = False
    inputs["m"] = mask
    assert gradcheck(layer, [inputs.get(name) if name in given else None for name in "qkvm"])


def test_equals_heads_one_by_one(rng):
    layer = drawn(MultiHeadAttention(6, 3, dtype=np.float64), rng)
    q, k, v = rng.normal(size=(2, 3, 6)), rng.normal(size=(2, 5, 6)), rng.normal(size=(2, 5, 6))
    mask = rng.random((2, 3, 3, 5)) < 0.6
    Wq, Wk, Wv = np.split(layer.W, 3, axis=1)
    bq, bk, bv = np.split(layer.b, 3)
    heads = []
    for i in range(3):
        some = slice(2 * i, 2 * i + 2)
        projected = [x @ W[:, some] + b[some] for x, W, b in ((q, Wq, bq), (k, Wk, bk), (v, Wv, bv))]
        heads.append(DotProductAttention()(*projected, mask[:, i]))
    expected = np.concatenate(heads, axis=2) @ layer.out.W + layer.out.b
    np.testing.assert_allclose(layer(q, k, v, mask), expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(layer(q), layer(q, q, q), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(layer(q, k), layer(q, k, k), rtol=1e-12, atol=1e-14)
    shared = rng.random((2, 3, 5)) < 0.6
    np.testing.assert_array_equal(layer(q, k, v, shared), layer(q, k, v, np.repeat(shared[:, None], 3, axis=1)))


def test_gradients_add_up_over_the_inputs(rng):
    """Self-attention's gradient is the sum of those for q, k and v."""
    layer = drawn(MultiHeadAttention(4, 2, causal=True, dtype=np.float64), rng)
    x, dy = rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 5, 4))
    layer(x), layer(x, x, x)
    parts = layer.backward(dy)
    apart = {name: a.copy() for name, a in layer.grads.items()}
    layer.zero_grad()
    np.testing.assert_allclose(layer.backward(dy), sum(parts), rtol=1e-10, atol=1e-13)
    for name in apart:
        np.testing.assert_allclose(layer.grads[name], apart[name], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_hidden_padding_reaches_nothing(poison, rng):
    layer = drawn(MultiHeadAttention(4, 2, dtype=np.float64), rng)
    q, k, dy = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 3, 4))
    mask = np.ones((2, 1, 5), bool)
    mask[1, 0, 3:] = False
    results = []
    for value in (0.0, poison):
        k[1, 3:] = value
        layer.zero_grad()
        y = layer(q, k, mask=mask)
        results.append([y, *layer.backward(dy), *(a.copy() for a in layer.grads.values())])
    for a, b in zip(*results):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    assert not results[0][2][1, 3:].any()


def test_hidden_padding_of_a_sequence_that_attends_to_itself(rng):
    layer = drawn(MultiHeadAttention(4, 2, dtype=np.float64), rng)
    x, dy = rng.normal(size=(1, 5, 4)), rng.normal(size=(1, 5, 4))
    valid = np.array([[True, True, True, False, False]])
    expected = layer(x[:, :3])
    expected_dx = layer.backward(dy[:, :3])
    x[:, 3:] = np.nan
    y = layer(x, mask=valid[:, :, None] & valid[:, None, :])
    np.testing.assert_allclose(y[:, :3], expected, rtol=1e-11)
    np.testing.assert_array_equal(y[0, 3:], [layer.out.b] * 2)
    dx = layer.backward(dy)
    np.testing.assert_allclose(dx[:, :3], expected_dx, rtol=1e-10)
    assert not dx[:, 3:].any()
    assert all(np.isfinite(a).all() for a in layer.grads.values())


@pytest.mark.parametrize("parts", [[1] * 6, [6], [2, 3, 1], [5, 1]])
def test_keys_and_values_kept_from_before(parts, rng):
    layer = drawn(MultiHeadAttention(4, 2, causal=True, dtype=np.float64), rng).eval()
    x, cache, outputs, start = rng.normal(size=(3, 6, 4)), layer.new_cache(3, 8), [], 0
    for size in parts:
        outputs.append(layer.forward_cached(x[:, start : start + size], cache))
        start += size
    np.testing.assert_allclose(np.concatenate(outputs, axis=1), layer(x), rtol=1e-11, atol=1e-13)
    assert cache.n_tokens == 6
    with pytest.raises(ValueError, match="room for 6 rows of 8 tokens"):
        layer.forward_cached(x[:, :3], cache)
    with pytest.raises(ValueError, match="rows"):
        layer.forward_cached(x[:1, :1], cache)


def test_cache_takes_the_dtype():
    cache = KeyValueCache(2, 3, 4, np.float32)
    k, v = cache.append(np.ones((2, 1, 4)), np.zeros((2, 1, 4)))
    assert k.dtype == v.dtype == np.float32
    assert k.shape == (2, 1, 4)


@pytest.mark.parametrize("causal", [False, True])
def test_float32_and_inputs_untouched(causal, stays_float32, changes_nothing, rng):
    layer = MultiHeadAttention(4, 2, causal=causal, random_state=0)
    q, k = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4))
    for given in ([q], [q, k], [q, k, k], [q, k, k, np.ones((3, 5), bool)]):
        stays_float32(layer, *given)
        changes_nothing(layer, *given)
    stays_float32(MultiHeadAttention(64, 4), rng.normal(size=(8, 100, 64)))
    assert layer.forward_cached(q, layer.new_cache(2, 4)).dtype == np.float32


MUTANTS = [
    ("dheads[first:last]", "dheads[first:last][::-1]", "exchanged"),
    ("dxs[0]", "-dxs[0]", "sign"),
    ("dbs[0]", "dbs[0] / len(do)", "a mean where a sum is due"),
    ("dWs[0]", "0 * dWs[0]", "dropped"),
]


@pytest.mark.parametrize("old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(old, new, what, mutant_is_caught, rng):
    layer = drawn(MultiHeadAttention(4, 2), rng)
    mutant_is_caught(Block._backward, old, new, layer, [rng.normal(size=(2, 3, 4))])


def test_summary_counts_the_products():
    summary = MultiHeadAttention(8, 2).summary((5, 8))
    assert summary.n_parameters == 4 * 8 * 8 + 4 * 8
    assert summary.multiply_adds == 4 * 5 * 8 * 8 + 2 * 5 * 5 * 8


def test_bad_arguments():
    with pytest.raises(ValueError, match="n_heads must divide d_model = 8, got 3"):
        MultiHeadAttention(8, 3)
    with pytest.raises(ValueError, match="dropout"):
        MultiHeadAttention(8, 2, dropout=1.5)
    layer, x = MultiHeadAttention(4, 2), np.zeros((2, 3, 4))
    with pytest.raises(ValueError, match=r"\(N, T, 4\), got \(2, 3, 5\)"):
        layer(np.zeros((2, 3, 5)))
    with pytest.raises(ValueError, match="v needs k"):
        layer(x, v=x)
    with pytest.raises(ValueError, match="mask must broadcast"):
        layer(x, mask=np.ones((3, 4), bool))
    with pytest.raises(TypeError, match="bool"):
        layer(x, mask=np.ones((3, 3)))
