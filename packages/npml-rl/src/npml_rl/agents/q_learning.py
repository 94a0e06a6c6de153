"""Q-learning: off-policy temporal-difference control.

Q(s, a) is the value of taking a in s and acting greedily ever after. After a step s, a, r, s',

    Q(s, a) += lr (r + gamma max_b Q(s', b) - Q(s, a)),      with 0 for the maximum where s' is terminal,

whatever the agent does next: it explores epsilon-greedily and learns about the greedy policy.

Cost: one row of Q a step. In a vector environment the update is one array expression for all lanes (see `tables`).

References
----------
Watkins and Dayan (1992), "Q-learning", Machine Learning 8. https://doi.org/10.1007/BF00992698
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., section 6.5, eq. 6.8.
"""

from .base import LaneLearner, ValueAgent

__all__ = ["QLearningAgent"]


class QLearner(LaneLearner):
    """The update."""

    def learn(self, s, a, r, s2, terminated, truncated):
        """One step; the next action is chosen after the update."""
        target = r if terminated else r + self.gamma * max(self.Q[s2])  # eq. 6.8
        self.Q.toward(s, a, target, self.lr)
        return self.choose(self.Q[s2])

    def learn_lanes(self, lanes, s, a, r, s2, terminated, truncated):
        """The same for all lanes."""
        target = r + self.gamma * ~terminated * self.Q[s2].max(axis=0)
        self.Q.toward(s, a, target, self.lr)
        return self.choose_lanes(self.Q[s2])


class QLearningAgent(ValueAgent):
    """Q-learning with an epsilon-greedy behaviour.

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
    >>> from npml_rl import QLearningAgent
    >>> from npml_rl.environments import CliffWalk
    >>> agent = QLearningAgent(lr=0.5, random_state=0)
    >>> history = agent.train(CliffWalk(), 300)
    >>> agent.evaluate(CliffWalk(), 1)
    array([-13.])
    """

    _learner = QLearner
