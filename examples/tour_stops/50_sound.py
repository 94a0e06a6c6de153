"""Spectrograms of a made-up sound, four windows, and its cepstral coefficients."""

import numpy as np
from tour_kit import COLORS, INK, LINE, SOFT, Figure, Row, canvas, stop, timed

SR = 16000
WINDOWS = ("boxcar", "hann", "hamming", "blackman_harris")


@stop("npml-preproc", "What a sound looks like")
def sound():
    """`stft` cuts a sound into short overlapping frames and takes the spectrum of each: time runs to the right, pitch
    upwards. Here a siren slides up through the octaves, a bird calls, and a bell with five partials dies away.

    A frame must be faded out at its ends by a window, or its sharp edges leak: the loudest tone smears over the whole
    spectrum and hides the quiet one beside it. `mfcc` then keeps what speech recognisers lived on for thirty years,
    the smooth shape of each spectrum on the scale that ears use.
    """
    import librosa

    from npml_preproc import mel_spectrogram, mfcc, power_to_db, stft

    y = make_sound().astype(np.float32)
    librosa.feature.mfcc(y=y[:SR], sr=SR)  # librosa imports and compiles what it needs at the first call
    options = {"n_fft": 1024, "hop_length": 128}
    ours, seconds = timed(lambda: stft(y, **options))
    peer, peer_seconds = timed(lambda: librosa.stft(y, **options))
    energy = [float(np.sum(np.abs(S) ** 2.0, dtype=np.float64)) for S in (ours, peer)]
    data = f"{len(y) / SR:.0f} s of sound"
    yield Row("spectrogram", data, "energy", *energy, seconds, peer_seconds, "librosa")

    options |= {"n_mels": 80, "n_mfcc": 20}
    coefficients, seconds = timed(lambda: mfcc(y, SR, **options))
    peer, peer_seconds = timed(lambda: librosa.feature.mfcc(y=y, sr=SR, **options))
    size = [float(np.sqrt(np.mean(np.square(c, dtype=np.float64)))) for c in (coefficients, peer)]
    yield Row("MFCC", data, "root mean square", *size, seconds, peer_seconds, "librosa")

    levels = power_to_db(mel_spectrogram(y, SR, n_fft=1024, hop_length=128, n_mels=80))
    yield Figure(
        draw_sound(y, power_to_db(np.abs(ours) ** 2), levels, coefficients),
        "A siren, a bird, a bell: the sound, its spectrogram, the same on the mel scale, and its cepstral coefficients "
        "(each row on its own scale).",
    )
    yield Figure(
        draw_windows(),
        "Four windows and the spectrum of the same two tones through each. The second tone is 10,000 times (80 dB) "
        "weaker: only the lowest side lobes uncover it, at the price of a wider peak.",
    )


def make_sound():
    """Three seconds: a siren with overtones, a bird's calls, a bell."""
    t = np.arange(3 * SR) / SR
    rng = np.random.default_rng(0)
    pitch = 150 * 2 ** (1.2 * t + 0.15 * np.sin(2 * np.pi * 4 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / SR
    siren = sum(np.sin(k * phase) / k**1.3 for k in range(1, 8)) * 0.25 * np.exp(-((t - 0.9) ** 2) / 0.3)
    bird = np.zeros_like(t)
    for start in (0.35, 0.8, 1.25, 1.5, 1.75):
        s = np.clip((t - start) / 0.18, 0, 1)
        bird += 0.25 * np.sin(np.pi * s) ** 2 * np.sin(2 * np.pi * 0.18 * (4300 * s + 150 * np.sin(3 * np.pi * s)))
    after = np.maximum(t - 1.9, 0)
    bell = sum(
        a * np.exp(-d * after) * np.sin(2 * np.pi * f * after)
        for f, a, d in ((523, 0.3, 2), (1244, 0.2, 3), (2093, 0.15, 4), (3330, 0.1, 6), (5274, 0.06, 8))
    )
    return siren + bird + bell * (t > 1.9) + 2e-4 * rng.normal(size=t.size)


def draw_sound(y, spectrogram, mel, coefficients):
    """Four views of the sound above one another, on one axis of time."""
    fig, axes = canvas(4, 1, width=9, height=8.2, sharex=True, gridspec_kw={"height_ratios": [0.5, 1.4, 1.2, 1]})
    end = len(y) / SR
    axes[0].plot(np.arange(len(y)) / SR, y, color=COLORS[0], linewidth=0.4, rasterized=True)
    axes[0].set(yticks=[], xlim=(0, end))
    axes[0].spines["left"].set_visible(False)
    scaled = coefficients - coefficients.mean(axis=0)
    scaled = scaled / np.abs(scaled).max(axis=0)
    views = (
        (axes[1], spectrogram, "magma", SR / 2000, "kHz", {}),
        (axes[2], mel, "magma", mel.shape[1], "mel filter", {}),
        (axes[3], scaled[:, 1:], "RdBu_r", scaled.shape[1] - 1, "coefficient", {"vmin": -1, "vmax": 1}),
    )
    for ax, values, colours, top, label, limits in views:
        ax.imshow(values.T, origin="lower", aspect="auto", extent=(0, end, 0, top), cmap=colours, **limits)
        ax.set_ylabel(label)
    axes[3].set_xlabel("seconds")
    return fig


def draw_windows():
    """The windows in the time domain, and the spectrum of a loud and a faint tone through each."""
    from npml_preproc import dft_bins, get_window, magnitude_spectrum

    n = 512
    t = np.arange(n) / n
    tones = np.sin(2 * np.pi * 60.5 * t) + 1e-4 * np.sin(2 * np.pi * 76 * t)
    fig, axes = canvas(2, 4, width=9.4, height=4.2, sharey="row", gridspec_kw={"height_ratios": [0.55, 1]})
    for column, name, colour in zip(axes.T, WINDOWS, COLORS):
        window = get_window(name, n)
        column[0].fill_between(t, window, color=colour, alpha=0.25, linewidth=0)
        column[0].plot(t, window, color=colour)
        column[0].set(title=name.replace("_", "-"), xticks=[], yticks=[], ylim=(0, 1.08))
        spectrum = magnitude_spectrum(np.pad(tones * window, (0, 7 * n)))
        column[1].plot(dft_bins(8 * n, n), 20 * np.log10(spectrum / spectrum.max() + 1e-9), color=colour, linewidth=1)
        column[1].axvline(76, color=SOFT, linewidth=0.8, linestyle=":")
        column[1].grid(axis="y", color=LINE, linewidth=0.6)
        column[1].set(xlim=(45, 92), ylim=(-125, 5), xlabel="turns in a frame")
    axes[1, 0].set_ylabel("dB")
    axes[1, 3].annotate(
        "there it is", (76, -79), (81, -45), color=INK, ha="center", arrowprops={"arrowstyle": "-", "color": SOFT}
    )
    return fig
