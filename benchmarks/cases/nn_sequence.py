"""npml-nn: recurrent layers, attention, embedding, normalisation, transformer block. Forward and backward, float32."""

import numpy as np
from harness import case, close


def fill(module, arrays):
    """Put `arrays` by name into a torch module, and return its parameters."""
    import torch

    weights = dict(module.named_parameters())
    for name, array in arrays.items():
        weights[name].data = torch.tensor(np.ascontiguousarray(array))
    return [weights[name] for name in arrays]


def drawn(*shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def differentiated(layer, x, dy):
    """Forward and backward of our layer; the gradients start at zero, as torch's do."""
    layer.zero_grad()
    return layer.forward(x), layer.backward(dy), *layer.grads.values()


def results(y, gradients):
    return [y.detach().numpy(), *(gradient.numpy() for gradient in gradients)]


def agree(transposed=()):
    """y, dx and weight gradients, in the scale of each; torch's weight gradients at `transposed` are turned."""

    def check(ours, theirs):
        assert len(ours) == len(theirs)
        for i, (a, b) in enumerate(zip(ours, theirs)):
            close(2e-3, atol=2e-3)(a / np.abs(a).max(), (b.T if i in transposed else b) / np.abs(a).max())

    return check


RECURRENT_SIZES = {
    f"{kind}, {label}": dict(kind=kind, n=n, t=t, n_in=n_in, n_hidden=n_hidden)
    for kind in ("LSTM", "GRU", "RNN")
    for label, (n, t, n_in, n_hidden) in {
        "N32 T64 128->256": (32, 64, 128, 256),
        "N8 T100 16->32": (8, 100, 16, 32),
    }.items()
}


@case("npml-nn", group="recurrent", peer="torch", sizes=RECURRENT_SIZES)
def recurrent(kind, n, t, n_in, n_hidden):
    import torch

    import npml_nn

    x, dy = drawn((n, t, n_in), (n, t, n_hidden))
    layer, module = getattr(npml_nn, kind)(n_in, n_hidden, random_state=0), getattr(torch.nn, kind)
    module = module(n_in, n_hidden, batch_first=True)
    bias = layer.params.get("b_h", np.zeros_like(layer.b))
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    weights = fill(module, dict(zip(names, (layer.W.T, layer.U.T, layer.b, bias))))
    weights = weights if kind == "GRU" else weights[:3]
    tx, tdy = torch.tensor(x, requires_grad=True), torch.tensor(dy)

    def theirs():
        y, _ = module(tx)
        return results(y, torch.autograd.grad(y, (tx, *weights), tdy))

    return lambda: differentiated(layer, x, dy), theirs, agree(transposed=(2, 3))


ATTENTION_SIZES = {
    "8x8 heads T256 d64": dict(shape=(8, 8, 256, 64), causal=False),
    "8x8 heads T256 d64 causal": dict(shape=(8, 8, 256, 64), causal=True),
    "1x8 heads T1024 d64 causal": dict(shape=(1, 8, 1024, 64), causal=True),
    "32x4 heads T32 d16": dict(shape=(32, 4, 32, 16), causal=False),
}


@case("npml-nn", group="attention", peer="torch", sizes=ATTENTION_SIZES)
def attention_core(shape, causal):
    import torch

    from npml_nn import DotProductAttention

    q, k, v, dy = drawn(*[shape] * 4)
    layer, (tq, tk, tv) = DotProductAttention(causal=causal), (torch.tensor(a, requires_grad=True) for a in (q, k, v))
    tdy, attend = torch.tensor(dy), torch.nn.functional.scaled_dot_product_attention

    def theirs():
        y = attend(tq, tk, tv, is_causal=causal)
        return results(y, torch.autograd.grad(y, (tq, tk, tv), tdy))

    return lambda: (layer.forward(q, k, v), *layer.backward(dy)), theirs, agree()


HEADS_SIZES = {"N8 T256 d256 h8": dict(n=8, t=256, d=256, heads=8), "N16 T32 d64 h4": dict(n=16, t=32, d=64, heads=4)}


@case("npml-nn", group="attention", peer="torch", sizes=HEADS_SIZES)
def multi_head_attention(n, t, d, heads):
    import torch

    from npml_nn import MultiHeadAttention

    x, dy = drawn((n, t, d), (n, t, d))
    layer, module = (
        MultiHeadAttention(d, heads, random_state=0),
        torch.nn.MultiheadAttention(d, heads, batch_first=True),
    )
    names = ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]
    weights = fill(module, dict(zip(names, (array.T for array in layer.params.values()))))
    tx, tdy = torch.tensor(x, requires_grad=True), torch.tensor(dy)

    def theirs():
        y, _ = module(tx, tx, tx, need_weights=False)
        return results(y, torch.autograd.grad(y, (tx, *weights), tdy))

    return lambda: differentiated(layer, x, dy), theirs, agree(transposed=(2, 4))


BLOCK_SIZES = {
    "N8 T128 d256 ff1024 causal": dict(n=8, t=128, d=256, heads=8),
    "N16 T32 d64 ff256 causal": dict(n=16, t=32, d=64, heads=4),
}


@case("npml-nn", group="attention", peer="torch", sizes=BLOCK_SIZES)
def transformer_block(n, t, d, heads):
    import torch

    from npml_nn import TransformerBlock

    x, dy = drawn((n, t, d), (n, t, d))
    block = TransformerBlock(d, heads, causal=True, random_state=0)
    options = {"dropout": 0.0, "activation": "gelu", "norm_first": True, "batch_first": True}
    module = torch.nn.TransformerEncoderLayer(d, heads, 4 * d, **options)
    names = {"self_attn.in_proj_weight": "attention.W", "self_attn.in_proj_bias": "attention.b"}
    names |= {"self_attn.out_proj.weight": "attention.out.W", "self_attn.out_proj.bias": "attention.out.b"}
    names |= {"linear1.weight": "dense1.W", "linear1.bias": "dense1.b"}
    names |= {"linear2.weight": "dense2.W", "linear2.bias": "dense2.b"}
    fill(module, {theirs: block.params[ours].T for theirs, ours in names.items()})
    tx, tdy, weights = torch.tensor(x, requires_grad=True), torch.tensor(dy), list(module.parameters())
    mask = torch.nn.Transformer.generate_square_subsequent_mask(t)

    def ours():
        y, dx, *_ = differentiated(block, x, dy)
        return y, dx

    def theirs():
        y = module(tx, src_mask=mask, is_causal=True)
        return results(y, torch.autograd.grad(y, (tx, *weights), tdy)[:1])

    return ours, theirs, agree()


EMBEDDING_SIZES = {
    "V50000 d64, 16x1024 ids": dict(v=50_000, d=64, shape=(16, 1024)),
    "V1000 d32, 64x20 ids": dict(v=1000, d=32, shape=(64, 20)),
}


@case("npml-nn", group="embedding", peer="torch", sizes=EMBEDDING_SIZES)
def embedding(v, d, shape):
    import torch

    from npml_nn import Embedding

    ids, (dy,) = np.random.default_rng(0).integers(0, v, shape), drawn((*shape, d))
    layer, module = Embedding(v, d, random_state=0), torch.nn.Embedding(v, d)
    (weight,), tids, tdy = fill(module, {"weight": layer.W}), torch.tensor(ids), torch.tensor(dy)

    def ours():
        layer.zero_grad()
        y = layer.forward(ids)
        layer.backward(dy)
        return y, layer.grads["W"]

    def theirs():
        y = module(tids)
        return results(y, torch.autograd.grad(y, weight, tdy))

    return ours, theirs, agree()


NORM_SIZES = {"4096 x 768": dict(n=4096, d=768), "256 x 64": dict(n=256, d=64)}


def normalisation(layer, module, x, channels_last=False):
    import torch

    _, dy = drawn(x.shape, x.shape)  # not x again, of which the gradient is nothing but rounding
    weights = fill(module, dict(zip(("weight", "bias"), layer.params.values())))
    tx, tdy = torch.tensor(x), torch.tensor(dy)
    if channels_last:  # the same layout in memory as ours
        tx, tdy = tx.permute(0, 3, 1, 2), tdy.permute(0, 3, 1, 2)
    tx = tx.requires_grad_()

    def theirs():
        y = module(tx)
        y, dx, *gradients = results(y, torch.autograd.grad(y, (tx, *weights), tdy))
        return [a.transpose(0, 2, 3, 1) if channels_last else a for a in (y, dx)] + gradients

    return lambda: differentiated(layer, x, dy), theirs, agree()


@case("npml-nn", group="normalisation", peer="torch", sizes=NORM_SIZES)
def layer_norm(n, d):
    import torch

    from npml_nn import LayerNorm

    return normalisation(LayerNorm(d), torch.nn.LayerNorm(d), drawn((n, d))[0])


@case("npml-nn", group="normalisation", peer="torch", sizes=NORM_SIZES)
def rms_norm(n, d):
    import torch

    from npml_nn import RMSNorm

    return normalisation(RMSNorm(d), torch.nn.RMSNorm(d, eps=1e-5), drawn((n, d))[0])


@case("npml-nn", group="normalisation", peer="torch", sizes={"256 x 64": dict(n=256, d=64)})
def batch_norm1d(n, d):
    import torch

    from npml_nn import BatchNorm1D

    return normalisation(BatchNorm1D(d), torch.nn.BatchNorm1d(d), drawn((n, d))[0])


IMAGE_SIZES = {"32x32x32x64": dict(shape=(32, 32, 32, 64)), "16x8x8x32": dict(shape=(16, 8, 8, 32))}


@case("npml-nn", group="normalisation", peer="torch", sizes=IMAGE_SIZES)
def batch_norm2d(shape):
    import torch

    from npml_nn import BatchNorm2D

    return normalisation(BatchNorm2D(shape[3]), torch.nn.BatchNorm2d(shape[3]), drawn(shape)[0], channels_last=True)
