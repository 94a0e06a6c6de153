"""WGANGP: a generator of vectors, trained against a critic with the Wasserstein loss and gradient penalty.

x (N, D) data, z (N, L) from N(0, I), f = G(z) (N, D), D(x) (N,) the critic's scores. Both are dense networks with three
hidden layers; the losses, and the penalty's second derivatives, are those of `losses/wgan_gp.py`:

    repeat   n_critic times   critic descends   mean D(f) - mean D(x) + lambda mean (|grad D(between)| - 1)^2
             once             generator descends   -mean D(G(z))

with Adam, b1 = 0.5 (the target of each moves: a long memory would carry on what no longer holds), b2 = 0.9. The
learning rate falls to 0 along a cosine, which lets the two come to rest.

Data are centred and divided by one scale, the root mean square over all features, so that the unit slope that the
penalty asks for, and the learning rate, fit data of any units; samples go the way back.

Differences from the paper: the falling learning rate, and the scaling.

References: Gulrajani et al. (2017), Improved training of Wasserstein GANs, https://arxiv.org/abs/1704.00028,
algorithm 1 and section 4.
"""

from itertools import pairwise
from math import ceil

import numpy as np

from npml_core import NotFittedError, Storable, check_array, check_random_state, progress

from ..adaptive_optimizers import Adam
from ..layers.containers import Sequential
from ..layers.dense import Dense
from ..layers.parameters import check_sizes, float_dtype
from ..losses.wgan_gp import WGANGPLoss
from ..schedules import CosineWarmup, check_rate

__all__ = ["WGANGP"]


class WGANGP(Storable):
    """Wasserstein generative adversarial network with gradient penalty, for rows of numbers.

    Parameters
    ----------
    n_features : int
        Columns of the data.
    n_latent : int, default=8
        Numbers that a sample is made from.
    n_hidden : int, default=64
        Units of each of the hidden layers, three in generator and critic.
    n_critic : int, default=5
        Steps of the critic for each of the generator.
    lr : float, default=0.003
        Learning rate at the start.
    epochs : int, default=100
        In each, the generator makes as many rows as there are in the data, and the critic sees the data n_critic times.
    batch_size : int, default=128
        Rows of one step.
    lambda_ : float, default=1.0
        Weight of the gradient penalty. The paper has 10 for images and 0.1 for points of the plane: with less, the
        critic bends more sharply around narrow clusters.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights, and all that `fit` and `sample` draw.

    Attributes
    ----------
    generator, critic : Sequential
        The two networks, in the scaled units.
    history : dict
        For each epoch ``"critic"``, the critic's loss (about minus the distance of data and samples), and
        ``"generator"``, the generator's.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import WGANGP
    >>> rng = np.random.default_rng(0)
    >>> X = rng.choice([-5.0, 5.0], size=(512, 1)) + 0.1 * rng.normal(size=(512, 1))  # two clusters
    >>> model = WGANGP(1, n_latent=2, n_hidden=16, n_critic=2, epochs=5, batch_size=32, random_state=0).fit(X)
    >>> new = model.sample(1000)
    >>> new.shape
    (1000, 1)
    >>> len(model.history["critic"])
    5
    """

    def __init__(
        self,
        n_features: int,
        n_latent: int = 8,
        n_hidden: int = 64,
        n_critic: int = 5,
        lr: float = 3e-3,
        epochs: int = 100,
        batch_size: int = 128,
        lambda_: float = 1.0,
        dtype=np.float32,
        random_state=None,
    ):
        check_sizes(n_features=n_features, n_latent=n_latent, n_hidden=n_hidden, n_critic=n_critic)
        check_sizes(epochs=epochs, batch_size=batch_size)
        self.n_features, self.n_latent, self.n_hidden, self.n_critic = n_features, n_latent, n_hidden, n_critic
        self.lr, self.lambda_ = check_rate("lr", lr), check_rate("lambda_", lambda_)
        self.epochs, self.batch_size, self.dtype = epochs, batch_size, float_dtype(dtype)
        self.rng = check_random_state(random_state)
        self.generator, self.critic = self._networks()
        self.center = self.scale = None
        self.history: dict[str, list[float]] = {"critic": [], "generator": []}

    def fit(self, X, verbose=0):
        """Train on X from new weights. Returns the model.

        Parameters
        ----------
        X : array-like (N, n_features)
        verbose : int, default=0
            1 shows a progress bar.

        Raises
        ------
        ValueError
            If `X` has other than `n_features` columns, or if training diverges: the model is then as before.
        """
        X = check_array(X, dtype=(self.dtype,))
        if X.shape[1] != self.n_features:
            raise ValueError(f"X must have n_features={self.n_features} columns, got shape {X.shape}")
        center = X.mean(axis=0)
        X = X - center
        scale = np.sqrt(np.square(X).mean(dtype=np.float64)).astype(self.dtype)
        scale = scale if scale > 0 else self.dtype.type(1)
        networks = self._networks()
        history = self._train(X / scale, *networks, verbose)
        (self.generator, self.critic), self.center, self.scale, self.history = networks, center, scale, history
        return self

    def sample(self, n: int = 1, random_state=None):
        """Draw new rows: (n, n_features).

        Parameters
        ----------
        n : int, default=1
            Rows.
        random_state : None, int, Generator or RandomState
            Draws what they are made from; by default what the model was given goes on.
        """
        self._check_fitted()
        check_sizes(n=n)
        rng = self.rng if random_state is None else check_random_state(random_state)
        return self.generator(self._noise(n, rng)) * self.scale + self.center

    def score_samples(self, X):
        """Return the critic's score of each row, higher where it believes in data: (N, n_features) -> (N,)."""
        self._check_fitted()
        X = check_array(X, dtype=(self.dtype,))
        return self.critic((X - self.center) / self.scale)[:, 0]

    def _networks(self):
        return (
            _network(self.n_latent, self.n_hidden, self.n_features, "relu", self.dtype, self.rng),
            _network(self.n_features, self.n_hidden, 1, "leaky_relu", self.dtype, self.rng),
        )

    def _train(self, X, generator, critic, verbose):
        """Algorithm 1 of the paper."""
        size = min(self.batch_size, len(X))
        rounds = ceil(len(X) / size)  # steps of the generator in an epoch
        loss, total = WGANGPLoss(self.lambda_, random_state=self.rng), self.epochs * rounds
        critic_optimizer, optimizer = (
            Adam(network.parameters(), lr=CosineWarmup(self.lr, 0, steps), betas=(0.5, 0.9))
            for network, steps in ((critic, total * self.n_critic), (generator, total))
        )
        batches, history = self._batches(X, size), {"critic": [], "generator": []}
        for _ in (bar := progress(range(self.epochs), desc="WGANGP", verbose=verbose)):
            values = np.zeros(2)
            for _ in range(rounds):
                for _ in range(self.n_critic):
                    fake = generator.eval()(self._noise(size, self.rng))
                    values[0] += loss(critic, next(batches), fake) / self.n_critic
                    _step(critic_optimizer)
                fake = generator.train()(self._noise(size, self.rng))
                value, d_fake = loss.generator(critic, fake)
                generator.backward(d_fake)
                _step(optimizer)
                values[1] += value
            if not np.isfinite(values).all():
                raise ValueError(f"training diverged: lr={self.lr!r} is too large")
            history["critic"].append(float(values[0] / rounds))
            history["generator"].append(float(values[1] / rounds))
            bar.set_postfix(critic=history["critic"][-1], generator=history["generator"][-1])
        generator.eval(), critic.eval()
        return history

    def _batches(self, X, size):
        """Batches of `size` rows without end: every row once, in a new order, then again."""
        while True:
            order = self.rng.permutation(len(X))
            for start in range(0, len(X) - size + 1, size):
                yield X[order[start : start + size]]

    def _noise(self, n, rng):
        return rng.standard_normal((n, self.n_latent)).astype(self.dtype)

    def _check_fitted(self):
        if self.scale is None:
            raise NotFittedError("this WGANGP is not fitted yet: call fit first")

    def __repr__(self):
        return (
            f"WGANGP({self.n_features}, n_latent={self.n_latent}, n_hidden={self.n_hidden}, n_critic={self.n_critic})"
        )


def _network(n_in, n_hidden, n_out, activation, dtype, rng):
    sizes = [n_in, n_hidden, n_hidden, n_hidden]
    options = {"init": "he_normal", "dtype": dtype, "random_state": rng}
    hidden = [Dense(a, b, activation=activation, **options) for a, b in pairwise(sizes)]
    return Sequential(*hidden, Dense(n_hidden, n_out, dtype=dtype, random_state=rng))


def _step(optimizer):
    optimizer.step()
    optimizer.zero_grad()
