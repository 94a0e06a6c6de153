"""GPT: a decoder-only transformer that gives, at every place of a text, the logits of the token that comes next.

tokens (N, T) codes in 0..V-1, T <= block_size, E (V, D) the table of tokens, P (block_size, D) that of positions:

    x_t = E[token_t] + P[t]                    dropout
    x   = block_i(x),  i = 1..n_layers         pre-norm causal transformer blocks, d_ff = 4 D
    z_t = norm(x_t) E^T                        logits (N, T, V); the table E is used twice

The weights start as in GPT-2: normal with deviation 0.02, and 0.02 / sqrt(2 n_layers) for the two matrices of a block
whose results are added to x; biases are 0. O(N T (n_layers (12 D^2 + T D) + V D)).

**Generation.** The next token is drawn from softmax(z_T / temperature) over the `top_k` largest logits. Keys and values
of the tokens before are kept (a `KeyValueCache` for each block), so that a token costs a pass over one place, not over
all of them. A text longer than block_size is read through a window of its last block_size tokens; as positions are
counted from its start, each token then costs a pass over the window.

References: Radford et al. (2018), Improving language understanding by generative pre-training; (2019), Language models
are unsupervised multitask learners, section 2.3 (norms first, initial weights). Press & Wolf (2017), Using the output
embedding to improve language models, https://arxiv.org/abs/1608.05859 (one table). Fan et al. (2018), Hierarchical
neural story generation, https://arxiv.org/abs/1805.04833 (top-k).
"""

from math import sqrt
from numbers import Integral, Real

import numpy as np

from npml_core import check_random_state

from ..blocks.transformer import TransformerBlock
from ..layers.base import Layer
from ..layers.dropout import Dropout
from ..layers.embedding import Embedding
from ..layers.layer_norm import LayerNorm
from ..layers.parameters import check_sizes, float_dtype
from .language import check_tokens, evaluating

__all__ = ["GPT"]


class GPT(Layer):
    """A language model: ``gpt(tokens)`` gives logits, ``gpt.generate(prompt, n_tokens)`` writes on.

    Parameters
    ----------
    vocab_size : int
        Number V of different tokens.
    block_size : int
        The longest sequence, in tokens.
    d_model : int, default=128
        Features of a token, D.
    n_heads : int, default=4
        Attention heads of each block; divides `d_model`.
    n_layers : int, default=4
        Number of blocks.
    dropout : float, default=0
        Probability of zero in training: of x, and in all places of the blocks.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights and what is dropped.

    Notes
    -----
    Parameters by name: ``tokens.W`` (V, D), ``positions`` (block_size, D), ``norm.g``, ``norm.b`` (D,), and for block
    i: ``blocks.i.attention.W`` (D, 3 D) (columns of q, k, v), ``.attention.b``, ``.attention.out.W``,
    ``.attention.out.b``, ``.norm1.g``, ``.norm1.b``, ``.norm2.g``, ``.norm2.b``, ``.dense1.W`` (D, 4 D), ``.dense1.b``,
    ``.dense2.W`` (4 D, D), ``.dense2.b``.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import GPT, Adam, CrossEntropy
    >>> text = np.arange(300) % 5  # 0 1 2 3 4 0 1 2 ...
    >>> gpt = GPT(vocab_size=5, block_size=8, d_model=16, n_heads=2, n_layers=1, random_state=0)
    >>> loss, optimizer = CrossEntropy(), Adam(gpt.parameters(), lr=0.01)
    >>> for start in range(100):
    ...     value, dy = loss(gpt(text[None, start : start + 8]), text[None, start + 1 : start + 9])
    ...     gpt.zero_grad()
    ...     gpt.backward(dy)
    ...     optimizer.step()
    >>> gpt.generate([0, 1], n_tokens=6, temperature=0)
    array([0, 1, 2, 3, 4, 0, 1, 2])
    """

    input_dtype = np.int64

    def __init__(
        self,
        vocab_size: int,
        block_size: int,
        d_model: int = 128,
        n_heads: int = 4,
        n_layers: int = 4,
        dropout: float = 0.0,
        dtype=np.float32,
        random_state=None,
    ):
        check_sizes(vocab_size=vocab_size, block_size=block_size, d_model=d_model, n_heads=n_heads, n_layers=n_layers)
        rng = check_random_state(random_state)
        self.vocab_size, self.block_size = vocab_size, block_size
        self.d_model, self.n_heads, self.n_layers, self.dropout = d_model, n_heads, n_layers, dropout
        self.tokens = Embedding(vocab_size, d_model, dtype=dtype, random_state=rng)
        self.add_param("positions", np.zeros((block_size, d_model), float_dtype(dtype)))
        self.drop = Dropout(dropout, random_state=rng)
        options = {"dropout": dropout, "causal": True, "dtype": dtype, "random_state": rng}
        self.blocks = [TransformerBlock(d_model, n_heads, **options) for _ in range(n_layers)]
        self.norm = LayerNorm(d_model, dtype=dtype)
        self._draw_weights(rng)

    def _draw_weights(self, rng):
        for name, array in self.params.items():
            if array.ndim == 2:
                adds_to_x = name.endswith(("out.W", "dense2.W"))
                deviation = 0.02 / sqrt(2 * self.n_layers) if adds_to_x else 0.02
                array[...] = rng.normal(0, deviation, array.shape)

    def generate(
        self,
        prompt,
        n_tokens: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        random_state=None,
        use_cache: bool = True,
    ) -> np.ndarray:
        """Write `n_tokens` more tokens behind `prompt`, without dropout, whatever mode the model is in.

        Parameters
        ----------
        prompt : array-like of int of shape (T,) or (N, T)
            One text or N of one length, of at least one token; may be longer than block_size.
        n_tokens : int
            How many to add.
        temperature : float, default=1.0
            Divides the logits; 0 takes the most probable token.
        top_k : int, optional
            Draw from the tokens with the k largest logits only.
        random_state : None, int, Generator or RandomState
            Draws the tokens: one number for each.
        use_cache : bool, default=True
            Whether to keep keys and values; without, the same tokens take a pass over the whole text each.

        Returns
        -------
        ndarray of int64 of shape (T + n_tokens,) or (N, T + n_tokens)
            The prompt and what follows.

        Raises
        ------
        ValueError
            If an argument is out of range, or if the logits are not finite.

        Examples
        --------
        >>> from npml_nn import GPT
        >>> gpt = GPT(vocab_size=30, block_size=8, d_model=16, n_heads=2, n_layers=1, random_state=0)
        >>> gpt.generate([[1, 2, 3], [4, 5, 6]], n_tokens=20, top_k=5, random_state=0).shape
        (2, 23)
        """
        prompt, is_single = np.asarray(prompt), np.ndim(prompt) == 1
        prompt = check_tokens(prompt[None] if is_single else prompt, self.vocab_size, name="prompt")
        if isinstance(n_tokens, bool) or not isinstance(n_tokens, Integral) or n_tokens < 0:
            raise ValueError(f"n_tokens must be an int of at least 0, got {n_tokens!r}")
        if not isinstance(temperature, Real) or not 0 <= temperature < np.inf:
            raise ValueError(f"temperature must be a finite number of at least 0, got {temperature!r}")
        if top_k is not None:
            check_sizes(top_k=top_k)
        rng, start = check_random_state(random_state), prompt.shape[1]
        text = np.concatenate([prompt, np.zeros((len(prompt), n_tokens), np.int64)], axis=1)
        with evaluating(self):
            next_logits = self._reader() if use_cache else self._read
            for stop in range(start, start + n_tokens):
                text[:, stop] = _draw(next_logits(text[:, :stop]), temperature, top_k, rng)
        return text[0] if is_single else text

    def _read(self, text):
        """Logits (N, V) of the token after `text`."""
        return self.forward(text[:, -self.block_size :])[:, -1]

    def _reader(self):
        """As `_read`, for texts of which each begins with the one before."""
        caches = []

        def read(text):
            if text.shape[1] > self.block_size:
                return self._read(text)
            if not caches:
                caches.extend(block.new_cache(len(text), self.block_size) for block in self.blocks)
            past = caches[0].n_tokens
            x = self.tokens(text[:, past:]) + self.positions[past : text.shape[1]]
            for block, cache in zip(self.blocks, caches):
                x = block.forward_cached(x, cache)
            return self.norm(x[:, -1]) @ self.tokens.W.T

        return read

    def _cast(self, x):
        return x if np.asarray(x).dtype.kind in "iu" or np.size(x) == 0 else super()._cast(x)

    def _forward(self, tokens):
        tokens = check_tokens(tokens, self.vocab_size, self.block_size)
        x = self.drop(self.tokens(tokens) + self.positions[: tokens.shape[1]])
        for block in self.blocks:
            x = block(x)
        h = self.norm(x)
        logits = h.reshape(-1, self.d_model) @ self.tokens.W.T  # one product; of three axes NumPy would make N
        return logits.reshape(*tokens.shape, self.vocab_size), h

    def _backward(self, dy, h):
        dlogits = dy.reshape(-1, self.vocab_size)
        self.tokens._accumulate({"W": dlogits.T @ h.reshape(-1, self.d_model)})
        dx = self.norm.backward((dlogits @ self.tokens.W).reshape(h.shape))
        for block in reversed(self.blocks):
            dx = block.backward(dx)
        dx = self.drop.backward(dx)
        self.tokens.backward(dx)
        dpositions = np.zeros_like(self.positions)
        dpositions[: dx.shape[1]] = dx.sum(axis=0)
        return None, {"positions": dpositions}

    def _multiply_adds(self, input_shapes, output_shapes):
        return self.d_model * int(np.prod(output_shapes))


def _draw(logits, temperature, top_k, rng):
    """One token for each row of logits (N, V): where a random number falls among the cumulated probabilities."""
    if not np.isfinite(logits).all():
        raise ValueError("the logits of the next token are not finite: the weights or their training have diverged")
    if temperature == 0:
        return logits.argmax(axis=1)
    z = logits.astype(np.float64)
    below = np.maximum(z - z.max(axis=1, keepdims=True), -700 * temperature)  # exp(-700) is as good as 0
    weights = np.exp(below / temperature)
    if top_k is not None and top_k < z.shape[1]:
        weights[z < np.partition(z, -top_k, axis=1)[:, -top_k, None]] = 0
    cumulated = weights.cumsum(axis=1)
    total = cumulated[:, -1:]
    places = np.minimum(rng.random((len(z), 1)) * total, np.nextafter(total, 0))
    return (cumulated <= places).sum(axis=1)
