"""Epsilon-greedy: the arm of the best mean, a random one every now and then.

References
----------
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., section 2.2.
"""

import numpy as np

from .base import Policy

__all__ = ["EpsilonGreedy"]


class EpsilonGreedy(Policy):
    """Best sample mean with probability 1 - epsilon, else any arm.

    Parameters
    ----------
    epsilon : float, default=0.1
        Probability of a random arm.

    Examples
    --------
    >>> from npml_rl import BernoulliBandit, EpsilonGreedy, run
    >>> run(BernoulliBandit([0.2, 0.8]), [EpsilonGreedy(0.1)], n_steps=200, n_runs=50, seed=0).regret.shape
    (1, 50, 200)
    """

    def __init__(self, epsilon=0.1):
        self.epsilon = epsilon

    def choose(self, context, rng):
        """Arms (R,) to pull."""
        arms = super().choose(context, rng)
        explore = np.flatnonzero(rng.random(len(arms)) < self.epsilon)
        arms[explore] = rng.integers(self.means_.shape[-1], size=len(explore))
        return arms

    def _scores(self, counts, means, rng):
        return means

    def _check_hyperparameters(self):
        if not 0 <= self.epsilon <= 1:
            raise ValueError(f"epsilon must be at least 0 and at most 1, got {self.epsilon!r}")
