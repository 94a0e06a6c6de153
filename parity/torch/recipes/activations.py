"""Every activation with its first and second derivative."""

import torch
from torch.nn import functional as F

FUNCTIONS = {
    "identity": lambda x: x,
    "affine": lambda x: 2.5 * x - 1.0,
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "elu": lambda x: F.elu(x, 0.7),
    "selu": F.selu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,  # the derivative of hardsigmoid is 1/6 in float32 only
    "softplus": lambda x: F.softplus(x, threshold=1000),
    "exponential": torch.exp,
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
}


def derivatives(function, x):
    """f, f' and f'' at x."""
    x = x.clone().requires_grad_()
    y = function(x)
    (grad,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    if not grad.requires_grad:
        return y, grad, torch.zeros_like(x)
    (grad2,) = torch.autograd.grad(grad.sum(), x, allow_unused=True)
    return y, grad, torch.zeros_like(x) if grad2 is None else grad2


def record():
    torch.manual_seed(0)
    x = torch.cat([3 * torch.randn(60, dtype=torch.float64), torch.tensor([-15.0, -7.0, 7.0, 15.0])])
    answers = {"x": x}
    for name, function in FUNCTIONS.items():
        for part, values in zip(("y", "grad", "grad2"), derivatives(function, x)):
            answers[f"{name}_{part}"] = values
    return {name: tensor.detach().numpy() for name, tensor in answers.items()}
