"""Attention, recurrent layers, embedding and the transformer block against torch, live, over awkward shapes."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from npml_nn import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    DotProductAttention,
    Embedding,
    GRUCell,
    LSTMCell,
    MultiHeadAttention,
    RNNCell,
    TransformerBlock,
)

LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": lambda x: np.repeat(x, 3, axis=-1)[..., ::3],
    "reversed": lambda x: x[::-1].copy()[::-1],
}


def close(ours, theirs, atol=1e-12):
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-8, atol=atol)


def leaf(array):
    return torch.tensor(np.array(array, order="C"), requires_grad=True)


def drawn(layer, rng):
    for array in layer.params.values():
        array[...] = rng.normal(size=array.shape) / np.sqrt(len(array))
    return layer


def fill(module, arrays):
    """Put `arrays` by name into a torch module."""
    weights = dict(module.named_parameters())
    with torch.no_grad():
        for name, array in arrays.items():
            weights[name].copy_(torch.tensor(np.array(array)))


ATTENTION = [((1, 1, 4), (1, 1, 4)), ((2, 3, 7, 4), (2, 3, 5, 4)), ((1, 300, 8), (1, 290, 8)), ((6, 2, 1), (6, 9, 1))]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("q_shape, k_shape", ATTENTION)
@pytest.mark.parametrize("kind", ["plain", "causal", "masked", "scaled"])
def test_attention(q_shape, k_shape, kind, layout, rng):
    q, k, v, dy = (LAYOUTS[layout](rng.normal(size=s)) for s in (q_shape, k_shape, k_shape, q_shape))
    mask = None
    if kind == "masked":
        mask = rng.random((*q_shape[:-1], k_shape[-2])) < 0.5
        mask[..., 0] |= ~mask.any(axis=-1)  # rows that see nothing come in their own test
    layer = DotProductAttention(scale=0.7 if kind == "scaled" else True, causal=kind == "causal")
    inputs = [leaf(a) for a in (q, k, v)]
    ty = F.scaled_dot_product_attention(
        *inputs,
        attn_mask=None if mask is None else torch.tensor(mask),
        is_causal=kind == "causal",
        scale=0.7 if kind == "scaled" else None,
    )
    gradients = torch.autograd.grad(ty, inputs, torch.tensor(np.array(dy, order="C")))
    close(layer(q, k, v, mask), ty)
    for ours, theirs in zip(layer.backward(dy), gradients):
        close(ours, theirs)


def test_attention_with_hidden_rows(rng):
    """Where a whole row is hidden: 0, and the other rows as torch's without that row."""
    q, k, v, dy = (rng.normal(size=(2, 5, 4)) for _ in range(4))
    mask = rng.random((2, 5, 5)) < 0.6
    mask[:, 1:3] = False
    rows = [0, 3, 4]
    mask[:, rows, 0] = True
    inputs = [leaf(a) for a in (q[:, rows], k, v)]
    ty = F.scaled_dot_product_attention(*inputs, attn_mask=torch.tensor(mask[:, rows]))
    dq, dk, dv = torch.autograd.grad(ty, inputs, torch.tensor(dy[:, rows]))
    layer = DotProductAttention()
    y = layer(q, k, v, mask)
    close(y[:, rows], ty)
    assert not y[:, 1:3].any()
    ours = layer.backward(dy)
    close(ours[0][:, rows], dq)
    assert not ours[0][:, 1:3].any()
    close(ours[1], dk)
    close(ours[2], dv)


def torch_attention(layer):
    module = torch.nn.MultiheadAttention(layer.d_model, layer.n_heads, batch_first=True, dtype=torch.float64)
    fill(module, {"in_proj_weight": layer.W.T, "in_proj_bias": layer.b})
    fill(module.out_proj, {"weight": layer.out.W.T, "bias": layer.out.b})
    return module


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n, tq, tk, d, heads", [(2, 5, 7, 6, 3), (1, 1, 1, 4, 1), (3, 4, 1, 4, 4), (1, 40, 33, 8, 2)])
@pytest.mark.parametrize("masked", [False, True])
def test_multi_head_attention(n, tq, tk, d, heads, masked, layout, rng):
    layer = drawn(MultiHeadAttention(d, heads, dtype=np.float64), rng)
    module = torch_attention(layer)
    q, k, v, dy = (LAYOUTS[layout](rng.normal(size=(n, t, d))) for t in (tq, tk, tk, tq))
    mask = rng.random((n, heads, tq, tk)) < 0.6 if masked else None
    if masked:
        mask[..., 0] = True
    forbidden = None if mask is None else torch.tensor(~mask.reshape(-1, tq, tk))
    inputs = [leaf(a) for a in (q, k, v)]
    ty, _ = module(*inputs, attn_mask=forbidden, need_weights=False)
    theirs = torch.autograd.grad(ty, [*inputs, *module.parameters()], torch.tensor(np.array(dy, order="C")))
    close(layer(q, k, v, mask), ty)
    ours = [*layer.backward(dy), *(layer.grads[name].T for name in ("W", "b", "out.W", "out.b"))]
    for a, b in zip(ours, theirs):
        close(a, b, atol=1e-11)


@pytest.mark.parametrize("t", [1, 6, 150])
def test_self_attention_causal_and_padded(t, rng):
    layer = drawn(MultiHeadAttention(6, 2, causal=True, dtype=np.float64), rng)
    module = torch_attention(layer)
    x, dy, valid = rng.normal(size=(3, t, 6)), rng.normal(size=(3, t, 6)), rng.random((3, t)) < 0.7
    valid[:, 0] = True
    tx = leaf(x)
    later = torch.triu(torch.ones(t, t, dtype=torch.bool), 1)
    ty, _ = module(tx, tx, tx, key_padding_mask=torch.tensor(~valid), attn_mask=later, need_weights=False)
    (dx,) = torch.autograd.grad(ty, tx, torch.tensor(dy))
    close(layer(x, mask=valid[:, None]), ty)
    close(layer.backward(dy), dx, atol=1e-11)


TRANSFORMER = {
    "self_attn.in_proj_weight": "attention.W",
    "self_attn.in_proj_bias": "attention.b",
    "self_attn.out_proj.weight": "attention.out.W",
    "self_attn.out_proj.bias": "attention.out.b",
    "linear1.weight": "dense1.W",
    "linear1.bias": "dense1.b",
    "linear2.weight": "dense2.W",
    "linear2.bias": "dense2.b",
    "norm1.weight": "norm1.g",
    "norm1.bias": "norm1.b",
    "norm2.weight": "norm2.g",
    "norm2.bias": "norm2.b",
}


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["gelu", "relu"])
@pytest.mark.parametrize("n, t", [(2, 5), (1, 1), (1, 33)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_transformer_block(norm_first, activation, n, t, layout, rng):
    block = TransformerBlock(6, 3, 10, causal=t == 5, activation=activation, norm_first=norm_first, dtype=np.float64)
    drawn(block, rng)
    options = {"dropout": 0.0, "activation": activation, "norm_first": norm_first, "batch_first": True}
    module = torch.nn.TransformerEncoderLayer(6, 3, 10, dtype=torch.float64, **options)
    fill(module, {theirs: block.params[ours].T for theirs, ours in TRANSFORMER.items()})
    x, dy = (LAYOUTS[layout](rng.normal(size=(n, t, 6))) for _ in range(2))
    mask = rng.random((t, t)) < 0.7
    np.fill_diagonal(mask, True)
    allowed = mask & np.tril(np.ones((t, t), bool)) if t == 5 else mask
    tx, weights = leaf(x), dict(module.named_parameters())
    ty = module(tx, src_mask=torch.tensor(~allowed))
    theirs = torch.autograd.grad(ty, [tx, *(weights[name] for name in TRANSFORMER)], leaf(dy))
    close(block(x, mask=mask), ty)
    ours = [block.backward(dy), *(block.grads[name].T for name in TRANSFORMER.values())]
    for a, b in zip(ours, theirs):
        close(a, b, atol=1e-11)


def two_biases(layer, end=""):
    """A recurrent layer's weights under torch's names; one bias of ours is the sum of theirs."""
    return {
        f"weight_ih{end}": layer.W.T,
        f"weight_hh{end}": layer.U.T,
        f"bias_ih{end}": layer.b,
        f"bias_hh{end}": layer.params.get("b_h", 0 * layer.b),
    }


KINDS = {"rnn": (RNN, RNNCell), "relu": (RNN, RNNCell), "lstm": (LSTM, LSTMCell), "gru": (GRU, GRUCell)}
MODULES = {
    "rnn": (torch.nn.RNN, torch.nn.RNNCell),
    "lstm": (torch.nn.LSTM, torch.nn.LSTMCell),
    "gru": (torch.nn.GRU, torch.nn.GRUCell),
}


def both(kind, n_in, n_hidden, rng, cell=False, **options):
    ours, theirs = {}, {"dtype": torch.float64}
    if kind == "relu":
        ours, theirs = {"activation": "relu"}, {**theirs, "nonlinearity": "relu"}
    layer = drawn(KINDS[kind][cell](n_in, n_hidden, dtype=np.float64, **ours, **options), rng)
    module = MODULES["rnn" if kind == "relu" else kind][cell](
        n_in, n_hidden, **({} if cell else {"batch_first": True}), **theirs
    )
    fill(module, two_biases(layer, "" if cell else "_l0"))
    return layer, module


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n, t, d, h", [(3, 7, 4, 5), (1, 1, 1, 1), (1, 20, 3, 2), (4, 1, 2, 6)])
def test_recurrent_layers(kind, n, t, d, h, layout, rng):
    layer, module = both(kind, d, h, rng, return_state=True)
    x, dy = LAYOUTS[layout](rng.normal(size=(n, t, d))), LAYOUTS[layout](rng.normal(size=(n, t, h)))
    states, dlast = ([rng.normal(size=(n, h)) for _ in range(2 if kind == "lstm" else 1)] for _ in range(2))
    tx, tstates = leaf(x), [leaf(s) for s in states]
    y, last = module(tx, tuple(s[None] for s in tstates) if kind == "lstm" else tstates[0][None])
    last = [s[0] for s in last] if kind == "lstm" else [last[0]]
    upstream = [leaf(a) for a in (dy, *dlast)]
    theirs = torch.autograd.grad([y, *last], [tx, *tstates, *module.parameters()], upstream)
    our_y, our_last = layer(x, tuple(states) if kind == "lstm" else states[0])
    dx, dstate = layer.backward((dy, tuple(dlast) if kind == "lstm" else dlast[0]))
    close(our_y, y)
    ours = [*(our_last if kind == "lstm" else [our_last])]
    for a, b in zip(ours, last):
        close(a, b)
    grads = layer.grads
    ours = [dx, *(dstate if kind == "lstm" else [dstate]), grads["W"].T, grads["U"].T, grads["b"]]
    ours.append(grads.get("b_h", grads["b"]))
    for a, b in zip(ours, theirs, strict=True):
        close(a, b, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 4])
def test_cells(kind, n, rng):
    cell, module = both(kind, 3, 5, rng, cell=True)
    x, tx, state, tstate = rng.normal(size=(3, n, 3)), [], None, None
    for step in x:
        tx.append(leaf(step))
        state, tstate = cell(step, state), module(tx[-1], tstate)
    outputs, theirs = (state, tstate) if kind == "lstm" else ([state], [tstate])
    dy = [rng.normal(size=(n, 5)) for _ in outputs]
    for a, b in zip(outputs, theirs):
        close(a, b)
    gradients = torch.autograd.grad(theirs, [*tx, *module.parameters()], [leaf(a) for a in dy])
    upstream = tuple(dy) if kind == "lstm" else dy[0]
    for t in (2, 1):
        dx, upstream = cell.backward(upstream)
        close(dx, gradients[t])
    close(cell.backward(upstream), gradients[0])
    for ours, name in ((cell.grads["W"].T, 3), (cell.grads["U"].T, 4), (cell.grads["b"], 5)):
        close(ours, gradients[name], atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_bidirectional(kind, rng):
    layer, _ = both(kind, 3, 4, rng)
    layer = drawn(Bidirectional(layer), rng)
    options = {"nonlinearity": "relu"} if kind == "relu" else {}
    module = MODULES["rnn" if kind == "relu" else kind][0](
        3, 4, batch_first=True, bidirectional=True, dtype=torch.float64, **options
    )
    fill(module, {**two_biases(layer.layer, "_l0"), **two_biases(layer.reverse, "_l0_reverse")})
    x, dy = rng.normal(size=(2, 6, 3)), rng.normal(size=(2, 6, 8))
    tx = leaf(x)
    ty, _ = module(tx)
    dx, *gradients = torch.autograd.grad(ty, [tx, *module.parameters()], torch.tensor(dy))
    close(layer(x), ty)
    close(layer.backward(dy), dx)
    close(layer.grads["layer.W"].T, gradients[0])
    close(layer.grads["reverse.U"].T, gradients[5])


@pytest.mark.parametrize("pool", [None, "sum", "mean"])
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (300, 20)])
def test_embedding(pool, shape, rng):
    layer, ids = Embedding(30, 5, pool, dtype=np.float64, random_state=0), rng.integers(0, 30, shape)
    tW = leaf(layer.W)
    ty = F.embedding(torch.tensor(ids), tW) if pool is None else F.embedding_bag(torch.tensor(ids), tW, mode=pool)
    dy = rng.normal(size=tuple(ty.shape))
    ty.backward(torch.tensor(dy))
    close(layer(ids), ty)
    layer.backward(np.asfortranarray(dy))
    close(layer.grads["W"], tW.grad)
