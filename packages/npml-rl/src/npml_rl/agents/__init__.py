"""Agents: one file each, only the update; what they share is in `base`."""

from .cross_entropy import CrossEntropyAgent
from .dyna_q import DynaQAgent
from .importance_sampling import ImportanceSamplingMonteCarloAgent
from .monte_carlo import MonteCarloAgent
from .q_learning import QLearningAgent
from .sarsa import ExpectedSARSAAgent, SARSAAgent

__all__ = [
    "CrossEntropyAgent",
    "DynaQAgent",
    "ExpectedSARSAAgent",
    "ImportanceSamplingMonteCarloAgent",
    "MonteCarloAgent",
    "QLearningAgent",
    "SARSAAgent",
]
