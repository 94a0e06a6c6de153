import numpy as np
import pytest

from npml_nn import TransformerBlock, gelu, gradcheck, layer_norm
from npml_nn.blocks.transformer import TransformerBlock as Block


def drawn(layer, rng):
    for array in layer.params.values():
        array[...] = rng.normal(size=array.shape)
    return layer


@pytest.mark.parametrize(
    "options", [{"d_ff": 3}, {"d_ff": 2, "causal": True, "dropout": 0.2, "activation": "silu"}], ids=str
)
@pytest.mark.parametrize("norm_first", [True, False])
def test_gradients(options, norm_first, rng):
    block = drawn(TransformerBlock(4, 2, norm_first=norm_first, random_state=0, **options), rng)
    mask = rng.random((2, 3, 3)) < 0.6
    assert gradcheck(block, [rng.normal(size=(2, 3, 4)), mask])


@pytest.mark.parametrize("norm_first", [True, False])
def test_equals_its_parts(norm_first, rng):
    block = drawn(TransformerBlock(4, 2, norm_first=norm_first, dtype=np.float64), rng)
    x, mask = rng.normal(size=(2, 3, 4)), np.tril(np.ones((3, 3), bool))

    def norm(x, layer):
        return layer_norm(x, layer.g, layer.b)

    def feed_forward(x):
        return gelu(x @ block.dense1.W + block.dense1.b) @ block.dense2.W + block.dense2.b

    if norm_first:
        middle = x + block.attention(norm(x, block.norm1), mask=mask)
        expected = middle + feed_forward(norm(middle, block.norm2))
    else:
        middle = norm(x + block.attention(x, mask=mask), block.norm1)
        expected = norm(middle + feed_forward(middle), block.norm2)
    np.testing.assert_allclose(block(x, mask=mask), expected, rtol=1e-11, atol=1e-12)
    causal = TransformerBlock(4, 2, causal=True, norm_first=norm_first, dtype=np.float64)
    causal.load_state_dict(block.state_dict())
    np.testing.assert_allclose(causal(x), expected, rtol=1e-11, atol=1e-12)


def test_equals_recorded(recorded):
    r = recorded("transformer")
    for norm_first in (True, False):
        block = TransformerBlock(4, 2, d_ff=6, causal=True, norm_first=norm_first, dtype=np.float64)
        block.load_state_dict({name[6:]: a for name, a in r.items() if name.startswith("state_")})
        np.testing.assert_allclose(block(r["x"]), r[f"y_{norm_first}"], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(block.backward(r["dy"]), r[f"dx_{norm_first}"], rtol=1e-9, atol=1e-12)
        for name, gradient in block.grads.items():
            np.testing.assert_allclose(gradient, r[f"grad_{norm_first}_{name}"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("norm_first", [True, False])
def test_keys_and_values_kept_from_before(norm_first, rng):
    block = drawn(TransformerBlock(4, 2, dropout=0.5, causal=True, norm_first=norm_first, dtype=np.float64), rng)
    with pytest.raises(RuntimeError, match="eval"):
        block.forward_cached(np.zeros((1, 1, 4)), block.new_cache(1, 1))
    x = rng.normal(size=(2, 5, 4))
    whole, cache = block.eval()(x), block.new_cache(2, 5)
    parts = [block.forward_cached(x[:, a:b], cache) for a, b in ((0, 2), (2, 3), (3, 5))]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-11, atol=1e-12)


def test_float32_and_inputs_untouched(stays_float32, changes_nothing, rng):
    block = TransformerBlock(4, 2, random_state=0)
    stays_float32(block, rng.normal(size=(2, 3, 4)))
    changes_nothing(block, rng.normal(size=(2, 3, 4)))
    stays_float32(TransformerBlock(32, 4, causal=True), rng.normal(size=(8, 200, 32)))


def test_freezing_sharing_and_evaluation(rng):
    block = drawn(TransformerBlock(4, 2, dtype=np.float64), rng)
    x, dy = rng.normal(size=(2, 2, 3, 4)), rng.normal(size=(2, 2, 3, 4))
    block(x[0]), block(x[1])
    dx = [block.backward(dy[1]), block.backward(dy[0])][::-1]
    twice = {name: a.copy() for name, a in block.grads.items()}
    block.zero_grad()
    block(x.reshape(4, 3, 4))
    np.testing.assert_allclose(block.backward(dy.reshape(4, 3, 4)).reshape(x.shape), dx, rtol=1e-9, atol=1e-12)
    for name in twice:
        np.testing.assert_allclose(block.grads[name], twice[name], rtol=1e-9, atol=1e-12)
    block.freeze().zero_grad()
    block(x[0])
    np.testing.assert_allclose(block.backward(dy[0]), dx[0], rtol=1e-9, atol=1e-12)
    assert not any(a.any() for a in block.grads.values())
    block.eval()(x[0])
    assert not any(part._tape for _, part in block.walk())


MUTANTS = [
    (
        True,
        "_plus(self.norm2.backward(self._feed_forward_backward(dy)), dy)",
        "self.norm2.backward(self._feed_forward_backward(dy))",
        "no shortcut",
    ),
    (True, "return _plus(self.norm1", "return _plus(-self.norm1", "sign"),
    (False, "_backward(dy), dy)", "_backward(dy), 0 * dy)", "shortcut forgotten"),
    (False, "backward(dx)), dx)", "backward(dx)), 0 * dx)", "shortcut forgotten"),
]


@pytest.mark.parametrize("norm_first, old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(norm_first, old, new, what, mutant_is_caught, rng):
    block = drawn(TransformerBlock(4, 2, d_ff=2, norm_first=norm_first), rng)
    mutant_is_caught(Block._backward, old, new, block, [rng.normal(size=(2, 3, 4))])


def test_reproducible_and_checked():
    a, b = (TransformerBlock(4, 2, random_state=np.random.default_rng(3)) for _ in range(2))
    for name, array in a.params.items():
        np.testing.assert_array_equal(array, b.params[name])
    assert a.dense1.W.shape == (4, 16)
    assert a(np.ones((1, 2, 4))).dtype == np.float32
    with pytest.raises(ValueError, match="n_heads"):
        TransformerBlock(4, 3)
    with pytest.raises(ValueError, match="activation"):
        TransformerBlock(4, 2, activation="unknown")
