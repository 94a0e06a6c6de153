"""MLP, the multilayer perceptron: dense layers in a row with an activation after each but the last.

x (N, D) -> h_1 = f(x W_1 + b_1) -> ... -> y = h_{L-1} W_L + b_L (N, K).   A pass is O(N times the number of weights).

References: Rosenblatt (1958), The perceptron, https://doi.org/10.1037/h0042519. Rumelhart, Hinton & Williams (1986),
Learning representations by back-propagating errors, https://doi.org/10.1038/323533a0.
"""

from itertools import pairwise

import numpy as np

from npml_core import check_random_state

from ..layers.containers import Sequential
from ..layers.dense import Dense
from ..layers.parameters import check_sizes

__all__ = ["MLP"]


class MLP(Sequential):
    """Dense layers of the given sizes.

    Parameters
    ----------
    sizes : sequence of int
        Features of the input, units of each hidden layer, and outputs: at least two numbers.
    activation : str, layer, layer class or callable, default="relu"
        After each layer but the last, whose output is a logit or a real number.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import MLP
    >>> model = MLP([64, 32, 10], random_state=0)
    >>> model(np.zeros((5, 64))).shape
    (5, 10)
    >>> model.n_parameters
    2410
    """

    def __init__(self, sizes, activation="relu", dtype=np.float32, random_state=None):
        sizes = tuple(sizes)
        if len(sizes) < 2:
            raise ValueError(f"sizes must hold at least the numbers of inputs and of outputs, got {sizes!r}")
        for i, size in enumerate(sizes):
            check_sizes(**{f"sizes[{i}]": size})
        rng = check_random_state(random_state)
        hidden = [Dense(n, m, activation, dtype=dtype, random_state=rng) for n, m in pairwise(sizes[:-1])]
        super().__init__(*hidden, Dense(*sizes[-2:], dtype=dtype, random_state=rng))
