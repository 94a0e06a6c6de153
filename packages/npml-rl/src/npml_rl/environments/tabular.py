"""Environments from a transition table, one at a time or many in lockstep.

The table is Gymnasium's ``env.unwrapped.P``: ``P[s][a]`` is a list of (probability, s', reward, terminated).
Stepping many copies is one draw and four look-ups in arrays (n_states, n_actions, K), K the largest number of
outcomes of a pair: the outcome is the number of cumulated probabilities that a uniform draw is not below.
"""

from bisect import bisect_right

import numpy as np

from ..spaces import Discrete

__all__ = ["TabularEnv", "TabularVectorEnv"]


class TabularEnv:
    """One environment that follows a transition table.

    Parameters
    ----------
    P : dict or sequence
        ``P[s][a]``: list of (probability, s', reward, terminated).
    start : int or sequence of float, default=0
        The first state, or a probability for each state.
    max_steps : int, optional
        Episodes are truncated after so many steps.

    Examples
    --------
    >>> from npml_rl.environments import TabularEnv
    >>> P = [[[(1.0, 0, 0.0, False)], [(0.5, 0, 0.0, False), (0.5, 1, 1.0, True)]], [[(1.0, 1, 0.0, True)]] * 2]
    >>> env = TabularEnv(P)
    >>> env.reset(seed=0)
    (0, {})
    >>> env.step(0)
    (0, 0.0, False, False, {})
    """

    def __init__(self, P, start=0, max_steps=None):
        cumulative, *columns = _arrays(P)
        n_states, n_actions, _ = cumulative.shape
        self._cumulative = cumulative.tolist()
        self._outcomes = [[list(zip(*pair)) for pair in zip(*state)] for state in zip(*[c.tolist() for c in columns])]
        self._start = _start_table(start, n_states).tolist()
        self._max_steps = max_steps
        self.observation_space, self.action_space = Discrete(n_states), Discrete(n_actions)
        self._draw = _draws(np.random.default_rng()).__next__

    def reset(self, seed=None, options=None):
        """Start an episode."""
        if seed is not None:
            self._draw = _draws(np.random.default_rng(seed)).__next__
        self._steps = 0
        self._state = bisect_right(self._start, self._draw())
        return self._state, {}

    def step(self, action):
        """Take an action."""
        outcome = bisect_right(self._cumulative[self._state][action], self._draw())
        self._state, reward, terminated = self._outcomes[self._state][action][outcome]
        self._steps += 1
        return self._state, reward, terminated, self._steps == self._max_steps and not terminated, {}


class TabularVectorEnv:
    """Many copies of a tabular environment, stepped by array expressions; speaks the vector protocol.

    Parameters
    ----------
    P : dict or sequence
        ``P[s][a]``: list of (probability, s', reward, terminated).
    num_envs : int
        How many copies.
    start : int or sequence of float, default=0
        The first state, or a probability for each state.
    max_steps : int, optional
        Episodes are truncated after so many steps.
    autoreset_mode : {"NextStep", "SameStep", "Disabled"}, default="SameStep"
        How finished copies start again.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_rl.environments import TabularVectorEnv
    >>> P = [[[(1.0, 0, 0.0, False)], [(0.5, 0, 0.0, False), (0.5, 1, 1.0, True)]], [[(1.0, 1, 0.0, True)]] * 2]
    >>> envs = TabularVectorEnv(P, 4, autoreset_mode="NextStep")
    >>> envs.reset(seed=0)
    (array([0, 0, 0, 0]), {})
    >>> envs.step(np.array([1, 1, 0, 0]))[1]
    array([1., 0., 0., 0.])
    """

    def __init__(self, P, num_envs, start=0, max_steps=None, autoreset_mode="SameStep"):
        if autoreset_mode not in ("NextStep", "SameStep", "Disabled"):
            raise ValueError(f"autoreset_mode must be 'NextStep', 'SameStep' or 'Disabled', got {autoreset_mode!r}")
        self.num_envs, self.max_steps = num_envs, max_steps
        self.metadata = {"autoreset_mode": autoreset_mode}
        self._cumulative, self._next, self._reward, self._terminated = _arrays(P)
        n_states, n_actions, _ = self._next.shape
        self.single_observation_space, self.single_action_space = Discrete(n_states), Discrete(n_actions)
        self._start = _start_table(start, n_states)
        self._rng = np.random.default_rng()
        self._state = np.zeros(num_envs, dtype=np.int64)
        self._steps = np.zeros(num_envs, dtype=np.int64)
        self._over = np.zeros(num_envs, dtype=bool)

    def reset(self, seed=None, options=None):
        """Start an episode in every copy, or in those of ``options["reset_mask"]``."""
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, dtype=bool))
        self._restart(mask)
        return self._state.copy(), {}

    def step(self, actions):
        """Take an action in every copy."""
        draws = self._rng.random(self.num_envs)
        s, a = self._state, actions
        outcome = (self._cumulative[s, a] <= draws[:, None]).sum(axis=1)
        reward, terminated = self._reward[s, a, outcome], self._terminated[s, a, outcome]
        live = ~self._over
        self._state = np.where(live, self._next[s, a, outcome], s)
        self._steps += 1
        truncated = np.zeros(self.num_envs, dtype=bool) if self.max_steps is None else self._steps >= self.max_steps
        reward, terminated, truncated = reward * live, terminated & live, truncated & live & ~terminated
        ends, info, mode = terminated | truncated, {}, self.metadata["autoreset_mode"]
        if mode == "NextStep":
            self._restart(self._over)
            self._over = ends
        elif mode == "SameStep" and ends.any():
            info = {"final_obs": self._state, "_final_obs": ends}
            self._state = self._state.copy()
            self._restart(ends)
        return self._state.copy(), reward, terminated, truncated, info

    def _restart(self, mask):
        draws = self._rng.random(int(mask.sum()))
        self._state[mask] = np.searchsorted(self._start, draws, side="right")
        self._steps[mask] = 0
        self._over[mask] = False


def _arrays(P):
    """The table as arrays (n_states, n_actions, K); first the cumulated probabilities."""
    table = [[P[s][a] for a in range(len(P[s]))] for s in range(len(P))]
    n_actions, most = len(table[0]), max(len(outcomes) for row in table for outcomes in row)
    padded = np.zeros((len(table), n_actions, most, 4))
    for s, row in enumerate(table):
        if len(row) != n_actions:
            raise ValueError(f"P: state {s} has {len(row)} actions, state 0 has {n_actions}")
        for a, outcomes in enumerate(row):
            padded[s, a, : len(outcomes)] = outcomes
    p, following, reward, terminated = np.moveaxis(padded, -1, 0)
    if (p < 0).any() or not np.allclose(p.sum(axis=-1), 1.0, rtol=0, atol=1e-9):
        raise ValueError("P: the probabilities of every state and action must be non-negative and sum to 1")
    return _cumulate(p), following.astype(np.int64), np.ascontiguousarray(reward), terminated.astype(bool)


def _start_table(start, n_states):
    p = np.eye(n_states)[start] if np.ndim(start) == 0 else np.asarray(start, dtype=np.float64)
    if p.shape != (n_states,) or (p < 0).any() or abs(p.sum() - 1) > 1e-9:
        raise ValueError(f"start must be a state or {n_states} probabilities, got {start!r}")
    return _cumulate(p)


def _cumulate(p):
    """Cumulated probabilities; those from the last possible outcome on are 2, which no draw passes."""
    cumulative = np.cumsum(p, axis=-1)
    last = p.shape[-1] - 1 - np.argmax(p[..., ::-1] > 0, axis=-1)
    cumulative[np.arange(p.shape[-1]) >= last[..., None]] = 2.0
    return cumulative


def _draws(rng):
    """Uniform numbers one at a time."""
    while True:
        yield from rng.random(32).tolist()
