"""Draws from categorical distributions.

The alias method writes a distribution p over n categories as a mixture of n coins of equal weight: coin i shows
category i with probability q_i and category alias_i otherwise. A draw is one category and one coin, O(1) whatever n.
The tables are filled by giving what a rich category (n p_i > 1) has too much to a poor one, O(n) in all.

Without replacement, the k largest of log p_i + Gumbel noise are k draws one after another from what is left.

References
----------
Walker (1977), "An efficient method for generating discrete random variables with general distributions", ACM TOMS 3(3).
Vose (1991), "A linear algorithm for generating random numbers with a given distribution", IEEE Trans. Software
Engineering 17(9), 972-975.
Efraimidis & Spirakis (2006), "Weighted random sampling with a reservoir", Information Processing Letters 97(5).
"""

from numbers import Integral

import numpy as np

from .persistence import Storable
from .validation import check_array, check_random_state

__all__ = ["AliasSampler", "categorical"]


class AliasSampler(Storable):
    """Draws category i with probability p_i, in constant time.

    Parameters
    ----------
    p : array-like (n,)
        Probabilities, or weights in proportion to them: not negative, not all 0.
    log : bool, default=False
        Whether `p` holds their logarithms.

    Raises
    ------
    ValueError
        For an empty `p`, negative, infinite or NaN weights, or zeros only.

    Examples
    --------
    >>> from npml_core import AliasSampler
    >>> sampler = AliasSampler([0.0, 1.0, 0.0])
    >>> sampler.sample(4, random_state=0)
    array([1, 1, 1, 1])
    """

    def __init__(self, p, log=False):
        p = np.asarray(p, dtype=np.float64)
        if p.ndim != 1 or not len(p):
            raise ValueError(f"p must be a non-empty vector, got shape {p.shape}")
        if log:
            if np.isnan(p).any() or p.max() == np.inf or p.max() == -np.inf:
                raise ValueError("p must hold logarithms of weights: no NaN, no inf, not -inf only")
            p = np.exp(p - p.max())
        p = check_array(p, name="p", ensure_2d=False)
        if p.min() < 0 or not p.any():
            raise ValueError("p must hold weights that are not negative and not all 0")
        p = p / p.max()  # so that the sum of huge weights stays finite
        self.p = p / p.sum()
        self._share, self._alias = _fill_tables(self.p)

    def sample(self, size=None, random_state=None, replace=True):
        """Draw categories.

        Parameters
        ----------
        size : int, tuple of int or None, default=None
            Shape of the result; None is a single int.
        random_state : None, int, Generator or RandomState
            Draws them.
        replace : bool, default=True
            Whether a category may come again.

        Returns
        -------
        int or ndarray of int64

        Raises
        ------
        ValueError
            For a negative size, or more draws without replacement than there are categories of positive weight.
        """
        rng = check_random_state(random_state)
        shape = _check_size(size)
        if replace:
            cells = rng.integers(len(self.p), size=shape)
            draws = np.where(rng.random(shape) < self._share[cells], cells, self._alias[cells])
        else:
            draws = self._without_replacement(int(np.prod(shape, dtype=np.int64)), rng).reshape(shape)
        return int(draws) if size is None else draws

    def _without_replacement(self, k, rng):
        available = np.count_nonzero(self.p)
        if k > available:
            raise ValueError(f"size={k} draws without replacement from {available} categories of positive weight")
        with np.errstate(divide="ignore"):
            keys = np.log(self.p) + rng.gumbel(size=len(self.p))
        return np.argsort(-keys, kind="stable")[:k]


def categorical(p, random_state=None):
    """Draw one category for every row of probabilities.

    Parameters
    ----------
    p : array-like (n, K)
        Probabilities or weights of the categories, a row for each draw.
    random_state : None, int, Generator or RandomState
        Draws them.

    Returns
    -------
    ndarray of int64 (n,)

    Raises
    ------
    ValueError
        For negative, infinite or NaN weights, or a row of zeros.

    Examples
    --------
    >>> from npml_core.sampling import categorical
    >>> categorical([[0.0, 1.0], [1.0, 0.0]], random_state=0)
    array([1, 0])
    """
    p = check_array(p, name="p")
    if p.min() < 0:
        raise ValueError("p must not hold negative weights")
    cumulative = np.cumsum(p, axis=1, dtype=np.float64)
    total = cumulative[:, -1]
    if not total.all():
        raise ValueError(f"p must hold a positive weight in every row; row {int(total.argmin())} has none")
    u = check_random_state(random_state).random(len(p)) * total
    # u < total may round up to it: the last category of positive weight is the limit
    return np.minimum((cumulative <= u[:, None]).sum(axis=1), p.shape[1] - 1 - (p[:, ::-1] > 0).argmax(axis=1))


def _fill_tables(p):
    n = len(p)
    share = p * n
    alias = np.full(n, int(p.argmax()), dtype=np.int64)
    poor = np.flatnonzero(share < 1.0).tolist()
    rich = np.flatnonzero(share >= 1.0).tolist()
    left = share.tolist()
    while poor and rich:
        i, j = poor.pop(), rich[-1]
        alias[i] = j
        left[j] -= 1.0 - left[i]
        if left[j] < 1.0:
            poor.append(rich.pop())
    share = np.asarray(left)
    # what is left over is 1 up to rounding, unless it is a category that must never come
    rest = np.asarray(poor + rich, dtype=np.int64)
    share[rest] = p[rest] > 0
    return share, alias


def _check_size(size):
    shape = () if size is None else size if isinstance(size, tuple) else (size,)
    if not all(isinstance(n, Integral) and not isinstance(n, bool) and n >= 0 for n in shape):
        raise ValueError(f"size must be None, an int or ints that are not negative, got {size!r}")
    return shape
