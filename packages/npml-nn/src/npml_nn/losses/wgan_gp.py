"""The losses of a Wasserstein GAN with gradient penalty, the penalty by explicit double backpropagation.

D the critic, one score a sample; x_n real and f_n generated samples (N, ...); e_n uniform in 0..1, and
z_n = e_n x_n + (1 - e_n) f_n between them. With the norm taken over all axes but the first

    critic       L = 1/N sum_n [ D(f_n) - D(x_n) + lambda (|g_n| - 1)^2 ],     g = d(sum_n D(z_n)) / dz
    generator    L = -1/N sum_n D(f_n)

The penalty depends on the weights through an input gradient. Its derivative by g, v_n = 2 lambda / N (|g_n| - 1) g_n /
|g_n| (0 where g_n = 0), goes forwards through the critic as the cotangent of g, and a second backward pass follows; see
"Second derivatives" in `npml_nn.layers.base`. x, f and z go through the critic in three forward passes, in this order,
which is what batch statistics see. A call costs about four forward and backward passes.

References: Gulrajani et al. (2017), Improved training of Wasserstein GANs, https://arxiv.org/abs/1704.00028, eq. 3 and
algorithm 1. Arjovsky, Chintala & Bottou (2017), Wasserstein GAN, https://arxiv.org/abs/1701.07875.
"""

from contextlib import contextmanager

import numpy as np

from npml_core import check_random_state

from ..layers.parameters import as_float
from ..schedules import check_rate
from .base import Loss

__all__ = ["WGANGPLoss"]


class WGANGPLoss(Loss):
    """Wasserstein losses of critic and generator, with the gradient penalty.

    Parameters
    ----------
    lambda_ : float, default=10.0
        Weight of the penalty.
    random_state : None, int, Generator or RandomState
        Draws the places between real and generated samples.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Dense, Sequential, WGANGPLoss
    >>> critic = Sequential(Dense(2, 8, "tanh", random_state=0), Dense(8, 1, random_state=1))
    >>> rng = np.random.default_rng(0)
    >>> real, fake = rng.normal(size=(16, 2)), rng.normal(size=(16, 2))
    >>> loss = WGANGPLoss(random_state=0)
    >>> value = loss(critic, real, fake)  # adds to critic.grads
    >>> bool(np.abs(critic.grads["0.W"]).min() > 0)
    True
    >>> value, d_fake = loss.generator(critic, fake)
    >>> d_fake.shape
    (16, 2)
    """

    def __init__(self, lambda_: float = 10.0, random_state=None):
        self.lambda_, self.rng = check_rate("lambda_", lambda_), check_random_state(random_state)

    def __call__(self, critic, real, fake):
        """Return the critic's loss and add its gradients to ``critic.grads``.

        Parameters
        ----------
        critic : Layer
            In training mode; gives one score a sample, (N,) or (N, 1).
        real, fake : array-like (N, ...)

        Returns
        -------
        float
        """
        real, fake = as_float(real, "real"), as_float(fake, "fake")
        if real.shape != fake.shape or real.ndim == 0 or len(real) == 0:
            raise ValueError(f"real and fake must be of one shape (N, ...), got {real.shape} and {fake.shape}")
        share = self.rng.random(len(real)).astype(real.dtype).reshape(-1, *[1] * (real.ndim - 1))
        between = share * real + (1 - share) * fake
        value = _pull(critic, real, -1) + _pull(critic, fake, 1)
        return value + self._penalise(critic, between) if self.lambda_ else value

    def generator(self, critic, fake):
        """Return the generator's loss and its gradient by the samples; ``critic.grads`` stay as they are.

        Parameters
        ----------
        critic : Layer
            In training mode.
        fake : array-like (N, ...)

        Returns
        -------
        value : float
        d_fake : ndarray (N, ...)
        """
        with _frozen(critic):
            scores = _scores(critic, fake)
            d_fake = critic.backward(np.full_like(scores, -1 / len(scores)))
        return -_mean(scores), d_fake

    def _penalise(self, critic, z):
        """P = lambda / N sum (|g| - 1)^2, in the five steps of `npml_nn.layers.base`."""
        scores = _scores(critic, z)
        with critic.recording():
            g = critic.backward(np.ones_like(scores))
        norm = np.sqrt(np.square(g).sum(axis=tuple(range(1, g.ndim)), keepdims=True))
        direction = g / np.where(norm > 0, norm, 1)
        critic.double_backward(direction * (norm - 1) * (2 * self.lambda_ / len(g)))
        critic.backward(np.zeros_like(scores))
        return self.lambda_ * _mean(np.square(norm - 1))


def _pull(critic, x, sign):
    """The mean score times `sign`, its gradients added."""
    scores = _scores(critic, x)
    critic.backward(np.full_like(scores, sign / len(scores)))
    return sign * _mean(scores)


def _scores(critic, x):
    scores = critic.forward(x)
    if scores.size != len(x) or len(scores) != len(x):
        raise ValueError(f"critic must give one score for each of {len(x)} samples, got shape {scores.shape}")
    return scores


def _mean(scores):
    return float(scores.sum(dtype=np.float64)) / len(scores)


@contextmanager
def _frozen(critic):
    """Gradients pass, none are added; each layer is then frozen or not as it was."""
    before = [(layer, layer.frozen) for _, layer in critic.walk()]
    critic.freeze()
    try:
        yield
    finally:
        for layer, frozen in before:
            layer.frozen = frozen
