"""Max pooling (with ties) and average pooling, padded and overlapping, with gradients."""

import torch
from torch.nn import functional as F


def record():
    torch.manual_seed(0)
    x = torch.randn(2, 7, 6, 3, dtype=torch.float64).mul(2).round()  # many equal entries
    answers = {"x": x}
    for name, op in {"max": F.max_pool2d, "avg": F.avg_pool2d}.items():
        for settings in ((2, 2, 0), (3, 2, 1)):
            leaf = x.clone().requires_grad_()
            y = op(leaf.movedim(-1, 1), *settings).movedim(1, -1)
            dy = torch.randn(y.shape, dtype=torch.float64)
            y.backward(dy)
            key = f"{name}_{settings[0]}"
            answers |= {f"{key}_y": y.detach(), f"{key}_dy": dy, f"{key}_dx": leaf.grad}
    return {name: tensor.numpy() for name, tensor in answers.items()}
