"""Bandits, policies, and `run`, which plays them against each other."""

from .bernoulli import BernoulliBandit
from .contextual import ContextualBernoulliBandit, ContextualLinearBandit
from .epsilon_greedy import EpsilonGreedy
from .experiment import run
from .gaussian import GaussianBandit
from .gradient import GradientBandit
from .lin_ucb import LinUCB
from .multinomial import MultinomialBandit
from .shortest_path import ShortestPathBandit
from .thompson import ThompsonSampling
from .ucb import UCB1

__all__ = [
    "UCB1",
    "BernoulliBandit",
    "ContextualBernoulliBandit",
    "ContextualLinearBandit",
    "EpsilonGreedy",
    "GaussianBandit",
    "GradientBandit",
    "LinUCB",
    "MultinomialBandit",
    "ShortestPathBandit",
    "ThompsonSampling",
    "run",
]
