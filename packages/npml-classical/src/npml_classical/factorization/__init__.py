"""A matrix as the product of two thin ones."""

from .alternating_least_squares import ALS
from .nonnegative import NMF

__all__ = ["ALS", "NMF"]
