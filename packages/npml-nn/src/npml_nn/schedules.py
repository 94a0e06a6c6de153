"""Learning-rate schedules: ``schedule(step, loss=None) -> lr``, with `step` counted from 0.

A schedule that remembers (what the losses were, say) gives that memory as ``state_dict()`` and takes it back with
``load_state_dict()``, so that an optimizer can save and resume it.
"""

from npml_core import Storable

__all__ = ["Constant", "Schedule", "get_schedule"]


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


def get_schedule(lr):
    """Return `lr` (a number, or a callable of step and loss) as a schedule."""
    return lr if callable(lr) else Constant(lr)


def check_rate(name, value):
    """`value` as a finite float >= 0, or an error that names it."""
    try:
        rate = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None
    if not 0 <= rate < float("inf"):
        raise ValueError(f"{name} must be finite and not negative, got {value!r}")
    return rate
