"""The protocol: what environments may get wrong, and how vector environments start again."""

from types import SimpleNamespace

import numpy as np
import pytest

from npml_rl import ExpectedSARSAAgent, QLearningAgent, SARSAAgent, TabularVectorEnv
from npml_rl.spaces import Box, Discrete


class Env:
    """Two states; every answer can be replaced."""

    observation_space, action_space = Discrete(2), Discrete(2)

    def __init__(self, step=(1, 1.0, True, False, {}), reset=(0, {})):
        self.answers = reset, step
        self.seeds = []

    def reset(self, seed=None, options=None):
        self.seeds.append(seed)
        return self.answers[0]

    def step(self, action):
        return self.answers[1]


@pytest.mark.parametrize(
    ("env", "message"),
    [
        (Env(reset=0), r"Env\.reset must return \(observation, info dict\)"),
        (Env(reset=(0, 1)), r"Env\.reset must return"),
        (Env(reset=(7, {})), r"Env\.reset returned a bad observation: 7 is not in Discrete\(2\)"),
        (Env(reset=(0.5, {})), "bad observation"),
        (Env(step=(1, 1.0, True, {})), r"Env\.step must return \(observation, reward, terminated, truncated, info\)"),
        (Env(step=None), r"Env\.step must return"),
        (Env(step=(-1, 1.0, True, False, {})), "-1 is not in"),
        (Env(step=(1, np.nan, True, False, {})), "reward nan"),
        (Env(step=(1, np.inf, True, False, {})), "reward inf"),
        (Env(step=(1, None, True, False, {})), "reward None"),
        (Env(step=(1, "one", True, False, {})), "reward 'one'"),
        (Env(step=(1, 1.0, {}, False, {})), "must be bools"),
    ],
)
def test_what_breaks_the_protocol_is_named_and_leaves_the_agent_as_it_was(env, message):
    agent = QLearningAgent(random_state=0)
    agent.train(Env(), 3)
    before = agent.Q_.copy(), agent.rng_.bit_generator.state, agent.n_episodes_
    with pytest.raises(ValueError, match=message):
        agent.train(env, 3)
    after = agent.Q_, agent.rng_.bit_generator.state, agent.n_episodes_
    assert (before[0] == after[0]).all()
    assert before[1:] == after[1:]


@pytest.mark.parametrize("missing", ["observation_space", "action_space", "reset", "step"])
def test_a_missing_part_is_named(missing):
    parts = {"observation_space": Discrete(2), "action_space": Discrete(2), "reset": None, "step": None}
    parts.pop(missing)
    with pytest.raises(ValueError, match=f"has no {missing}"):
        QLearningAgent().train(SimpleNamespace(**parts), 1)


def test_spaces_that_do_not_suit():
    env = Env()
    env.action_space = Box([-1.0], [1.0])
    with pytest.raises(ValueError, match="action_space must be discrete for SARSAAgent"):
        SARSAAgent().train(env, 1)
    env = Env()
    env.observation_space = Box([-1.0], [1.0])
    with pytest.raises(ValueError, match="tile_coder"):
        SARSAAgent().train(env, 1)
    agent = QLearningAgent()
    agent.train(Env(), 1)
    other = Env()
    other.action_space = Discrete(3)
    for method in (agent.train, agent.evaluate):
        with pytest.raises(ValueError, match="was trained with"):
            method(other, 1)


def test_actions_are_the_environments_own():
    class Shifted(Env):
        action_space = Discrete(3, start=5)
        taken = set()

        def step(self, action):
            self.taken.add(action)
            return super().step(action)

    env = Shifted()
    agent = QLearningAgent(random_state=0, epsilon=1.0)
    agent.train(env, 50)
    assert env.taken == {5, 6, 7}
    assert agent.act(0) in (5, 6, 7)
    assert agent.policy_[0] in (5, 6, 7)


def test_seeds_count_the_episodes_of_a_life():
    agent, env = QLearningAgent(random_state=0), Env()
    agent.train(env, 2, seed=10)
    agent.train(env, 2, seed=10)
    agent.evaluate(env, 2, seed=3)
    agent.train(env, 1)
    assert env.seeds == [10, 11, 12, 13, 3, 4, None]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"n_episodes": 0}, ValueError),
        ({"n_episodes": 1.5}, TypeError),
        ({"n_episodes": 1, "max_steps": 0}, ValueError),
        ({"n_episodes": 1, "seed": -1}, ValueError),
        ({"n_episodes": 1, "seed": "x"}, TypeError),
    ],
)
def test_bad_arguments(arguments, error):
    with pytest.raises(error, match=list(arguments)[-1]):
        QLearningAgent().train(Env(), **arguments)


def test_max_steps_truncates():
    env = Env(step=(1, 1.0, False, False, {}))
    agent = QLearningAgent(random_state=0)
    history = agent.train(env, 4, max_steps=7)
    assert history.steps.tolist() == [7] * 4
    assert history.returns.tolist() == [7.0] * 4
    assert agent.evaluate(env, 2, max_steps=3).tolist() == [3.0, 3.0]


# state 0 -> 1 -> 2 -> terminal 3, whatever the action; rewards 1, 2, 4
CHAIN = [[[(1.0, s + 1, 2.0**s, s == 2)]] * 2 for s in range(3)] + [[[(1.0, 3, 0.0, True)]] * 2]


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
@pytest.mark.parametrize("Agent", [QLearningAgent, SARSAAgent, ExpectedSARSAAgent])
def test_lanes_learn_the_chain_in_every_autoreset_mode(mode, Agent):
    envs = TabularVectorEnv(CHAIN, 5, autoreset_mode=mode)
    agent = Agent(lr=0.5, epsilon=0.5, gamma=0.5, random_state=0)
    history = agent.train(envs, 203, seed=0)
    assert history.returns.tolist() == [7.0] * 203
    assert history.steps.tolist() == [3] * 203
    np.testing.assert_allclose(agent.Q_, [[3, 3], [4, 4], [4, 4], [0, 0]], rtol=1e-6)
    assert agent.evaluate(envs, 7).tolist() == [7.0] * 7


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_lanes_bootstrap_where_truncated(mode):
    """A loop that pays 1 and is cut after 3 steps is worth 1 / (1 - gamma) all the same."""
    loop = [[[(1.0, 0, 1.0, False)]]]
    agent = QLearningAgent(lr=0.5, gamma=0.5, random_state=0)
    history = agent.train(TabularVectorEnv(loop, 4, max_steps=3, autoreset_mode=mode), 100)
    assert set(history.steps.tolist()) == {3}
    assert agent.Q_[0, 0] == pytest.approx(2.0)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_max_steps_cuts_single_lanes(mode):
    envs = TabularVectorEnv(
        [[[(0.7, 0, 1.0, False), (0.3, 1, 1.0, True)]], [[(1.0, 1, 0.0, True)]]], 6, autoreset_mode=mode
    )
    history = QLearningAgent(lr=0.5, gamma=0.5, random_state=0).train(envs, 300, max_steps=4, seed=1)
    assert history.steps.max() == 4
    assert (history.steps == history.returns).all()
    # geometric, cut at 4
    expected = np.array([0.3, 0.21, 0.147, 0.343])
    counts = np.bincount(history.steps, minlength=5)[1:]
    assert ((counts - 300 * expected) ** 2 / (300 * expected)).sum() < 16.3  # chi-square with 3 degrees, p = 0.001


def test_max_steps_needs_lanes_that_can_be_cut():
    class Deaf(TabularVectorEnv):
        def reset(self, seed=None, options=None):
            return super().reset(seed=seed)

    # some lanes end at once and start anew, so that not all are as old
    envs = Deaf([[[(0.5, 1, 0.0, False), (0.5, 2, 0.0, True)]], [[(1.0, 1, 0.0, False)]], [[(1.0, 2, 0.0, True)]]], 9)
    with pytest.raises(ValueError, match="reset_mask"):
        QLearningAgent(random_state=0).train(envs, 50, max_steps=5, seed=0)


def test_bad_vector_environments():
    class Envs(TabularVectorEnv):
        def step(self, actions):
            return self.spoil(*super().step(actions))

    envs = Envs(CHAIN, 3)
    for spoil, message in (
        (lambda *answer: answer[:4], "must return"),
        (lambda o, r, t, u, i: (o + 9, r, t, u, i), "bad observations"),
        (lambda o, r, t, u, i: (o, r * np.nan, t, u, i), "reward nan"),
        (lambda o, r, t, u, i: (o, r[:2], t, u, i), "rewards must be 3 values"),
        (lambda o, r, t, u, i: (o, r, t.astype(float), u, i), "terminated must be 3 values"),
        (lambda o, r, t, u, i: (o, r, t, u, {}), "final_obs"),
    ):
        envs.spoil = spoil
        with pytest.raises(ValueError, match=message):
            QLearningAgent().train(envs, 9)
    envs.metadata = {"autoreset_mode": "sometimes"}
    with pytest.raises(ValueError, match="sometimes"):
        QLearningAgent().train(envs, 9)
