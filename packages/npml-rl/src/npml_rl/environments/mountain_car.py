"""Mountain car: an engine too weak for the hill.

    v <- v + 0.001 (a - 1) - 0.0025 cos(3 x),    x <- x + v

with -0.07 <= v <= 0.07 and -1.2 <= x; the left wall stops the car; -1 a step until x reaches 0.5.

References
----------
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., example 10.1.
"""

from math import cos

import numpy as np

from ..spaces import Box, Discrete

__all__ = ["MountainCar"]


class MountainCar:
    """Drive up by driving away first; actions are 0 back, 1 coast, 2 forward.

    Examples
    --------
    >>> from npml_rl.environments import MountainCar
    >>> env = MountainCar()
    >>> obs, info = env.reset(seed=0)
    >>> bool(-0.6 <= obs[0] < -0.4), float(obs[1])
    (True, 0.0)
    """

    def __init__(self):
        self.observation_space, self.action_space = Box([-1.2, -0.07], [0.5, 0.07]), Discrete(3)
        self._rng = np.random.default_rng()

    def reset(self, seed=None, options=None):
        """Start somewhere in the valley, at rest."""
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self._x, self._v = self._rng.uniform(-0.6, -0.4), 0.0
        return np.array([self._x, self._v]), {}

    def step(self, action):
        """Push for one step."""
        v = self._v + 0.001 * (action - 1) - 0.0025 * cos(3 * self._x)
        v = min(max(v, -0.07), 0.07)
        x = min(max(self._x + v, -1.2), 0.5)
        self._x, self._v = x, 0.0 if x == -1.2 else v
        return np.array([self._x, self._v]), -1.0, x >= 0.5, False, {}
