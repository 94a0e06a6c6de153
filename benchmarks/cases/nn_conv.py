"""npml-nn: convolutions and pooling. Forward and backward in float32, each side in the layout it likes best."""

import numpy as np
from harness import case, close


def convolution(layer, module, x, W):
    """Both sides of a case: `layer`, and `module` with its weights as W(layer's W); y, dx and dW are compared.

    torch is given images in its channels-last format, in which it is as fast as in its default one or faster.
    """
    import torch

    module.weight.data, module.bias.data = torch.tensor(W(layer.W).copy()), torch.tensor(layer.b.copy())
    format = torch.channels_last if x.ndim == 4 else torch.contiguous_format
    module.to(memory_format=format)
    tx = torch.tensor(channels_first(x)).contiguous(memory_format=format).requires_grad_()
    dy = np.random.default_rng(1).normal(size=layer(x).shape).astype(np.float32)
    layer.backward(dy)
    tdy = torch.tensor(channels_first(dy)).contiguous(memory_format=format)

    def ours():
        layer.zero_grad()
        y = layer.forward(x)
        return y, layer.backward(dy), layer.grads["W"]

    def theirs():
        y = module(tx)
        dx, dW, _ = torch.autograd.grad(y, (tx, module.weight, module.bias), tdy)
        return y, dx, dW

    def check(ours, theirs):
        y, dx, dW = (t.detach().numpy() for t in theirs)
        scale = np.abs(dW).max()
        expected = np.moveaxis(y, 1, -1), np.moveaxis(dx, 1, -1), dW / scale
        close(1e-3, atol=1e-3)((ours[0], ours[1], W(ours[2]) / scale), expected)

    return ours, theirs, check


def channels_first(a):
    return np.ascontiguousarray(np.moveaxis(a, -1, 1))


CONV_SIZES = {
    "3x3, 16x14x14, 256->256": dict(shape=(16, 14, 14, 256), c_out=256),
    "3x3, 32x16x16, 64->64": dict(shape=(32, 16, 16, 64), c_out=64),
    "3x3, 32x32x32, 3->32": dict(shape=(32, 32, 32, 3), c_out=32),
    "3x3 stride 2, 32x32x32, 3->32": dict(shape=(32, 32, 32, 3), c_out=32, stride=2),
    "1x1, 16x14x14, 256->64": dict(shape=(16, 14, 14, 256), c_out=64, kernel=1),
    "5x5, 64x8x8, 1->16": dict(shape=(64, 8, 8, 1), c_out=16, kernel=5),
}


@case("npml-nn", group="convolution", peer="torch", sizes=CONV_SIZES)
def conv2d(shape, c_out, kernel=3, stride=1):
    import torch

    from npml_nn import Conv2D

    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    layer = Conv2D(shape[3], c_out, kernel, stride, padding=kernel // 2, random_state=0)
    module = torch.nn.Conv2d(shape[3], c_out, kernel, stride, padding=kernel // 2)
    return convolution(layer, module, x, lambda W: W.transpose(3, 2, 0, 1))


TRANSPOSED_SIZES = {
    "3x3 stride 2, 32x8x8, 128->64": dict(shape=(32, 8, 8, 128), c_out=64, kernel=3, stride=2, padding=1),
    "4x4 stride 2, 64x7x7, 32->16": dict(shape=(64, 7, 7, 32), c_out=16, kernel=4, stride=2, padding=1),
}


@case("npml-nn", group="convolution", peer="torch", sizes=TRANSPOSED_SIZES)
def conv_transpose2d(shape, c_out, kernel, stride, padding):
    import torch

    from npml_nn import ConvTranspose2D

    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    layer = ConvTranspose2D(shape[3], c_out, kernel, stride, padding, random_state=0)
    module = torch.nn.ConvTranspose2d(shape[3], c_out, kernel, stride, padding)
    return convolution(layer, module, x, lambda W: W.transpose(2, 3, 0, 1))


SEQUENCE_SIZES = {
    "k2 dilation 8, 16x1024x64": dict(shape=(16, 1024, 64), kernel=2, dilation=8),
    "k3, 16x256x32": dict(shape=(16, 256, 32), kernel=3, dilation=1),
}


@case("npml-nn", group="convolution", peer="torch", sizes=SEQUENCE_SIZES)
def causal_conv1d(shape, kernel, dilation):
    import torch

    from npml_nn import Conv1D

    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    layer = Conv1D(shape[2], shape[2], kernel, dilation=dilation, causal=True, random_state=0)
    module = CausalConv1d(torch.nn, shape[2], kernel, dilation)
    return convolution(layer, module, x, lambda W: W.transpose(2, 1, 0))


def CausalConv1d(nn, channels, kernel, dilation):
    """torch's way: pad in front, then convolve."""

    class Module(nn.Conv1d):
        def forward(self, x):
            return super().forward(nn.functional.pad(x, (dilation * (kernel - 1), 0)))

    return Module(channels, channels, kernel, dilation=dilation)


POOL_SIZES = {
    "2x2, 32x32x32x64": dict(shape=(32, 32, 32, 64), kernel=2, stride=2, padding=0),
    "3x3 stride 2, 32x32x32x64": dict(shape=(32, 32, 32, 64), kernel=3, stride=2, padding=1),
    "2x2, 32x8x8x16": dict(shape=(32, 8, 8, 16), kernel=2, stride=2, padding=0),
}


def pooling(layer, function, shape, *options):
    import torch

    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    dy = np.random.default_rng(1).normal(size=layer(x).shape).astype(np.float32)
    layer.backward(dy)
    format = {"memory_format": torch.channels_last}  # three times as fast for torch as its default
    tx = torch.tensor(channels_first(x)).to(**format).requires_grad_()
    tdy = torch.tensor(channels_first(dy)).to(**format)

    def ours():
        return layer.forward(x), layer.backward(dy)

    def theirs():
        y = function(tx, *options)
        (dx,) = torch.autograd.grad(y, tx, tdy)
        return y.detach().permute(0, 2, 3, 1).numpy(), dx.permute(0, 2, 3, 1).numpy()

    return ours, theirs, close(1e-5, atol=1e-6)


@case("npml-nn", group="pooling", peer="torch", sizes=POOL_SIZES)
def max_pool2d(shape, kernel, stride, padding):
    from torch.nn import functional as F

    from npml_nn import MaxPool2D

    return pooling(MaxPool2D(kernel, stride, padding), F.max_pool2d, shape, kernel, stride, padding)


@case("npml-nn", group="pooling", peer="torch", sizes=POOL_SIZES)
def avg_pool2d(shape, kernel, stride, padding):
    from torch.nn import functional as F

    from npml_nn import AvgPool2D

    return pooling(AvgPool2D(kernel, stride, padding), F.avg_pool2d, shape, kernel, stride, padding)
