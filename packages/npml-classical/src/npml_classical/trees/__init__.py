"""Decision trees, random forests and gradient boosting."""

from .boosting import GradientBoostingClassifier, GradientBoostingRegressor
from .decision_tree import DecisionTreeClassifier, DecisionTreeRegressor
from .forest import RandomForestClassifier, RandomForestRegressor
from .tree import Tree

__all__ = [
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Tree",
]
