"""Initial weights: random arrays with the variance that keeps signals at the same scale from layer to layer.

For W of shape (..., n_in, n_out) with r entries on the leading axes (the receptive field of a convolution),

    fan_in = r n_in,   fan_out = r n_out
    glorot:  Var W = gain^2 2 / (fan_in + fan_out)        he:  Var W = gain^2 / fan_in

and a uniform law on [-a, a] has variance a^2 / 3.

References: Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS,
eq. 16. He et al. (2015), Delving deep into rectifiers, eqs. 10 and 15, https://arxiv.org/abs/1502.01852. Saxe et al.
(2014), Exact solutions to the nonlinear dynamics of learning in deep linear neural networks, https://arxiv.org/abs/1312.6120.
"""

from math import prod, sqrt

import numpy as np

from npml_core import check_random_state

from .layers.elementwise import get_activation

__all__ = [
    "get_initializer",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "normal",
    "orthogonal",
    "truncated_normal",
]


def glorot_uniform(shape, random_state=None, activation=None) -> np.ndarray:
    """Uniform weights with variance gain^2 2 / (fan_in + fan_out).

    Parameters
    ----------
    shape : tuple of int
        (..., n_in, n_out).
    random_state : None, int, Generator or RandomState
        Draws them.
    activation : str, activation or None
        What follows; the gain is sqrt(2) for the ReLU family, 5/3 for tanh, 1 otherwise.

    Returns
    -------
    ndarray, float64

    Examples
    --------
    >>> from npml_nn import glorot_uniform
    >>> W = glorot_uniform((300, 100), random_state=0)
    >>> float(round(W.var() * 200, 2))
    1.0
    """
    return _uniform(shape, _gain(activation) * sqrt(2 / sum(_fans(shape))), random_state)


def glorot_normal(shape, random_state=None, activation=None) -> np.ndarray:
    """Normal weights with variance gain^2 2 / (fan_in + fan_out); parameters as `glorot_uniform`.

    Examples
    --------
    >>> from npml_nn import glorot_normal
    >>> glorot_normal((3, 2), random_state=0).shape
    (3, 2)
    """
    return normal(shape, random_state, std=_gain(activation) * sqrt(2 / sum(_fans(shape))))


def he_uniform(shape, random_state=None, activation="relu") -> np.ndarray:
    """Uniform weights with variance gain^2 / fan_in; parameters as `glorot_uniform`.

    Examples
    --------
    >>> from npml_nn import he_uniform
    >>> W = he_uniform((200, 100), random_state=0)
    >>> float(round(W.var() * 100, 2))
    1.0
    """
    return _uniform(shape, _gain(activation) / sqrt(_fans(shape)[0]), random_state)


def he_normal(shape, random_state=None, activation="relu") -> np.ndarray:
    """Normal weights with variance gain^2 / fan_in; parameters as `glorot_uniform`.

    Examples
    --------
    >>> from npml_nn import he_normal
    >>> he_normal((3, 3, 16, 32), random_state=0).shape
    (3, 3, 16, 32)
    """
    return normal(shape, random_state, std=_gain(activation) / sqrt(_fans(shape)[0]))


def normal(shape, random_state=None, std=0.02) -> np.ndarray:
    """Normal weights with mean 0 and standard deviation `std`.

    Examples
    --------
    >>> from npml_nn import normal
    >>> normal((2, 3), random_state=0, std=0.1).shape
    (2, 3)
    """
    return std * check_random_state(random_state).standard_normal(shape)


def truncated_normal(shape, random_state=None, std=0.02) -> np.ndarray:
    """Normal weights of standard deviation `std`, drawn again where beyond 2 `std` (which leaves 0.88 `std`).

    Examples
    --------
    >>> from npml_nn import truncated_normal
    >>> bool(abs(truncated_normal((100, 100), random_state=0, std=1.0)).max() <= 2)
    True
    """
    rng = check_random_state(random_state)
    draws = rng.standard_normal(prod(shape))
    outside = np.flatnonzero(np.abs(draws) > 2)
    while outside.size:
        draws[outside] = rng.standard_normal(outside.size)
        outside = outside[np.abs(draws[outside]) > 2]
    return std * draws.reshape(shape)


def orthogonal(shape, random_state=None, gain=1.0) -> np.ndarray:
    """Weights whose matrix (all but the last axis flattened) has orthonormal columns, or rows where it is wide.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import orthogonal
    >>> W = orthogonal((5, 3), random_state=0)
    >>> np.allclose(W.T @ W, np.eye(3))
    True
    """
    if len(shape) < 2:
        raise ValueError(f"shape must have at least 2 axes for orthogonal weights, got {shape}")
    rows, columns = prod(shape[:-1]), shape[-1]
    draws = check_random_state(random_state).standard_normal((max(rows, columns), min(rows, columns)))
    Q, R = np.linalg.qr(draws)
    Q *= np.where(np.diag(R) < 0, -1.0, 1.0)  # the sign that makes Q uniform over orthogonal matrices
    return gain * (Q if rows >= columns else Q.T).reshape(shape)


def get_initializer(init, activation=None):
    """Return `init`, a name or a callable ``f(shape, random_state=None)``, as a callable; he_* know what follows."""
    functions = (glorot_uniform, glorot_normal, he_uniform, he_normal, normal, truncated_normal, orthogonal)
    named = {function.__name__: function for function in functions}
    function = named.get(init, init) if isinstance(init, str) else init
    if not callable(function):
        raise ValueError(f"init must be a callable or one of {sorted(named)}, got {init!r}")
    if activation is None or function not in (he_uniform, he_normal):
        return function
    return lambda shape, random_state=None: function(shape, random_state, activation)


def _uniform(shape, std, random_state):
    bound = sqrt(3) * std
    return check_random_state(random_state).uniform(-bound, bound, shape)


def _fans(shape):
    if len(shape) < 2 or min(shape) < 1:
        raise ValueError(f"shape must be (..., n_in, n_out) with positive sizes, got {shape}")
    field = prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


def _gain(activation):
    """What `activation` must be made up for, to keep the variance of what passes through it."""
    activation = get_activation(activation)
    if hasattr(activation, "negative_slope"):
        return sqrt(2 / (1 + activation.negative_slope**2))
    gains = {"ReLU": sqrt(2), "ELU": sqrt(2), "GELU": sqrt(2), "SiLU": sqrt(2), "Tanh": 5 / 3}
    return gains.get(type(activation).__name__, 1.0)
