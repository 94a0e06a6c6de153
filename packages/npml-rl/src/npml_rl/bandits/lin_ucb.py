"""LinUCB with disjoint linear models: an upper confidence bound from ridge regression.

Each arm has its own ridge regression of the payoff on the context x,

    A_a = I + sum x x^T,    b_a = sum r x,    theta_a = A_a^{-1} b_a,

and the arm with the largest x . theta_a + alpha sqrt(x . A_a^{-1} x) is pulled. A_a^{-1} is kept by the rank-one
formula of Sherman and Morrison, M <- M - (M x)(M x)^T / (1 + x . M x), so that a step costs O(A d^2). Numbered
contexts are one-hot vectors; without a context x = (1).

References
----------
Li et al. (2010), "A contextual-bandit approach to personalized news article recommendation", WWW, algorithm 1.
https://arxiv.org/abs/1003.0146
"""

import numpy as np

from .base import Policy, random_argmax

__all__ = ["LinUCB"]


class LinUCB(Policy):
    """Largest upper confidence bound of a linear model of the context.

    Parameters
    ----------
    alpha : float, default=1
        Width of the bound.

    Examples
    --------
    >>> from npml_rl import ContextualLinearBandit, LinUCB, run
    >>> history = run(ContextualLinearBandit(4, 3), [LinUCB()], n_steps=200, n_runs=20, seed=0)
    >>> early, late = history.regret[0, :, 99].mean(), history.regret[0, :, 199].mean()
    >>> bool(late - early < early / 2)
    True
    """

    def __init__(self, alpha=1):
        self.alpha = alpha

    def start(self, n_runs, n_arms, n_contexts=1, n_features=None):
        """Forget everything and prepare `n_runs` runs."""
        super().start(n_runs, n_arms, n_contexts, n_features)
        d = n_contexts if n_features is None else n_features
        self.inverse_ = np.tile(np.eye(d), (n_runs, n_arms, 1, 1))
        self.moments_ = np.zeros((n_runs, n_arms, d))
        self.theta_ = np.zeros((n_runs, n_arms, d))

    def choose(self, context, rng):
        """Arms (R,) to pull."""
        x = self._features(context)
        spread = np.einsum("rd,rade,re->ra", x, self.inverse_, x, optimize=["einsum_path", (0, 1), (0, 1)])
        return random_argmax(self.estimates(context) + self.alpha * np.sqrt(np.maximum(spread, 0.0)), rng)

    def update(self, arms, rewards, context, rng):
        """One more observation for the chosen arms."""
        x, place = self._features(context), (self._runs, arms)
        inverse = self.inverse_[place]
        Mx = (inverse @ x[:, :, None])[..., 0]
        scale = 1.0 + (x * Mx).sum(axis=1)
        inverse = inverse - Mx[:, :, None] * (Mx / scale[:, None])[:, None, :]
        self.inverse_[place] = inverse
        self.moments_[place] += rewards[:, None] * x
        self.theta_[place] = (inverse @ self.moments_[place][:, :, None])[..., 0]

    def estimates(self, context):
        """X . theta_a, (R, A)."""
        return (self.theta_ @ self._features(context)[:, :, None])[..., 0]

    def _features(self, context):
        if context is None:
            return np.ones((len(self._runs), 1))
        return np.eye(self.theta_.shape[-1])[context] if context.ndim == 1 else context
