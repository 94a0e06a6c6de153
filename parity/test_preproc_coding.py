"""Coders against `tokenizers` (byte-level BPE, WordPiece) and zlib."""

import json
import zlib
from collections import Counter
from pathlib import Path

import gensim
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer

from npml_preproc import BytePairEncoder, HuffmanEncoder, WordPieceTokenizer
from npml_preproc.coding._bert_text import BertSplitter
from npml_preproc.coding._gpt2_split import split_words

LEE = Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor"
CHARACTERS = [chr(c) for c in range(0x33000) if not 0xD800 <= c < 0xE000] + [chr(c) for c in range(0xE0000, 0xE0200)]
# scripts and signs whole, ideographs and syllables now and then
MANY = [
    c
    for c in CHARACTERS
    if c < "\u3100" or "\ua000" <= c < "\uac00" or "\ufb00" <= c < "\U00012000" or ord(c) % 16 == 0
]
SETS = [pytest.param(MANY, id="many"), pytest.param(CHARACTERS, id="all", marks=pytest.mark.long)]
AWKWARD = [
    "naïve café ☃☃ 日本語テスト 😀👨‍👩‍👧 mixedΔελτα",
    "don't  we'll\n\n\t I'VE 12³ⅷ x\x1cy\x85z",
    "aaaa aaaaa aa",
    "",
] * 2

anything = st.text(
    st.one_of(st.sampled_from(" \n\t'sdab1é日\u0301\u0334\u302e😀[CLSMASKEP]#."), st.characters(codec="utf-8"))
)


@pytest.fixture(scope="module")
def lines():
    return LEE.read_text(encoding="utf-8").splitlines()


def trained(texts, vocab_size, min_frequency=2):
    peer = ByteLevelBPETokenizer()
    peer.train_from_iterator(texts, vocab_size=vocab_size, min_frequency=min_frequency, show_progress=False)
    return BytePairEncoder(vocab_size, min_frequency).fit(texts), peer


def assert_same_merges(ours, peer):
    ids = peer.get_vocab()
    merges = json.loads(peer.to_str())["model"]["merges"]
    assert ours.merges_.tolist() == [[ids[a], ids[b]] for a, b in merges]


@pytest.mark.parametrize("vocab_size, min_frequency", [(256, 2), (600, 2), (30_000, 3)])
def test_bpe_learns_the_same_merges_and_gives_the_same_ids(lines, vocab_size, min_frequency):
    corpus = lines + AWKWARD
    ours, peer = trained(corpus, vocab_size, min_frequency)
    assert_same_merges(ours, peer)
    for text in corpus[-100:]:
        assert ours.encode(text) == peer.encode(text).ids
        assert ours.decode(ours.encode(text)) == peer.decode(peer.encode(text).ids)


def test_bpe_of_another_order_and_of_a_file(lines, tmp_path):
    assert_same_merges(trained(lines, 1000)[0], trained(lines[::-1], 1000)[1])
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(AWKWARD * 3 + ["  two  blanks  "] * 3), encoding="utf-8")
    peer = ByteLevelBPETokenizer()
    peer.train(str(path), vocab_size=400, show_progress=False)
    assert_same_merges(BytePairEncoder(400).fit(path), peer)


@given(st.lists(st.text(st.sampled_from("ab c"), max_size=30), max_size=8))
@settings(max_examples=50, deadline=None)
def test_bpe_with_many_ties_and_runs(texts):
    assert_same_merges(*trained(texts, 300, 1))


@given(st.lists(anything, max_size=5), anything)
@settings(max_examples=50, deadline=None)
def test_bpe_of_any_text(texts, text):
    ours, peer = trained(texts, 300, 1)
    assert_same_merges(ours, peer)
    assert ours.encode(text) == peer.encode(text).ids
    assert ours.decode(ours.encode(text.encode())[:-1], errors="replace") == peer.decode(peer.encode(text).ids[:-1])


@pytest.mark.parametrize("characters", SETS)
def test_every_character_is_split_the_same(characters):
    split = ByteLevelBPETokenizer()._tokenizer.pre_tokenizer
    text = "".join(f"a{c}1{c}!{c} {c}{c}\n" for c in characters)
    bounds = [bound for _, bound in split.pre_tokenize_str(text)]
    assert np.cumsum(list(map(len, split_words(text)))).tolist() == [stop for _, stop in bounds]


@pytest.fixture(scope="module")
def vocab_file(lines, tmp_path_factory):
    peer = BertWordPieceTokenizer()
    peer.train_from_iterator(lines + AWKWARD, vocab_size=2000, min_frequency=1, show_progress=False)
    folder = tmp_path_factory.mktemp("vocab")
    peer.save_model(str(folder))
    return folder / "vocab.txt"


OPTIONS = [{}, {"lowercase": False}, {"lowercase": False, "strip_accents": True}, {"strip_accents": False}]
OPTIONS += [{"clean_text": False}, {"handle_chinese_chars": False}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_wordpiece(vocab_file, lines, options):
    ours, peer = WordPieceTokenizer(vocab_file, **options), BertWordPieceTokenizer(str(vocab_file), **options)

    @given(anything)
    @settings(max_examples=50, deadline=None)
    def of_any_text(text):
        ids = peer.encode(text).ids
        assert ours.encode(text) == ids
        assert ours.tokenize(text) == peer.encode(text, add_special_tokens=False).tokens
        for skip in (True, False):
            assert ours.decode(ids, skip_special_tokens=skip) == peer.decode(ids, skip_special_tokens=skip)

    of_any_text()
    for text in lines[:100] + AWKWARD + ["[CLS] a [MASK][SEP] [cls]", "b" * 100, "b" * 101]:
        assert ours.encode(text) == peer.encode(text).ids


def test_wordpiece_batches(vocab_file, lines):
    ours, peer = WordPieceTokenizer(vocab_file), BertWordPieceTokenizer(str(vocab_file))
    peer.enable_truncation(64)
    peer.enable_padding()
    ids, mask = ours.encode_batch(lines[:20] + AWKWARD, max_length=64)
    encodings = peer.encode_batch(lines[:20] + AWKWARD)
    assert ids.tolist() == [encoding.ids for encoding in encodings]
    assert mask.tolist() == [encoding.attention_mask for encoding in encodings]


@pytest.mark.parametrize("lowercase, strip_accents", [(True, True), (False, False)])
@pytest.mark.parametrize("characters", SETS)
def test_every_character_is_normalised_the_same(characters, lowercase, strip_accents):
    peer = BertWordPieceTokenizer(lowercase=lowercase, strip_accents=strip_accents)._tokenizer
    text = "\n".join(f"a{c}\u0301\u0334b" for c in characters)
    words = [word for word, _ in peer.pre_tokenizer.pre_tokenize_str(peer.normalizer.normalize_str(text))]
    assert BertSplitter(lowercase, strip_accents, True, True)(text) == words


@pytest.mark.parametrize("copies", [1, 5])
def test_huffman_is_near_the_entropy_and_below_zlibs_huffman_only(copies):
    data = LEE.read_bytes() * copies
    message = HuffmanEncoder().fit(data).encode(data)
    p = np.array(list(Counter(data).values())) / len(data)
    entropy = -(p @ np.log2(p)) * len(data) / 8
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    assert entropy < len(message) < 1.02 * entropy
    assert len(message) < 1.01 * len(compressor.compress(data) + compressor.flush())
