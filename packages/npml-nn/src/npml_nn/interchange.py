"""PyTorch's weights in npml's layers, and npml's in PyTorch's modules, where both compute the same.

`Layer.load_state_dict` and `Layer.load` take a state dict of PyTorch as it is, so that a file of safetensors is loaded
with ``model.load("model.safetensors")``. Names: the parts of a model are called alike, ``"0"`` for the first of a
Sequential; activations count there too, so ``Sequential(Dense(...), "relu", Dense(...))`` fits its peer and
``Sequential(Dense(..., "relu"), Dense(...))`` needs ``names={"1": "2"}``. Arrays, with their axes in PyTorch's order:

    npml                                            PyTorch
    Dense               W (n_in, n_out)             weight (n_out, n_in)
    Conv1D              W (k, c_in, c_out)          weight (c_out, c_in, k)
    Conv2D              W (kh, kw, c_in, c_out)     weight (c_out, c_in, kh, kw)
    ConvTranspose2D     W (kh, kw, c_in, c_out)     weight (c_in, c_out, kh, kw)
    BatchNorm           g, running_mean, _var       weight, running_mean, running_var; not num_batches_tracked
    LayerNorm, RMSNorm  g                           weight
    Embedding           W (n_tokens, dim)           weight
    RNN, LSTM           W, U, b                     weight_ih_l0, weight_hh_l0 transposed, bias_ih_l0 + bias_hh_l0
    GRU                 W, U, b, b_h                weight_ih_l0, weight_hh_l0 transposed, bias_ih_l0, bias_hh_l0
    Bidirectional       layer, reverse              the same names, and those with _reverse behind, of one module
    MultiHeadAttention  W (d, 3 d), b, out          in_proj_weight (3 d, d), in_proj_bias, out_proj
    TransformerBlock    attention, dense1, dense2   self_attn, linear1, linear2 of TransformerEncoderLayer

b is bias elsewhere, cells have no _l0, and gates come in the same order. Of two biases that are added, ours is the sum,
and theirs are ours and 0. Images are channels last here and channels first there: a Dense after a Flatten of an image
has its inputs in another order, and a LayerNorm over (H, W, C) other axes than one over (C, H, W): transpose those
weights yourself.
"""

from typing import NamedTuple

import numpy as np

from .blocks.attention import MultiHeadAttention
from .blocks.bidirectional import Bidirectional
from .blocks.transformer import TransformerBlock
from .layers.base import Layer
from .layers.batch_norm import BatchNorm1D, BatchNorm2D
from .layers.conv1d import Conv1D
from .layers.conv2d import Conv2D
from .layers.conv_transpose2d import ConvTranspose2D
from .layers.dense import Dense
from .layers.embedding import Embedding
from .layers.gru import GRU, GRUCell
from .layers.layer_norm import LayerNorm, RMSNorm
from .layers.lstm import LSTM, LSTMCell
from .layers.rnn import RNN, RNNCell

__all__ = ["from_torch", "to_torch"]


class Theirs(NamedTuple):
    """PyTorch's name of an array; which of its axes are ours, in order (None: all as they are); what is added to it."""

    name: str
    axes: tuple[int, ...] | None = None
    addend: str | None = None


def _recurrent(end, two_biases=False):
    """W, U and biases of a recurrent layer, whose names in PyTorch end so."""
    arrays = {"W": Theirs(f"weight_ih{end}", (1, 0)), "U": Theirs(f"weight_hh{end}", (1, 0))}
    if two_biases:
        return {**arrays, "b": Theirs(f"bias_ih{end}"), "b_h": Theirs(f"bias_hh{end}")}
    return {**arrays, "b": Theirs(f"bias_ih{end}", None, f"bias_hh{end}")}


BIAS = {"b": Theirs("bias")}
SCALE = {"g": Theirs("weight"), **BIAS}
RUNNING = {name: Theirs(name) for name in ("running_mean", "running_var")}
ARRAYS: dict[type, dict[str, Theirs]] = {
    Dense: {"W": Theirs("weight", (1, 0)), **BIAS},
    Conv1D: {"W": Theirs("weight", (2, 1, 0)), **BIAS},
    Conv2D: {"W": Theirs("weight", (2, 3, 1, 0)), **BIAS},
    ConvTranspose2D: {"W": Theirs("weight", (2, 3, 0, 1)), **BIAS},
    BatchNorm1D: {**SCALE, **RUNNING},
    BatchNorm2D: {**SCALE, **RUNNING},
    LayerNorm: SCALE,
    RMSNorm: SCALE,
    Embedding: {"W": Theirs("weight")},
    **dict.fromkeys((RNN, LSTM), _recurrent("_l0")),
    **dict.fromkeys((RNNCell, LSTMCell), _recurrent("")),
    GRU: _recurrent("_l0", two_biases=True),
    GRUCell: _recurrent("", two_biases=True),
    MultiHeadAttention: {"W": Theirs("in_proj_weight", (1, 0)), "b": Theirs("in_proj_bias")},
}
PARTS: dict[type, dict[str, str]] = {
    MultiHeadAttention: {"out": "out_proj"},
    Bidirectional: {"layer": "", "reverse": ""},
    TransformerBlock: {"attention": "self_attn", "dense1": "linear1", "dense2": "linear2"},
}
COUNTER = "num_batches_tracked"  # of PyTorch's batch norm; nothing here depends on it


def from_torch(state, model: Layer, names: dict[str, str] | None = None) -> dict[str, np.ndarray]:
    """Turn a state dict of PyTorch into one for ``model.load_state_dict``.

    Parameters
    ----------
    state : dict
        Name to array or CPU tensor, as ``module.state_dict()`` or a file of safetensors gives.
    model : Layer
        It tells which layer stands where; it is not changed.
    names : dict, optional
        Our name of a part to PyTorch's, where they differ: ``{"1": "2", "encoder": "net.enc"}``. The parts of such a
        part follow.

    Returns
    -------
    dict
        Of copies.

    Raises
    ------
    ValueError
        If an array is missing, left over, or of another shape.
    TypeError
        For a layer with weights that PyTorch does not have.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Dense, Sequential
    >>> from npml_nn.interchange import from_torch
    >>> model = Sequential(Dense(3, 2), "relu")
    >>> from_torch({"0.weight": np.ones((2, 3)), "0.bias": np.zeros(2)}, model)["0.W"].shape
    (3, 2)
    """
    converted, left, missing = {}, set(state), []
    for ours, array, theirs in _pairs(model, names or {}):
        needed = [theirs.name] if theirs.addend is None else [theirs.name, theirs.addend]
        left.difference_update(needed)
        missing += [name for name in needed if name not in state]
        if not missing:
            terms = [_array(state, name, array.shape, theirs.axes) for name in needed]
            converted[ours] = np.array(sum(terms[1:], terms[0]), order="C")
    left = {name for name in left if not name.endswith(COUNTER)}
    if missing or left:
        raise ValueError(f"state does not fit {type(model).__name__}: missing {missing}, unexpected {sorted(left)}")
    return converted


def to_torch(model: Layer, names: dict[str, str] | None = None) -> dict[str, np.ndarray]:
    """Return the state of a model under PyTorch's names and in its layout.

    Parameters
    ----------
    model : Layer
    names : dict, optional
        As in `from_torch`.

    Returns
    -------
    dict
        Name to a contiguous copy. For ``module.load_state_dict`` wrap each in ``torch.from_numpy``; ``safetensors``
        writes them as they are.

    Examples
    --------
    >>> from npml_nn import Conv2D, Sequential
    >>> from npml_nn.interchange import to_torch
    >>> {name: array.shape for name, array in to_torch(Sequential(Conv2D(3, 8, 5))).items()}
    {'0.weight': (8, 3, 5, 5), '0.bias': (8,)}
    """
    state = {}
    for _, array, theirs in _pairs(model, names or {}):
        axes = range(array.ndim) if theirs.axes is None else np.argsort(theirs.axes)
        state[theirs.name] = np.array(array.transpose(axes), order="C")
        if theirs.addend is not None:
            state[theirs.addend] = np.zeros_like(array)
        if theirs.name.endswith("running_var"):
            state[theirs.name.removesuffix("running_var") + COUNTER] = np.zeros((), np.int64)
    return state


def is_from_torch(state) -> bool:
    """Whether some array has a name that PyTorch gives and npml does not."""
    theirs = {their.name for arrays in ARRAYS.values() for their in arrays.values()} - set(RUNNING)
    return any(str(name).rpartition(".")[2] in theirs for name in state)


def _pairs(model, names):
    """Yield (our name, our array, Theirs with whole names) for each array, a shared one in each of its places."""
    first = {id(layer): path for path, layer in model.walk()}
    for layer, path, end in _places(model, "", "", "", names):
        for name, array in {**layer._params, **layer._buffers}.items():
            rule = _of_class(layer, ARRAYS).get(name)
            if rule is None:
                raise TypeError(f"{type(layer).__name__} has no counterpart in PyTorch for its {name}")
            addend = None if rule.addend is None else _join(path, rule.addend) + end
            yield _join(first[id(layer)], name), array, Theirs(_join(path, rule.name) + end, rule.axes, addend)


def _places(layer, ours, theirs, end, names):
    """Yield each layer, its path in PyTorch, and what its arrays' names end with there."""
    theirs = names.get(ours, theirs)
    yield layer, theirs, end
    renamed = _of_class(layer, PARTS)
    for name, part in layer._parts().items():
        part_end = "_reverse" if isinstance(layer, Bidirectional) and name == "reverse" else end
        yield from _places(part, _join(ours, name), _join(theirs, renamed.get(name, name)), part_end, names)


def _array(state, name, shape, axes):
    """An array of the state with its axes in our order, where they are to have this shape."""
    given = np.asarray(state[name])
    axes = tuple(range(len(shape))) if axes is None else axes
    expected = tuple(shape[i] for i in np.argsort(axes))
    if given.shape != expected:
        raise ValueError(f"{name} must have shape {expected}, got {given.shape}")
    return given.transpose(axes)


def _of_class(layer, table):
    return next((table[cls] for cls in type(layer).__mro__ if cls in table), {})


def _join(path, name):
    return ".".join(part for part in (path, name) if part)
