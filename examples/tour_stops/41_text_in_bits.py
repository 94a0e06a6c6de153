"""Text in bits: Huffman's code, byte pairs, and the entropy that neither can pass."""

import zlib
from collections import Counter
from pathlib import Path

import numpy as np
from tour_kit import COLORS, INK, LINE, SOFT, Figure, Row, canvas, stop, tidy, timed

SIZES = (256, 320, 400, 512, 768, 1024, 2048, 4096, 8192)
SENTENCE = "Firefighters said the weather conditions were easing."


@stop("npml-preproc", "How many bits a letter is worth")
def text_in_bits():
    """Three hundred news stories, 360 kB, in fewer and fewer bits. `HuffmanEncoder` gives frequent letters short codes
    and comes close to the entropy, the floor for whoever codes one letter at a time by one code. (zlib gains a little
    by a new code every few pages.)

    `BytePairEncoder` lowers the floor itself: it joins what often stands together, and a Huffman code of these tokens
    needs far fewer bits. The decoded text is the original, byte for byte.
    """
    import gensim
    from tokenizers import ByteLevelBPETokenizer

    from npml_preproc import BytePairEncoder, HuffmanEncoder

    data = (Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor").read_bytes()
    stories = data.decode().splitlines(keepends=True)

    message, seconds = timed(lambda: HuffmanEncoder().fit(data).encode(data))
    peer, peer_seconds = timed(lambda: deflate(data))
    bits = [8 * len(m) / len(data) for m in (message, peer)]
    yield Row("HuffmanEncoder", "news stories", "bits a byte", *bits, seconds, peer_seconds, "zlib", better="lower")

    ours, seconds = timed(lambda: BytePairEncoder(SIZES[-1]).fit(stories))
    peer, peer_seconds = timed(lambda: train_peer(ByteLevelBPETokenizer(), stories))
    tokens = [len(ours.encode(data)), len(peer.encode(data.decode()).ids)]
    row = Row("BytePairEncoder, 8,192 tokens", "news stories", "tokens", *tokens, seconds, peer_seconds, "tokenizers")
    yield row._replace(better="lower")

    encoders, floors, lengths = [], [], []
    for size in SIZES:
        encoder = BytePairEncoder(size)
        encoder.merges_ = ours.merges_[: size - 256]  # what a smaller encoder learns is how a larger one begins
        ids = encoder.encode(data)
        code = HuffmanEncoder().fit(ids)
        message = code.encode(ids)
        if encoder.decode_bytes(code.decode(message)) != data:
            raise AssertionError("the decoded text is not the original")
        encoders.append(encoder)
        floors.append(entropy(ids) * len(ids) / len(data))
        lengths.append(8 * len(message) / len(data))
    yield Figure(
        draw_bits(floors, lengths, 8 * len(zlib.compress(data, 9)) / len(data)),
        "Bits for a byte of text when tokens are coded one by one: each Huffman code lies on its entropy, which falls "
        "as tokens grow. The code itself, which grows with the tokens, is not counted.",
    )
    yield Figure(
        draw_tokens([encoders[SIZES.index(size)] for size in (256, 400, 1024, 8192)]),
        "One sentence in the tokens of four encoders: letters become syllables, then words.",
    )


def deflate(data):
    """What zlib makes of `data` with Huffman codes alone."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    return compressor.compress(data) + compressor.flush()


def train_peer(peer, stories):
    peer.train_from_iterator(stories, vocab_size=SIZES[-1], show_progress=False)
    return peer


def entropy(symbols):
    """Bits a symbol: -sum p log2 p."""
    p = np.array(list(Counter(symbols).values())) / len(symbols)
    return -(p @ np.log2(p))


def draw_bits(floors, lengths, zipped):
    """Entropy and Huffman's length against the number of tokens."""
    fig, ax = canvas(width=9, height=4.2)
    ax.fill_between(SIZES, 0, floors, color=LINE, alpha=0.6, linewidth=0)
    ax.plot(SIZES, floors, color=COLORS[0], label="entropy of the tokens")
    ax.plot(SIZES, lengths, "o", color=COLORS[1], markersize=7, label="Huffman code of the tokens")
    ax.axhline(8, color=SOFT, linewidth=1, linestyle=":")
    ax.text(SIZES[-1], 8, "plain bytes", ha="right", va="bottom", color=SOFT)
    ax.axhline(zipped, color=SOFT, linewidth=1, linestyle=":")
    ax.text(SIZES[-1], zipped, "zip, which also copies what came before", ha="right", va="bottom", color=SOFT)
    for size, length in list(zip(SIZES, lengths))[:: len(SIZES) - 1]:
        ax.annotate(f"{length:.2f}", (size, length), xytext=(0, 8), textcoords="offset points", ha="center", color=INK)
    ax.set_xscale("log", base=2)
    ax.set_xticks(SIZES, [f"{size:,}" if size not in (320, 768) else "" for size in SIZES])
    ax.minorticks_off()
    ax.set(ylim=(0, 8.8), xlabel="number of tokens", ylabel="bits for a byte of text")
    ax.legend(loc="center left", bbox_to_anchor=(0.02, 0.2), labelcolor=INK)
    return fig


def draw_tokens(encoders):
    """The sentence as a row of boxes for every encoder."""
    fig, ax = canvas(width=9, height=2.4)
    for row, encoder in enumerate(encoders):
        x, y = 0, -row
        pieces = [encoder.decode([i]) for i in encoder.encode(SENTENCE)]
        for k, piece in enumerate(pieces):
            ax.add_patch(ax_box(x, y, len(piece), COLORS[k % 3]))
            for j, letter in enumerate(piece):
                ax.text(x + j + 0.5, y, letter, ha="center", va="center", family="monospace", color=INK)
            x += len(piece)
        ax.text(-0.8, y, f"{len(encoder):,}", ha="right", va="center", color=SOFT)
        ax.text(x + 0.8, y, f"{len(pieces)} tokens", ha="left", va="center", color=SOFT)
    ax.set(xlim=(-5, len(SENTENCE) + 8), ylim=(-len(encoders) + 0.4, 0.6))
    tidy(ax)
    return fig


def ax_box(x, y, width, color):
    """A soft box behind the letters of a token."""
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0,rounding_size=0.25"
    return FancyBboxPatch((x + 0.06, y - 0.36), width - 0.12, 0.72, style, facecolor=color, alpha=0.28, linewidth=0)
