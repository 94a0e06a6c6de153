"""`Trainer`: the loop over epochs and batches, with history, validation, callbacks and exact resumption.

One step, over a group of `accumulation_steps` batches with n samples of which batch i has n_i:

    gradients = sum_i n_i / n  dL_i/dw        L = sum_i n_i / n  L_i        then one step of the optimizer

so that several small batches do what one large batch does. An epoch uses every sample once, in a fresh random order.

**Resumption.** A checkpoint holds the weights, the optimizer's memory, the callbacks', the history, the place within
the epoch, and every random generator: those of layers (dropout), that of the loss, and the trainer's, as it is now and
as it was when it drew the order of this epoch. What follows is a function of these alone, so a training that was
killed goes on from its last checkpoint to the same bits (on the same machine and number of threads).
"""

import os
import time
from contextlib import contextmanager
from copy import copy, deepcopy
from math import ceil, nan

from npml_core import Storable, check_random_state, load, progress, save

from ..layers.base import Layer
from ..layers.parameters import check_sizes
from ..losses.base import get_loss
from ..optimizers import Optimizer, get_optimizer
from .callbacks import Callback
from .data import check_pair, check_samples, count_samples, forward, outputs, slices, take
from .state import capture, describe_generator, find_generator, restore

__all__ = ["Trainer"]

REFRESH = 0.1  # seconds between two figures behind the progress bar


class Trainer:
    """Fits a model to samples.

    Parameters
    ----------
    model : Layer
        What is trained.
    loss : str, Loss, or callable ``(y_pred, y_true) -> value, dy``
        The mean over a batch, and its gradient by the prediction.
    optimizer : Optimizer, or a name, class or callable of the parameters
        ``"adam"`` is ``Adam(model.parameters())``. Clipping is the optimizer's ``clip_norm``.
    random_state : None, int, Generator or RandomState
        Draws the order of the samples.

    Attributes
    ----------
    history : dict of list
        One number per epoch: ``"loss"``, the mean over the samples as they were trained on; ``"val_loss"``, if there
        is validation data; and what callbacks record. NaN where an epoch had none.
    n_epochs, n_steps : int
        Epochs and steps done, in all calls of `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import MLP, Trainer
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)
    >>> trainer = Trainer(MLP([2, 32, 2], random_state=0), "cross_entropy", "adam", random_state=0)
    >>> trainer = trainer.fit(X, y, epochs=60)
    >>> float((trainer.predict(X).argmax(axis=1) == y).mean()) > 0.95
    True
    >>> len(trainer.history["loss"])
    60
    """

    def __init__(self, model: Layer, loss, optimizer, random_state=None):
        if not isinstance(model, Layer):
            raise TypeError(f"model must be a Layer, got {type(model).__name__}")
        self.model, self.loss = model, get_loss(loss)
        if not isinstance(optimizer, Optimizer):
            optimizer = get_optimizer(optimizer)(model.parameters())
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer must be or make an Optimizer, got {type(optimizer).__name__}")
        self.optimizer = optimizer
        self.history: dict[str, list[float]] = {}
        self.n_epochs = self.n_steps = 0
        self._rng = check_random_state(random_state)
        self._position: _Position | None = None
        self._callbacks: list[Callback] = []
        self._loaded_callbacks: list | None = None  # their states in the file that was read

    def fit(
        self,
        X,
        y,
        epochs: int = 10,
        batch_size: int = 32,
        validation_data=None,
        callbacks=(),
        verbose: int = 0,
        shuffle: bool = True,
        random_state=None,
        accumulation_steps: int = 1,
        resume: bool = False,
    ) -> "Trainer":
        """Train for some further epochs.

        Parameters
        ----------
        X : array (n_samples, ...), or tuple of such arrays
            Inputs; a tuple is several inputs of the model.
        y : array (n_samples, ...), or tuple of such arrays
            Targets, as the loss takes them.
        epochs : int, default=10
            How often every sample is used.
        batch_size : int, default=32
            Samples that go through the model together.
        validation_data : (X, y), optional
            Samples whose loss is taken after each epoch.
        callbacks : list of Callback
            What to call between steps and epochs.
        verbose : int, default=0
            1 shows a progress bar with the loss and the samples a second.
        shuffle : bool, default=True
            Whether each epoch has an order of its own.
        random_state : None, int, Generator or RandomState
            Draws the orders from now on; None goes on with the trainer's generator.
        accumulation_steps : int, default=1
            Batches whose gradients make one step.
        resume : bool, default=False
            Whether to finish the call that was interrupted (after `load`, or after an exception). Data, validation
            data and callbacks are to be given again; epochs, sizes and orders are those of that call. Nothing happens
            if it had ended; without such a call this is an ordinary one.

        Returns
        -------
        Trainer
            This one.

        Raises
        ------
        ValueError, TypeError
            For NaN or infinity, lengths that differ, or sizes below 1; nothing has changed then.
        """
        check_sizes(epochs=epochs, batch_size=batch_size, accumulation_steps=accumulation_steps)
        X, y = check_pair(X, y)
        validation = _check_validation(validation_data)
        callbacks = _check_callbacks(callbacks)
        if resume and self._position is not None:
            self._take_up(callbacks, count_samples(X))
        else:
            self._rng = self._rng if random_state is None else check_random_state(random_state)
            last = self.n_epochs + epochs
            self._position = _Position(count_samples(X), last, batch_size, accumulation_steps, bool(shuffle))
            self._callbacks, self._loaded_callbacks = callbacks, None
            self._call("on_train_begin")
        with _mode(self.model, training=True):
            self._run(X, y, validation, verbose)
        self._call("on_train_end")
        return self

    def predict(self, X, batch_size: int = 256):
        """Compute the model's output in evaluation mode, batch by batch.

        Parameters
        ----------
        X : array (n_samples, ...), or tuple of such arrays
            Inputs.
        batch_size : int, default=256
            Samples at a time.

        Returns
        -------
        ndarray (n_samples, ...) or tuple of ndarray
        """
        check_sizes(batch_size=batch_size)
        X = check_samples(X, "X")
        with _mode(self.model, training=False):
            return outputs(self.model, X, batch_size)

    def evaluate(self, X, y, batch_size: int = 256) -> float:
        """Return the loss in evaluation mode: the mean over batches, by their numbers of samples.

        Parameters
        ----------
        X, y : array (n_samples, ...), or tuple of such arrays
            Inputs and targets.
        batch_size : int, default=256
            Samples at a time.

        Returns
        -------
        float
        """
        check_sizes(batch_size=batch_size)
        X, y = check_pair(X, y)
        return self._evaluate(X, y, batch_size)

    def save(self, path) -> None:
        """Write all that a resumption needs to the file `path`, atomically.

        Parameters
        ----------
        path : str or path-like
            Exactly this name; no suffix is added.
        """
        save(self._get_state(), path)

    def load(self, path) -> "Trainer":
        """Read what `save` wrote, all or nothing, into this trainer of the same model, loss and optimizer.

        Parameters
        ----------
        path : str or path-like
            The file.

        Returns
        -------
        Trainer
            This one.

        Raises
        ------
        ValueError
            If the file is damaged or does not fit.
        """
        state, before = load(path), self._get_state()
        if not isinstance(state, dict) or state.keys() != before.keys():
            raise ValueError(f"{os.fspath(path)!r} was not written by Trainer.save")
        try:
            self._set_state(state)
        except (ValueError, KeyError, TypeError) as error:
            self._set_state(before)
            raise ValueError(f"{os.fspath(path)!r} does not fit this trainer: {error}") from error
        return self

    def stop(self) -> None:
        """End `fit` after the epoch that is running: for callbacks."""
        if self._position is not None:
            self._position.stopped = True

    def record(self, name: str, value: float) -> None:
        """Put a figure of the epoch that has just ended into the history: for callbacks."""
        values, place = self.history.setdefault(name, []), self.n_epochs - 1
        values[place:] = []
        values.extend([nan] * (place - len(values)))
        values.append(value)

    # -- the loop ----------------------------------------------------------------------------------------------------

    def _run(self, X, y, validation, verbose):
        """All steps that are left, and the figures behind the bar."""
        bar = progress(self._steps(X, y, validation), self._position.steps_left(self.n_epochs), "training", verbose)
        start = shown = time.monotonic()
        seen = 0
        for loss, n in bar:
            seen, now = seen + n, time.monotonic()
            if verbose and now - shown >= REFRESH:
                shown = now
                bar.set_postfix(**{"loss": f"{loss:.4g}", "samples/s": f"{seen / (now - start):.0f}"})

    def _steps(self, X, y, validation):
        """Yield the loss and the number of samples of each step, from where the position says."""
        at = self._position
        while self.n_epochs < at.last and not at.stopped:
            order = at.draw_order(self._rng)
            while at.step < at.steps_per_epoch:
                rows = slice(at.step * at.group, min((at.step + 1) * at.group, at.n_samples))
                yield self._step(X, y, order, rows)
            self._end_epoch(validation)

    def _step(self, X, y, order, group):
        n, total, at = group.stop - group.start, 0.0, self._position
        self.optimizer.zero_grad()
        for batch in slices(n, at.batch_size):
            rows = slice(group.start + batch.start, group.start + batch.stop)
            rows, share = rows if order is None else order[rows], (batch.stop - batch.start) / n
            value, dy = self.loss(forward(self.model, take(X, rows)), take(y, rows))
            self.model.backward(_scaled(dy, share))
            total += share * float(value)
        self.optimizer.step(total)
        at.step, at.total, self.n_steps = at.step + 1, at.total + n * total, self.n_steps + 1
        self._call("on_step_end")
        return total, n

    def _end_epoch(self, validation):
        at = self._position
        loss, at.step, at.total, at.order = at.total / at.n_samples, 0, 0.0, None
        self.n_epochs += 1
        self.record("loss", loss)
        if validation is not None:
            self.record("val_loss", self._evaluate(*validation, at.batch_size))
        self._call("on_epoch_end")

    def _evaluate(self, X, y, batch_size):
        n, total = count_samples(X), 0.0
        with _mode(self.model, training=False):
            for rows in slices(n, batch_size):
                value, _ = self.loss(forward(self.model, take(X, rows)), take(y, rows))
                total += (rows.stop - rows.start) * float(value)
        return total / n

    def _call(self, event):
        for callback in sorted(self._callbacks, key=lambda callback: callback.rank):
            getattr(callback, event)(self)

    # -- state -------------------------------------------------------------------------------------------------------

    def _take_up(self, callbacks, n_samples):
        """Go on with the position and the callbacks' states that were read."""
        at, states = self._position, self._loaded_callbacks
        if n_samples != at.n_samples:
            raise ValueError(f"X must hold the {at.n_samples} samples of the call to resume, got {n_samples}")
        if states is not None:
            names = [type(callback).__name__ for callback in callbacks]
            if names != [name for name, _ in states]:
                raise ValueError(
                    f"callbacks must be those of the call to resume, {[n for n, _ in states]}, got {names}"
                )
            for callback, (_, state) in zip(callbacks, states):
                callback.load_state_dict(state)
        self._callbacks, self._loaded_callbacks = callbacks, None

    def _get_state(self):
        callbacks = self._loaded_callbacks
        if callbacks is None:
            callbacks = [(type(callback).__name__, callback.state_dict()) for callback in self._callbacks]
        return {
            "state": capture(self.model, self.loss, self.optimizer),
            "history": {name: list(values) for name, values in self.history.items()},
            "done": (self.n_epochs, self.n_steps),
            "rng": describe_generator(self._rng, self.model, self.loss),
            "position": copy(self._position),
            "callbacks": callbacks,
        }

    def _set_state(self, state):
        restore(state["state"], self.model, self.loss, self.optimizer)
        self._rng = find_generator(state["rng"], self.model, self.loss)
        self.history, self._position, self._callbacks = state["history"], state["position"], []
        self._loaded_callbacks, (self.n_epochs, self.n_steps) = state["callbacks"], state["done"]

    def __setstate__(self, state):
        """Give the optimizer of a copy the gradients of the copied model (a model copies without them)."""
        vars(self).update(state)
        own = {id(parameter.value): parameter for parameter in self.model.parameters()}
        self.optimizer.parameters = [own.get(id(p.value), p) for p in self.optimizer.parameters]

    def __repr__(self):
        return f"Trainer({type(self.model).__name__}, {self.loss!r}, {self.optimizer!r}, n_epochs={self.n_epochs})"


class _Position(Storable):
    """What a call of `fit` is to do, and how far it is."""

    def __init__(self, n_samples, last, batch_size, accumulation_steps, shuffle):
        self.n_samples, self.last, self.batch_size, self.shuffle = n_samples, last, batch_size, shuffle
        self.group = batch_size * accumulation_steps  # samples of a step
        self.steps_per_epoch = ceil(n_samples / self.group)
        self.step, self.total = 0, 0.0  # steps and the sum of the samples' losses in this epoch
        self.order = None  # the generator as it was when it drew this epoch's order
        self.stopped = False

    def steps_left(self, n_epochs):
        return max(0, (self.last - n_epochs) * self.steps_per_epoch - self.step)

    def draw_order(self, rng):
        """Draw the order of the samples in this epoch, once; None is as they stand."""
        if not self.shuffle:
            return None
        if self.order is not None:
            return deepcopy(self.order).permutation(self.n_samples)
        self.order = deepcopy(rng)
        return rng.permutation(self.n_samples)


@contextmanager
def _mode(model, training):
    """In this block the model trains (nobody asks for its input gradient) or evaluates; then all is as it was."""
    before, input_gradient = [(layer, layer.training) for _, layer in model.walk()], model.input_gradient
    if training:
        model.train().input_gradient = False
    else:
        model.eval()
    try:
        yield
    finally:
        model.input_gradient = input_gradient
        model.eval()  # drops what a step that failed left behind
        for layer, was in before:
            layer.training = was


def _scaled(dy, share):
    if share == 1:
        return dy
    return tuple(part * share for part in dy) if isinstance(dy, tuple) else dy * share


def _check_validation(data):
    if data is None:
        return None
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise ValueError("validation_data must be a pair (X, y)")
    return check_pair(*data, " of validation_data")


def _check_callbacks(callbacks):
    callbacks = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks must hold Callback objects, got {callback!r}")
    return callbacks
