"""BertEncoder: gradients, padding, published files of weights, what it refuses."""

import builtins
import json
from copy import deepcopy

import numpy as np
import pytest

from npml_nn import BertEncoder, gradcheck
from npml_nn.models import bert
from npml_nn.models.bert import _read_config, _translated

SIZES = {"vocab_size": 13, "d_model": 8, "n_heads": 2, "n_layers": 2, "d_ff": 12, "block_size": 10}
CONFIG = {
    "hidden_size": 8,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 10,
    "type_vocab_size": 2,
    "vocab_size": 13,
    "model_type": "bert",
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
}


def awake(seed=0, **options):
    encoder, rng = BertEncoder(**{**SIZES, **options}, random_state=seed), np.random.default_rng(seed)
    for array in encoder.params.values():
        array += rng.normal(0, 0.3, array.shape)
    return encoder


def batch(seed=0):
    rng = np.random.default_rng(seed)
    tokens, lengths = rng.integers(0, 13, (6, 9)), np.array([9, 1, 4, 7, 4, 2])
    return tokens, np.arange(9) < lengths[:, None], lengths


def torch_arrays(encoder):
    """The encoder's weights as PyTorch names and lays them out."""
    P, arrays = (
        encoder.state_dict(),
        {"pooler.dense.weight": np.zeros((8, 8)), "embeddings.position_ids": np.arange(10)},
    )
    arrays["embeddings.word_embeddings.weight"] = P["tokens.W"]
    arrays["embeddings.token_type_embeddings.weight"] = P["types.W"]
    arrays["embeddings.position_embeddings.weight"] = P["positions"]
    pairs = {"norm": "embeddings.LayerNorm"}
    for i in range(encoder.n_layers):
        ours, theirs = f"blocks.{i}", f"encoder.layer.{i}"
        for part, name in enumerate(("query", "key", "value")):
            columns = slice(8 * part, 8 * part + 8)
            arrays[f"{theirs}.attention.self.{name}.weight"] = P[f"{ours}.attention.W"][:, columns].T.copy()
            arrays[f"{theirs}.attention.self.{name}.bias"] = P[f"{ours}.attention.b"][columns]
        pairs |= {
            f"{ours}.attention.out": f"{theirs}.attention.output.dense",
            f"{ours}.norm1": f"{theirs}.attention.output.LayerNorm",
            f"{ours}.dense1": f"{theirs}.intermediate.dense",
            f"{ours}.dense2": f"{theirs}.output.dense",
            f"{ours}.norm2": f"{theirs}.output.LayerNorm",
        }
    for ours, theirs in pairs.items():
        weight = P[f"{ours}.g"] if f"{ours}.g" in P else P[f"{ours}.W"].T.copy()
        arrays |= {f"{theirs}.weight": weight, f"{theirs}.bias": P[f"{ours}.b"]}
    return arrays


def test_gradients():
    tokens, mask, _ = batch()
    small = awake(n_layers=1, vocab_size=13, d_model=4, d_ff=5, block_size=4)
    assert gradcheck(small, [tokens[1:3, :3], mask[1:3, :3], np.array([[0, 1, 0], [1, 1, 0]])])


@pytest.mark.parametrize(
    "old, new",
    [
        ("self.types.backward(dx)", "pass"),
        ("self.tokens.backward(dx)", "pass"),
        ("dx.sum(axis=0)", "-dx.sum(axis=0)"),
        ("dx = self.norm.backward(dy)", "dx = dy"),
        ("dy = block.backward(dy)", "dy = 2 * block.backward(dy)"),
    ],
)
def test_a_wrong_backward_is_caught(old, new, mutate, monkeypatch):
    """What `test_gradients` accepts, to about 1e-6, is not what the mutant gives."""
    encoder, (tokens, mask, _) = awake(dtype=np.float64), batch()
    dy, other = np.random.default_rng(0).normal(size=(6, 9, 8)), deepcopy(encoder)
    encoder(tokens, mask)
    encoder.backward(dy)
    owner, mutant = mutate(BertEncoder._backward, old, new)
    monkeypatch.setattr(owner, "_backward", mutant)
    other(tokens, mask)
    other.backward(dy)
    assert any(np.abs(encoder.grads[name] - array).max() > 0.01 for name, array in other.grads.items())


def test_padding_changes_nothing():
    encoder = awake().eval()
    tokens, mask, lengths = batch()
    together, other = encoder(tokens, mask), encoder(np.where(mask, tokens, 5), mask)
    for i, length in enumerate(lengths):
        alone = encoder(tokens[i : i + 1, :length])
        np.testing.assert_allclose(together[i, :length], alone[0], rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(together[i, :length], other[i, :length])


@pytest.mark.parametrize("batch_size", [1, 2, 4, 32])
@pytest.mark.parametrize("padding", [0, 2, 8])
def test_embed_is_the_normalised_mean(batch_size, padding, monkeypatch):
    monkeypatch.setattr(bert, "PADDING", padding)
    encoder = awake(dropout=0.5)
    tokens, mask, lengths = batch()
    vectors = encoder.embed(tokens, mask.astype(int), batch_size)
    assert vectors.dtype == np.float32
    assert encoder.training
    encoder.eval()
    for vector, row, length in zip(vectors, tokens, lengths):
        mean = encoder(row[None, :length])[0].mean(axis=0)
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), rtol=1e-4, atol=1e-6)


def test_embed_with_holes_and_without_tokens():
    encoder = awake().eval()
    tokens, _, _ = batch()
    mask = np.zeros(tokens.shape, bool)
    mask[0, [1, 3, 6]] = True
    vectors = encoder.embed(tokens, mask)
    mean = encoder(tokens[:1], mask[:1])[0, mask[0]].mean(axis=0)
    np.testing.assert_allclose(vectors[0], mean / np.linalg.norm(mean), rtol=1e-4, atol=1e-6)
    assert not vectors[1:].any()


def test_the_default_mask_is_all_tokens():
    encoder, tokens = awake().eval(), batch()[0]
    np.testing.assert_allclose(encoder(tokens), encoder(tokens, np.ones((6, 9), int)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(encoder.embed(tokens), encoder.embed(tokens, np.ones((6, 9)) > 0), rtol=1e-6)


def test_published_names():
    encoder, other = awake(), awake(seed=1)
    other.load_state_dict(_translated(torch_arrays(encoder), 2))
    for name, array in encoder.params.items():
        np.testing.assert_array_equal(array, other.params[name], err_msg=name)


def test_config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    arguments = _read_config(path)
    assert arguments == {**SIZES, "n_types": 2, "activation": "gelu", "eps": 1e-12}
    assert BertEncoder(**arguments).blocks[1].norm2.eps == 1e-12


@pytest.mark.parametrize(
    "config, message",
    [
        ("{", "is not JSON"),
        ("[1]", "does not describe a BERT encoder"),
        ("{}", "hidden_size"),
        (json.dumps({**CONFIG, "model_type": "gpt2"}), "model_type must be one of"),
        (json.dumps({**CONFIG, "hidden_act": "swish"}), "hidden_act must be one of"),
        (json.dumps({**CONFIG, "position_embedding_type": "relative_key"}), "position_embedding_type"),
    ],
)
def test_foreign_configs(config, message, tmp_path):
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(ValueError, match=message):
        BertEncoder.from_pretrained(tmp_path)


def test_without_safetensors_the_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    original = builtins.__import__

    def no_safetensors(name, *args, **options):
        if name.startswith("safetensors"):
            raise ImportError(name)
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", no_safetensors)
    with pytest.raises(ImportError, match=r"npml-nn\[safetensors\]"):
        BertEncoder.from_pretrained(tmp_path)


def test_other_weights_are_refused(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    arrays = torch_arrays(awake())
    monkeypatch.setattr("npml_nn.models.bert.read_weights", lambda path: arrays)
    assert not BertEncoder.from_pretrained(tmp_path).training
    arrays = {f"bert.{name}": array for name, array in arrays.items()}
    BertEncoder.from_pretrained(tmp_path)
    del arrays["bert.encoder.layer.1.intermediate.dense.bias"]
    with pytest.raises(ValueError, match=r"layer\.1\.intermediate\.dense\.bias"):
        BertEncoder.from_pretrained(tmp_path)
    arrays = torch_arrays(awake(vocab_size=14))
    with pytest.raises(ValueError, match=r"tokens\.W must be numbers of shape"):
        BertEncoder.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        (([1, 2],), ValueError, "tokens must have shape"),
        (([[1.5]],), TypeError, "integers"),
        (([[13]],), ValueError, "got 13"),
        (([[1] * 11],), ValueError, "block_size = 10"),
        (([[1, 2]], [[1]]), ValueError, "mask must have the shape of tokens"),
        (([[1, 2]], [[1, 2]]), ValueError, "mask must hold"),
        (([[1, 2]], [[1, 1]], [[0]]), ValueError, "types must have the shape"),
        (([[1, 2]], [[1, 1]], [[0, 2]]), ValueError, "types must be codes in 0..1"),
    ],
)
def test_forward_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        awake()(*arguments)


def test_embed_refuses():
    with pytest.raises(ValueError, match="batch_size"):
        awake().embed([[1]], batch_size=0)
    with pytest.raises(ValueError, match="at most block_size"):
        awake().embed([[1] * 11])
