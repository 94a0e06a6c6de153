"""Neural networks with every gradient written out by hand in NumPy."""

from npml_core import minibatches

from . import functional
from .adaptive_optimizers import AdaGrad, Adam, AdamW, RMSProp
from .blocks.attention import KeyValueCache, MultiHeadAttention
from .blocks.residual import ConvResidualBlock, IdentityResidualBlock
from .blocks.transformer import TransformerBlock
from .blocks.wavenet import WaveNetBlock
from .gradcheck import gradcheck
from .initializers import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    normal,
    orthogonal,
    truncated_normal,
)
from .layers.activations import (
    ELU,
    SELU,
    Affine,
    Exponential,
    HardSigmoid,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
)
from .layers.attention import DotProductAttention
from .layers.avg_pool2d import AvgPool2D, GlobalAvgPool2D
from .layers.base import Layer
from .layers.batch_norm import BatchNorm1D, BatchNorm2D
from .layers.containers import Residual, Sequential
from .layers.conv1d import Conv1D
from .layers.conv2d import Conv2D
from .layers.conv_transpose2d import ConvTranspose2D
from .layers.dense import Dense
from .layers.dropout import Dropout
from .layers.elementwise import Activation
from .layers.gelu import GELU
from .layers.layer_norm import LayerNorm, RMSNorm
from .layers.max_pool2d import MaxPool2D
from .layers.merge import Add, Multiply
from .layers.parameters import Parameter
from .layers.reshape import Flatten, Reshape
from .layers.softmax import LogSoftmax, Softmax
from .layers.sparse_evolution import SparseEvolution
from .losses.base import Loss
from .losses.bernoulli_vae import BernoulliVAELoss
from .losses.cross_entropy import CrossEntropy
from .losses.nce import NCELoss
from .losses.squared_error import SquaredError
from .losses.wgan_gp import WGANGPLoss
from .optimizers import SGD, Optimizer
from .rbm import RBM
from .schedules import Constant, CosineWarmup, Dlib, ExponentialDecay, Noam, Schedule
from .values import (
    add,
    affine,
    avg_pool2d,
    batch_norm,
    bernoulli_vae_loss,
    conv1d,
    conv2d,
    conv_transpose2d,
    cross_entropy,
    dense,
    dropout,
    elu,
    exponential,
    flatten,
    gelu,
    global_avg_pool2d,
    hard_sigmoid,
    identity,
    layer_norm,
    leaky_relu,
    log_softmax,
    max_pool2d,
    mse_loss,
    multiply,
    nce,
    relu,
    rms_norm,
    scaled_dot_product_attention,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)

__version__ = "0.1.0"

__all__ = [
    "ELU",
    "GELU",
    "RBM",
    "SELU",
    "SGD",
    "Activation",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Add",
    "Affine",
    "AvgPool2D",
    "BatchNorm1D",
    "BatchNorm2D",
    "BernoulliVAELoss",
    "Constant",
    "Conv1D",
    "Conv2D",
    "ConvResidualBlock",
    "ConvTranspose2D",
    "CosineWarmup",
    "CrossEntropy",
    "Dense",
    "Dlib",
    "DotProductAttention",
    "Dropout",
    "Exponential",
    "ExponentialDecay",
    "Flatten",
    "GlobalAvgPool2D",
    "HardSigmoid",
    "Identity",
    "IdentityResidualBlock",
    "KeyValueCache",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "LogSoftmax",
    "Loss",
    "MaxPool2D",
    "MultiHeadAttention",
    "Multiply",
    "NCELoss",
    "Noam",
    "Optimizer",
    "Parameter",
    "RMSNorm",
    "RMSProp",
    "ReLU",
    "Reshape",
    "Residual",
    "Schedule",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "SparseEvolution",
    "SquaredError",
    "Tanh",
    "TransformerBlock",
    "WGANGPLoss",
    "WaveNetBlock",
    "__version__",
    "add",
    "affine",
    "avg_pool2d",
    "batch_norm",
    "bernoulli_vae_loss",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dense",
    "dropout",
    "elu",
    "exponential",
    "flatten",
    "functional",
    "gelu",
    "global_avg_pool2d",
    "glorot_normal",
    "glorot_uniform",
    "gradcheck",
    "hard_sigmoid",
    "he_normal",
    "he_uniform",
    "identity",
    "layer_norm",
    "leaky_relu",
    "log_softmax",
    "max_pool2d",
    "minibatches",
    "mse_loss",
    "multiply",
    "nce",
    "normal",
    "orthogonal",
    "relu",
    "rms_norm",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
    "truncated_normal",
]
