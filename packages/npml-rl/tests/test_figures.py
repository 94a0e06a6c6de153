"""Figures of Sutton and Barto (2018), short: the order that they show, by paired runs and confidence bounds.

The full sizes are in `long/test_figures_full.py`; the pictures in the examples.
"""

import numpy as np

from npml_rl import (
    UCB1,
    Blackjack,
    CliffWalk,
    DynaQAgent,
    EpsilonGreedy,
    GaussianBandit,
    GradientBandit,
    ImportanceSamplingMonteCarloAgent,
    Maze,
    MountainCar,
    QLearningAgent,
    SARSAAgent,
    TileCoder,
    run,
)


def surely_greater(a, b, margin=0.0):
    """Paired samples: the mean difference is above the margin by three standard errors."""
    difference = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    return difference.mean() - 3 * difference.std(ddof=1) / len(difference) ** 0.5 > margin


def path(agent):
    """States of the greedy policy on the cliff."""
    env, states, over = CliffWalk(), [36], False
    while not over and len(states) < 50:
        obs, _, over, _, _ = env.step(agent.act(states[-1], greedy=True))
        states.append(obs)
    return states


def test_figure_6_4_sarsa_earns_more_and_q_learning_walks_the_edge():
    sarsa = [SARSAAgent(0.5, 0.1, 1.0, random_state=i) for i in range(6)]
    q = [QLearningAgent(0.5, 0.1, 1.0, random_state=i) for i in range(6)]
    returns = [[agent.train(CliffWalk(), 400).returns[100:].mean() for agent in agents] for agents in (sarsa, q)]
    assert surely_greater(*returns, margin=5)
    assert all(path(agent) == [36, *range(24, 36), 47] for agent in q)
    assert all(min(state // 12 for state in path(agent)) <= 1 for agent in sarsa)  # away from the edge


def test_figure_8_2_planning_shortens_the_search():
    steps = {
        n: np.array(
            [DynaQAgent(0.1, 0.1, 0.95, random_state=i, n_planning=n).train(Maze.dyna(), 20).steps for i in range(6)]
        )
        for n in (0, 5, 50)
    }
    total = {n: s[:, 1:12].sum(axis=1) for n, s in steps.items()}  # the first episode finds the goal by chance
    assert surely_greater(total[0], total[5])
    assert surely_greater(total[5], total[50])
    assert steps[50][:, 3:8].mean() < 20
    assert steps[0][:, 3:8].mean() > 60


def earned(env, agent, n_steps):
    """Goals reached within so many steps of the environment, episode after episode."""
    goals, time = [], 0
    while time < n_steps:
        steps = agent.train(env, 5, max_steps=n_steps).steps
        goals += (time + np.cumsum(steps)).tolist()
        time = goals[-1]
    return np.array(goals)


def test_figure_8_4_the_bonus_finds_the_new_way():
    plain, plus = (
        [(earned(Maze.blocking(), agent(i), 2500) <= 2500).sum() for i in range(6)]
        for agent in (
            lambda i: DynaQAgent(1.0, 0.1, 0.95, random_state=i),
            lambda i: DynaQAgent(1.0, 0.1, 0.95, random_state=i, plus=True, kappa=1e-4),
        )
    )
    assert surely_greater(plus, plain)


def test_example_8_4_prioritized_sweeping_needs_a_fraction_of_the_updates():
    def updates(prioritized, i):
        agent, env = DynaQAgent(0.5, 0.1, 0.95, random_state=i, n_planning=5, prioritized=prioritized), Maze.dyna()
        while True:
            agent.train(env, 1, max_steps=20_000)
            if agent.evaluate(env, 1, max_steps=16)[0] == 1.0:  # 14 is the shortest
                return agent.model_.n_updates

    plain, sweeping = ([updates(prioritized, i) for i in range(12)] for prioritized in (False, True))
    assert surely_greater(plain, 2 * np.array(sweeping))


def test_figure_5_3_weighted_importance_sampling_converges():
    sums = np.arange(32 * 11 * 2) // 22
    target, state = np.where(sums >= 20, 0, 1), (13 * 11 + 2) * 2 + 1
    errors = []
    for i in range(8):
        agent = ImportanceSamplingMonteCarloAgent(1.0, 1.0, random_state=i, target_policy=target)
        env = Blackjack(start=(13, 2, 1))
        env.reset(seed=i)
        agent.train(env, 60)
        early = agent.Q_[state, 1] - -0.27726
        agent.train(env, 1500)
        errors.append((early**2, (agent.Q_[state, 1] - -0.27726) ** 2))
    early, late = np.mean(errors, axis=0)
    # 1560 episodes of which about a quarter count, of variance 0.9
    assert late < 0.012 < early


def test_figure_2_2_the_ten_armed_testbed():
    bandit = GaussianBandit(np.random.default_rng(0).normal(size=(300, 10)))
    history = run(bandit, [EpsilonGreedy(0.0), EpsilonGreedy(0.01), EpsilonGreedy(0.1), UCB1(c=2)], 800, 300, seed=0)
    rewards = history.rewards[:, :, -200:].mean(axis=2)
    assert surely_greater(rewards[1], rewards[0])
    assert surely_greater(rewards[2], rewards[0])
    optimal = history.optimal[:, :, -50:].mean(axis=(1, 2))
    np.testing.assert_allclose(optimal[:3], [0.36, 0.57, 0.80], atol=3 * (0.25 / 300) ** 0.5)
    assert surely_greater(rewards[3], rewards[2])  # figure 2.4


def test_figure_2_5_the_gradient_bandit_needs_its_baseline():
    bandit = GaussianBandit(4 + np.random.default_rng(1).normal(size=(200, 10)))
    history = run(bandit, [GradientBandit(0.1), GradientBandit(0.1, baseline=False)], 500, 200, seed=0)
    optimal = history.optimal[:, :, -50:].mean(axis=2)
    assert surely_greater(optimal[0], optimal[1], margin=0.1)


def test_figure_10_1_mountain_car_is_learned_within_some_episodes():
    coder = TileCoder([-1.2, -0.07], [0.5, 0.07], n_tilings=8, n_tiles=8)
    agent = SARSAAgent(0.5, 0.0, 1.0, tile_coder=coder, random_state=0)
    steps = agent.train(MountainCar(), 80, seed=0).steps
    assert steps[:3].mean() > 500
    assert steps[-20:].mean() < 190
