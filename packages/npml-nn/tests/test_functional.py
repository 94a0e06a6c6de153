import inspect

import pytest

import npml_nn
from npml_nn import functional, values


def test_every_op_is_a_pair():
    ops = [name for name in functional.__all__ if not name.endswith("_backward")]
    assert ops
    for name in ops:
        assert callable(getattr(functional, f"{name}_backward")), name
        assert getattr(functional, name).__doc__, name


def test_lists_are_whole_and_sorted():
    for module in (functional, values, npml_nn):
        public = [name for name in module.__all__ if name != "__version__"]
        assert len(set(public)) == len(public)
        for name in public:
            assert hasattr(module, name), name
    defined = {
        name
        for name, value in vars(functional).items()
        if inspect.isfunction(value) and value.__module__.startswith("npml_nn") and not name.startswith("_")
    }
    assert defined == set(functional.__all__)


@pytest.mark.parametrize("name", values.__all__)
def test_values_are_the_first_of_the_pair(name):
    assert getattr(npml_nn, name).__doc__.startswith("Return y alone")
    assert inspect.signature(getattr(npml_nn, name)) == inspect.signature(getattr(functional, name))
