"""What the tests of every op share: recorded answers, and the checks that all ops must pass."""

import inspect
import sys
import textwrap
import tracemalloc
from copy import deepcopy
from functools import reduce
from pathlib import Path

import numpy as np
import pytest

from npml_nn import Layer, gradcheck

DATA = Path(__file__).parent / "data"


@pytest.fixture
def rng():
    return np.random.default_rng(20240501)


@pytest.fixture(scope="session")
def recorded():
    """recorded(topic) -> {name: array}: inputs and torch's answers, from tests/data/<topic>.npz."""

    def read(topic):
        with np.load(DATA / f"{topic}.npz", allow_pickle=False) as archive:
            return dict(archive)

    return read


@pytest.fixture(scope="session")
def stays_float32():
    """stays_float32(op_or_layer, *inputs, **options): float32 in, nothing but float32 out, in caches and gradients.

    Where the inputs have 50,000 numbers or more, the pass must also allocate well below what float64 takes.
    """

    def check(op_or_layer, *inputs, **options):
        outputs, caches, gradients = _run(op_or_layer, _as(np.float32, inputs), options)
        for kind, arrays in (("output", outputs), ("cache", caches), ("gradient", gradients)):
            wide = [array.dtype for array in _arrays(arrays) if array.dtype.kind == "f" and array.dtype != np.float32]
            assert not wide, f"{kind} of {op_or_layer!r} holds {wide} for float32 input"
        if sum(np.size(x) for x in inputs) >= 50_000:
            narrow, wide = (_peak(op_or_layer, _as(dtype, inputs), options) for dtype in (np.float32, np.float64))
            assert narrow < 0.75 * wide, f"{op_or_layer!r} allocates {narrow} bytes in float32, {wide} in float64"

    return check


@pytest.fixture(scope="session")
def changes_nothing():
    """changes_nothing(op_or_layer, *inputs, **options): inputs are only read, whatever their layout in memory."""

    def check(op_or_layer, *inputs, **options):
        inputs = _as(np.float64, inputs)
        expected = _arrays(_run(op_or_layer, inputs, options)[::2])
        for layout in (_read_only, _fortran, _strided):
            given = [x if x is None else layout(x) for x in inputs]
            result = _arrays(_run(op_or_layer, given, options)[::2])
            for before, x in zip(inputs, given):
                np.testing.assert_array_equal(before, x)
            for a, b in zip(expected, result, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)

    return check


@pytest.fixture
def mutant_is_caught(monkeypatch):
    """mutant_is_caught(function, old, new, layer_or_fn, inputs): with `old` replaced by `new`, gradcheck fails.

    `function` is a function of a module or a method (``ReLU._grad``). `old` must stand in its source exactly once, so
    that a row of a table cannot outlive the line that it mutates.
    """

    def check(function, old, new, layer_or_fn, inputs, **options):
        assert gradcheck(layer_or_fn, inputs, **options), "the original must pass"
        owner, mutant = _mutate(function, old, new)
        with monkeypatch.context() as patch:
            patch.setattr(owner, function.__name__, mutant)
            with pytest.raises((AssertionError, ValueError, RuntimeError)):
                gradcheck(layer_or_fn, inputs, **options)

    return check


@pytest.fixture(scope="session")
def mutate():
    """mutate(function, old, new) -> its owner (a module or class) and the mutant, for checks that are not gradcheck."""
    return _mutate


def _mutate(function, old, new):
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {function.__qualname__}"
    module = sys.modules[function.__module__]
    namespace = dict(vars(module))
    exec(source.replace(old, new), namespace)
    owner = reduce(getattr, function.__qualname__.split(".")[:-1], module)
    return owner, namespace[function.__name__]


def _run(op_or_layer, inputs, options):
    """Outputs, caches and gradients of one forward and backward pass."""
    rng = np.random.default_rng(0)
    dtype = next(x.dtype for x in inputs if x is not None and x.dtype.kind == "f")
    if isinstance(op_or_layer, Layer):
        layer = op_or_layer.astype(dtype).train()
        outputs = layer.forward(*inputs, **options)
        caches = [[entry.cache for entry in part._tape] for _, part in layer.walk()]
        dx = layer.backward(_upstream(outputs, rng))
        return outputs, caches, [dx, *layer.grads.values()]
    outputs, cache = op_or_layer(*deepcopy(inputs), **options) if options else op_or_layer(*inputs)
    backward = getattr(sys.modules[op_or_layer.__module__], f"{op_or_layer.__name__}_backward")
    return outputs, cache, backward(_upstream(outputs, rng), cache)


def _upstream(outputs, rng):
    if isinstance(outputs, tuple):
        return tuple(_upstream(y, rng) for y in outputs)
    dy = np.asarray(rng.standard_normal(np.shape(outputs)), getattr(outputs, "dtype", np.float32))
    dy.flags.writeable = False
    return dy


def _peak(op_or_layer, inputs, options):
    tracemalloc.start()
    try:
        _run(op_or_layer, inputs, options)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _arrays(nested):
    """All arrays in nested tuples, lists and dicts."""
    if isinstance(nested, np.ndarray):
        return [nested]
    if isinstance(nested, dict):
        nested = list(nested.values())
    return [array for item in nested for array in _arrays(item)] if isinstance(nested, (tuple, list)) else []


def _as(dtype, inputs):
    arrays = [None if x is None else np.asarray(x) for x in inputs]
    return [x.astype(dtype) if x is not None and x.dtype.kind == "f" else x for x in arrays]


def _read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def _fortran(x):
    return np.asfortranarray(x)


def _strided(x):
    """The same numbers, every second one of a larger array, with the first axis reversed in memory."""
    if x.ndim == 0:
        return x.copy()
    wide = np.repeat(x, 2, axis=-1)[::-1].copy()
    return wide[::-1, ..., ::2] if x.ndim > 1 else np.repeat(x, 2)[::2]
