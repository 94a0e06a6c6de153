"""Bernoulli bandits: an arm pays 1 with its probability, else 0.

References
----------
Thompson (1933), "On the likelihood that one unknown probability exceeds another".
https://doi.org/10.1093/biomet/25.3-4.285
"""

import numpy as np

from .base import Bandit, as_table, check_probabilities

__all__ = ["BernoulliBandit"]


class BernoulliBandit(Bandit):
    """Arms that pay 1 or 0.

    Parameters
    ----------
    probs : array-like (n_arms,) or (n_runs, n_arms)
        Probability that an arm pays.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_rl import BernoulliBandit
    >>> bandit = BernoulliBandit([0.0, 1.0])
    >>> rng = np.random.default_rng(0)
    >>> bandit.start(3, rng)
    >>> bandit.pull(np.array([0, 1, 1]), None, rng)
    array([0., 1., 1.])
    """

    def __init__(self, probs):
        self.probs = check_probabilities(as_table(probs, "probs"), "probs")
        self.n_arms = self.probs.shape[-1]

    @property
    def n_runs(self):
        """Runs that `probs` are given for."""
        return len(self.probs) if self.probs.ndim == 2 else None

    def expected(self, context):
        """The probabilities."""
        return np.atleast_2d(self.probs)

    def pull(self, arms, context, rng):
        """Payoffs (R,)."""
        return (rng.random(len(arms)) < self._pick(self.probs, arms)).astype(np.float64)
