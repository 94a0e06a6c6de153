"""logsumexp against sums in exact arithmetic, and at the ends of the number line."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import logsumexp


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-60, 60), min_size=1, max_size=8))
def test_equals_the_exact_sum_of_powers_of_two(powers):
    total = sum(Fraction(2) ** k for k in powers)
    expected = np.log(float(total.numerator)) - np.log(float(total.denominator))
    np.testing.assert_allclose(logsumexp(np.array(powers) * np.log(2.0)), expected, rtol=1e-13, atol=1e-13)


def test_what_small_terms_add_is_not_lost():
    assert logsumexp([0.0, -40.0]) == pytest.approx(np.exp(-40.0), rel=1e-14)
    assert logsumexp([0.0, -800.0]) == 0.0


@pytest.mark.parametrize(
    ("a", "expected"),
    [
        ([-np.inf, -np.inf], -np.inf),
        ([-np.inf, 3.0], 3.0),
        ([np.inf, -np.inf], np.inf),
        ([np.inf, np.inf, 1e308], np.inf),
        ([1e308, -1e308], 1e308),
        ([-1e308, -1e308], -1e308),
        ([1000.0, 1000.0], 1000.0 + np.log(2.0)),
        ([-1e5], -1e5),
        ([], -np.inf),
        (7.5, 7.5),
        ([True, True], 1.0 + np.log(2.0)),
    ],
)
def test_ends_of_the_number_line_give_no_warning(a, expected):
    assert logsumexp(a) == expected


def test_axes_and_keepdims():
    a = np.random.default_rng(0).normal(size=(2, 3, 4))
    naive = np.log(np.exp(a).sum(axis=(0, 2)))
    np.testing.assert_allclose(logsumexp(a, axis=(0, 2)), naive, rtol=1e-13)
    assert logsumexp(a, axis=-1, keepdims=True).shape == (2, 3, 1)
    assert logsumexp(a, keepdims=True).shape == (1, 1, 1)
    assert logsumexp(np.zeros((0, 3)), axis=0).tolist() == [-np.inf] * 3
    assert np.isscalar(logsumexp(a))


def test_float32_stays_and_the_input_is_not_changed():
    a = np.array([[1.0, 2.0], [-np.inf, -np.inf]], np.float32)
    before = a.copy()
    assert logsumexp(a, axis=1).dtype == np.float32
    assert (a == before).all()


@pytest.mark.parametrize("bad", [["a"], [None], [1j], {}])
def test_wrong_types(bad):
    with pytest.raises(TypeError, match="a must hold real numbers"):
        logsumexp(bad)


def test_nan_and_wrong_axis():
    with pytest.raises(ValueError, match="a contains NaN"):
        logsumexp([[0.0, np.nan], [1.0, 2.0]], axis=1)
    with pytest.raises(ValueError, match="axis"):
        logsumexp([1.0], axis=1)
