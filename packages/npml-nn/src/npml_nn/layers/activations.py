"""Activations: each an elementwise function f with f' and f'', as a layer and as a pair of functions.

x, y (...) of any shape. A layer writes f, f' and f'' into `out`; where it says ``from_output`` the derivatives are
written in terms of y = f(x), otherwise of x. Every formula is safe for any finite x: exponentials only of what is
below a bound, and nothing cancels. float32 stays float32.

References: Maas et al. (2013), Rectifier nonlinearities (LeakyReLU). Clevert et al. (2016), https://arxiv.org/abs/1511.07289
(ELU). Klambauer et al. (2017), https://arxiv.org/abs/1706.02515 (SELU). Hendrycks & Gimpel (2016),
https://arxiv.org/abs/1606.08415 (GELU, SiLU). Glorot et al. (2011), Deep sparse rectifier networks (ReLU, softplus).
"""

from math import pi, sqrt

import numpy as np

from .elementwise import Activation, elementwise, elementwise_backward, register_activation

__all__ = [
    "ELU",
    "GELU",
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
    "gelu",
    "gelu_backward",
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
        np.maximum(x, 0, out=out)

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
        np.minimum(x, 0, out=out)
        out *= self.negative_slope
        out += np.maximum(x, 0)

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
        out += np.maximum(x, 0)
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
        _sigmoid(x, out)

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
    """f(x) = log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)); f' = sigmoid(x) = 1 - exp(-y).

    Examples
    --------
    >>> from npml_nn import Softplus
    >>> Softplus()([-1e3, 0.0, 1e3]).tolist()
    [0.0, 0.6931471805599453, 1000.0]
    """

    from_output = True

    def _value(self, x, out):
        np.abs(x, out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        np.log1p(out, out=out)
        out += np.maximum(x, 0)

    def _grad(self, y, out):
        np.negative(y, out=out)
        np.expm1(out, out=out)
        np.negative(out, out=out)

    def _grad2(self, y, out):
        self._grad(y, out)
        out *= np.exp(-y)


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
        _sigmoid(x, out)
        out *= x

    def _grad(self, x, out):
        s = _sigmoid(x, np.empty_like(out))
        np.subtract(1, s, out=out)
        out *= x
        out += 1
        out *= s

    def _grad2(self, x, out):
        s = _sigmoid(x, np.empty_like(out))
        np.multiply(x, 1 - 2 * s, out=out)
        out += 2
        out *= s
        out *= 1 - s


class GELU(Activation):
    r"""f(x) = x Phi(x), with Phi the distribution function of the standard normal.

    With phi its density: f' = Phi + x phi, f'' = phi (2 - x^2). The approximation is
    f(x) = x/2 (1 + tanh u), u = sqrt(2/pi) (x + 0.044715 x^3).

    Parameters
    ----------
    approximate : {"none", "tanh"} or bool, default="none"
        Whether to use the approximation.

    Notes
    -----
    In float32, Phi comes from erf(x / sqrt(2)) = tanh(x p(x^2)) with a polynomial p of degree 6, whose error (6e-8) is
    that of float32 itself; in float64 from `scipy.special.erf`.

    Examples
    --------
    >>> from npml_nn import GELU
    >>> GELU()([-1.0, 2.0]).round(3)
    array([-0.159,  1.954])
    >>> GELU(approximate="tanh")([-1.0, 2.0]).round(3)
    array([-0.159,  1.955])
    """

    def __init__(self, approximate: str | bool = "none"):
        if approximate not in ("none", "tanh", False, True):
            raise ValueError(f'approximate must be "none" or "tanh", got {approximate!r}')
        self.approximate = approximate

    def _value(self, x, out):
        if self._is_tanh:
            _tanh_argument(x, out)
            np.tanh(out, out=out)
            out += 1
            out *= 0.5
        else:
            _normal_cdf(x, out)
        out *= x

    def _grad(self, x, out):
        if self._is_tanh:
            u, du = _tanh_argument(x, np.empty_like(out)), _tanh_slope(x)
            out[...] = (1 + np.tanh(u)) / 2 + x / 2 * _sech2(u) * du
        else:
            _normal_cdf(x, out)
            out += x * _normal_pdf(x)

    def _grad2(self, x, out):
        if self._is_tanh:
            u, du = _tanh_argument(x, np.empty_like(out)), _tanh_slope(x)
            d2u = 6 * 0.044715 * sqrt(2 / pi) * _bounded(x)
            out[...] = _sech2(u) * (du - x * np.tanh(u) * du * du + x / 2 * d2u)
        else:
            np.multiply(x, x, out=out)
            np.subtract(2, out, out=out)
            out *= _normal_pdf(x)

    @property
    def _is_tanh(self):
        return self.approximate in ("tanh", True)


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


def gelu(x, approximate="none"):
    """Y = x Phi(x), as `GELU`."""
    return elementwise(GELU(approximate), x)


# Every activation has the same backward pass; the names make each a pair like the others.
identity_backward = affine_backward = relu_backward = leaky_relu_backward = elu_backward = elementwise_backward
selu_backward = sigmoid_backward = tanh_backward = hard_sigmoid_backward = elementwise_backward
softplus_backward = exponential_backward = silu_backward = gelu_backward = elementwise_backward

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
    gelu: GELU,
}
for _function, _layer in _LAYERS.items():
    _function.layer = _layer
    register_activation(_function.__name__, _layer)
register_activation("linear", Identity)
register_activation("swish", SiLU)


def _sigmoid(x, out):
    """1 / (1 + exp(-x)); where exp(-x) overflows to inf, that is 0 as it should be."""
    np.negative(x, out=out)
    with np.errstate(over="ignore"):
        np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)


def _normal_pdf(x):
    """exp(-x^2 / 2) / sqrt(2 pi)."""
    return np.exp(x * x * -0.5) * (1 / sqrt(2 * pi))


def _normal_cdf(x, out):
    """Phi(x) = (1 + erf(x / sqrt(2))) / 2."""
    if x.dtype == np.float32:
        square = np.minimum(x * x, 40)  # beyond, erf is 1 in float32
        out.fill(ERF_POLYNOMIAL[-1])
        for coefficient in ERF_POLYNOMIAL[-2::-1]:
            out *= square
            out += coefficient
        out *= x
        np.tanh(out, out=out)
        out += 1
    else:
        from scipy.special import erfc

        erfc(x * -sqrt(0.5), out=out)  # no cancellation where erf is near -1
    out *= 0.5


# p of erf(x / sqrt(2)) = tanh(x p(x^2)): the polynomial that minimises the largest error over |x| <= 6
ERF_POLYNOMIAL = (
    0.7978849414899034,
    0.03633308440866942,
    -3.259474462166341e-05,
    -5.5306316685119773e-05,
    3.964773125418563e-06,
    -1.3226627577167258e-07,
    1.7562773255806513e-09,
)


def _bounded(x):
    """Beyond 20 the tanh of GELU is 1 and its derivatives 0: a bound keeps their polynomials from overflowing."""
    return np.clip(x, -20, 20)


def _tanh_argument(x, out):
    """U = sqrt(2 / pi) (x + 0.044715 x^3)."""
    x = _bounded(x)
    np.multiply(x, x, out=out)
    out *= 0.044715
    out += 1
    out *= x
    out *= sqrt(2 / pi)
    return out


def _sech2(u):
    """1 - tanh(u)^2 = 4 e / (1 + e)^2 with e = exp(-2 |u|): nothing cancels."""
    e = np.exp(-2 * np.abs(u))
    return 4 * e / np.square(1 + e)


def _tanh_slope(x):
    """du/dx = sqrt(2 / pi) (1 + 3 0.044715 x^2)."""
    x = _bounded(x)
    return (x * x * (3 * 0.044715) + 1) * sqrt(2 / pi)
