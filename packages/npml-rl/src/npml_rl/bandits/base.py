"""What bandits and policies share: the protocol between them, with all runs of an experiment in lockstep.

An experiment plays R independent runs at once, so that everything is an array whose first axis is the run:

    context = bandit.start(n_runs, rng); bandit.context(rng)    None, numbers (R,) or feature vectors (R, d)
    payoffs = bandit.expected(context)                          (R, A) or (1, A): mean payoff of every arm
    rewards = bandit.pull(arms, context, rng)                   (R,)

    policy.start(n_runs, n_arms, n_contexts, n_features)
    arms = policy.choose(context, rng)                          (R,)
    policy.update(arms, rewards, context, rng)
    policy.estimates(context)                                   (R, A): what the policy believes the arms pay

Parameters of a bandit may have a first axis of runs, one bandit a run (a testbed of random bandits).

Policies without features keep one table a numbered context: with contexts 0 .. C-1 each is a bandit of its own; feature
vectors they ignore.
"""

from numbers import Integral

import numpy as np

from npml_core import BaseEstimator, Storable

__all__ = ["Bandit", "Policy", "random_argmax"]


class Bandit(Storable):
    """Base of the bandits: no context, one table of parameters.

    Subclasses set `n_arms` and define ``expected(context)`` and ``pull(arms, context, rng)``.
    """

    n_contexts = 1
    n_features = None

    def start(self, n_runs, rng):
        """Prepare `n_runs` runs."""
        self._check_runs(n_runs, self.n_runs)
        self._runs = np.arange(n_runs)

    def context(self, rng):
        """What is known before the choice."""
        return

    @property
    def n_runs(self):
        """Length of the parameters' axis of runs, None without one."""
        return None

    def _pick(self, table, arms):
        """Table (A, ...) or (R, A, ...) at the chosen arms."""
        return table[arms] if self.n_runs is None else table[self._runs, arms]

    @staticmethod
    def _check_runs(n_runs, own):
        if own is not None and own != n_runs:
            raise ValueError(f"n_runs must be {own}, as the bandit's parameters are given for so many runs: {n_runs}")

    def __repr__(self):
        return f"{type(self).__name__}({self.n_arms} arms)"


class Policy(BaseEstimator):
    """Base of the policies: counts and mean payoffs of the arms in every context.

    Subclasses define ``_scores(counts, means, rng) -> (R, A)``; the arm with the best score is pulled.
    """

    def start(self, n_runs, n_arms, n_contexts=1, n_features=None):
        """Forget everything and prepare `n_runs` runs.

        Parameters
        ----------
        n_runs, n_arms : int
            Sizes.
        n_contexts : int, default=1
            Numbered contexts.
        n_features : int, optional
            Length of the context vectors.
        """
        self._check_hyperparameters()
        self.counts_ = np.zeros((n_runs, n_contexts, n_arms), dtype=np.int64)
        self.means_ = np.zeros((n_runs, n_contexts, n_arms))
        self.time_ = 0
        self._runs = np.arange(n_runs)

    def choose(self, context, rng):
        """Arms (R,) to pull."""
        place = self._place(context)
        self.time_ += 1
        return random_argmax(self._scores(self.counts_[place], self.means_[place], rng), rng)

    def update(self, arms, rewards, context, rng):
        """Learn what the arms paid."""
        entry = self._entry(arms, context)
        self.counts_[entry] += 1
        self.means_[entry] += (rewards - self.means_[entry]) / self.counts_[entry]

    def estimates(self, context):
        """Estimated payoff (R, A) of every arm."""
        return self.means_[self._place(context)]

    def _place(self, context):
        """Index of the tables (R, C, A) that gives the rows (R, A) of the contexts."""
        numbered = context is not None and context.ndim == 1
        return (self._runs, context) if numbered else (slice(None), 0)

    def _entry(self, arms, context):
        """Index of the tables (R, C, A) that gives the chosen arms' entries (R,)."""
        return self._runs, self._place(context)[1], arms

    def _check_hyperparameters(self):
        for name, value in self.get_params().items():
            if not isinstance(value, bool) and not 0 <= value < np.inf:
                raise ValueError(f"{name} of {type(self).__name__} must be a number of at least 0, got {value!r}")


def random_argmax(scores, rng):
    """Index of the largest score of every row, ties broken at random.

    Parameters
    ----------
    scores : ndarray (R, A)
        Finite or +inf.
    rng : Generator
        Breaks ties.

    Returns
    -------
    ndarray of int64 (R,)

    Examples
    --------
    >>> import numpy as np
    >>> from npml_rl.bandits.base import random_argmax
    >>> random_argmax(np.array([[0.0, 2.0, 1.0]]), np.random.default_rng(0))
    array([1])
    """
    best = scores.argmax(axis=1)
    top = scores[np.arange(len(scores)), best]
    ties = scores == top[:, None]
    tied = np.flatnonzero(np.count_nonzero(ties, axis=1) > 1)
    if len(tied):
        best[tied] = (ties[tied] * (1.0 - rng.random((len(tied), scores.shape[1])))).argmax(axis=1)
    return best


def as_table(values, name, ndim=1):
    """Parameters as float64 of `ndim` axes, with or without the axis of runs in front."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim not in (ndim, ndim + 1) or table.size == 0:
        raise ValueError(f"{name} must have {ndim} axes, or {ndim + 1} with runs first, got shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError(f"{name} must be finite, got {values!r}")
    return table


def check_probabilities(table, name):
    """All between 0 and 1."""
    if (table < 0).any() or (table > 1).any():
        raise ValueError(f"{name} must be probabilities, got {table[(table < 0) | (table > 1)][0]}")
    return table


def positive_int(value, name):
    """An int from 1 on."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a positive int, got {value!r}")
    return int(value)
