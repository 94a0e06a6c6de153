"""BertEncoder: BERT's transformer encoder, which runs public weights, and sentences as vectors of meaning.

tokens (N, T) codes, mask (N, T) True for a token and False for padding, types (N, T) codes of the segment:

    x_t = norm(E[token_t] + P[t] + S[type_t])     E (V, D) tokens, P (T_max, D) positions, S (n_types, D) segments
    h   = block_i(x),  i = 1..n_layers            transformer blocks, norm last; nobody attends to padding
    e   = m / |m|,  m = mean of h over mask       `embed`: (N, D), the cosine of two sentences is <e, e'>

O(N T n_layers (4 D^2 + 2 D d_ff + 2 T D)). PyTorch keeps matrices as (out, in), `from_pretrained` transposes them, and
puts the three projections of attention side by side into one.

References: Devlin et al. (2019), BERT: Pre-training of deep bidirectional transformers for language understanding,
https://arxiv.org/abs/1810.04805. Reimers & Gurevych (2019), Sentence-BERT, section 3 (the mean over tokens),
https://arxiv.org/abs/1908.10084. Wang et al. (2020), MiniLM, https://arxiv.org/abs/2002.10957.
"""

import os

import numpy as np

from npml_core import check_random_state

from ..blocks.transformer import TransformerBlock
from ..layers.base import Layer
from ..layers.embedding import Embedding
from ..layers.gelu import GELU
from ..layers.layer_norm import LayerNorm
from ..layers.parameters import check_sizes, float_dtype
from ..layers.weights_file import read_weights
from .language import check_tokens, evaluating

__all__ = ["BertEncoder"]

PADDING = 8  # tokens that `embed` fills a text up with, at most


class BertEncoder(Layer):
    """BERT without a head: ``encoder(tokens, mask)`` gives a vector for each token, `embed` one for each text.

    Parameters
    ----------
    vocab_size : int
        Number V of different tokens.
    d_model, n_heads, n_layers, d_ff : int
        Features of a token, attention heads of a block, blocks, and features between the dense layers of a block.
    block_size : int, default=512
        The longest sequence, in tokens.
    n_types : int, default=2
        Number of segments that tokens may belong to.
    activation : str, layer, layer class or callable, default="gelu"
        Between the dense layers of a block.
    eps : float, default=1e-12
        Added to the variance in all layer norms.
    dropout : float, default=0
        Probability of zero in training, in all places of the blocks.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights and what is dropped.

    Notes
    -----
    Parameters by name: ``tokens.W`` (V, D), ``positions`` (block_size, D), ``types.W`` (n_types, D), ``norm.g``,
    ``norm.b`` (D,), and for block i: ``blocks.i.attention.W`` (D, 3 D) (columns of q, k, v), ``.attention.b``,
    ``.attention.out.W``, ``.attention.out.b``, ``.norm1.g``, ``.norm1.b``, ``.norm2.g``, ``.norm2.b``, ``.dense1.W``
    (D, d_ff), ``.dense1.b``, ``.dense2.W``, ``.dense2.b``.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import BertEncoder
    >>> encoder = BertEncoder(vocab_size=50, d_model=8, n_heads=2, n_layers=2, d_ff=16, random_state=0).eval()
    >>> tokens, mask = np.array([[3, 7, 9], [4, 2, 0]]), np.array([[1, 1, 1], [1, 1, 0]])
    >>> encoder(tokens, mask).shape
    (2, 3, 8)
    >>> np.linalg.norm(encoder.embed(tokens, mask), axis=1).round(4)
    array([1., 1.], dtype=float32)
    """

    input_dtype = np.int64

    def __init__(
        self,
        vocab_size: int,
        d_model: int,
        n_heads: int,
        n_layers: int,
        d_ff: int,
        block_size: int = 512,
        n_types: int = 2,
        activation="gelu",
        eps: float = 1e-12,
        dropout: float = 0.0,
        dtype=np.float32,
        random_state=None,
    ):
        check_sizes(vocab_size=vocab_size, block_size=block_size, n_layers=n_layers, n_types=n_types)
        rng, dtype = check_random_state(random_state), float_dtype(dtype)
        self.vocab_size, self.block_size, self.n_types = vocab_size, block_size, n_types
        self.d_model, self.n_heads, self.n_layers, self.d_ff = d_model, n_heads, n_layers, d_ff
        self.eps, self.dropout = eps, dropout
        self.tokens = Embedding(vocab_size, d_model, dtype=dtype, random_state=rng)
        self.types = Embedding(n_types, d_model, dtype=dtype, random_state=rng)
        self.add_param("positions", np.zeros((block_size, d_model), dtype))
        self.norm = LayerNorm(d_model, eps, dtype=dtype)
        options = {"activation": activation, "norm_first": False, "dtype": dtype, "random_state": rng}
        self.blocks = [TransformerBlock(d_model, n_heads, d_ff, dropout, **options) for _ in range(n_layers)]
        for block in self.blocks:
            block.norm1.eps = block.norm2.eps = self.norm.eps
        for array in self.params.values():
            if array.ndim == 2:
                array[...] = rng.normal(0, 0.02, array.shape)

    @classmethod
    def from_pretrained(cls, folder) -> "BertEncoder":
        """Build the encoder that ``config.json`` in `folder` describes, with the weights of ``model.safetensors``.

        Parameters
        ----------
        folder : str or path-like
            Where the two files lie, as published for all-MiniLM-L6-v2, BERT and others of that architecture.

        Returns
        -------
        BertEncoder
            In evaluation mode, in float32.

        Raises
        ------
        ImportError
            If safetensors is absent; it names the extra.
        ValueError
            If a file is damaged, or describes another architecture.
        """
        from pathlib import Path

        folder = Path(folder)
        encoder = cls(**_read_config(folder / "config.json"), random_state=0)
        path = folder / "model.safetensors"
        arrays = {name.removeprefix("bert."): array for name, array in read_weights(path).items()}
        try:
            encoder.load_state_dict(_translated(arrays, encoder.n_layers))
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"{os.fspath(path)!r} does not hold the weights that config.json describes: {error}"
            ) from error
        encoder.eval()
        return encoder

    def embed(self, tokens, mask=None, batch_size: int = 32) -> np.ndarray:
        """One vector of length 1 for each text: the mean of its tokens' vectors, normalised.

        Parameters
        ----------
        tokens : array-like of int of shape (N, T)
            Padded to one length with any token.
        mask : array-like of shape (N, T), optional
            True or 1 for tokens, False or 0 for padding. A text of padding alone gives zeros.
        batch_size : int, default=32
            Texts at a time, at most; those of like length go together, cut to the longest of them.

        Returns
        -------
        ndarray of shape (N, D)
        """
        check_sizes(batch_size=batch_size)
        tokens = check_tokens(tokens, self.vocab_size)
        mask = _check_mask(mask, tokens.shape)
        lengths = np.where(mask.any(axis=1), mask.shape[1] - mask[:, ::-1].argmax(axis=1), 1)  # up to the last token
        order = np.argsort(lengths, kind="stable")
        vectors, start = np.zeros((len(tokens), self.d_model), self.dtype), 0
        while start < len(order):
            alike = np.searchsorted(lengths, lengths[order[start]] + PADDING, "right", sorter=order)
            rows = order[start : min(start + batch_size, alike)]
            start += len(rows)
            longest = lengths[rows[-1]]
            some = mask[rows, :longest]
            h = np.where(some[:, :, None], self._evaluate(tokens[rows, :longest], some), 0)
            vectors[rows] = h.sum(axis=1) / np.maximum(some.sum(axis=1, keepdims=True), 1)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(norms > 0, norms, 1)

    def _evaluate(self, tokens, mask):
        """The forward pass without dropout, of which nothing is kept."""
        with evaluating(self):
            return self.forward(tokens, mask)

    def _cast(self, x):
        return x if np.asarray(x).dtype.kind in "iu" or np.size(x) == 0 else super()._cast(x)

    def _forward(self, tokens, mask=None, types=None):
        tokens = check_tokens(tokens, self.vocab_size, self.block_size)
        types = np.zeros_like(tokens) if types is None else check_tokens(types, self.n_types, name="types")
        if types.shape != tokens.shape:
            raise ValueError(f"types must have the shape of tokens, {tokens.shape}, got {types.shape}")
        allowed = None if mask is None else _check_mask(mask, tokens.shape)[:, None]
        x = self.norm(self.tokens(tokens) + self.types(types) + self.positions[: tokens.shape[1]])
        for block in self.blocks:
            x = block(x, mask=allowed)
        return x, None

    def _backward(self, dy, cache):
        for block in reversed(self.blocks):
            dy = block.backward(dy)
        dx = self.norm.backward(dy)
        self.types.backward(dx)
        self.tokens.backward(dx)
        dpositions = np.zeros_like(self.positions)
        dpositions[: dx.shape[1]] = dx.sum(axis=0)
        return None, {"positions": dpositions}


def _check_mask(mask, shape):
    """The mask (N, T) as bool; None is all True."""
    if mask is None:
        return np.ones(shape, bool)
    mask = np.asarray(mask)
    if mask.shape != shape:
        raise ValueError(f"mask must have the shape of tokens, {shape}, got {mask.shape}")
    if mask.dtype.kind not in "biu" or not np.isin(mask, (0, 1)).all():
        raise ValueError("mask must hold True or 1 for tokens and False or 0 for padding, nothing else")
    return mask.astype(bool)


ACTIVATIONS = {"gelu": "gelu", "gelu_new": GELU("tanh"), "gelu_pytorch_tanh": GELU("tanh"), "relu": "relu"}
SIZES = {
    "vocab_size": "vocab_size",
    "d_model": "hidden_size",
    "n_heads": "num_attention_heads",
    "n_layers": "num_hidden_layers",
    "d_ff": "intermediate_size",
    "block_size": "max_position_embeddings",
    "n_types": "type_vocab_size",
}


def _read_config(path):
    """The arguments of `BertEncoder` that a config.json stands for."""
    import json

    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)!r} is not JSON: {error}") from error
    absent = [key for key in SIZES.values() if not isinstance(config, dict) or key not in config]
    if absent:
        raise ValueError(f"{os.fspath(path)!r} does not describe a BERT encoder: {absent} are missing")
    expected = {
        "model_type": ("bert",),
        "position_embedding_type": ("absolute",),
        "hidden_act": tuple(ACTIVATIONS),
    }
    for key, accepted in expected.items():
        if config.get(key, accepted[0]) not in accepted:
            raise ValueError(f"{os.fspath(path)!r}: {key} must be one of {accepted}, got {config[key]!r}")
    arguments = {name: config[key] for name, key in SIZES.items()}
    activation = ACTIVATIONS[config.get("hidden_act", "gelu")]
    return {**arguments, "activation": activation, "eps": config.get("layer_norm_eps", 1e-12)}


def _translated(arrays, n_layers):
    """PyTorch's arrays under our names; what an encoder does not use (a pooler, say) is left out."""
    state = {
        "tokens.W": arrays["embeddings.word_embeddings.weight"],
        "types.W": arrays["embeddings.token_type_embeddings.weight"],
        "positions": arrays["embeddings.position_embeddings.weight"],
        **_norm("norm", arrays, "embeddings.LayerNorm"),
    }
    for i in range(n_layers):
        ours, theirs = f"blocks.{i}", f"encoder.layer.{i}"
        parts = [_dense("", arrays, f"{theirs}.attention.self.{part}") for part in ("query", "key", "value")]
        state[f"{ours}.attention.W"] = np.concatenate([part[".W"] for part in parts], axis=1)
        state[f"{ours}.attention.b"] = np.concatenate([part[".b"] for part in parts])
        state.update(_dense(f"{ours}.attention.out", arrays, f"{theirs}.attention.output.dense"))
        state.update(_norm(f"{ours}.norm1", arrays, f"{theirs}.attention.output.LayerNorm"))
        state.update(_dense(f"{ours}.dense1", arrays, f"{theirs}.intermediate.dense"))
        state.update(_dense(f"{ours}.dense2", arrays, f"{theirs}.output.dense"))
        state.update(_norm(f"{ours}.norm2", arrays, f"{theirs}.output.LayerNorm"))
    return state


def _dense(ours, arrays, theirs):
    return {f"{ours}.W": arrays[f"{theirs}.weight"].T, f"{ours}.b": arrays[f"{theirs}.bias"]}


def _norm(ours, arrays, theirs):
    return {f"{ours}.g": arrays[f"{theirs}.weight"], f"{ours}.b": arrays[f"{theirs}.bias"]}
