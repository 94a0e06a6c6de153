"""The ops for those who want y alone: ``npml_nn.dense(x, W, b) -> y``.

Each is the function of the same name in `npml_nn.functional` without the cache. Activations bring their derivatives
along: ``npml_nn.tanh.grad(x)``, ``npml_nn.tanh.grad2(x)``.
"""

from functools import wraps

from . import functional

__all__ = [
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
    "gelu",
    "global_avg_pool2d",
    "gru",
    "hard_sigmoid",
    "identity",
    "layer_norm",
    "leaky_relu",
    "log_softmax",
    "lstm",
    "max_pool2d",
    "mse_loss",
    "multiply",
    "nce",
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
]


def value_of(op):
    """`op` without its cache; the arguments are the same."""

    @wraps(op)
    def value(*args, **options):
        return op(*args, **options)[0]

    equation = (op.__doc__ or "").split("Examples")[0].strip()
    value.__doc__ = f"Return y alone of `npml_nn.functional.{op.__name__}`:\n\n{equation}\n"
    if hasattr(op, "layer"):
        value.layer = op.layer
        value.grad = lambda x, *args, **options: op.layer(*args, **options).grad(x)
        value.grad2 = lambda x, *args, **options: op.layer(*args, **options).grad2(x)
    return value


add = value_of(functional.add)
affine = value_of(functional.affine)
avg_pool2d = value_of(functional.avg_pool2d)
batch_norm = value_of(functional.batch_norm)
bernoulli_vae_loss = value_of(functional.bernoulli_vae_loss)
conv1d = value_of(functional.conv1d)
conv2d = value_of(functional.conv2d)
conv_transpose2d = value_of(functional.conv_transpose2d)
cross_entropy = value_of(functional.cross_entropy)
dense = value_of(functional.dense)
dropout = value_of(functional.dropout)
elu = value_of(functional.elu)
embedding = value_of(functional.embedding)
exponential = value_of(functional.exponential)
flatten = value_of(functional.flatten)
gelu = value_of(functional.gelu)
global_avg_pool2d = value_of(functional.global_avg_pool2d)
gru = value_of(functional.gru)
hard_sigmoid = value_of(functional.hard_sigmoid)
identity = value_of(functional.identity)
layer_norm = value_of(functional.layer_norm)
leaky_relu = value_of(functional.leaky_relu)
log_softmax = value_of(functional.log_softmax)
lstm = value_of(functional.lstm)
max_pool2d = value_of(functional.max_pool2d)
mse_loss = value_of(functional.mse_loss)
multiply = value_of(functional.multiply)
nce = value_of(functional.nce)
relu = value_of(functional.relu)
rms_norm = value_of(functional.rms_norm)
rnn = value_of(functional.rnn)
scaled_dot_product_attention = value_of(functional.scaled_dot_product_attention)
selu = value_of(functional.selu)
sigmoid = value_of(functional.sigmoid)
silu = value_of(functional.silu)
softmax = value_of(functional.softmax)
softplus = value_of(functional.softplus)
tanh = value_of(functional.tanh)
