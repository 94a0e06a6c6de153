"""Layers made of layers: one after the other (Sequential), and around a shortcut (Residual).

    Sequential   y = f_n(... f_1(x)),   dx = J_1^T ... J_n^T dy
    Residual     y = x + f(x),          dx = dy + J^T dy

Second derivatives chain in the order of the forward pass: the cotangent of one layer's dy is that of the next one's dx.

References: He et al. (2016), Deep residual learning for image recognition, https://arxiv.org/abs/1512.03385 (Residual).
"""

from .base import Layer
from .elementwise import get_activation

__all__ = ["Residual", "Sequential"]


class Sequential(Layer):
    """Apply layers one after the other.

    Parameters
    ----------
    *layers : Layer, or anything that names an activation
        The same layer object may stand in several places: its weights are shared.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Dense, Sequential
    >>> model = Sequential(Dense(4, 8, random_state=0), "relu", Dense(8, 3, random_state=1))
    >>> model(np.zeros((2, 4))).shape
    (2, 3)
    >>> [p.name for p in model.parameters()]
    ['0.W', '0.b', '2.W', '2.b']
    >>> print(model.summary((4,)))
    layer  kind        output shape  parameters  multiply-adds
    ----------------------------------------------------------
    0      Dense       (1, 8)                40             32
    1      ReLU        (1, 8)                 0              0
    2      Dense       (1, 3)                27             24
           Sequential  (1, 3)                 0              0
    ----------------------------------------------------------
    total                                    67             56
    """

    def __init__(self, *layers):
        self.layers = [get_activation(layer) for layer in layers]
        if None in self.layers:
            raise TypeError(f"layers must be layers or names of activations, got {layers!r}")

    def _forward(self, *inputs):
        outputs = inputs
        for layer in self.layers:
            outputs = layer.forward(*outputs) if isinstance(outputs, tuple) else layer.forward(outputs)
        return (outputs[0] if isinstance(outputs, tuple) and len(outputs) == 1 else outputs), None

    def _backward(self, dy, cache):
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy, {}

    def _double_backward(self, ddx, dy, cache):
        for layer in self.layers:
            ddx = layer.double_backward(ddx)
        return ddx, None, {}

    def _parts(self):
        return {str(i): layer for i, layer in enumerate(self.layers)}

    @property
    def input_gradient(self):
        """Whether `backward` computes dL/dx: the first layer's."""
        return self.layers[0].input_gradient if self.layers else True

    @input_gradient.setter
    def input_gradient(self, wanted):
        first, rest = self.layers[:1], self.layers[1:]
        if first and not any(first[0] is layer for part in rest for _, layer in part.walk()):  # else others need it
            first[0].input_gradient = wanted

    @property
    def input_dtype(self):
        """The first layer's."""
        return (self.layers[0].input_dtype or self.layers[0].dtype) if self.layers else None

    def __len__(self):
        return len(self.layers)

    def __getitem__(self, index):
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __iter__(self):
        return iter(self.layers)

    def __repr__(self):
        return f"Sequential({', '.join(map(repr, self.layers))})"


class Residual(Layer):
    """y = x + layer(x), where the layer keeps the shape of x.

    Parameters
    ----------
    layer : Layer
        What the shortcut goes around.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Dense, Residual
    >>> Residual(Dense(4, 4, random_state=0))(np.zeros((2, 4))).shape
    (2, 4)
    """

    def __init__(self, layer: Layer):
        self.layer = layer

    def _forward(self, x):
        y = self.layer.forward(x)
        if y.shape != x.shape:
            raise ValueError(f"layer of Residual must keep the shape of x, {x.shape}, got {y.shape}")
        return x + y, None

    def _backward(self, dy, cache):
        return dy + self.layer.backward(dy), {}

    def _double_backward(self, ddx, dy, cache):
        return ddx + self.layer.double_backward(ddx), None, {}
