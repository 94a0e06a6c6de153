"""A decoder of two blocks over token and position embeddings, its head the token embeddings: logits and gradients."""

import torch
from torch.nn import functional as F

V, T, D, HEADS = 7, 5, 8, 2
SHAPES = {"tokens.W": (V, D), "positions": (T, D), "norm.g": (D,), "norm.b": (D,)}
for i in range(2):
    b = f"blocks.{i}"
    SHAPES |= {f"{b}.attention.W": (D, 3 * D), f"{b}.attention.b": (3 * D,)}
    SHAPES |= {f"{b}.attention.out.W": (D, D), f"{b}.attention.out.b": (D,)}
    SHAPES |= {f"{b}.norm1.g": (D,), f"{b}.norm1.b": (D,), f"{b}.norm2.g": (D,), f"{b}.norm2.b": (D,)}
    SHAPES |= {f"{b}.dense1.W": (D, 4 * D), f"{b}.dense1.b": (4 * D,)}
    SHAPES |= {f"{b}.dense2.W": (4 * D, D), f"{b}.dense2.b": (D,)}


def record():
    generator = torch.Generator().manual_seed(0)
    drawn = {"dtype": torch.float64, "generator": generator}
    P = {name: 0.5 * torch.randn(shape, **drawn) for name, shape in SHAPES.items()}
    for weights in P.values():
        weights.requires_grad_()
    tokens = torch.randint(0, V, (3, T), generator=generator)
    dy = torch.randn((3, T, V), **drawn)
    y = logits(P, tokens)
    gradients = torch.autograd.grad(y, list(P.values()), dy)
    answers = {"tokens": tokens, "dy": dy, "y": y}
    answers |= {f"param_{name}": weights for name, weights in P.items()}
    answers |= {f"grad_{name}": gradient for name, gradient in zip(P, gradients)}
    return {name: tensor.detach().numpy() for name, tensor in answers.items()}


def logits(P, tokens):
    x = P["tokens.W"][tokens] + P["positions"][: tokens.shape[1]]
    for i in range(2):
        b = f"blocks.{i}"
        a = F.layer_norm(x, (D,), P[f"{b}.norm1.g"], P[f"{b}.norm1.b"])
        qkv = a @ P[f"{b}.attention.W"] + P[f"{b}.attention.b"]
        q, k, v = (part.unflatten(-1, (HEADS, D // HEADS)).transpose(1, 2) for part in qkv.split(D, dim=-1))
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        x = x + o @ P[f"{b}.attention.out.W"] + P[f"{b}.attention.out.b"]
        f = F.gelu(
            F.layer_norm(x, (D,), P[f"{b}.norm2.g"], P[f"{b}.norm2.b"]) @ P[f"{b}.dense1.W"] + P[f"{b}.dense1.b"]
        )
        x = x + f @ P[f"{b}.dense2.W"] + P[f"{b}.dense2.b"]
    return F.layer_norm(x, (D,), P["norm.g"], P["norm.b"]) @ P["tokens.W"].T
