"""The arrays that a layer owns: `Parameter`, as optimizers see one, and the dictionaries that keep them in place.

An optimizer holds on to the arrays of a model for as long as it lives, so nothing may put another array in their
place: writing ``layer.params["W"] = value`` copies `value` *into* the array that is there.
"""

from numbers import Integral

import numpy as np

__all__ = ["ArrayDict", "Parameter", "as_float", "check_sizes", "float_dtype"]


class Parameter:
    """One trainable array of a model and its gradient, as optimizers take them.

    Parameters
    ----------
    name : str
        Where it stands in the model, dotted: ``"0.W"``.
    value, grad : ndarray
        The array and, of the same shape, the gradient that `Layer.backward` adds to. `grad` defaults to zeros.
    frozen : bool, default=False
        Whether optimizers leave it alone.
    layer : Layer, optional
        The owner: its ``frozen`` then decides, at every step.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import SGD, Parameter
    >>> w = Parameter("w", np.ones(2), np.array([1.0, 2.0]))
    >>> SGD([w], lr=0.1).step()
    >>> w.value
    array([0.9, 0.8])
    """

    __slots__ = ("_frozen", "_layer", "grad", "name", "value")

    def __init__(self, name, value, grad=None, frozen=False, layer=None):
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            raise TypeError(f"value of parameter {name!r} must be a float array, got {type(value).__name__}")
        grad = np.zeros_like(value) if grad is None else grad
        if grad.shape != value.shape:
            raise ValueError(f"grad of parameter {name!r} must have shape {value.shape}, got {grad.shape}")
        self.name, self.value, self.grad = name, value, grad
        self._frozen, self._layer = frozen, layer

    @property
    def frozen(self) -> bool:
        """Whether optimizers leave it alone."""
        return self._frozen or (self._layer is not None and self._layer.frozen)

    def __repr__(self):
        state = ", frozen" if self.frozen else ""
        return f"Parameter({self.name!r}, shape={self.value.shape}, dtype={self.value.dtype}{state})"


class ArrayDict(dict):
    """A dictionary of arrays in which assigning to a name that exists copies into the array that is there."""

    def __setitem__(self, name, value):
        if name not in self:
            super().__setitem__(name, value)
            return
        array, value = self[name], np.asarray(value)
        if value.shape != array.shape:
            raise ValueError(f"{name} must have shape {array.shape}, got {value.shape}")
        array[...] = value


def float_dtype(dtype):
    """`dtype` as one of the two floats that layers compute in, or a ValueError that says so."""
    try:
        dtype = np.dtype(dtype)
    except TypeError:
        raise ValueError(f"dtype must be float32 or float64, got {dtype!r}") from None
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, got {dtype}")
    return dtype


def as_float(x, name="x"):
    """`x` as a float array: float32 and float64 as they are, integers and lists as float64."""
    x = np.asarray(x)
    if x.dtype in (np.float32, np.float64):
        return x
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be an array of real numbers, got dtype {x.dtype}")
    return x.astype(np.float32 if x.dtype == np.float16 else np.float64)


def check_sizes(**sizes):
    """Raise a ValueError that names the first size which is not a positive int."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, Integral) or size < 1:
            raise ValueError(f"{name} must be a positive int, got {size!r}")
