"""TransformerBlock: attention, then the same small network at every place, each around a shortcut with layer norm.

x, y (N, T, D), A multi-head attention, F(x) = act(x W_1 + b_1) W_2 + b_2 with D -> d_ff -> D:

    norm first ("pre-norm")    x' = x + A(norm1(x))       y = x' + F(norm2(x'))
    norm last (the paper)      x' = norm1(x + A(x))       y = norm2(x' + F(x'))

with dropout of attention weights, of A's output, of act(...) and of F's output. O(N T (D^2 + D d_ff) + N T^2 D).

References: Vaswani et al. (2017), Attention is all you need, section 3.1, https://arxiv.org/abs/1706.03762. Xiong et
al. (2020), On layer normalization in the transformer architecture, https://arxiv.org/abs/2002.04745 (norm first).
"""

import numpy as np

from npml_core import check_random_state

from ..layers.base import Layer
from ..layers.dense import Dense
from ..layers.dropout import Dropout
from ..layers.layer_norm import LayerNorm
from .attention import KeyValueCache, MultiHeadAttention

__all__ = ["TransformerBlock"]


class TransformerBlock(Layer):
    """One layer of a transformer: ``block(x, mask=None)``; causal ones are a decoder's.

    Parameters
    ----------
    d_model : int
        Features of x and of y.
    n_heads : int
        Of the attention; divides `d_model`.
    d_ff : int, optional
        Features between the two dense layers; by default 4 d_model.
    dropout : float, default=0
        Probability of zero in training, in all four places.
    causal : bool, default=False
        Whether a place sees only itself and what came before.
    activation : str, layer, layer class, callable, default="gelu"
        Between the two dense layers.
    norm_first : bool, default=True
        Normalise before attention and dense layers, not after the sums.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights and what is dropped.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import TransformerBlock
    >>> block = TransformerBlock(8, n_heads=2, causal=True, random_state=0)
    >>> x = np.random.default_rng(0).normal(size=(3, 5, 8))
    >>> block(x).shape
    (3, 5, 8)
    >>> block.n_parameters
    872
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int | None = None,
        dropout: float = 0.0,
        causal: bool = False,
        activation="gelu",
        norm_first: bool = True,
        dtype=np.float32,
        random_state=None,
    ):
        rng = check_random_state(random_state)
        self.d_model, self.n_heads, self.d_ff = d_model, n_heads, 4 * d_model if d_ff is None else d_ff
        self.causal, self.norm_first = causal, norm_first
        self.attention = MultiHeadAttention(d_model, n_heads, dropout, causal, dtype=dtype, random_state=rng)
        self.norm1, self.norm2 = LayerNorm(d_model, dtype=dtype), LayerNorm(d_model, dtype=dtype)
        self.dense1 = Dense(d_model, self.d_ff, activation, dtype=dtype, random_state=rng)
        if self.dense1.activation is not None and not isinstance(activation, Layer):
            self.dense1.activation._in_place = True  # a block has no second derivatives
        self.dense2 = Dense(self.d_ff, d_model, dtype=dtype, random_state=rng)
        self.dropout1, self.dropout_ff, self.dropout2 = (Dropout(dropout, random_state=rng) for _ in range(3))

    def new_cache(self, n: int, length: int) -> KeyValueCache:
        """Return an empty cache for `n` sequences of at most `length` tokens."""
        return self.attention.new_cache(n, length)

    def forward_cached(self, x, cache: KeyValueCache) -> np.ndarray:
        """As `MultiHeadAttention.forward_cached`: the outputs of further tokens, in evaluation mode."""
        if self.training:
            raise RuntimeError("forward_cached() is for evaluation, where nothing is dropped: call eval() first")
        x = self.attention._cast(x)
        return self._run(x, lambda h: self.attention.forward_cached(h, cache))

    def _forward(self, x, mask=None):
        return self._run(x, lambda h: self.attention.forward(h, mask=mask)), None

    def _run(self, x, attend):
        if self.norm_first:
            x = _plus(self.dropout1(attend(self.norm1(x))), x)
            return _plus(self._feed_forward(self.norm2(x)), x)
        x = self.norm1(_plus(self.dropout1(attend(x)), x))
        return self.norm2(_plus(self._feed_forward(x), x))

    def _feed_forward(self, x):
        return self.dropout2(self.dense2(self.dropout_ff(self.dense1(x))))

    def _backward(self, dy, cache):
        if self.norm_first:
            dx = _plus(self.norm2.backward(self._feed_forward_backward(dy)), dy)
            return _plus(self.norm1.backward(self.attention.backward(self.dropout1.backward(dx))), dx), {}
        dy = self.norm2.backward(dy)
        dx = self.norm1.backward(_plus(self._feed_forward_backward(dy), dy))
        return _plus(self.attention.backward(self.dropout1.backward(dx)), dx), {}

    def _feed_forward_backward(self, dy):
        return self.dense1.backward(self.dropout_ff.backward(self.dense2.backward(self.dropout2.backward(dy))))


def _plus(branch, x):
    """Return the sum, in the place of what the branch has just made, which no cache holds."""
    branch += x
    return branch
