"""Gaussian bandits: an arm pays a normal amount. With random means, the 10-armed testbed.

References
----------
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., section 2.3.
"""

import numpy as np

from .base import Bandit, as_table

__all__ = ["GaussianBandit"]


class GaussianBandit(Bandit):
    """Arms that pay N(mean, std^2).

    Parameters
    ----------
    means : array-like (n_arms,) or (n_runs, n_arms)
        Mean payoffs.
    stds : float or array-like of the shape of `means`, default=1.0
        Standard deviations.

    Examples
    --------
    The testbed: 2000 bandits, the means of their 10 arms drawn from N(0, 1).

    >>> import numpy as np
    >>> from npml_rl import GaussianBandit
    >>> GaussianBandit(np.random.default_rng(0).normal(size=(2000, 10))).n_arms
    10
    """

    def __init__(self, means, stds=1.0):
        self.means = as_table(means, "means")
        self.n_arms = self.means.shape[-1]
        try:
            self.stds = np.broadcast_to(as_table(np.atleast_1d(stds), "stds"), self.means.shape).copy()
        except ValueError:
            shape = self.means.shape
            raise ValueError(f"stds must be one number or of the shape {shape} of means, got {stds!r}") from None
        if (self.stds < 0).any():
            raise ValueError(f"stds must not be negative, got {self.stds.min()}")

    @property
    def n_runs(self):
        """Runs that `means` are given for."""
        return len(self.means) if self.means.ndim == 2 else None

    def expected(self, context):
        """The means."""
        return np.atleast_2d(self.means)

    def pull(self, arms, context, rng):
        """Payoffs (R,)."""
        return self._pick(self.means, arms) + self._pick(self.stds, arms) * rng.standard_normal(len(arms))
