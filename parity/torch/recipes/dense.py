"""A dense layer, its gradients, and its gradients of second order."""

import torch


def record():
    torch.manual_seed(0)
    x, W, b, dy, ddx = (torch.randn(s, dtype=torch.float64) for s in [(2, 3, 4), (4, 5), (5,), (2, 3, 5), (2, 3, 4)])
    for tensor in (x, W, b, dy):
        tensor.requires_grad_()
    y = torch.nn.functional.linear(x, W.T, b)
    dx, dW, db = torch.autograd.grad(y, (x, W, b), dy, create_graph=True)
    ddy, ddW = torch.autograd.grad((dx * ddx).sum(), (dy, W))
    answers = {"x": x, "W": W, "b": b, "dy": dy, "ddx": ddx}
    answers |= {"y": y, "dx": dx, "dW": dW, "db": db, "ddy": ddy, "ddW": ddW}
    return {name: tensor.detach().numpy() for name, tensor in answers.items()}
