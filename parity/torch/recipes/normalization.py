"""Batch, layer and RMS normalisation: values, gradients, gradients of second order, running statistics."""

import torch
from torch.nn import functional as F

OPS = {
    "batch_norm": lambda x, g, b: F.batch_norm(x, None, None, g, b, training=True),
    "layer_norm": lambda x, g, b: F.layer_norm(x, g.shape, g, b, 1e-5),
    "rms_norm": lambda x, g, b: F.rms_norm(x, g.shape, g, 1e-5) + 0 * b,
}


def record():
    torch.manual_seed(0)
    x, g, b, dy, ddx = (torch.randn(s, dtype=torch.float64) for s in [(7, 4), (4,), (4,), (7, 4), (7, 4)])
    answers = {"x": x + 1, "g": g, "b": b, "dy": dy, "ddx": ddx}
    for name, op in OPS.items():
        x, g, b, dy = (answers[key].clone().requires_grad_() for key in ("x", "g", "b", "dy"))
        y = op(x, g, b)
        gradients = torch.autograd.grad(y, (x, g, b), dy, create_graph=True)
        answers |= {f"{name}_{key}": t for key, t in zip(("y", "dx", "dg", "db"), (y, *gradients))}
        second = torch.autograd.grad((gradients[0] * ddx).sum(), (dy, x, g))
        answers |= {f"{name}_{key}": t for key, t in zip(("ddy", "d_x", "d_g"), second)}
    module = torch.nn.BatchNorm1d(4, dtype=torch.float64)
    module(answers["x"])
    answers |= {"running_mean": module.running_mean, "running_var": module.running_var}
    return {name: tensor.detach().numpy() for name, tensor in answers.items()}
