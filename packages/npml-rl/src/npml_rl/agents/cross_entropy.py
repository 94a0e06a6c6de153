"""The cross-entropy method: search for a policy by drawing, trying, and refitting.

A policy is a vector theta: scores x^T W + b of the actions for the features x of an observation, the best score
wins (a box of actions takes the scores themselves, clipped). Features are the observation itself for a box, its
tiles with a tile coder, and the row of a table for discrete observations. A generation of n candidates is drawn
from independent normals,

    theta_i ~ N(mu, sigma^2),   i = 1 .. n,

each plays one episode; mu and sigma become mean and standard deviation of the best share of candidates, and to
sigma^2 is added a noise that falls from generation to generation,

    sigma^2 = var(elite) + noise max(0, 1 - generation / noise_generations)

so that the search does not freeze early. A candidate as bad as the worst is never among the best: where rewards are
rare, the few that found one count alone, and a generation of equals changes nothing.

Cost: n episodes a generation. In a vector environment the candidates play side by side, one a lane, and their
actions are one array expression.

References
----------
Rubinstein (1999), "The Cross-Entropy Method for Combinatorial and Continuous Optimization".
https://doi.org/10.1023/A:1010091220143 Szita and Lorincz (2006), "Learning Tetris Using the Noisy Cross-Entropy
Method". https://doi.org/10.1162/neco.2006.18.12.2936
"""

from operator import index

import numpy as np

from npml_core import progress

from ..episodes import LaneStepper, is_vector, play, rollouts
from ..spaces import Box, Tiles
from .base import Agent, check_share, make_stepper

__all__ = ["CrossEntropyAgent"]


class CrossEntropyAgent(Agent):
    """Cross-entropy method over linear policies.

    Parameters
    ----------
    n_candidates : int, default=50
        Policies a generation.
    elite : float, default=0.2
        Share of them that the next generation is fitted to.
    std : float, default=1.0
        Standard deviation of the first generation.
    noise : float, default=0.25
        Variance added after the first generation.
    noise_generations : int, default=20
        Generations until the noise has gone.
    tile_coder : TileCoder, optional
        Features for observations that are vectors.
    random_state : None, int, Generator or RandomState
        Draws the candidates.

    Attributes
    ----------
    mean_, std_ : ndarray (n_features + 1, n_actions)
        The search distribution; the last row is b. Rows are states for discrete observations (without b).
    policy_ : ndarray (n_states,)
        Actions of the mean policy, for discrete observations and actions.
    generation_ : int
        Generations finished.
    n_episodes_ : int
        Runs so far; every candidate's run is one.

    Examples
    --------
    >>> from npml_rl import CrossEntropyAgent
    >>> from npml_rl.environments import CliffWalk
    >>> agent = CrossEntropyAgent(random_state=0)
    >>> agent.train(CliffWalk(), 2000, max_steps=50).returns.shape
    (2000,)
    """

    def __init__(
        self, n_candidates=50, elite=0.2, std=1.0, noise=0.25, noise_generations=20, tile_coder=None, random_state=None
    ):
        self.n_candidates = n_candidates
        self.elite = elite
        self.std = std
        self.noise = noise
        self.noise_generations = noise_generations
        self.tile_coder = tile_coder
        self.random_state = random_state

    @property
    def policy_(self):
        """Actions of the mean policy in every state."""
        if not hasattr(self, "mean_") or (
            not hasattr(self.state_space_, "parts") and not hasattr(self.state_space_, "start")
        ):
            raise AttributeError("policy_ is there after training with discrete observations")
        return self.mean_.argmax(axis=1) + getattr(self.action_space_, "start", 0)

    def _check_hyperparameters(self):
        for name in ("n_candidates", "noise_generations"):
            if index(getattr(self, name)) < 1:
                raise ValueError(f"{name} must be a positive int, got {getattr(self, name)!r}")
        check_share(self.elite, "elite", positive=True)
        if not 0 < self.std < float("inf") or not 0 <= self.noise < float("inf"):
            raise ValueError(f"std must be positive and noise not negative, got {self.std!r} and {self.noise!r}")

    def _state_space(self, space):
        if self.tile_coder is not None:
            return Tiles(self.tile_coder)
        return _Vectors(space) if isinstance(space, Box) else space

    def _check_actions(self, actions):
        if isinstance(actions, Box) and not (np.isfinite(actions.low).all() and np.isfinite(actions.high).all()):
            raise ValueError(f"action_space must be discrete or a bounded box, got {actions!r}")

    def _run(self, env, states, actions, n_episodes, max_steps, seed, verbose):
        search = _Search(self, states, actions)
        episodes = self._episodes(search, env, n_episodes, max_steps, seed, _LinearPolicy(states, actions))
        records = list(progress(episodes, total=n_episodes, desc=type(self).__name__, verbose=verbose))
        for name, value in search.state().items():
            setattr(self, name, value)
        return records

    def _episodes(self, search, env, n_episodes, max_steps, seed, policy):
        """Draw, try, refit, until so many candidates have run."""
        if is_vector(env):
            stepper, attempt = LaneStepper(env, policy.states, policy.actions.value), _try_lanes
        else:
            stepper, attempt = make_stepper(env, policy.states, policy.actions), _try
        done = 0
        while done < n_episodes:
            thetas = search.candidates(n_episodes - done)
            results = attempt(stepper, policy, thetas, max_steps, None if seed is None else seed + done)
            search.score([total for total, _ in results])
            done += len(results)
            yield from results

    def _player(self):
        policy = _LinearPolicy(self.state_space_, self.action_space_)
        return _Candidate(policy, self.mean_)

    def _act(self, s, greedy):
        return _LinearPolicy(self.state_space_, self.action_space_).choose(self.mean_, s)


class _Search:
    """The distribution, the candidates of the running generation and their returns."""

    def __init__(self, agent, states, actions):
        self.agent, self.rng = agent, agent._stream()
        shape = (states.n, actions.n if hasattr(actions, "n") else int(np.prod(actions.shape)))
        self.mean = getattr(agent, "mean_", np.zeros(shape))
        self.std = getattr(agent, "std_", np.full(shape, float(agent.std)))
        self.generation = getattr(agent, "generation_", 0)
        self.thetas = getattr(agent, "candidates_", np.empty((0, *shape)))
        self.scores = list(getattr(agent, "scores_", ()))

    def candidates(self, at_most):
        """Those of this generation that have not run yet."""
        if len(self.thetas) == 0:
            noise = self.rng.standard_normal((self.agent.n_candidates, *self.mean.shape))
            self.thetas = self.mean + self.std * noise
        return self.thetas[len(self.scores) :][:at_most]

    def score(self, totals):
        """Note the returns; when all have run, refit."""
        self.scores += totals
        if len(self.scores) < len(self.thetas):
            return
        n_elite = max(1, round(self.agent.elite * len(self.thetas)))
        scores = np.array(self.scores)
        best = np.argsort(-scores, kind="stable")[:n_elite]
        elite = self.thetas[best[scores[best] > scores.min()]]
        if len(elite):
            noise = self.agent.noise * max(0.0, 1 - self.generation / self.agent.noise_generations)
            self.mean, self.std = elite.mean(axis=0), np.sqrt(elite.var(axis=0) + noise)
        self.generation += 1
        self.thetas, self.scores = self.thetas[:0], []

    def state(self):
        """What the agent takes over."""
        return {
            "mean_": self.mean,
            "std_": self.std,
            "generation_": self.generation,
            "candidates_": self.thetas,
            "scores_": self.scores,
            "rng_": self.rng,
        }


class _LinearPolicy:
    """Scores of actions, linear in the features of an observation."""

    def __init__(self, states, actions):
        self.states, self.actions = states, actions
        self.vectors = isinstance(states, _Vectors)
        self.box = isinstance(actions, Box)

    def choose(self, theta, s):
        """Action row (or scores, for a box of actions) of one observation under one candidate."""
        if self.vectors:
            scores = s @ theta[:-1] + theta[-1]
        else:
            scores = theta[s] if np.ndim(s) == 0 else theta[list(s)].sum(axis=0)
        return scores if self.box else int(scores.argmax())

    def choose_lanes(self, thetas, s):
        """The same for lanes with a candidate each."""
        if self.vectors:
            scores = np.matmul(s[:, None, :], thetas[:, :-1])[:, 0] + thetas[:, -1]
        else:
            lanes = np.arange(len(s))
            scores = thetas[lanes, s] if s.ndim == 1 else thetas[lanes[:, None], s].sum(axis=1)
        return scores if self.box else scores.argmax(axis=1)


class _Candidate:
    """Plays one policy; the stepper's learner that learns nothing."""

    def __init__(self, policy, theta):
        self.policy, self.theta = policy, theta

    def begin(self):
        """Nothing to prepare."""

    def first(self, s):
        """The first action."""
        return self.policy.choose(self.theta, s)

    def learn(self, s, a, r, s2, terminated, truncated):
        """The next action."""
        return self.policy.choose(self.theta, s2)

    def greedy_lanes(self, s):
        """Actions of one policy in all lanes."""
        return self.policy.choose_lanes(np.broadcast_to(self.theta, (len(s), *self.theta.shape)), s)


class _Vectors(Box):
    """A box whose row is the flattened vector; n counts the bias."""

    def __init__(self, box):
        super().__init__(box.low, box.high)
        self.n = self.low.size + 1

    def row(self, value):
        """The vector, checked."""
        return self.rows(np.asarray(value)[None])[0]

    def rows(self, batch):
        """Vectors (N, n_features)."""
        batch = np.asarray(batch, dtype=np.float64)
        if batch.shape[1:] != self.shape or not np.isfinite(batch).all():
            raise ValueError(f"a finite array of shape {self.shape} is needed, got {batch!r}")
        return batch.reshape(len(batch), -1)


def _try(stepper, policy, thetas, max_steps, seed):
    """One episode for each candidate."""
    seeds = [None if seed is None else seed + i for i in range(len(thetas))]
    return [play(stepper, _Candidate(policy, theta), max_steps, s) for theta, s in zip(thetas, seeds)]


def _try_lanes(stepper, policy, thetas, max_steps, seed):
    """The same, in waves of a candidate a lane."""
    n_lanes = stepper.n_lanes
    padded = np.concatenate([thetas, np.repeat(thetas[-1:], -len(thetas) % n_lanes, axis=0)])

    def act(first, s):
        return policy.choose_lanes(padded[first : first + n_lanes], s)

    totals, lengths = rollouts(stepper, act, len(thetas), max_steps, seed)
    return list(zip(totals.tolist(), lengths.tolist()))
