"""The model, planning, the bonus, the queue."""

import numpy as np
import pytest

from npml_rl import DynaQAgent, Maze, QLearningAgent, TabularEnv
from npml_rl.agents.dyna_q import Model

P = np.array([0.2, 0.5, 0.3])


def test_a_model_of_a_deterministic_pair_is_its_last_outcome():
    model = Model()
    for s2 in (1, 1, 1, 2):
        model.observe((0, 0), 0.5, s2, False)
    assert model.outcomes == {(0, 0): [(1.0, 0.5, 2, False)]}
    assert model.pairs == [(0, 0)]
    assert list(model.sources) == [1, 2]


def test_an_outcome_that_comes_back_makes_frequencies():
    model = Model()
    for s2, r in ((1, 0.0), (2, 4.0), (1, 1.0), (3, 7.0)):
        model.observe((0, 0), r, s2, s2 == 3)
    assert model.outcomes[0, 0] == [(0.5, 0.5, 1, False), (0.25, 4.0, 2, False), (0.25, 7.0, 3, True)]


def test_a_copy_of_a_model_goes_its_own_way():
    model = Model()
    model.observe((0, 0), 0.0, 1, False)
    before = vars(model.copy())
    twin = model.copy()
    for s2 in (2, 1, 2):
        twin.observe((0, 0), 1.0, s2, False)
    twin.imagine(5, 2)
    assert vars(model) == before


def random_env():
    ends = [[(1.0, 3, 0.0, True)]] * 2
    rows = [[[(p, s2, float(s2), s2 == 3) for p, s2 in zip(P, (1, 2, 3))], [(1.0, s, 0.1, False)]] for s in range(3)]
    return TabularEnv([*rows, ends], max_steps=50)


@pytest.mark.parametrize("prioritized", [False, True])
def test_planning_reaches_the_fixed_point_of_the_learned_model(prioritized):
    lr = 0.3 if prioritized else 0.05  # experience itself is noise around the model's mean
    agent = DynaQAgent(lr, 0.5, 0.9, random_state=0, n_planning=40, prioritized=prioritized, theta=1e-9)
    agent.train(random_env(), 300, seed=0)
    Q = np.zeros((4, 2))
    for _ in range(500):
        for (s, a), outcomes in agent.model_.outcomes.items():
            Q[s, a] = sum(p * (r + (0 if end else 0.9 * Q[s2].max())) for p, r, s2, end in outcomes)
    learned = [sorted((s2, p) for p, _, s2, _ in agent.model_.outcomes[s, 0]) for s in range(3)]
    for outcomes in learned:
        np.testing.assert_allclose([p for _, p in outcomes], P, atol=0.15)
    np.testing.assert_allclose(agent.Q_, Q, atol=0.05)


def test_without_planning_it_is_q_learning():
    dyna, plain = DynaQAgent(n_planning=0, random_state=0), QLearningAgent(random_state=0)
    dyna.train(random_env(), 50, seed=0)
    plain.train(random_env(), 50, seed=0)
    assert (dyna.Q_ == plain.Q_).all()
    assert dyna.model_.n_updates == dyna.model_.time


def test_the_bonus_grows_with_the_square_root_of_time():
    env = TabularEnv([[[(1.0, 0, 0.0, False)]] * 2], max_steps=100)
    agent = DynaQAgent(1.0, 0.0, 0.0, random_state=0, plus=True, n_planning=50, kappa=0.01)
    agent.train(env, 1, seed=0)
    tried = [agent.model_.tried[0, a] for a in (0, 1)]
    assert max(tried) == 100
    assert min(tried) >= 97
    assert agent.Q_.max() <= 0.01 * 100**0.5


def test_the_queue_takes_the_largest_change_first():
    agent = DynaQAgent(0.5, 0.1, 0.95, random_state=0, prioritized=True, n_planning=5, theta=0.01)
    agent.train(Maze.dyna(), 3, seed=0)
    waiting = [priority for _, priority in agent.model_.queue]
    assert waiting == sorted(waiting, reverse=True)
    assert min(waiting, default=1.0) > 0.01
    with pytest.raises(ValueError, match="n_planning"):
        DynaQAgent(prioritized=True, n_planning=0).train(Maze.dyna(), 1)
