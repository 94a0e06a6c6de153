"""Contextual bandits: the payoffs depend on what is seen before the choice.

    ContextualBernoulliBandit    one of C contexts, uniform; arm a pays 1 with probability probs[context, a]
    ContextualLinearBandit       a vector x ~ N(0, I_d); arm a pays x . theta_a + N(0, std^2)

References
----------
Li et al. (2010), "A contextual-bandit approach to personalized news article recommendation", WWW.
https://arxiv.org/abs/1003.0146
"""

import numpy as np

from .base import Bandit, as_table, check_probabilities, positive_int

__all__ = ["ContextualBernoulliBandit", "ContextualLinearBandit"]


class ContextualBernoulliBandit(Bandit):
    """A Bernoulli bandit in each of several contexts, one of which is drawn every step.

    Parameters
    ----------
    probs : array-like (n_contexts, n_arms)
        Probability that an arm pays in a context.

    Examples
    --------
    >>> from npml_rl import ContextualBernoulliBandit
    >>> bandit = ContextualBernoulliBandit([[0.1, 0.9], [0.8, 0.2]])
    >>> bandit.n_contexts, bandit.n_arms
    (2, 2)
    """

    def __init__(self, probs):
        self.probs = check_probabilities(as_table(probs, "probs", ndim=2), "probs")
        if self.probs.ndim != 2:
            raise ValueError(f"probs must be a table of contexts by arms, got shape {self.probs.shape}")
        self.n_contexts, self.n_arms = self.probs.shape

    def context(self, rng):
        """Numbers (R,) of contexts."""
        return rng.integers(self.n_contexts, size=len(self._runs))

    def expected(self, context):
        """Probabilities (R, A) in the context."""
        return self.probs[context]

    def pull(self, arms, context, rng):
        """Payoffs (R,)."""
        return (rng.random(len(arms)) < self.probs[context, arms]).astype(np.float64)


class ContextualLinearBandit(Bandit):
    """Payoffs linear in a vector that is drawn every step.

    Parameters
    ----------
    n_arms : int
        Number of arms.
    n_features : int
        Length of the vector.
    std : float, default=1.0
        Standard deviation of the noise.
    coef : array-like (n_arms, n_features), optional
        The vectors theta_a; None draws them from N(0, 1) for each run.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_rl import ContextualLinearBandit
    >>> bandit = ContextualLinearBandit(2, 3, coef=[[1, 0, 0], [0, 1, 0]])
    >>> bandit.start(1, np.random.default_rng(0))
    >>> bandit.expected(np.array([[5.0, 6.0, 7.0]]))
    array([[5., 6.]])
    """

    def __init__(self, n_arms, n_features, std=1.0, coef=None):
        self.n_arms, self.n_features = positive_int(n_arms, "n_arms"), positive_int(n_features, "n_features")
        if not 0 <= std < np.inf:
            raise ValueError(f"std must be a number of at least 0, got {std!r}")
        self.std = std
        self.coef = None if coef is None else as_table(coef, "coef", ndim=2)
        if coef is not None and self.coef.shape != (n_arms, n_features):
            raise ValueError(f"coef must have shape ({n_arms}, {n_features}), got {self.coef.shape}")

    def start(self, n_runs, rng):
        """Prepare the runs; draw their coefficients."""
        super().start(n_runs, rng)
        drawn = self.coef is None
        self._coef = rng.standard_normal((n_runs, self.n_arms, self.n_features)) if drawn else self.coef[None]

    def context(self, rng):
        """Vectors (R, d)."""
        return rng.standard_normal((len(self._runs), self.n_features))

    def expected(self, context):
        """X . theta_a, (R, A)."""
        return (self._coef @ context[:, :, None])[..., 0]

    def pull(self, arms, context, rng):
        """Payoffs (R,)."""
        return self.expected(context)[self._runs, arms] + self.std * rng.standard_normal(len(arms))
