"""Embedding: a table of vectors, one for each token; rows are looked up, and summed or averaged if asked.

ids (..., T) of int below V, W (V, D) -> y (..., T, D), y[..., t, :] = W[ids[..., t]]; with pool the sum or mean over t,
(..., D), where the mean over no token is 0.

    backward    dW[v] = sum of dy over the places where v stood

With O a sparse matrix of M rows, one for each place, and a single 1 in each, y = O W and dW = O^T dy: written as a
sparse product the scattered sum is several times faster than `np.add.at`. O(M D) forwards, O(M D + V D) backwards.

References: Bengio et al. (2003), A neural probabilistic language model, section 2, JMLR 3.
"""

from typing import NamedTuple

import numpy as np

from npml_core import check_random_state

from ..initializers import get_initializer
from .base import Layer
from .elementwise import get_activation
from .parameters import check_sizes, float_dtype

__all__ = ["Embedding", "embedding", "embedding_backward"]

POOLS = (None, "sum", "mean")


class EmbeddingCache(NamedTuple):
    """ids (..., T), the number V of rows of W, and the pool."""

    ids: np.ndarray
    n_tokens: int
    pool: str | None


def embedding(ids, W, pool=None):
    """y = W[ids].   ids (..., T), W (V, D) -> (..., T, D); pool "sum" or "mean" over the last axis of ids -> (..., D)

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn.functional import embedding
    >>> W = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    >>> embedding([[0, 2], [1, 1]], W, pool="mean")[0]
    array([[ 2.5, 25. ],
           [ 2. , 20. ]])
    """
    ids = _check_ids(ids, len(W))
    if pool not in POOLS:
        raise ValueError(f"pool must be one of {POOLS}, got {pool!r}")
    if pool is not None and ids.ndim == 0:
        raise ValueError(f"ids must have an axis to pool over, got the single id {ids}")
    y = W.take(ids, axis=0)
    if pool is not None:
        y = y.sum(axis=-2)
    if pool == "mean":
        y /= max(ids.shape[-1], 1)
    return y, EmbeddingCache(ids, len(W), pool)


def embedding_backward(dy, cache):
    """dL/dW[v] = sum of dy over the places where v stood (ids have no gradient)."""
    from scipy.sparse import csc_matrix

    ids, n_tokens, pool = cache
    if pool == "mean":
        dy = dy / dy.dtype.type(max(ids.shape[-1], 1))
    if pool is not None:
        dy = np.broadcast_to(dy[..., None, :], (*ids.shape, dy.shape[-1]))
    rows = dy.reshape(ids.size, dy.shape[-1])
    transposed = csc_matrix((np.ones(ids.size, dy.dtype), ids.ravel(), np.arange(ids.size + 1)), (n_tokens, ids.size))
    return transposed @ rows


def _check_ids(ids, n_tokens):
    ids = np.asarray(ids)
    if ids.dtype.kind not in "iu" and ids.size:
        raise TypeError(f"ids must be integers, got dtype {ids.dtype}")
    for extreme in (ids.min(), ids.max()) if ids.size else ():
        if not 0 <= extreme < n_tokens:
            raise ValueError(f"ids must be from 0 to {n_tokens - 1} (n_tokens = {n_tokens}), got {extreme}")
    return ids.astype(np.int64, copy=False)


class Embedding(Layer):
    """A trained vector for each token.

    Parameters
    ----------
    n_tokens : int
        Ids are 0 .. n_tokens - 1.
    dim : int
        Numbers in each vector.
    pool : {None, "sum", "mean"}, default=None
        How to join the vectors along the last axis of the ids, if at all.
    activation : str, layer, layer class, callable or None, default=None
        Applied to the output.
    init : str or callable, default="normal"
        Draws W: a name of `npml_nn.initializers`, or ``f(shape, random_state=None)``.
    dtype : {float32, float64}, default=float32
        Of W and the results.
    random_state : None, int, Generator or RandomState
        Draws W.

    Raises
    ------
    ValueError
        When an id is out of range; it names the id.

    Examples
    --------
    >>> from npml_nn import Embedding
    >>> layer = Embedding(100, 8, random_state=0)
    >>> layer([[1, 2, 3], [4, 4, 99]]).shape
    (2, 3, 8)
    >>> Embedding(100, 8, pool="sum", random_state=0)([[1, 2, 3]]).shape
    (1, 8)
    """

    input_dtype = np.int64

    def __init__(
        self,
        n_tokens: int,
        dim: int,
        pool: str | None = None,
        activation=None,
        init="normal",
        dtype=np.float32,
        random_state=None,
    ):
        check_sizes(n_tokens=n_tokens, dim=dim)
        if pool not in POOLS:
            raise ValueError(f"pool must be one of {POOLS}, got {pool!r}")
        self.n_tokens, self.dim, self.pool = n_tokens, dim, pool
        self.activation = get_activation(activation)
        draw = get_initializer(init, self.activation)
        W = draw((n_tokens, dim), random_state=check_random_state(random_state))
        self.add_param("W", np.asarray(W, float_dtype(dtype)))

    def _cast(self, x):
        return x if np.asarray(x).dtype.kind in "iu" or np.size(x) == 0 else super()._cast(x)

    def _forward(self, ids):
        return embedding(ids, self.W, self.pool)

    def _backward(self, dy, cache):
        return None, {"W": embedding_backward(dy, cache)}
