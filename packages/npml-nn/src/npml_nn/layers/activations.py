"""Activations: each an elementwise function f with f' and f'', as a layer and as a pair of functions.

x, y (...) of any shape. A layer writes f, f' and f'' into `out`; where it says ``from_output`` the derivatives are
written in terms of y = f(x), otherwise of x. Every formula is safe for any finite x: exponentials only of what is
below a bound, and nothing cancels. float32 stays float32.

References: Maas et al. (2013), Rectifier nonlinearities (LeakyReLU). Clevert et al. (2016), https://arxiv.org/abs/1511.07289
(ELU). Klambauer et al. (2017), https://arxiv.org/abs/1706.02515 (SELU). Hendrycks & Gimpel (2016),
https://arxiv.org/abs/1606.08415 (SiLU). Glorot et al. (2011), Deep sparse rectifier networks (ReLU, softplus).
"""

import numpy as np

from .elementwise import Activation, elementwise, elementwise_backward, logistic, positive_part, register_activation

__all__ = [
    "ELU",
    "SELU",
    "Affine",
    "Exponential",
    "HardSigmoid",
    "Identity",
    "LeakyReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "affine",
    "affine_backward",
    "elu",
    "elu_backward",
    "exponential",
    "exponential_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "identity",
    "identity_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "relu",
    "relu_backward",
    "selu",
    "selu_backward",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "softplus",
    "softplus_backward",
    "tanh",
    "tanh_backward",
]

SELU_SCALE = 1.0507009873554804934193349852946  # the fixed point of mean 0 and variance 1, Klambauer et al., eq. 14
SELU_ALPHA = 1.6732632423543772848170429916717


class Identity(Activation):
    """f(x) = x.

    Examples
    --------
    >>> from npml_nn import Identity
    >>> Identity()([1.0, -2.0])
    array([ 1., -2.])
    """

    def _value(self, x, out):
        np.copyto(out, x)

    def _grad(self, x, out):
        out.fill(1)

    def _grad2(self, x, out):
        out.fill(0)


class Affine(Activation):
    """f(x) = slope x + intercept.

    Parameters
    ----------
    slope : float, default=1.0
    intercept : float, default=0.0

    Examples
    --------
    >>> from npml_nn import Affine
    >>> Affine(2.0, 1.0)([0.0, 3.0])
    array([1., 7.])
    """

    def __init__(self, slope: float = 1.0, intercept: float = 0.0):
        self.slope, self.intercept = float(slope), float(intercept)

    def _value(self, x, out):
        np.multiply(x, self.slope, out=out)
        out += self.intercept

    def _grad(self, x, out):
        out.fill(self.slope)

    def _grad2(self, x, out):
        out.fill(0)


class ReLU(Activation):
    """f(x) = max(x, 0); f'(0) = 0.

    Examples
    --------
    >>> from npml_nn import ReLU
    >>> ReLU()([-1.0, 2.0])
    array([0., 2.])
    """

    from_output = True

    def _value(self, x, out):
        positive_part(x, out)

    def _grad(self, y, out):
        np.greater(y, 0, out=out)

    def _grad2(self, y, out):
        out.fill(0)


class LeakyReLU(Activation):
    """f(x) = x where x > 0, else negative_slope x.

    Parameters
    ----------
    negative_slope : float, default=0.01

    Examples
    --------
    >>> from npml_nn import LeakyReLU
    >>> LeakyReLU(0.1)([-1.0, 2.0])
    array([-0.1,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = float(negative_slope)

    def _value(self, x, out):
        np.minimum(x, np.zeros_like(x), out=out)
        out *= self.negative_slope
        out += positive_part(x)

    def _grad(self, x, out):
        np.less_equal(x, 0, out=out)
        out *= self.negative_slope
        out += x > 0

    def _grad2(self, x, out):
        out.fill(0)


class ELU(Activation):
    """f(x) = x where x > 0, else alpha (exp(x) - 1).

    Parameters
    ----------
    alpha : float, default=1.0

    Examples
    --------
    >>> from npml_nn import ELU
    >>> ELU()([-1.0, 2.0]).round(3)
    array([-0.632,  2.   ])
    """

    scale = 1.0

    def __init__(self, alpha: float = 1.0):
        self.alpha = float(alpha)

    def _value(self, x, out):
        np.expm1(np.minimum(x, 0), out=out)
        out *= self.alpha
        out += positive_part(x)
        out *= self.scale

    def _grad(self, x, out):
        self._grad2(x, out)
        out += (x > 0) * x.dtype.type(self.scale)

    def _grad2(self, x, out):
        np.exp(np.minimum(x, 0), out=out)
        out *= x <= 0
        out *= self.alpha * self.scale


class SELU(ELU):
    """f(x) = 1.0507 ELU(x) with alpha = 1.6733: keeps mean 0 and variance 1 from layer to layer.

    Examples
    --------
    >>> from npml_nn import SELU
    >>> SELU()([-1.0, 2.0]).round(3)
    array([-1.111,  2.101])
    """

    scale = SELU_SCALE

    def __init__(self):
        super().__init__(SELU_ALPHA)


class Sigmoid(Activation):
    """f(x) = 1 / (1 + exp(-x)).

    Examples
    --------
    >>> from npml_nn import Sigmoid
    >>> Sigmoid()([0.0, 1e4, -1e4])
    array([0.5, 1. , 0. ])
    """

    from_output = True

    def _value(self, x, out):
        logistic(x, out)

    def _grad(self, y, out):
        np.subtract(1, y, out=out)
        out *= y

    def _grad2(self, y, out):
        self._grad(y, out)
        out *= 1 - 2 * y


class Tanh(Activation):
    """f(x) = tanh(x).

    Examples
    --------
    >>> from npml_nn import Tanh
    >>> Tanh()([0.0, 1.0]).round(3)
    array([0.   , 0.762])
    """

    from_output = True

    def _value(self, x, out):
        np.tanh(x, out=out)

    def _grad(self, y, out):
        np.multiply(y, y, out=out)
        np.subtract(1, out, out=out)

    def _grad2(self, y, out):
        self._grad(y, out)
        out *= y
        out *= -2


class HardSigmoid(Activation):
    """f(x) = x / 6 + 1/2, held between 0 and 1.

    Examples
    --------
    >>> from npml_nn import HardSigmoid
    >>> HardSigmoid()([-4.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75])
    """

    def _value(self, x, out):
        np.clip(x, -3, 3, out=out)
        out += 3
        out /= 6

    def _grad(self, x, out):
        np.less(np.abs(x), 3, out=out)
        out /= 6

    def _grad2(self, x, out):
        out.fill(0)


class Softplus(Activation):
    """f(x) = log(1 + exp(x)) = max(x, 0) + log(1 + e) with e = exp(-|x|); f' = sigmoid(x).

    log(1 + e) = log w + (e - (w - 1)) / w with w = 1 + e as it is rounded: the second term is what rounding lost
    (`log1p` gives the same, five times slower).

    Examples
    --------
    >>> from npml_nn import Softplus
    >>> Softplus()([-1e3, 0.0, 1e3]).tolist()
    [0.0, 0.6931471805599453, 1000.0]
    """

    def _value(self, x, out):
        e = np.exp(-np.abs(x))
        w = 1 + e
        np.log(w, out=out)
        out += (e - (w - 1)) / w
        out += positive_part(x)

    def _grad(self, x, out):
        logistic(x, out)

    def _grad2(self, x, out):
        logistic(x, out)
        out *= logistic(-x, np.empty_like(x))


class Exponential(Activation):
    """f(x) = exp(x); beyond the largest float it is inf.

    Examples
    --------
    >>> from npml_nn import Exponential
    >>> Exponential()([0.0, 1.0]).round(3)
    array([1.   , 2.718])
    """

    from_output = True

    def _value(self, x, out):
        with np.errstate(over="ignore"):
            np.exp(x, out=out)

    def _grad(self, y, out):
        np.copyto(out, y)

    def _grad2(self, y, out):
        np.copyto(out, y)


class SiLU(Activation):
    """f(x) = x sigmoid(x), also called swish.

    With s = sigmoid(x): f' = s + x s (1 - s), f'' = s (1 - s) (2 + x (1 - 2 s)).

    Examples
    --------
    >>> from npml_nn import SiLU
    >>> SiLU()([-1.0, 2.0]).round(3)
    array([-0.269,  1.762])
    """

    def _value(self, x, out):
        logistic(x, out)
        out *= x

    def _grad(self, x, out):
        self._value_and_grad(x, np.empty_like(out), out)

    def _value_and_grad(self, x, out, slope):
        s = logistic(x, np.empty_like(out))
        np.multiply(x, s, out=out)
        np.subtract(1, s, out=slope)
        slope *= out
        slope += s

    def _grad2(self, x, out):
        s = logistic(x, np.empty_like(out))
        np.multiply(x, 1 - 2 * s, out=out)
        out += 2
        out *= s
        out *= 1 - s


def identity(x):
    """Y = x, as `Identity`."""
    return elementwise(Identity(), x)


def affine(x, slope=1.0, intercept=0.0):
    """Y = slope x + intercept, as `Affine`."""
    return elementwise(Affine(slope, intercept), x)


def relu(x):
    """Y = max(x, 0), as `ReLU`."""
    return elementwise(ReLU(), x)


def leaky_relu(x, negative_slope=0.01):
    """Y = x or negative_slope x, as `LeakyReLU`."""
    return elementwise(LeakyReLU(negative_slope), x)


def elu(x, alpha=1.0):
    """Y = x or alpha (exp(x) - 1), as `ELU`."""
    return elementwise(ELU(alpha), x)


def selu(x):
    """Y = 1.0507 ELU(x, alpha=1.6733), as `SELU`."""
    return elementwise(SELU(), x)


def sigmoid(x):
    """Y = 1 / (1 + exp(-x)), as `Sigmoid`."""
    return elementwise(Sigmoid(), x)


def tanh(x):
    """Y = tanh(x), as `Tanh`."""
    return elementwise(Tanh(), x)


def hard_sigmoid(x):
    """Y = x / 6 + 1/2 between 0 and 1, as `HardSigmoid`."""
    return elementwise(HardSigmoid(), x)


def softplus(x):
    """Y = log(1 + exp(x)), as `Softplus`."""
    return elementwise(Softplus(), x)


def exponential(x):
    """Y = exp(x), as `Exponential`."""
    return elementwise(Exponential(), x)


def silu(x):
    """Y = x sigmoid(x), as `SiLU`."""
    return elementwise(SiLU(), x)


# Every activation has the same backward pass; the names make each a pair like the others.
identity_backward = affine_backward = relu_backward = leaky_relu_backward = elu_backward = elementwise_backward
selu_backward = sigmoid_backward = tanh_backward = hard_sigmoid_backward = elementwise_backward
softplus_backward = exponential_backward = silu_backward = elementwise_backward

_LAYERS = {
    identity: Identity,
    affine: Affine,
    relu: ReLU,
    leaky_relu: LeakyReLU,
    elu: ELU,
    selu: SELU,
    sigmoid: Sigmoid,
    tanh: Tanh,
    hard_sigmoid: HardSigmoid,
    softplus: Softplus,
    exponential: Exponential,
    silu: SiLU,
}
for _function, _layer in _LAYERS.items():
    vars(_function)["layer"] = _layer
    register_activation(_function.__name__, _layer)
register_activation("linear", Identity)
register_activation("swish", SiLU)
