"""Scaled dot-product attention: every query takes the mean of the values, weighted by how well their keys fit it.

q (..., Tq, D), k (..., Tk, D), v (..., Tk, Dv), m (..., Tq, Tk) True where a query may attend -> o (..., Tq, Dv)

    S = scale q k^T,  -inf where m is False      E = exp(S - max S)      l = E 1      o = (E v) / l     (max S: or 0)
    backward, with n = do / l:   dv = E^T n,   dS = E (n v^T - rowsum(n o)),   dq = scale dS k,   dk = scale dS^T q

The weights P = E / l are never formed: rows of o are divided instead, which are far shorter (Tq Dv numbers instead of
Tq Tk). Everything runs in blocks of query rows that stay in the cache of the processor; a causal block does not look
at the keys behind its last row, which saves half the work. O(Tq Tk (D + Dv)) time; E is kept for the backward pass.

Dropout of weights puts u E for E wherever it meets v, with u the mask over 1 - p, and u n v^T for n v^T.

A query that may attend to nothing gives 0. What stands behind the mask is never touched: a NaN or an infinity there
would get through a weight of 0 (0 NaN = NaN), so such numbers are replaced by 0 before the products, and pairs that
may see one become NaN in the scores, where the mask decides alone.

References: Vaswani et al. (2017), Attention is all you need, section 3.2.1, https://arxiv.org/abs/1706.03762. Dao et
al. (2022), FlashAttention, appendix B.2 (rowsum(n o)), https://arxiv.org/abs/2205.14135.
"""

from math import prod, sqrt
from numbers import Real
from typing import NamedTuple

import numpy as np

from npml_core import check_random_state

from .base import Layer
from .dropout import dropout
from .masks import flat_mask, hidden_pairs, without_nan
from .parameters import as_float
from .softmax import all_small, row_sums

__all__ = ["DotProductAttention", "scaled_dot_product_attention", "scaled_dot_product_attention_backward"]

CHUNK = 131072  # numbers of E in a block, about
ROWS = 32  # queries in a causal block


class AttentionCache(NamedTuple):
    """scale q (B, Tq, D), k (B, Tk, D), v (B, Tk, Dv), o (..., Tq, Dv), and l (..., Tq, 1).

    l is infinite where a query sees nothing. Then the blocks, the scale, whether NaN stood among the inputs, and the
    shapes of q, k and v as given.
    """

    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    o: np.ndarray
    l: np.ndarray
    blocks: list
    scale: float
    poisoned: bool
    shapes: tuple


class Block(NamedTuple):
    """E and the dropout mask u (b, rows, keys), and where they stand in (B, Tq, Tk): slices of the three axes."""

    batch: slice
    rows: slice
    keys: slice
    E: np.ndarray
    u: np.ndarray | None


def scaled_dot_product_attention(
    q, k, v, mask=None, causal=False, scale=True, p=0.0, random_state=None, n_past=0, return_weights=False
):
    """o = softmax(scale q k^T) v.   q (..., Tq, D), k (..., Tk, D), v (..., Tk, Dv) -> o (..., Tq, Dv)

    mask: bool, broadcasts to (..., Tq, Tk), True = may attend. causal: query i sees the keys up to n_past + i.
    scale: True for 1 / sqrt(D), False for 1, or a number. p: dropout of the weights.
    return_weights: (o, weights (..., Tq, Tk)) instead of o, after dropout.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import scaled_dot_product_attention
    >>> q, k, v = np.zeros((1, 2)), np.ones((3, 2)), np.array([[1.0], [3.0], [np.nan]])
    >>> o, cache = scaled_dot_product_attention(q, k, v, mask=np.array([[True, True, False]]))
    >>> o
    array([[2.]])
    """
    q, k, v = as_float(q, "q"), as_float(k, "k"), as_float(v, "v")
    shapes = _check_shapes(q, k, v)
    output = np.empty_like(q, shape=(*q.shape[:-1], v.shape[-1]))  # axes as q has them: heads join without a copy
    factor = _scale_of(scale, q.shape[-1])
    q = np.multiply(q, factor, order="C")
    q, k, v = (a.reshape(prod(a.shape[:-2]), *a.shape[-2:]) for a in (q, k, v))
    mask = flat_mask(mask, shapes)
    q, k, v, poison = without_nan(q, k, v) if mask is not None or causal else (q, k, v, None)
    rng = check_random_state(random_state) if p > 0 else None
    o, l, blocks = np.empty((*q.shape[:2], v.shape[2]), v.dtype), np.empty((*q.shape[:2], 1), q.dtype), []
    for batch, rows, keys in _places(q.shape[0], q.shape[1], k.shape[1], causal, n_past):
        E = q[batch, rows] @ k[batch, keys].swapaxes(1, 2)
        hidden = hidden_pairs(mask, batch, rows, keys, n_past if causal else None)
        _exponentiate(E, hidden, None if poison is None else poison[0][batch, rows] | poison[1][batch, :, keys])
        total = row_sums(E)
        total[total == 0] = np.inf  # 0 / inf = 0, forwards and backwards
        dropped, u = dropout(E, p, rng) if p > 0 else (E, None)
        np.matmul(dropped, v[batch, keys], out=o[batch, rows])
        l[batch, rows] = total
        blocks.append(Block(batch, rows, keys, E, u))
    l = l.reshape(*shapes[0][:-1], 1)
    np.divide(o.reshape(output.shape), l, out=output)
    cache = AttentionCache(q, k, v, output, l, blocks, factor, poison is not None, shapes)
    return ((output, _weights(cache)) if return_weights else output), cache


def scaled_dot_product_attention_backward(dy, cache):
    """dL/dq, dL/dk, dL/dv.   dy: do, or (do, dweights) after return_weights=True"""
    q, k, v, o, l, blocks, scale, poisoned, shapes = cache
    do, dweights = dy if isinstance(dy, tuple) else (dy, None)
    unseeing = np.isinf(l)
    n = np.divide(np.where(unseeing, 0, do) if unseeing.any() else do, l, order="C")
    correction = np.einsum("...j,...j->...", n, o).reshape(*q.shape[:2], 1)
    n, l = n.reshape(*q.shape[:2], -1), l.reshape(*q.shape[:2], 1)
    dq, dk, dv = np.empty_like(q), np.empty_like(k), np.empty_like(v)
    for batch, rows, keys, E, u in reversed(blocks):
        dS = n[batch, rows] @ v[batch, keys].swapaxes(1, 2)
        subtracted = correction[batch, rows]
        if dweights is not None:
            extra = dweights.reshape(*q.shape[:2], -1)[batch, rows, keys] / l[batch, rows]
            dS += extra
            subtracted = subtracted + (extra * _dropped(E, u)).sum(axis=-1, keepdims=True) / l[batch, rows]
        if u is not None:
            dS *= u
        dS -= subtracted
        dS *= E
        if poisoned:
            dS[E == 0] = 0  # a NaN in one of the row's gradients stays with the pairs that see it
        is_first = rows.stop == q.shape[1]
        _add(dv[batch], keys, _dropped(E, u).swapaxes(1, 2), n[batch, rows], is_first)
        _add(dk[batch], keys, dS.swapaxes(1, 2), q[batch, rows], is_first)
        np.matmul(dS, k[batch, keys], out=dq[batch, rows])
    dq *= scale
    return tuple(gradient.reshape(shape) for gradient, shape in zip((dq, dk, dv), shapes))


def _check_shapes(q, k, v):
    shapes = q.shape, k.shape, v.shape
    same_batch = len({shape[:-2] for shape in shapes}) == 1
    if min(map(len, shapes)) < 2 or not same_batch or k.shape[-1] != q.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ValueError(
            "q, k, v must have shapes (..., Tq, D), (..., Tk, D), (..., Tk, Dv) with the same leading axes, got "
            + ", ".join(map(str, shapes))
        )
    return shapes


def _scale_of(scale, n_features):
    if scale is True:
        return 1 / sqrt(max(n_features, 1))
    if not isinstance(scale, Real):
        raise ValueError(f"scale must be True, False or a number, got {scale!r}")
    return float(scale) if scale is not False else 1.0


def _places(n_batch, n_queries, n_keys, causal, n_past):
    """Slices (batch, rows, keys) of blocks of about CHUNK pairs that cover all a query may see."""
    rows = ROWS if causal else max(ROWS, CHUNK // max(n_keys, 1))
    for start in range(0, max(n_queries, 1), rows):  # without a query there still is a block, of nothing
        stop = min(start + rows, n_queries)
        last = min(n_keys, n_past + stop) if causal else n_keys
        step = max(1, CHUNK // max((stop - start) * last, 1))
        for first in range(0, n_batch, step):
            yield slice(first, first + step), slice(start, stop), slice(0, last)


def _exponentiate(E, hidden, poison):
    """Scores into exp(S - max S), in place; 0 where hidden. Where all are small, nothing needs to be subtracted."""
    if poison is None and all_small(E):
        np.exp(E, out=E)
        if hidden is not None:
            E *= (~hidden).astype(E.dtype)
        return
    if poison is not None:
        np.copyto(E, np.nan, where=poison)
    if hidden is not None:
        np.copyto(E, -np.inf, where=hidden)
    largest = E.max(axis=-1, keepdims=True, initial=-np.inf)
    largest[largest == -np.inf] = 0
    E -= largest
    np.exp(E, out=E)
    if poison is not None:
        np.copyto(E, 0, where=hidden)  # -inf - NaN


def _dropped(E, u):
    return E if u is None else E * u


def _add(total, keys, a, b, is_first):
    """Total[:, keys] += a b, where `total` holds nothing yet if this is the first product."""
    if is_first:
        np.matmul(a, b, out=total[:, keys])
        total[:, keys.stop :] = 0
    else:
        total[:, keys] += a @ b


def _weights(cache):
    weights = np.zeros((*cache.q.shape[:2], cache.k.shape[1]), cache.q.dtype)
    l = cache.l.reshape(*cache.q.shape[:2], 1)
    for batch, rows, keys, E, u in cache.blocks:
        weights[batch, rows, keys] = _dropped(E, u) / l[batch, rows]
    return weights.reshape(*cache.shapes[0][:-1], -1)


class DotProductAttention(Layer):
    """Attention of queries to keys and values: ``layer(Q, K, V, mask=None)``.

    Parameters
    ----------
    scale : bool or float, default=True
        True divides the scores by sqrt(D), False does not; a number multiplies them.
    dropout : float, default=0
        Probability that a weight is dropped in training.
    causal : bool, default=False
        Query i sees the keys up to i only.
    return_weights : bool, default=False
        Return (output, weights) and take two upstream gradients.
    random_state : None, int, Generator or RandomState
        Draws what is dropped.

    Notes
    -----
    Q (..., Tq, D), K (..., Tk, D), V (..., Tk, Dv) and a mask of bool that broadcasts to (..., Tq, Tk), True = may
    attend. A query that may attend to nothing gives 0. `backward` returns (dQ, dK, dV).

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import DotProductAttention
    >>> Q, K, V = np.ones((1, 4)), np.eye(3, 4), np.arange(3.0)[:, None]
    >>> DotProductAttention()(Q, K, V)
    array([[1.]])
    >>> DotProductAttention()(Q, K, V, np.array([True, True, False]))
    array([[0.5]])
    """

    def __init__(
        self,
        scale: bool | float = True,
        dropout: float = 0.0,
        causal: bool = False,
        return_weights: bool = False,
        random_state=None,
    ):
        _scale_of(scale, 1)
        self.scale, self.dropout, self.causal, self.return_weights = (
            scale,
            check_dropout(dropout),
            causal,
            return_weights,
        )
        self.rng = check_random_state(random_state)

    def _forward(self, Q, K, V, mask=None):
        p = self.dropout if self.training else 0.0
        return scaled_dot_product_attention(
            Q, K, V, mask, self.causal, self.scale, p, self.rng, return_weights=self.return_weights
        )

    def _backward(self, dy, cache):
        return scaled_dot_product_attention_backward(dy, cache), {}

    def _multiply_adds(self, input_shapes, output_shapes):
        q, k, v = input_shapes[:3]
        return prod(q[:-1]) * k[-2] * (q[-1] + v[-1])


def check_dropout(dropout):
    """`dropout` as a probability of attention weights, which must not all be dropped."""
    if not (isinstance(dropout, Real) and 0 <= dropout < 1):
        raise ValueError(f"dropout must be a probability below 1, got {dropout!r}")
    return float(dropout)
