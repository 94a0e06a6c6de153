"""Neural networks with every gradient written out by hand in NumPy."""

from npml_core import minibatches

from . import functional
from .adaptive_optimizers import AdaGrad, Adam, AdamW, RMSProp
from .blocks.attention import KeyValueCache, MultiHeadAttention
from .blocks.bidirectional import Bidirectional
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
from .interchange import from_torch, to_torch
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
from .layers.embedding import Embedding
from .layers.gelu import GELU
from .layers.gru import GRU, GRUCell
from .layers.layer_norm import LayerNorm, RMSNorm
from .layers.lstm import LSTM, LSTMCell
from .layers.max_pool2d import MaxPool2D
from .layers.merge import Add, Multiply
from .layers.parameters import Parameter
from .layers.reshape import Flatten, Reshape
from .layers.rnn import RNN, RNNCell
from .layers.softmax import LogSoftmax, Softmax
from .layers.sparse_evolution import SparseEvolution
from .losses.base import Loss
from .losses.bernoulli_vae import BernoulliVAELoss
from .losses.cross_entropy import CrossEntropy
from .losses.nce import NCELoss
from .losses.squared_error import SquaredError
from .losses.wgan_gp import WGANGPLoss
from .models.bert import BertEncoder
from .models.gpt import GPT
from .models.mlp import MLP
from .models.resnet import ResNet
from .models.vae import BernoulliVAE
from .models.wavenet import WaveNet
from .models.wgan_gp import WGANGP
from .models.word2vec import Word2Vec
from .optimizers import SGD, Optimizer
from .rbm import RBM
from .schedules import Constant, CosineWarmup, Dlib, ExponentialDecay, Noam, Schedule
from .training.callbacks import BestWeights, Callback, Checkpoint, CSVLog, EarlyStopping, LearningRateLog
from .training.trainer import Trainer
from .training.wrappers import NNClassifier, NNRegressor
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
    embedding,
    exponential,
    flatten,
    gelu,
    global_avg_pool2d,
    gru,
    hard_sigmoid,
    identity,
    layer_norm,
    leaky_relu,
    log_softmax,
    lstm,
    max_pool2d,
    mse_loss,
    multiply,
    nce,
    relu,
    rms_norm,
    rnn,
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
    "GPT",
    "GRU",
    "LSTM",
    "MLP",
    "RBM",
    "RNN",
    "SELU",
    "SGD",
    "WGANGP",
    "Activation",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Add",
    "Affine",
    "AvgPool2D",
    "BatchNorm1D",
    "BatchNorm2D",
    "BernoulliVAE",
    "BernoulliVAELoss",
    "BertEncoder",
    "BestWeights",
    "Bidirectional",
    "CSVLog",
    "Callback",
    "Checkpoint",
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
    "EarlyStopping",
    "Embedding",
    "Exponential",
    "ExponentialDecay",
    "Flatten",
    "GRUCell",
    "GlobalAvgPool2D",
    "HardSigmoid",
    "Identity",
    "IdentityResidualBlock",
    "KeyValueCache",
    "LSTMCell",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "LearningRateLog",
    "LogSoftmax",
    "Loss",
    "MaxPool2D",
    "MultiHeadAttention",
    "Multiply",
    "NCELoss",
    "NNClassifier",
    "NNRegressor",
    "Noam",
    "Optimizer",
    "Parameter",
    "RMSNorm",
    "RMSProp",
    "RNNCell",
    "ReLU",
    "ResNet",
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
    "Trainer",
    "TransformerBlock",
    "WGANGPLoss",
    "WaveNet",
    "WaveNetBlock",
    "Word2Vec",
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
    "embedding",
    "exponential",
    "flatten",
    "from_torch",
    "functional",
    "gelu",
    "global_avg_pool2d",
    "glorot_normal",
    "glorot_uniform",
    "gradcheck",
    "gru",
    "hard_sigmoid",
    "he_normal",
    "he_uniform",
    "identity",
    "layer_norm",
    "leaky_relu",
    "log_softmax",
    "lstm",
    "max_pool2d",
    "minibatches",
    "mse_loss",
    "multiply",
    "nce",
    "normal",
    "orthogonal",
    "relu",
    "rms_norm",
    "rnn",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
    "to_torch",
    "truncated_normal",
]
