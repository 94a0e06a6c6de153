"""Action values while they are learned: Q[s] for a row or a set of tiles.

Three forms of the same thing, so that an agent writes its update once:

    ListTable     Q as a list of lists: one number is read or written ten times faster than in an array
    TiledTable    the same for tiles: s is a tuple of k rows, Q(s, a) = sum_i w[s_i][a]
    LaneTable     Q as an array, for many lanes at once: s (L,) rows, or (L, k) tiles

``Q[s]`` is the action values of s, ``Q.toward(s, a, target, lr)`` moves Q(s, a) the share `lr` of the way to
`target`. With tiles the step is dealt to the k weights in equal parts, so that `lr` means the same: Q(s, a) moves
by lr (target - Q(s, a)).

Lanes that visit the same entry at the same moment: n of them with mean target m have the effect of n visits one
after the other to that mean, Q += (1 - (1 - lr)^n) (m - Q). (Adding the n steps up would overshoot once n lr > 2.)

References
----------
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., sections 2.4, 9.3 and 9.5.4.
"""

from math import exp, inf, log1p

import numpy as np

__all__ = ["LaneTable", "ListTable", "TiledTable", "as_table"]


class ListTable(list):
    """A list of rows, each the list of a state's action values."""

    def toward(self, s, a, target, lr):
        """Q(s, a) += lr (target - Q(s, a))."""
        row = self[s]
        row[a] += lr * (target - row[a])

    def average(self, s, a, target, log_weight, log_totals):
        """Make Q(s, a) the weighted mean of its targets so far; `log_totals` holds the log of the weights' sums."""
        totals = log_totals[s]
        totals[a] = total = _log_add(totals[a], log_weight)
        self.toward(s, a, target, exp(log_weight - total))

    def array(self):
        """The numbers as an array (n_rows, n_actions)."""
        return np.array(self, dtype=np.float64)


class TiledTable:
    """Weights of tiles: Q(s, a) is the sum over the tiles of s."""

    def __init__(self, rows):
        self.rows = rows

    def __getitem__(self, s):
        rows = self.rows
        return [sum(column) for column in zip(*[rows[i] for i in s])]

    def toward(self, s, a, target, lr):
        """Q(s, a) += lr (target - Q(s, a)), a k-th of it in each tile."""
        active = [self.rows[i] for i in s]
        step = lr * (target - sum([row[a] for row in active])) / len(active)
        for row in active:
            row[a] += step

    def average(self, s, a, target, log_weight, log_totals):
        """As `ListTable.average`, each tile with the weights that passed through it."""
        error = (target - self[s][a]) / len(s)
        for i in s:
            totals = log_totals.rows[i]
            totals[a] = total = _log_add(totals[a], log_weight)
            self.rows[i][a] += exp(log_weight - total) * error

    def array(self):
        """The weights as an array (n_features, n_actions)."""
        return np.array(self.rows, dtype=np.float64)


class LaneTable:
    """An array of action values, read and moved for many lanes in one expression.

    It lies action-major, and ``Q[s]`` is (n_actions, L): NumPy reduces over a short first axis several times faster
    than over a short last one.
    """

    def __init__(self, array):
        self.values = np.ascontiguousarray(array.T)

    def __getitem__(self, s):
        values = self.values.take(s, axis=1)
        return values if s.ndim == 1 else values.sum(axis=2)

    def toward(self, s, a, target, lr):
        """Move Q(s, a) of every lane; several visits to one entry count as visits to the mean of their targets."""
        k = 1 if s.ndim == 1 else s.shape[1]
        entries = a[:, None] * self.values.shape[1] + s.reshape(len(a), k)
        flat = self.values.reshape(-1)
        error = target - flat[entries].sum(axis=1)
        entries, place, visits = np.unique(entries.ravel(), return_inverse=True, return_counts=True)
        mean_error = np.bincount(place, np.repeat(error, k)) / visits
        flat[entries] += (1 - (1 - lr) ** visits) * mean_error / k

    def array(self):
        """The numbers as an array (n_rows, n_actions)."""
        return np.ascontiguousarray(self.values.T)


def as_table(array, tiled):
    """Lists from an array, for the scalar loop."""
    return TiledTable(array.tolist()) if tiled else ListTable(array.tolist())


def _log_add(x, y):
    """log(e^x + e^y) without overflow."""
    if x < y:
        x, y = y, x
    return x if y == -inf else x + log1p(exp(y - x))
