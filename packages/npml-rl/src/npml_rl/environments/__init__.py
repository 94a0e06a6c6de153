"""Small environments of the textbook; they speak Gymnasium's protocol and need nothing but NumPy."""

from .blackjack import Blackjack
from .grids import CliffWalk, Maze
from .mountain_car import MountainCar
from .tabular import TabularEnv, TabularVectorEnv

__all__ = ["Blackjack", "CliffWalk", "Maze", "MountainCar", "TabularEnv", "TabularVectorEnv"]
