"""npml-nn: training steps of the convolutional VAE and WaveNet against torch; Word2Vec against gensim."""

import numpy as np
from harness import Pair, case


def falls_alike(ours, theirs):
    """Both sides return a loss of the same data under different weights: it must be of one size."""
    assert np.isfinite(ours) and np.isfinite(theirs) and ours < 2 * theirs + 0.1, (ours, theirs)


def torch_step(modules, loss):
    """A callable that makes one Adam step along loss()."""
    import torch

    optimizer = torch.optim.Adam([p for module in modules for p in module.parameters()], lr=1e-3)

    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return step


def our_step(model, forward_loss):
    """A callable that makes one Adam step: forward_loss() -> value, dy."""
    from npml_nn import Adam

    optimizer = Adam(model.parameters(), lr=1e-3)

    def step():
        value, dy = forward_loss()
        model.backward(dy)
        optimizer.step()
        optimizer.zero_grad()
        return value

    return step


@case("npml-nn", group="models", peer="torch", sizes={"8x8, batch 64": dict(side=8), "28x28, batch 64": dict(side=28)})
def vae_step(side):
    import torch
    from torch import nn
    from torch.nn import functional as F

    from npml_nn import BernoulliVAE, BernoulliVAELoss

    n, quarter = 64, side // 4
    x = np.random.default_rng(0).random((n, side, side, 1)).astype(np.float32)
    model, loss = BernoulliVAE((side, side, 1), n_latent=8, random_state=0), BernoulliVAELoss()
    encoder = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(),
        nn.Linear(32 * quarter**2, 16),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(8, 32 * quarter**2), nn.ReLU(), nn.Unflatten(1, (32, quarter, quarter)),
        nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid(),
    )  # fmt: skip
    tx = torch.tensor(np.moveaxis(x, 3, 1).copy())

    def torch_loss():
        mean, logvar = encoder(tx).chunk(2, dim=1)
        recon = decoder(mean + torch.exp(logvar / 2) * torch.randn_like(mean))
        divergence = 0.5 * (logvar.exp() + mean**2 - 1 - logvar).sum()
        return (F.binary_cross_entropy(recon, tx, reduction="sum") + divergence) / n

    ours = our_step(model, lambda: loss(model(x), x))
    return Pair(ours, torch_step([encoder, decoder], torch_loss), falls_alike, work=(n, "images"))


@case("npml-nn", group="models", peer="torch", sizes={"4x512, 32 channels, 16 layers": dict(t=512, channels=32)})
def wavenet_step(t, channels):
    import torch
    from torch import nn
    from torch.nn import functional as F

    from npml_nn import SquaredError, WaveNet

    wave = np.sin(0.2 * np.arange(t + 1) + np.arange(4)[:, None])[..., None].astype(np.float32)
    x, y = wave[:, :-1], wave[:, 1:]
    model, loss = WaveNet(1, channels, n_layers=8, n_stacks=2, random_state=0), SquaredError()
    dilations = [2**i for i in range(8)] * 2
    entry = nn.Conv1d(1, channels, 2)
    gates = nn.ModuleList([nn.Conv1d(channels, 2 * channels, 2, dilation=d) for d in dilations])
    projections = nn.ModuleList([nn.Conv1d(channels, channels, 1) for _ in dilations])
    head = nn.Sequential(nn.ReLU(), nn.Conv1d(channels, channels, 1), nn.ReLU(), nn.Conv1d(channels, 1, 1))
    tx, ty = (torch.tensor(a.transpose(0, 2, 1).copy()) for a in (x, y))

    def torch_loss():
        h, skips = entry(F.pad(tx, (1, 0))), 0
        for gate, projection, d in zip(gates, projections, dilations):
            f, g = gate(F.pad(h, (d, 0))).chunk(2, dim=1)
            skip = projection(torch.tanh(f) * torch.sigmoid(g))
            h, skips = h + skip, skips + skip
        return F.mse_loss(head(skips), ty)

    ours = our_step(model, lambda: loss(model(x), y))
    return Pair(ours, torch_step([entry, gates, projections, head], torch_loss), falls_alike, work=(4 * t, "steps"))


@case(
    "npml-nn",
    group="models",
    peer="torch",
    sizes={
        "2 features, 128 units, batch 128": dict(n_features=2, n_hidden=128, n=128),
        "64 features, 256 units, batch 64": dict(n_features=64, n_hidden=256, n=64),
    },
)
def wgan_step(n_features, n_hidden, n):
    """One step of the critic, its gradient penalty differentiated, and one of the generator."""
    import torch
    from torch import nn

    from npml_nn import WGANGP, Adam, WGANGPLoss

    rng = np.random.default_rng(0)
    real = rng.normal(size=(n, n_features)).astype(np.float32)
    model, loss = WGANGP(n_features, n_latent=8, n_hidden=n_hidden, random_state=0), WGANGPLoss(1.0, random_state=0)
    generator, critic = model.generator.train(), model.critic.train()
    options = {"lr": 1e-3, "betas": (0.5, 0.9)}
    optimizers = [Adam(network.parameters(), **options) for network in (critic, generator)]

    def torch_network(network, activation):
        layers = []
        for dense in network.layers:
            linear = nn.Linear(*dense.W.shape)
            linear.load_state_dict({"weight": torch.tensor(dense.W.T.copy()), "bias": torch.tensor(dense.b.copy())})
            layers += [linear, activation]
        return nn.Sequential(*layers[:-1])

    peers = torch_network(critic, nn.LeakyReLU()), torch_network(generator, nn.ReLU())
    peer_optimizers = [torch.optim.Adam(network.parameters(), **options) for network in peers]
    t_real = torch.tensor(real)

    def ours():
        noise = rng.standard_normal((2, n, 8), dtype=np.float32)
        fake = generator.eval()(noise[0])
        generator.train()
        value = loss(critic, real, fake)
        optimizers[0].step()
        optimizers[0].zero_grad()
        _, d_fake = loss.generator(critic, generator(noise[1]))
        generator.backward(d_fake)
        optimizers[1].step()
        optimizers[1].zero_grad()
        return value

    def theirs():
        with torch.no_grad():
            fake = peers[1](torch.randn(n, 8))
        share = torch.rand(n, 1)
        between = (share * t_real + (1 - share) * fake).requires_grad_()
        (g,) = torch.autograd.grad(peers[0](between).sum(), between, create_graph=True)
        value = peers[0](fake).mean() - peers[0](t_real).mean() + ((g.norm(dim=1) - 1) ** 2).mean()
        peer_optimizers[0].zero_grad()
        value.backward()
        peer_optimizers[0].step()
        peer_optimizers[1].zero_grad()
        (-peers[0](peers[1](torch.randn(n, 8))).mean()).backward()
        peer_optimizers[1].step()
        return value.item()

    def check(ours, theirs):
        assert np.isfinite(ours) and np.isfinite(theirs) and abs(ours - theirs) < 1, (ours, theirs)

    return Pair(ours, theirs, check, work=(n, "rows"))


@case("npml-nn", group="models", peer="gensim", sizes={"skip-gram, Lee": dict(sg=1), "CBOW, Lee": dict(sg=0)})
def word2vec(sg):
    from gensim.models import Word2Vec as Peer
    from gensim.test.utils import datapath

    from npml_nn import Word2Vec

    with open(datapath("lee_background.cor"), encoding="utf-8") as lines:
        sentences = [line.lower().split() for line in lines]
    architecture = ("cbow", "skipgram")[sg]

    def ours():
        return Word2Vec(architecture, dim=50, epochs=1, random_state=0).fit(sentences)

    def theirs():
        return Peer(sentences, vector_size=50, sg=sg, epochs=1, workers=1, sample=0, seed=0)

    def check(ours, theirs):
        assert set(ours.vocabulary) == set(theirs.wv.key_to_index)

    return ours, theirs, check
