"""`Layer`: what every layer, block and model has in common; the maths stands in the functions beside each layer.

A layer holds parameters and a stack of caches. ``forward`` pushes what ``backward`` will need, ``backward`` pops it:
backward calls undo forward calls, last first, so that a layer may be applied several times before it is
differentiated (weight sharing), and a layer object that stands twice in a model has its parameters once.

A layer of your own is two methods. Everything else (names, freezing, saving, gradients that accumulate, casting,
checks, `gradcheck`) comes with the base class:

>>> import numpy as np
>>> from npml_nn import Layer, gradcheck
>>> class Scale(Layer):
...     def __init__(self, n, dtype=np.float32):
...         self.add_param("g", np.ones(n, dtype))
...     def _forward(self, x):
...         return x * self.g, x                                    # the output, and what backward will need
...     def _backward(self, dy, x):
...         axes = tuple(range(x.ndim - 1))
...         return dy * self.g, {"g": (dy * x).sum(axis=axes)}      # dL/dx, and the gradient of each parameter
>>> gradcheck(Scale(3), [np.random.default_rng(0).normal(size=(4, 3))])
True

Several inputs are several arguments of ``_forward`` and a tuple from ``_backward``; several outputs are a tuple both
ways. A block holds other layers as attributes (or in lists), calls their ``forward`` and ``backward``, and returns
``{}`` for the gradients, which its parts keep themselves.

**Second derivatives.** A loss that depends on an input gradient (the gradient penalty of WGAN-GP) is differentiated
through the backward pass, in five steps::

    y = model(x)
    with model.recording():
        g = model.backward(dy)           # the input gradient alone: parameter gradients are not added
    v = dP/dg                            # the loss P is a function of g
    ddy = model.double_backward(v)       # dP/d(dy); adds the direct dP/dparameters
    dx = model.backward(zeros_like(y))   # the rest of dP/dparameters, and dP/dx

The maths, for one layer y = f(x, w) with Jacobian J = dy/dx, so that its backward pass is dx = J^T dy: let u be the
cotangent of dx (v for the first layer) and s(x, w, dy) = <u, J(x, w)^T dy> = <J u, dy>. Then

    ds/d(dy) = J u    the cotangent of dy, which is the u of the *next* layer: the pass runs forwards, as a tangent does
    ds/dw             added to the gradients at once
    ds/dx             also a cotangent of x, kept with the cache and added to the J^T dy' of the `backward` that follows

``double_backward`` leaves the caches as they were after ``forward``; it is a method of three lines in a block
(chain the parts in forward order), and a layer gives ``_double_backward(ddx, dy, cache) -> ddy, d_x, {name: d_w}``
where ``d_x`` may be None for zero.

References: Rumelhart, Hinton & Williams (1986), Learning representations by back-propagating errors, Nature 323,
https://doi.org/10.1038/323533a0. Gulrajani et al. (2017), Improved Training of Wasserstein GANs,
https://arxiv.org/abs/1704.00028 (the penalty).
"""

from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from npml_core import Storable

from .parameters import ArrayDict, Parameter, float_dtype
from .summary import Summary, summarise
from .weights_file import read_weights, write_weights

__all__ = ["Layer"]

TRANSIENT = ("_grads", "_observer", "_recorded", "_recording", "_tape")  # not saved; gradients alone are copied


class Layer(Storable):
    """Base class of layers, blocks and models; the module's docstring shows how to write one.

    Attributes
    ----------
    params, grads : dict of ndarray
        The arrays that optimizers read and change in place, and the gradients that `backward` adds to. Names are
        flat and dotted (``"0.W"``) where the layer has parts. Assigning to a name copies into the array. The
        layer's own arrays are attributes too: ``layer.W``.
    dtype : dtype or None
        What inputs are cast to; None where there is nothing to cast for.
    training : bool
        Between `train` and `eval`; in evaluation nothing is cached.
    frozen : bool
        Whether optimizers leave the parameters alone and `backward` adds nothing to their gradients.
    activation : Layer or None
        Applied to the output.
    input_gradient : bool
        Set it to False on the first layer of a model where nobody asks for dL/dx: `backward` may then return None.
    """

    activation: "Layer | None" = None
    input_gradient = True
    input_dtype: Any = None  # of the inputs that `summary` tries; None: the layer's own

    def __new__(cls, *args, **kwargs):
        """Lay out what every layer has, so that an ``__init__`` need not call this one."""
        self = super().__new__(cls)
        vars(self).update(_params=ArrayDict(), _buffers=ArrayDict(), dtype=None, training=True, frozen=False)
        vars(self).update(_grads=ArrayDict(), _tape=[], _recorded=[], _recording=False, _observer=None)
        return self

    # -- what a layer defines ----------------------------------------------------------------------------------------

    def _forward(self, *inputs):
        raise TypeError(f"{type(self).__name__} must define _forward(*inputs) -> outputs, cache")

    def _backward(self, dy, cache):
        raise TypeError(f"{type(self).__name__} must define _backward(dy, cache) -> dx, gradients by name")

    def _double_backward(self, ddx, dy, cache):
        raise TypeError(f"{type(self).__name__} must define _double_backward(ddx, dy, cache) for second derivatives")

    def _multiply_adds(self, input_shapes, output_shapes):
        """Multiplications with an addition in one forward pass over these shapes, for `summary`."""
        return 0

    def add_param(self, name: str, value) -> None:
        """Own a trainable array, from now on ``self.<name>`` and ``params[name]``; sets the layer's dtype."""
        self.dtype = float_dtype(value.dtype)
        self._params[name] = np.array(value, order="C")
        self._grads[name] = np.zeros_like(self._params[name])

    def add_buffer(self, name: str, value) -> None:
        """Own an array that is state but not trained (running statistics): in `state_dict`, not in `params`."""
        self._buffers[name] = np.array(value, order="C")

    # -- passes ------------------------------------------------------------------------------------------------------

    def forward(self, *inputs, **options):
        """Compute the output and, in training, remember what `backward` needs.

        Parameters
        ----------
        *inputs : array-like
            Channels last. Another float dtype than the layer's is cast to it.
        **options
            What the layer takes besides (a mask, say).

        Returns
        -------
        ndarray or tuple of ndarray
        """
        inputs = tuple(self._cast(x) for x in inputs)
        outputs, cache = self._forward(*inputs, **options)
        if self.activation is not None:
            outputs = self.activation.forward(outputs)
        if self.training:
            self._tape.append(_Entry(cache, _shapes(outputs)))
        if self._observer is not None:
            self._observer(self, inputs, outputs)
        return outputs

    def __call__(self, *inputs, **options):
        """As `forward`."""
        return self.forward(*inputs, **options)

    def backward(self, dy):
        """Undo the last forward call: add to the gradients of the parameters and return that of the input.

        Parameters
        ----------
        dy : array, or tuple of arrays where the layer has several outputs
            dL/dy, of the shape of the output.

        Returns
        -------
        ndarray, or tuple of ndarray where the layer has several inputs
            dL/dx.

        Raises
        ------
        RuntimeError
            If there is no forward call left to undo.
        ValueError
            If `dy` has another shape than the output had.
        """
        if not self._tape:
            raise RuntimeError(
                f"{type(self).__name__}.backward() before forward(): no forward pass is left to undo "
                "(each backward undoes one forward, and in eval() nothing is remembered: call train())"
            )
        entry = self._tape[-1]
        dy = self._check_upstream(dy, entry.output_shapes)
        self._tape.pop()
        dz = dy if self.activation is None else self.activation.backward(dy)
        dx, gradients = self._backward(dz, entry.cache)
        if self._recording:
            self._recorded.append((entry._replace(second_dx=None), dz))
        else:
            self._accumulate(gradients)
        return dx if entry.second_dx is None else _add(dx, entry.second_dx)

    @contextmanager
    def recording(self):
        """In this block `backward` gives input gradients alone, and remembers what `double_backward` needs."""
        layers = [layer for _, layer in self.walk()]
        for layer in layers:
            layer._recording = True
        try:
            yield self
        finally:
            for layer in layers:
                layer._recording = False

    def double_backward(self, ddx):
        """Differentiate the last recorded `backward`; see "Second derivatives" in the module's docstring.

        Parameters
        ----------
        ddx : array, or tuple of arrays where the layer has several inputs
            dP/d(dx): how a loss P depends on the input gradient that `backward` returned.

        Returns
        -------
        ndarray or tuple of ndarray
            dP/d(dy). The direct dP/d(parameters) are added to the gradients; the next `backward` adds what
            reaches parameters and inputs through the values of the forward pass.
        """
        if not self._recorded:
            raise RuntimeError(
                f"{type(self).__name__}.double_backward() needs a backward() inside `with layer.recording():` first"
            )
        entry, dz = self._recorded.pop()
        ddz, second_dx, gradients = self._double_backward(_map(self._cast, ddx), dz, entry.cache)
        self._accumulate(gradients)
        self._tape.append(entry._replace(second_dx=second_dx))
        return ddz if self.activation is None else self.activation.double_backward(ddz)

    def _cast(self, x):
        """Float and integer inputs in the layer's dtype; masks and None as they are."""
        if x is None or self.dtype is None:
            return x
        x = np.asarray(x)
        if x.dtype == self.dtype or x.dtype == bool:
            return x
        if x.dtype.kind not in "fiu":
            raise TypeError(f"{type(self).__name__} takes arrays of real numbers, got dtype {x.dtype}")
        return x.astype(self.dtype)

    def _check_upstream(self, dy, shapes):
        dy = _map(self._cast, dy) if self.dtype is not None else _map(np.asarray, dy)
        if _shapes(dy) != shapes:
            raise ValueError(f"dy of {type(self).__name__} must have the output's shape {shapes}, got {_shapes(dy)}")
        return dy

    def _accumulate(self, gradients):
        if not self.frozen:
            for name, gradient in gradients.items():
                total = self._grads[name]
                np.add(total, gradient, out=total)

    # -- parts, parameters, modes ------------------------------------------------------------------------------------

    def _parts(self) -> dict:
        """The layers directly inside this one, by name: attributes that are layers, or lists or dicts of layers."""
        parts = {}
        for name, value in vars(self).items():
            if isinstance(value, Layer):
                parts[name] = value
            elif isinstance(value, (list, tuple)):
                parts.update({f"{name}.{i}": part for i, part in enumerate(value) if isinstance(part, Layer)})
            elif isinstance(value, dict) and name not in ("_params", "_grads", "_buffers"):
                parts.update({f"{name}.{key}": part for key, part in value.items() if isinstance(part, Layer)})
        return parts

    def walk(self):
        """Yield (dotted name, layer) for this layer (name ``""``) and all its parts, each object once."""
        yield from _walk(self, "", set())

    @property
    def params(self) -> ArrayDict:
        """The trainable arrays by dotted name; assigning copies into them."""
        return self._flat("_params")

    @property
    def grads(self) -> ArrayDict:
        """The gradients by the same names."""
        return self._flat("_grads")

    def _flat(self, which):
        if not self._parts():
            return vars(self)[which]
        layers = self.walk()
        return ArrayDict({_join(path, key): array for path, part in layers for key, array in vars(part)[which].items()})

    def parameters(self) -> list[Parameter]:
        """All parameters, each once, under flat dotted names, for an optimizer."""
        return [
            Parameter(_join(path, name), value, layer._grads[name], layer=layer)
            for path, layer in self.walk()
            for name, value in layer._params.items()
        ]

    @property
    def n_parameters(self) -> int:
        """The number of trainable numbers."""
        return sum(array.size for array in self.params.values())

    def train(self) -> "Layer":
        """Switch to training: caches are kept, dropout drops, batch norm uses the batch. Returns the layer."""
        return self._set_all(training=True)

    def eval(self) -> "Layer":
        """Switch to evaluation: nothing is cached, and what is held is dropped. Returns the layer."""
        for _, layer in self.walk():
            layer._tape.clear()
            layer._recorded.clear()
        return self._set_all(training=False)

    def freeze(self) -> "Layer":
        """Keep the parameters as they are from now on; gradients still pass through. Returns the layer."""
        return self._set_all(frozen=True)

    def unfreeze(self) -> "Layer":
        """Undo `freeze`. Returns the layer."""
        return self._set_all(frozen=False)

    def _set_all(self, **attributes):
        for _, layer in self.walk():
            vars(layer).update(attributes)
        return self

    def zero_grad(self) -> None:
        """Set all gradients to zero, in place."""
        for gradient in self.grads.values():
            gradient.fill(0)

    def astype(self, dtype) -> "Layer":
        """Return a copy whose parameters, buffers and computations are of `dtype` (float32 or float64)."""
        dtype, copy = float_dtype(dtype), deepcopy(self)
        for _, layer in copy.walk():
            layer._params = ArrayDict({name: array.astype(dtype) for name, array in layer._params.items()})
            layer._grads = _zeros_like(layer._params)
            for name, array in layer._buffers.items():
                if array.dtype.kind == "f":
                    dict.__setitem__(layer._buffers, name, array.astype(dtype))
            layer.dtype = layer.dtype and dtype
        return copy

    def summary(self, input_shape) -> Summary:
        """Tabulate layers, output shapes, parameters and multiply-adds for one sample.

        Parameters
        ----------
        input_shape : tuple of int, or list of such tuples for several inputs
            Shape of one sample, without the batch axis.

        Returns
        -------
        Summary
            A string to print, with ``rows``, ``n_parameters`` and ``multiply_adds``.
        """
        return summarise(self, input_shape)

    # -- state -------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return a copy of every parameter and buffer by its dotted name."""
        return {name: array.copy() for name, array in self._state_arrays().items()}

    def load_state_dict(self, state) -> "Layer":
        """Copy a `state_dict` into this layer: all names and shapes must fit, or nothing changes. Returns the layer.

        One of PyTorch, for the same layers under the same names, is taken too: see `npml_nn.interchange`.
        """
        from ..interchange import from_torch, is_from_torch  # it imports every layer, and they this class

        own = self._state_arrays()
        if own.keys() != state.keys() and is_from_torch(state):
            state = from_torch(state, self)
        missing, unexpected = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unexpected:
            raise ValueError(f"state does not fit {type(self).__name__}: missing {missing}, unexpected {unexpected}")
        arrays = {name: np.asarray(state[name]) for name in own}
        for name, array in arrays.items():
            if array.shape != own[name].shape or array.dtype.kind not in "fiu":
                raise ValueError(
                    f"{name} must be numbers of shape {own[name].shape}, got shape {array.shape}, dtype {array.dtype}"
                )
        for name, array in arrays.items():
            own[name][...] = array
        return self

    def _state_arrays(self):
        return {
            _join(path, name): array
            for path, layer in self.walk()
            for name, array in {**layer._params, **layer._buffers}.items()
        }

    def save(self, path, format: str | None = None) -> None:
        """Write the `state_dict` to the file `path`, atomically.

        Parameters
        ----------
        path : str or path-like
            Exactly this name; no suffix is added.
        format : {"npz", "safetensors"}, optional
            By default safetensors where `path` ends so (needs the extra ``safetensors``), else npz without pickle.
        """
        write_weights(self.state_dict(), path, format)

    def load(self, path) -> "Layer":
        """Read what `save` wrote into this layer, all or nothing. Returns the layer."""
        return self.load_state_dict(read_weights(path))

    def _get_state(self):
        return {name: value for name, value in vars(self).items() if name not in TRANSIENT}

    def _set_state(self, state):
        vars(self).update(state)
        vars(self)["_params"], vars(self)["_buffers"] = ArrayDict(self._params), ArrayDict(self._buffers)
        vars(self)["_grads"] = _zeros_like(self._params)

    def __getstate__(self):
        return {**self._get_state(), "_grads": self._grads}  # an optimizer copied along holds the same arrays

    def __setstate__(self, state):
        self._set_state(state)
        vars(self)["_grads"] = ArrayDict(state["_grads"])

    def __getattr__(self, name):
        for arrays in ("_params", "_buffers"):
            if name in vars(self).get(arrays, ()):
                return vars(self)[arrays][name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name, value):
        for arrays in (self._params, self._buffers):
            if name in arrays:
                arrays[name] = value  # into the array that optimizers hold
                return
        super().__setattr__(name, value)

    def __repr__(self):
        from inspect import Parameter as Argument
        from inspect import signature

        shown = []
        for name, parameter in signature(type(self).__init__).parameters.items():
            value = getattr(self, name, parameter.default)
            if name in ("self", "dtype", "random_state") or value is parameter.default or value == parameter.default:
                continue
            required = parameter.default is Argument.empty
            shown.append(repr(value) if required else f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


class _Entry(NamedTuple):
    """What one forward call leaves behind."""

    cache: Any
    output_shapes: Any
    second_dx: Any = None  # ds/dx of double_backward, for the backward call that follows


def _walk(layer, path, seen):
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield path, layer
    for name, part in layer._parts().items():
        yield from _walk(part, _join(path, name), seen)


def _join(path, name):
    return f"{path}.{name}" if path else name


def _map(function, arrays):
    return tuple(function(a) for a in arrays) if isinstance(arrays, tuple) else function(arrays)


def _shapes(arrays):
    return _map(np.shape, arrays)


def _add(a, b):
    if isinstance(a, tuple):
        return tuple(x if y is None else x + y for x, y in zip(a, b))
    return a + b


def _zeros_like(arrays):
    return ArrayDict({name: np.zeros_like(array) for name, array in arrays.items()})
