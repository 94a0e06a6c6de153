"""`gradcheck`: compare gradients with finite differences.

For outputs y and a random upstream gradient r, the derivative of s = <r, y> along one coordinate a is

    ds/da ~ <r, y(a + h) - y(a - h)> / (2 h),       h = 1e-5 max(1, |a|)

in float64, with an error of about h^2 from the third derivative and 1e-16 / h from rounding. The differences are
taken before the product with r, so a large s does not drown them. Every input and parameter is checked, all its
entries where there are few, else a random choice of them and one random direction through all. A constant upstream
gradient would not do: it hides the gradient of softmax and of batch norm, which is zero along it.
"""

import sys
from copy import deepcopy

import numpy as np

from .layers.base import Layer
from .losses.base import Loss

__all__ = ["gradcheck"]

MAX_ENTRIES = 60  # checked one by one in each array


def gradcheck(layer_or_fn, inputs, *, second_order=False, backward=None, rtol=1e-5, atol=1e-6, random_state=0) -> bool:
    """Check every gradient of a layer, a functional op or a loss against central differences.

    Parameters
    ----------
    layer_or_fn : Layer, Loss or callable
        A layer (copied, and checked in float64 and in training mode); a loss, ``loss(y_pred, y_true) -> value, dy``;
        or an op, ``op(*inputs) -> (y, cache)``, whose ``op_backward`` stands beside it.
    inputs : list of array-like
        Its inputs. Float arrays are differentiated by, integers and masks are not.
    second_order : bool, default=False
        Whether to check `Layer.double_backward` as well.
    backward : callable, optional
        ``backward(dy, cache) -> gradients`` of an op; by default the function named ``<op>_backward`` in its module.
    rtol, atol : float
        |difference| <= atol max(1, the largest |entry|) + rtol |entry|.
    random_state : None, int, Generator or RandomState
        Draws upstream gradients and directions.

    Returns
    -------
    bool
        True.

    Raises
    ------
    AssertionError
        If a gradient is wrong; it names the gradient, the entry and both values.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import Dense, gradcheck
    >>> from npml_nn.functional import softmax
    >>> x = np.random.default_rng(0).normal(size=(4, 3))
    >>> gradcheck(Dense(3, 2, activation="gelu"), [x], second_order=True)
    True
    >>> gradcheck(softmax, [x])
    True
    """
    inputs = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    inputs = [_as_checked(x) for x in inputs]
    check = _Check(rtol, atol, np.random.default_rng(random_state))
    if isinstance(layer_or_fn, Layer):
        layer = layer_or_fn.astype(np.float64).train()
        _check_layer(layer, inputs, check)
        if second_order:
            _check_second_order(layer, inputs, check)
    elif isinstance(layer_or_fn, Loss):
        _check_loss(layer_or_fn, inputs, check)
    else:
        _check_op(layer_or_fn, backward, inputs, check)
    return True


def _check_layer(layer, inputs, check):
    evaluate = _Evaluator(layer)
    outputs = evaluate(inputs)
    upstream = [check.draw(y.shape) for y in outputs]
    layer = evaluate.fresh()
    layer.zero_grad()
    layer.forward(*_copies(inputs))
    dx = _listed(layer.backward(_untuple(upstream)))
    targets = _by_name(inputs, dx) + _parameters(evaluate.layer, layer)
    for name, array, gradient in targets:
        check(name, array, gradient, lambda: evaluate(inputs), upstream)


def _check_second_order(layer, inputs, check):
    """S = <u, dx> as a function of inputs, parameters and dy."""
    evaluate = _Evaluator(layer)
    upstream = [check.draw(y.shape) for y in evaluate(inputs)]
    u = [check.draw(dx.shape) for dx in evaluate.input_gradients(inputs, upstream)]
    layer = evaluate.fresh()
    layer.zero_grad()
    y = _listed(layer.forward(*_copies(inputs)))
    with layer.recording():
        layer.backward(_untuple(_copies(upstream)))
    ddy = _listed(layer.double_backward(_untuple(u)))
    dx = _listed(layer.backward(_untuple([np.zeros_like(a) for a in y])))
    targets = _by_name(inputs, dx) + _parameters(evaluate.layer, layer)
    targets = [(f"second-order {name}", array, gradient) for name, array, gradient in targets]
    targets += [(f"second-order dy[{i}]", dy, g) for i, (dy, g) in enumerate(zip(upstream, ddy))]
    for name, array, gradient in targets:
        check(name, array, gradient, lambda: evaluate.input_gradients(inputs, upstream), u)


def _check_loss(loss, inputs, check):
    prediction, target = inputs
    _, gradient = loss(prediction, target)
    check("dy_pred", prediction, gradient, lambda: [np.asarray(loss(prediction, target)[0])], [np.ones(())])


def _check_op(op, backward, inputs, check):
    if backward is None:
        backward = getattr(sys.modules[op.__module__], f"{op.__name__}_backward", None)
    if backward is None:
        raise TypeError(f"no {op.__name__}_backward stands beside {op.__name__}: pass backward=")
    outputs, cache = op(*_copies(inputs))
    upstream = [check.draw(np.shape(y)) for y in _listed(outputs)]
    gradients = _listed(backward(_untuple(upstream), cache))
    for name, array, gradient in _by_name(inputs, gradients):
        check(name, array, gradient, lambda: [np.asarray(y) for y in _listed(op(*inputs)[0])], upstream)


class _Check:
    """Compares one gradient with differences; called once for each input and parameter."""

    def __init__(self, rtol, atol, rng):
        self.rtol, self.atol, self.rng = rtol, atol, rng

    def draw(self, shape):
        return np.asarray(self.rng.standard_normal(shape))

    def __call__(self, name, array, gradient, evaluate, upstream):
        if gradient is None or gradient.shape != array.shape:
            raise AssertionError(f"gradient {name} has shape {np.shape(gradient)}, its array has shape {array.shape}")
        scale = max(1.0, float(np.abs(gradient).max(initial=0)))
        entries = self.rng.permutation(array.size)[:MAX_ENTRIES]
        directions = [(np.unravel_index(i, array.shape), 1.0) for i in entries]
        if array.size > MAX_ENTRIES:
            directions.append((..., self.draw(array.shape) / np.sqrt(array.size)))
        for where, step in directions:
            claimed = float(np.sum(gradient[where] * step))
            difference = _central_difference(array, where, step, evaluate, upstream)
            if not abs(claimed - difference) <= self.atol * scale + self.rtol * abs(difference):
                place = "along a random direction" if where is ... else f"at {tuple(int(i) for i in where)}"
                raise AssertionError(
                    f"gradient {name} {place} is {claimed:.9g}, finite differences give {difference:.9g}"
                )


class _Evaluator:
    """Runs a layer from the same state each time: a copy of its buffers and random generators is put back."""

    def __init__(self, layer):
        self.layer = layer

    def fresh(self):
        return deepcopy(self.layer)

    def __call__(self, inputs):
        return _listed(self.fresh().forward(*_copies(inputs)))

    def input_gradients(self, inputs, upstream):
        layer = self.fresh()
        layer.forward(*_copies(inputs))
        with layer.recording():
            dx = _listed(layer.backward(_untuple(_copies(upstream))))
        return [a for a in dx if a is not None]


def _central_difference(array, where, step, evaluate, upstream):
    """Changes `array` in place for the two evaluations and puts it back."""
    before = array.copy()
    h = 1e-5 * (1.0 if where is ... else max(1.0, abs(float(array[where]))))
    array[where] = before[where] + h * step
    above = evaluate()
    array[where] = before[where] - h * step
    below = evaluate()
    array[...] = before
    return sum(float(np.sum(r * (a - b))) for r, a, b in zip(upstream, above, below)) / (2 * h)


def _parameters(owner, layer):
    """The parameters that `_Evaluator` copies, with the gradients that `layer`, one of the copies, has."""
    frozen = {parameter.name for parameter in layer.parameters() if parameter.frozen}
    return [(name, array, layer.grads[name]) for name, array in owner.params.items() if name not in frozen]


def _by_name(inputs, gradients):
    differentiable = [i for i, x in enumerate(inputs) if _is_float(x)]
    gradients = [g for g in gradients if g is not None]
    if len(gradients) < len(differentiable):
        raise AssertionError(f"{len(gradients)} gradients came back for {len(differentiable)} inputs")
    return [(f"dx[{i}]", inputs[i], g) for i, g in zip(differentiable, gradients)]


def _as_checked(x):
    """A copy that may be changed: floats as float64."""
    if x is None:
        return None
    x = np.asarray(x)
    return x.astype(np.float64) if x.dtype.kind == "f" else x.copy()


def _is_float(x):
    return x is not None and x.dtype.kind == "f"


def _copies(arrays):
    return [None if a is None else a.copy() for a in arrays]


def _listed(outputs):
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


def _untuple(arrays):
    return arrays[0] if len(arrays) == 1 else tuple(arrays)
