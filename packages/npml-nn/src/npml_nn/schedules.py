"""Learning-rate schedules: ``schedule(step, loss=None) -> lr``, with `step` s counted from 0.

    Constant            lr
    ExponentialDecay    lr d^(s / n),   staircase: lr d^floor(s / n)
    Noam                scale d_model^(-1/2) min((s + 1)^(-1/2), (s + 1) warmup^(-3/2))
    CosineWarmup        lr (s + 1) / warmup                                                      while s < warmup,
                        min_lr + (lr - min_lr) (1 + cos(pi (s - warmup) / (total - warmup))) / 2   while s < total,
                        min_lr                                                                   from then on
    Dlib                lr d^k after k stretches of `patience` losses of which none shows that the loss still falls

A schedule that remembers (what the losses were, say) gives that memory as ``state_dict()`` and takes it back with
``load_state_dict()``, so that an optimizer can save and resume it.

References: Vaswani et al. (2017), Attention is all you need, section 5.3, https://arxiv.org/abs/1706.03762 (Noam).
Loshchilov & Hutter (2017), SGDR, eq. 5, https://arxiv.org/abs/1608.03983 (cosine). King (2018), Automatic learning rate
scheduling that really works, http://blog.dlib.net/2018/02/automatic-learning-rate-scheduling-that.html (Dlib).
"""

from math import cos, floor, isfinite, pi

import numpy as np

from npml_core import Storable

from .layers.parameters import check_sizes

__all__ = ["Constant", "CosineWarmup", "Dlib", "ExponentialDecay", "Noam", "Schedule", "get_schedule"]

Z_51 = 0.02506890825871106  # a standard normal is below it with probability 0.51


class Schedule(Storable):
    """Base of schedules. One of your own may also be any callable ``f(step, loss=None)``."""

    def __call__(self, step: int, loss: float | None = None) -> float:
        """Return the learning rate of a step."""
        raise TypeError(f"{type(self).__name__} must define __call__(step, loss=None) -> lr")

    def state_dict(self) -> dict:
        """Return a copy of what changes as the schedule is called; most schedules have nothing."""
        return {}

    def load_state_dict(self, state: dict) -> None:
        """Take back what `state_dict` gave."""
        if state:
            raise ValueError(f"{type(self).__name__} has no state to load, got {sorted(state)}")

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items() if k[0] != '_')})"


class Constant(Schedule):
    """lr at every step.

    Parameters
    ----------
    lr : float

    Examples
    --------
    >>> from npml_nn import Constant
    >>> Constant(0.1)(1000)
    0.1
    """

    def __init__(self, lr: float):
        self.lr = check_rate("lr", lr)

    def __call__(self, step, loss=None):
        """Return lr."""
        return self.lr


class ExponentialDecay(Schedule):
    """lr, times `decay` once every `stage_length` steps, smoothly or all at once.

    Parameters
    ----------
    lr : float
        At step 0.
    decay : float
        What a stage multiplies by.
    stage_length : int
        Steps of a stage.
    staircase : bool, default=False
        Whether the rate stays as it is within a stage.

    Examples
    --------
    >>> from npml_nn import ExponentialDecay
    >>> schedule = ExponentialDecay(0.8, decay=0.5, stage_length=10, staircase=True)
    >>> [schedule(step) for step in (0, 9, 10, 20)]
    [0.8, 0.8, 0.4, 0.2]
    """

    def __init__(self, lr: float, decay: float, stage_length: int, staircase: bool = False):
        check_sizes(stage_length=stage_length)
        self.lr, self.decay = check_rate("lr", lr), check_rate("decay", decay)
        self.stage_length, self.staircase = stage_length, staircase

    def __call__(self, step, loss=None):
        """Return lr decay^(step / stage_length)."""
        stage = step / self.stage_length
        return self.lr * self.decay ** (floor(stage) if self.staircase else stage)


class Noam(Schedule):
    """Rises in proportion to the step, then falls with its root: the schedule of the first transformer.

    Parameters
    ----------
    d_model : int
        Width of the model.
    warmup : int
        Steps of the rise; the highest rate, scale / sqrt(d_model warmup), is that of step warmup - 1.
    scale : float, default=1.0

    Examples
    --------
    >>> from npml_nn import Noam
    >>> schedule = Noam(d_model=100, warmup=25)
    >>> [round(schedule(step), 4) for step in (0, 24, 99)]
    [0.0008, 0.02, 0.01]
    """

    def __init__(self, d_model: int, warmup: int, scale: float = 1.0):
        check_sizes(d_model=d_model, warmup=warmup)
        self.d_model, self.warmup, self.scale = d_model, warmup, check_rate("scale", scale)

    def __call__(self, step, loss=None):
        """Return scale d_model^(-1/2) min((step + 1)^(-1/2), (step + 1) warmup^(-3/2))."""
        return self.scale * self.d_model**-0.5 * min((step + 1) ** -0.5, (step + 1) * self.warmup**-1.5)


class CosineWarmup(Schedule):
    """Rises along a line for `warmup` steps, then falls along half a cosine until step `total`.

    Parameters
    ----------
    lr : float
        The highest rate.
    warmup : int
        Steps of the rise, 0 for none.
    total : int
        The step at which `min_lr` is reached; more than `warmup`.
    min_lr : float, default=0.0
        The rate from then on.

    Examples
    --------
    >>> from npml_nn import CosineWarmup
    >>> schedule = CosineWarmup(0.1, warmup=2, total=12)
    >>> [round(schedule(step), 4) for step in (0, 1, 2, 7, 12, 100)]
    [0.05, 0.1, 0.1, 0.05, 0.0, 0.0]
    """

    def __init__(self, lr: float, warmup: int, total: int, min_lr: float = 0.0):
        check_sizes(total=total)
        if warmup != 0:
            check_sizes(warmup=warmup)
        if total <= warmup:
            raise ValueError(f"total must be more than warmup, {warmup}, got {total}")
        self.lr, self.warmup, self.total, self.min_lr = (
            check_rate("lr", lr),
            warmup,
            total,
            check_rate("min_lr", min_lr),
        )

    def __call__(self, step, loss=None):
        """Return the rate of a step."""
        if step < self.warmup:
            return self.lr * (step + 1) / self.warmup
        done = min(1.0, (step - self.warmup) / (self.total - self.warmup))
        return self.min_lr + (self.lr - self.min_lr) * (1 + cos(pi * done)) / 2


class Dlib(Schedule):
    """Lowers the rate when the losses of the last `patience` steps give no sign that the loss still falls.

    Through the last n losses goes a line by least squares. If its true slope were the estimate plus normal noise of
    standard error s, the loss falls with probability P = Phi(-slope / s), where s^2 = 12 RSS / ((n - 2) (n^3 - n)). The
    largest n with P < 0.51 is for how long nothing has pointed downwards. As soon as that is at least `patience`, with
    all losses and also without the highest tenth of them (one spike must not decide), the rate is multiplied by `decay`
    and the losses are forgotten.

    Calls without a loss return the rate as it is. A call is O(patience).

    Parameters
    ----------
    lr : float
        The first rate.
    patience : int, default=1000
        Losses without a sign of falling before the rate is lowered.
    decay : float, default=0.99
        What it is multiplied by.

    Examples
    --------
    >>> from npml_nn import Dlib
    >>> schedule = Dlib(0.1, patience=20, decay=0.5)
    >>> for step in range(100):
    ...     lr = schedule(step, loss=100 - step)
    >>> lr
    0.1
    >>> for step in range(100, 130):
    ...     lr = schedule(step, loss=1)
    >>> lr
    0.05
    """

    def __init__(self, lr: float, patience: int = 1000, decay: float = 0.99):
        check_sizes(patience=patience)
        self.lr, self.patience, self.decay = check_rate("lr", lr), patience, check_rate("decay", decay)
        self._current_lr = self.lr
        self._losses: list[float] = []

    def __call__(self, step, loss=None):
        """Take a loss into account and return the rate."""
        if loss is None:
            return self._current_lr
        if not isfinite(loss):
            raise ValueError(f"loss must be finite, got {loss!r}")
        longest = max(self.patience + self.patience // 10 + 1, 5)  # a line with an error needs three points
        self._losses = [*self._losses[1 - longest :], float(loss)]
        if len(self._losses) >= self.patience and self._has_stalled():
            self._current_lr, self._losses = self._current_lr * self.decay, []
        return self._current_lr

    def _has_stalled(self):
        losses = np.array(self._losses)
        usual = losses <= np.quantile(losses, 0.9)
        return all(_steps_without_fall(losses, kept) >= self.patience for kept in (np.full(len(losses), True), usual))

    def state_dict(self) -> dict:
        """Return a copy of the current rate and of the losses kept."""
        return {"lr": self._current_lr, "losses": list(self._losses)}

    def load_state_dict(self, state: dict) -> None:
        """Take back what `state_dict` gave."""
        if not isinstance(state, dict) or set(state) != {"lr", "losses"}:
            raise ValueError(f"state of Dlib must be a dict with lr and losses, got {state!r}")
        self._current_lr, self._losses = check_rate("lr", state["lr"]), [float(loss) for loss in state["losses"]]


def get_schedule(lr):
    """Return `lr` (a number, or a callable of step and loss) as a schedule."""
    return lr if callable(lr) else Constant(lr)


def _steps_without_fall(losses, kept):
    """The largest age of a loss since which a line through those kept does not fall with probability 0.51."""
    age = np.arange(float(len(losses)))  # from the last loss back: sums over the last n are running sums
    y = losses[::-1] - losses[-1]
    y, w = y / max(np.abs(y).max(), np.finfo(float).tiny), kept[::-1].astype(float)
    n, sum_a, sum_y = np.cumsum(w), np.cumsum(w * age), np.cumsum(w * y)
    with np.errstate(divide="ignore", invalid="ignore"):  # fewer than three points
        aa = np.cumsum(w * age**2) - sum_a**2 / n
        ay = np.cumsum(w * age * y) - sum_a * sum_y / n
        yy = np.cumsum(w * y**2) - sum_y**2 / n
        variance = np.maximum(yy - ay**2 / aa, 0) / (n - 2) / aa
        stalled = (n > 2) & (ay / aa <= Z_51 * np.sqrt(variance))
    return int(np.flatnonzero(stalled).max(initial=-1)) + 1


def check_rate(name, value):
    """`value` as a finite float >= 0, or an error that names it."""
    try:
        rate = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None
    if not 0 <= rate < float("inf"):
        raise ValueError(f"{name} must be finite and not negative, got {value!r}")
    return rate
