"""A small GPT learns to write, letter by letter."""

import time
from pathlib import Path

import numpy as np
from tour_kit import COLORS, INK, SOFT, Figure, Row, Text, canvas, recorded, stop

STEPS, BATCH, LENGTH, RATE = 250, 12, 64, 4e-3
SIZES = {"block_size": LENGTH, "d_model": 64, "n_heads": 4, "n_layers": 2}
MOMENTS = (0, 60, STEPS)


@stop("npml-nn", "A small GPT writes")
def gpt():
    """Two transformer blocks, all of them NumPy, read news letter by letter and learn to guess the next one. At first
    every letter is as good as another; then come frequent letters and spaces, then syllables, then words that could
    be English. The large ones of its kind do nothing else, with a million times the weights.

    What it writes is drawn one letter at a time from its guesses; keys and values of the letters before are kept, so
    that each takes one small step, not a new reading of all.
    """
    import gensim

    path = Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor"
    text = path.read_text(encoding="utf-8")
    alphabet = sorted(set(text))
    codes = np.array([alphabet.index(letter) for letter in text])
    cut = len(codes) * 9 // 10
    model, losses, samples, seconds = train(codes[:cut], alphabet)
    new = mean_loss(model, codes[cut:])
    yield Row(
        f"GPT, {model.n_parameters:,} weights",
        "Lee corpus, letters",
        "bits a letter",
        new / np.log(2),
        seconds=seconds,
        **recorded("gpt_lee"),
        better="lower",
    )
    for step in MOMENTS[:-1]:
        yield Text(samples[step][:160], f"What it writes after {step} steps.")
    yield Text(samples[STEPS], f"After {STEPS} steps, {seconds:.0f} seconds.")
    frequencies = np.bincount(codes[:cut]) / cut
    entropy = -(frequencies[frequencies > 0] @ np.log2(frequencies[frequencies > 0]))
    yield Figure(
        draw(losses, entropy, new),
        "Bits that the next letter still surprises it by; below the line it has learned order.",
    )


def train(codes, alphabet):
    """Adam on random windows: the model, its losses, what it wrote at some moments, and the seconds of training."""
    from npml_nn import GPT, AdamW, CrossEntropy

    rng = np.random.default_rng(0)
    model = GPT(len(alphabet), **SIZES, random_state=rng)
    loss = CrossEntropy()
    optimizer = AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.99), clip_norm=1.0)
    losses, samples, seconds = [], {0: write(model, alphabet)}, 0.0
    for step in range(1, STEPS + 1):
        start = time.perf_counter()
        windows = codes[rng.integers(0, len(codes) - LENGTH - 1, (BATCH, 1)) + np.arange(LENGTH + 1)]
        value, dy = loss(model(windows[:, :-1]), windows[:, 1:])
        optimizer.zero_grad()
        model.backward(dy)
        optimizer.step()
        losses.append(value)
        seconds += time.perf_counter() - start
        if step in MOMENTS:
            samples[step] = write(model, alphabet)
    return model, np.array(losses), samples, seconds


def write(model, alphabet):
    """Some letters after "The "."""
    prompt = [alphabet.index(letter) for letter in "The "]
    return "".join(alphabet[code] for code in model.generate(prompt, 300, temperature=0.7, random_state=1))


def mean_loss(model, codes):
    """Cross-entropy on windows side by side, in nats."""
    from npml_nn import CrossEntropy

    n = (len(codes) - 1) // LENGTH
    x, y = (part[: n * LENGTH].reshape(n, LENGTH) for part in (codes[:-1], codes[1:]))
    value, _ = CrossEntropy()(model.eval()(x[:100]), y[:100])
    return value


def draw(losses, entropy, new):
    """The loss over the steps, in bits."""
    fig, ax = canvas(width=9, height=3.4)
    bits, steps = losses / np.log(2), np.arange(1, STEPS + 1)
    ax.plot(steps, bits, color=COLORS[0], linewidth=1, alpha=0.35)
    smooth = np.convolve(bits, np.ones(15) / 15, mode="valid")
    ax.plot(steps[7:-7], smooth, color=COLORS[0])
    ax.axhline(entropy, color=SOFT, linewidth=1, linestyle=":")
    ax.text(
        STEPS,
        entropy,
        "how often each letter stands: all that counting one by one can know",
        ha="right",
        va="bottom",
        color=SOFT,
    )
    ax.plot([STEPS], [new / np.log(2)], "o", color=COLORS[1])
    place = {"xytext": (-8, -14), "textcoords": "offset points", "ha": "right"}
    ax.annotate(f"{new / np.log(2):.2f} on new stories", (STEPS, new / np.log(2)), color=INK, **place)
    ax.set(xlabel="step", ylabel="bits a letter", xlim=(0, STEPS * 1.01), ylim=(0, None))
    return fig
