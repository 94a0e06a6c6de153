"""npml-preproc: Fourier and cosine transforms, spectra of sound, interpolation."""

import numpy as np
from harness import case, close

SR = 22050
LENGTHS = {f"2^{p}": dict(n=2**p) for p in (10, 12, 14, 16, 18)}
PRIMES = {f"{n} (prime)": dict(n=n) for n in (1009, 10007, 65537)}
ROWS = {"1000 x 1024": dict(rows=1000, n=1024), "1 x 65536": dict(rows=1, n=2**16)}
IMAGES = {
    "8x256x256x3 to 512x512": dict(shape=(8, 256, 256, 3), size=(512, 512)),
    "64x32x32x3 to 48x48": dict(shape=(64, 32, 32, 3), size=(48, 48)),
}


def to_scale(tolerance):
    """Make a check: equal up to a fraction of the largest value."""

    def check(ours, peer):
        np.testing.assert_allclose(ours, peer, rtol=0, atol=tolerance * np.abs(peer).max())

    return check


def sound(seconds, dtype=np.float32):
    """Noise over a rising tone."""
    t = np.arange(seconds * SR) / SR
    noise = np.random.default_rng(0).normal(size=t.size)
    return (np.sin(2 * np.pi * (100 + 50 * t) * t) + 0.1 * noise).astype(dtype)


def register_dft(kind, sizes):
    """The transform of one real or complex signal."""

    def build(n):
        import scipy.fft

        from npml_preproc import dft

        x = np.random.default_rng(0).normal(size=n) * (1 if kind == "real" else 1 + 1j)
        return lambda: dft(x), lambda: scipy.fft.fft(x), to_scale(1e-12)

    build.__name__ = f"dft_{kind}"
    case("npml-preproc", group="transforms", peer="scipy", sizes=sizes)(build)


register_dft("real", LENGTHS | PRIMES)
register_dft("complex", LENGTHS | PRIMES)


@case("npml-preproc", group="transforms", peer="scipy", sizes=ROWS)
def dft_of_rows(rows, n):
    import scipy.fft

    from npml_preproc import dft

    x = np.random.default_rng(0).normal(size=(rows, n))
    return lambda: dft(x), lambda: scipy.fft.fft(x), to_scale(1e-12)


@case("npml-preproc", group="transforms", peer="scipy", sizes=ROWS)
def dct(rows, n):
    import scipy.fft

    from npml_preproc import dct

    x = np.random.default_rng(0).normal(size=(rows, n))
    return lambda: dct(x), lambda: scipy.fft.dct(x), to_scale(1e-12)


@case("npml-preproc", group="transforms", peer="scipy", sizes=ROWS)
def inverse_dct(rows, n):
    import scipy.fft

    from npml_preproc import idct

    x = np.random.default_rng(0).normal(size=(rows, n))
    return lambda: idct(x), lambda: scipy.fft.idct(x), to_scale(1e-12)


@case("npml-preproc", group="sound", peer="librosa", sizes={"1 s": dict(seconds=1), "60 s": dict(seconds=60)})
def stft(seconds):
    import librosa

    from npml_preproc import stft

    y = sound(seconds)
    check = to_scale(1e-6)
    return lambda: stft(y), lambda: librosa.stft(y), lambda ours, peer: check(ours, peer.T)


@case("npml-preproc", group="sound", peer="librosa", sizes={"1 s": dict(seconds=1), "60 s": dict(seconds=60)})
def mfcc(seconds):
    import librosa

    from npml_preproc import mfcc

    y = sound(seconds)
    check = close(rtol=1e-4, atol=1e-3)
    return lambda: mfcc(y, SR), lambda: librosa.feature.mfcc(y=y, sr=SR), lambda ours, peer: check(ours, peer.T)


@case("npml-preproc", group="sound", peer="librosa", sizes={"22050": dict(n=22050)})
def autocorrelation(n):
    import librosa

    from npml_preproc import autocorrelate1d

    y = np.random.default_rng(0).normal(size=n)
    return lambda: autocorrelate1d(y), lambda: librosa.autocorrelate(y), to_scale(1e-12)


def register_resample(mode):
    """Images resized as a batch; torch gets them channels last in memory, its faster layout here."""

    def build(shape, size):
        import torch
        from torch.nn.functional import interpolate

        from npml_preproc import batch_resample

        X = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        images = torch.from_numpy(X).permute(0, 3, 1, 2)
        check = close(rtol=0, atol=1e-4)
        return (
            lambda: batch_resample(X, size, mode),
            lambda: interpolate(images, size=size, mode=mode),
            lambda ours, peer: check(ours, peer.permute(0, 2, 3, 1).numpy()),
        )

    build.__name__ = f"resample_{mode}"
    case("npml-preproc", group="images", peer="torch", sizes=IMAGES)(build)


register_resample("bilinear")
register_resample("nearest")


def register_points(name, order):
    """A million points of one image."""

    def build(n):
        from scipy.ndimage import map_coordinates

        import npml_preproc

        rng = np.random.default_rng(0)
        X, points = rng.normal(size=(512, 512)), rng.uniform(0, 511, size=(2, n))
        ours = getattr(npml_preproc, name)
        return (
            lambda: ours(X, *points),
            lambda: map_coordinates(X, points, order=order, mode="nearest"),
            close(rtol=0, atol=1e-12),
        )

    build.__name__ = name
    case("npml-preproc", group="images", peer="scipy", sizes={"1,000,000 points": dict(n=10**6)})(build)


register_points("nn_interpolate_2d", 0)
register_points("bilinear_interpolate", 1)
