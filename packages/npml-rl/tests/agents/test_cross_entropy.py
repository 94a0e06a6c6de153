"""The search distribution, generations in parts, lanes."""

import numpy as np
import pytest

from npml_rl import CrossEntropyAgent, TabularEnv
from npml_rl.spaces import Box, Discrete


class Aim:
    """One step: the reward is minus the squared distance of the action from 2 x + 1, seen x."""

    def __init__(self):
        self.observation_space, self.action_space = Box([-1.0], [1.0]), Box([-5.0], [5.0])

    def reset(self, seed=None, options=None):
        self.x = np.random.default_rng(seed).uniform(-1, 1)
        return np.array([self.x]), {}

    def step(self, action):
        assert action.shape == (1,)
        assert action.dtype == np.float32
        assert -5 <= action[0] <= 5
        return np.array([self.x]), -(float(action[0] - 2 * self.x - 1) ** 2), True, False, {}


class AimLanes:
    """The same in lanes, lane i seeded with seed + i."""

    num_envs = 8
    metadata = {"autoreset_mode": "Disabled"}

    def __init__(self):
        self.lanes = [Aim() for _ in range(8)]
        self.single_observation_space, self.single_action_space = Box([-1.0], [1.0]), Box([-5.0], [5.0])

    def reset(self, seed=None, options=None):
        for i, lane in enumerate(self.lanes):
            lane.reset(None if seed is None else seed + i)
        return np.array([[lane.x] for lane in self.lanes]), {}

    def step(self, actions):
        answers = [lane.step(action) for lane, action in zip(self.lanes, actions)]
        obs, r, terminated, truncated, _ = zip(*answers)
        return np.array(obs), np.array(r), np.array(terminated), np.array(truncated), {}


def test_it_finds_the_line():
    agent = CrossEntropyAgent(random_state=0, noise=0.05)
    agent.train(Aim(), 3000, seed=0)
    np.testing.assert_allclose(agent.mean_.ravel(), [2.0, 1.0], atol=0.15)
    assert agent.generation_ == 60
    assert agent.evaluate(Aim(), 20, seed=9).mean() > -0.05


def test_lanes_are_the_same_search():
    one, many = CrossEntropyAgent(20, random_state=0), CrossEntropyAgent(20, random_state=0)
    a, b = one.train(Aim(), 130, seed=0), many.train(AimLanes(), 130, seed=0)
    np.testing.assert_allclose(a.returns, b.returns, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(one.mean_, many.mean_, rtol=1e-6)
    np.testing.assert_allclose(one.evaluate(Aim(), 11, seed=5), many.evaluate(AimLanes(), 11, seed=5), rtol=1e-6)


def test_the_next_generation_is_fitted_to_the_elite():
    agent = CrossEntropyAgent(10, elite=0.3, noise=0.5, noise_generations=4, random_state=0)
    returns = agent.train(Aim(), 9, seed=0).returns
    candidates = agent.candidates_
    returns = np.append(returns, agent.train(Aim(), 1, seed=0).returns)
    elite = candidates[np.argsort(-returns)[:3]]
    np.testing.assert_allclose(agent.mean_, elite.mean(axis=0))
    np.testing.assert_allclose(agent.std_, np.sqrt(elite.var(axis=0) + 0.5))
    assert len(agent.candidates_) == 0
    assert agent.generation_ == 1


def test_a_generation_of_equals_changes_nothing():
    agent = CrossEntropyAgent(10, random_state=0)
    agent.train(TabularEnv([[[(1.0, 0, 1.0, True)]] * 2]), 30)
    assert (agent.mean_ == 0).all()
    assert (agent.std_ == 1).all()
    assert agent.generation_ == 3


def test_spaces():
    env = Aim()
    env.action_space = Box([-np.inf], [np.inf])
    with pytest.raises(ValueError, match="bounded box"):
        CrossEntropyAgent().train(env, 1)
    env = Aim()
    env.action_space = Discrete(2)
    env.reset = lambda seed=None: (np.array([np.nan]), {})
    with pytest.raises(ValueError, match="finite array"):
        CrossEntropyAgent().train(env, 1)
