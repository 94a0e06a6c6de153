"""GELU where SciPy is missing (its values and derivatives are tested with the other activations)."""

import sys

import numpy as np

from npml_nn import GELU


def test_forward_pass_without_scipy(monkeypatch):
    x = np.linspace(-30.0, 30.0, 2001)
    layer = GELU().astype(np.float64).eval()
    expected = layer(x)
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-11, atol=1e-300)
