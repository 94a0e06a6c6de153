"""GELU, the Gaussian error linear unit: y = x Phi(x).

x, y (...) of any shape, Phi and phi the distribution function and the density of the standard normal:

    exact    f = x Phi(x)                   f' = Phi + x phi                   f'' = phi (2 - x^2)
    tanh     f = x/2 (1 + tanh u)           f' = (1 + tanh u)/2 + x/2 u' sech^2 u
             u = c (x + 0.044715 x^3)       f'' = sech^2 u (u' - x u'^2 tanh u + x/2 u''),    c = sqrt(2/pi)

In float32, Phi(-a) = phi(a) / u for a = |x|, where u is a continued fraction like Laplace's (Abramowitz & Stegun 1964,
eq. 26.2.14), cut off after four levels and shifted, with coefficients fitted anew:

    u = a + p_4 + c_4 / (a + p_3 + c_3 / (a + p_2 + c_2 / (a + p_1)))

The largest error of Phi, 1e-8, is less than that of float32 itself, and one exponential serves Phi and phi. In float64
Phi is `scipy.special.erfc` (where SciPy is missing, a series and a continued fraction).

References: Hendrycks & Gimpel (2016), Gaussian error linear units, https://arxiv.org/abs/1606.08415.
"""

from math import pi, sqrt

import numpy as np

from .elementwise import Activation, elementwise, elementwise_backward, register_activation

__all__ = ["GELU", "gelu", "gelu_backward"]


class GELU(Activation):
    """f(x) = x Phi(x), with Phi the distribution function of the standard normal.

    Parameters
    ----------
    approximate : {"none", "tanh"} or bool, default="none"
        Whether to use the approximation.

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
            np.tanh(_tanh_argument(x, out), out=out)
            out += 1
            out *= 0.5
            out *= x
        elif x.dtype == np.float32:
            _value_and_grad_float32(x, out)
        else:
            _normal_cdf(x, out)
            out *= x

    def _grad(self, x, out):
        self._value_and_grad(x, np.empty_like(out), out)

    def _value_and_grad(self, x, out, slope):
        if self._is_tanh:
            u = _tanh_argument(x, np.empty_like(x))
            weight = (1 + np.tanh(u)) / 2
            np.multiply(weight, x, out=out)
            slope[...] = weight + x / 2 * _sech2(u) * _tanh_slope(x)
        elif x.dtype == np.float32:
            _value_and_grad_float32(x, out, slope)
        else:
            growth = _normal_pdf(x, np.empty_like(x))
            growth *= x
            growth += _normal_cdf(x, out)
            out *= x
            slope[...] = growth

    def _grad2(self, x, out):
        if self._is_tanh:
            u, du = _tanh_argument(x, np.empty_like(out)), _tanh_slope(x)
            d2u = 6 * 0.044715 * sqrt(2 / pi) * _bounded(x)
            out[...] = _sech2(u) * (du - x * np.tanh(u) * du * du + x / 2 * d2u)
        else:
            np.multiply(x, x, out=out)
            np.subtract(2, out, out=out)
            out *= _normal_pdf(x, np.empty_like(out))

    @property
    def _is_tanh(self):
        return self.approximate in ("tanh", True)


def gelu(x, approximate="none"):
    """Y = x Phi(x), as `GELU`."""
    return elementwise(GELU(approximate), x)


gelu_backward = elementwise_backward
vars(gelu)["layer"] = GELU
register_activation("gelu", GELU)


def _normal_pdf(x, out):
    """exp(-x^2 / 2) / sqrt(2 pi)."""
    with np.errstate(over="ignore", under="ignore"):  # far out it is 0
        np.multiply(x, x, out=out)
        out *= -0.5
        np.exp(out, out=out)
    out *= 1 / sqrt(2 * pi)
    return out


def _normal_cdf(x, out):
    """Phi(x) = (1 + erf(x / sqrt(2))) / 2."""
    try:
        from scipy.special import erfc
    except ImportError:  # a forward pass needs NumPy alone
        erfc = complementary_error_function
    out[...] = erfc(x * -sqrt(0.5))  # no cancellation where erf is near -1
    out *= 0.5
    return out


def _value_and_grad_float32(x, out, slope=None):
    """x Phi(x), and Phi(x) + x phi(x) into `slope` if asked; beyond 12.5: x and 1, or 0 and 0, to all digits."""
    a, near = np.abs(x), x
    if not a.max(initial=0) <= 12.5:
        near = np.clip(x, -12.5, 12.5)
        np.abs(near, out=a)
    cdf, pdf = _normal_float32(near, a)
    np.multiply(near, cdf, out=out)
    if near is not x:
        np.copyto(out, x, where=x > 12.5)
    if slope is not None:
        pdf *= near
        np.add(cdf, pdf, out=slope)


def _normal_float32(x, a):
    """Phi(x) and phi(x), where a = |x|: Phi(x) = 1/2 + sign(x) (1/2 - Phi(-a))."""
    u = a + INNERMOST
    for numerator, shift in FRACTION:
        np.divide(numerator, u, out=u)
        u += a
        if shift:
            u += shift
    pdf = x * -0.5
    pdf *= x
    np.exp(pdf, out=pdf)
    pdf *= 1 / sqrt(2 * pi)
    cdf = np.divide(pdf, u, out=u)
    np.subtract(0.5, cdf, out=cdf)
    signs = x.view(np.int32) & np.int32(-(2**31))
    np.bitwise_or(cdf.view(np.int32), signs, out=cdf.view(np.int32))  # a faster np.copysign, cdf being positive here
    cdf += 0.5
    return cdf, pdf


def complementary_error_function(x):
    """Erfc(x) in float64, where SciPy is not installed.

    The series of erf up to |x| = 2.5, the continued fraction of erfc beyond (Abramowitz & Stegun 1964, eqs. 7.1.6 and
    7.1.14); erfc(-x) = 2 - erfc(x).
    """
    z = np.abs(x)
    near = np.minimum(z, 2.5)
    term = total = near * (2 / sqrt(pi)) * np.exp(-near * near)
    for n in range(1, 60):
        term = term * (2 * near * near / (2 * n + 1))
        total = total + term
    far = np.clip(z, 2.5, 30.0)
    fraction = far
    for n in range(200, 0, -1):
        fraction = far + 0.5 * n / fraction
    tail = np.exp(-far * far) / (sqrt(pi) * fraction)
    value = np.where(z < 2.5, 1.0 - total, tail)
    return np.where(x < 0, 2.0 - value, value)


# p_1, and (c, p) of the next levels of u: they minimise the largest error of phi / u over 0 <= a <= 13
INNERMOST = 4.34421501
FRACTION = ((25.30338321, 0.0), (-14.18880548, 4.38145496), (1.60389473, -0.02655017))


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
