"""First-visit on-policy Monte Carlo control.

An episode s_0, a_0, r_1, s_1, ... is played to its end with an epsilon-greedy policy. Then, for the first visit t
of every pair (s, a) in it, the return

    G_t = r_{t+1} + gamma r_{t+2} + gamma^2 r_{t+3} + ...

is one more sample of Q(s, a), which is the mean of its samples (or, with a step size, their recency-weighted mean):

    n(s, a) += 1,       Q(s, a) += (G_t - Q(s, a)) / n(s, a)         (lr=None)
                        Q(s, a) += lr (G_t - Q(s, a))

A truncated episode has no return yet: its last state's value under the policy, (1 - epsilon) max_b Q(s', b) +
epsilon mean_b Q(s', b), stands for what was cut off.

Cost: O(1) a step, O(episode) memory.

References
----------
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., section 5.4 (the box "On-policy
first-visit MC control").
"""

from math import inf

from .base import Learner, ValueAgent

__all__ = ["MonteCarloAgent"]


class MonteCarloLearner(Learner):
    """Remembers the episode and learns at its end."""

    def __init__(self, agent, states, actions, lanes=False):
        super().__init__(agent, states, actions)
        # logs of the visit counts: a mean is a weighted mean with weights 1
        self.log_visits = self._table(agent, "log_visits_", states.n, fill=-inf)

    def begin(self):
        """Start an episode."""
        super().begin()
        self.episode = []

    def learn(self, s, a, r, s2, terminated, truncated):
        """Remember a step; at the end of the episode learn from all of it."""
        self.episode.append((s, a, r))
        if terminated:
            self._learn_episode(0.0)
        elif truncated:
            self._learn_episode(self._value(self.Q[s2]))
        return self.choose(self.Q[s2])

    def _learn_episode(self, G):
        first = {}
        for t, (s, a, _) in enumerate(self.episode):
            first.setdefault((s, a), t)
        for t in range(len(self.episode) - 1, -1, -1):
            s, a, r = self.episode[t]
            G = r + self.gamma * G
            if first[s, a] == t:
                self._move(s, a, G)

    def _move(self, s, a, G):
        if self.lr is None:
            self.Q.average(s, a, G, 0.0, self.log_visits)
        else:
            self.Q.toward(s, a, G, self.lr)

    def _value(self, values):
        return (1 - self.epsilon) * max(values) + self.epsilon * sum(values) / self.n_actions

    def state(self):
        """What the agent takes over."""
        return {**super().state(), "log_visits_": self.log_visits.array()}


class MonteCarloAgent(ValueAgent):
    """First-visit Monte Carlo control with an epsilon-greedy policy.

    Parameters
    ----------
    lr : float, optional
        A constant step size, in (0, 1]; None takes the mean of all returns.
    epsilon : float, default=0.1
        Probability of a random action.
    gamma : float, default=0.99
        Discount of a step.
    tile_coder : TileCoder, optional
        For observations that are vectors.
    random_state : None, int, Generator or RandomState
        Draws the actions.

    Attributes
    ----------
    Q_ : ndarray (n_states, n_actions)
        Action values (weights of the tiles with a tile coder).
    policy_ : ndarray (n_states,)
        Greedy actions.
    log_visits_ : ndarray (n_states, n_actions)
        Logs of the numbers of samples in the means.
    n_episodes_ : int
        Episodes so far.

    Examples
    --------
    >>> from npml_rl import MonteCarloAgent
    >>> from npml_rl.environments import Blackjack
    >>> agent = MonteCarloAgent(random_state=0)
    >>> history = agent.train(Blackjack(), 2000, seed=0)
    >>> agent.act((20, 10, 0), greedy=True)  # stick
    0
    """

    _learner = MonteCarloLearner

    def __init__(self, lr=None, epsilon=0.1, gamma=0.99, tile_coder=None, random_state=None):
        super().__init__(lr, epsilon, gamma, tile_coder, random_state)
