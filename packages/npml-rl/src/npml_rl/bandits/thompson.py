"""Thompson sampling with Beta priors: pull an arm as often as it is likely to be the best.

The chance that an arm pays has the posterior Beta(alpha + wins, beta + losses); one draw from each, the largest
wins. A payoff r between 0 and 1 counts as a win with probability r, which keeps its mean.

References
----------
Thompson (1933). https://doi.org/10.1093/biomet/25.3-4.285
Agrawal and Goyal (2012), "Analysis of Thompson Sampling for the Multi-armed Bandit Problem", COLT, algorithms 1 and 2.
https://arxiv.org/abs/1111.1797
"""

import numpy as np

from .base import Policy

__all__ = ["ThompsonSampling"]


class ThompsonSampling(Policy):
    """Largest draw from the Beta posteriors.

    Parameters
    ----------
    alpha, beta : float, default=1
        The prior, positive.

    Raises
    ------
    ValueError
        For payoffs outside [0, 1].

    Examples
    --------
    >>> from npml_rl import BernoulliBandit, ThompsonSampling, run
    >>> history = run(BernoulliBandit([0.2, 0.8]), [ThompsonSampling()], n_steps=200, n_runs=50, seed=0)
    >>> bool(history.regret[0, :, -1].mean() < 10)
    True
    """

    def __init__(self, alpha=1, beta=1):
        self.alpha = alpha
        self.beta = beta

    def start(self, n_runs, n_arms, n_contexts=1, n_features=None):
        """Forget everything and prepare `n_runs` runs."""
        super().start(n_runs, n_arms, n_contexts, n_features)
        self.wins_ = np.zeros((n_runs, n_contexts, n_arms))

    def choose(self, context, rng):
        """Arms (R,) to pull."""
        place = self._place(context)
        wins, counts = self.wins_[place], self.counts_[place]
        return rng.beta(self.alpha + wins, self.beta + counts - wins).argmax(axis=1)

    def update(self, arms, rewards, context, rng):
        """Count wins and losses."""
        outside = (rewards < 0) | (rewards > 1)
        if outside.any():
            raise ValueError(f"ThompsonSampling needs payoffs in [0, 1], got {rewards[outside][0]}")
        super().update(arms, rewards, context, rng)
        self.wins_[self._entry(arms, context)] += rng.random(len(arms)) < rewards

    def estimates(self, context):
        """Posterior means."""
        place = self._place(context)
        return (self.alpha + self.wins_[place]) / (self.alpha + self.beta + self.counts_[place])

    def _check_hyperparameters(self):
        for name in ("alpha", "beta"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be a positive number, got {getattr(self, name)!r}")
