"""BernoulliVAE and WaveNet beside the same networks in torch: same initial weights and draws, same loss curves."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from npml_nn import Adam, BernoulliVAE, BernoulliVAELoss, SquaredError, WaveNet, minibatches


def tensor(array):
    return torch.tensor(np.array(array, order="C"))


def weights(layer, *axes):
    """A layer's W, with its axes in torch's order, and b."""
    return nn.Parameter(tensor(layer.W.transpose(*axes))), nn.Parameter(tensor(layer.b))


class TorchVAE(nn.Module):
    """The network of `BernoulliVAE` with the same weights; images channels last, features in our order."""

    def __init__(self, model):
        super().__init__()
        conv1, conv2, _, code = model.encoder
        dense, shape, deconv1, deconv2 = model.decoder
        self.shape, self.deconvs = shape.shape, (deconv1, deconv2)
        for name, layer, axes in (
            ("conv1", conv1, (3, 2, 0, 1)),
            ("conv2", conv2, (3, 2, 0, 1)),
            ("code", code, (1, 0)),
            ("dense", dense, (1, 0)),
            ("deconv1", deconv1, (2, 3, 0, 1)),
            ("deconv2", deconv2, (2, 3, 0, 1)),
        ):
            W, b = weights(layer, *axes)
            self.register_parameter(f"{name}_W", W)
            self.register_parameter(f"{name}_b", b)

    def forward(self, x, noise):
        h = x.permute(0, 3, 1, 2)
        h = F.relu(F.conv2d(h, self.conv1_W, self.conv1_b, stride=2, padding=1))
        h = F.relu(F.conv2d(h, self.conv2_W, self.conv2_b, stride=2, padding=1))
        mean, logvar = F.linear(h.permute(0, 2, 3, 1).flatten(1), self.code_W, self.code_b).chunk(2, dim=1)
        h = F.relu(F.linear(mean + torch.exp(logvar / 2) * noise, self.dense_W, self.dense_b))
        h = h.reshape(-1, *self.shape).permute(0, 3, 1, 2)
        h = F.relu(F.conv_transpose2d(h, self.deconv1_W, self.deconv1_b, stride=2, padding=1))
        h = torch.sigmoid(F.conv_transpose2d(h, self.deconv2_W, self.deconv2_b, stride=2, padding=1))
        return h.permute(0, 2, 3, 1), mean, logvar


def torch_loss(recon, mean, logvar, x):
    divergence = 0.5 * (logvar.exp() + mean**2 - 1 - logvar).sum()
    return (F.binary_cross_entropy(recon, x, reduction="sum") + divergence) / len(x)


def train_torch_vae(model, X, epochs, batch_size, lr):
    """Train in torch what `model.fit` would train, with the same batches and draws: the network, its loss by epoch."""
    network, rng, losses = TorchVAE(model), deepcopy(model.rng), []
    optimizer = torch.optim.Adam(network.parameters(), lr=lr)
    for _ in range(epochs):
        total = 0.0
        for x in minibatches(X, batch_size=batch_size, random_state=rng):
            noise = tensor(rng.standard_normal((len(x), model.n_latent)).astype(X.dtype))
            loss = torch_loss(*network(tensor(x), noise), tensor(x))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += len(x) * loss.item()
        losses.append(total / len(X))
    return network, losses


@pytest.fixture(scope="module")
def digits():
    return (load_digits().images / 16)[..., None]


@pytest.mark.parametrize("size", [(8, 8), (7, 5), (3, 2)])
def test_vae_has_torchs_loss_curve(size, digits):
    """In float64, step for step; 12 steps leave rounding no room to grow."""
    X = digits[:150, : size[0], : size[1]]
    model = BernoulliVAE((*size, 1), n_latent=5, dtype=np.float64, random_state=0)
    _, expected = train_torch_vae(model, X, epochs=3, batch_size=40, lr=1e-3)
    model.fit(X, epochs=3, batch_size=40, lr=1e-3)
    np.testing.assert_allclose(model.history["loss"], expected, rtol=1e-8)


def test_vae_gradients_are_torchs(digits):
    X = digits[:20]
    model = BernoulliVAE((8, 8, 1), n_latent=5, dtype=np.float64, random_state=0)
    network, noise = TorchVAE(model), deepcopy(model.rng).standard_normal((20, 5))
    x = tensor(X).requires_grad_()
    torch_loss(*network(x, tensor(noise)), x.detach()).backward()
    value, dy = BernoulliVAELoss()(model(X), X)
    np.testing.assert_allclose(model.backward(dy), x.grad.numpy(), rtol=1e-8, atol=1e-12)
    ours = model.grads["encoder.3.W"]
    np.testing.assert_allclose(ours, network.code_W.grad.numpy().T, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(
        model.grads["decoder.3.W"], network.deconv2_W.grad.numpy().transpose(2, 3, 0, 1), rtol=1e-8, atol=1e-12
    )


def test_vae_float32_follows_torch(digits):
    X = digits[:600].astype(np.float32)
    model = BernoulliVAE((8, 8, 1), n_latent=8, random_state=0)
    _, expected = train_torch_vae(model, X, epochs=5, batch_size=64, lr=1e-3)
    model.fit(X, epochs=5, batch_size=64, lr=1e-3)
    np.testing.assert_allclose(model.history["loss"], expected, rtol=1e-3)


@pytest.mark.long
def test_vae_bound_on_digits_is_not_worse_than_torchs(digits):
    """After 60 epochs, on digits that neither has seen, with four draws of the codes."""
    X = digits.astype(np.float32)
    train, new = X[:1500], np.repeat(X[1500:], 4, axis=0)
    model = BernoulliVAE((8, 8, 1), n_latent=8, random_state=0)
    network, _ = train_torch_vae(model, train, epochs=60, batch_size=64, lr=1e-3)
    model.fit(train, epochs=60, batch_size=64, lr=1e-3)
    noise = tensor(np.random.default_rng(1).standard_normal((len(new), 8)).astype(np.float32))
    with torch.no_grad():
        theirs = -torch_loss(*network(tensor(new), noise), tensor(new)).item()
    ours = model.elbo(new, random_state=1)
    assert ours > theirs - 0.2  # nats of about 25: the two runs part as rounding grows
    assert ours > -27


class TorchWaveNet(nn.Module):
    """The network of `WaveNet` with the same weights."""

    def __init__(self, model):
        super().__init__()
        self.kernel = model.kernel
        self.dilations = [block.dilation for block in model.blocks]
        convs = [model.entry, *(conv for block in model.blocks for conv in (block.conv, block.projection))]
        self.all = nn.ParameterList([p for conv in (*convs, *model.head[1:]) for p in weights(conv, 2, 1, 0)])

    def forward(self, x):
        convs = list(zip(self.all[::2], self.all[1::2]))
        h, skips = self.causal(x.transpose(1, 2), *convs[0], 1), 0
        for i, dilation in enumerate(self.dilations):
            f, g = self.causal(h, *convs[2 * i + 1], dilation).chunk(2, dim=1)
            skip = F.conv1d(torch.tanh(f) * torch.sigmoid(g), *convs[2 * i + 2])
            h, skips = h + skip, skips + skip
        return F.conv1d(F.relu(F.conv1d(F.relu(skips), *convs[-2])), *convs[-1]).transpose(1, 2)

    def causal(self, x, W, b, dilation):
        return F.conv1d(F.pad(x, (dilation * (self.kernel - 1), 0)), W, b, dilation=dilation)


@pytest.mark.parametrize(
    ("dtype", "steps", "rtol", "kernel"),
    [(np.float64, 10, 1e-8, 2), (np.float64, 10, 1e-8, 3), (np.float32, 60, 5e-3, 2)],
)
def test_wavenet_has_torchs_loss_curve(dtype, steps, rtol, kernel, rng):
    t = np.arange(120)
    x = (np.sin(0.3 * t + rng.normal(size=(4, 1))) + 0.1 * rng.normal(size=(4, 120)))[..., None].astype(dtype)
    model = WaveNet(1, 8, n_layers=3, n_stacks=2, kernel=kernel, dtype=dtype, random_state=0)
    network, loss = TorchWaveNet(model), SquaredError()
    ours, theirs = Adam(model.parameters(), lr=3e-3), torch.optim.Adam(network.parameters(), lr=3e-3)
    curves = []
    for _ in range(steps):
        value, dy = loss(model(x[:, :-1]), x[:, 1:])
        model.backward(dy)
        ours.step()
        ours.zero_grad()
        expected = F.mse_loss(network(tensor(x[:, :-1])), tensor(x[:, 1:]))
        theirs.zero_grad()
        expected.backward()
        theirs.step()
        curves.append((value, expected.item()))
    curves = np.array(curves)
    np.testing.assert_allclose(curves[:, 0], curves[:, 1], rtol=rtol)
    assert curves[-1, 0] < curves[0, 0]
