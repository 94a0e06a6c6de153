"""npml-nn: GPT beside the same network in torch: gradients to 1e-8, then whole training runs from the same weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from npml_nn import GPT, AdamW, CrossEntropy


def leaves(params):
    return {name: torch.tensor(array.copy(), requires_grad=True) for name, array in params.items()}


def torch_gpt(P, gpt, tokens):
    """Logits from a dict of torch tensors under npml's names."""
    D, h = gpt.d_model, gpt.n_heads
    x = P["tokens.W"][tokens] + P["positions"][: tokens.shape[1]]
    for i in range(gpt.n_layers):
        b = f"blocks.{i}"
        a = F.layer_norm(x, (D,), P[f"{b}.norm1.g"], P[f"{b}.norm1.b"])
        qkv = a @ P[f"{b}.attention.W"] + P[f"{b}.attention.b"]
        q, k, v = (part.unflatten(-1, (h, D // h)).transpose(1, 2) for part in qkv.split(D, dim=-1))
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        x = x + o @ P[f"{b}.attention.out.W"] + P[f"{b}.attention.out.b"]
        f = F.layer_norm(x, (D,), P[f"{b}.norm2.g"], P[f"{b}.norm2.b"])
        f = F.gelu(f @ P[f"{b}.dense1.W"] + P[f"{b}.dense1.b"])
        x = x + f @ P[f"{b}.dense2.W"] + P[f"{b}.dense2.b"]
    return F.layer_norm(x, (D,), P["norm.g"], P["norm.b"]) @ P["tokens.W"].T


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (2, 12)])
@pytest.mark.parametrize("n_heads, n_layers", [(1, 1), (4, 3)])
def test_gradients(shape, n_heads, n_layers, rng):
    gpt = GPT(17, 12, 16, n_heads, n_layers, dtype=np.float64, random_state=0)
    for array in gpt.params.values():
        array += rng.normal(0, 0.2, array.shape)
    tokens, dy, P = rng.integers(0, 17, shape), rng.normal(size=(*shape, 17)), leaves(gpt.params)
    y = torch_gpt(P, gpt, torch.tensor(tokens))
    y.backward(torch.tensor(dy))
    np.testing.assert_allclose(gpt(tokens), y.detach().numpy(), rtol=1e-8, atol=1e-10)
    gpt.backward(dy)
    for name, gradient in gpt.grads.items():
        scale = np.abs(gradient).max()
        np.testing.assert_allclose(gradient, P[name].grad.numpy(), rtol=1e-8, atol=1e-10 * scale, err_msg=name)


def letters(n):
    """The first `n` letters of a bundled text about this very project, as codes, and how many there are."""
    text = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")[:n]
    alphabet = sorted(set(text))
    return np.array([alphabet.index(letter) for letter in text]), len(alphabet)


def batches(codes, length, size, n_steps):
    rng = np.random.default_rng(0)
    for _ in range(n_steps):
        windows = codes[rng.integers(0, len(codes) - length - 1, (size, 1)) + np.arange(length + 1)]
        yield windows[:, :-1], windows[:, 1:]


def our_losses(model, data, lr):
    loss, optimizer, values = CrossEntropy(), AdamW(model.parameters(), lr=lr, weight_decay=0.1), []
    for x, y in data:
        value, dy = loss(model(x), y)
        optimizer.zero_grad()
        model.backward(dy)
        optimizer.step()
        values.append(value)
    return np.array(values)


def their_losses(model, parameters, data, lr):
    optimizer, values = torch.optim.AdamW(parameters, lr=lr, weight_decay=0.1), []
    for x, y in data:
        logits = model(torch.tensor(x))
        value = F.cross_entropy(logits.flatten(0, 1), torch.tensor(y).flatten())
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    return np.array(values)


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-7), (np.float32, 2e-3)])
def test_a_training_run(dtype, rtol):
    codes, vocab_size = letters(4000)
    gpt = GPT(vocab_size, 16, 32, n_heads=2, n_layers=2, dtype=dtype, random_state=0)
    P, data = leaves(gpt.params), list(batches(codes, 16, 8, 80))
    theirs = their_losses(lambda x: torch_gpt(P, gpt, x), list(P.values()), data, 3e-3)
    ours = our_losses(gpt, data, 3e-3)
    assert ours[-1] < 0.9 * ours[0]
    np.testing.assert_allclose(ours, theirs, rtol=rtol)
