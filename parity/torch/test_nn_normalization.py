"""Batch, layer and RMS norm against torch, live: awkward shapes and layouts, the gradient penalty."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from npml_nn import BatchNorm1D, BatchNorm2D, Dense, LayerNorm, RMSNorm, Sequential

LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": lambda x: np.repeat(x, 3, axis=-1)[..., ::3],
    "reversed": lambda x: x[::-1].copy()[::-1],
}


def close(ours, theirs, atol=1e-12):
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-8, atol=atol)


def leaf(array):
    return torch.tensor(np.array(array, order="C"), requires_grad=True)


def drawn(layer, rng):
    for array in layer.params.values():
        array[...] = rng.normal(size=array.shape)
    return layer


BATCH = [
    (BatchNorm1D, torch.nn.BatchNorm1d, (2, 3)),
    (BatchNorm1D, torch.nn.BatchNorm1d, (17, 5)),
    (BatchNorm1D, torch.nn.BatchNorm1d, (4, 6, 3)),
    (BatchNorm1D, torch.nn.BatchNorm1d, (1, 6, 3)),
    (BatchNorm2D, torch.nn.BatchNorm2d, (2, 3, 4, 5)),
    (BatchNorm2D, torch.nn.BatchNorm2d, (1, 2, 1, 1)),
    (BatchNorm2D, torch.nn.BatchNorm2d, (32, 8, 8, 16)),
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind, peer, shape", BATCH)
def test_batch_norm(kind, peer, shape, layout, rng):
    layer = drawn(kind(shape[-1], eps=1e-3, momentum=0.2, dtype=np.float64), rng)
    module = peer(shape[-1], eps=1e-3, momentum=0.2, dtype=torch.float64)
    module.weight.data, module.bias.data = torch.tensor(layer.g), torch.tensor(layer.b)

    def first(x):
        return torch.moveaxis(x, -1, 1) if x.ndim > 2 else x

    for _ in range(3):
        x, dy = (LAYOUTS[layout](rng.normal(2, 3, size=shape)) for _ in range(2))
        layer.zero_grad()
        tx = leaf(x)
        ty = module(first(tx))
        dx, dg, db = torch.autograd.grad(ty, (tx, module.weight, module.bias), first(leaf(dy)))
        np.testing.assert_allclose(layer(x), torch.moveaxis(ty, 1, -1).detach().numpy(), rtol=1e-8, atol=1e-12)
        close(layer.backward(dy), dx, atol=1e-11)
        close(layer.grads["g"], dg, atol=1e-11)
        close(layer.grads["b"], db, atol=1e-11)
    close(layer.running_mean, module.running_mean)
    close(layer.running_var, module.running_var)
    ty = module.eval()(first(tx))
    np.testing.assert_allclose(layer.eval()(x), torch.moveaxis(ty, 1, -1).detach().numpy(), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "shape, x_shape", [(5, (3, 5)), (5, (1, 1, 5)), ((4, 5), (2, 3, 4, 5)), (1, (3, 1)), (300, (500, 300))]
)
def test_layer_and_rms_norm(shape, x_shape, layout, rng):
    x, dy = (LAYOUTS[layout](rng.normal(2, 3, size=x_shape)) for _ in range(2))
    for kind, op in ((LayerNorm, F.layer_norm), (RMSNorm, lambda x, s, g, eps: F.rms_norm(x, s, g, eps))):
        layer = drawn(kind(shape, dtype=np.float64), rng)
        tx, weights = leaf(x), [leaf(a) for a in layer.params.values()]
        ty = op(tx, weights[0].shape, *weights, 1e-5)
        dx, *gradients = torch.autograd.grad(ty, (tx, *weights), leaf(dy))
        close(layer(x), ty)
        close(layer.backward(dy), dx)
        for ours, theirs in zip(layer.grads.values(), gradients):
            close(ours, theirs, atol=1e-11)


@pytest.mark.parametrize("kind", [BatchNorm1D, LayerNorm, RMSNorm])
def test_gradient_penalty_of_a_normalised_critic(kind, rng):
    """lambda mean (|dD/dx| - 1)^2 by double backprop."""
    critic = Sequential(
        Dense(3, 6, dtype=np.float64, random_state=0),
        drawn(kind(6, activation="tanh", dtype=np.float64), rng),
        Dense(6, 1, dtype=np.float64, random_state=1),
    )
    x = rng.normal(size=(8, 3))
    y = critic(x)
    with critic.recording():
        g = critic.backward(np.ones_like(y))
    norm = np.sqrt((g**2).sum(axis=1, keepdims=True))
    critic.double_backward(10 * 2 / len(x) * (norm - 1) / norm * g)
    dx = critic.backward(np.zeros_like(y))

    weights, tx = {name: leaf(array) for name, array in critic.params.items()}, leaf(x)
    h, (gain, *shift) = tx @ weights["0.W"] + weights["0.b"], [weights[f"1.{n}"] for n in critic[1].params]
    if kind is BatchNorm1D:
        h = F.batch_norm(h, None, None, gain, *shift, training=True)
    else:
        h = F.layer_norm(h, (6,), gain, *shift) if kind is LayerNorm else F.rms_norm(h, (6,), gain, 1e-5)
    ty = torch.tanh(h) @ weights["2.W"] + weights["2.b"]
    (tg,) = torch.autograd.grad(ty.sum(), tx, create_graph=True)
    (10 * ((tg.norm(dim=1) - 1) ** 2).mean()).backward()
    close(y, ty)
    close(g, tg)
    close(dx, tx.grad)
    for name, weight in weights.items():
        close(critic.grads[name], torch.zeros_like(weight) if weight.grad is None else weight.grad)
