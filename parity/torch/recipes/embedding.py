"""Embedding, alone and with sums and means: values and gradients."""

import torch
from torch.nn import functional as F


def record():
    torch.manual_seed(0)
    ids, W = torch.randint(0, 6, (3, 5)), torch.randn(6, 2, dtype=torch.float64, requires_grad=True)
    answers = {"ids": ids, "W": W}
    for pool in (None, "sum", "mean"):
        y = F.embedding(ids, W) if pool is None else F.embedding_bag(ids, W, mode=pool)
        dy = torch.randn_like(y)
        (dW,) = torch.autograd.grad(y, W, dy)
        answers |= {f"{pool}_y": y, f"{pool}_dy": dy, f"{pool}_dW": dW}
    return {name: tensor.detach().numpy() for name, tensor in answers.items()}
