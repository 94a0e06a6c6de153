"""Convolutions in one and two dimensions and transposed, with gradients of first and second order."""

import torch
from torch.nn import functional as F

CASES = {  # x, W, y = f(x, W, b), all channels last
    "conv2d": (
        (2, 6, 5, 3),
        (3, 2, 3, 4),
        lambda x, W, b: F.conv2d(F.pad(x.movedim(-1, 1), (2, 0, 1, 0)), W.permute(3, 2, 0, 1), b, (2, 1), 0, (1, 2)),
    ),
    "conv1d": (
        (2, 9, 3),
        (2, 3, 4),
        lambda x, W, b: F.conv1d(F.pad(x.movedim(-1, 1), (3, 0)), W.permute(2, 1, 0), b, 1, 0, 3),
    ),
    "conv_transpose2d": (
        (2, 3, 4, 3),
        (4, 3, 3, 4),
        lambda x, W, b: F.conv_transpose2d(x.movedim(-1, 1), W.permute(2, 3, 0, 1), b, (2, 3), (1, 0)),
    ),
}


def record():
    torch.manual_seed(0)
    answers = {}
    for name, (x_shape, W_shape, op) in CASES.items():
        x, W, b = (torch.randn(s, dtype=torch.float64, requires_grad=True) for s in (x_shape, W_shape, W_shape[-1:]))
        y = op(x, W, b).movedim(1, -1)
        dy = torch.randn(y.shape, dtype=torch.float64, requires_grad=True)
        ddx = torch.randn(x_shape, dtype=torch.float64)
        dx, dW, db = torch.autograd.grad(y, (x, W, b), dy, create_graph=True)
        ddy, ddW = torch.autograd.grad((dx * ddx).sum(), (dy, W))
        arrays = {"x": x, "W": W, "b": b, "y": y, "dy": dy, "ddx": ddx}
        arrays |= {"dx": dx, "dW": dW, "db": db, "ddy": ddy, "ddW": ddW}
        answers |= {f"{name}_{key}": tensor.detach().numpy() for key, tensor in arrays.items()}
    return answers
