"""Covariance functions of Gaussian processes, with their gradients.

Notation: rows x of X (n, D) and y of Y (m, D); l is a length scale (one, or one a feature), r = |(x - y) / l|.

    ConstantKernel    c
    WhiteKernel       v [x and y are the same sample]
    RBF               exp(-r^2 / 2)
    Matern, nu=1/2    exp(-r)
            nu=3/2    (1 + sqrt(3) r) exp(-sqrt(3) r)
            nu=5/2    (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r)
            other     2^(1 - nu) / Gamma(nu) (sqrt(2 nu) r)^nu K_nu(sqrt(2 nu) r)
    k1 + k2, k1 * k2  sums and products (a number stands for a ConstantKernel)

A kernel is a set of hyper-parameters; ``theta`` is the vector of the logarithms of those that are not "fixed", and
gradients are with respect to it. (The kernels without state, as functions, are in npml-core.)

References
----------
Rasmussen & Williams (2006), "Gaussian Processes for Machine Learning", section 4.2: eqs. 4.9, 4.14, 4.17.
"""

from numbers import Real

import numpy as np

from npml_core import BaseEstimator, check_array, clone, pairwise_distances

__all__ = ["RBF", "ConstantKernel", "Kernel", "Matern", "Product", "Sum", "WhiteKernel"]


class Kernel(BaseEstimator):
    """Base of all kernels.

    A subclass gives ``_evaluate(X, Y, gradient)`` and names its hyper-parameters in ``_names``; their bounds are its
    parameters ``<name>_bounds``.
    """

    _names: tuple = ()

    def __call__(self, X, Y=None, eval_gradient=False):
        """Covariances of all pairs of rows.

        Parameters
        ----------
        X : array-like (n, D)
            Samples.
        Y : array-like (m, D), optional
            Others; None is X itself.
        eval_gradient : bool, default=False
            Whether to return the gradient too (only where Y is None).

        Returns
        -------
        K : ndarray (n, m)
        gradient : ndarray (n, n, n_theta)
            d K / d theta; only if `eval_gradient`.
        """
        X = check_array(X, dtype=np.float64)
        if eval_gradient and Y is not None:
            raise ValueError("eval_gradient needs Y to be None")
        Y = None if Y is None else check_array(Y, name="Y", dtype=np.float64)
        K, gradients = self._evaluate(X, Y, eval_gradient)
        if not eval_gradient:
            return K
        return K, np.stack(gradients, axis=2) if gradients else np.empty((*K.shape, 0))

    def diag(self, X):
        """Variances k(x, x).

        Parameters
        ----------
        X : array-like (n, D)
            Samples.

        Returns
        -------
        ndarray (n,)
        """
        return np.ones(len(X))

    @property
    def theta(self):
        """Logarithms of the hyper-parameters that are not fixed (n_theta,)."""
        free = [np.atleast_1d(np.asarray(getattr(self, name), dtype=np.float64)) for name in self._free()]
        return np.log(np.concatenate(free)) if free else np.empty(0)

    @theta.setter
    def theta(self, theta):
        values, start = np.exp(theta), 0
        for name in self._free():
            size = np.size(getattr(self, name))
            part = values[start : start + size]
            setattr(self, name, part.copy() if np.ndim(getattr(self, name)) else float(part[0]))
            start += size

    @property
    def bounds(self):
        """Logarithms of the bounds (n_theta, 2)."""
        rows = [
            np.broadcast_to(
                np.asarray(getattr(self, f"{name}_bounds"), dtype=np.float64), (np.size(getattr(self, name)), 2)
            )
            for name in self._free()
        ]
        return np.log(np.concatenate(rows)) if rows else np.empty((0, 2))

    def _free(self):
        return [name for name in self._names if not _is_fixed(getattr(self, f"{name}_bounds"))]

    def _check(self):
        for name in self._names:
            value = np.asarray(getattr(self, name))
            if value.dtype.kind not in "iuf" or not (np.isfinite(value) & (value > 0)).all():
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}")
            bounds = getattr(self, f"{name}_bounds")
            if _is_fixed(bounds):
                continue
            limits = np.asarray(bounds, dtype=np.float64)
            if limits.shape[-1:] != (2,) or not (limits > 0).all() or not (limits[..., 0] <= limits[..., 1]).all():
                raise ValueError(f"{name}_bounds must be 'fixed' or a pair of positive numbers, got {bounds!r}")

    def __add__(self, other):
        return Sum(self, _as_kernel(other))

    def __radd__(self, other):
        return Sum(_as_kernel(other), self)

    def __mul__(self, other):
        return Product(self, _as_kernel(other))

    def __rmul__(self, other):
        return Product(_as_kernel(other), self)

    def __eq__(self, other):
        return type(self) is type(other) and repr(self) == repr(other)


class ConstantKernel(Kernel):
    """The same covariance for all pairs.

    Parameters
    ----------
    constant_value : float, default=1.0
        c.
    constant_value_bounds : pair or "fixed", default=(1e-5, 1e5)
        Its range.

    Examples
    --------
    >>> from npml_classical.kernels import ConstantKernel
    >>> ConstantKernel(2.0)([[0.0], [1.0]])
    array([[2., 2.],
           [2., 2.]])
    """

    _names = ("constant_value",)

    def __init__(self, constant_value=1.0, constant_value_bounds=(1e-5, 1e5)):
        self.constant_value = constant_value
        self.constant_value_bounds = constant_value_bounds

    def diag(self, X):
        """Variances c (n,)."""
        return np.full(len(X), float(self.constant_value))

    def _evaluate(self, X, Y, gradient):
        K = np.full((len(X), len(X if Y is None else Y)), float(self.constant_value))
        return K, [K] * len(self._free())


class WhiteKernel(Kernel):
    """Independent noise: v on the diagonal, nothing between different samples.

    Parameters
    ----------
    noise_level : float, default=1.0
        v.
    noise_level_bounds : pair or "fixed", default=(1e-5, 1e5)
        Its range.

    Examples
    --------
    >>> from npml_classical.kernels import WhiteKernel
    >>> WhiteKernel(0.5)([[0.0], [1.0]])
    array([[0.5, 0. ],
           [0. , 0.5]])
    """

    _names = ("noise_level",)

    def __init__(self, noise_level=1.0, noise_level_bounds=(1e-5, 1e5)):
        self.noise_level = noise_level
        self.noise_level_bounds = noise_level_bounds

    def diag(self, X):
        """Variances v (n,)."""
        return np.full(len(X), float(self.noise_level))

    def _evaluate(self, X, Y, gradient):
        K = np.zeros((len(X), len(Y))) if Y is not None else self.noise_level * np.eye(len(X))
        return K, [K] * len(self._free())


class RBF(Kernel):
    """Squared exponential: smooth functions.

    Parameters
    ----------
    length_scale : float or array-like (D,), default=1.0
        l.
    length_scale_bounds : pair or "fixed", default=(1e-5, 1e5)
        Its range.

    Examples
    --------
    >>> from npml_classical.kernels import RBF
    >>> RBF(2.0)([[0.0], [2.0]]).round(4)
    array([[1.    , 0.6065],
           [0.6065, 1.    ]])
    """

    _names = ("length_scale",)

    def __init__(self, length_scale=1.0, length_scale_bounds=(1e-5, 1e5)):
        self.length_scale = length_scale
        self.length_scale_bounds = length_scale_bounds

    def _evaluate(self, X, Y, gradient):
        X, Y = _scale(X, Y, self.length_scale)
        squared = pairwise_distances(X, Y, metric="sqeuclidean")
        K = np.exp(-0.5 * squared)
        if not gradient or not self._free():
            return K, []
        # d K / d log l_j = K r_j^2
        return K, [K * part for part in _squares_by_scale(X, squared, self.length_scale)]


class Matern(Kernel):
    """Rougher functions than `RBF`: nu - 1/2 times differentiable.

    Parameters
    ----------
    length_scale : float or array-like (D,), default=1.0
        l.
    length_scale_bounds : pair or "fixed", default=(1e-5, 1e5)
        Its range.
    nu : float, default=1.5
        Smoothness; inf is the RBF kernel. Values other than 0.5, 1.5, 2.5 and inf need SciPy.

    Examples
    --------
    >>> from npml_classical.kernels import Matern
    >>> Matern(nu=0.5)([[0.0], [1.0]]).round(4)
    array([[1.    , 0.3679],
           [0.3679, 1.    ]])
    """

    _names = ("length_scale",)

    def __init__(self, length_scale=1.0, length_scale_bounds=(1e-5, 1e5), nu=1.5):
        self.length_scale = length_scale
        self.length_scale_bounds = length_scale_bounds
        self.nu = nu

    def _check(self):
        super()._check()
        if isinstance(self.nu, bool) or not isinstance(self.nu, Real) or not self.nu > 0:
            raise ValueError(f"nu must be a positive number, got {self.nu!r}")

    def _evaluate(self, X, Y, gradient):
        X, Y = _scale(X, Y, self.length_scale)
        squared = pairwise_distances(X, Y, metric="sqeuclidean")
        r = np.sqrt(squared)
        K = self._profile(r)
        if not gradient or not self._free():
            return K, []
        # d K / d log l_j = -(k'(r) / r) r_j^2
        slope = self._slope(r)
        return K, [slope * part for part in _squares_by_scale(X, squared, self.length_scale)]

    def _profile(self, r):
        """k(r)."""
        if self.nu == np.inf:
            return np.exp(-0.5 * r * r)
        if self.nu == 0.5:
            return np.exp(-r)
        if self.nu == 1.5:
            s = np.sqrt(3.0) * r
            return (1.0 + s) * np.exp(-s)
        if self.nu == 2.5:
            s = np.sqrt(5.0) * r
            return (1.0 + s + s * s / 3.0) * np.exp(-s)
        from scipy.special import gamma, kv

        s = np.sqrt(2.0 * self.nu) * r
        safe = np.where(s > 0, s, 1.0)
        return np.where(s > 0, 2.0 ** (1.0 - self.nu) / gamma(self.nu) * safe**self.nu * kv(self.nu, safe), 1.0)

    def _slope(self, r):
        """-k'(r) / r, and 0 for r = 0 where it multiplies 0."""
        if self.nu == np.inf:
            return np.exp(-0.5 * r * r)
        if self.nu == 0.5:
            return np.where(r > 0, np.exp(-r) / np.where(r > 0, r, 1.0), 0.0)
        if self.nu == 1.5:
            return 3.0 * np.exp(-np.sqrt(3.0) * r)
        if self.nu == 2.5:
            s = np.sqrt(5.0) * r
            return 5.0 / 3.0 * (1.0 + s) * np.exp(-s)
        from scipy.special import gamma, kv

        # d/ds (s^nu K_nu(s)) = -s^nu K_{nu-1}(s)
        s = np.sqrt(2.0 * self.nu) * r
        safe = np.where(s > 0, s, 1.0)
        slope = 2.0 ** (1.0 - self.nu) / gamma(self.nu) * safe**self.nu * kv(self.nu - 1.0, safe) * 2.0 * self.nu / safe
        return np.where(s > 0, slope, 0.0)


class _Pair(Kernel):
    """Two kernels joined."""

    def __init__(self, k1, k2):
        self.k1 = k1
        self.k2 = k2

    @property
    def theta(self):
        """Both thetas, one after the other."""
        return np.concatenate([self.k1.theta, self.k2.theta])

    @theta.setter
    def theta(self, theta):
        n = len(self.k1.theta)
        self.k1.theta, self.k2.theta = theta[:n], theta[n:]

    @property
    def bounds(self):
        """Both bounds, one after the other."""
        return np.concatenate([self.k1.bounds, self.k2.bounds])

    def _check(self):
        for kernel in (self.k1, self.k2):
            if not isinstance(kernel, Kernel):
                raise TypeError(f"a sum or product of kernels is made of kernels, got {kernel!r}")
            kernel._check()


class Sum(_Pair):
    """k1 + k2.

    Parameters
    ----------
    k1, k2 : Kernel
        What is added.

    Examples
    --------
    >>> from npml_classical.kernels import RBF, WhiteKernel
    >>> RBF() + WhiteKernel(0.1)
    Sum(k1=RBF(), k2=WhiteKernel(noise_level=0.1))
    """

    def diag(self, X):
        """Variances (n,)."""
        return self.k1.diag(X) + self.k2.diag(X)

    def _evaluate(self, X, Y, gradient):
        (K1, g1), (K2, g2) = self.k1._evaluate(X, Y, gradient), self.k2._evaluate(X, Y, gradient)
        return K1 + K2, [*g1, *g2]


class Product(_Pair):
    """k1 * k2.

    Parameters
    ----------
    k1, k2 : Kernel
        What is multiplied.

    Examples
    --------
    >>> from npml_classical.kernels import RBF
    >>> 2.0 * RBF()
    Product(k1=ConstantKernel(constant_value=2.0), k2=RBF())
    """

    def diag(self, X):
        """Variances (n,)."""
        return self.k1.diag(X) * self.k2.diag(X)

    def _evaluate(self, X, Y, gradient):
        (K1, g1), (K2, g2) = self.k1._evaluate(X, Y, gradient), self.k2._evaluate(X, Y, gradient)
        return K1 * K2, [*(g * K2 for g in g1), *(K1 * g for g in g2)]


def copy_kernel(kernel):
    """A kernel of its own, with valid hyper-parameters."""
    if not isinstance(kernel, Kernel):
        raise TypeError(f"kernel must be a Kernel (RBF, Matern, ...) or None, got {kernel!r}")
    kernel._check()
    return clone(kernel)


def _as_kernel(value):
    if isinstance(value, Kernel):
        return value
    if isinstance(value, Real) and not isinstance(value, bool):
        return ConstantKernel(float(value))
    raise TypeError(f"kernels combine with kernels and numbers, got {value!r}")


def _is_fixed(bounds):
    return isinstance(bounds, str) and bounds == "fixed"


def _scale(X, Y, length_scale):
    scale = np.asarray(length_scale, dtype=np.float64)
    if scale.ndim > 1 or scale.size not in (1, X.shape[1]):
        raise ValueError(f"length_scale must be a number or {X.shape[1]} of them, got shape {scale.shape}")
    return X / scale, None if Y is None else Y / scale


def _squares_by_scale(X, squared, length_scale):
    """r_j^2 for each of the length scales (r^2 itself for a single one)."""
    if np.size(length_scale) == 1:
        return [squared]
    return [(column[:, None] - column) ** 2 for column in X.T]
