"""`Loss`: what the losses have in common, and their names."""

from npml_core import Storable

__all__ = ["Loss", "get_loss", "register_loss"]

_losses: dict[str, type] = {}


class Loss(Storable):
    """Base of losses: ``value, dy = loss(y_pred, y_true)``, the mean over the batch and its gradient by y_pred.

    A loss of your own is any callable that returns such a pair.
    """

    def __call__(self, y_pred, y_true):
        """Return the value, a float, and its gradient by `y_pred`, an array of its shape."""
        raise TypeError(f"{type(self).__name__} must define __call__(y_pred, y_true) -> value, dy")


def register_loss(name: str, loss: type) -> None:
    """Let `name` stand for ``loss()`` wherever a loss is asked for."""
    _losses[name] = loss


def get_loss(spec):
    """Return `spec` (a name, a loss, its class, or a callable that returns value and gradient) as a callable."""
    if isinstance(spec, str):
        if spec not in _losses:
            raise ValueError(f"loss must be one of {sorted(_losses)}, got {spec!r}")
        return _losses[spec]()
    if isinstance(spec, type) and issubclass(spec, Loss):
        return spec()
    if not callable(spec):
        raise TypeError(f"loss must be a name, a Loss or a callable (y_pred, y_true) -> value, dy, got {spec!r}")
    return spec
