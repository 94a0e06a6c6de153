"""Gradient bandit: stochastic gradient ascent on preferences.

With preferences H, probabilities pi = softmax(H) and the baseline R_mean, the mean of the payoffs so far,

    H_a += lr (R - R_mean) (1{a = A} - pi_a).

References
----------
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., section 2.8, eq. 2.12.
"""

import numpy as np

from .base import Policy

__all__ = ["GradientBandit"]


class GradientBandit(Policy):
    """Softmax policy that climbs the expected payoff.

    Parameters
    ----------
    lr : float, default=0.1
        Step size.
    baseline : bool, default=True
        Whether payoffs are compared with their mean so far instead of 0.

    Examples
    --------
    >>> from npml_rl import GaussianBandit, GradientBandit, run
    >>> history = run(GaussianBandit([0.0, 2.0]), [GradientBandit(0.4)], n_steps=200, n_runs=50, seed=0)
    >>> bool(history.optimal[0, :, -1].mean() > 0.9)
    True
    """

    def __init__(self, lr=0.1, baseline=True):
        self.lr = lr
        self.baseline = baseline

    def start(self, n_runs, n_arms, n_contexts=1, n_features=None):
        """Forget everything and prepare `n_runs` runs."""
        super().start(n_runs, n_arms, n_contexts, n_features)
        self.preferences_ = np.zeros((n_runs, n_contexts, n_arms))
        self.baseline_ = np.zeros((n_runs, n_contexts))

    def choose(self, context, rng):
        """Draw arms (R,) from the softmax, by inversion."""
        cumulative = self._softmax(context).cumsum(axis=1)
        draws = rng.random(len(cumulative)) * cumulative[:, -1]
        return np.minimum((cumulative <= draws[:, None]).sum(axis=1), cumulative.shape[1] - 1)

    def update(self, arms, rewards, context, rng):
        """One step of ascent."""
        place = self._place(context)
        super().update(arms, rewards, context, rng)
        if self.baseline:  # the mean includes the present payoff, as the book's experiment does
            self.baseline_[place] += (rewards - self.baseline_[place]) / self.counts_[place].sum(axis=1)
        step = -self._softmax(context)
        step[self._runs, arms] += 1
        self.preferences_[place] += self.lr * (rewards - self.baseline_[place])[:, None] * step

    def _softmax(self, context):
        H = self.preferences_[self._place(context)]
        weights = np.exp(H - H.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)
