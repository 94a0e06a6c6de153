"""Gymnasium's small tasks to the optimal greedy policy, checked by value iteration on their own transition tables."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from npml_rl import (
    CrossEntropyAgent,
    DynaQAgent,
    ExpectedSARSAAgent,
    ImportanceSamplingMonteCarloAgent,
    MonteCarloAgent,
    QLearningAgent,
    SARSAAgent,
    TabularVectorEnv,
    TileCoder,
)

GAMMA = 0.99


def arrays(P):
    """Transition table as probabilities (S, A, S), rewards (S, A), and the states that are terminal."""
    n_states, n_actions = len(P), len(P[0])
    T, R = np.zeros((n_states, n_actions, n_states)), np.zeros((n_states, n_actions))
    terminal = np.zeros(n_states, dtype=bool)
    for s in range(n_states):
        for a in range(n_actions):
            for p, s2, r, terminated in P[s][a]:
                R[s, a] += p * r
                terminal[s2] |= terminated
                T[s, a, s2] += p * (not terminated)
    return T, R, terminal


def optimal_values(T, R):
    V = np.zeros(len(R))
    for _ in range(20_000):
        Q = R + GAMMA * T @ V
        if abs(Q.max(axis=1) - V).max() < 1e-13:
            return Q
        V = Q.max(axis=1)
    raise AssertionError("value iteration has not converged")


def policy_values(T, R, policy):
    states = np.arange(len(R))
    return np.linalg.solve(np.eye(len(R)) - GAMMA * T[states, policy], R[states, policy])


def reachable(T, start, policy):
    """States the policy may come to from the start states."""
    seen, frontier = set(), set(np.flatnonzero(start).tolist())
    while frontier:
        seen |= frontier
        frontier = {int(s2) for s in frontier for s2 in np.flatnonzero(T[s, policy[s]])} - seen
    return sorted(seen)


def assert_optimal(env, agent, tolerance=1e-9):
    """The greedy policy earns the optimal value from every start state."""
    base = env.unwrapped
    T, R, _ = arrays(base.P)
    start = np.asarray(base.initial_state_distrib) > 0
    best = optimal_values(T, R).max(axis=1)
    achieved = policy_values(T, R, agent.policy_)
    np.testing.assert_allclose(achieved[start], best[start], rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("cls", "options"),
    [
        (QLearningAgent, {}),
        (SARSAAgent, {}),
        (ExpectedSARSAAgent, {}),
        (MonteCarloAgent, {}),
        (ImportanceSamplingMonteCarloAgent, {"epsilon": 0.3}),
        (DynaQAgent, {}),
        (DynaQAgent, {"prioritized": True}),
    ],
)
def test_frozen_lake_without_slipping(cls, options):
    env = gym.make("FrozenLake-v1", is_slippery=False)
    agent = cls(random_state=0, **options)
    agent.train(env, 800, seed=0)
    assert_optimal(env, agent)
    assert agent.evaluate(env, 5, seed=0).tolist() == [1.0] * 5


def test_slippery_frozen_lake():
    env = gym.make("FrozenLake-v1")
    T, R, _ = arrays(env.unwrapped.P)
    agent = QLearningAgent(lr=0.005, epsilon=0.5, random_state=0)
    agent.train(TabularVectorEnv(env.unwrapped.P, 2000), 100_000, seed=0)
    assert_optimal(env, agent)
    np.testing.assert_allclose(agent.Q_, optimal_values(T, R), atol=0.05)
    returns = agent.evaluate(TabularVectorEnv(env.unwrapped.P, 2000, max_steps=100), 2000, seed=0)
    # 0.741 of episodes reach the goal within the 100 steps of the task; three standard errors
    assert abs(returns.mean() - 0.741) < 3 * (0.741 * 0.259 / 2000) ** 0.5 + 0.005


def test_dyna_q_solves_a_slippery_lake_from_few_episodes():
    env = gym.make("FrozenLake-v1")
    agent = DynaQAgent(lr=0.1, epsilon=0.3, random_state=0, n_planning=10)
    agent.train(env, 800, seed=0)
    assert_optimal(env, agent, tolerance=0.03)


@pytest.mark.parametrize("cls", [QLearningAgent, DynaQAgent])
def test_cliff_walking(cls):
    env = gym.make("CliffWalking-v1")
    agent = cls(lr=0.5, random_state=0)
    agent.train(env, 300, max_steps=500, seed=0)
    assert_optimal(env, agent)
    assert agent.evaluate(env, 1, max_steps=50).tolist() == [-13.0]


def test_taxi():
    env = gym.make("Taxi-v4")
    agent = QLearningAgent(lr=0.5, epsilon=0.3, random_state=0)
    base = env.unwrapped
    lanes = TabularVectorEnv(base.P, 300, start=base.initial_state_distrib, max_steps=200)
    agent.train(lanes, 50_000, seed=0)
    assert_optimal(env, agent)
    returns = agent.evaluate(env, 100, seed=0)
    assert returns.mean() > 7.5
    assert returns.min() > 0


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("cls", [SARSAAgent, MonteCarloAgent])
def test_vector_environments(mode, cls):
    envs = gym.make_vec(
        "FrozenLake-v1", 6, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, is_slippery=False
    )
    agent = cls(random_state=0)
    history = agent.train(envs, 500, seed=0)
    assert history.returns.shape == (500,)
    assert set(history.returns) == {0.0, 1.0}
    assert_optimal(gym.make("FrozenLake-v1", is_slippery=False), agent)
    assert agent.evaluate(envs, 8, seed=1).tolist() == [1.0] * 8


def test_wrappers_and_tuple_observations():
    env = gym.wrappers.RecordEpisodeStatistics(gym.wrappers.TransformReward(gym.make("Blackjack-v1"), lambda r: 2 * r))
    agent = MonteCarloAgent(random_state=0)
    history = agent.train(env, 1500, seed=0)
    assert agent.Q_.shape == (704, 2)
    assert set(history.returns) <= {-2.0, 0.0, 2.0, 3.0}
    assert agent.act((20, 10, 0), greedy=True) == 0
    assert agent.act((5, 10, 0), greedy=True) in (0, 1)


CART_POLE = TileCoder([-2.4, -3.0, -0.21, -3.0], [2.4, 3.0, 0.21, 3.0], n_tilings=8, n_tiles=[3, 3, 6, 6])


def test_cart_pole_by_cross_entropy():
    envs = gym.make_vec("CartPole-v1", 100, vectorization_mode="vector_entry_point")
    agent = CrossEntropyAgent(n_candidates=100, random_state=0)
    agent.train(envs, 1000, seed=0)
    assert agent.evaluate(gym.make("CartPole-v1"), 5, seed=100).mean() > 475  # "solved"


def test_cart_pole_by_tile_coded_control():
    env = gym.make("CartPole-v1")
    agent = SARSAAgent(lr=0.3, epsilon=0.02, gamma=0.99, tile_coder=CART_POLE, random_state=0)
    agent.train(env, 100, seed=0)
    assert agent.evaluate(env, 5, seed=100).mean() > 195


def test_mountain_car():
    env = gym.make("MountainCar-v0")
    coder = TileCoder(env.observation_space.low, env.observation_space.high, n_tilings=8, n_tiles=8)
    agent = SARSAAgent(lr=0.5, epsilon=0.0, gamma=1.0, tile_coder=coder, random_state=0)
    agent.train(env, 150, seed=0)
    assert agent.evaluate(env, 20, seed=1000).mean() > -150


def test_box_actions_by_cross_entropy():
    env = gym.make("MountainCarContinuous-v0", max_episode_steps=200)
    agent = CrossEntropyAgent(n_candidates=20, std=5.0, random_state=0)
    agent.train(env, 100, seed=0)
    action = agent.act(env.reset(seed=0)[0])
    assert env.action_space.contains(action)


def test_a_box_of_actions_is_refused_by_name():
    with pytest.raises(ValueError, match="action_space must be discrete for QLearningAgent"):
        QLearningAgent(tile_coder=CART_POLE).train(gym.make("Pendulum-v1"), 1)


def test_resumed_in_gymnasium(tmp_path):
    def agent():
        return SARSAAgent(random_state=0)

    whole, part = agent(), agent()
    whole.train(gym.make("FrozenLake-v1"), 60, seed=3)
    part.train(gym.make("FrozenLake-v1"), 25, seed=3)
    part.save(tmp_path / "agent")
    part = SARSAAgent.load(tmp_path / "agent")
    part.train(gym.make("FrozenLake-v1"), 35, seed=3)
    assert (whole.Q_ == part.Q_).all()
