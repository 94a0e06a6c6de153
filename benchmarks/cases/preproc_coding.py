"""npml-preproc: byte-pair encoding against `tokenizers`, Huffman coding against zlib's Huffman-only strategy."""

import bz2
import json
import os
import zlib
from functools import partial
from pathlib import Path

from harness import Pair, case

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("RAYON_NUM_THREADS", "1")


def wikipedia(size):
    """The first `size` bytes of Wikipedia's markup, from gensim's test data, repeated if need be."""
    import gensim

    folder = Path(gensim.__file__).parent / "test" / "test_data"
    data = bz2.decompress(next(folder.glob("enwiki-latest-pages-articles1*.bz2")).read_bytes())
    return (data * (size // len(data) + 1))[:size]


def lines_of_wikipedia(size):
    return wikipedia(size).decode("utf-8", "ignore").splitlines(keepends=True)


TRAINING = {
    "5 MB, 1256 tokens": dict(size=5_000_000, vocab_size=1256),
    "5 MB, 8256 tokens": dict(size=5_000_000, vocab_size=8256),
    "200 kB, 1256 tokens": dict(size=200_000, vocab_size=1256),
}


@case("npml-preproc", group="coding", peer="tokenizers", sizes=TRAINING)
def bpe_training(size, vocab_size):
    from tokenizers import ByteLevelBPETokenizer

    from npml_preproc import BytePairEncoder

    lines = lines_of_wikipedia(size)

    def train_peer():
        peer = ByteLevelBPETokenizer()
        peer.train_from_iterator(lines, vocab_size=vocab_size, show_progress=False)
        return peer

    def same_merges(ours, peer):
        ids = peer.get_vocab()
        merges = json.loads(peer.to_str())["model"]["merges"]
        assert ours.merges_.tolist() == [[ids[a], ids[b]] for a, b in merges], "other merges"
        return f"{len(merges)} merges identical"

    return Pair(lambda: BytePairEncoder(vocab_size).fit(lines), train_peer, same_merges, work=(size / 1e6, "MB"))


ENCODING = {
    "2 MB, cold": dict(size=2_000_000, is_warm=False),
    "2 MB, warm": dict(size=2_000_000, is_warm=True),
    "20 kB, warm": dict(size=20_000, is_warm=True),
}


@case("npml-preproc", group="coding", peer="tokenizers", sizes=ENCODING)
def bpe_encoding(size, is_warm):
    """Cold: no word has been met before; the peer keeps its own table between calls either way."""
    from tokenizers import ByteLevelBPETokenizer

    from npml_preproc import BytePairEncoder

    lines = lines_of_wikipedia(2_000_000)
    ours, peer = BytePairEncoder(8256).fit(lines), ByteLevelBPETokenizer()
    peer.train_from_iterator(lines, vocab_size=8256, show_progress=False)
    text = "".join(lines)[:size]

    def encode():
        if not is_warm:
            ours._forget()
        return ours.encode(text)

    def same_ids(a, b):
        assert a == b, "other ids"
        return f"{len(a)} ids identical"

    return Pair(encode, lambda: peer.encode(text).ids, same_ids, work=(size / 1e6, "MB"))


@case("npml-preproc", group="coding", peer="tokenizers", sizes={"2 MB": dict(size=2_000_000)})
def bpe_decoding(size):
    from tokenizers import ByteLevelBPETokenizer

    from npml_preproc import BytePairEncoder

    lines = lines_of_wikipedia(size)
    ours, peer = BytePairEncoder(8256).fit(lines), ByteLevelBPETokenizer()
    peer.train_from_iterator(lines, vocab_size=8256, show_progress=False)
    ids = ours.encode("".join(lines))

    def same_text(a, b):
        assert a == b, "other text"

    return Pair(lambda: ours.decode(ids), lambda: peer.decode(ids), same_text, work=(size / 1e6, "MB"))


HUFFMAN = {"10 MB": dict(size=10_000_000), "1 MB": dict(size=1_000_000), "50 kB": dict(size=50_000)}


def deflate(data):
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    return compressor.compress(data) + compressor.flush()


@case("npml-preproc", group="coding", peer="zlib", sizes=HUFFMAN)
def huffman_encoding(size):
    """The peer is zlib's deflate without matches; both count the symbols and write the codes."""
    from npml_preproc import HuffmanEncoder

    data = wikipedia(size)

    def no_longer(ours, peer):
        assert len(ours) <= 1.02 * len(peer), f"{len(ours)} bytes against {len(peer)}"
        return f"{len(ours)} bytes / {len(peer)}"

    return Pair(
        lambda: HuffmanEncoder().fit(data).encode(data), partial(deflate, data), no_longer, work=(size / 1e6, "MB")
    )


@case("npml-preproc", group="coding", peer="zlib", sizes=HUFFMAN)
def huffman_decoding(size):
    """The peer is zlib's inflate of a message without matches."""
    from npml_preproc import HuffmanEncoder

    data = wikipedia(size)
    encoder = HuffmanEncoder().fit(data)
    message, deflated = encoder.encode(data), deflate(data)

    def both_right(ours, peer):
        assert ours == peer == data, "other data"

    return Pair(
        lambda: encoder.decode(message), lambda: zlib.decompress(deflated, -15), both_right, work=(size / 1e6, "MB")
    )
