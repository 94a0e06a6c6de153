"""Convolutions and pooling of npml-nn against torch, live: awkward shapes and layouts, double backprop."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import npml_nn
from npml_nn import Conv1D, functional
from npml_nn.layers import convolution


def close(ours, theirs, rtol=1e-8, atol=1e-11):
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else theirs
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


def leaf(array):
    return torch.tensor(np.array(array, order="C"), requires_grad=True)


def first(x):
    """Channels last to channels first."""
    return x.movedim(-1, 1)


def last(x):
    return x.movedim(1, -1)


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": lambda x: np.repeat(x, 3, axis=-1)[..., ::3],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "transposed": lambda x: np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0),
}


def torch_padding(padding, size, kernel, stride, dilation):
    """(left, right, top, bottom), as F.pad takes them."""
    if padding == "valid":
        padding = 0
    if padding == "same":
        sides = []
        for n, k, s, d in zip(size, kernel, stride, dilation):
            total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
            sides.append((total // 2, total - total // 2))
        return (*sides[1], *sides[0])
    if isinstance(padding, int):
        return (padding,) * 4
    if len(padding) == 2:
        return (padding[1], padding[1], padding[0], padding[0])
    top, bottom, left, right = padding
    return left, right, top, bottom


def pairs(*values):
    return [v if isinstance(v, tuple) else (v, v) for v in values]


def compare(op, torch_op, x, parameters, settings, rng, layout):
    """y, all gradients, and those of <u, dx>, which reach dy and W; `torch_op` takes and gives channels last."""
    leaves = [leaf(a) for a in (x, *parameters)]
    ty = torch_op(*leaves)
    dy, u = layout(rng.normal(size=tuple(ty.shape))), layout(rng.normal(size=x.shape))
    tdy = leaf(dy)
    gradients = torch.autograd.grad(ty, leaves, tdy, create_graph=True)
    y, cache = getattr(functional, op)(layout(x), *(layout(p) for p in parameters), *settings)
    close(y, ty)
    ours = getattr(functional, f"{op}_backward")(dy, cache)
    for a, b in zip(ours, gradients, strict=False):
        close(a, b)
    second = torch.autograd.grad((gradients[0] * torch.tensor(np.array(u, order="C"))).sum(), (tdy, leaves[1]))
    for a, b in zip(getattr(functional, f"{op}_double_backward")(u, dy, cache), second, strict=True):
        close(a, b)


CONVOLUTIONS = [  # size, channels, kernel, stride, padding, dilation
    ((5, 5), (3, 2), 3, 1, 0, 1),
    ((6, 7), (2, 5), (3, 2), (2, 1), (1, 0), 1),
    ((9, 8), (1, 1), (1, 3), (3, 5), 0, 1),
    ((7, 7), (3, 4), 2, 3, 0, 1),
    ((5, 6), (2, 3), 1, 2, 0, 1),
    ((5, 6), (4, 3), 1, 1, 0, 1),
    ((5, 6), (4, 3), 1, 1, 2, 1),
    ((9, 10), (3, 2), 3, 1, "same", 3),
    ((9, 10), (3, 2), (2, 3), 1, 2, (3, 2)),
    ((6, 7), (2, 3), (2, 4), 1, "same", 1),
    ((6, 7), (2, 3), (4, 2), 2, "same", 1),
    ((5, 7), (2, 3), 3, 2, "same", 2),
    ((5, 7), (2, 3), 2, (1, 4), (0, 3, 2, 1), 1),
    ((5, 4), (2, 3), (5, 4), 1, "valid", 1),
    ((1, 1), (3, 2), 3, 1, 1, 1),
    ((1, 9), (3, 2), (1, 3), 1, (0, 0, 2, 0), 1),
    ((4, 4), (2, 3), 2, 1, 5, 1),
    ((6, 7), (20, 17), 3, 1, 1, 1),
    ((7, 6), (20, 2), (3, 2), 2, (1, 2, 0, 1), 2),
    ((9, 9), (16, 16), 3, 1, "same", 1),
]


@pytest.mark.parametrize("size, channels, kernel, stride, padding, dilation", CONVOLUTIONS)
@pytest.mark.parametrize("N", [1, 3])
def test_conv2d(size, channels, kernel, stride, padding, dilation, N, rng, monkeypatch):
    (kh, kw), strides, dilations = pairs(kernel, stride, dilation)
    pad = torch_padding(padding, size, (kh, kw), strides, dilations)
    x = rng.normal(size=(N, *size, channels[0]))
    parameters = [rng.normal(size=(kh, kw, *channels)), rng.normal(size=channels[1])]

    def torch_op(x, W, b):
        return last(F.conv2d(F.pad(first(x), pad), W.permute(3, 2, 0, 1), b, strides, 0, dilations))

    settings = stride, padding, dilation
    for layout in LAYOUTS.values():
        compare("conv2d", torch_op, x, parameters, settings, rng, layout)
    monkeypatch.setattr(convolution, "CHUNK", 1)
    for windows in (1, 20):  # one row of the output at a time, and blocks of rows
        monkeypatch.setattr(convolution, "ROWS", windows)
        compare("conv2d", torch_op, x, parameters, settings, rng, np.asarray)


TRANSPOSED = [  # size, channels, kernel, stride, padding, dilation
    ((4, 4), (3, 2), 3, 2, 1, 1),
    ((4, 5), (2, 3), (3, 2), (1, 3), (1, 0), 1),
    ((3, 2), (2, 3), 2, 4, 0, 1),
    ((3, 4), (1, 1), 4, 2, 1, 1),
    ((3, 4), (2, 3), 3, (2, 1), 2, 3),
    ((1, 1), (3, 2), (4, 5), 1, 0, 1),
    ((5, 6), (4, 3), 1, 1, 0, 1),
    ((5, 6), (17, 20), 3, 1, 1, 1),
    ((5, 6), (4, 16), 3, 2, 0, 2),
]


@pytest.mark.parametrize("size, channels, kernel, stride, padding, dilation", TRANSPOSED)
@pytest.mark.parametrize("N", [1, 3])
def test_conv_transpose2d(size, channels, kernel, stride, padding, dilation, N, rng):
    (kh, kw), strides, dilations = pairs(kernel, stride, dilation)
    x = rng.normal(size=(N, *size, channels[0]))
    parameters = [rng.normal(size=(kh, kw, *channels)), rng.normal(size=channels[1])]

    def torch_op(x, W, b):
        W = W.permute(2, 3, 0, 1)
        return last(F.conv_transpose2d(first(x), W, b, strides, padding, dilation=dilations))

    for layout in LAYOUTS.values():
        compare("conv_transpose2d", torch_op, x, parameters, (stride, padding, dilation), rng, layout)


def test_conv_transpose2d_four_sides_and_same(rng):
    """What is cut off, one side at a time; "same" gives stride times the size, with bias alone past the last pixel."""
    x, W, b = rng.normal(size=(2, 4, 5, 3)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=2)
    whole = last(F.conv_transpose2d(first(leaf(x)), leaf(W).permute(2, 3, 0, 1), leaf(b), (2, 3)))
    close(npml_nn.conv_transpose2d(x, W, b, (2, 3), (1, 2, 0, 1)), whole[:, 1:-2, :-1])
    close(npml_nn.conv_transpose2d(x, W, b, (2, 3), "same"), whole[:, 1:-1])
    assert npml_nn.conv_transpose2d(x, W, b, (5, 5), "same").shape == (2, 20, 25, 2)
    close(npml_nn.conv_transpose2d(x, W, b, (5, 5), "same")[:, 19:], np.broadcast_to(b, (2, 1, 25, 2)))


SEQUENCES = [  # T, channels, kernel, stride, padding, dilation, causal
    (7, (3, 2), 3, 1, 0, 1, False),
    (1, (2, 3), 1, 1, 0, 1, False),
    (1, (2, 3), 3, 1, 0, 4, True),
    (10, (1, 1), 2, 1, 0, 3, True),
    (10, (2, 3), 2, 3, 0, 3, True),
    (9, (2, 3), 2, 5, 0, 1, False),
    (8, (2, 3), 4, 1, "same", 1, False),
    (8, (2, 3), 3, 2, (2, 0), 2, False),
    (30, (16, 16), 2, 1, 0, 8, True),
]


@pytest.mark.parametrize("T, channels, kernel, stride, padding, dilation, causal", SEQUENCES)
@pytest.mark.parametrize("N", [1, 3])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_conv1d(T, channels, kernel, stride, padding, dilation, causal, N, layout, rng):
    layer = Conv1D(*channels, kernel, stride, padding, dilation, causal, dtype=np.float64, random_state=0)
    layer.b = rng.normal(size=channels[1])
    if causal:
        pad = (dilation * (kernel - 1), 0)
    else:
        sides = (0, 0, *padding) if isinstance(padding, tuple) else padding
        pad = torch_padding(sides, (1, T), (1, kernel), (1, stride), (1, dilation))[:2]
    x = LAYOUTS[layout](rng.normal(size=(N, T, channels[0])))
    tx, tW, tb = leaf(x), leaf(layer.W), leaf(layer.b)
    ty = last(F.conv1d(F.pad(first(tx), pad), tW.permute(2, 1, 0), tb, stride, 0, dilation))
    tdy = leaf(rng.normal(size=tuple(ty.shape)))
    dy, u = LAYOUTS[layout](tdy.detach().numpy()), LAYOUTS[layout](rng.normal(size=x.shape))
    dx, dW, db = torch.autograd.grad(ty, (tx, tW, tb), tdy, create_graph=True)
    close(layer(x), ty)
    with layer.recording():
        close(layer.backward(dy), dx)
    ddy, ddW = torch.autograd.grad((dx * torch.tensor(u.copy())).sum(), (tdy, tW))
    close(layer.double_backward(u), ddy)
    close(layer.grads["W"], ddW)
    layer.zero_grad()
    close(layer.backward(dy), dx)
    close(layer.grads["W"], dW)
    close(layer.grads["b"], db)


POOLS = [  # size, kernel, stride, padding
    ((8, 8), 2, None, 0),
    ((7, 9), 2, None, 0),
    ((7, 8), 3, 2, 1),
    ((7, 8), (2, 3), (3, 1), (1, 0)),
    ((9, 9), 2, 5, 0),
    ((5, 6), (3, 5), 1, (1, 2)),
    ((1, 1), 1, 1, 0),
    ((1, 4), (1, 2), None, 0),
    ((4, 4), 4, 3, 2),
]


@pytest.mark.parametrize("size, kernel, stride, padding", POOLS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 5)])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("values", ["normal", "ties", "negative", "infinite"])
def test_pools(size, kernel, stride, padding, shape, layout, values, rng):
    x = rng.normal(size=(shape[0], *size, shape[1]))
    if values == "ties":
        x = np.round(x)
    if values == "negative":
        x = -1e300 - np.abs(x)
    if values == "infinite":
        x = np.where(x > -0.5, -np.inf, x)
    x, u = LAYOUTS[layout](x), LAYOUTS[layout](rng.normal(size=x.shape))
    for op, torch_op in {"max_pool2d": F.max_pool2d, "avg_pool2d": F.avg_pool2d}.items():
        if op == "avg_pool2d" and values in ("negative", "infinite"):
            continue
        tx = leaf(x)
        ty = last(torch_op(first(tx), kernel, stride, padding))
        tdy = leaf(rng.normal(size=tuple(ty.shape)))
        (tdx,) = torch.autograd.grad(ty, tx, tdy, create_graph=True)
        (tddy,) = torch.autograd.grad((tdx * torch.tensor(u.copy())).sum(), tdy)
        dy = LAYOUTS[layout](tdy.detach().numpy())
        y, cache = getattr(functional, op)(x, kernel, stride, padding)
        close(y, ty)
        close(getattr(functional, f"{op}_backward")(dy, cache), tdx)
        close(getattr(functional, f"{op}_double_backward")(u, dy, cache), tddy)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 5, 7, 3), (1, 64, 64, 2)])
def test_global_avg_pool2d(shape, rng):
    x = leaf(rng.normal(size=shape))
    y = x.mean((1, 2))
    dy = rng.normal(size=tuple(y.shape))
    y.backward(torch.tensor(dy))
    ours, cache = functional.global_avg_pool2d(np.asfortranarray(x.detach().numpy()))
    close(ours, y)
    close(functional.global_avg_pool2d_backward(dy, cache), x.grad)


WINOGRAD = [((5, 14, 14), (16, 24), 1), ((1, 37, 30), (20, 16), (0, 3, 1, 0)), ((19, 9, 9), (64, 64), 1)]


@pytest.mark.parametrize("shape, channels, padding", WINOGRAD)
def test_winograd(shape, channels, padding, rng):
    """In float32 the fast sums stay within a few roundings of float64, and torch's own are not much closer."""
    x, W = rng.normal(size=(*shape, channels[0])), rng.normal(size=(3, 3, *channels))
    x, W = x.astype(np.float32), W.astype(np.float32)
    y, cache = functional.conv2d(x, W, None, 1, padding)
    assert cache.winograd
    dy = rng.normal(size=y.shape).astype(np.float32)
    ours = (y, *functional.conv2d_backward(dy, cache)[:2])
    pad = torch_padding(padding, shape[1:], (3, 3), (1, 1), (1, 1))
    for dtype, factor in ((torch.float64, 2e-5), (torch.float32, 2.5e-5)):
        tx, tW = (torch.tensor(a, dtype=dtype, requires_grad=True) for a in (x, W))
        ty = last(F.conv2d(F.pad(first(tx), pad), tW.permute(3, 2, 0, 1)))
        gradients = torch.autograd.grad(ty, (tx, tW), torch.tensor(dy, dtype=dtype))
        for a, b in zip(ours, (ty, *gradients)):
            assert a.dtype == np.float32
            close(a, b, rtol=0, atol=factor * float(b.detach().std()))


class TorchBatchNorm(torch.nn.Module):
    """Batch statistics over all axes but the last, from elementary operations that differentiate twice."""

    def forward(self, x, g, b):
        mean = x.mean((0, 1, 2))
        variance = ((x - mean) ** 2).mean((0, 1, 2))
        return (x - mean) / torch.sqrt(variance + 1e-5) * g + b


def torch_conv(x, W, b=None, **options):
    return last(F.conv2d(first(x), W.permute(3, 2, 0, 1), b, **options))


def test_residual_blocks(rng):
    """Both kinds, put together from torch's own operations: outputs and all gradients."""
    norm = TorchBatchNorm()
    for stride, c_out in ((None, 3), (1, 4), (2, 4)):
        if stride is None:
            block = npml_nn.IdentityResidualBlock(3, dtype=np.float64, random_state=0)
        else:
            block = npml_nn.ConvResidualBlock(3, c_out, 3, stride, dtype=np.float64, random_state=0)
        for name in block.params:
            block.params[name] += 0.1 * rng.normal(size=block.params[name].shape)
        p, x = {name: leaf(array) for name, array in block.params.items()}, leaf(rng.normal(size=(2, 7, 6, 3)))
        h = torch_conv(x, p["layer.0.W"], stride=stride or 1, padding=1)
        h = torch.relu(norm(h, p["layer.1.g"], p["layer.1.b"]))
        h = norm(torch_conv(h, p["layer.2.W"], padding=1), p["layer.3.g"], p["layer.3.b"])
        shortcut = x
        if stride is not None:
            shortcut = torch_conv(x, p["shortcut.0.W"], stride=stride)
            shortcut = norm(shortcut, p["shortcut.1.g"], p["shortcut.1.b"])
        y = torch.relu(h + shortcut)
        dy = rng.normal(size=tuple(y.shape))
        y.backward(torch.tensor(dy))
        close(block(x.detach().numpy()), y)
        close(block.backward(dy), x.grad)
        for name, gradient in block.grads.items():
            close(gradient, p[name].grad)


def test_wavenet_block(rng):
    block = npml_nn.WaveNetBlock(3, 2, 4, dtype=np.float64, random_state=0)
    p, x = {name: leaf(array) for name, array in block.params.items()}, leaf(rng.normal(size=(2, 11, 3)))
    h = F.conv1d(F.pad(first(x), (4, 0)), p["conv.W"].permute(2, 1, 0), p["conv.b"], dilation=4)
    f, g = last(h).chunk(2, -1)
    skip = torch.tanh(f) * torch.sigmoid(g) @ p["projection.W"][0] + p["projection.b"]
    residual = x + skip
    d_residual, d_skip = rng.normal(size=(2, 11, 3)), rng.normal(size=(2, 11, 3))
    torch.autograd.backward((residual, skip), (torch.tensor(d_residual), torch.tensor(d_skip)))
    for ours, theirs in zip(block(x.detach().numpy()), (residual, skip)):
        close(ours, theirs)
    close(block.backward((d_residual, d_skip)), x.grad)
    for name, gradient in block.grads.items():
        close(gradient, p[name].grad)


@pytest.mark.parametrize("pool", ["max", "avg"])
def test_gradient_penalty_of_a_convolutional_critic(pool, rng):
    """lambda mean (|dD/dx| - 1)^2 through convolutions, pooling and a global mean, by double backprop."""
    pooling = npml_nn.MaxPool2D(2) if pool == "max" else npml_nn.AvgPool2D(2)
    options = {"activation": "tanh", "dtype": np.float64}
    critic = npml_nn.Sequential(
        npml_nn.Conv2D(2, 5, 3, padding=1, random_state=0, **options),
        pooling,
        npml_nn.Conv2D(5, 4, (2, 3), stride=2, random_state=1, **options),
        npml_nn.ConvTranspose2D(4, 3, 3, stride=2, random_state=2, **options),
        npml_nn.GlobalAvgPool2D(),
        npml_nn.Dense(3, 1, dtype=np.float64, random_state=3),
    )
    x = rng.normal(size=(4, 8, 10, 2))
    y = critic(x)
    with critic.recording():
        g = critic.backward(np.ones_like(y))
    norm = np.sqrt((g**2).sum(axis=(1, 2, 3), keepdims=True))
    critic.double_backward(10 * 2 / len(x) * (norm - 1) / norm * g)
    dx = critic.backward(np.zeros_like(y))

    p, tx = {name: leaf(array) for name, array in critic.params.items()}, leaf(x)
    h = torch.tanh(torch_conv(tx, p["0.W"], p["0.b"], padding=1))
    h = last(F.max_pool2d(first(h), 2) if pool == "max" else F.avg_pool2d(first(h), 2))
    h = torch.tanh(torch_conv(h, p["2.W"], p["2.b"], stride=2))
    h = torch.tanh(last(F.conv_transpose2d(first(h), p["3.W"].permute(2, 3, 0, 1), p["3.b"], 2)))
    ty = h.mean((1, 2)) @ p["5.W"] + p["5.b"]
    (tg,) = torch.autograd.grad(ty.sum(), tx, create_graph=True)
    (10 * ((tg.flatten(1).norm(dim=1) - 1) ** 2).mean()).backward()
    close(y, ty)
    close(g, tg)
    close(dx, tx.grad)
    for name, weight in p.items():
        close(critic.grads[name], 0 * critic.grads[name] if weight.grad is None else weight.grad)
