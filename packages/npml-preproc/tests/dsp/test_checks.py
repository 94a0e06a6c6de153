import numpy as np
import pytest

from npml_preproc.dsp._checks import check_number, check_option, check_signal, check_size


@pytest.mark.parametrize(
    "given, kept",
    [
        ("?", "f8"),
        ("i4", "f8"),
        ("u1", "f8"),
        ("f2", "f4"),
        ("f4", "f4"),
        ("f8", "f8"),
        ("g", "f8"),
        ("c8", "c8"),
        ("c16", "c16"),
    ],
)
def test_a_signal_keeps_its_precision(given, kept):
    assert check_signal(np.ones(3, given), "x").dtype == kept


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, complex(0, np.nan)])
def test_a_signal_is_finite(bad):
    with pytest.raises(ValueError, match="x must be finite"):
        check_signal([1.0, bad], "x")


def test_finite_numbers_whose_sum_overflows_pass():
    x = np.full(3, 1e308)
    assert check_signal(x, "x") is x


@pytest.mark.parametrize("bad", [["a"], [None], [[1], [2, 3]], object()])
def test_a_signal_is_numbers(bad):
    with pytest.raises((TypeError, ValueError)):
        check_signal(bad, "x")


def test_a_signal_is_not_empty_and_not_a_scalar():
    with pytest.raises(ValueError, match="x must not be empty"):
        check_signal([], "x")
    with pytest.raises(ValueError, match=r"x must have at least 1 dimension"):
        check_signal(3.0, "x")
    with pytest.raises(ValueError, match="Complex data not supported: x must be real"):
        check_signal([1j], "x", allow_complex=False)


def test_sizes():
    assert check_size(np.int32(3), "n") == 3
    for bad in (1.0, "3", None, True, np.True_):
        with pytest.raises(TypeError, match="n must be an integer"):
            check_size(bad, "n")
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        check_size(0, "n")


def test_numbers():
    assert check_number(np.float32(0.5), "a", minimum=0.5) == 0.5
    for bad in ("x", None, [1, 2]):
        with pytest.raises(TypeError, match="a must be a number"):
            check_number(bad, "a")
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="a must be finite"):
            check_number(bad, "a")
    with pytest.raises(ValueError, match="a must be at least 0"):
        check_number(-1, "a", minimum=0)
    with pytest.raises(ValueError, match="a must be greater than 0"):
        check_number(0, "a", above=0)


def test_options():
    assert check_option(None, "norm", (None, "ortho")) is None
    assert check_option(np.int64(2), "type", (1, 2)) == 2
    for bad in ("orto", 1, ["ortho"], np.ones(2)):
        with pytest.raises(ValueError, match="norm must be one of None, 'ortho'"):
            check_option(bad, "norm", (None, "ortho"))
