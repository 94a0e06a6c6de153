"""Figures of Sutton and Barto (2018) at (nearly) their full size, with the numbers that can be read off them."""

import numpy as np
import pytest

from npml_rl import (
    Blackjack,
    CliffWalk,
    DynaQAgent,
    ImportanceSamplingMonteCarloAgent,
    Maze,
    MountainCar,
    QLearningAgent,
    SARSAAgent,
    TileCoder,
)

pytestmark = pytest.mark.long


def mean_and_error(samples):
    return np.mean(samples), 3 * np.std(samples, ddof=1) / len(samples) ** 0.5


def test_figure_6_4():
    for cls, expected in ((SARSAAgent, -26.5), (QLearningAgent, -50.0)):
        mean, error = mean_and_error(
            [cls(0.5, 0.1, 1.0, random_state=i).train(CliffWalk(), 500).returns[100:].mean() for i in range(50)]
        )
        assert abs(mean - expected) < error + 2  # as well as the curve can be read


def test_figure_8_2():
    first = {
        n: [DynaQAgent(0.1, 0.1, 0.95, random_state=i, n_planning=n).train(Maze.dyna(), 50).steps for i in range(30)]
        for n in (0, 5, 50)
    }
    steps = {n: np.mean(s, axis=0) for n, s in first.items()}
    below = {n: int(np.argmax(s < 25)) + 1 for n, s in steps.items()}
    # "about 25 episodes without planning, about five with n = 5, only three with n = 50"
    assert below[50] <= 4
    assert below[5] <= 8
    assert 15 <= below[0] <= 45


def goals(env, agent, n_steps):
    times, time = [], 0
    while time < n_steps:
        times += (time + np.cumsum(agent.train(env, 10, max_steps=n_steps).steps)).tolist()
        time = times[-1]
    return np.searchsorted(times, np.arange(0, n_steps + 1, 1000), side="right")


def test_figures_8_4_and_8_5():
    for make, n_steps, kappa in ((Maze.blocking, 3000, 1e-4), (Maze.shortcut, 6000, 1e-3)):
        plain, plus = (
            np.array(
                [
                    goals(
                        make(), DynaQAgent(1.0, 0.1, 0.95, random_state=i, plus=p, n_planning=50, kappa=kappa), n_steps
                    )
                    for i in range(12)
                ]
            )
            for p in (False, True)
        )
        mean, error = mean_and_error(plus[:, -1] - plain[:, -1])
        assert mean > error
        if make is Maze.shortcut:  # Dyna-Q never finds the short way: as many goals in each thousand steps as before
            rates = np.diff(plain[:, 2:].mean(axis=0))
            assert abs(rates[-1] - rates[0]) < 0.05 * rates[0]


def test_example_8_4():
    def updates(resolution, least, prioritized, i):
        agent, env = (
            DynaQAgent(0.5, 0.1, 0.95, random_state=i, n_planning=5, prioritized=prioritized),
            Maze.dyna(resolution),
        )
        while True:
            agent.train(env, 1, max_steps=50_000)
            if agent.evaluate(env, 1, max_steps=int(1.2 * least))[0] == 1.0:
                return agent.model_.n_updates

    for resolution, least in ((1, 14), (2, 27), (3, 40)):
        plain, sweeping = ([updates(resolution, least, p, i) for i in range(5)] for p in (False, True))
        assert np.mean(plain) > 3 * np.mean(sweeping)


def test_figure_5_3():
    sums = np.arange(32 * 11 * 2) // 22
    target, state = np.where(sums >= 20, 0, 1), (13 * 11 + 2) * 2 + 1
    errors = []
    for i in range(40):
        agent, env = (
            ImportanceSamplingMonteCarloAgent(1.0, 1.0, random_state=i, target_policy=target),
            Blackjack((13, 2, 1)),
        )
        env.reset(seed=i)
        agent.train(env, 10_000)
        errors.append(agent.Q_[state, 1] - -0.27726)
    mean, error = mean_and_error(errors)
    assert abs(mean) < error
    assert np.mean(np.square(errors)) < 0.002


def test_figure_10_1():
    coder = TileCoder([-1.2, -0.07], [0.5, 0.07], n_tilings=8, n_tiles=8)
    steps = {
        lr: np.mean(
            [
                SARSAAgent(lr, 0.0, 1.0, tile_coder=coder, random_state=i).train(MountainCar(), 500, seed=i).steps
                for i in range(4)
            ],
            axis=0,
        )
        for lr in (0.1, 0.2, 0.5)
    }
    assert steps[0.5][:100].sum() < steps[0.2][:100].sum() < steps[0.1][:100].sum()
    assert all(s[-100:].mean() < 160 for s in steps.values())
