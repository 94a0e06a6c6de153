"""GPT: its equations, gradients, generation with and without a cache, what it refuses."""

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_nn import GPT, Adam, CrossEntropy, gradcheck
from npml_nn.models.gpt import _draw


def awake(seed=0, scale=0.3, dtype=np.float32, **options):
    """A small GPT whose weights are large enough for each token to change what follows, biases and gains included."""
    sizes = {"vocab_size": 11, "block_size": 8, "d_model": 8, "n_heads": 2, "n_layers": 2}
    gpt, rng = GPT(**{**sizes, **options}, dtype=dtype, random_state=seed), np.random.default_rng(seed)
    for array in gpt.params.values():
        array += rng.normal(0, scale, array.shape)
    return gpt


def naive(gpt, tokens):
    """Logits by the equations, one text and one place at a time."""
    P = gpt.params

    def norm(x, name):
        return (x - x.mean()) / np.sqrt(x.var() + 1e-5) * P[f"{name}.g"] + P[f"{name}.b"]

    def gelu(x):
        from scipy.special import erf

        return x * (1 + erf(x / np.sqrt(2))) / 2

    x = [P["tokens.W"][token] + P["positions"][t] for t, token in enumerate(tokens)]
    for i in range(gpt.n_layers):
        b = f"blocks.{i}"
        qkv = [norm(row, f"{b}.norm1") @ P[f"{b}.attention.W"] + P[f"{b}.attention.b"] for row in x]
        d, size = gpt.d_model, gpt.d_model // gpt.n_heads
        for t in range(len(x)):
            heads = []
            for start in range(0, d, size):
                part = slice(start, start + size)
                scores = [qkv[t][:d][part] @ qkv[s][d : 2 * d][part] / np.sqrt(size) for s in range(t + 1)]
                weights = np.exp(scores) / np.exp(scores).sum()
                heads.append(sum(w * qkv[s][2 * d :][part] for s, w in enumerate(weights)))
            x[t] = x[t] + np.concatenate(heads) @ P[f"{b}.attention.out.W"] + P[f"{b}.attention.out.b"]
        for t in range(len(x)):
            inner = gelu(norm(x[t], f"{b}.norm2") @ P[f"{b}.dense1.W"] + P[f"{b}.dense1.b"])
            x[t] = x[t] + inner @ P[f"{b}.dense2.W"] + P[f"{b}.dense2.b"]
    return np.array([norm(row, "norm") @ P["tokens.W"].T for row in x])


def test_equals_recorded(recorded):
    r = recorded("gpt")
    gpt = GPT(7, 5, 8, n_heads=2, n_layers=2, dtype=np.float64)
    for name, array in gpt.params.items():
        array[...] = r[f"param_{name}"]
    np.testing.assert_allclose(gpt(r["tokens"]), r["y"], rtol=1e-10, atol=1e-12)
    gpt.backward(r["dy"])
    for name, gradient in gpt.grads.items():
        np.testing.assert_allclose(gradient, r[f"grad_{name}"], rtol=1e-8, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("length", [1, 5, 8])
def test_equations(length):
    gpt = awake(dtype=np.float64)
    tokens = np.random.default_rng(1).integers(0, 11, (3, length))
    expected = [naive(gpt, row) for row in tokens]
    np.testing.assert_allclose(gpt(tokens), expected, rtol=1e-10, atol=1e-12)


def test_gradients():
    tokens = np.array([[0, 1, 1], [3, 2, 0]])  # fewer than block_size, and one token twice
    assert gradcheck(awake(vocab_size=4, block_size=4, d_model=4, n_layers=1, dropout=0.3), [tokens])


def test_gradients_through_several_blocks():
    gpt, tokens = awake(dtype=np.float64, n_layers=3), np.random.default_rng(0).integers(0, 11, (3, 7))
    rng = np.random.default_rng(1)
    dy, step = rng.normal(size=(3, 7, 11)), {name: rng.normal(size=a.shape) for name, a in gpt.params.items()}
    gpt(tokens)
    gpt.backward(dy)
    claimed = sum((gpt.grads[name] * step[name]).sum() for name in step)
    values = []
    for h in (1e-5, -1e-5):
        other = gpt.astype(np.float64)
        for name, array in other.params.items():
            array += h * step[name]
        values.append((other(tokens) * dy).sum())
    assert claimed == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-6)


@pytest.mark.parametrize(
    "old, new",
    [
        ("dlogits.T @ h.reshape(-1, self.d_model)", "0 * dlogits.T @ h.reshape(-1, self.d_model)"),
        ("self.tokens.backward(dx)", "pass"),
        ("dlogits @ self.tokens.W", "-dlogits @ self.tokens.W"),
        ("dx.sum(axis=0)", "dx.mean(axis=0)"),
        ("dx = self.norm.backward(", "dx = ("),
        ("dx = block.backward(dx)", "dx = dx + block.backward(dx)"),
        ("dx = self.drop.backward(dx)", "dx = dx + 0 * self.drop.backward(dx)"),
    ],
)
def test_a_wrong_backward_is_caught(old, new, mutate, monkeypatch):
    """What `test_gradients` accepts, to about 1e-6, is not what the mutant gives."""
    gpt, tokens = awake(n_layers=1, dropout=0.2, dtype=np.float64), np.array([[0, 1, 2], [3, 3, 4]])
    dy, other = np.random.default_rng(0).normal(size=(2, 3, 11)), deepcopy(gpt)
    gpt(tokens)
    gpt.backward(dy)
    owner, mutant = mutate(GPT._backward, old, new)
    monkeypatch.setattr(owner, "_backward", mutant)
    other(tokens)
    other.backward(dy)
    assert any(np.abs(gpt.grads[name] - array).max() > 0.01 for name, array in other.grads.items())


def test_the_future_is_hidden():
    gpt, tokens = awake().eval(), np.random.default_rng(0).integers(0, 11, (2, 8))
    changed = tokens.copy()
    changed[:, 5:] = (changed[:, 5:] + 1) % 11
    np.testing.assert_array_equal(gpt(tokens)[:, :5], gpt(changed)[:, :5])
    assert not np.allclose(gpt(tokens)[:, 5:], gpt(changed)[:, 5:])


def test_float32_all_the_way():
    gpt = awake(dropout=0.1)
    y = gpt(np.array([[1, 2, 3]]))
    gpt.backward(np.ones(y.shape))
    assert y.dtype == np.float32
    assert {array.dtype for array in gpt.grads.values()} == {np.dtype(np.float32)}
    assert gpt.astype(np.float64)(np.array([[1]])).dtype == np.float64


def test_frozen_and_accumulated():
    gpt, tokens = awake(), np.array([[1, 2, 3], [4, 5, 6]])
    dy = np.random.default_rng(0).normal(size=(2, 3, 11)).astype(np.float32)
    for _ in range(2):
        gpt(tokens)
        gpt.backward(dy)
    twice = {name: array.copy() for name, array in gpt.grads.items()}
    gpt.zero_grad()
    gpt(tokens)
    gpt.backward(dy)
    for name, array in gpt.grads.items():
        np.testing.assert_allclose(twice[name], 2 * array, rtol=1e-5, atol=1e-5)
    gpt.zero_grad()
    gpt.tokens.freeze()
    gpt(tokens)
    gpt.backward(dy)
    assert not gpt.grads["tokens.W"].any()
    assert gpt.grads["positions"].any()


def test_initial_weights():
    gpt = GPT(500, 100, d_model=64, n_layers=8, random_state=0)
    deviations = {name: array.std() for name, array in gpt.params.items() if array.ndim == 2}
    for name, deviation in deviations.items():
        assert deviation == pytest.approx(0.02 / 4 if name.endswith(("out.W", "dense2.W")) else 0.02, rel=0.05), name
    value, _ = CrossEntropy()(gpt(np.arange(100)[None]), np.arange(300, 400)[None])
    assert value == pytest.approx(np.log(500), rel=0.03)  # it knows nothing
    again = GPT(500, 100, d_model=64, n_layers=8, random_state=0)
    assert all((array == again.params[name]).all() for name, array in gpt.params.items())


@pytest.mark.parametrize("temperature", [0, 0.5, 1.0, 2])
@pytest.mark.parametrize("top_k", [None, 1, 4, 100])
@pytest.mark.parametrize("shape", [(1,), (5,), (3, 2), (2, 12)])  # the last is longer than block_size
def test_the_cache_changes_no_token(shape, temperature, top_k):
    gpt = awake(seed=3)
    prompt = np.random.default_rng(0).integers(0, 11, shape)
    options = {"n_tokens": 15, "temperature": temperature, "top_k": top_k, "random_state": 5}
    cached = gpt.generate(prompt, **options)
    np.testing.assert_array_equal(cached, gpt.generate(prompt, use_cache=False, **options))
    assert cached.shape == (*shape[:-1], shape[-1] + 15)
    assert cached.dtype == np.int64
    np.testing.assert_array_equal(cached[..., : shape[-1]], prompt)


def test_greedy_by_hand():
    gpt = awake(seed=4, dtype=np.float64).eval()
    text = [3]
    for _ in range(12):
        text.append(int(gpt(np.array([text[-8:]]))[0, -1].argmax()))
    assert gpt.generate([3], 12, temperature=0).tolist() == text
    assert gpt.generate([3], 12, top_k=1, random_state=0).tolist() == text
    assert gpt.generate([3], 12, temperature=1e-300, random_state=0).tolist() == text
    assert len(set(text)) > 1


def test_generation_follows_the_probabilities():
    logits = np.log([0.5, 0.2, 0.2, 0.1])[None].repeat(40_000, axis=0)
    drawn = np.bincount(_draw(logits, 1.0, None, np.random.default_rng(0)), minlength=4) / 40_000
    np.testing.assert_allclose(drawn, [0.5, 0.2, 0.2, 0.1], atol=5 * np.sqrt(0.25 / 40_000))
    drawn = np.bincount(_draw(logits, 0.5, 3, np.random.default_rng(0)), minlength=4) / 40_000
    np.testing.assert_allclose(drawn, np.array([25, 4, 4, 0]) / 33, atol=5 * np.sqrt(0.25 / 40_000))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=6),
    st.floats(0, 1e300),
    st.integers(1, 8),
)
def test_a_drawn_token_is_one_of_the_largest(logits, temperature, top_k):
    (token,) = _draw(np.array([logits], np.float32), temperature, top_k, np.random.default_rng(0))
    assert sum(z > logits[token] for z in logits) < top_k


def test_no_token_of_weight_zero_is_drawn_at_the_ends():
    class Fixed:
        def __init__(self, value):
            self.value = value

        def random(self, shape):
            return np.full(shape, self.value)

    logits = np.array([[-9.0, 1, 1.1, 1.2, -9]])
    assert _draw(logits, 1.0, 3, Fixed(0.0)) == 1
    assert _draw(logits, 1.0, 3, Fixed(1 - 2**-53)) == 3


def test_generate_leaves_training_alone():
    gpt, tokens = awake(dropout=0.5), np.array([[1, 2, 3]])
    y = gpt(tokens)
    gpt.blocks[0].eval()
    a, b = (gpt.generate([1], 10, random_state=0) for _ in range(2))  # nothing is dropped
    np.testing.assert_array_equal(a, b)
    assert gpt.training
    assert gpt.blocks[1].attention.training
    assert not gpt.blocks[0].attention.training
    gpt = awake(dropout=0.5)
    y = gpt(tokens)
    gpt.generate([1], 3, random_state=0)
    gpt.backward(np.ones_like(y))  # the forward pass before is still there
    with pytest.raises(RuntimeError, match="before forward"):
        gpt.backward(np.ones_like(y))


def test_it_learns_a_rule():
    text = np.random.default_rng(0).integers(0, 3, 4000)
    text[2:] = np.where(np.arange(3998) % 2 == 0, 3, text[2:])  # every second token is a 3, the others are random
    gpt = GPT(4, 16, d_model=16, n_heads=2, n_layers=1, random_state=0)
    loss, optimizer, rng = CrossEntropy(), Adam(gpt.parameters(), lr=5e-3), np.random.default_rng(1)
    for _ in range(200):
        starts = 2 + rng.integers(0, 3900, (16, 1))
        value, dy = loss(gpt(text[starts + np.arange(16)]), text[starts + np.arange(1, 17)])
        optimizer.zero_grad()
        gpt.backward(dy)
        optimizer.step()
    assert value == pytest.approx(np.log(3) / 2, abs=0.06)  # the entropy rate, plus the unknown first place


def test_save_and_load(tmp_path):
    gpt, other = awake(), awake(seed=1)
    gpt.save(tmp_path / "gpt.npz")
    other.load(tmp_path / "gpt.npz")
    np.testing.assert_array_equal(gpt(np.array([[1, 2]])), other(np.array([[1, 2]])))


def test_summary():
    gpt = awake()
    assert gpt.summary((8,)).n_parameters == gpt.n_parameters == sum(a.size for a in gpt.params.values())


def test_an_overflowing_model_is_named():
    gpt = awake()
    gpt.params["tokens.W"] = np.full((11, 8), np.nan, np.float32)
    with pytest.raises(ValueError, match="logits of the next token are not finite"):
        gpt.generate([1], 2)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"prompt": []}, ValueError, "at least 1"),
        ({"prompt": 3}, ValueError, "shape"),
        ({"prompt": [[[1]]]}, ValueError, "shape"),
        ({"prompt": [11]}, ValueError, "0..10, got 11"),
        ({"prompt": [-1]}, ValueError, "got -1"),
        ({"prompt": [1.0]}, TypeError, "integers"),
        ({"n_tokens": -1}, ValueError, "n_tokens"),
        ({"n_tokens": 1.5}, ValueError, "n_tokens"),
        ({"n_tokens": True}, ValueError, "n_tokens"),
        ({"temperature": -1}, ValueError, "temperature"),
        ({"temperature": np.nan}, ValueError, "temperature"),
        ({"temperature": np.inf}, ValueError, "temperature"),
        ({"temperature": "hot"}, ValueError, "temperature"),
        ({"top_k": 0}, ValueError, "top_k"),
        ({"top_k": 2.5}, ValueError, "top_k"),
    ],
)
def test_generate_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        awake().generate(**{"prompt": [1], "n_tokens": 2, **arguments})


@pytest.mark.parametrize(
    "tokens, error, message",
    [
        (np.zeros((1, 9), int), ValueError, "block_size = 8 long, got 9"),
        (np.zeros((0, 3), int), ValueError, "shape"),
        (np.zeros(3, int), ValueError, "shape"),
        (np.zeros((1, 3)), TypeError, "integers"),
        (np.array([[11]]), ValueError, "got 11"),
    ],
)
def test_forward_refuses(tokens, error, message):
    with pytest.raises(error, match=message):
        awake()(tokens)


@pytest.mark.parametrize("name", ["vocab_size", "block_size", "d_model", "n_heads", "n_layers"])
def test_sizes_are_checked(name):
    with pytest.raises(ValueError, match=name):
        awake(**{name: 0})


def test_heads_divide():
    with pytest.raises(ValueError, match="n_heads must divide"):
        GPT(5, 5, d_model=10, n_heads=4)


def test_nothing_is_written_without_tokens():
    np.testing.assert_array_equal(awake().generate([1, 2], 0), [1, 2])
