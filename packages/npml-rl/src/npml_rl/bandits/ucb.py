"""UCB1: optimism in the face of uncertainty.

Every arm once, then the arm of the largest mean_a + c sqrt(ln t / n_a), where t is the step (of this context) and
n_a how often the arm was pulled: an upper confidence bound whose c = sqrt(2) bounds the regret of payoffs in [0, 1]
by O(log t).

References
----------
Auer, Cesa-Bianchi and Fischer (2002), "Finite-time Analysis of the Multiarmed Bandit Problem", Machine Learning 47,
fig. 1. https://doi.org/10.1023/A:1013689704352
"""

from math import sqrt

import numpy as np

from .base import Policy

__all__ = ["UCB1"]

_SQRT2 = sqrt(2)


class UCB1(Policy):
    """Largest upper confidence bound.

    Parameters
    ----------
    c : float, default=sqrt(2)
        Width of the bound.

    Examples
    --------
    >>> from npml_rl import UCB1, BernoulliBandit, run
    >>> history = run(BernoulliBandit([0.2, 0.8]), [UCB1()], n_steps=200, n_runs=50, seed=0)
    >>> bool(history.regret[0, :, -1].mean() < 20)
    True
    """

    def __init__(self, c=_SQRT2):
        self.c = c

    def _scores(self, counts, means, rng):
        t = counts.sum(axis=1, keepdims=True) + 1
        width = self.c * np.sqrt(np.log(t) / np.maximum(counts, 1))
        return np.where(counts == 0, np.inf, means + width)
