"""Tabular reinforcement learning and bandits in plain NumPy."""

from .agents import (
    CrossEntropyAgent,
    DynaQAgent,
    ExpectedSARSAAgent,
    ImportanceSamplingMonteCarloAgent,
    MonteCarloAgent,
    QLearningAgent,
    SARSAAgent,
)
from .bandits import (
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
from .environments import Blackjack, CliffWalk, Maze, MountainCar, TabularEnv, TabularVectorEnv
from .history import History
from .tiles import TileCoder

__version__ = "0.1.0"

__all__ = [
    "UCB1",
    "BernoulliBandit",
    "Blackjack",
    "CliffWalk",
    "ContextualBernoulliBandit",
    "ContextualLinearBandit",
    "CrossEntropyAgent",
    "DynaQAgent",
    "EpsilonGreedy",
    "ExpectedSARSAAgent",
    "GaussianBandit",
    "GradientBandit",
    "History",
    "ImportanceSamplingMonteCarloAgent",
    "LinUCB",
    "Maze",
    "MonteCarloAgent",
    "MountainCar",
    "MultinomialBandit",
    "QLearningAgent",
    "SARSAAgent",
    "ShortestPathBandit",
    "TabularEnv",
    "TabularVectorEnv",
    "ThompsonSampling",
    "TileCoder",
    "__version__",
    "run",
]
