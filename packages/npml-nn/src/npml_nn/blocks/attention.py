"""Multi-head attention: several small attentions side by side, each over its own projections of the input.

q (N, Tq, D), k (N, Tk, D), v (N, Tk, D), h heads of D / h features, W (D, 3 D) with the columns of q, k, v:

    Q, K, V = q W_q + b_q, k W_k + b_k, v W_v + b_v, split into heads (N, h, T, D / h)
    y = concat over heads (attention(Q, K, V)) W_out + b_out

Where q, k and v are one array the three projections are one matrix product. O(N T D^2 + N Tq Tk D).

For generation, `MultiHeadAttention.forward_cached` keeps the keys and values of what came before (a `KeyValueCache`),
so that a new token costs one row of attention, not the whole sequence again.

References: Vaswani et al. (2017), Attention is all you need, section 3.2.2, https://arxiv.org/abs/1706.03762.
"""

import numpy as np

from npml_core import check_random_state

from ..initializers import glorot_uniform
from ..layers.attention import (
    check_dropout,
    scaled_dot_product_attention,
    scaled_dot_product_attention_backward,
)
from ..layers.base import Layer
from ..layers.dense import Dense, dense, dense_backward
from ..layers.parameters import check_sizes, float_dtype

__all__ = ["KeyValueCache", "MultiHeadAttention"]

COLUMNS = {1: [(0, 3)], 2: [(0, 1), (1, 3)], 3: [(0, 1), (1, 2), (2, 3)]}  # of W, in thirds, by the number of inputs


class KeyValueCache:
    """Keys and values of the tokens so far, with room for more.

    Parameters
    ----------
    n_rows, length, n_features : int
        Sequences times heads; the most tokens that fit; features of a head.
    dtype : dtype

    Attributes
    ----------
    k, v : ndarray of shape (n_rows, length, n_features)
    n_tokens : int
        How many of them are filled.
    """

    def __init__(self, n_rows: int, length: int, n_features: int, dtype):
        self.k, self.v = (np.empty((n_rows, length, n_features), dtype) for _ in range(2))
        self.n_tokens = 0

    def append(self, k, v):
        """Put (n_rows, T, n_features) more of each behind those there are, and return all so far."""
        stop = self.n_tokens + k.shape[1]
        if k.shape[0] != self.k.shape[0] or stop > self.k.shape[1]:
            raise ValueError(
                f"cache has room for {self.k.shape[0]} rows of {self.k.shape[1]} tokens, got {k.shape[0]} rows and "
                f"{k.shape[1]} tokens more than the {self.n_tokens} it holds"
            )
        self.k[:, self.n_tokens : stop], self.v[:, self.n_tokens : stop] = k, v
        self.n_tokens = stop
        return self.k[:, :stop], self.v[:, :stop]


class MultiHeadAttention(Layer):
    """Attention with `n_heads` heads: ``layer(q, k=None, v=None, mask=None)``.

    Parameters
    ----------
    d_model : int
        Features of q, k, v and of the output.
    n_heads : int
        Divides `d_model`.
    dropout : float, default=0
        Probability that a weight is dropped in training.
    causal : bool, default=False
        Query i sees the keys up to i only.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights and what is dropped.

    Notes
    -----
    Without `k` a sequence attends to itself; without `v` the keys are the values. The mask is an array of bool, True =
    may attend, of shape (Tq, Tk), (N, Tq, Tk) or (N, n_heads, Tq, Tk); sizes of 1 stretch, so (N, 1, Tk) hides the
    padding of each sequence. `backward` returns as many gradients as arrays were given.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import MultiHeadAttention
    >>> layer = MultiHeadAttention(8, n_heads=2, causal=True, random_state=0)
    >>> x = np.ones((3, 5, 8), np.float32)
    >>> layer(x).shape
    (3, 5, 8)
    >>> layer.backward(x).shape
    (3, 5, 8)
    >>> {name: array.shape for name, array in layer.params.items()}
    {'W': (8, 24), 'b': (24,), 'out.W': (8, 8), 'out.b': (8,)}
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        dropout: float = 0.0,
        causal: bool = False,
        dtype=np.float32,
        random_state=None,
    ):
        check_sizes(d_model=d_model, n_heads=n_heads)
        if d_model % n_heads:
            raise ValueError(f"n_heads must divide d_model = {d_model}, got {n_heads}")
        self.d_model, self.n_heads, self.causal = d_model, n_heads, causal
        self.dropout: float = check_dropout(dropout)
        self.rng = check_random_state(random_state)
        self.add_param("W", np.asarray(glorot_uniform((d_model, 3 * d_model), self.rng), float_dtype(dtype)))
        self.add_param("b", np.zeros(3 * d_model, dtype))
        self.out = Dense(d_model, d_model, dtype=dtype, random_state=self.rng)

    def new_cache(self, n: int, length: int) -> KeyValueCache:
        """Return an empty cache for `n` sequences of at most `length` tokens."""
        return KeyValueCache(n * self.n_heads, length, self.d_model // self.n_heads, self.W.dtype)

    def forward_cached(self, x, cache: KeyValueCache) -> np.ndarray:
        """Attend from further tokens to those in `cache` and to themselves; nothing is kept for `backward`.

        Parameters
        ----------
        x : array (N, T, d_model)
            The tokens that follow those in the cache.
        cache : KeyValueCache
            From `new_cache`; their keys and values are added to it.

        Returns
        -------
        ndarray of shape (N, T, d_model)
            What `forward` gives for them, in evaluation, at the end of the whole sequence.
        """
        projected, _ = dense(self._cast(x), self.W, self.b)
        q, k, v = (part.reshape(-1, *part.shape[2:]) for part in self._split(projected, 3))
        n_past = cache.n_tokens
        k, v = cache.append(k, v)
        o, _ = scaled_dot_product_attention(q, k, v, causal=self.causal, n_past=n_past)
        o = o.reshape(x.shape[0], self.n_heads, *o.shape[1:])
        return dense(self._joined([o]), self.out.W, self.out.b)[0]

    def _forward(self, q, k=None, v=None, mask=None):
        sources = [x for x in (q, k, v) if x is not None]
        if k is None and v is not None:
            raise ValueError("v needs k: with v alone it is not clear what the keys are")
        for x in sources:
            if x.ndim != 3 or x.shape[2] != self.d_model:
                raise ValueError(f"q, k, v must have shape (N, T, {self.d_model}), got {x.shape}")
        if mask is not None:
            mask = np.asarray(mask)
            mask = mask[:, None] if mask.ndim == 3 else mask
            sources = _without_hidden_nan(sources, mask)
        heads, caches = [], []
        for x, (first, last) in zip(sources, COLUMNS[len(sources)]):
            columns = slice(first * self.d_model, last * self.d_model)
            projected, cache = dense(x, self.W[:, columns], self.b[columns])
            heads += self._split(projected, last - first)
            caches.append(cache)
        p = self.dropout if self.training else 0.0
        o, attention = scaled_dot_product_attention(*heads, mask, self.causal, p=p, random_state=self.rng)
        return self.out.forward(self._joined([o])), (caches, attention)

    def _backward(self, dy, cache):
        caches, attention = cache
        (do,) = self._split(self.out.backward(dy), 1)
        dheads = scaled_dot_product_attention_backward(do, attention)
        dxs, dWs, dbs = [], [], []
        for source, (first, last) in zip(caches, COLUMNS[len(caches)]):
            dx, dW, db = dense_backward(self._joined(dheads[first:last]), source)
            dxs.append(dx), dWs.append(dW), dbs.append(db)
        if len(caches) == 1:
            return dxs[0], {"W": dWs[0], "b": dbs[0]}
        return tuple(dxs), {"W": np.concatenate(dWs, axis=1), "b": np.concatenate(dbs)}

    def _split(self, x, n_parts):
        """(N, T, n_parts D) -> n_parts arrays (N, h, T, D / h), views."""
        parts = x.reshape(*x.shape[:2], n_parts, self.n_heads, -1)
        return [parts[:, :, i].swapaxes(1, 2) for i in range(n_parts)]

    def _joined(self, parts):
        """The reverse of `_split`."""
        n, h, t, d = parts[0].shape
        if len(parts) == 1:
            return parts[0].swapaxes(1, 2).reshape(n, t, -1)
        joined = np.empty((n, t, len(parts), h, d), parts[0].dtype)
        for i, part in enumerate(parts):
            joined[:, :, i] = part.swapaxes(1, 2)
        return joined.reshape(n, t, -1)

    def _multiply_adds(self, input_shapes, output_shapes):
        q, k = input_shapes[0], input_shapes[min(1, len(input_shapes) - 1)]
        rows = q[0] * (q[1] + 2 * k[1])
        return self.d_model * (rows * self.d_model + 2 * q[0] * q[1] * k[1])


def _without_hidden_nan(sources, mask):
    """The inputs with 0 for the places that no pair allowed by the mask touches, if anything is not finite.

    Attention itself keeps a NaN behind the mask out; here it would get into dW = x^T dQ, as 0 NaN.
    """
    if all(np.isfinite(x).all() for x in sources):
        return sources
    shape = sources[0].shape[:2] + sources[min(1, len(sources) - 1)].shape[1:2]
    allowed = np.broadcast_to(mask.any(axis=1) if mask.ndim == 4 else mask, shape)
    queries, keys = allowed.any(axis=2), allowed.any(axis=1)
    touched = [queries | keys] if len(sources) == 1 else [queries, keys, keys]
    return [np.where(places[:, :, None], x, 0) for x, places in zip(sources, touched)]
