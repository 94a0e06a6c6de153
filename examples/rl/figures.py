"""Figures of Sutton and Barto, "Reinforcement Learning: An Introduction" (2nd ed., 2018), drawn anew.

    python examples/rl/figures.py                   # all of them, some minutes
    python examples/rl/figures.py 6.4 10.1          # these
    python examples/rl/figures.py --runs 0.2        # a fifth of the runs

Pictures go to build/rl/.
"""

import argparse
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
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


def figure_2_2(runs):
    """The 10-armed testbed: reward and share of best actions of three epsilon-greedy policies."""
    n_runs = max(2, int(2000 * runs))
    bandit = GaussianBandit(np.random.default_rng(0).normal(size=(n_runs, 10)))
    history = run(bandit, [EpsilonGreedy(0.1), EpsilonGreedy(0.01), EpsilonGreedy(0.0)], 1000, n_runs, seed=0)
    fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    history.plot("rewards", ax=axes[0])
    history.plot("optimal", ax=axes[1])
    return fig


def figure_2_4(runs):
    """UCB against epsilon-greedy (2.4) and gradient bandits with and without baseline (2.5)."""
    n_runs = max(2, int(2000 * runs))
    means = np.random.default_rng(0).normal(size=(n_runs, 10))
    fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    run(GaussianBandit(means), [UCB1(c=2), EpsilonGreedy(0.1)], 1000, n_runs, seed=0).plot("rewards", ax=axes[0])
    policies = [GradientBandit(lr, baseline) for lr in (0.1, 0.4) for baseline in (True, False)]
    run(GaussianBandit(4 + means), policies, 1000, n_runs, seed=0).plot("optimal", ax=axes[1])
    return fig


def figure_5_3(runs):
    """Off-policy estimates of one blackjack state: mean squared error of weighted importance sampling."""
    sums = np.arange(32 * 11 * 2) // 22
    target, state = np.where(sums >= 20, 0, 1), (13 * 11 + 2) * 2 + 1
    sizes = np.unique(np.geomspace(1, 10_000, 25).astype(int))
    errors = []
    for i in range(max(2, int(100 * runs))):
        agent = ImportanceSamplingMonteCarloAgent(1.0, 1.0, random_state=i, target_policy=target)
        env = Blackjack(start=(13, 2, 1))
        env.reset(seed=i)
        errors.append([])
        for n in np.diff(sizes, prepend=0):
            agent.train(env, int(n))
            errors[-1].append((agent.Q_[state, 1] - -0.27726) ** 2)
    fig, ax = plt.subplots(layout="constrained")
    ax.semilogx(sizes, np.mean(errors, axis=0))
    ax.set(xlabel="episodes", ylabel="mean squared error", title="weighted importance sampling")
    return fig


def figure_6_4(runs):
    """Cliff walking: SARSA's rewards are better while it explores; Q-learning knows the shorter way."""
    fig, ax = plt.subplots(layout="constrained")
    for cls in (SARSAAgent, QLearningAgent):
        returns = [
            cls(0.5, 0.1, 1.0, random_state=i).train(CliffWalk(), 500).returns for i in range(max(2, int(100 * runs)))
        ]
        ax.plot(np.mean(returns, axis=0), label=cls.__name__)
    ax.set(xlabel="episode", ylabel="sum of rewards", ylim=(-100, 0))
    ax.legend()
    return fig


def figure_8_2(runs):
    """Dyna maze: steps per episode with 0, 5 and 50 planning updates a step."""
    fig, ax = plt.subplots(layout="constrained")
    for n in (0, 5, 50):
        steps = [
            DynaQAgent(0.1, 0.1, 0.95, random_state=i, n_planning=n).train(Maze.dyna(), 50).steps
            for i in range(max(2, int(30 * runs)))
        ]
        ax.plot(range(2, 51), np.mean(steps, axis=0)[1:], label=f"{n} planning updates")
    ax.set(xlabel="episode", ylabel="steps", ylim=(0, 800))
    ax.legend()
    return fig


def goals_over_time(env, agent, n_steps):
    """Goals reached up to every step."""
    times, time = [], 0
    while time < n_steps:
        times += (time + np.cumsum(agent.train(env, 10, max_steps=n_steps).steps)).tolist()
        time = times[-1]
    return np.searchsorted(times, np.arange(n_steps), side="right")


def figure_8_4(runs):
    """Mazes whose walls move: the blocking (8.4) and the shortcut maze (8.5), with and without the bonus."""
    fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    settings = ((axes[0], Maze.blocking, 3000, 1e-4), (axes[1], Maze.shortcut, 6000, 1e-3))
    for ax, make, n_steps, kappa in settings:
        for plus in (True, False):
            curves = [
                goals_over_time(
                    make(),
                    DynaQAgent(1.0, 0.1, 0.95, random_state=i, plus=plus, n_planning=50, kappa=kappa),
                    n_steps,
                )
                for i in range(max(2, int(20 * runs)))
            ]
            ax.plot(np.mean(curves, axis=0), label="Dyna-Q+" if plus else "Dyna-Q")
        ax.set(xlabel="step", ylabel="cumulative reward", title=f"{make.__name__} maze")
        ax.legend()
    return fig


def example_8_4(runs):
    """Updates until the way is at most a fifth longer than the shortest, in finer and finer mazes."""
    sizes, means = {1: 14, 2: 27, 3: 40}, {False: [], True: []}
    for prioritized, column in means.items():
        for resolution, shortest in sizes.items():
            counts = []
            for i in range(max(2, int(10 * runs))):
                env = Maze.dyna(resolution)
                agent = DynaQAgent(0.5, 0.1, 0.95, random_state=i, n_planning=5, prioritized=prioritized)
                agent.train(env, 1)
                while agent.evaluate(env, 1, max_steps=int(1.2 * shortest))[0] < 1:
                    agent.train(env, 1)
                counts.append(agent.model_.n_updates)
            column.append(np.mean(counts))
    fig, ax = plt.subplots(layout="constrained")
    for prioritized, column in means.items():
        states = [47 * resolution**2 for resolution in sizes]
        ax.loglog(states, column, "o-", label="prioritized sweeping" if prioritized else "Dyna-Q")
    ax.set(xlabel="states", ylabel="updates")
    ax.legend()
    return fig


def figure_10_1(runs):
    """Mountain car by tile-coded SARSA with three step sizes."""
    coder = TileCoder([-1.2, -0.07], [0.5, 0.07], n_tilings=8, n_tiles=8)
    fig, ax = plt.subplots(layout="constrained")
    for lr in (0.1, 0.2, 0.5):
        steps = [
            SARSAAgent(lr, 0.0, 1.0, tile_coder=coder, random_state=i).train(MountainCar(), 500, seed=i).steps
            for i in range(max(2, int(20 * runs)))
        ]
        ax.semilogy(np.mean(steps, axis=0), label=f"lr = {lr} over 8 tilings")
    ax.set(xlabel="episode", ylabel="steps", ylim=(90, 1100))
    ax.legend()
    return fig


FIGURES = {
    "2.2": figure_2_2,
    "2.4": figure_2_4,
    "5.3": figure_5_3,
    "6.4": figure_6_4,
    "8.2": figure_8_2,
    "8.4": figure_8_4,
    "example-8.4": example_8_4,
    "10.1": figure_10_1,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="*", help=f"some of {', '.join(FIGURES)}; all if none is named")
    parser.add_argument("--runs", type=float, default=1.0, help="share of the book's number of runs")
    parser.add_argument("--out", type=Path, default=Path("build/rl"), help="folder for the pictures")
    options = parser.parse_args()
    unknown = set(options.figures) - set(FIGURES)
    if unknown:
        parser.error(f"no figure {', '.join(sorted(unknown))}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.figures or FIGURES:
        fig = FIGURES[name](options.runs)
        fig.suptitle(f"{name}: {FIGURES[name].__doc__}", fontsize="medium")
        path = options.out / f"{name}.png"
        fig.savefig(path, dpi=120)
        plt.close(fig)
        print(path, flush=True)


if __name__ == "__main__":
    main()
