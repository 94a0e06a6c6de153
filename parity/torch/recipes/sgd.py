"""Trajectories of SGD over 100 steps, with the gradient g w + g for given g."""

import torch

OPTIONS = [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"momentum": 0.5}]
CLIP = [None, None, None, 1.0]


def record():
    torch.manual_seed(0)
    w, gs = torch.randn(3, 2, dtype=torch.float64), torch.rand(100, 3, 2, dtype=torch.float64)
    answers = {"w": w.numpy(), "g": gs.numpy()}
    for i, (options, clip) in enumerate(zip(OPTIONS, CLIP)):
        parameter = torch.nn.Parameter(w.clone())
        optimizer = torch.optim.SGD([parameter], lr=0.05, **options)
        for g in gs:
            parameter.grad = (g * parameter + g).detach()
            if clip is not None:
                torch.nn.utils.clip_grad_norm_([parameter], clip)
            optimizer.step()
        answers[f"w{i}"] = parameter.detach().numpy()
    return answers
