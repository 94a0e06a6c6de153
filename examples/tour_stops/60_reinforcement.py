"""Two agents at a cliff, and five policies in front of ten slot machines."""

import numpy as np
from tour_kit import COLORS, INK, LINE, SOFT, Figure, Row, canvas, stop, tidy, timed


@stop("npml-rl", "Along the cliff, or well away from it")
def cliff_walking():
    """A step costs 1, a fall costs 100 and starts again. While they learn, both agents take a random step every tenth
    time.

    `QLearningAgent` learns what the best way is worth and walks the edge; `SARSAAgent` learns what its own way is
    worth, stumbling included, and keeps away from it. While they explore, the careful one earns more.
    """
    from npml_rl import CliffWalk, QLearningAgent, SARSAAgent

    agents = {"SARSA": SARSAAgent, "Q-learning": QLearningAgent}
    returns, paths = {}, {}
    for name, cls in agents.items():
        (runs, returns[name]), seconds = timed(lambda cls=cls: learn(cls, CliffWalk))
        paths[name] = greedy_path(runs[0], CliffWalk())
        earned = returns[name][100:].mean()
        yield Row(f"{name}, 10 runs", "cliff walking", "reward per episode", earned, None, seconds, None)
    caption = "Left: the way each agent takes once it stops exploring. Right: what episodes earned before."
    yield Figure(draw_cliff(paths, returns), caption)


@stop("npml-rl", "Ten slot machines")
def bandits():
    """Ten machines pay with unknown probabilities. Regret is what always playing the best one would have earned more.

    Thompson sampling and `UCB1` stop paying for exploration, epsilon-greedy pays for ever.
    """
    from npml_rl import UCB1, BernoulliBandit, EpsilonGreedy, GradientBandit, ThompsonSampling, run

    bandit = BernoulliBandit(np.random.default_rng(0).uniform(0.1, 0.9, size=(200, 10)))
    policies = [EpsilonGreedy(0.1), EpsilonGreedy(0.01), UCB1(), UCB1(c=0.5), GradientBandit(0.2), ThompsonSampling()]
    history, seconds = timed(lambda: run(bandit, policies, n_steps=1000, n_runs=200, seed=0))
    final = history.regret[:, :, -1].mean(axis=1)
    best = int(final.argmin())
    metric = f"least regret, {history.labels[best]}"
    yield Row("6 policies, 200 runs", "ten machines", metric, final[best], None, seconds, None, better="lower")
    yield Figure(draw_regret(history), "Cumulative expected regret, mean of 200 runs, with twice its standard error.")


def learn(cls, make):
    """Ten agents, trained, and the mean return of every episode."""
    runs = [cls(0.5, 0.1, 1.0, random_state=i) for i in range(10)]
    return runs, np.mean([agent.train(make(), 500).returns for agent in runs], axis=0)


def greedy_path(agent, env):
    """The states of the greedy way, at most 40."""
    obs, _ = env.reset()
    states, over = [obs], False
    while not over and len(states) < 40:
        obs, _, over, _, _ = env.step(agent.act(obs, greedy=True))
        states.append(obs)
    return np.array(states)


def draw_cliff(paths, returns):
    """The grid with both ways, and the curves of learning."""
    fig, (grid, curve) = canvas(1, 2, width=10, height=3.2, gridspec_kw={"width_ratios": [1.5, 1]})
    for column in range(13):
        grid.plot([column - 0.5] * 2, [-0.5, 3.5], color=LINE, linewidth=0.8)
    for row in range(5):
        grid.plot([-0.5, 11.5], [row - 0.5] * 2, color=LINE, linewidth=0.8)
    grid.fill_between([0.5, 10.5], 2.5, 3.5, color=SOFT, alpha=0.35, linewidth=0)
    grid.text(5.5, 3, "cliff", ha="center", va="center", color=INK)
    grid.text(0, 3.0, "start", ha="center", va="center", color=INK)
    grid.text(11, 3.0, "goal", ha="center", va="center", color=INK)
    for (name, states), color, shift in zip(paths.items(), COLORS, (-0.08, 0.08)):
        grid.plot(states % 12 + shift, states // 12 + shift, color=color, linewidth=3, label=name, alpha=0.9)
        smooth = np.convolve(returns[name], np.ones(10) / 10, mode="valid")
        curve.plot(np.arange(10, len(returns[name]) + 1), smooth, color=color, label=name)
    grid.set(xlim=(-0.6, 11.6), ylim=(3.6, -0.6), aspect="equal")
    tidy(grid)
    curve.set(ylim=(-100, 0), xlabel="episode", ylabel="reward")
    curve.legend(frameon=False)
    return fig


def draw_regret(history):
    """One curve a policy, named at its end."""
    fig, ax = canvas(width=8, height=4)
    ax = np.ravel(ax)[0]
    steps = np.arange(1, history.regret.shape[2] + 1)
    for label, runs, color in zip(history.labels, history.regret, COLORS):
        mean, half = runs.mean(axis=0), 2 * runs.std(axis=0, ddof=1) / len(runs) ** 0.5
        ax.plot(steps, mean, color=color, label=label)
        ax.fill_between(steps, mean - half, mean + half, color=color, alpha=0.15, linewidth=0)
    ax.set(xlabel="step", ylabel="regret", xlim=(0, steps[-1]))
    ax.legend(frameon=False)
    return fig
