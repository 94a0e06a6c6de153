"""Policies against their formulas in a loop over runs and steps, and against the bounds of the papers."""

import numpy as np
import pytest

from npml_rl import (
    UCB1,
    BernoulliBandit,
    ContextualBernoulliBandit,
    ContextualLinearBandit,
    EpsilonGreedy,
    GradientBandit,
    LinUCB,
    ThompsonSampling,
    run,
)
from npml_rl.bandits.base import random_argmax

N_RUNS, N_STEPS, N_ARMS = 5, 60, 3


def play(policy, contexts=None, n_contexts=1, n_features=None):
    """Feed a policy random payoffs; yield what it saw and thinks at every step."""
    rng = np.random.default_rng(0)
    policy.start(N_RUNS, N_ARMS, n_contexts, n_features)
    for t in range(N_STEPS):
        context = None if contexts is None else contexts[t]
        arms = policy.choose(context, rng)
        rewards = rng.random(N_RUNS)
        yield context, arms, rewards
        policy.update(arms, rewards, context, rng)


def test_ucb1_takes_the_largest_bound():
    policy, pulls = UCB1(c=1.5), [[[] for _ in range(N_ARMS)] for _ in range(N_RUNS)]
    for t, (_, arms, rewards) in enumerate(play(policy), 1):
        for i in range(N_RUNS):
            bounds = [np.mean(r) + 1.5 * np.sqrt(np.log(t) / len(r)) if r else np.inf for r in pulls[i]]
            assert bounds[arms[i]] == pytest.approx(max(bounds))
            pulls[i][arms[i]].append(rewards[i])
    np.testing.assert_allclose(policy.estimates(None), [[np.mean(r) for r in run_] for run_ in pulls], rtol=1e-12)


def test_numbered_contexts_are_bandits_of_their_own():
    contexts = np.random.default_rng(1).integers(2, size=(N_STEPS, N_RUNS))
    policy, pulls = UCB1(), {}
    for context, arms, rewards in play(policy, contexts, n_contexts=2):
        for i in range(N_RUNS):
            tables = [pulls.setdefault((i, context[i], a), []) for a in range(N_ARMS)]
            t = sum(map(len, tables)) + 1
            bounds = [np.mean(r) + np.sqrt(2 * np.log(t) / len(r)) if r else np.inf for r in tables]
            assert bounds[arms[i]] == pytest.approx(max(bounds))
            tables[arms[i]].append(rewards[i])
    context = np.ones(N_RUNS, dtype=np.int64)
    for i, row in enumerate(policy.estimates(context)):
        assert row == pytest.approx([np.mean(pulls.get((i, 1, a)) or [0.0]) for a in range(N_ARMS)])


def test_epsilon_greedy_explores_as_often_as_it_says():
    policy = EpsilonGreedy(0.3)
    policy.start(20_000, 4)
    rng = np.random.default_rng(0)
    policy.update(np.full(20_000, 2), np.ones(20_000), None, rng)
    share = (policy.choose(None, rng) == 2).mean()
    assert abs(share - (0.7 + 0.3 / 4)) < 4 * (0.775 * 0.225 / 20_000) ** 0.5


def test_thompson_sampling_draws_from_the_posterior():
    policy, rng = ThompsonSampling(alpha=2, beta=3), np.random.default_rng(0)
    policy.start(40_000, 2)
    for _ in range(4):
        policy.update(np.zeros(40_000, dtype=np.int64), np.ones(40_000), None, rng)
    assert policy.estimates(None)[0] == pytest.approx([6 / 9, 2 / 5])
    draws = np.random.default_rng(1).beta([6, 2], [3, 3], size=(400_000, 2))
    expected = (draws[:, 0] > draws[:, 1]).mean()
    assert abs((policy.choose(None, rng) == 0).mean() - expected) < 4 * (0.25 / 40_000) ** 0.5


def test_thompson_sampling_keeps_the_mean_of_fractional_payoffs():
    policy, rng = ThompsonSampling(), np.random.default_rng(0)
    policy.start(1000, 1)
    for _ in range(50):
        policy.update(np.zeros(1000, dtype=np.int64), np.full(1000, 0.3), None, rng)
    assert abs(policy.wins_.mean() / 50 - 0.3) < 4 * (0.21 / 50_000) ** 0.5


def test_lin_ucb_is_ridge_regression():
    contexts = np.random.default_rng(1).normal(size=(N_STEPS, N_RUNS, 4))
    policy, seen = LinUCB(alpha=0.7), [[([], []) for _ in range(N_ARMS)] for _ in range(N_RUNS)]
    for context, arms, rewards in play(policy, contexts, n_features=4):
        for i in range(N_RUNS):
            bounds = []
            for X, y in seen[i]:
                A = np.eye(4) + np.array(X).reshape(-1, 4).T @ np.array(X).reshape(-1, 4)
                theta = np.linalg.solve(A, np.array(X).reshape(-1, 4).T @ np.array(y))
                bounds.append(context[i] @ theta + 0.7 * np.sqrt(context[i] @ np.linalg.solve(A, context[i])))
            assert bounds[arms[i]] == pytest.approx(max(bounds), rel=1e-9)
            seen[i][arms[i]][0].append(context[i])
            seen[i][arms[i]][1].append(rewards[i])


@pytest.mark.parametrize("baseline", [True, False])
def test_gradient_bandit_climbs_by_equation_2_12(baseline):
    policy = GradientBandit(lr=0.4, baseline=baseline)
    H, payoffs = np.zeros((N_RUNS, N_ARMS)), []
    for _, arms, rewards in play(policy):
        payoffs.append(rewards)
        pi = np.exp(H) / np.exp(H).sum(axis=1, keepdims=True)
        mean = np.mean(payoffs, axis=0) if baseline else 0.0
        H += 0.4 * (rewards - mean)[:, None] * (np.eye(N_ARMS)[arms] - pi)
    np.testing.assert_allclose(policy.preferences_[:, 0], H, rtol=1e-10, atol=1e-12)


def test_ties_are_broken_evenly():
    rng = np.random.default_rng(0)
    arms = random_argmax(np.tile([1.0, 3.0, 3.0, np.inf, np.inf, np.inf], (30_000, 1)), rng)
    counts = np.bincount(arms, minlength=6)
    assert counts[:3].sum() == 0
    assert ((counts[3:] - 10_000) ** 2 / 10_000).sum() < 13.8


def test_regret_stays_under_the_bound_of_ucb1():
    """Auer et al. (2002), theorem 1: 8 sum ln T / gap + (1 + pi^2 / 3) sum gap."""
    probs, T = np.array([0.3, 0.5, 0.8]), 1500
    history = run(BernoulliBandit(probs), [UCB1(), ThompsonSampling(), EpsilonGreedy()], T, 60, seed=0)
    gaps = 0.8 - probs[:2]
    bound = 8 * (np.log(T) / gaps).sum() + (1 + np.pi**2 / 3) * gaps.sum()
    final = history.regret[:, :, -1].mean(axis=1)
    half = history.regret[:, :, T // 2].mean(axis=1)
    assert final[0] < bound
    assert final[1] < final[0]
    # logarithmic policies slow down, epsilon-greedy pays epsilon for ever
    assert final[1] - half[1] < 0.25 * half[1]
    assert final[2] - half[2] > 0.3 * half[2]
    assert (history.estimate_error[:, :, -1].mean(axis=1) < history.estimate_error[:, :, 20].mean(axis=1)).all()


@pytest.mark.parametrize(
    "bandit", [ContextualLinearBandit(5, 4), ContextualBernoulliBandit([[0.1, 0.9], [0.9, 0.1], [0.5, 0.4]])]
)
def test_lin_ucb_learns_contexts(bandit):
    history = run(bandit, [LinUCB(), EpsilonGreedy(1.0)], 600, 20, seed=0)
    first, last = history.regret[0, :, 99].mean(), np.diff(history.regret[0, :, [499, 599]].mean(axis=1))[0]
    assert last < 0.5 * first
    assert history.regret[0, :, -1].mean() < 0.3 * history.regret[1, :, -1].mean()
