import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_preproc import dft, idft
from npml_preproc.dsp import fourier

LENGTHS = [*range(1, 70), 96, 97, 127, 128, 129, 134, 243, 251, 509, 512, 600, 1000, 1021, 1024, 2 * 1021, 4757]
LONG = [2**15, 2**15 + 3, 30030, 44100, 65537, 2 * 50021]


def definition(x):
    """X[k] = sum_j x[j] exp(-2 pi i jk / n)."""
    n = x.shape[-1]
    angle = 2 * np.pi / n * (np.outer(np.arange(n), np.arange(n)) % n)
    return x @ (np.cos(angle) - 1j * np.sin(angle))


def signals(n, kind, rows=3):
    rng = np.random.default_rng(n)
    x = rng.normal(size=(rows, n))
    return x if kind == "real" else x + 1j * rng.normal(size=(rows, n))


def error(ours, right):
    return np.abs(ours - right).max() / np.abs(right).max()


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("method", ["fast", "matrix"])
def test_every_length_is_the_definition(kind, method):
    for n in LENGTHS:
        if n <= 600:
            x = signals(n, kind)
            assert error(dft(x, method=method), definition(x)) < 1e-13, n


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_long_signals_equal_the_definition_at_some_frequencies(kind):
    for n in LONG:
        x = signals(n, kind, rows=1)[0]
        k = np.array([0, 1, 2, n // 3, n // 2, n - 1])
        angle = 2 * np.pi / n * (np.outer(np.arange(n), k) % n)
        right = x @ (np.cos(angle) - 1j * np.sin(angle))
        assert np.abs(dft(x)[k] - right).max() < 1e-12 * np.sqrt(n), n


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_the_inverse_undoes(kind):
    for n in LENGTHS:
        x = signals(n, kind)
        for norm in (None, "backward", "ortho", "forward"):
            assert error(idft(dft(x, norm=norm), norm=norm), x) < 1e-14, (n, norm)


def test_the_fast_transform_is_fast_for_primes():
    """O(n log n): the definition of this prime length would need a matrix of 64 GB."""
    x = np.zeros(65537)
    x[1] = 1
    np.testing.assert_allclose(dft(x)[[0, 16384, 65536]], np.exp(-2j * np.pi * np.array([0, 16384, 65536]) / 65537))


@given(n=st.integers(1, 400), shift=st.integers(0, 400), seed=st.integers(0, 9))
@settings(max_examples=30)
def test_shift_parseval_and_linearity(n, shift, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n)) + 1j * rng.normal(size=(2, n))
    X = dft(x)
    tolerance = {"rtol": 0, "atol": 1e-13 * np.abs(X).max() * np.sqrt(n)}
    np.testing.assert_allclose(np.vdot(X, X).real, n * np.vdot(x, x).real, rtol=1e-12)
    turn = np.exp(-2j * np.pi * (shift * np.arange(n) % n) / n)
    np.testing.assert_allclose(dft(np.roll(x, shift)), X * turn, **tolerance)
    np.testing.assert_allclose(dft(2 * x - 1j * y), 2 * X - 1j * dft(y), **tolerance)


def test_a_real_spectrum_is_hermitian():
    for n in (8, 9, 100, 101, 1024, 2**15):
        X = dft(signals(n, "real"))
        assert error(X[:, 1:], np.conjugate(X[:, :0:-1])) < 1e-14


def test_half_spectra_and_back():
    for n in LENGTHS:
        x = signals(n, "real", rows=5)
        half = fourier.real_dft(x)
        assert error(half, dft(x)[:, : n // 2 + 1]) < 1e-14
        assert error(fourier.inverse_real_dft(half, n), x) < 1e-14


@pytest.mark.parametrize("quarters", [0, 1])
@pytest.mark.parametrize("n", [66, 134, 600, 2 * 1021, 4096, 8192])
def test_columns_of_signals_that_are_late(n, quarters):
    """134 and 2042 are twice a prime; 8192 takes more than four steps."""
    x, n1 = signals(n, "real"), fourier.radix(n)
    columns = fourier.real_columns(x, n1, quarters)
    k2, k1 = np.array([0, n // n1 // 2, n // n1 - 1])[:, None], np.arange(n1 // 2 + 1)
    angle = 2 * np.pi / (4 * n) * (np.multiply.outer(4 * np.arange(n) + quarters, k1 + n1 * k2) % (4 * n))
    right = np.tensordot(x, np.cos(angle), 1) - 1j * np.tensordot(x, np.sin(angle), 1)
    assert np.abs(columns[:, k2[:, 0]] - right).max() < 1e-12 * np.sqrt(n)
    assert error(fourier.inverse_real_columns(np.conjugate(columns), n1, 1 / n, quarters), x) < 1e-14


def test_roots_on_the_axes_are_exact():
    np.testing.assert_array_equal(fourier.roots(8, np.array([0, 2, 4, 6, -2, 10])), [1, -1j, -1, 1j, 1j, -1j])
    assert fourier.roots(4, np.array([1]))[0].real == 0


def test_lengths_of_the_convolution_are_near_and_smooth():
    for n in [*range(1, 3000), 10**6 + 3]:
        m = fourier._round_length(n)
        assert n <= m <= max(n + 1, n * 17 / 16)
        while m % 2 == 0:
            m //= 2
        assert m <= 32


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_axes_and_lengths(axis):
    x = np.random.default_rng(0).normal(size=(4, 5, 6))
    for n in (None, 1, 3, 9):
        size = x.shape[axis] if n is None else n
        cut = np.moveaxis(x, axis, -1)[..., :size]
        padded = np.concatenate([cut, np.zeros((*cut.shape[:-1], size - cut.shape[-1]))], axis=-1)
        right = np.moveaxis(definition(padded), -1, axis)
        np.testing.assert_allclose(dft(x, n, axis).astype(complex), right.astype(complex), atol=1e-13)
        np.testing.assert_allclose(idft(dft(x, n, axis), axis=axis), np.moveaxis(padded, -1, axis), atol=1e-14)


def test_norms():
    x = signals(12, "complex")
    np.testing.assert_allclose(dft(x, norm="ortho"), dft(x) / np.sqrt(12), rtol=1e-14)
    np.testing.assert_allclose(dft(x, norm="forward"), dft(x) / 12, rtol=1e-14)
    np.testing.assert_allclose(idft(x, norm="forward"), 12 * idft(x), rtol=1e-14)


def test_many_rows_are_one_row_many_times():
    x = signals(300, "real", rows=200)
    rows = np.array([dft(row) for row in x])
    assert error(dft(x), rows) < 1e-15


@pytest.mark.parametrize(
    "given_dtype, spectrum", [("f4", "c8"), ("c8", "c8"), ("f8", "c16"), ("i8", "c16"), ("?", "c16")]
)
def test_precision_is_kept(given_dtype, spectrum):
    for n in (5, 61, 64, 67, 100, 509):
        x = (100 * signals(n, "real")).astype(given_dtype)
        before = x.copy()
        for method in ("fast", "matrix"):
            X = dft(x, method=method)
            assert X.dtype == idft(x, method=method).dtype == spectrum
            assert error(X, dft(x.astype("c16"))) < (1e-6 if spectrum == "c8" else 1e-14)
        assert (x == before).all()


def test_silence_and_extremes():
    for n in (1, 64, 100, 101, 1024):
        assert not dft(np.zeros(n)).any()
        assert not dft(np.zeros(n) * 1j).any()
        assert np.isfinite(dft(np.full(n, 1e290))).all()
        np.testing.assert_allclose(dft(np.full(n, 1e-290))[0], n * 1e-290, rtol=1e-12)


@pytest.mark.parametrize("transform", [dft, idft])
def test_bad_input(transform):
    for bad in ([], np.zeros((3, 0)), [1.0, np.nan], [np.inf, 0.0], 3.0):
        with pytest.raises(ValueError, match="x must"):
            transform(bad)
    with pytest.raises(TypeError, match="x must be numeric"):
        transform(["a", "b"])
    with pytest.raises(ValueError, match="norm must be one of"):
        transform([1.0], norm="both")
    with pytest.raises(ValueError, match="n must be at least 1"):
        transform([1.0], n=0)
    with pytest.raises(ValueError, match="axis 1 is out of bounds"):
        transform([1.0], axis=1)
    with pytest.raises(ValueError, match="method must be one of"):
        transform([1.0], method="slow")
