"""What a training run or a bandit experiment has recorded.

A `History` holds named arrays and nothing else: ``returns`` and ``steps`` (one number an episode) from agents,
``rewards``, ``regret``, ``optimal`` and ``estimate_error`` (n_policies, n_runs, n_steps) from bandits.
"""

import numpy as np

from npml_core import Storable

__all__ = ["History"]


class History(Storable):
    """Named arrays of a run.

    Parameters
    ----------
    labels : sequence of str, optional
        Names of the policies, for bandit experiments.
    **arrays : array-like
        The records.

    Examples
    --------
    >>> from npml_rl import History
    >>> history = History(returns=[0.0, 1.0], steps=[12, 7])
    >>> float(history.returns.mean())
    0.5
    >>> history.to_dict()
    {'returns': [0.0, 1.0], 'steps': [12, 7]}
    """

    def __init__(self, labels=None, **arrays):
        self.labels = None if labels is None else list(labels)
        for name, values in arrays.items():
            setattr(self, name, np.asarray(values))

    def __repr__(self):
        shapes = ", ".join(f"{name}: {array.shape}" for name, array in self._arrays().items())
        return f"History({shapes})"

    def to_dict(self):
        """Plain lists by name, as JSON takes them.

        Returns
        -------
        dict
        """
        plain = {name: array.tolist() for name, array in self._arrays().items()}
        return plain if self.labels is None else {"labels": list(self.labels), **plain}

    def plot(self, what=None, ax=None, smooth=1):
        """Draw one record.

        Parameters
        ----------
        what : str, optional
            Name of the array; the default is "returns", or "regret" for bandits.
        ax : matplotlib axes, optional
            Where to draw; the default is a new figure.
        smooth : int, default=1
            Length of a moving average over episodes or steps.

        Returns
        -------
        matplotlib axes

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If there is no such record.
        """
        arrays = self._arrays()
        what = what or ("regret" if "regret" in arrays else "returns")
        if what not in arrays:
            raise ValueError(f"what must be one of {sorted(arrays)}, got {what!r}")
        ax = _new_axes() if ax is None else ax
        if arrays[what].ndim == 3:
            for label, runs in zip(self.labels or map(str, range(len(arrays[what]))), arrays[what]):
                _draw_mean(ax, runs, label, smooth)
            ax.legend()
        else:
            ax.plot(*_moving_average(arrays[what], smooth))
        ax.set_xlabel("step" if arrays[what].ndim == 3 else "episode")
        ax.set_ylabel(what.replace("_", " "))
        return ax

    def _arrays(self):
        return {name: value for name, value in vars(self).items() if name != "labels"}


def _new_axes():
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise ImportError("History.plot needs matplotlib: install the extra 'plot'") from None
    return plt.figure(layout="constrained").add_subplot()


def _draw_mean(ax, runs, label, smooth):
    """Mean over runs with a band of two standard errors."""
    x, mean = _moving_average(runs.mean(axis=0), smooth)
    line = ax.plot(x, mean, label=label)[0]
    if len(runs) > 1:
        half = 2 * _moving_average(runs.std(axis=0, ddof=1), smooth)[1] / np.sqrt(len(runs))
        ax.fill_between(x, mean - half, mean + half, color=line.get_color(), alpha=0.2, linewidth=0)


def _moving_average(values, length):
    length = max(1, min(length, len(values)))
    sums = np.cumsum(np.concatenate([[0.0], values]))
    return np.arange(length, len(values) + 1), (sums[length:] - sums[:-length]) / length
