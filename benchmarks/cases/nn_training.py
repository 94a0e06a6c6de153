"""npml-nn: optimizer steps, noise contrast, the bound of an autoencoder, a step of a Wasserstein GAN. In float32."""

from itertools import pairwise

import numpy as np
from harness import case, close

SIZES = {"1M": dict(n=1_000_000), "10M": dict(n=10_000_000)}


def pair_of_steps(ours, theirs, n, options, peer_options):
    """A step of each optimizer on n weights; both move from the same weights by the same gradient."""
    import torch

    from npml_nn import Parameter

    rng = np.random.default_rng(0)
    w, g = (rng.standard_normal(n, np.float32) for _ in range(2))
    parameter, peer_parameter = Parameter("w", w.copy(), g), torch.nn.Parameter(torch.tensor(w))
    peer_parameter.grad = torch.tensor(g)
    optimizer = ours([parameter], lr=1e-3, **options)
    peer = theirs([peer_parameter], lr=1e-3, **options, **peer_options)

    def step():
        optimizer.step()
        return parameter.value

    def peer_step():
        peer.step()
        return peer_parameter.detach().numpy()

    return step, peer_step, close(1e-4, atol=1e-6)


@case("npml-nn", group="optimizers", peer="torch", sizes=SIZES)
def adam_step(n):
    """Against torch's default."""
    import torch

    from npml_nn import Adam

    return pair_of_steps(Adam, torch.optim.Adam, n, {}, {})


@case("npml-nn", group="optimizers", peer="torch", sizes=SIZES)
def adam_step_against_fused(n):
    """Against torch's fastest: one compiled loop."""
    import torch

    from npml_nn import Adam

    return pair_of_steps(Adam, torch.optim.Adam, n, {}, {"fused": True})


@case("npml-nn", group="optimizers", peer="torch", sizes=SIZES)
def sgd_momentum_step(n):
    import torch

    from npml_nn import SGD

    return pair_of_steps(SGD, torch.optim.SGD, n, {"momentum": 0.9}, {"fused": True})


@case("npml-nn", group="losses", peer="torch", sizes={"512 rows, 64 draws, 20000 words": dict(n=512, k=64, v=20_000)})
def noise_contrast_of_sampled_columns(n, k, v):
    """Scores and noise of the sampled columns given; value and gradient."""
    import torch
    from torch.nn.functional import logsigmoid

    from npml_nn.functional import nce

    rng = np.random.default_rng(0)
    scores, noise = rng.standard_normal((n, 1 + k), np.float32), rng.random((n, 1 + k), np.float32) / v
    leaf, log_noise = torch.tensor(scores, requires_grad=True), torch.tensor(noise)

    def ours():
        value, cache = nce(scores, noise)
        return value, cache.gradient

    def theirs():
        log_odds = leaf - torch.log(k * log_noise)
        value = -(logsigmoid(log_odds[:, 0]) + logsigmoid(-log_odds[:, 1:]).sum(dim=1)).mean()
        (gradient,) = torch.autograd.grad(value, leaf)
        return value.item(), gradient.numpy()

    return ours, theirs, close(1e-4, atol=1e-7)


@case("npml-nn", group="losses", peer="torch", sizes={"256 x 28 x 28": dict(n=256, side=28, n_latent=32)})
def bernoulli_vae_loss(n, side, n_latent):
    import torch
    from torch.nn.functional import binary_cross_entropy

    from npml_nn import BernoulliVAELoss

    rng = np.random.default_rng(0)
    recon, x = (rng.random((n, side, side, 1), np.float32) for _ in range(2))
    code = [rng.standard_normal((n, n_latent), np.float32) for _ in range(2)]
    loss, target = BernoulliVAELoss(), torch.tensor(x)
    leaves = [torch.tensor(array, requires_grad=True) for array in (recon, *code)]

    def ours():
        value, gradients = loss((recon, *code), x)
        return value, *gradients

    def theirs():
        r, mean, logvar = leaves
        divergence = -0.5 * (1 + logvar - mean**2 - logvar.exp()).sum()
        value = (binary_cross_entropy(r, target, reduction="sum") + divergence) / n
        return value.item(), *(gradient.numpy() for gradient in torch.autograd.grad(value, leaves))

    return ours, theirs, close(1e-3, atol=1e-5)


GAN_SIZES = {
    "64 x 2-256-256-1": dict(n=64, sizes=(2, 256, 256)),
    "256 x 784-512-512-1": dict(n=256, sizes=(784, 512, 512)),
}


@case("npml-nn", group="network", peer="torch", sizes=GAN_SIZES)
def wgan_gp_critic_step(n, sizes):
    """Value and gradients of the critic's loss, by double backpropagation, and the update of Adam."""
    import torch

    from npml_nn import Adam, Dense, Sequential, WGANGPLoss
    from npml_nn.interchange import to_torch

    rng = np.random.default_rng(0)
    real, fake = (rng.standard_normal((n, sizes[0]), np.float32) for _ in range(2))
    layers, modules = [], []
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        layers += [Dense(n_in, n_out, random_state=i), "tanh"]
        modules += [torch.nn.Linear(n_in, n_out), torch.nn.Tanh()]
    ours = Sequential(*layers, Dense(sizes[-1], 1, random_state=9))
    theirs = torch.nn.Sequential(*modules, torch.nn.Linear(sizes[-1], 1))
    theirs.load_state_dict({name: torch.tensor(array) for name, array in to_torch(ours).items()})
    loss, optimizer = WGANGPLoss(random_state=0), Adam(ours.parameters(), lr=1e-4)
    peer, peer_rng = torch.optim.Adam(theirs.parameters(), lr=1e-4, fused=True), np.random.default_rng(0)
    tensors = torch.tensor(real), torch.tensor(fake)

    def step():
        optimizer.zero_grad()
        value = loss(ours, real, fake)
        optimizer.step()
        return value

    def peer_step():
        share = torch.tensor(peer_rng.random(n).astype(np.float32)[:, None])
        between = (share * tensors[0] + (1 - share) * tensors[1]).requires_grad_()
        (g,) = torch.autograd.grad(theirs(between).sum(), between, create_graph=True)
        value = theirs(tensors[1]).mean() - theirs(tensors[0]).mean() + 10 * ((g.norm(dim=1) - 1) ** 2).mean()
        peer.zero_grad()
        value.backward()
        peer.step()
        return value.item()

    return step, peer_step, close(1e-3)
