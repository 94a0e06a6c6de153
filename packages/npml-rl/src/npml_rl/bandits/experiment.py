"""A bandit experiment: several policies on the same bandit, many runs at once.

Regret is the expected one: after T steps sum_t (max_a mu_a - mu_{A_t}), with mu the mean payoffs in the context of the
step. All policies see the same bandits and contexts: the bandit's random numbers come from a stream of their own that
starts anew for each policy.

Cost: n_steps array expressions on (n_runs, n_arms) a policy.

References
----------
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., section 2.3.
"""

import numpy as np

from npml_core import progress

from ..history import History
from .base import positive_int

__all__ = ["run"]


def run(bandit, policies, n_steps, n_runs, seed=None, verbose=0):
    """Play every policy `n_runs` times for `n_steps` steps.

    Parameters
    ----------
    bandit : Bandit
        What to play.
    policies : list of Policy
        Who plays; they start anew and keep what they learned in their last step.
    n_steps, n_runs : int
        Sizes.
    seed : int, optional
        Same seed, same experiment.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    History
        Arrays (n_policies, n_runs, n_steps): ``regret`` (cumulative, expected), ``rewards``, ``optimal`` (whether a
        best arm was pulled), ``estimate_error`` (squared error of the estimated payoffs, mean over the arms).

    Raises
    ------
    ValueError
        If sizes are not positive, there is no policy, or a payoff does not suit a policy.

    Examples
    --------
    >>> from npml_rl import UCB1, BernoulliBandit, EpsilonGreedy, run
    >>> history = run(BernoulliBandit([0.4, 0.6]), [EpsilonGreedy(), UCB1()], n_steps=100, n_runs=20, seed=0)
    >>> history.regret.shape, history.labels
    ((2, 20, 100), ['EpsilonGreedy()', 'UCB1()'])
    """
    n_steps, n_runs = positive_int(n_steps, "n_steps"), positive_int(n_runs, "n_runs")
    if not isinstance(policies, (list, tuple)) or not policies:
        raise ValueError(f"policies must be a list of at least one policy, got {policies!r}")
    shape = (len(policies), n_runs, n_steps)
    names = ("regret", "rewards", "optimal", "estimate_error")
    records = [np.empty(shape, dtype=bool if name == "optimal" else np.float64) for name in names]
    for_bandit, *for_policies = np.random.SeedSequence(seed).spawn(1 + len(policies))
    for i, policy in enumerate(progress(policies, desc="policies", verbose=verbose)):
        rngs = np.random.default_rng(for_bandit), np.random.default_rng(for_policies[i])
        _play(bandit, policy, rngs, *[record[i] for record in records])
    np.cumsum(records[0], axis=2, out=records[0])
    return History(labels=[repr(policy) for policy in policies], **dict(zip(names, records)))


def _play(bandit, policy, rngs, regret, rewards, optimal, error):
    """All runs of one policy; the records are (n_runs, n_steps)."""
    bandit_rng, policy_rng = rngs
    n_runs, n_steps = regret.shape
    runs = np.arange(n_runs)
    bandit.start(n_runs, bandit_rng)
    policy.start(n_runs, bandit.n_arms, bandit.n_contexts, bandit.n_features)
    for t in range(n_steps):
        context = bandit.context(bandit_rng)
        payoffs = np.broadcast_to(bandit.expected(context), (n_runs, bandit.n_arms))
        arms = policy.choose(context, policy_rng)
        paid = bandit.pull(arms, context, bandit_rng)
        policy.update(arms, paid, context, policy_rng)
        regret[:, t] = payoffs.max(axis=1) - payoffs[runs, arms]
        optimal[:, t] = regret[:, t] == 0
        rewards[:, t] = paid
        error[:, t] = ((policy.estimates(context) - payoffs) ** 2).mean(axis=1)
