"""Optimizers whose step is scaled for each weight by the size of its gradients: AdaGrad, RMSProp, Adam, AdamW.

w a parameter, g its gradient, t = 1, 2, ... the step, lr(t) the learning rate; products and roots are elementwise.

    AdaGrad   s <- s + g^2                                           w <- w - lr g / (sqrt(s) + eps)
    RMSProp   v <- a v + (1 - a) g^2                                 w <- w - lr g / (sqrt(v) + eps)
    Adam      m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2     w <- w - lr m^ / (sqrt(v^) + eps)
              with m^ = m / (1 - b1^t),   v^ = v / (1 - b2^t)
    AdamW     w <- (1 - lr c) w, then as Adam

RMSProp centered has sqrt(v - h^2) for sqrt(v), where h <- a h + (1 - a) g is the mean gradient; with momentum u it
steps along r <- u r + g / (sqrt(v) + eps). All but AdamW turn weight decay c into a part of the gradient: g + c w.

Adam keeps M = m / (1 - b1) and V = v / (1 - b2), which are plain decaying sums, M <- b1 M + g and V <- b2 V + g^2, and
puts all other factors into two numbers A and E, which saves a third of the passes over memory:

    w <- w - A M / (sqrt(V) + E),   E = eps sqrt((1 - b2^t) / (1 - b2)),   A = lr (1 - b1) / (1 - b1^t) E / eps

Where a gradient has always been 0 the step is 0, with eps = 0 too.

References: Duchi, Hazan & Singer (2011), Adaptive subgradient methods, JMLR 12, figure 1. Hinton, Srivastava & Swersky
(2012), Neural networks for machine learning, lecture 6e (RMSProp). Graves (2013), https://arxiv.org/abs/1308.0850, eqs.
38-41 (centered). Kingma & Ba (2015), Adam, https://arxiv.org/abs/1412.6980, algorithm 1. Loshchilov & Hutter (2019),
Decoupled weight decay regularization, https://arxiv.org/abs/1711.05101, algorithm 2.
"""

from math import sqrt

import numpy as np

from .optimizers import Optimizer
from .schedules import check_rate

__all__ = ["AdaGrad", "Adam", "AdamW", "RMSProp"]


class AdaGrad(Optimizer):
    """Steps shrink with the root of the sum of all squared gradients.

    Parameters
    ----------
    parameters : list of Parameter
        ``model.parameters()``.
    lr : float or schedule, default=0.01
        Learning rate.
    weight_decay : float, default=0.0
        Adds weight_decay times the weight to its gradient.
    eps : float, default=1e-10
        Added to the root.
    clip_norm : float or None, default=None
        Largest norm of all gradients together.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import AdaGrad, Parameter
    >>> w = Parameter("w", np.zeros(2), np.array([1.0, 100.0]))
    >>> AdaGrad([w], lr=0.1).step()
    >>> w.value.round(6)
    array([-0.1, -0.1])
    """

    slots = ("total",)

    def __init__(self, parameters, lr=0.01, weight_decay: float = 0.0, eps: float = 1e-10, clip_norm=None):
        self.eps = check_rate("eps", eps)
        super().__init__(parameters, lr, clip_norm, weight_decay)

    def _update(self, w, g, lr, t, total):
        step = np.square(g)
        total += step
        _root(total, self.eps, out=step)
        np.divide(g, step, out=step)
        step *= lr
        w -= step


class RMSProp(Optimizer):
    """Steps are divided by the root of a running mean of squared gradients.

    Parameters
    ----------
    parameters : list of Parameter
        ``model.parameters()``.
    lr : float or schedule, default=0.01
        Learning rate.
    alpha : float, default=0.99
        Share of the running mean that is kept.
    eps : float, default=1e-8
        Added to the root.
    weight_decay : float, default=0.0
        Adds weight_decay times the weight to its gradient.
    momentum : float, default=0.0
        Share of the last step that is taken again.
    centered : bool, default=False
        Whether to divide by the standard deviation of the gradients instead.
    clip_norm : float or None, default=None
        Largest norm of all gradients together.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Parameter, RMSProp
    >>> w = Parameter("w", np.zeros(2), np.array([1.0, 100.0]))
    >>> RMSProp([w], lr=0.1, alpha=0.75).step()
    >>> w.value.round(6)
    array([-0.2, -0.2])
    """

    def __init__(
        self,
        parameters,
        lr=0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        clip_norm=None,
    ):
        self.alpha, self.eps, self.centered = _check_share("alpha", alpha), check_rate("eps", eps), centered
        self.momentum = check_rate("momentum", momentum)
        self.slots = ("square", *(["mean"] if centered else []), *(["velocity"] if momentum > 0 else []))
        super().__init__(parameters, lr, clip_norm, weight_decay)

    def _update(self, w, g, lr, t, square, mean=None, velocity=None):
        step = np.square(g)
        _towards(square, step, self.alpha)
        if mean is None:
            _root(square, self.eps, out=step)
        else:
            _towards(mean, np.array(g), self.alpha)
            np.square(mean, out=step)
            np.subtract(square, step, out=step)
            np.maximum(step, 0, out=step)  # a variance, whatever rounding did
            _root(step, self.eps, out=step)
        np.divide(g, step, out=step)
        if velocity is not None:
            velocity *= self.momentum
            velocity += step
            step = velocity
        w -= lr * step


class Adam(Optimizer):
    """Running means of the gradient and of its square, both freed of the bias of their start.

    Parameters
    ----------
    parameters : list of Parameter
        ``model.parameters()``.
    lr : float or schedule, default=0.001
        Learning rate.
    betas : (float, float), default=(0.9, 0.999)
        Shares of the two running means that are kept.
    eps : float, default=1e-8
        Added to the root.
    weight_decay : float, default=0.0
        Adds weight_decay times the weight to its gradient.
    clip_norm : float or None, default=None
        Largest norm of all gradients together.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Adam, Parameter
    >>> w = Parameter("w", np.zeros(2), np.array([1.0, 100.0]))
    >>> Adam([w], lr=0.1).step()
    >>> w.value.round(6)
    array([-0.1, -0.1])
    """

    slots = ("mean", "square")

    def __init__(
        self, parameters, lr=0.001, betas=(0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.0, clip_norm=None
    ):
        self.betas, self.eps = _check_betas(betas), check_rate("eps", eps)
        super().__init__(parameters, lr, clip_norm, weight_decay)

    def _update(self, w, g, lr, t, mean, square):
        b1, b2 = self.betas
        root = sqrt((1 - b2**t) / (1 - b2))  # Python floats: NumPy's scalars would turn float32 into float64
        mean *= b1
        mean += g
        step = np.square(g)
        square *= b2
        square += step
        _root(square, self.eps * root, out=step)
        np.divide(mean, step, out=step)
        step *= lr * root * (1 - b1) / (1 - b1**t)
        w -= step


class AdamW(Adam):
    """Adam with weight decay of its own, apart from the gradient.

    Parameters
    ----------
    parameters : list of Parameter
        ``model.parameters()``.
    lr : float or schedule, default=0.001
        Learning rate.
    betas : (float, float), default=(0.9, 0.999)
        Shares of the two running means that are kept.
    eps : float, default=1e-8
        Added to the root.
    weight_decay : float, default=0.01
        Each step takes lr times weight_decay of every weight away.
    clip_norm : float or None, default=None
        Largest norm of all gradients together.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import AdamW, Parameter
    >>> w = Parameter("w", np.ones(2), np.array([0.0, 100.0]))
    >>> AdamW([w], lr=0.1, weight_decay=0.5).step()
    >>> w.value.round(6)
    array([0.95, 0.85])
    """

    decoupled = True

    def __init__(
        self, parameters, lr=0.001, betas=(0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.01, clip_norm=None
    ):
        super().__init__(parameters, lr, betas, eps, weight_decay, clip_norm)


def _root(squares, eps, out):
    """sqrt(squares) + eps, never 0, so that 0 / 0 is 0."""
    np.sqrt(squares, out=out)
    out += max(eps, float(np.finfo(out.dtype).tiny))


def _towards(mean, new, share):
    """mean <- share mean + (1 - share) new, in place; `new` is used up."""
    mean *= share
    new *= 1 - share
    mean += new


def _check_share(name, value):
    if check_rate(name, value) >= 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value!r}")
    return float(value)


def _check_betas(betas):
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise ValueError(f"betas must be two numbers, got {betas!r}")
    return tuple(_check_share("betas", beta) for beta in betas)
