"""What all agents have in common."""

import copy
import pickle

import numpy as np
import pytest

from npml_core import NotFittedError, load
from npml_rl import (
    Blackjack,
    CliffWalk,
    CrossEntropyAgent,
    DynaQAgent,
    ExpectedSARSAAgent,
    ImportanceSamplingMonteCarloAgent,
    Maze,
    MonteCarloAgent,
    MountainCar,
    QLearningAgent,
    SARSAAgent,
    TabularEnv,
    TabularVectorEnv,
    TileCoder,
)
from npml_rl.agents.base import Agent

TABULAR = [
    MonteCarloAgent,
    ImportanceSamplingMonteCarloAgent,
    SARSAAgent,
    ExpectedSARSAAgent,
    QLearningAgent,
    DynaQAgent,
]
ALL = [*TABULAR, CrossEntropyAgent]

# a slippery corridor of 5: 1 right, 0 left, 20 % the other way; the goal pays 1
SLIPPERY = [
    [
        [(0.8, max(s - 1, 0), 0.0, False), (0.2, s + 1, float(s == 3), s == 3)],
        [(0.2, max(s - 1, 0), 0.0, False), (0.8, s + 1, float(s == 3), s == 3)],
    ]
    for s in range(4)
] + [[[(1.0, 4, 0.0, True)]] * 2]
CODER = TileCoder([-1.2, -0.07], [0.5, 0.07], n_tilings=2, n_tiles=3)


def corridor():
    return TabularEnv(SLIPPERY, max_steps=60)


def same(a, b):
    """All learned attributes are equal, random stream included."""
    for name, value in vars(a).items():
        if name == "rng_":
            assert value.bit_generator.state == b.rng_.bit_generator.state
        elif name == "model_":
            assert vars(value) == vars(b.model_)
        elif isinstance(value, (np.ndarray, list, int)):
            np.testing.assert_array_equal(value, getattr(b, name), err_msg=name)


@pytest.mark.parametrize("cls", ALL)
def test_the_greedy_policy_solves_a_slippery_corridor(cls):
    agent = cls(random_state=0)
    agent.train(corridor(), 400, seed=0)
    if cls is not CrossEntropyAgent:  # whose returns hardly tell a detour within the time limit
        assert agent.policy_[:4].tolist() == [1, 1, 1, 1]
    assert agent.evaluate(corridor(), 20, seed=0).mean() > 0.9


@pytest.mark.parametrize("cls", ALL)
def test_same_seed_same_run(cls):
    runs = [cls(random_state=3).train(corridor(), 60, seed=5).to_dict() for _ in range(2)]
    assert runs[0] == runs[1]
    assert cls(random_state=4).train(corridor(), 60, seed=5).to_dict() != runs[0]


@pytest.mark.parametrize(
    ("cls", "options"),
    [*((cls, {}) for cls in ALL), (DynaQAgent, {"plus": True, "prioritized": True, "n_planning": 3})],
)
def test_a_run_in_parts_with_files_between_is_the_whole_run(cls, options, tmp_path):
    whole, part = cls(random_state=1, **options), cls(random_state=1, **options)
    history = whole.train(corridor(), 70, seed=2)
    returns = []
    for n in (13, 40, 17):
        returns += part.train(corridor(), n, seed=2).returns.tolist()
        part.save(tmp_path / "agent")
        part = type(part).load(tmp_path / "agent")
    assert returns == history.returns.tolist()
    same(whole, part)
    assert whole.act(0) == part.act(0)


@pytest.mark.parametrize("cls", ALL)
def test_box_observations_through_tiles(cls, tmp_path):
    agent = cls(tile_coder=CODER, random_state=0)
    history = agent.train(MountainCar(), 10 if cls is CrossEntropyAgent else 3, max_steps=150, seed=0)
    assert history.returns.min() >= -150
    assert agent.evaluate(MountainCar(), 2, max_steps=50, seed=0).shape == (2,)
    assert agent.act(np.array([-0.5, 0.0]), greedy=True) in (0, 1, 2)
    agent.save(tmp_path / "agent")
    again = Agent.load(tmp_path / "agent")
    agent.train(MountainCar(), 2, max_steps=50, seed=0)
    again.train(MountainCar(), 2, max_steps=50, seed=0)
    same(agent, again)


@pytest.mark.parametrize("cls", ALL)
def test_multi_discrete_observations(cls):
    agent = cls(random_state=0)
    agent.train(Blackjack(), 60, seed=0)
    table = agent.mean_ if cls is CrossEntropyAgent else agent.Q_
    assert table.shape == (32 * 11 * 2, 2)
    assert agent.policy_.shape == (704,)
    assert agent.act((20, 10, 0)) in (0, 1)
    with pytest.raises(ValueError, match="40"):
        agent.act((40, 10, 0))


@pytest.mark.parametrize(
    ("cls", "mode"),
    [
        *((cls, "SameStep") for cls in ALL),
        *((cls, m) for cls in (MonteCarloAgent, CrossEntropyAgent) for m in ("NextStep", "Disabled")),
    ],
)
def test_vector_environments(cls, mode):
    def lanes():
        return TabularVectorEnv(SLIPPERY, 8, max_steps=60, autoreset_mode=mode)

    agent, again = cls(random_state=0), cls(random_state=0)
    history = agent.train(lanes(), 101, seed=0)
    again.train(lanes(), 101, seed=0)
    assert history.returns.shape == history.steps.shape == (101,)
    same(agent, again)
    agent.train(lanes(), 150, seed=0)
    again.train(lanes(), 150, seed=0)
    assert agent.evaluate(lanes(), 21, seed=1).shape == (21,)
    if cls is not CrossEntropyAgent:
        assert agent.evaluate(lanes(), 21, seed=1).mean() > 0.8
    same(agent, again)


@pytest.mark.parametrize("cls", ALL)
def test_pickle_copy_and_repr(cls):
    agent = cls(random_state=0)
    agent.train(corridor(), 5, seed=0)
    for twin in (pickle.loads(pickle.dumps(agent)), copy.deepcopy(agent)):
        twin.train(corridor(), 5, seed=0)
        fresh = copy.deepcopy(agent)
        fresh.train(corridor(), 5, seed=0)
        same(twin, fresh)
    assert repr(agent) == f"{cls.__name__}(random_state=0)"
    assert type(agent)(**agent.get_params(deep=False)).get_params() == agent.get_params()


@pytest.mark.parametrize("cls", ALL)
def test_evaluation_changes_nothing(cls):
    agent = cls(random_state=0)
    agent.train(corridor(), 50, seed=0)
    before = copy.deepcopy(agent)
    returns = agent.evaluate(corridor(), 5, seed=1)
    same(before, agent)
    assert returns.tolist() == agent.evaluate(corridor(), 5, seed=1).tolist()


@pytest.mark.parametrize("cls", ALL)
def test_untrained_agents_say_so(cls):
    for call in (lambda a: a.act(0), lambda a: a.evaluate(corridor(), 1)):
        with pytest.raises(NotFittedError):
            call(cls())
    assert not hasattr(cls(), "policy_")


@pytest.mark.parametrize(
    ("cls", "name", "value"),
    [
        (QLearningAgent, "lr", 0.0),
        (QLearningAgent, "lr", 1.5),
        (SARSAAgent, "epsilon", -0.1),
        (SARSAAgent, "gamma", np.nan),
        (MonteCarloAgent, "gamma", 2),
        (DynaQAgent, "n_planning", -1),
        (DynaQAgent, "kappa", -1.0),
        (DynaQAgent, "theta", np.inf),
        (CrossEntropyAgent, "n_candidates", 0),
        (CrossEntropyAgent, "elite", 0.0),
        (CrossEntropyAgent, "std", 0.0),
        (CrossEntropyAgent, "noise", -1.0),
    ],
)
def test_bad_hyper_parameters_are_named(cls, name, value):
    with pytest.raises(ValueError, match=name):
        cls(**{name: value}).train(corridor(), 1)
    with pytest.raises(TypeError):
        cls(**{name: "x"}).train(corridor(), 1)


def test_tile_coders_are_checked():
    with pytest.raises(TypeError, match="tile_coder"):
        QLearningAgent(tile_coder=3).train(MountainCar(), 1)


def test_an_own_discretiser_will_do():
    class Halves:
        n_features = 2

        def encode(self, X):
            return (X[:, :1] > -0.5).astype(np.int64)

    agent = QLearningAgent(tile_coder=Halves(), random_state=0)
    agent.train(MountainCar(), 2, max_steps=50, seed=0)
    assert agent.Q_.shape == (2, 3)
    assert (agent.Q_ < 0).any()


def test_a_shared_generator_gives_each_agent_its_own_stream():
    rng = np.random.default_rng(0)
    agents = [QLearningAgent(random_state=rng) for _ in range(2)]
    first, second = (agent.train(corridor(), 20, seed=0).returns.tolist() for agent in agents)
    again = QLearningAgent(random_state=np.random.default_rng(0)).train(corridor(), 20, seed=0)
    assert first == again.returns.tolist()
    assert agents[0].rng_.bit_generator.state != agents[1].rng_.bit_generator.state


def test_epsilon_is_the_share_of_random_actions():
    agent = QLearningAgent(epsilon=0.4, random_state=0)
    agent.train(corridor(), 300, seed=0)
    lefts = sum(agent.act(1) == 0 for _ in range(3000))
    assert abs(lefts - 600) < 4 * (3000 * 0.2 * 0.8) ** 0.5
    assert {agent.act(1, greedy=True) for _ in range(50)} == {1}


def test_ties_are_broken_at_random():
    agent = QLearningAgent(epsilon=0.0, lr=1e-9, random_state=0)
    history = agent.train(Maze.dyna(), 1, max_steps=4000, seed=0)
    assert history.steps[0] < 4000  # the first of equals would walk into one wall for ever


def test_the_wrong_file(tmp_path):
    agent = SARSAAgent(random_state=0)
    agent.train(CliffWalk(), 1)
    agent.save(tmp_path / "agent")
    with pytest.raises(ValueError, match="holds a SARSAAgent, not a QLearningAgent"):
        QLearningAgent.load(tmp_path / "agent")
    (tmp_path / "agent").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="agent"):
        SARSAAgent.load(tmp_path / "agent")
    assert load  # the same file opens with npml_core.load


def test_values_that_run_away_are_an_error():
    agent = QLearningAgent(gamma=1.0, lr=1.0, random_state=0)
    with pytest.raises(ValueError, match="lower lr"):
        agent.train(TabularEnv([[[(1.0, 0, 1e307, False)]]], max_steps=100), 1)
    assert not hasattr(agent, "Q_")


def test_progress_is_shown(capsys):
    QLearningAgent(random_state=0).train(corridor(), 3, verbose=1)
    assert "QLearningAgent" in capsys.readouterr().err
