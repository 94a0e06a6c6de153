"""Blackjack as in the textbook: infinite deck, dealer hits below 17, +1 / 0 / -1.

An observation is (sum of the player's cards, the dealer's showing card with the ace as 1, usable ace 0 or 1);
actions are 0 stick, 1 hit.

References
----------
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., examples 5.1 and 5.4.
"""

import numpy as np

from ..spaces import Discrete, Product

__all__ = ["Blackjack"]


class Blackjack:
    """The card game against a dealer with a fixed rule.

    Parameters
    ----------
    start : tuple of 3 ints, optional
        Every episode begins with this observation; None deals the cards.

    Examples
    --------
    >>> from npml_rl.environments import Blackjack
    >>> Blackjack(start=(13, 2, 1)).reset(seed=0)
    ((13, 2, 1), {})
    """

    def __init__(self, start=None):
        self.start = start
        self.observation_space = Product([Discrete(32), Discrete(11), Discrete(2)], "tuple")
        self.action_space = Discrete(2)
        self._rng = np.random.default_rng()

    def reset(self, seed=None, options=None):
        """Deal."""
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self._deck = self._cards().__next__
        if self.start is not None:
            self._sum, self._showing, self._ace = self.start
        else:
            self._sum, self._ace = self._draw(*self._draw(0, 0))
            self._showing = self._deck()
        return self._observe(), {}

    def step(self, action):
        """Stick (0) or hit (1)."""
        if action:
            self._sum, self._ace = self._draw(self._sum, self._ace)
            bust = self._sum > 21
            return self._observe(), -1.0 if bust else 0.0, bust, False, {}
        dealer = self._play_dealer()
        won = dealer > 21 or self._sum > dealer
        return self._observe(), 1.0 if won else -float(dealer > self._sum), True, False, {}

    def _play_dealer(self):
        total, ace = (11, 1) if self._showing == 1 else (self._showing, 0)
        while total < 17:
            total, ace = self._draw(total, ace)
        return total

    def _draw(self, total, ace):
        """Sum and usable ace after one more card."""
        card = self._deck()
        total += card
        if card == 1 and total + 10 <= 21:
            return total + 10, 1
        if total > 21 and ace:
            return total - 10, 0
        return total, ace

    def _cards(self):
        while True:
            yield from np.minimum(self._rng.integers(1, 14, size=16), 10).tolist()

    def _observe(self):
        return self._sum, self._showing, self._ace
