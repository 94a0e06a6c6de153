"""Every op as a pair of pure functions: ``op(x, ..., params) -> (y, cache)``, ``op_backward(dy, cache) -> gradients``.

Where a loss needs it there is a third, ``op_double_backward(ddx, dy, cache)``. The maths stands in the modules that
these names come from. The same names in `npml_nn` itself give y alone.
"""

from .layers.activations import (
    affine,
    affine_backward,
    elu,
    elu_backward,
    exponential,
    exponential_backward,
    hard_sigmoid,
    hard_sigmoid_backward,
    identity,
    identity_backward,
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    selu,
    selu_backward,
    sigmoid,
    sigmoid_backward,
    silu,
    silu_backward,
    softplus,
    softplus_backward,
    tanh,
    tanh_backward,
)
from .layers.attention import scaled_dot_product_attention, scaled_dot_product_attention_backward
from .layers.avg_pool2d import (
    avg_pool2d,
    avg_pool2d_backward,
    avg_pool2d_double_backward,
    global_avg_pool2d,
    global_avg_pool2d_backward,
    global_avg_pool2d_double_backward,
)
from .layers.batch_norm import batch_norm, batch_norm_backward, batch_norm_double_backward
from .layers.conv1d import conv1d, conv1d_backward, conv1d_double_backward
from .layers.conv2d import conv2d, conv2d_backward, conv2d_double_backward
from .layers.conv_transpose2d import conv_transpose2d, conv_transpose2d_backward, conv_transpose2d_double_backward
from .layers.dense import dense, dense_backward, dense_double_backward
from .layers.dropout import dropout, dropout_backward
from .layers.elementwise import elementwise, elementwise_backward, elementwise_double_backward
from .layers.embedding import embedding, embedding_backward
from .layers.gelu import gelu, gelu_backward
from .layers.gru import gru, gru_backward
from .layers.layer_norm import (
    layer_norm,
    layer_norm_backward,
    layer_norm_double_backward,
    rms_norm,
    rms_norm_backward,
    rms_norm_double_backward,
)
from .layers.lstm import lstm, lstm_backward
from .layers.max_pool2d import max_pool2d, max_pool2d_backward, max_pool2d_double_backward
from .layers.merge import add, add_backward, add_double_backward, multiply, multiply_backward, multiply_double_backward
from .layers.reshape import flatten, flatten_backward
from .layers.rnn import rnn, rnn_backward
from .layers.softmax import (
    log_softmax,
    log_softmax_backward,
    log_softmax_double_backward,
    softmax,
    softmax_backward,
    softmax_double_backward,
)
from .losses.bernoulli_vae import bernoulli_vae_loss, bernoulli_vae_loss_backward
from .losses.cross_entropy import cross_entropy, cross_entropy_backward
from .losses.nce import nce, nce_backward
from .losses.squared_error import mse_loss, mse_loss_backward

__all__ = [
    "add",
    "add_backward",
    "add_double_backward",
    "affine",
    "affine_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "avg_pool2d_double_backward",
    "batch_norm",
    "batch_norm_backward",
    "batch_norm_double_backward",
    "bernoulli_vae_loss",
    "bernoulli_vae_loss_backward",
    "conv1d",
    "conv1d_backward",
    "conv1d_double_backward",
    "conv2d",
    "conv2d_backward",
    "conv2d_double_backward",
    "conv_transpose2d",
    "conv_transpose2d_backward",
    "conv_transpose2d_double_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "dense",
    "dense_backward",
    "dense_double_backward",
    "dropout",
    "dropout_backward",
    "elementwise",
    "elementwise_backward",
    "elementwise_double_backward",
    "elu",
    "elu_backward",
    "embedding",
    "embedding_backward",
    "exponential",
    "exponential_backward",
    "flatten",
    "flatten_backward",
    "gelu",
    "gelu_backward",
    "global_avg_pool2d",
    "global_avg_pool2d_backward",
    "global_avg_pool2d_double_backward",
    "gru",
    "gru_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "identity",
    "identity_backward",
    "layer_norm",
    "layer_norm_backward",
    "layer_norm_double_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "log_softmax",
    "log_softmax_backward",
    "log_softmax_double_backward",
    "lstm",
    "lstm_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "max_pool2d_double_backward",
    "mse_loss",
    "mse_loss_backward",
    "multiply",
    "multiply_backward",
    "multiply_double_backward",
    "nce",
    "nce_backward",
    "relu",
    "relu_backward",
    "rms_norm",
    "rms_norm_backward",
    "rms_norm_double_backward",
    "rnn",
    "rnn_backward",
    "scaled_dot_product_attention",
    "scaled_dot_product_attention_backward",
    "selu",
    "selu_backward",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "softmax",
    "softmax_backward",
    "softmax_double_backward",
    "softplus",
    "softplus_backward",
    "tanh",
    "tanh_backward",
]
