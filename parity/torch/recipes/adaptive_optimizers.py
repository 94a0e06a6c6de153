"""Trajectories of AdaGrad, RMSProp, Adam, AdamW and SGD with weight decay over 100 steps, with the gradient g w + g."""

import torch

CASES = [
    ("Adagrad", {}),
    ("Adagrad", {"weight_decay": 0.1, "eps": 0.1}),
    ("RMSprop", {}),
    ("RMSprop", {"alpha": 0.5, "eps": 0.1, "weight_decay": 0.1}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"betas": (0.5, 0.9), "eps": 0.1, "weight_decay": 0.1}),
    ("AdamW", {}),
    ("AdamW", {"betas": (0.0, 0.99), "eps": 0.001, "weight_decay": 0.5}),
    ("SGD", {"momentum": 0.9, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
]


def record():
    torch.manual_seed(1)
    w, gs = torch.randn(3, 2, dtype=torch.float64), torch.rand(100, 3, 2, dtype=torch.float64) - 0.3
    answers = {"w": w.numpy(), "g": gs.numpy()}
    for i, (name, options) in enumerate(CASES):
        parameter = torch.nn.Parameter(w.clone())
        optimizer = getattr(torch.optim, name)([parameter], lr=0.02, **options)
        for g in gs:
            parameter.grad = (g * parameter + g).detach()
            optimizer.step()
        answers[f"w{i}"] = parameter.detach().numpy()
    return answers
