"""All that decides how a training goes on: weights, the optimizer's memory, random generators, counters.

Layers keep arrays in their `state_dict`. What else may change while they are used are plain numbers among their
attributes (frozen or not, a temperature that is lowered) and random generators (dropout); a loss may hold both, too.
A generator that several layers share is written for each of them, and stays shared where it is read into.
"""

from copy import deepcopy
from numbers import Real

import numpy as np

from npml_core import check_random_state

from ..layers.base import TRANSIENT, Layer

__all__ = ["capture", "describe_generator", "find_generator", "restore"]

OF_THE_PASS = (*TRANSIENT, "training", "input_gradient")  # set by whoever runs the model


def _generators():
    return np.random.Generator, np.random.RandomState  # numpy.random is imported when it is first named


def capture(model, loss, optimizer):
    """Return a copy of the state of all three, as plain data."""
    holders = _holders(model, loss)
    return {
        "arrays": {name: part.state_dict() for name, part in _layers(model, loss).items()},
        "optimizer": optimizer.state_dict(),
        "numbers": {path: _select(holder, Real) for path, holder in holders.items()},
        "generators": {path: deepcopy(_select(holder, _generators())) for path, holder in holders.items()},
    }


def restore(state, model, loss, optimizer):
    """Take back what `capture` gave."""
    layers, holders = _layers(model, loss), _holders(model, loss)
    generators = {path: _select(holder, _generators()) for path, holder in holders.items()}
    expected = {path: sorted(found) for path, found in generators.items()}
    given = {path: sorted(found) for path, found in state["generators"].items()}
    if layers.keys() != state["arrays"].keys() or expected != given:
        raise ValueError(f"the layers and their random generators must be {given}, got {expected}")
    for name, part in layers.items():
        part.load_state_dict(state["arrays"][name])
    optimizer.load_state_dict(state["optimizer"])
    for path, holder in holders.items():
        vars(holder).update(state["numbers"][path])
        for name, generator in generators[path].items():
            _bits(generator).state = _bits(state["generators"][path][name]).state


def describe_generator(generator, model, loss):
    """A copy of the trainer's generator, or where it stands in the model or the loss, if those draw from it too."""
    for path, holder in _holders(model, loss).items():
        for name, other in _select(holder, _generators()).items():
            if _bits(other) is _bits(generator):
                return path, name
    return deepcopy(generator)


def find_generator(description, model, loss):
    """The generator that `describe_generator` described."""
    if isinstance(description, tuple):
        path, name = description
        return check_random_state(vars(_holders(model, loss)[path])[name])
    return deepcopy(description)


def _layers(model, loss):
    return {"model": model, "loss": loss} if isinstance(loss, Layer) else {"model": model}


def _holders(model, loss):
    """Every object whose attributes count, by its path."""
    found = {f"{name}:{path}": layer for name, part in _layers(model, loss).items() for path, layer in part.walk()}
    return found if isinstance(loss, Layer) or not hasattr(loss, "__dict__") else {**found, "loss": loss}


def _select(holder, kinds):
    return {k: v for k, v in vars(holder).items() if isinstance(v, kinds) and k not in OF_THE_PASS}


def _bits(generator):
    return check_random_state(generator).bit_generator
