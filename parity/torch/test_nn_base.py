"""npml-nn's base against torch, live: awkward shapes and layouts, trajectories, the gradient penalty."""

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import npml_nn
from npml_nn import SGD, CrossEntropy, Dense, Dropout, Residual, Sequential, SquaredError, functional

RTOL = 1e-8


def close(ours, theirs, atol=1e-12):
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else theirs
    np.testing.assert_allclose(ours, theirs, rtol=RTOL, atol=atol)


def leaf(array):
    return torch.tensor(np.array(array, order="C"), requires_grad=True)


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": lambda x: np.repeat(x, 3, axis=-1)[..., ::3],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "transposed": lambda x: np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (7, 5), (2, 3, 5), (2, 1, 3, 5)])
@pytest.mark.parametrize("bias", [True, False])
def test_dense(shape, layout, bias, rng):
    x, layer = LAYOUTS[layout](rng.normal(size=shape)), Dense(shape[-1], 4, bias=bias, dtype=np.float64)
    dy = LAYOUTS[layout](rng.normal(size=(*shape[:-1], 4)))
    tx, tW, tb = leaf(x), leaf(layer.W), leaf(layer.b) if bias else None
    ty = F.linear(tx, tW.T, tb)
    ty.backward(torch.tensor(np.array(dy, order="C")))
    close(layer(x), ty)
    close(layer.backward(dy), tx.grad)
    close(layer.grads["W"], tW.grad)
    if bias:
        close(layer.grads["b"], tb.grad)


ACTIVATIONS = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "silu": F.silu,
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,
    "exponential": torch.exp,
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_activations(name, layout, rng):
    x, dy = (LAYOUTS[layout](4 * rng.normal(size=(3, 4, 5))) for _ in range(2))
    tx = leaf(x)
    ty = ACTIVATIONS[name](tx)
    ty.backward(torch.tensor(np.array(dy, order="C")))
    y, cache = getattr(functional, name)(x)
    close(y, ty)
    close(getattr(functional, f"{name}_backward")(dy, cache), tx.grad)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_in_float32(approximate):
    x = np.linspace(-15, 15, 40001).astype(np.float32)
    exact = F.gelu(torch.tensor(x, dtype=torch.float64), approximate=approximate).numpy()
    ours = np.abs(npml_nn.gelu(x, approximate=approximate) - exact).max()
    theirs = np.abs(F.gelu(torch.tensor(x), approximate=approximate).numpy() - exact).max()
    assert ours <= 2 * theirs


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (33, 7), (2, 5, 3)])
def test_cross_entropy(shape, smoothing, rng):
    z, classes = 5 * rng.normal(size=shape), rng.integers(0, shape[-1], shape[:-1])
    ignored = classes.copy()
    ignored.reshape(-1)[:: 3 if classes.size > 1 else 2] = -100
    probabilities = rng.dirichlet(np.ones(shape[-1]), shape[:-1])
    for targets in (classes, ignored, probabilities):
        if targets is ignored and classes.size == 1:
            continue  # torch says NaN where every row is ignored; we say 0
        tz = leaf(z)
        rows = torch.tensor(targets.reshape(-1) if targets.ndim < z.ndim else targets.reshape(-1, shape[-1]))
        value = F.cross_entropy(tz.reshape(-1, shape[-1]), rows, label_smoothing=smoothing)
        value.backward()
        ours, dz = CrossEntropy(smoothing)(z, targets)
        close(ours, value)
        close(dz, tz.grad)


def test_squared_error(rng):
    y, t = rng.normal(size=(3, 4, 5)), rng.normal(size=(3, 4, 5))
    ty = leaf(y)
    value = F.mse_loss(ty, torch.tensor(t))
    value.backward()
    ours, dy = SquaredError()(np.asfortranarray(y), t)
    close(ours, value)
    close(dy, ty.grad)


def torch_mlp(model, activation):
    """The same network, with the same weights, in torch."""
    modules = []
    for i, layer in enumerate(model):
        linear = torch.nn.Linear(layer.n_in, layer.n_out, dtype=torch.float64)
        linear.weight.data, linear.bias.data = torch.tensor(layer.W.T.copy()), torch.tensor(layer.b.copy())
        modules += [linear, activation()] if i < len(model) - 1 else [linear]
    return torch.nn.Sequential(*modules)


OPTIONS = [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_100_steps_of_a_network(options, clip_norm, rng):
    X, y = rng.normal(size=(64, 6)), rng.integers(0, 4, 64)
    ours = Sequential(
        Dense(6, 16, "tanh", dtype=np.float64, random_state=0),
        Dense(16, 16, "tanh", dtype=np.float64, random_state=1),
        Dense(16, 4, dtype=np.float64, random_state=2),
    )
    theirs = torch_mlp(ours, torch.nn.Tanh)
    optimizer = SGD(ours.parameters(), lr=0.1, clip_norm=clip_norm, **options)
    peer = torch.optim.SGD(theirs.parameters(), lr=0.1, **options)
    loss = CrossEntropy()
    for step in range(100):
        rows = np.arange(16) + 16 * (step % 4)
        value, dy = loss(ours(X[rows]), y[rows])
        optimizer.zero_grad()
        ours.backward(dy)
        optimizer.step()
        peer.zero_grad()
        peer_value = F.cross_entropy(theirs(torch.tensor(X[rows])), torch.tensor(y[rows]))
        peer_value.backward()
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(theirs.parameters(), clip_norm)
        peer.step()
        close(value, peer_value)
    for layer, linear in zip(ours, [m for m in theirs if isinstance(m, torch.nn.Linear)]):
        close(layer.W, linear.weight.T)
        close(layer.b, linear.bias)


@pytest.mark.parametrize(
    "activation, torch_activation", [("tanh", torch.tanh), ("silu", F.silu), ("leaky_relu", F.leaky_relu)]
)
def test_gradient_penalty(activation, torch_activation, rng):
    """lambda mean (|dD/dx| - 1)^2 of a critic with a shortcut and a layer used twice, by double backprop."""
    shared = Dense(5, 5, activation, dtype=np.float64, random_state=1)
    critic = Sequential(
        Dense(3, 5, activation, dtype=np.float64, random_state=0),
        shared,
        Residual(shared),
        Dense(5, 1, dtype=np.float64),
    )
    x = rng.normal(size=(8, 3))
    y = critic(x)
    with critic.recording():
        g = critic.backward(np.ones_like(y))
    norm = np.sqrt((g**2).sum(axis=1, keepdims=True))
    critic.double_backward(10 * 2 / len(x) * (norm - 1) / norm * g)
    dx = critic.backward(np.zeros_like(y))

    weights = {name: leaf(array) for name, array in critic.params.items()}

    def dense(h, i):
        return h @ weights[f"{i}.W"] + weights[f"{i}.b"]

    tx = leaf(x)
    h = torch_activation(dense(torch_activation(dense(tx, 0)), 1))
    ty = dense(h + torch_activation(dense(h, 1)), 3)
    (tg,) = torch.autograd.grad(ty.sum(), tx, create_graph=True)
    (10 * ((tg.norm(dim=1) - 1) ** 2).mean()).backward()
    close(y, ty)
    close(g, tg)
    close(dx, tx.grad)
    for name, weight in weights.items():
        close(critic.grads[name], 0 * critic.grads[name] if weight.grad is None else weight.grad)


def test_shared_layers_copies_and_evaluation(rng):
    shared = Dense(4, 4, "tanh", dtype=np.float64, random_state=0)
    model = Sequential(shared, Dropout(0.5), shared).eval()
    tx, tW, tb = leaf(rng.normal(size=(3, 4))), leaf(shared.W), leaf(shared.b)
    ty = torch.tanh(torch.tanh(tx @ tW + tb) @ tW + tb)
    close(model(tx.detach().numpy()), ty)
    model = copy.deepcopy(model).train()
    model[1].p = 0.0
    ty.backward(torch.ones_like(ty))
    model(tx.detach().numpy())
    close(model.backward(np.ones((3, 4))), tx.grad)
    close(model.grads["0.W"], tW.grad)
