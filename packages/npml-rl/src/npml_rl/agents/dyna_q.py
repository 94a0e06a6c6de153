"""Dyna-Q, Dyna-Q+ and prioritized sweeping: planning with a model that is learned on the way.

Every step in the environment does two things: it updates Q as Q-learning does, and it updates a *model*, what
follows each pair (s, a). Then `n_planning` further updates use remembered pairs instead of new experience, with

    target(s, a) = sum over outcomes of p (r + gamma max_b Q(s', b)),        Q(s, a) += lr (target(s, a) - Q(s, a))

Dyna-Q takes pairs at random. *Prioritized sweeping* takes the pair whose update is largest first: a queue holds
pairs with their |target - Q| where above `theta`; after an update of s, the pairs that lead to s are looked at
again. Nothing is learned outside the queue. *Dyna-Q+* adds the bonus kappa sqrt(tau) to the target of a pair not
tried in the environment for tau steps, and plans with untried actions too, as if they led back to s with reward 0:
it keeps testing what may have changed.

The model. In a deterministic environment it is the textbook's, the last outcome of each pair, so that a wall that
moves is believed at the first bump. An outcome that comes back after another had taken its place shows that the
pair is random; from then on it has frequencies, its updates are expected updates, and in a stationary environment
they become exact.

Cost: n_planning updates a step (a queue adds O(log n) to each); memory O(pairs seen).

Differences from the book: planning draws from the pairs seen, not a state first and then one of its actions; the
model of random pairs (the book's is for deterministic environments only); with both `plus` and `prioritized`,
updates left over when the queue is empty go to random pairs, as the bonus grows without anything being experienced.

References
----------
Sutton (1990), "Integrated architectures for learning, planning, and reacting".
https://doi.org/10.1016/B978-1-55860-141-3.50030-4 Moore and Atkeson (1993), "Prioritized sweeping", Machine
Learning 13. https://doi.org/10.1007/BF00993104 Sutton and Barto (2018), "Reinforcement Learning: An Introduction",
2nd ed., sections 8.2-8.4.
"""

from copy import copy
from math import sqrt
from operator import index

from npml_core import PriorityQueue, Storable

from .base import Learner, ValueAgent

__all__ = ["DynaQAgent"]


class Model(Storable):
    """What followed each pair so far.

    Attributes
    ----------
    pairs : list
        All pairs (s, a), in the order of their first visit.
    outcomes : dict
        Pair -> list of (probability, r, s', terminated).
    sources : dict
        s' -> dict whose keys are the pairs that have led there.
    tried : dict
        Pair -> when it was last tried in the environment.
    time, n_updates : int
        Steps and updates so far.
    """

    def __init__(self):
        self.pairs, self.outcomes, self.sources, self.tried = [], {}, {}, {}
        self.time = self.n_updates = 0
        self.queue = []
        self._counts = {}

    def copy(self):
        """A model that can go on without changing this one."""
        new = Model()
        new.__dict__.update({name: copy(value) for name, value in vars(self).items()})
        new.sources = {s2: dict(pairs) for s2, pairs in self.sources.items()}
        new._counts = {pair: dict(counts) for pair, counts in self._counts.items()}
        return new

    def observe(self, pair, r, s2, terminated):
        """Take in one outcome."""
        self.time += 1
        self.tried[pair] = self.time
        counts = self._counts.setdefault(pair, {})
        key = (s2, terminated)
        known = key in counts
        n, mean = counts.get(key, (0, 0.0))
        counts[key] = (n + 1, mean + (r - mean) / (n + 1))
        if not known:
            self.sources.setdefault(s2, {})[pair] = None
        current = self.outcomes.get(pair)
        if current is None:
            self.pairs.append(pair)
        if current is None or (len(current) == 1 and (not known or current[0][2:] == key)):
            self.outcomes[pair] = [(1.0, counts[key][1], s2, terminated)]
        else:
            total = sum(n for n, _ in counts.values())
            self.outcomes[pair] = [(n / total, mean, *key) for key, (n, mean) in counts.items()]

    def imagine(self, s, n_actions):
        """Untried actions of a new state: they lead back to it with reward 0."""
        for a in range(n_actions):
            if (s, a) not in self.outcomes:
                self.pairs.append((s, a))
                self.outcomes[s, a] = [(1.0, 0.0, s, False)]
                self.tried[s, a] = 0


class DynaLearner(Learner):
    """The update of Q, the model and the planning."""

    def __init__(self, agent, states, actions, lanes=False):
        super().__init__(agent, states, actions)
        self.plus, self.prioritized, self.n_planning = agent.plus, agent.prioritized, agent.n_planning
        self.kappa, self.theta = agent.kappa, agent.theta
        self.model = agent.model_.copy() if hasattr(agent, "model_") else Model()
        self.queue = PriorityQueue(order="max")
        for pair, priority in self.model.queue:
            self.queue.push(pair, priority)

    def learn(self, s, a, r, s2, terminated, truncated):
        """One step and its planning."""
        model, pair = self.model, (s, a)
        if self.plus and pair not in model.outcomes:
            model.imagine(s, self.n_actions)
        model.observe(pair, r, s2, terminated)
        if self.prioritized:
            self._prioritize(pair)
            left = self._sweep()
        else:
            self._move(pair, r if terminated else r + self.gamma * max(self.Q[s2]))
            left = self.n_planning
        if self.plus or not self.prioritized:
            for _ in range(left):
                pair = model.pairs[int(self.draw() * len(model.pairs))]
                self._move(pair, self._target(pair))
        return self.choose(self.Q[s2])

    def _target(self, pair):
        Q, gamma, target = self.Q, self.gamma, 0.0
        for p, r, s2, terminated in self.model.outcomes[pair]:
            target += p * (r if terminated else r + gamma * max(Q[s2]))
        if self.plus:
            target += self.kappa * sqrt(self.model.time - self.model.tried[pair])
        return target

    def _move(self, pair, target):
        self.model.n_updates += 1
        self.Q.toward(*pair, target, self.lr)

    def _prioritize(self, pair):
        s, a = pair
        priority = abs(self._target(pair) - self.Q[s][a])
        if priority > self.theta:
            self.queue.push(pair, priority)

    def _sweep(self):
        """Updates in order of urgency; how many are left when the queue is empty."""
        for left in range(self.n_planning, 0, -1):
            if not self.queue:
                return left
            pair, _ = self.queue.pop()
            self._move(pair, self._target(pair))
            for source in self.model.sources.get(pair[0], ()):
                self._prioritize(source)
        return 0

    def state(self):
        """What the agent takes over; the queue as a list, most urgent first."""
        self.model.queue = []
        while self.queue:
            self.model.queue.append(self.queue.pop())
        return {**super().state(), "model_": self.model}


class DynaQAgent(ValueAgent):
    """Q-learning that plans with a learned model.

    Parameters
    ----------
    lr : float, default=0.1
        Step size, in (0, 1]; with a tile coder it is dealt to the tilings.
    epsilon : float, default=0.1
        Probability of a random action.
    gamma : float, default=0.99
        Discount of a step.
    tile_coder : TileCoder, optional
        For observations that are vectors; the model then knows them by their tiles.
    random_state : None, int, Generator or RandomState
        Draws the actions and the pairs to plan with.
    plus : bool, default=False
        Dyna-Q+: a bonus for what was not tried for long.
    prioritized : bool, default=False
        Prioritized sweeping.
    n_planning : int, default=10
        Updates from the model after each step.
    kappa : float, default=1e-3
        Weight of the bonus.
    theta : float, default=1e-4
        Least change of a value that is worth an update, for prioritized sweeping.

    Attributes
    ----------
    Q_ : ndarray (n_states, n_actions)
        Action values (weights of the tiles with a tile coder).
    policy_ : ndarray (n_states,)
        Greedy actions.
    model_ : Model
        ``outcomes``: what each pair led to; ``n_updates``: how often Q was updated.
    n_episodes_ : int
        Episodes so far.

    Examples
    --------
    >>> from npml_rl import DynaQAgent
    >>> from npml_rl.environments import Maze
    >>> agent = DynaQAgent(n_planning=50, gamma=0.95, random_state=0)
    >>> bool(agent.train(Maze.dyna(), 10, seed=0).steps[-1] < 30)
    True
    """

    _learner = DynaLearner

    def __init__(
        self,
        lr=0.1,
        epsilon=0.1,
        gamma=0.99,
        tile_coder=None,
        random_state=None,
        plus=False,
        prioritized=False,
        n_planning=10,
        kappa=1e-3,
        theta=1e-4,
    ):
        super().__init__(lr, epsilon, gamma, tile_coder, random_state)
        self.plus = plus
        self.prioritized = prioritized
        self.n_planning = n_planning
        self.kappa = kappa
        self.theta = theta

    def _check_hyperparameters(self):
        super()._check_hyperparameters()
        least = 1 if self.prioritized else 0
        if index(self.n_planning) < least:
            raise ValueError(f"n_planning must be an int of at least {least}, got {self.n_planning!r}")
        for name in ("kappa", "theta"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a number of at least 0, got {getattr(self, name)!r}")
