"""Off-policy Monte Carlo with weighted, incremental importance sampling.

Episodes are played by a soft behaviour policy b, epsilon-greedy in Q, and tell about a target policy pi: the greedy
policy (control), or one that is given (prediction). Backwards through an episode, with G the return and W the ratio
of the probabilities of what followed under pi and under b,

    G <- r + gamma G,    C(s, a) += W,    Q(s, a) += W / C(s, a) (G - Q(s, a)),    W <- W pi(a | s) / b(a | s),

until W is 0: earlier steps cannot be reached by pi any more. Q(s, a) is the mean of the returns weighted by W:
biased at first, of far smaller variance than the ordinary average, whose variance may be infinite. W and C are
products and sums over whole episodes and are kept as logs, so that no episode is too long for them.

b(a | s) is the probability at the time of the action: Q changes while the pass runs. A truncated episode starts
with the value of its last state under pi instead of 0.

Cost: O(1) a step, O(episode) memory.

References
----------
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., sections 5.5-5.7 (the boxes "Off-policy MC
prediction" and "Off-policy MC control"), eqs. 5.6-5.8.
"""

from math import inf, log

import numpy as np

from .base import Learner, ValueAgent

__all__ = ["ImportanceSamplingMonteCarloAgent"]


class ImportanceSamplingLearner(Learner):
    """Remembers the episode with the behaviour's probabilities, learns backwards at its end."""

    def __init__(self, agent, states, actions, lanes=False):
        super().__init__(agent, states, actions)
        self.log_weights = self._table(agent, "log_weights_", states.n, fill=-inf)
        self.target = None if agent.target_policy is None else _probabilities(agent.target_policy, states, actions)

    def begin(self):
        """Start an episode."""
        super().begin()
        self.episode = []

    def choose(self, values):
        """Epsilon-greedy; the probability of the choice is noted."""
        a = super().choose(values)
        best = max(values)
        greedy = (1 - self.epsilon) / values.count(best) if values[a] == best else 0.0
        self.probability = self.epsilon / self.n_actions + greedy
        return a

    def learn(self, s, a, r, s2, terminated, truncated):
        """Remember a step; at the end of the episode learn from all of it."""
        self.episode.append((s, a, r, self.probability))
        if terminated:
            self._learn_episode(0.0)
        elif truncated:
            values = self.Q[s2]
            self._learn_episode(sum(p * value for p, value in zip(self._target(s2, values), values)))
        return self.choose(self.Q[s2])

    def _learn_episode(self, G):
        log_W = 0.0
        for s, a, r, b in reversed(self.episode):
            G = r + self.gamma * G
            self.Q.average(s, a, G, log_W, self.log_weights)
            pi = self._target(s, self.Q[s])[a]
            if pi == 0:
                break
            log_W += log(pi / b)

    def _target(self, s, values):
        """Probabilities of the target policy in s: those given, or the first greedy action's 1."""
        if self.target is not None:
            return self.target[s]
        greedy = [0.0] * self.n_actions
        greedy[values.index(max(values))] = 1.0
        return greedy

    def state(self):
        """What the agent takes over."""
        return {**super().state(), "log_weights_": self.log_weights.array()}


class ImportanceSamplingMonteCarloAgent(ValueAgent):
    """Off-policy Monte Carlo control (or prediction) by weighted importance sampling.

    Parameters
    ----------
    epsilon : float, default=0.1
        Of the behaviour; 1 explores uniformly at random.
    gamma : float, default=0.99
        Discount of a step.
    tile_coder : TileCoder, optional
        For observations that are vectors.
    random_state : None, int, Generator or RandomState
        Draws the actions.
    target_policy : array-like (n_states,) or (n_states, n_actions), optional
        A policy to evaluate, as action rows or as probabilities; None improves the greedy policy.

    Attributes
    ----------
    Q_ : ndarray (n_states, n_actions)
        Action values of the target policy (weights of the tiles with a tile coder).
    policy_ : ndarray (n_states,)
        Greedy actions.
    log_weights_ : ndarray (n_states, n_actions)
        Logs of C, the sums of the weights.
    n_episodes_ : int
        Episodes so far.

    Examples
    --------
    The value of sticking on 20 and 21 only, of a state that wins with -0.277 on average, from random play:

    >>> import numpy as np
    >>> from npml_rl import ImportanceSamplingMonteCarloAgent
    >>> from npml_rl.environments import Blackjack
    >>> env = Blackjack(start=(13, 2, 1))
    >>> sums = np.arange(32 * 11 * 2) // 22
    >>> agent = ImportanceSamplingMonteCarloAgent(1.0, 1.0, random_state=0, target_policy=np.where(sums >= 20, 0, 1))
    >>> history = agent.train(env, 3000, seed=0)
    >>> bool(abs(agent.Q_[(13 * 11 + 2) * 2 + 1, 1] - -0.277) < 0.1)
    True
    """

    _learner = ImportanceSamplingLearner

    def __init__(self, epsilon=0.1, gamma=0.99, tile_coder=None, random_state=None, target_policy=None):
        self.epsilon = epsilon
        self.gamma = gamma
        self.tile_coder = tile_coder
        self.random_state = random_state
        self.target_policy = target_policy

    def _check_hyperparameters(self):
        super()._check_hyperparameters()
        if self.target_policy is not None and (self.epsilon == 0 or self.tile_coder is not None):
            raise ValueError("target_policy needs epsilon > 0 (all its actions must be tried) and no tile_coder")


def _probabilities(policy, states, actions):
    policy = np.asarray(policy)
    if policy.ndim == 1 and policy.dtype.kind in "iu" and len(policy) and 0 <= policy.min() <= policy.max() < actions.n:
        policy = np.eye(actions.n)[policy]
    if policy.shape != (states.n, actions.n) or (policy < 0).any() or not np.allclose(policy.sum(axis=1), 1):
        raise ValueError(
            f"target_policy must be {states.n} actions below {actions.n}, or a row of {actions.n} probabilities for "
            f"each state, got shape {policy.shape}"
        )
    return policy.tolist()
