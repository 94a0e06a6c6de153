"""What all agents share: training, acting, evaluation, saving. The updates stand in the agents' own files.

An agent keeps hyper-parameters, and what it learned in attributes that end in ``_``. While it trains, a *learner*
works on copies (Q as lists of lists, an own random generator) and the agent takes them over at the very end, so
that a training run that fails leaves the agent as it was.

Random numbers: `random_state` seeds the agent's own stream, ``rng_``, which is saved with it. The environment's
come from `seed`: episode i of the agent's life is reset with seed + i. Each episode takes its random numbers anew
from the stream, so ``train(n)`` then ``train(m)``, with a save and a load between or not, is the same run as
``train(n + m)``.
"""

from operator import index
from os import fspath

import numpy as np

from npml_core import BaseEstimator, check_is_fitted, check_random_state, progress
from npml_core import load as load_object
from npml_core import save as save_object

from ..episodes import LaneStepper, Stepper, is_vector, play, play_lanes, rollouts
from ..history import History
from ..spaces import Box, Tiles, as_space
from ..tables import LaneTable, as_table

__all__ = ["Agent", "LaneLearner", "Learner", "ValueAgent"]


class Agent(BaseEstimator):
    """Base of all agents: the public methods."""

    def train(self, env, n_episodes, max_steps=None, seed=None, verbose=0):
        """Learn from episodes; a further call goes on.

        Parameters
        ----------
        env : object
            Speaks the Gymnasium protocol; a vector environment is played in all its lanes at once.
        n_episodes : int
            How many episodes.
        max_steps : int, optional
            Truncate episodes after so many steps.
        seed : int, optional
            Episode i of this agent's life is reset with ``seed + i``; a vector environment is reset once a call, with
            ``seed`` + the number of episodes before. None: the environment's own random numbers go on.
        verbose : int, default=0
            1 shows a progress bar.

        Returns
        -------
        History
            ``returns`` and ``steps``, one entry an episode, of this call.

        Raises
        ------
        ValueError
            If a hyper-parameter or argument is out of range, if the environment's spaces do not suit the agent (or
            differ from those it was trained in), if it breaks the protocol or gives a reward that is not finite. The
            agent stays as it was.
        """
        n_episodes, max_steps, seed = _check_run(n_episodes, max_steps, seed)
        self._check_hyperparameters()
        states, actions = self._spaces(env)
        before = getattr(self, "n_episodes_", 0)
        records = self._run(
            env, states, actions, n_episodes, max_steps, None if seed is None else seed + before, verbose
        )
        self.state_space_, self.action_space_ = states, actions
        self.n_episodes_ = before + n_episodes
        return History(
            returns=np.array([total for total, _ in records], dtype=np.float64),
            steps=np.array([n_steps for _, n_steps in records], dtype=np.int64),
        )

    def evaluate(self, env, n_episodes, max_steps=None, seed=None):
        """Returns of the greedy policy; nothing is learned.

        Parameters
        ----------
        env : object
            As in `train`.
        n_episodes : int
            How many episodes.
        max_steps : int, optional
            Stop an episode after so many steps.
        seed : int, optional
            Episode i is reset with ``seed + i``.

        Returns
        -------
        ndarray (n_episodes,)
            Sum of the rewards of each episode.
        """
        check_is_fitted(self, "n_episodes_")
        n_episodes, max_steps, seed = _check_run(n_episodes, max_steps, seed)
        states, actions = self._spaces(env)
        player = self._player()
        if is_vector(env):
            stepper = LaneStepper(env, states, actions.value)
            return rollouts(stepper, lambda first, s: player.greedy_lanes(s), n_episodes, max_steps, seed)[0]
        stepper = make_stepper(env, states, actions)
        seeds = [None if seed is None else seed + i for i in range(n_episodes)]
        return np.array([play(stepper, player, max_steps, seed)[0] for seed in seeds])

    def act(self, obs, greedy=False):
        """Choose an action.

        Parameters
        ----------
        obs : object
            An observation as the environment gives it.
        greedy : bool, default=False
            The best known action; otherwise the policy that the agent learns with, which explores.

        Returns
        -------
        int, array, tuple or dict
            An action as the environment takes it.
        """
        check_is_fitted(self, "n_episodes_")
        return self.action_space_.value(self._act(self.state_space_.row(obs), greedy))

    def save(self, path):
        """Write the agent to one file, with everything it needs to go on exactly.

        Parameters
        ----------
        path : str or path-like
            The file; replaced atomically.
        """
        save_object(self, path)

    @classmethod
    def load(cls, path):
        """Read an agent that `save` wrote.

        Parameters
        ----------
        path : str or path-like
            The file.

        Returns
        -------
        Agent

        Raises
        ------
        ValueError
            If the file is damaged or holds something else.
        """
        agent = load_object(path)
        if not isinstance(agent, cls):
            raise ValueError(f"{fspath(path)!r} holds a {type(agent).__name__}, not a {cls.__name__}")
        return agent

    def _spaces(self, env):
        """The environment's spaces as rows; they must be those of earlier training."""
        name = type(self).__name__
        prefix = "single_" if is_vector(env) else ""
        for attribute in (f"{prefix}observation_space", f"{prefix}action_space", "reset", "step"):
            if not hasattr(env, attribute):
                raise ValueError(f"env must speak the Gymnasium protocol, but {type(env).__name__} has no {attribute}")
        states = self._state_space(as_space(getattr(env, f"{prefix}observation_space"), "observation_space"))
        actions = as_space(getattr(env, f"{prefix}action_space"), "action_space")
        self._check_actions(actions)
        if hasattr(self, "state_space_"):
            seen, given = (self.state_space_, self.action_space_), (states, actions)
            if repr(seen) != repr(given):
                raise ValueError(f"this {name} was trained with the spaces {seen}, env has {given}")
        return states, actions

    def _check_actions(self, actions):
        if isinstance(actions, Box):
            raise ValueError(f"action_space must be discrete for {type(self).__name__}, got {actions!r}")

    def _stream(self):
        """The agent's random generator, as a copy to work with."""
        if hasattr(self, "rng_"):
            rng = np.random.Generator(type(self.rng_.bit_generator)())
            rng.bit_generator.state = self.rng_.bit_generator.state
            return rng
        # a stream of its own: a generator that the caller shares with others is drawn from once
        return np.random.default_rng(check_random_state(self.random_state).integers(2**63))


class ValueAgent(Agent):
    """Base of the agents that learn a table of action values: Q_, and the policy that is greedy in it.

    A subclass names its `Learner` and what else it keeps.
    """

    _learner: type

    def __init__(self, lr=0.1, epsilon=0.1, gamma=0.99, tile_coder=None, random_state=None):
        self.lr = lr
        self.epsilon = epsilon
        self.gamma = gamma
        self.tile_coder = tile_coder
        self.random_state = random_state

    @property
    def policy_(self):
        """Greedy action of every state (the first of equals), as the environment counts them."""
        check_is_fitted(self, "Q_")
        rows = self.Q_.argmax(axis=1)
        return rows + getattr(self.action_space_, "start", 0)

    def _check_hyperparameters(self):
        for name in ("epsilon", "gamma", "lr"):
            value = getattr(self, name, None)
            if value is not None:
                check_share(value, name, positive=name == "lr")

    def _state_space(self, space):
        if self.tile_coder is not None:
            return Tiles(self.tile_coder)
        if isinstance(space, Box):
            raise ValueError(
                f"observation_space is {space!r}: give {type(self).__name__} a tile_coder=TileCoder(low, high, ...) "
                "(one tiling makes a plain grid)"
            )
        return space

    def _run(self, env, states, actions, n_episodes, max_steps, seed, verbose):
        learner = self._learner(self, states, actions, lanes=is_vector(env))
        if is_vector(env):
            stepper = LaneStepper(env, states, actions.value)
            episodes = play_lanes(stepper, learner, n_episodes, max_steps, seed)
        else:
            stepper = make_stepper(env, states, actions)
            seeds = (None if seed is None else seed + i for i in range(n_episodes))
            episodes = (play(stepper, learner, max_steps, seed) for seed in seeds)
        records = list(progress(episodes, total=n_episodes, desc=type(self).__name__, verbose=verbose))
        learned = learner.state()
        if not np.isfinite(learned["Q_"]).all():
            raise ValueError(f"{type(self).__name__}: the action values have grown out of range; lower lr={self.lr!r}")
        for name, value in learned.items():
            setattr(self, name, value)
        return records

    def _player(self):
        return _GreedyPlayer(self.Q_, isinstance(self.state_space_, Tiles))

    def _act(self, s, greedy):
        values = self.Q_[s] if np.ndim(s) == 0 else self.Q_[list(s)].sum(axis=0)
        explore = not greedy and self.rng_.random() < self.epsilon
        return int(self.rng_.integers(len(values))) if explore else int(values.argmax())


class Learner:
    """An agent's working copy for the scalar loop: Q as lists, an epsilon-greedy choice, a stream of random numbers.

    Subclasses define ``learn(s, a, r, s2, terminated, truncated)``, which returns the next action. Lanes of a
    vector environment are served one after the other by copies that share the tables; `LaneLearner` replaces that
    by array expressions.
    """

    def __init__(self, agent, states, actions, lanes=False):
        self.n_actions, self.tiled = actions.n, isinstance(states, Tiles)
        self.lr, self.epsilon, self.gamma = getattr(agent, "lr", None), agent.epsilon, agent.gamma
        self.rng = agent._stream()
        self.Q = self._table(agent, "Q_", states.n)
        self.lanes = {}

    def _table(self, agent, name, n_rows, fill=0.0):
        kept = getattr(agent, name, None)
        return as_table(np.full((n_rows, self.n_actions), fill) if kept is None else kept, self.tiled)

    def state(self):
        """What the agent takes over."""
        return {"Q_": self.Q.array(), "rng_": self.rng}

    def begin(self):
        """Start an episode: fresh random numbers."""
        self.draw = _uniforms(self.rng).__next__

    def first(self, s):
        """First action of an episode."""
        return self.choose(self.Q[s])

    def choose(self, values):
        """Epsilon-greedy with ties broken at random."""
        if self.draw() < self.epsilon:
            return int(self.draw() * self.n_actions)
        best = max(values)
        if values.count(best) == 1:
            return values.index(best)
        ties = [a for a, value in enumerate(values) if value == best]
        return ties[int(self.draw() * len(ties))]

    def first_lanes(self, lanes, s):
        """First actions of episodes that begin in some lanes."""
        return np.array([self._lane(lane, begin=True).first(row) for lane, row in zip(lanes.tolist(), _rows(s))])

    def learn_lanes(self, lanes, s, a, r, s2, terminated, truncated):
        """Learn from one transition of each lane, in their order; the next actions."""
        columns = zip(
            lanes.tolist(), _rows(s), a.tolist(), r.tolist(), _rows(s2), terminated.tolist(), truncated.tolist()
        )
        return np.array([self._lane(lane).learn(*transition) for lane, *transition in columns], dtype=np.int64)

    def _lane(self, lane, begin=False):
        if begin:
            copy = object.__new__(type(self))
            copy.__dict__.update(self.__dict__)
            copy.begin()
            self.lanes[lane] = copy
        return self.lanes[lane]


class LaneLearner(Learner):
    """A learner whose update is also one array expression for all lanes.

    Subclasses define ``learn_lanes(lanes, s, a, r, s2, terminated, truncated)`` too; there Q is a `LaneTable`.
    """

    def __init__(self, agent, states, actions, lanes=False):
        super().__init__(agent, states, actions)
        if lanes:
            self.Q = LaneTable(self.Q.array())

    def first_lanes(self, lanes, s):
        """First actions of episodes that begin in some lanes."""
        return self.choose_lanes(self.Q[s])

    def choose_lanes(self, values):
        """Epsilon-greedy for every column of (n_actions, L), ties broken at random."""
        n_lanes = values.shape[1]
        draws, rank = self.rng.random((2, n_lanes))
        ties = values == values.max(axis=0)
        # of n tied actions the one whose number is the integer part of a uniform number times n
        greedy = (ties.cumsum(axis=0) > rank * ties.sum(axis=0)).argmax(axis=0)
        explore = np.flatnonzero(draws < self.epsilon)
        greedy[explore] = self.rng.integers(self.n_actions, size=len(explore))
        return greedy


class _GreedyPlayer:
    """Plays the greedy policy of a table and learns nothing."""

    def __init__(self, Q, tiled):
        self.Q = LaneTable(Q)
        self.best = None if tiled else Q.argmax(axis=1).tolist()

    def begin(self):
        """Nothing to prepare."""

    def first(self, s):
        """The greedy action."""
        return int(self.Q[np.array([s])].argmax()) if self.best is None else self.best[s]

    def learn(self, s, a, r, s2, terminated, truncated):
        """The next greedy action."""
        return self.first(s2)

    def greedy_lanes(self, s):
        """Greedy actions of rows (L,) or tiles (L, k)."""
        return self.Q[s].argmax(axis=0)


def make_stepper(env, states, actions):
    """The stepper of a single environment."""
    return Stepper(env, states.row, actions.value, getattr(actions, "n", None))


def _uniforms(rng, block=32):
    """Random numbers one at a time, drawn in blocks."""
    while True:
        yield from rng.random(block).tolist()


def _rows(s):
    """Rows or tuples of tiles as Python objects."""
    return s.tolist() if s.ndim == 1 else list(map(tuple, s.tolist()))


def _check_run(n_episodes, max_steps, seed):
    checked = []
    for name, value, least in (("n_episodes", n_episodes, 1), ("max_steps", max_steps, 1), ("seed", seed, 0)):
        if value is None and name != "n_episodes":
            checked.append(None)
            continue
        try:
            checked.append(index(value))
        except TypeError:
            raise TypeError(f"{name} must be an int, got {value!r}") from None
        if checked[-1] < least:
            raise ValueError(f"{name} must be at least {least}, got {value!r}")
    return checked


def check_share(value, name, positive=False):
    """A number between 0 and 1."""
    try:
        inside = 0 <= value <= 1 and not (positive and value == 0)
    except TypeError:
        raise TypeError(f"{name} must be a number, got {value!r}") from None
    if not inside:
        raise ValueError(f"{name} must be {'above 0' if positive else 'at least 0'} and at most 1, got {value!r}")
