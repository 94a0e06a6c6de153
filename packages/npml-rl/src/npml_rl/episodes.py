"""The one stepper: what passes between an agent and an environment, checked, as rows of a table.

A transition is (s, a, r, s', terminated, truncated). A *terminated* episode has no future: the value of s' is 0. A
*truncated* one was cut off (a time limit, `max_steps`): s' has a value like any other, and learning bootstraps from
it.

    Stepper        one environment;              `play` runs an episode and lets a learner learn
    LaneStepper    a vector environment;         `play_lanes` runs episodes in all lanes, learning once a step
                                                 `rollouts` plays without learning, in waves of one episode a lane

A learner has ``begin()``, ``first(s) -> a`` and ``learn(s, a, r, s2, terminated, truncated) -> next a`` and, for lanes,
``first_lanes(lanes, s)`` and ``learn_lanes(lanes, s, a, r, s2, terminated, truncated)`` on arrays.

Environments are checked by duck typing (Gymnasium's protocol): ``reset(seed=) -> (obs, info)`` and ``step(action)
-> (obs, reward, terminated, truncated, info)``. What breaks it is a ValueError that names the environment and what
came. Vector environments reset finished lanes in one of three ways, told by ``metadata["autoreset_mode"]``:

    NextStep    the step after the end resets, ignores the action and is no transition (the default)
    SameStep    the last step already shows the next episode; its own last observation is in ``info["final_obs"]``
    Disabled    the caller resets: ``reset(options={"reset_mask": mask})``

References
----------
Towers et al. (2024), "Gymnasium: A Standard Interface for Reinforcement Learning Environments".
https://arxiv.org/abs/2407.17032
Pardo et al. (2018), "Time Limits in Reinforcement Learning", ICML. https://arxiv.org/abs/1712.00378
"""

from math import inf, isfinite

import numpy as np

__all__ = ["LaneStepper", "Stepper", "is_vector", "play", "play_lanes", "rollouts"]

_BOOLS = (bool, np.bool_)


def is_vector(env):
    """Whether `env` looks like a Gymnasium vector environment."""
    return hasattr(env, "single_observation_space") and hasattr(env, "num_envs")


def env_name(env):
    """What to call `env` in an error message."""
    spec = getattr(env, "spec", None)
    return getattr(spec, "id", None) or type(getattr(env, "unwrapped", env)).__name__


class Stepper:
    """One environment, seen as rows.

    Parameters
    ----------
    env : object
        Speaks the Gymnasium protocol.
    encode : callable
        Observation -> row.
    value : callable
        Row of the action space -> the action as the environment takes it.
    n_actions : int, optional
        Actions are looked up in a table of so many; None calls `value` each time.
    """

    def __init__(self, env, encode, value, n_actions=None):
        self.name = env_name(env)
        self._reset, self._step = env.reset, env.step
        self._encode = encode
        self._action = value if n_actions is None else [value(a) for a in range(n_actions)].__getitem__

    def reset(self, seed=None):
        """Start an episode: the first row."""
        answer = self._reset() if seed is None else self._reset(seed=seed)
        if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[1], dict):
            raise ValueError(f"{self.name}.reset must return (observation, info dict), got {answer!r}")
        return self._row(answer[0], "reset")

    def step(self, a):
        """Take action row `a`: (s', r, terminated, truncated)."""
        answer = self._step(self._action(a))
        try:
            obs, reward, terminated, truncated, _ = answer
        except (TypeError, ValueError):
            raise ValueError(
                f"{self.name}.step must return (observation, reward, terminated, truncated, info), got {answer!r}"
            ) from None
        if type(terminated) not in _BOOLS or type(truncated) not in _BOOLS:
            raise ValueError(f"{self.name}.step: terminated and truncated must be bools: {terminated!r}, {truncated!r}")
        return self._row(obs, "step"), self._check_reward(reward), terminated, truncated

    def _row(self, obs, where):
        try:
            return self._encode(obs)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{self.name}.{where} returned a bad observation: {error}") from error

    def _check_reward(self, reward):
        try:
            number = float(reward)
        except (TypeError, ValueError):
            number = inf
        if not isfinite(number):
            raise ValueError(f"{self.name}.step returned the reward {reward!r}: a finite number is needed")
        return number


def play(stepper, learner, max_steps=None, seed=None):
    """Run one episode and let the learner learn from every step.

    Parameters
    ----------
    stepper : Stepper
        The environment.
    learner : object
        Chooses the actions.
    max_steps : int, optional
        Truncate after so many steps.
    seed : int, optional
        For the reset.

    Returns
    -------
    total : float
        Sum of the rewards.
    n_steps : int
        How many there were.
    """
    step, learn = stepper.step, learner.learn
    learner.begin()
    s = stepper.reset(seed)
    a = learner.first(s)
    total, n_steps = 0.0, 0
    while True:
        s2, r, terminated, truncated = step(a)
        n_steps += 1
        total += r
        truncated = truncated or n_steps == max_steps
        a = learn(s, a, r, s2, terminated, truncated)
        if terminated or truncated:
            return total, n_steps
        s = s2


class LaneStepper:
    """A vector environment, seen as arrays of rows.

    Parameters
    ----------
    env : object
        Speaks the protocol of a Gymnasium vector environment.
    space : object
        Its ``rows(batch)`` encodes a batch of observations and ``row(obs)`` a single one.
    value : callable
        Array of action rows -> array of actions.
    """

    def __init__(self, env, space, value):
        self.name, self.n_lanes = env_name(env), int(env.num_envs)
        self._env, self._space, self._value = env, space, value
        mode = (getattr(env, "metadata", None) or {}).get("autoreset_mode", "NextStep")
        self._mode = str(getattr(mode, "value", mode)).replace("_", "").lower()
        if self._mode not in ("nextstep", "samestep", "disabled"):
            raise ValueError(f"{self.name}: unknown autoreset_mode {mode!r}")
        self._over = np.zeros(self.n_lanes, dtype=bool)

    def reset(self, seed=None):
        """Start an episode in every lane: rows (L,) or (L, k)."""
        self._over[:] = False
        return self._reset(**({} if seed is None else {"seed": seed}))

    def step(self, a):
        """Step all lanes.

        Returns
        -------
        live : ndarray of bool (L,)
            Where this was a transition (False where the lane only reset itself).
        r, s2, terminated, truncated : ndarrays (L, ...)
            The transitions.
        now : ndarray (L, ...)
            The rows where the lanes stand now: `s2`, or the start of a new episode.
        starts : ndarray of bool (L,)
            Where `now` is such a start.
        """
        live = ~self._over
        obs, r, terminated, truncated, info = self._checked(self._env.step(self._value(a)))
        now = self._rows(obs)
        if self._mode == "nextstep":
            self._over = (terminated | truncated) & live
            return live, r, now, terminated, truncated, now, ~live
        ends = terminated | truncated
        s2 = now
        if ends.any() and self._mode == "samestep":
            s2 = self._with_final(now, ends, info)
        elif ends.any():
            now = self._reset(options={"reset_mask": ends})
        return live, r, s2, terminated, truncated, now, ends

    def cut(self, lanes, now):
        """Begin new episodes in the lanes of a mask; `now` is where all stand."""
        fresh = self._reset(options={"reset_mask": lanes})
        if not np.array_equal(fresh[~lanes], now[~lanes]):
            raise ValueError(
                f"max_steps: {self.name} cannot reset single lanes (it ignores options['reset_mask']); "
                "give the environment its own time limit"
            )
        self._over[lanes] = False
        return fresh

    def _reset(self, **options):
        answer = self._env.reset(**options)
        if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[1], dict):
            raise ValueError(f"{self.name}.reset must return (observations, info dict), got {answer!r}")
        return self._rows(answer[0])

    def _checked(self, answer):
        try:
            obs, r, terminated, truncated, info = answer
            r = np.asarray(r, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"{self.name}.step must return (observations, rewards, terminated, truncated, info), got {answer!r}"
            ) from None
        terminated, truncated = np.asarray(terminated), np.asarray(truncated)
        for array, what in ((r, "rewards"), (terminated, "terminated"), (truncated, "truncated")):
            if array.shape != (self.n_lanes,) or (what != "rewards" and array.dtype != bool):
                raise ValueError(f"{self.name}.step: {what} must be {self.n_lanes} values a step, got {array!r}")
        if not np.isfinite(r).all():
            raise ValueError(f"{self.name}.step returned the reward {r[~np.isfinite(r)][0]}: finite numbers are needed")
        return obs, r, terminated, truncated, info

    def _rows(self, obs):
        try:
            return self._space.rows(obs)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{self.name} returned bad observations: {error}") from error

    def _with_final(self, now, ends, info):
        if "final_obs" not in info:
            raise ValueError(f"{self.name}.step: info['final_obs'] is missing, as autoreset_mode SameStep needs it")
        final, s2 = info["final_obs"], now.copy()
        if isinstance(final, np.ndarray) and final.dtype != object:
            s2[ends] = self._rows(final[ends])
        else:
            for lane in np.flatnonzero(ends):
                s2[lane] = self._space.row(final[lane])
        return s2


def play_lanes(stepper, learner, n_episodes, max_steps=None, seed=None):
    """Run episodes in all lanes until `n_episodes` have ended, learning from all lanes at once.

    Parameters
    ----------
    stepper : LaneStepper
        The environment.
    learner : object
        Chooses the actions.
    n_episodes : int
        How many episodes; those still running then are left.
    max_steps : int, optional
        Truncate after so many steps.
    seed : int, optional
        For the reset.

    Yields
    ------
    total, n_steps : float, int
        Return and length of each episode, in the order in which they end.
    """
    s = stepper.reset(seed)
    a = learner.first_lanes(np.arange(stepper.n_lanes), s)
    totals, lengths = np.zeros(stepper.n_lanes), np.zeros(stepper.n_lanes, dtype=np.int64)
    while n_episodes > 0:
        live, r, s2, terminated, truncated, now, starts = stepper.step(a)
        totals[live] += r[live]
        lengths += live
        if max_steps is not None and (late := live & ~terminated & ~truncated & (lengths >= max_steps)).any():
            truncated, starts, now = truncated | late, starts | late, stepper.cut(late, now)
        lanes = np.flatnonzero(live)
        a[lanes] = learner.learn_lanes(
            lanes, s[lanes], a[lanes], r[lanes], s2[lanes], terminated[lanes], truncated[lanes]
        )
        for lane in np.flatnonzero(live & (terminated | truncated))[:n_episodes]:
            yield float(totals[lane]), int(lengths[lane])
            n_episodes -= 1
        totals[live & (terminated | truncated)] = 0.0
        lengths[live & (terminated | truncated)] = 0
        if starts.any():
            lanes = np.flatnonzero(starts)
            a[lanes] = learner.first_lanes(lanes, now[lanes])
        s = now


def rollouts(stepper, act, n_episodes, max_steps=None, seed=None):
    """Play episodes without learning: waves of one episode a lane, so that long episodes count as often as short ones.

    Parameters
    ----------
    stepper : LaneStepper
        The environment.
    act : callable
        ``act(first, s) -> a``: `first` is the number of the episode in lane 0, `s` the rows.
    n_episodes : int
        How many.
    max_steps : int, optional
        Stop an episode after so many steps.
    seed : int, optional
        Of the first wave; later ones count on by episodes.

    Returns
    -------
    totals, lengths : ndarrays (n_episodes,)
        Returns and lengths.
    """
    totals, lengths = [], []
    for first in range(0, n_episodes, stepper.n_lanes):
        running = np.arange(stepper.n_lanes) < n_episodes - first
        n_lanes = int(running.sum())
        wave, steps = np.zeros(stepper.n_lanes), np.zeros(stepper.n_lanes, dtype=np.int64)
        s = stepper.reset(None if seed is None else seed + first)
        while running.any() and (max_steps is None or steps.max() < max_steps):
            live, r, _, terminated, truncated, s, _ = stepper.step(act(first, s))
            running &= live
            wave[running] += r[running]
            steps += running
            running &= ~(terminated | truncated)
        totals.append(wave[:n_lanes])
        lengths.append(steps[:n_lanes])
    return np.concatenate(totals), np.concatenate(lengths)
