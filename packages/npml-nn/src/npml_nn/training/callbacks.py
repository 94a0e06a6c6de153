"""Callbacks: what a `Trainer` calls between steps and epochs.

A callback of your own overrides one or more of the four methods of `Callback`; it reads ``trainer.history``,
``trainer.n_epochs``, ``trainer.n_steps``, ``trainer.model``, may add a figure to the history by ``trainer.record`` and
may end the training by ``trainer.stop()``. What it remembers it gives as ``state_dict()``, so that a training that was
killed goes on as if nothing had happened.

Reference (early stopping): Prechelt (1998), Early stopping - but when?, https://doi.org/10.1007/3-540-49430-8_3.
"""

import csv
import os
from itertools import zip_longest
from math import inf, nan

from npml_core import atomic_write

from ..layers.parameters import check_sizes
from ..schedules import check_rate

__all__ = ["BestWeights", "CSVLog", "Callback", "Checkpoint", "EarlyStopping", "LearningRateLog"]


class Callback:
    """Base of callbacks; none of the methods does anything.

    Attributes
    ----------
    rank : int
        Those of a lower rank are called first; those of one rank in the order in which they were given.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Callback, Dense, Trainer
    >>> class Say(Callback):
    ...     def on_epoch_end(self, trainer):
    ...         print(trainer.n_epochs, trainer.n_steps)
    >>> X = np.ones((6, 2))
    >>> _ = Trainer(Dense(2, 1), "mse", "sgd").fit(X, X[:, :1], epochs=2, batch_size=2, callbacks=[Say()])
    1 3
    2 6
    """

    rank = 0

    def on_train_begin(self, trainer) -> None:
        """`fit` starts (not where it resumes)."""

    def on_step_end(self, trainer) -> None:
        """The weights have changed."""

    def on_epoch_end(self, trainer) -> None:
        """All samples were used once, and the history has their loss."""

    def on_train_end(self, trainer) -> None:
        """`fit` is about to return."""

    def state_dict(self) -> dict:
        """Return a copy of what changes during a training, of plain data and arrays."""
        return {}

    def load_state_dict(self, state: dict) -> None:
        """Take back what `state_dict` gave."""
        vars(self).update(state)


class BestWeights(Callback):
    """At the end puts the weights back that the best epoch had.

    Parameters
    ----------
    monitor : str, optional
        A key of the history, where lower is better; by default ``"val_loss"`` if there is one, else ``"loss"``.

    Attributes
    ----------
    best : float
        The lowest figure.
    best_epoch : int or None
        Its place in the history.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import BestWeights, Dense, Trainer
    >>> X, keep = np.ones((6, 2)), BestWeights()
    >>> trainer = Trainer(Dense(2, 1), "mse", "sgd").fit(X, X[:, :1], epochs=5, callbacks=[keep])
    >>> keep.best == min(trainer.history["loss"])
    True
    """

    min_delta = 0.0

    def __init__(self, monitor: str | None = None):
        self.monitor = monitor
        self._forget()

    def _forget(self):
        self.best, self.best_epoch, self._weights = inf, None, None

    def on_train_begin(self, trainer):
        """Forget earlier trainings."""
        self._forget()

    def on_epoch_end(self, trainer):
        """Keep the weights if the figure is the lowest so far."""
        value = self._figure(trainer)
        if value < self.best - self.min_delta:
            self.best, self.best_epoch, self._weights = value, trainer.n_epochs - 1, trainer.model.state_dict()

    def on_train_end(self, trainer):
        """Put the best weights back."""
        if self._weights is not None:
            trainer.model.load_state_dict(self._weights)

    def _figure(self, trainer):
        history, now = trainer.history, trainer.n_epochs
        monitor = self.monitor or ("val_loss" if len(history.get("val_loss", ())) == now else "loss")
        if monitor not in history:
            raise ValueError(f"monitor must be one of {sorted(history)}, got {monitor!r}")
        return history[monitor][-1]

    def state_dict(self):
        """Return the best figure, its epoch and its weights."""
        return {"best": self.best, "best_epoch": self.best_epoch, "_weights": self._weights}


class EarlyStopping(BestWeights):
    """Stops after `patience` epochs of which none was better than the best before.

    Parameters
    ----------
    patience : int, default=5
        How many epochs to wait.
    monitor : str, optional
        A key of the history, where lower is better; by default ``"val_loss"`` if there is one, else ``"loss"``.
    min_delta : float, default=0.0
        By how much an epoch must be better to count.
    restore_best : bool, default=True
        Whether to put the best weights back at the end.

    Attributes
    ----------
    best, best_epoch
        As `BestWeights`.
    stopped_epoch : int or None
        The epoch after which training was stopped.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Dense, EarlyStopping, Trainer
    >>> X = np.random.default_rng(0).normal(size=(40, 2))
    >>> trainer = Trainer(Dense(2, 1, random_state=0), "mse", "adam", random_state=0)
    >>> stopping = EarlyStopping(patience=3, min_delta=0.01)
    >>> _ = trainer.fit(X, 1 - X[:, :1], epochs=2000, callbacks=[stopping])
    >>> trainer.n_epochs < 2000 and stopping.best_epoch == trainer.n_epochs - 4
    True
    """

    def __init__(
        self, patience: int = 5, monitor: str | None = None, min_delta: float = 0.0, restore_best: bool = True
    ):
        check_sizes(patience=patience)
        self.patience, self.min_delta, self.restore_best = patience, check_rate("min_delta", min_delta), restore_best
        super().__init__(monitor)

    def _forget(self):
        super()._forget()
        self.stopped_epoch, self._waited = None, 0

    def on_epoch_end(self, trainer):
        """Count the epochs since the best."""
        super().on_epoch_end(trainer)
        self._waited = 0 if self.best_epoch == trainer.n_epochs - 1 else self._waited + 1
        if self._waited >= self.patience:
            self.stopped_epoch = trainer.n_epochs - 1
            trainer.stop()

    def on_train_end(self, trainer):
        """Put the best weights back, if asked to."""
        if self.restore_best:
            super().on_train_end(trainer)

    def state_dict(self):
        """As `BestWeights`, and how long it has waited."""
        return {**super().state_dict(), "stopped_epoch": self.stopped_epoch, "_waited": self._waited}


class LearningRateLog(Callback):
    """Adds the learning rate of each epoch's last step to the history, under ``"lr"``.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import SGD, Dense, ExponentialDecay, LearningRateLog, Trainer
    >>> X, model = np.ones((4, 2)), Dense(2, 1)
    >>> optimizer = SGD(model.parameters(), ExponentialDecay(0.5, decay=0.1, stage_length=1))
    >>> trainer = Trainer(model, "mse", optimizer).fit(X, X[:, :1], epochs=2, callbacks=[LearningRateLog()])
    >>> [round(lr, 3) for lr in trainer.history["lr"]]
    [0.5, 0.05]
    """

    def on_epoch_end(self, trainer):
        """Ask the schedule, without a loss, so that it learns nothing from that."""
        optimizer = trainer.optimizer
        trainer.record("lr", float(optimizer.lr(max(optimizer.n_steps - 1, 0), None)))


class CSVLog(Callback):
    """Writes the history to a file of comma-separated values after each epoch: whole, so that it is never half a row.

    Parameters
    ----------
    path : str or path-like
        The file.

    Examples
    --------
    >>> import os, tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from npml_nn import CSVLog, Dense, Trainer
    >>> X = np.zeros((4, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "log.csv")
    ...     _ = Trainer(Dense(2, 1), "mse", "sgd").fit(X, X[:, :1], epochs=2, callbacks=[CSVLog(path)])
    ...     print(Path(path).read_text())
    epoch,loss
    1,0.0
    2,0.0
    """

    rank = 1

    def __init__(self, path):
        self.path = os.fspath(path)

    def on_epoch_end(self, trainer):
        """Write all rows."""
        keys = list(trainer.history)
        rows = zip_longest(*(trainer.history[key] for key in keys), fillvalue=nan)
        with atomic_write(self.path, "w") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["epoch", *keys])
            writer.writerows([epoch, *row] for epoch, row in enumerate(rows, 1))


class Checkpoint(Callback):
    """Saves the trainer, atomically: whenever the process is killed, the file holds a whole checkpoint.

    It is called after all other callbacks, so that what they remember is up to date. To go on from the file make the
    same trainer again, then ``trainer.load(path)`` and ``trainer.fit(..., resume=True)``.

    Parameters
    ----------
    path : str or path-like
        The file, written over each time.
    every : int, optional
        Steps from one to the next; by default one after each epoch. There is always one at the end.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from npml_nn import Checkpoint, Dense, Trainer
    >>> X = np.ones((8, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run")
    ...     _ = Trainer(Dense(2, 1), "mse", "adam").fit(X, X[:, :1], epochs=3, callbacks=[Checkpoint(path)])
    ...     Trainer(Dense(2, 1), "mse", "adam").load(path).n_epochs
    3
    """

    rank = 2

    def __init__(self, path, every: int | None = None):
        if every is not None:
            check_sizes(every=every)
        self.path, self.every = os.fspath(path), every

    def on_step_end(self, trainer):
        """Save after every so many steps."""
        if self.every is not None and trainer.n_steps % self.every == 0:
            trainer.save(self.path)

    def on_epoch_end(self, trainer):
        """Save after each epoch, unless steps are counted."""
        if self.every is None:
            trainer.save(self.path)

    def on_train_end(self, trainer):
        """Save the final state."""
        trainer.save(self.path)
