"""`Trainer` against the same loop in torch: from the same weights over the same batches, the loss curves agree."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from npml_nn import MLP, AdamW, ResNet, Trainer


def digits(n):
    X, y = load_digits(return_X_y=True)
    return X[:n] / 16, y[:n].astype(np.int64)


def torch_curve(model, X, y, epochs, batch_size, seed):
    """Mean loss of each epoch, in the order that a generator of this seed draws."""
    rng, curve = np.random.default_rng(seed), []
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.005, weight_decay=0.01, eps=1e-8)
    X, y = torch.tensor(X), torch.tensor(y)
    for _ in range(epochs):
        total = 0.0
        for rows in torch.tensor(rng.permutation(len(X))).split(batch_size):
            loss = F.cross_entropy(model(X[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        curve.append(total / len(X))
    return curve


def ours(model, X, y, epochs, batch_size, seed, **options):
    optimizer = AdamW(model.parameters(), lr=0.005, weight_decay=0.01, eps=1e-8)
    trainer = Trainer(model, "cross_entropy", optimizer, random_state=seed)
    return trainer.fit(X, y, epochs=epochs, batch_size=batch_size, **options)


def mlp(dtype):
    model = MLP([64, 32, 10], dtype=dtype, random_state=0)
    theirs = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).to(getattr(torch, np.dtype(dtype).name))
    for ours, linear in ((model[0], theirs[0]), (model[1], theirs[2])):
        linear.weight.data, linear.bias.data = torch.tensor(ours.W.T.copy()), torch.tensor(ours.b.copy())
    return model, theirs


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-8), (np.float32, 1e-3)])
def test_mlp_on_digits(dtype, rtol):
    X, y = digits(500)
    model, theirs = mlp(dtype)
    trainer = ours(model, X.astype(dtype), y, epochs=8, batch_size=32, seed=3)
    np.testing.assert_allclose(trainer.history["loss"], torch_curve(theirs, X.astype(dtype), y, 8, 32, 3), rtol=rtol)
    assert trainer.history["loss"][-1] < 0.2 * trainer.history["loss"][0]
    with torch.no_grad():
        logits = theirs(torch.tensor(X.astype(dtype)))
    np.testing.assert_allclose(trainer.predict(X), logits, rtol=rtol, atol=100 * rtol * (dtype == np.float32) + 1e-9)
    loss = F.cross_entropy(logits, torch.tensor(y)).item()
    assert trainer.evaluate(X, y) == pytest.approx(loss, rel=rtol)


def test_accumulation_is_one_large_batch_in_torch():
    X, y = digits(150)
    model, theirs = mlp(np.float64)
    trainer = ours(model, X, y, epochs=4, batch_size=8, seed=3, accumulation_steps=4)
    np.testing.assert_allclose(trainer.history["loss"], torch_curve(theirs, X, y, 4, 32, 3), rtol=1e-8)


class TorchResNet(nn.Module):
    """`ResNet(1, 10, width, n_blocks=1)`, channels first, with the weights of ours."""

    def __init__(self, model):
        super().__init__()

        def conv(layer, stride=1):
            c_out, padding = layer.W.shape[3], layer.W.shape[0] // 2
            module = nn.Conv2d(layer.W.shape[2], c_out, layer.W.shape[0], stride, padding, bias=False).double()
            module.weight.data = torch.tensor(layer.W.transpose(3, 2, 0, 1).copy())
            return module

        def branch(layer, stride):
            c = layer[0].W.shape[3]
            norms = [nn.BatchNorm2d(c).double() for _ in range(2)]
            return nn.Sequential(conv(layer[0], stride), norms[0], nn.ReLU(), conv(layer[2]), norms[1])

        stem, _, identity, shrink, _, head = model.layers
        width = stem.W.shape[3]
        self.stem = nn.Sequential(conv(stem), nn.BatchNorm2d(width).double(), nn.ReLU())
        self.identity, self.shrink = branch(identity.layer, 1), branch(shrink.layer, 2)
        self.shortcut = nn.Sequential(conv(shrink.shortcut[0], 2), nn.BatchNorm2d(2 * width).double())
        self.head = nn.Linear(2 * width, 10).double()
        self.head.weight.data, self.head.bias.data = torch.tensor(head.W.T.copy()), torch.tensor(head.b.copy())

    def forward(self, x):
        x = self.stem(x.permute(0, 3, 1, 2))
        x = F.relu(x + self.identity(x))
        x = F.relu(self.shortcut(x) + self.shrink(x))
        return self.head(x.mean(dim=(2, 3)))


def test_resnet_on_digits():
    X, y = digits(200)
    images = X.reshape(-1, 8, 8, 1)
    model = ResNet(1, 10, width=4, n_blocks=1, dtype=np.float64, random_state=0)
    theirs = TorchResNet(model)
    trainer = ours(model, images, y, epochs=3, batch_size=32, seed=3)
    np.testing.assert_allclose(trainer.history["loss"], torch_curve(theirs, images, y, 3, 32, 3), rtol=1e-6)
