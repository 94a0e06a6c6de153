"""SARSA and Expected SARSA: on-policy temporal-difference control.

Q(s, a) is the value of the very policy that the agent follows, exploration included. After s, a, r, s' and the next
action a',

    SARSA            Q(s, a) += lr (r + gamma Q(s', a') - Q(s, a))
    Expected SARSA   Q(s, a) += lr (r + gamma sum_b pi(b | s') Q(s', b) - Q(s, a))

where pi is epsilon-greedy: pi(b | s') = epsilon / n + (1 - epsilon) [b is greedy], so that the expectation is
(1 - epsilon) max_b Q(s', b) + epsilon mean_b Q(s', b). It removes the variance that the draw of a' brings.
The value of a terminal s' is 0.

Cost: one row of Q a step. In a vector environment the update is one array expression for all lanes (see `tables`).

References
----------
Rummery and Niranjan (1994), "On-line Q-learning using connectionist systems", CUED/F-INFENG/TR 166.
van Seijen et al. (2009), "A theoretical and empirical analysis of Expected Sarsa".
https://doi.org/10.1109/ADPRL.2009.4927542
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., sections 6.4 and 6.6, eqs. 6.7 and 6.9.
"""

import numpy as np

from .base import LaneLearner, ValueAgent

__all__ = ["ExpectedSARSAAgent", "SARSAAgent"]


class SARSALearner(LaneLearner):
    """The update."""

    def __init__(self, agent, states, actions, lanes=False):
        super().__init__(agent, states, actions, lanes)
        self.expected = agent.expected

    def learn(self, s, a, r, s2, terminated, truncated):
        """One step; the next action is chosen before the update, which uses it."""
        values = self.Q[s2]
        a2 = self.choose(values)
        if terminated:
            target = r
        elif self.expected:
            mean = sum(values) / self.n_actions
            target = r + self.gamma * ((1 - self.epsilon) * max(values) + self.epsilon * mean)  # eq. 6.9
        else:
            target = r + self.gamma * values[a2]  # eq. 6.7
        self.Q.toward(s, a, target, self.lr)
        return a2

    def learn_lanes(self, lanes, s, a, r, s2, terminated, truncated):
        """The same for all lanes."""
        values = self.Q[s2]
        a2 = self.choose_lanes(values)
        if self.expected:
            future = (1 - self.epsilon) * values.max(axis=0) + self.epsilon * values.mean(axis=0)
        else:
            future = values[a2, np.arange(len(a2))]
        self.Q.toward(s, a, r + self.gamma * ~terminated * future, self.lr)
        return a2


class SARSAAgent(ValueAgent):
    """SARSA with an epsilon-greedy policy.

    Parameters
    ----------
    lr : float, default=0.1
        Step size, in (0, 1]; with a tile coder it is dealt to the tilings.
    epsilon : float, default=0.1
        Probability of a random action.
    gamma : float, default=0.99
        Discount of a step.
    tile_coder : TileCoder, optional
        For observations that are vectors.
    random_state : None, int, Generator or RandomState
        Draws the actions.
    expected : bool, default=False
        Whether to learn from the expectation over the next action instead of the one drawn.

    Attributes
    ----------
    Q_ : ndarray (n_states, n_actions)
        Action values (weights of the tiles with a tile coder).
    policy_ : ndarray (n_states,)
        Greedy actions.
    n_episodes_ : int
        Episodes so far.

    Examples
    --------
    The safe way along the cliff, one row from the top:

    >>> from npml_rl import SARSAAgent
    >>> from npml_rl.environments import CliffWalk
    >>> agent = SARSAAgent(lr=0.5, gamma=1.0, random_state=0)
    >>> history = agent.train(CliffWalk(), 500)
    >>> bool(agent.evaluate(CliffWalk(), 1, max_steps=100)[0] < -13)
    True
    """

    _learner = SARSALearner

    def __init__(self, lr=0.1, epsilon=0.1, gamma=0.99, tile_coder=None, random_state=None, expected=False):
        super().__init__(lr, epsilon, gamma, tile_coder, random_state)
        self.expected = expected


class ExpectedSARSAAgent(SARSAAgent):
    """Expected SARSA: ``SARSAAgent(expected=True)`` under its own name.

    Parameters
    ----------
    lr, epsilon, gamma, tile_coder, random_state
        As in `SARSAAgent`.

    Examples
    --------
    >>> from npml_rl import ExpectedSARSAAgent
    >>> ExpectedSARSAAgent(epsilon=0.2)
    ExpectedSARSAAgent(epsilon=0.2)
    """

    def __init__(self, lr=0.1, epsilon=0.1, gamma=0.99, tile_coder=None, random_state=None):
        super().__init__(lr, epsilon, gamma, tile_coder, random_state, expected=True)
