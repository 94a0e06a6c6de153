"""One step of each temporal-difference update by hand, and Monte Carlo by its definition."""

import numpy as np
import pytest

from npml_rl import (
    ExpectedSARSAAgent,
    ImportanceSamplingMonteCarloAgent,
    MonteCarloAgent,
    QLearningAgent,
    SARSAAgent,
    TabularEnv,
)

# two states in a ring, two actions; nothing ends but by a time limit
RING = [[[(1.0, 1, 1.0, False)], [(1.0, 0, 2.0, False)]], [[(1.0, 0, 3.0, False)], [(1.0, 1, 4.0, False)]]]


class Recorder(TabularEnv):
    """Notes (s, a, r, s', terminated, truncated) of every episode."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.episodes = []

    def reset(self, seed=None, options=None):
        obs, info = super().reset(seed)
        self.episodes.append([])
        self.state = obs
        return obs, info

    def step(self, action):
        obs, r, terminated, truncated, info = super().step(action)
        self.episodes[-1].append((self.state, action, r, obs, terminated, truncated))
        self.state = obs
        return obs, r, terminated, truncated, info


def replay(env, update, n_states=2, n_actions=2):
    """Q after `update(Q, s, a, r, s2, a2, terminated)` of all recorded steps."""
    Q = np.zeros((n_states, n_actions))
    for episode in env.episodes:
        for (s, a, r, s2, terminated, _), following in zip(episode, [*episode[1:], None]):
            if following is not None or terminated:
                update(Q, s, a, r, s2, None if following is None else following[1], terminated)
    return Q


LR, EPSILON, GAMMA = 0.3, 0.4, 0.9


def q_learning(Q, s, a, r, s2, a2, terminated):
    Q[s, a] += LR * (r + GAMMA * (0 if terminated else Q[s2].max()) - Q[s, a])


def sarsa(Q, s, a, r, s2, a2, terminated):
    Q[s, a] += LR * (r + GAMMA * (0 if terminated else Q[s2, a2]) - Q[s, a])


def expected_sarsa(Q, s, a, r, s2, a2, terminated):
    pi = np.full(Q.shape[1], EPSILON / Q.shape[1])
    pi[Q[s2].argmax()] += 1 - EPSILON
    Q[s, a] += LR * (r + GAMMA * (0 if terminated else pi @ Q[s2]) - Q[s, a])


@pytest.mark.parametrize(
    ("cls", "update"), [(QLearningAgent, q_learning), (SARSAAgent, sarsa), (ExpectedSARSAAgent, expected_sarsa)]
)
def test_the_update_is_the_books(cls, update):
    ends = [
        RING[0],
        [[(1.0, 0, 3.0, False)], [(0.5, 2, 4.0, True), (0.5, 1, -1.0, False)]],
        [[(1.0, 2, 0.0, True)]] * 2,
    ]
    env = Recorder(ends)
    agent = cls(LR, EPSILON, GAMMA, random_state=0)
    agent.train(env, 40, seed=0)
    np.testing.assert_allclose(agent.Q_, replay(env, update, 3), rtol=1e-12)


@pytest.mark.parametrize(
    ("cls", "options"),
    [
        (QLearningAgent, {"lr": 1.0}),
        (SARSAAgent, {"lr": 1.0}),
        (ExpectedSARSAAgent, {"lr": 1.0}),
        (MonteCarloAgent, {"lr": 1.0}),
        (ImportanceSamplingMonteCarloAgent, {}),
    ],
)
def test_truncated_bootstraps_and_terminated_does_not(cls, options):
    """One state, one action, reward 1: each truncated episode of one step adds another step to what is known."""
    agent = cls(gamma=0.5, random_state=0, **options)
    history = agent.train(TabularEnv([[[(1.0, 0, 1.0, False)]]], max_steps=1), 3)
    values = [1.0, 1.5, 1.75]
    # the weighted mean of 1, 1 + 0.5 * 1 and 1 + 0.5 * 1.25
    expected = np.mean([1.0, 1.5, 1.625]) if cls is ImportanceSamplingMonteCarloAgent else values[2]
    assert agent.Q_[0, 0] == pytest.approx(expected)
    assert history.steps.tolist() == [1, 1, 1]
    ended = cls(gamma=0.5, random_state=0, **options)
    ended.train(TabularEnv([[[(1.0, 0, 1.0, True)]]]), 3)
    assert ended.Q_[0, 0] == 1.0


def discounted(episode, gamma):
    """Return after every step."""
    returns, G = [], 0.0
    for _, _, r, *_ in reversed(episode):
        G = r + gamma * G
        returns.append(G)
    return returns[::-1]


ABSORBING = [
    [*RING[0]],
    [[(0.4, 2, 3.0, True), (0.6, 0, -1.0, False)], [(1.0, 1, 0.5, False)]],
    [[(1.0, 2, 0.0, True)]] * 2,
]


def test_monte_carlo_is_the_mean_of_first_visit_returns():
    env = Recorder(ABSORBING)
    agent = MonteCarloAgent(epsilon=0.5, gamma=0.9, random_state=0)
    agent.train(env, 50, seed=0)
    samples = {}
    for episode in env.episodes:
        seen = set()
        for (s, a, *_), G in zip(episode, discounted(episode, 0.9)):
            if (s, a) not in seen:
                seen.add((s, a))
                samples.setdefault((s, a), []).append(G)
    for (s, a), returns in samples.items():
        assert agent.Q_[s, a] == pytest.approx(np.mean(returns), rel=1e-9)
        assert np.exp(agent.log_visits_[s, a]) == pytest.approx(len(returns))


def test_importance_sampling_is_the_weighted_mean():
    """Prediction: weights are the products of pi / b over what follows, every visit counts."""
    env = Recorder(ABSORBING)
    target = np.array([[0.9, 0.1], [0.3, 0.7], [0.5, 0.5]])
    agent = ImportanceSamplingMonteCarloAgent(1.0, 0.9, random_state=0, target_policy=target)
    agent.train(env, 60, seed=0)
    totals, sums = np.zeros((3, 2)), np.zeros((3, 2))
    for episode in env.episodes:
        for t, ((s, a, *_), G) in enumerate(zip(episode, discounted(episode, 0.9))):
            W = np.prod([target[s2, a2] / 0.5 for s2, a2, *_ in episode[t + 1 :]])
            totals[s, a] += W
            sums[s, a] += W * G
    np.testing.assert_allclose(agent.Q_[:2], (sums / np.maximum(totals, 1e-300))[:2], rtol=1e-9)
    np.testing.assert_allclose(np.exp(agent.log_weights_[:2]), totals[:2], rtol=1e-9)


def test_importance_sampling_survives_long_episodes():
    """20,000 greedy steps: the weights pass 1e308 and their ratios stay right."""
    agent = ImportanceSamplingMonteCarloAgent(epsilon=0.9, gamma=0.99, random_state=0)
    agent.train(TabularEnv([[[(1.0, 0, 1.0, False)]] * 2], max_steps=3000), 2)
    long = ImportanceSamplingMonteCarloAgent(0.5, 1.0, random_state=0, target_policy=[[1.0, 0.0], [1.0, 0.0]])
    long.train(TabularEnv([[[(1 - 1e-4, 0, 0.0, False), (1e-4, 1, 1.0, True)]] * 2, [[(1.0, 1, 0.0, True)]] * 2]), 2)
    assert np.isfinite(agent.Q_).all()
    assert np.isfinite(long.Q_).all()


@pytest.mark.parametrize("policy", [[0, 1], [0, 1, 2], [[0.5, 0.6]] * 3, [[-1.0, 2.0]] * 3])
def test_bad_target_policies(policy):
    with pytest.raises(ValueError, match="target_policy"):
        ImportanceSamplingMonteCarloAgent(target_policy=policy).train(TabularEnv(ABSORBING), 1)
    with pytest.raises(ValueError, match="target_policy"):
        ImportanceSamplingMonteCarloAgent(epsilon=0.0, target_policy=[0, 1, 1]).train(TabularEnv(ABSORBING), 1)
