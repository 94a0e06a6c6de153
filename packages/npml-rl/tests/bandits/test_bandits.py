"""Payoffs have the moments they should, parameters are checked, experiments are reproducible."""

import pickle

import numpy as np
import pytest

from npml_core import DiGraph, load, save
from npml_rl import (
    UCB1,
    BernoulliBandit,
    ContextualBernoulliBandit,
    ContextualLinearBandit,
    EpsilonGreedy,
    GaussianBandit,
    GradientBandit,
    LinUCB,
    MultinomialBandit,
    ShortestPathBandit,
    ThompsonSampling,
    run,
)

GRAPH = DiGraph(edges=[("a", "b", 1.0), ("b", "d", 2.5), ("a", "c", 2.0), ("c", "d", 0.5), ("a", "d", 9.0)])
BANDITS = [
    BernoulliBandit([0.1, 0.5, 0.8]),
    BernoulliBandit(np.random.default_rng(0).random((4000, 3))),
    GaussianBandit([-1.0, 0.0, 3.0], [0.5, 1.0, 0.0]),
    GaussianBandit(np.random.default_rng(0).normal(size=(4000, 3))),
    MultinomialBandit([[0, 1, 10], [2], [3, 4]], [[0.5, 0.4, 0.1], [1.0], [0.7, 0.3]]),
    ContextualBernoulliBandit([[0.2, 0.9, 0.5], [0.7, 0.1, 0.5]]),
    ContextualLinearBandit(3, 2),
    ShortestPathBandit(GRAPH, "a", "d"),
]
POLICIES = [EpsilonGreedy(), UCB1(), LinUCB(), GradientBandit()]


@pytest.mark.parametrize("bandit", BANDITS, ids=repr)
def test_payoffs_have_the_expected_mean(bandit):
    rng, n_runs = np.random.default_rng(1), 4000
    bandit.start(n_runs, rng)
    context = bandit.context(rng)
    expected = np.broadcast_to(bandit.expected(context), (n_runs, bandit.n_arms))
    arms = np.arange(n_runs) % bandit.n_arms
    draws = np.array([bandit.pull(arms, context, rng) for _ in range(30)])
    residual = draws - expected[np.arange(n_runs), arms]
    for arm in range(bandit.n_arms):
        sample = residual[:, arms == arm]
        # four standard errors; exact where nothing is random
        assert abs(sample.mean()) <= 4 * sample.std() / sample.size**0.5 + 1e-12


def test_variances():
    rng, arms = np.random.default_rng(0), np.zeros(40_000, dtype=np.int64)
    for bandit, variance in (
        (GaussianBandit([1.0], 3.0), 9.0),
        (MultinomialBandit([[0, 1, 10]], [[0.5, 0.4, 0.1]]), 8.44),
    ):
        bandit.start(40_000, rng)
        assert bandit.pull(arms, None, rng).var() == pytest.approx(variance, rel=0.06)


def test_paths_of_a_graph():
    bandit = ShortestPathBandit(GRAPH, "a", "d")
    assert {tuple(path): payoff for path, payoff in zip(bandit.paths, bandit.payoffs)} == {
        ("a", "b", "d"): -3.5,
        ("a", "c", "d"): -2.5,
        ("a", "d"): -9.0,
    }
    with pytest.raises(ValueError, match="no path"):
        ShortestPathBandit(GRAPH, "d", "a")
    history = run(bandit, [UCB1()], 300, 5, seed=0)
    assert history.optimal[0, :, -50:].mean() > 0.9


@pytest.mark.parametrize("bandit", [b for b in BANDITS if "4000" not in str(getattr(b, "n_runs", ""))], ids=repr)
def test_experiments(bandit):
    history = run(bandit, POLICIES, n_steps=40, n_runs=6, seed=3)
    assert history.regret.shape == history.estimate_error.shape == history.rewards.shape == (4, 6, 40)
    steps = np.diff(history.regret, axis=2, prepend=0)
    assert (steps >= 0).all()
    assert ((steps == 0) == history.optimal).all()
    assert np.isfinite(history.estimate_error).all()
    assert (history.estimate_error >= 0).all()
    assert history.labels == ["EpsilonGreedy()", "UCB1()", "LinUCB()", "GradientBandit()"]
    again = run(bandit, POLICIES, n_steps=40, n_runs=6, seed=3)
    other = run(bandit, POLICIES, n_steps=40, n_runs=6, seed=4)
    assert again.to_dict() == history.to_dict()
    assert (other.regret != history.regret).any()


def test_a_policy_plays_the_same_whoever_plays_beside_it():
    bandit = ContextualLinearBandit(3, 2)
    both = run(bandit, [LinUCB(), EpsilonGreedy()], 30, 4, seed=0)
    alone = run(bandit, [LinUCB()], 30, 4, seed=0)
    assert (both.regret[0] == alone.regret[0]).all()


def test_runs_of_their_own_parameters():
    means = np.array([[0.0, 1.0], [1.0, 0.0], [5.0, 5.0]])
    history = run(GaussianBandit(means, 0.0), [EpsilonGreedy(0.5)], 200, 3, seed=0)
    assert (history.regret[0, :2, -1] > 20).all()
    assert history.regret[0, 2, -1] == 0
    assert history.estimate_error[0, :, -1] == pytest.approx(0.0)
    with pytest.raises(ValueError, match="n_runs"):
        run(GaussianBandit(means), [UCB1()], 10, 4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BernoulliBandit([0.5, 1.5]), "probs"),
        (lambda: BernoulliBandit([0.5, np.nan]), "probs"),
        (lambda: BernoulliBandit([]), "probs"),
        (lambda: GaussianBandit([0.0, np.inf]), "means"),
        (lambda: GaussianBandit([0.0, 1.0], [1.0, 1.0, 1.0]), "stds"),
        (lambda: GaussianBandit([0.0, 1.0], -1.0), "stds"),
        (lambda: MultinomialBandit([[1, 2]], [[0.5, 0.4]]), "probs"),
        (lambda: MultinomialBandit([[1, 2]], [[1.0]]), "payoffs"),
        (lambda: MultinomialBandit([[1, 2]], [[1.5, -0.5]]), "probs"),
        (lambda: ContextualBernoulliBandit([0.5, 0.5]), "probs"),
        (lambda: ContextualLinearBandit(0, 2), "n_arms"),
        (lambda: ContextualLinearBandit(2, 2.5), "n_features"),
        (lambda: ContextualLinearBandit(2, 2, std=-1.0), "std"),
        (lambda: ContextualLinearBandit(2, 2, coef=[[1.0, 2.0]]), "coef"),
        (lambda: run(BANDITS[0], [], 10, 10), "policies"),
        (lambda: run(BANDITS[0], UCB1(), 10, 10), "policies"),
        (lambda: run(BANDITS[0], [UCB1()], 0, 10), "n_steps"),
        (lambda: run(BANDITS[0], [UCB1()], 10, 1.5), "n_runs"),
        (lambda: run(BANDITS[0], [EpsilonGreedy(1.5)], 10, 10), "epsilon"),
        (lambda: run(BANDITS[0], [UCB1(-1.0)], 10, 10), "c of UCB1"),
        (lambda: run(BANDITS[0], [ThompsonSampling(alpha=0)], 10, 10), "alpha"),
        (lambda: run(BANDITS[2], [ThompsonSampling()], 10, 10), r"payoffs in \[0, 1\]"),
    ],
)
def test_bad_parameters_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_stored_and_pickled(tmp_path):
    policies = [*POLICIES, ThompsonSampling()]
    run(BANDITS[0], policies, 20, 3, seed=0)
    for policy in policies:
        save(policy, tmp_path / "policy")
        for twin in (load(tmp_path / "policy"), pickle.loads(pickle.dumps(policy))):
            assert repr(twin) == repr(policy)
            assert (twin.estimates(None) == policy.estimates(None)).all()
    for bandit in BANDITS:
        save(bandit, tmp_path / "bandit")
        assert load(tmp_path / "bandit").n_arms == bandit.n_arms
