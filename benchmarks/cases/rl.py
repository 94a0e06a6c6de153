"""npml-rl against the textbook's agents and loops in plain NumPy, one step at a time: the peers are written below.

Where an environment is stepped, its own share stands beside the ratio (the floor).
"""

from copy import deepcopy

import gymnasium as gym
import numpy as np
from harness import Pair, case, no_worse

GAMMA = 0.99


class ArrayAgent:
    """A tabular agent as books and tutorials write it: Q is an array, a step is a handful of NumPy calls."""

    def __init__(self, n_states, n_actions, lr=0.1, epsilon=0.1, sarsa=False, n_planning=0, seed=0):
        self.Q, self.rng = np.zeros((n_states, n_actions)), np.random.default_rng(seed)
        self.lr, self.epsilon, self.sarsa, self.n_planning = lr, epsilon, sarsa, n_planning
        self.model, self.pairs = {}, []

    def choose(self, s):
        """Epsilon-greedy."""
        if self.rng.random() < self.epsilon:
            return int(self.rng.integers(self.Q.shape[1]))
        return int(np.argmax(self.Q[s]))

    def learn(self, s, a, r, s2, terminated):
        """One temporal-difference update and its planning; the next action."""
        a2 = self.choose(s2)
        future = 0.0 if terminated else self.Q[s2, a2] if self.sarsa else np.max(self.Q[s2])
        self.Q[s, a] += self.lr * (r + GAMMA * future - self.Q[s, a])
        if self.n_planning:
            if (s, a) not in self.model:
                self.pairs.append((s, a))
            self.model[s, a] = r, s2, terminated
            for i in self.rng.integers(len(self.pairs), size=self.n_planning):
                pair = self.pairs[i]
                r, s2, terminated = self.model[pair]
                target = r + GAMMA * (0.0 if terminated else np.max(self.Q[s2]))
                self.Q[pair] += self.lr * (target - self.Q[pair])
        return a2

    def train(self, env, n_steps, max_steps):
        """So many steps, episode after episode."""
        done = True
        for _ in range(n_steps):
            if done:
                s, _ = env.reset()
                a, length = self.choose(s), 0
            s2, r, terminated, truncated, _ = env.step(a)
            length += 1
            a, s = self.learn(s, a, r, s2, terminated), s2
            done = terminated or truncated or length == max_steps
        return n_steps


class Tape:
    """Notes what an agent does to an environment, None for a reset, so that the environment alone can be timed."""

    def __init__(self, env):
        self.env, self.log = env, []
        self.observation_space, self.action_space = env.observation_space, env.action_space

    def reset(self, **options):
        """Pass on and note."""
        self.log.append(None)
        return self.env.reset(**options)

    def step(self, action):
        """Pass on and note."""
        self.log.append(action)
        return self.env.step(action)


def seconds_per_step(name, options, cls, agent_options, peer_options, n_steps):
    """Pair of trainings of as many steps: both sides' environments are new and seeded."""
    env = gym.make(name, **options)
    n_states, n_actions = int(env.observation_space.n), int(env.action_space.n)

    def train(env):
        agent = cls(random_state=0, **agent_options)
        env.reset(seed=0)
        # episodes of at most 50 steps, none of them cut by the end of the measurement
        done = 0
        while done < n_steps:
            done += int(agent.train(env, max(1, (n_steps - done) // 50), max_steps=50).steps.sum())
        return agent, done

    def ours():
        return train(gym.make(name, **options))

    def peer():
        env, agent = gym.make(name, **options), ArrayAgent(n_states, n_actions, **peer_options)
        env.reset(seed=0)
        return agent, agent.train(env, n_steps, 50)

    tape = Tape(gym.make(name, **options))
    train(tape)

    def floor():
        env = gym.make(name, **options)
        env.reset(seed=0)
        for action in tape.log[1:]:
            if action is None:
                env.reset()
            else:
                env.step(action)

    def check(a, b):
        assert n_steps <= a[1] <= n_steps + 50, f"{a[1]} steps against {b[1]}"
        return f"{a[1]} steps"

    return Pair(ours, peer, check, work=(n_steps, "steps"), floor=floor)


TASKS = {
    "FrozenLake": dict(name="FrozenLake-v1", options={}),
    "CliffWalking": dict(name="CliffWalking-v1", options={}),
    "Taxi": dict(name="Taxi-v4", options={}),
}


@case("npml-rl", group="one environment", peer="numpy", sizes=TASKS)
def q_learning(name, options):
    """20,000 steps of Q-learning."""
    from npml_rl import QLearningAgent

    return seconds_per_step(name, options, QLearningAgent, {}, {}, 20_000)


@case("npml-rl", group="one environment", peer="numpy", sizes={"FrozenLake": TASKS["FrozenLake"]})
def sarsa(name, options):
    """20,000 steps of SARSA."""
    from npml_rl import SARSAAgent

    return seconds_per_step(name, options, SARSAAgent, {}, {"sarsa": True}, 20_000)


@case("npml-rl", group="one environment", peer="numpy", sizes={k: TASKS[k] for k in ("FrozenLake", "Taxi")})
def dyna_q(name, options):
    """5,000 steps with 10 planning updates each."""
    from npml_rl import DynaQAgent

    return seconds_per_step(name, options, DynaQAgent, {"n_planning": 10}, {"n_planning": 10}, 5_000)


@case(
    "npml-rl", group="many at once", peer="numpy", sizes={"200 lanes": dict(lanes=200), "2000 lanes": dict(lanes=2000)}
)
def tabular_lanes(lanes):
    """Q-learning of a slippery FrozenLake: all copies in lockstep against as many steps of one."""
    from npml_rl import QLearningAgent, TabularVectorEnv

    P = gym.make("FrozenLake-v1").unwrapped.P
    n_steps = 40_000

    def ours():
        agent = QLearningAgent(random_state=0)
        # random play lasts 7.6 steps an episode
        return agent.train(TabularVectorEnv(P, lanes, max_steps=100), n_steps // 8, seed=0).steps.sum()

    steps = int(ours())

    def peer():
        env = gym.make("FrozenLake-v1")
        env.reset(seed=0)
        return ArrayAgent(16, 4).train(env, steps, 100)

    return Pair(ours, peer, no_worse(lambda n: n, name="steps"), work=(steps, "steps"))


@case("npml-rl", group="many at once", peer="numpy", sizes={"50 candidates": dict(n=50), "500 candidates": dict(n=500)})
def cross_entropy_generation(n):
    """The sixth generation on CartPole: candidates in lockstep in the built-in vector environment, or one by one."""
    from npml_rl import CrossEntropyAgent

    envs = gym.make_vec("CartPole-v1", n, vectorization_mode="vector_entry_point")
    agent = CrossEntropyAgent(n_candidates=n, random_state=0)
    agent.train(envs, 5 * n, seed=0)
    thetas = agent.mean_ + agent.std_ * np.random.default_rng(0).normal(size=(n, 5, 2))

    def ours():
        return deepcopy(agent).train(envs, n, seed=0).returns.mean()

    def peer():
        env, returns = gym.make("CartPole-v1"), []
        for i, theta in enumerate(thetas):
            obs, _ = env.reset(seed=i)
            total, done = 0.0, False
            while not done:
                obs, r, terminated, truncated, _ = env.step(int(np.argmax(obs @ theta[:-1] + theta[-1])))
                total, done = total + r, terminated or truncated
            returns.append(total)
        return np.mean(returns)

    def check(a, b):
        assert abs(a - b) < 0.6 * b, f"mean return {a:.1f} against {b:.1f}"
        return f"mean return {a:.1f} / {b:.1f}"

    return Pair(ours, peer, check)


@case("npml-rl", group="tile coding", peer="numpy", sizes={"20,000 x 2": dict(d=2), "20,000 x 4": dict(d=4)})
def tile_coding(d, n=20_000):
    """8 tilings of many vectors at once, against the textbook's loop over vectors and tilings."""
    from npml_rl import TileCoder

    coder = TileCoder([0.0] * d, [1.0] * d, n_tilings=8, n_tiles=8)
    X = np.random.default_rng(0).random((n, d))
    shift = 2 * np.arange(d) + 1

    def peer():
        table, rows = {}, []
        for x in X:
            fine = np.floor(x * 8 * 8).astype(int)
            rows.append([table.setdefault((t, *((fine + t * shift) // 8)), len(table)) for t in range(8)])
        return np.array(rows)

    def check(ours, theirs):
        first = {}
        for a, b in zip(ours.ravel().tolist(), theirs.ravel().tolist()):
            assert first.setdefault(a, b) == b, "tiles differ"
        assert len(set(first.values())) == len(first), "tiles differ"

    return lambda: coder.encode(X), peer, check


@case("npml-rl", group="tile coding", peer="numpy", sizes={"MountainCar, 20 episodes": dict(n_episodes=20)})
def tile_coded_sarsa(n_episodes):
    """SARSA on mountain car, weights as an array and NumPy calls a step on the other side."""
    from npml_rl import MountainCar, SARSAAgent, TileCoder

    coder = TileCoder([-1.2, -0.07], [0.5, 0.07], n_tilings=8, n_tiles=8)

    def ours():
        agent = SARSAAgent(0.5, 0.0, 1.0, tile_coder=coder, random_state=0)
        return int(agent.train(MountainCar(), n_episodes, max_steps=500, seed=0).steps.sum())

    def peer():
        w, low, extent = np.zeros((648, 3)), np.array([-1.2, -0.07]), np.array([1.7, 0.14])
        shifts, offsets = np.arange(8)[:, None] * [1, 3] % 8, np.arange(8) * 81
        env, steps = MountainCar(), 0
        env.reset(seed=0)

        def tiles(obs):
            fine = np.minimum(np.floor((obs - low) / extent * 64), 63).astype(int)
            return (fine + shifts) // 8 @ [9, 1] + offsets

        for _ in range(n_episodes):
            s = tiles(env.reset()[0])
            a = int(np.argmax(w[s].sum(axis=0)))
            for _ in range(500):
                obs, r, terminated, _, _ = env.step(a)
                s2 = tiles(obs)
                a2 = int(np.argmax(w[s2].sum(axis=0)))
                w[s, a] += 0.5 / 8 * (r + (0 if terminated else w[s2, a2].sum()) - w[s, a].sum())
                s, a, steps = s2, a2, steps + 1
                if terminated:
                    break
        return steps

    def check(a, b):
        assert abs(a - b) < 0.15 * b, f"{a} steps against {b}"
        return f"{a} / {b} steps"

    return ours, peer, check


@case("npml-rl", group="bandits", peer="numpy", sizes={"50 runs": dict(n_runs=50), "2000 runs": dict(n_runs=2000)})
def ten_armed_testbed(n_runs, n_steps=100):
    """Epsilon-greedy and UCB for 100 steps: all runs in lockstep, against one run after the other."""
    from npml_rl import UCB1, EpsilonGreedy, GaussianBandit, run

    means = np.random.default_rng(0).normal(size=(n_runs, 10))

    def ours():
        return (
            run(GaussianBandit(means), [EpsilonGreedy(0.1), UCB1()], n_steps, n_runs, seed=0).regret[:, :, -1].mean(1)
        )

    def peer():
        rng, regret = np.random.default_rng(0), np.zeros((2, n_runs))
        for policy in range(2):
            for i, mu in enumerate(means):
                Q, N = np.zeros(10), np.zeros(10)
                for t in range(1, n_steps + 1):
                    if policy == 0:
                        a = int(rng.integers(10)) if rng.random() < 0.1 else int(np.argmax(Q))
                    else:
                        bonus = np.sqrt(2 * np.log(t) / np.maximum(N, 1))
                        a = int(np.argmax(np.where(N == 0, np.inf, Q + bonus)))
                    N[a] += 1
                    Q[a] += (rng.normal(mu[a]) - Q[a]) / N[a]
                    regret[policy, i] += mu.max() - mu[a]
        return regret.mean(1)

    def check(a, b):
        assert (abs(a - b) < 0.25 * b).all(), f"regret {a} against {b}"
        return f"regret {a[0]:.1f}, {a[1]:.1f} / {b[0]:.1f}, {b[1]:.1f}"

    return ours, peer, check
