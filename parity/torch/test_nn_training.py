"""npml-nn's optimizers, schedules and losses against torch, live: 100 steps of a network, double autograd."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import npml_nn
from npml_nn import Conv2D, CrossEntropy, Dense, Flatten, Residual, Sequential, WGANGPLoss
from npml_nn.interchange import to_torch

RTOL = 1e-8
FLOAT64 = {"dtype": np.float64}


def close(ours, theirs, atol=1e-11):
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else theirs
    np.testing.assert_allclose(ours, theirs, rtol=RTOL, atol=atol)


def leaf(array):
    return torch.tensor(np.array(array, order="C"), requires_grad=True)


OPTIMIZERS = [
    ("SGD", "SGD", {"momentum": 0.9, "weight_decay": 0.01}),
    ("AdaGrad", "Adagrad", {}),
    ("AdaGrad", "Adagrad", {"weight_decay": 0.01, "eps": 1e-3}),
    ("RMSProp", "RMSprop", {}),
    ("RMSProp", "RMSprop", {"alpha": 0.9, "eps": 1e-3, "momentum": 0.9, "centered": True, "weight_decay": 0.01}),
    ("Adam", "Adam", {}),
    ("Adam", "Adam", {"betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.01}),
    ("AdamW", "AdamW", {}),
    ("AdamW", "AdamW", {"betas": (0.8, 0.95), "weight_decay": 0.3}),
]


@pytest.mark.parametrize("name, peer_name, options", OPTIMIZERS)
@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_100_steps_of_a_network(name, peer_name, options, clip_norm, rng):
    """The lr changes on the way, and the first layer is frozen for some steps."""
    X, y = rng.normal(size=(64, 6)), rng.integers(0, 4, 64)
    ours = Sequential(Dense(6, 16, random_state=0, **FLOAT64), "tanh", Dense(16, 4, random_state=1, **FLOAT64))
    theirs = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 4)).double()
    theirs.load_state_dict({key: torch.tensor(array) for key, array in to_torch(ours).items()})
    schedule = npml_nn.CosineWarmup(0.02, warmup=10, total=100, min_lr=0.001)
    optimizer = getattr(npml_nn, name)(ours.parameters(), lr=schedule, clip_norm=clip_norm, **options)
    peer = getattr(torch.optim, peer_name)(theirs.parameters(), lr=1.0, **options)
    loss = CrossEntropy()
    for step in range(100):
        rows = np.arange(16) + 16 * (step % 4)
        ours[0].freeze() if 20 <= step < 30 else ours[0].unfreeze()
        value, dy = loss(ours(X[rows]), y[rows])
        optimizer.zero_grad()
        ours.backward(dy)
        optimizer.step()
        peer.zero_grad()
        peer_value = F.cross_entropy(theirs(torch.tensor(X[rows])), torch.tensor(y[rows]))
        peer_value.backward()
        if 20 <= step < 30:
            theirs[0].weight.grad = theirs[0].bias.grad = None
        if clip_norm is not None:
            nn.utils.clip_grad_norm_(theirs.parameters(), clip_norm)
        peer.param_groups[0]["lr"] = schedule(step)
        peer.step()
        close(value, peer_value)
    for key, array in to_torch(ours).items():
        close(array, theirs.state_dict()[key])


@pytest.mark.parametrize("name, peer_name, options", OPTIMIZERS)
def test_float32(name, peer_name, options, rng):
    """In float32 both stay as near to float64 as each other."""
    w, gs = rng.normal(size=200), rng.normal(size=(100, 200))
    results = {}
    for dtype in (np.float32, np.float64):
        p, t = npml_nn.Parameter("w", w.astype(dtype)), nn.Parameter(torch.tensor(w.astype(dtype)))
        optimizer = getattr(npml_nn, name)([p], lr=0.02, **options)
        peer = getattr(torch.optim, peer_name)([t], lr=0.02, **options)
        for g in gs.astype(dtype):
            p.grad[...], t.grad = g, torch.tensor(g)
            optimizer.step()
            peer.step()
        results[dtype] = p.value, t.detach().numpy()
    exact = results[np.float64][1]
    ours, theirs = (np.abs(result - exact).max() for result in results[np.float32])
    assert ours <= 2 * theirs + 1e-6


def test_schedules():
    def peer(make, steps):
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.3)
        schedule, rates = make(optimizer), []
        for _ in range(steps):
            rates.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
        return rates

    def rates(schedule):
        return [schedule(step) for step in range(50)]

    stairs = npml_nn.ExponentialDecay(0.3, 0.5, 7, staircase=True)
    smooth = npml_nn.ExponentialDecay(0.3, 0.5, 1)
    cosine = npml_nn.CosineWarmup(0.3, 0, 49, min_lr=0.01)
    close(rates(stairs), peer(lambda o: torch.optim.lr_scheduler.StepLR(o, 7, 0.5), 50))
    close(rates(smooth), peer(lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.5), 50))
    close(rates(cosine), peer(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 49, 0.01), 50))


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (4, 5, 3, 2)])
def test_bernoulli_vae(shape, rng):
    recon, x = rng.random(shape), rng.random(shape).round()
    recon.flat[0], x.flat[0] = 0, 1
    mean, logvar = rng.normal(size=(shape[0], 3)), 3 * rng.normal(size=(shape[0], 3))
    leaves = [leaf(a) for a in (recon, mean, logvar)]
    value = F.binary_cross_entropy(leaves[0], torch.tensor(x), reduction="sum")
    value = (value - 0.5 * (1 + leaves[2] - leaves[1] ** 2 - leaves[2].exp()).sum()) / shape[0]
    value.backward()
    ours, gradients = npml_nn.BernoulliVAELoss()((recon, mean, logvar), x)
    close(ours, value)
    for gradient, peer in zip(gradients, leaves):
        close(gradient, peer.grad)


@pytest.mark.parametrize("n, k, v", [(1, 1, 2), (6, 5, 4), (3, 20, 1000)])
def test_nce(n, k, v, rng):
    logits, targets, noise = 3 * rng.normal(size=(n, v)), rng.integers(0, v, n), rng.dirichlet(np.ones(v))
    loss = npml_nn.NCELoss(noise, k, random_state=0)
    words = torch.tensor(copy.deepcopy(loss).draw(targets))
    tz = leaf(logits)
    log_odds = tz.gather(1, words) - torch.log(k * torch.tensor(noise)[words])
    value = -(F.logsigmoid(log_odds[:, 0]) + F.logsigmoid(-log_odds[:, 1:]).sum(dim=1)).mean()
    value.backward()
    ours, dz = loss(logits, targets)
    close(ours, value)
    close(dz, tz.grad)


class NHWC(nn.Module):
    """A module for channels last."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x.movedim(-1, 1)).movedim(1, -1)


class Around(nn.Module):
    """A shortcut around a module."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return x + self.layer(x)


def dense_critics():
    d = {"dtype": torch.float64}
    shared, peer = Dense(5, 5, **FLOAT64), nn.Linear(5, 5, **d)
    ours = [Dense(3, 5, **FLOAT64), "silu", shared, "tanh", Residual(shared), "tanh", Dense(5, 1, **FLOAT64)]
    theirs = [nn.Linear(3, 5, **d), nn.SiLU(), peer, nn.Tanh(), Around(peer), nn.Tanh(), nn.Linear(5, 1, **d)]
    return Sequential(*ours), nn.Sequential(*theirs), (3,)


def relu_critics():
    ours = Sequential(Dense(3, 40, **FLOAT64), "leaky_relu", Dense(40, 40, **FLOAT64), "relu", Dense(40, 1, **FLOAT64))
    theirs = [nn.Linear(3, 40), nn.LeakyReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1)]
    return ours, nn.Sequential(*theirs).double(), (3,)


def convolutional_critics():
    ours = [Conv2D(2, 4, 3, padding=1, **FLOAT64), "softplus", Conv2D(4, 3, (3, 2), stride=2, **FLOAT64), "gelu"]
    ours += [Flatten(), Dense(2 * 2 * 3, 1, **FLOAT64)]
    theirs = [NHWC(nn.Conv2d(2, 4, 3, padding=1)), nn.Softplus(), NHWC(nn.Conv2d(4, 3, (3, 2), stride=2)), nn.GELU()]
    theirs += [nn.Flatten(), nn.Linear(12, 1)]
    return Sequential(*ours), nn.Sequential(*theirs).double(), (5, 4, 2)


def layer_norm_critics():
    ours = [Dense(3, 6, **FLOAT64), npml_nn.LayerNorm(6, **FLOAT64), "tanh"]
    ours += [Dense(6, 6, **FLOAT64), npml_nn.RMSNorm(6, **FLOAT64), "silu", Dense(6, 1, **FLOAT64)]
    theirs = [nn.Linear(3, 6), nn.LayerNorm(6), nn.Tanh()]
    theirs += [nn.Linear(6, 6), nn.RMSNorm(6, eps=1e-5), nn.SiLU(), nn.Linear(6, 1)]
    return Sequential(*ours), nn.Sequential(*theirs).double(), (3,)


def batch_norm_critics():
    ours = [Conv2D(2, 4, 3, **FLOAT64), npml_nn.BatchNorm2D(4, **FLOAT64), "tanh", Flatten()]
    ours += [Dense(24, 5, **FLOAT64), npml_nn.BatchNorm1D(5, **FLOAT64), "silu", Dense(5, 1, **FLOAT64)]
    theirs = [NHWC(nn.Conv2d(2, 4, 3)), NHWC(nn.BatchNorm2d(4)), nn.Tanh(), nn.Flatten()]
    theirs += [nn.Linear(24, 5), nn.BatchNorm1d(5), nn.SiLU(), nn.Linear(5, 1)]
    return Sequential(*ours), nn.Sequential(*theirs).double(), (5, 4, 2)


CRITICS = [dense_critics, relu_critics, convolutional_critics, layer_norm_critics, batch_norm_critics]


@pytest.mark.parametrize("make", CRITICS)
def test_gradient_penalty(make, rng):
    """Critic and generator losses, by double autograd there and explicit double backpropagation here."""
    ours, theirs, shape = make()
    for array in ours.params.values():
        array += 0.3 * rng.normal(size=array.shape)
    state = theirs.state_dict()
    theirs.load_state_dict({**state, **dict(by_their_names(to_torch(ours), state))})
    real, fake = rng.normal(size=(8, *shape)), rng.normal(size=(8, *shape))
    share = np.random.default_rng(3).random(8).reshape(8, *[1] * len(shape))

    value = WGANGPLoss(lambda_=7.0, random_state=3)(ours, real, fake)
    scores = theirs(torch.tensor(real)), theirs(torch.tensor(fake))
    between = leaf(share * real + (1 - share) * fake)
    (g,) = torch.autograd.grad(theirs(between).sum(), between, create_graph=True)
    penalty = ((g.flatten(1).norm(dim=1) - 1) ** 2).mean()
    peer_value = scores[1].mean() - scores[0].mean() + 7 * penalty
    peer_value.backward()
    close(value, peer_value)
    gradients = copy.deepcopy(ours)
    gradients.load_state_dict({**gradients.state_dict(), **ours.grads})  # so that they take torch's layout
    found = dict(by_their_names(to_torch(gradients), state))
    for name, parameter in theirs.named_parameters():
        close(found[name], np.zeros_like(found[name]) if parameter.grad is None else parameter.grad)
    for name, buffer in theirs.named_buffers():
        if "running" in name:
            close(dict(by_their_names(to_torch(ours), state))[name], buffer)

    tx = leaf(fake)
    peer_value = -theirs(tx).mean()
    peer_value.backward()
    value, d_fake = WGANGPLoss().generator(ours, fake)
    close(value, peer_value)
    close(d_fake, tx.grad)


def by_their_names(arrays, state):
    """Torch tensors under the names of `state`, in which `NHWC` puts a level between."""
    for name, array in arrays.items():
        path, _, last = name.rpartition(".")
        yield name if name in state else f"{path}.module.{last}", torch.from_numpy(array)
