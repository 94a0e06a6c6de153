"""The losses of the Bernoulli autoencoder, of noise contrast, and of a Wasserstein GAN with gradient penalty."""

import math

import torch
from torch.nn import functional as F


def record():
    torch.manual_seed(2)
    return {**bernoulli_vae(), **noise_contrast(), **wasserstein()}


def bernoulli_vae():
    recon = torch.rand(4, 3, 2, 1, dtype=torch.float64)
    recon[0, 0], recon[1, 1] = 0.0, 1.0
    x = torch.rand(4, 3, 2, 1, dtype=torch.float64).round()
    x[0, 0, 0], x[0, 0, 1], x[2] = 0, 1, 0.25
    mean, logvar = torch.randn(4, 5, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    leaves = [a.requires_grad_() for a in (recon, mean, logvar)]
    divergence = -0.5 * (1 + logvar - mean**2 - logvar.exp()).sum()
    value = (F.binary_cross_entropy(recon, x, reduction="sum") + divergence) / len(x)
    gradients = torch.autograd.grad(value, leaves)
    answers = {"recon": recon, "mean": mean, "logvar": logvar, "x": x, "vae": value}
    answers.update(zip(("d_recon", "d_mean", "d_logvar"), gradients))
    return detached(answers)


def noise_contrast():
    scores, noise = torch.randn(6, 4, dtype=torch.float64, requires_grad=True), torch.rand(6, 4, dtype=torch.float64)
    log_odds = scores - noise.log() - math.log(3)
    value = -(F.logsigmoid(log_odds[:, 0]) + F.logsigmoid(-log_odds[:, 1:]).sum(dim=1)).mean()
    (gradient,) = torch.autograd.grad(value, scores)
    return detached({"scores": scores, "noise": noise, "nce": value, "d_scores": gradient})


def wasserstein():
    """A critic 3 -> 5 (tanh) -> 5 (SiLU) -> 1."""
    weights = [torch.randn(shape, dtype=torch.float64) for shape in [(3, 5), (5,), (5, 5), (5,), (5, 1), (1,)]]
    real, fake, share = torch.randn(7, 3).double(), torch.randn(7, 3).double(), torch.rand(7, 1).double()
    between = (share * real + (1 - share) * fake).requires_grad_()
    leaves = [w.requires_grad_() for w in weights]

    def critic(x):
        return F.silu(torch.tanh(x @ leaves[0] + leaves[1]) @ leaves[2] + leaves[3]) @ leaves[4] + leaves[5]

    (g,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    value = critic(fake).mean() - critic(real).mean() + 10 * ((g.norm(dim=1) - 1) ** 2).mean()
    gradients = torch.autograd.grad(value, leaves)
    answers = {"real": real, "fake": fake, "share": share, "wgan": value}
    for i, (w, d) in enumerate(zip(weights, gradients)):
        answers.update({f"weight{i}": w, f"d_weight{i}": d})
    return detached(answers)


def detached(answers):
    return {name: array.detach().numpy() for name, array in answers.items()}
