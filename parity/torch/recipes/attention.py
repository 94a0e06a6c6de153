"""Scaled dot-product attention with a mask: values and gradients."""

import torch


def record():
    torch.manual_seed(0)
    shapes = [(2, 2, 4, 3), (2, 2, 5, 3), (2, 2, 5, 2), (2, 2, 4, 2)]
    q, k, v, dy = (torch.randn(s, dtype=torch.float64, requires_grad=True) for s in shapes)
    mask = torch.rand(2, 1, 4, 5) < 0.6
    mask[..., 0] |= ~mask.any(dim=-1)
    y = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    dq, dk, dv = torch.autograd.grad(y, (q, k, v), dy)
    answers = {"q": q, "k": k, "v": v, "dy": dy, "mask": mask, "y": y, "dq": dq, "dk": dk, "dv": dv}
    return {name: tensor.detach().numpy() for name, tensor in answers.items()}
