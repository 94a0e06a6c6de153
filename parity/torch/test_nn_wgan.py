"""npml-nn: WGANGP trained beside algorithm 1 in torch, from the same weights, same draws: equal loss curves."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from npml_nn import WGANGP
from npml_nn.schedules import CosineWarmup


def in_torch(network, activation):
    """The Sequential of dense layers as a torch module with its weights."""
    layers = []
    for dense in network.layers:
        linear = nn.Linear(*dense.W.shape, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(dense.W.T.copy()))
            linear.bias.copy_(torch.tensor(dense.b.copy()))
        layers += [linear, activation()]
    return nn.Sequential(*layers[:-1])


def penalty(critic, real, fake, share):
    between = (share * real + (1 - share) * fake).requires_grad_()
    (g,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return ((g.norm(dim=1) - 1) ** 2).mean()


def descend(optimizer, schedule, step, loss):
    for group in optimizer.param_groups:
        group["lr"] = schedule(step)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def torch_history(model, X):
    """What `model.fit(X)` is to find: critic's and generator's losses, epoch by epoch."""
    rng, size = model.rng, model.batch_size
    networks = model._networks()
    generator, critic = in_torch(networks[0], nn.ReLU), in_torch(networks[1], lambda: nn.LeakyReLU(0.01))
    optimizers = [torch.optim.Adam(module.parameters(), betas=(0.5, 0.9)) for module in (generator, critic)]
    rounds = -(-len(X) // size)
    schedules = [CosineWarmup(model.lr, 0, model.epochs * rounds * k) for k in (1, model.n_critic)]
    batches = model._batches((X - X.mean(axis=0)) / np.sqrt(np.square(X - X.mean(axis=0)).mean()), size)
    history, steps = {"critic": [], "generator": []}, [0, 0]
    for _ in range(model.epochs):
        values = np.zeros(2)
        for _ in range(rounds):
            for _ in range(model.n_critic):
                fake = generator(torch.tensor(rng.standard_normal((size, model.n_latent)))).detach()
                real = torch.tensor(next(batches))
                share = torch.tensor(rng.random(size)[:, None])
                loss = critic(fake).mean() - critic(real).mean()
                loss = loss + model.lambda_ * penalty(critic, real, fake, share)
                descend(optimizers[1], schedules[1], steps[1], loss)
                steps[1] += 1
                values[0] += loss.item() / model.n_critic
            loss = -critic(generator(torch.tensor(rng.standard_normal((size, model.n_latent))))).mean()
            descend(optimizers[0], schedules[0], steps[0], loss)
            steps[0] += 1
            values[1] += loss.item()
        history["critic"].append(values[0] / rounds)
        history["generator"].append(values[1] / rounds)
    return history


@pytest.mark.parametrize("lambda_, n_critic", [(1.0, 3), (10.0, 1)])
def test_loss_curves(lambda_, n_critic):
    rng = np.random.default_rng(0)
    X = rng.choice([-2.0, 2.0], size=(256, 2)) + 0.1 * rng.normal(size=(256, 2))  # four clusters
    options = {"n_latent": 4, "n_hidden": 24, "epochs": 6, "batch_size": 32, "dtype": np.float64}
    model = WGANGP(2, n_critic=n_critic, lambda_=lambda_, random_state=0, **options)
    expected = torch_history(deepcopy(model), X)
    model.fit(X)
    for name, values in expected.items():
        np.testing.assert_allclose(model.history[name], values, rtol=1e-6, atol=1e-8, err_msg=name)
