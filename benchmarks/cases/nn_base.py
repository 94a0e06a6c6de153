"""npml-nn: the dense network, activations, softmax cross-entropy, dropout. Forward and backward in float32."""

from itertools import pairwise

import numpy as np
from harness import case, close

from npml_nn.layers.elementwise import get_activation

MLP_SIZES = {
    "256 x 784-512-512-10": dict(n=256, sizes=(784, 512, 512, 10)),
    "64 x 64-64-10": dict(n=64, sizes=(64, 64, 10)),
}


@case("npml-nn", group="network", peer="torch", sizes=MLP_SIZES)
def mlp_step_with_momentum(n, sizes):
    """Forward, loss, backward and update; torch's zero_grad drops its gradients, ours are cleared."""
    import torch

    from npml_nn import SGD, CrossEntropy, Dense, Sequential

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n, sizes[0])).astype(np.float32), rng.integers(0, sizes[-1], n)
    layers, modules = [], []
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        is_last = i == len(sizes) - 2
        layers.append(Dense(n_in, n_out, None if is_last else "relu", random_state=i))
        linear = torch.nn.Linear(n_in, n_out)
        linear.weight.data, linear.bias.data = torch.tensor(layers[-1].W.T.copy()), torch.tensor(layers[-1].b.copy())
        modules += [linear] if is_last else [linear, torch.nn.ReLU()]
    ours, theirs = Sequential(*layers), torch.nn.Sequential(*modules)
    ours.input_gradient = False  # as torch, which is not asked for it
    loss, optimizer = CrossEntropy(), SGD(ours.parameters(), lr=0.01, momentum=0.9)
    peer = torch.optim.SGD(theirs.parameters(), lr=0.01, momentum=0.9)
    tX, ty = torch.tensor(X), torch.tensor(y)

    def step():
        value, dy = loss(ours(X), y)
        optimizer.zero_grad()
        ours.backward(dy)
        optimizer.step()
        return value

    def peer_step():
        value = torch.nn.functional.cross_entropy(theirs(tX), ty)
        peer.zero_grad()
        value.backward()
        peer.step()
        return value.item()

    return step, peer_step, close(1e-4)


ACTIVATION_SIZES = {
    f"{name}, {label}": dict(name=name, shape=shape)
    for name in ("relu", "tanh", "sigmoid", "gelu", "silu", "softplus", "softmax")
    for label, shape in {"4M": (4096, 1024), "64 x 256": (64, 256)}.items()
}


@case("npml-nn", group="activations", peer="torch", sizes=ACTIVATION_SIZES)
def activation(name, shape):
    import torch

    rng = np.random.default_rng(0)
    x, dy = (rng.normal(size=shape).astype(np.float32) for _ in range(2))
    layer, tx, tdy = get_activation(name), torch.tensor(x, requires_grad=True), torch.tensor(dy)
    options = {"dim": -1} if name == "softmax" else {}
    function = getattr(torch.nn.functional, name)

    def ours():
        return layer.forward(x), layer.backward(dy)

    def theirs():
        y = function(tx, **options)
        (dx,) = torch.autograd.grad(y, tx, tdy)
        return y.detach().numpy(), dx.numpy()

    return ours, theirs, close(1e-4, atol=1e-5)


LOSS_SIZES = {"512 x 50000": dict(n=512, k=50_000), "256 x 10": dict(n=256, k=10)}


@case("npml-nn", group="losses", peer="torch", sizes=LOSS_SIZES)
def softmax_cross_entropy(n, k):
    import torch

    from npml_nn import CrossEntropy

    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(n, k)).astype(np.float32), rng.integers(0, k, n)
    tz, ty, loss = torch.tensor(z, requires_grad=True), torch.tensor(y), CrossEntropy()

    def theirs():
        value = torch.nn.functional.cross_entropy(tz, ty)
        (dz,) = torch.autograd.grad(value, tz)
        return value.item(), dz.numpy()

    return lambda: loss(z, y), theirs, close(1e-4, atol=1e-7)


@case("npml-nn", group="regularisation", peer="torch", sizes={"4M": dict(n=4096, d=1024)})
def dropout(n, d):
    import torch

    from npml_nn import Dropout

    x = np.ones((n, d), np.float32)
    layer, tx, tdy = Dropout(0.1, random_state=0), torch.tensor(x, requires_grad=True), torch.tensor(x)

    def ours():
        return layer.forward(x), layer.backward(x)

    def theirs():
        y = torch.nn.functional.dropout(tx, 0.1)
        (dx,) = torch.autograd.grad(y, tx, tdy)
        return y.detach().numpy(), dx.numpy()

    def check(ours, theirs):
        for y, dx in (ours, theirs):
            np.testing.assert_array_equal(y, dx)
            assert abs((y == 0).mean() - 0.1) < 0.002

    return ours, theirs, check
