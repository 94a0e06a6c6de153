"""Linear models."""

from .bayesian import BayesianLinearRegression
from .generalized import GeneralizedLinearModel
from .least_squares import LinearRegression, Ridge
from .logistic import LogisticRegression

__all__ = [
    "BayesianLinearRegression",
    "GeneralizedLinearModel",
    "LinearRegression",
    "LogisticRegression",
    "Ridge",
]
