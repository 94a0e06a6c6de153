import numpy as np
import pytest

from npml_preproc import dct, idct
from npml_preproc.dsp import fourier

LENGTHS = [1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 66, 67, 100, 101, 128, 129, 200]
TYPES = [1, 2, 3, 4]


def definition(x, type):
    """The sums at the head of the module, one by one."""
    n = x.shape[-1]
    j, y = np.arange(n), np.empty(x.shape)
    for k in range(n):
        if type == 1:
            inner = x[..., 1:-1] @ np.cos(np.pi * j[1:-1] * k / (n - 1))
            y[..., k] = x[..., 0] + (-1) ** k * x[..., -1] + 2 * inner
        elif type == 2:
            y[..., k] = 2 * x @ np.cos(np.pi * (2 * j + 1) * k / (2 * n))
        elif type == 3:
            y[..., k] = x[..., 0] + 2 * x[..., 1:] @ np.cos(np.pi * j[1:] * (2 * k + 1) / (2 * n))
        else:
            y[..., k] = 2 * x @ np.cos(np.pi * (2 * j + 1) * (2 * k + 1) / (4 * n))
    return y


def cases():
    for n in LENGTHS:
        x = np.random.default_rng(n).normal(size=(3, n))
        for type in TYPES:
            if (n, type) != (1, 1):
                yield n, type, x


@pytest.mark.parametrize("method", ["fast", "matrix"])
def test_every_type_and_length_is_the_definition(method):
    for n, type, x in cases():
        right = definition(x, type)
        assert np.abs(dct(x, type, method=method) - right).max() < 1e-13 * n**0.5 * np.abs(right).max(), (n, type)


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize("method", ["fast", "matrix"])
def test_the_inverse_undoes(norm, method):
    for n, type, x in cases():
        back = idct(dct(x, type, norm, method=method), type, norm, method=method)
        np.testing.assert_allclose(back, x, rtol=0, atol=1e-13, err_msg=f"{n} {type}")


@pytest.mark.parametrize("type", TYPES)
def test_ortho_keeps_lengths(type):
    for n in (2, 3, 64, 65, 100):
        C = dct(np.eye(n), type, "ortho")
        np.testing.assert_allclose(C @ C.T, np.eye(n), rtol=0, atol=1e-14)


@pytest.mark.parametrize("n", [134, 600, 2 * 1021, 4096, 8192, 50_000])
def test_long_signals_equal_the_definition_at_some_frequencies(n):
    x, j = np.random.default_rng(n).normal(size=n), np.arange(n)[:, None]
    k = np.array([0, 1, 2, n // 3, n // 2, n - 2, n - 1])
    right = 2 * x @ np.cos(np.pi / (2 * n) * ((2 * j + 1) * k % (4 * n)))
    assert np.abs(dct(x)[k] - right).max() < 1e-12 * np.sqrt(n)
    np.testing.assert_allclose(idct(dct(x)), x, rtol=0, atol=1e-13)


def test_norms_are_factors():
    x = np.random.default_rng(0).normal(size=10)
    np.testing.assert_allclose(dct(x, 1, "forward"), dct(x, 1) / 18, rtol=1e-14)
    for type in (2, 3, 4):
        np.testing.assert_allclose(dct(x, type, "forward"), dct(x, type) / 20, rtol=1e-14)


def test_complex_signals_are_two_real_ones():
    a, b = np.random.default_rng(0).normal(size=(2, 3, 100))
    for type in TYPES:
        z = dct(a + 1j * b, type)
        np.testing.assert_allclose(z, dct(a, type) + 1j * dct(b, type), rtol=1e-14)
        assert dct((a + 1j * b).astype("c8"), type).dtype == "c8"


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_axes_and_lengths(axis):
    x = np.random.default_rng(0).normal(size=(7, 5))
    rows = np.moveaxis(x, axis, -1)
    np.testing.assert_allclose(dct(x, axis=axis), np.moveaxis(definition(rows, 2), -1, axis), atol=1e-13)
    np.testing.assert_allclose(dct(x, n=3, axis=axis), np.moveaxis(definition(rows[:, :3], 2), -1, axis), atol=1e-13)
    padded = np.pad(rows, [(0, 0), (0, 4)])
    longer = padded.shape[1]
    np.testing.assert_allclose(dct(x, n=longer, axis=axis), np.moveaxis(definition(padded, 2), -1, axis), atol=1e-13)


def test_precision_is_kept():
    for n, type, x in cases():
        small = x.astype(np.float32)
        before = small.copy()
        for method in ("fast", "matrix"):
            for norm in (None, "ortho"):
                y = dct(small, type, norm, method=method)
                assert y.dtype == np.float32
                right = dct(x, type, norm)
                np.testing.assert_allclose(y, right, rtol=0, atol=1e-6 * n * np.abs(right).max())
        assert (small == before).all()
    assert dct([1, 2, 3]).dtype == np.float64


def test_whole_blocks_and_the_last_one():
    rows = 2 * (fourier.BLOCK // 100) + 1
    x = np.random.default_rng(0).normal(size=(rows, 100))
    for type in TYPES:
        np.testing.assert_allclose(dct(x, type)[[0, -1]], dct(x[[0, -1]], type), rtol=0, atol=1e-12)


def test_silence():
    for type in TYPES:
        assert not dct(np.zeros(100), type).any()


@pytest.mark.parametrize("transform", [dct, idct])
def test_bad_input(transform):
    for bad in ([], [1.0, np.nan], [np.inf], 1.0):
        with pytest.raises(ValueError, match="x must"):
            transform(bad)
    for bad in (0, 5, "2", None, 2.5):
        with pytest.raises(ValueError, match="type must be one of 1, 2, 3, 4"):
            transform([1.0], bad)
    with pytest.raises(ValueError, match="norm must be one of"):
        transform([1.0], norm="orto")
    with pytest.raises(ValueError, match="method must be one of"):
        transform([1.0], method="slow")
    with pytest.raises(ValueError, match="type 1 needs signals of at least 2"):
        transform([1.0], 1)
    with pytest.raises(TypeError, match="x must be numeric"):
        transform(["a"])
