"""Multinomial bandits: an arm pays one of several amounts.

An outcome is drawn by inversion: the number of cumulated probabilities that a uniform number is not below.
"""

import numpy as np

from .base import Bandit, as_table, check_probabilities

__all__ = ["MultinomialBandit"]


class MultinomialBandit(Bandit):
    """Arms with a list of payoffs and their probabilities.

    Parameters
    ----------
    payoffs : sequence of sequences
        What each arm may pay; arms may have different numbers of payoffs.
    probs : sequence of sequences
        Their probabilities; those of an arm sum to 1.

    Examples
    --------
    >>> from npml_rl import MultinomialBandit
    >>> MultinomialBandit([[0, 1, 10], [2]], [[0.5, 0.4, 0.1], [1.0]]).expected(None)
    array([[1.4, 2. ]])
    """

    def __init__(self, payoffs, probs):
        if len(payoffs) != len(probs) or any(len(np.ravel(x)) != len(np.ravel(p)) for x, p in zip(payoffs, probs)):
            raise ValueError("payoffs and probs must have as many arms, and each arm as many payoffs as probabilities")
        self.payoffs = as_table(_padded(payoffs), "payoffs", ndim=2)
        self.probs = check_probabilities(as_table(_padded(probs), "probs", ndim=2), "probs")
        self.n_arms = len(self.probs)
        sums = self.probs.sum(axis=1)
        if (abs(sums - 1) > 1e-9).any():
            raise ValueError(f"probs of every arm must sum to 1, got {sums.tolist()}")
        cumulative = self.probs.cumsum(axis=1)
        cumulative[cumulative > 1 - 1e-9] = 2.0  # a uniform number never passes the last outcome
        self._cumulative = cumulative

    def expected(self, context):
        """Means of the payoffs."""
        return (self.payoffs * self.probs).sum(axis=1)[None]

    def pull(self, arms, context, rng):
        """Payoffs (R,)."""
        outcome = (self._cumulative[arms] <= rng.random(len(arms))[:, None]).sum(axis=1)
        return self.payoffs[arms, outcome]


def _padded(rows):
    """Rows of different lengths as a table, zeros behind the shorter ones."""
    rows = [np.asarray(row, dtype=np.float64) for row in rows]
    table = np.zeros((len(rows), max((len(row) for row in rows), default=0)))
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table
