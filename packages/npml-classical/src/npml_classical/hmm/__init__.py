"""Hidden Markov models."""

from .categorical import CategoricalHMM
from .gaussian import GaussianHMM

__all__ = ["CategoricalHMM", "GaussianHMM"]
