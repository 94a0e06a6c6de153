"""Optimizers: rules that change parameters in place from their gradients.

w a parameter, g its gradient, t = 0, 1, ... the step, lr(t) the learning rate.

    SGD                 v <- momentum v + g,   w <- w - lr v                       (v = g without momentum)
    SGD with nesterov   v <- momentum v + g,   w <- w - lr (g + momentum v)

With `clip_norm` c all gradients together, of norm n, are used times min(1, c / (n + 1e-6)); then `weight_decay` d
makes them g + d w. Frozen parameters, and what an optimizer remembers about them, stay as they are. Each step is
O(number of parameters) and works through them in pieces that stay in the cache of the processor; small ones together.

A new rule is a subclass with ``slots`` (names of the arrays it keeps per parameter, zero at first) and ``_update``.

References: Robbins & Monro (1951), A stochastic approximation method. Sutskever et al. (2013), On the importance of
initialization and momentum in deep learning, ICML. Pascanu et al. (2013), https://arxiv.org/abs/1211.5063 (clipping).
"""

from math import hypot, isfinite, sqrt

import numpy as np

from .layers.parameters import Parameter
from .schedules import Schedule, check_rate, get_schedule

__all__ = ["SGD", "Optimizer", "get_optimizer"]

CHUNK = 65536  # elements updated at a time
SMALL = 4096  # parameters up to this size are updated together

_optimizers: dict[str, type] = {}


class Optimizer:
    """Base of optimizers.

    Parameters
    ----------
    parameters : list of Parameter
        ``model.parameters()``; lists of several models may be joined.
    lr : float or callable
        The learning rate, or a schedule ``f(step, loss=None)``.
    clip_norm : float or None, default=None
        Largest norm of all gradients together.
    weight_decay : float, default=0.0
        Adds weight_decay times the weight to its gradient.

    Attributes
    ----------
    parameters : list of Parameter
    n_steps : int
        Steps taken.
    """

    slots: tuple[str, ...] = ()
    decoupled = False  # whether weight decay leaves the gradient alone and takes lr d w from w itself

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        _optimizers[cls.__name__.lower()] = cls

    def __init__(self, parameters, lr, clip_norm=None, weight_decay: float = 0.0):
        self.parameters = _check_parameters(parameters)
        self.lr = get_schedule(lr)
        self.weight_decay = check_rate("weight_decay", weight_decay)
        self.clip_norm = None if clip_norm is None else check_rate("clip_norm", clip_norm)
        self.n_steps = 0
        self._memory = [{name: np.zeros_like(p.value) for name in self.slots} for p in self.parameters]
        self._counts = [0] * len(self.parameters)  # updates of each parameter: frozen ones are left out

    def _update(self, w, g, lr, t, **memory):
        """Change `w` in place by its gradient `g`; `t` = 1, 2, ... counts the updates of this parameter."""
        raise TypeError(f"{type(self).__name__} must define _update")

    def step(self, loss: float | None = None) -> None:
        """Change every parameter that is not frozen by its gradient.

        Parameters
        ----------
        loss : float, optional
            Handed to the schedule.

        Raises
        ------
        ValueError
            With `clip_norm`, if a gradient is not finite: it names the parameter, and nothing has changed.
        """
        active = [i for i, parameter in enumerate(self.parameters) if not parameter.frozen]
        scale = 1.0 if self.clip_norm is None else self._clip_scale([self.parameters[i] for i in active])
        lr = float(self.lr(self.n_steps, loss))
        small: dict[tuple, list] = {}  # by what must be equal: the dtype and the number of updates
        for i in active:
            self._counts[i] += 1
            value = self.parameters[i].value
            if value.size <= SMALL:
                small.setdefault((value.dtype, self._counts[i]), []).append(self._arrays(i))
            else:
                self._update_in_pieces(self._arrays(i), lr, self._counts[i], scale)
        for (_, t), together in small.items():
            self._update_together(together, lr, t, scale)
        self.n_steps += 1

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to zero, in place."""
        for parameter in self.parameters:
            parameter.grad.fill(0)

    def state_dict(self) -> dict:
        """Return a copy of all that changes from step to step, but for the parameters themselves."""
        memory = [{name: array.copy() for name, array in slots.items()} for slots in self._memory]
        schedule = self.lr.state_dict() if isinstance(self.lr, Schedule) else {}
        return {"n_steps": self.n_steps, "counts": list(self._counts), "memory": memory, "schedule": schedule}

    def load_state_dict(self, state: dict) -> None:
        """Take back what `state_dict` gave, all or nothing."""
        _check_state(state, self._memory, type(self).__name__)
        if isinstance(self.lr, Schedule):
            self.lr.load_state_dict(state["schedule"])
        for own, given in zip(self._memory, state["memory"]):
            for name, array in own.items():
                array[...] = given[name]
        self.n_steps, self._counts = int(state["n_steps"]), [int(count) for count in state["counts"]]

    def _clip_scale(self, parameters):
        total = hypot(*(_norm(parameter) for parameter in parameters))
        return min(1.0, self.clip_norm / (total + 1e-6))

    def _arrays(self, i):
        """The i-th parameter's value, gradient and slots."""
        return [self.parameters[i].value, self.parameters[i].grad, *self._memory[i].values()]

    def _update_in_pieces(self, arrays, lr, t, scale):
        if not all(array.flags.c_contiguous for array in arrays):
            self._update_piece(arrays, lr, t, scale)
            return
        arrays = [array.reshape(-1) for array in arrays]
        for start in range(0, arrays[0].size, CHUNK):
            self._update_piece([array[start : start + CHUNK] for array in arrays], lr, t, scale)

    def _update_together(self, parameters, lr, t, scale):
        """Update small parameters as if they were one: for each alone, calling NumPy takes longer than computing."""
        kinds = list(zip(*parameters))  # all values, all gradients, all arrays of each slot
        joined = [np.concatenate([array.ravel() for array in arrays]) for arrays in kinds]
        self._update_piece(joined, lr, t, scale)
        for whole, arrays in zip(joined, kinds):
            if arrays is not kinds[1]:
                _spread(whole, arrays)

    def _update_piece(self, arrays, lr, t, scale):
        w, g, *slots = arrays
        if scale != 1:
            g = g * scale
        if self.weight_decay and self.decoupled:
            w *= 1 - lr * self.weight_decay
        elif self.weight_decay:
            g = g + self.weight_decay * w
        self._update(w, g, lr, t, **dict(zip(self.slots, slots)))

    def __repr__(self):
        return f"{type(self).__name__}({len(self.parameters)} parameters, lr={self.lr!r})"


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if asked for.

    Parameters
    ----------
    parameters : list of Parameter
        ``model.parameters()``.
    lr : float or schedule, default=0.01
        Learning rate.
    momentum : float, default=0.0
        Share of the velocity that is kept.
    nesterov : bool, default=False
        Whether to look ahead along the velocity; needs a momentum.
    weight_decay : float, default=0.0
        Adds weight_decay times the weight to its gradient.
    clip_norm : float or None, default=None
        Largest norm of all gradients together.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import SGD, Dense, SquaredError
    >>> X = np.arange(6.0).reshape(6, 1)
    >>> model, loss = Dense(1, 1, random_state=0), SquaredError()
    >>> optimizer = SGD(model.parameters(), lr=0.02, momentum=0.9)
    >>> for _ in range(300):
    ...     value, dy = loss(model(X), 2 * X + 1)
    ...     optimizer.zero_grad()
    ...     _ = model.backward(dy)
    ...     optimizer.step()
    >>> [round(float(v), 2) for v in (*model.W.ravel(), *model.b)]
    [2.0, 1.0]
    """

    slots: tuple[str, ...] = ("velocity",)

    def __init__(
        self,
        parameters,
        lr=0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        clip_norm=None,
    ):
        self.momentum, self.nesterov = check_rate("momentum", momentum), nesterov
        if nesterov and momentum == 0:
            raise ValueError("nesterov=True needs a momentum above 0")
        if momentum == 0:
            self.slots = ()
        super().__init__(parameters, lr, clip_norm, weight_decay)

    def _update(self, w, g, lr, t, velocity=None):
        if velocity is None:
            w -= lr * g
            return
        velocity *= self.momentum
        velocity += g
        if self.nesterov:
            w -= lr * (g + self.momentum * velocity)
        else:
            w -= lr * velocity


def get_optimizer(spec):
    """Return `spec` (a name such as "sgd", a class, or a callable of the parameters) as a callable."""
    if isinstance(spec, str):
        if spec not in _optimizers:
            raise ValueError(f"optimizer must be one of {sorted(_optimizers)}, got {spec!r}")
        return _optimizers[spec]
    if not callable(spec):
        raise TypeError(f"optimizer must be a name, a class or a callable of the parameters, got {spec!r}")
    return spec


def _check_parameters(parameters):
    """As a list, each array once (a model's and its part's lists may be joined)."""
    parameters = list(parameters)
    for parameter in parameters:
        if not isinstance(parameter, Parameter):
            raise TypeError(f"parameters must hold Parameter objects (model.parameters()), got {parameter!r}")
    if not parameters:
        raise ValueError("parameters is empty: there is nothing to optimize")
    return list({id(parameter.value): parameter for parameter in parameters}.values())


def _spread(whole, arrays):
    """Copy the pieces of a vector back into the arrays it was joined from."""
    start = 0
    for array in arrays:
        array[...] = whole[start : start + array.size].reshape(array.shape)
        start += array.size


def _norm(parameter):
    """Euclidean norm of the gradient as a float, where its square would overflow too."""
    g = parameter.grad.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        square = float(g @ g)
    if isfinite(square):
        return sqrt(square)
    if not np.isfinite(g).all():
        raise ValueError(f"the gradient of parameter {parameter.name!r} is not finite; nothing was changed")
    largest = np.abs(g).max()
    return float(largest) * sqrt(float(np.square(g / largest).sum()))


def _check_state(state, memory, name):
    expected = {"n_steps", "counts", "memory", "schedule"}
    if not isinstance(state, dict) or set(state) != expected:
        raise ValueError(f"state must be a dict with {sorted(expected)}, got {state!r}")
    shapes = [{slot: array.shape for slot, array in slots.items()} for slots in memory]
    given = [{slot: np.shape(array) for slot, array in slots.items()} for slots in state["memory"]]
    if shapes != given or len(state["counts"]) != len(memory):
        raise ValueError(f"state does not fit {name} of these parameters: it holds {given}, not {shapes}")
