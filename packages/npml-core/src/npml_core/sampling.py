"""Draws from categorical distributions.

The alias method writes a distribution p over n categories as a mixture of n coins of equal weight: coin i shows
category i with probability q_i and category alias_i otherwise. A draw is one coin and one toss, O(1) whatever n.

The coins are filled in one sweep. Let s_i = n p_i. A poor category (s_i < 1) lacks 1 - s_i, which the current rich one
gives; a rich category that has given too much is poor itself, and the next rich one makes up for it. So everything is
read off two running sums, L_i of what the poor lack and E_j of what the rich have too much:

    poor i     q_i = s_i                                  alias: the first rich j with E_j > L_(i-1)
    rich j     q_j = 1 + E_j - L_i, i the first poor category with L_i >= E_j (1 if none)      alias: rich j + 1

Without replacement, the k largest of log p_i + Gumbel noise are k draws one after another from what is left.

Differences from the papers: Vose fills the coins from two stacks, one after another; the sweep gives as good a table
by array operations (Huebschle-Schneider & Sanders).

References
----------
Walker (1977), "An efficient method for generating discrete random variables with general distributions", ACM TOMS 3(3).
Vose (1991), "A linear algorithm for generating random numbers with a given distribution", IEEE Trans. Software
Engineering 17(9), 972-975.
Huebschle-Schneider & Sanders (2022), "Parallel weighted random sampling", ACM TOMS 48(3), section 4.
Efraimidis & Spirakis (2006), "Weighted random sampling with a reservoir", Information Processing Letters 97(5).
"""

from numbers import Integral

import numpy as np

from .numerics import logsumexp
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
        p = _check_logs(p) if log else check_array(p, name="p", dtype=np.float64, ensure_2d=False)
        if p.ndim != 1:
            raise ValueError(f"p must be a vector, got shape {p.shape}")
        if log:
            self._log_p = p - logsumexp(p)
            self.p = np.exp(self._log_p)
        else:
            if p.min() < 0 or not p.any():
                raise ValueError("p must hold weights that are not negative and not all 0")
            with np.errstate(divide="ignore"):
                self._log_p = np.log(p)
            p = p / p.max()  # so that the sum of huge weights stays finite
            self.p = p / p.sum()
        self._share, self._alias = _fill_coins(self.p * len(self.p))

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
        available = np.count_nonzero(self._log_p > -np.inf)
        if k > available:
            raise ValueError(f"size={k} draws without replacement from {available} categories of positive weight")
        keys = self._log_p + rng.gumbel(size=len(self.p))
        best = np.argpartition(-keys, k - 1)[:k] if 0 < k < len(keys) else np.arange(k)
        return best[np.argsort(-keys[best])].astype(np.int64, copy=False)


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
    largest = p.max(axis=1, keepdims=True)
    if not largest.all():
        raise ValueError(f"p must hold a positive weight in every row; row {int(largest.argmin())} has none")
    cumulative = np.cumsum(p / largest, axis=1, dtype=np.float64)
    u = check_random_state(random_state).random((len(p), 1)) * cumulative[:, -1:]
    # u < total may round up to it: the last category of positive weight is the limit
    return np.minimum(np.sum(cumulative <= u, axis=1), np.sum(cumulative < cumulative[:, -1:], axis=1), dtype=np.int64)


def _fill_coins(s):
    """q and alias of the module's notation."""
    is_rich = s >= min(1.0, s.max())  # rounding may leave all of a uniform distribution below 1
    poor, rich = np.flatnonzero(~is_rich), np.flatnonzero(is_rich)
    lack, excess = np.cumsum(1.0 - s[poor]), np.cumsum(s[rich] - 1.0)
    share, alias = np.ones(len(s)), np.arange(len(s))
    before = np.concatenate([[0.0], lack[:-1]])[: len(poor)]
    share[poor] = s[poor]
    alias[poor] = rich[np.minimum(np.searchsorted(excess, before, side="right"), len(rich) - 1)]
    emptied = np.searchsorted(lack, excess)
    done = np.flatnonzero(emptied < len(poor))
    share[rich[done]] = np.clip(1.0 + excess[done] - lack[emptied[done]], 0.0, 1.0)
    alias[rich[:-1]] = rich[1:]
    return share, alias.astype(np.int64, copy=False)


def _check_logs(p):
    """Logarithms of weights: -inf is a weight of 0, so `check_array` sees 0 in its place."""
    p = np.asarray(p)
    absent = p == -np.inf if p.dtype.kind == "f" else np.zeros(p.shape, bool)
    p = check_array(np.where(absent, 0.0, p) if absent.any() else p, name="p", dtype=np.float64, ensure_2d=False)
    if absent.all():
        raise ValueError("p must hold the logarithm of a positive weight, got -inf alone")
    return np.where(absent, -np.inf, p)


def _check_size(size):
    shape = () if size is None else size if isinstance(size, tuple) else (size,)
    if not all(isinstance(n, Integral) and not isinstance(n, bool) and n >= 0 for n in shape):
        raise ValueError(f"size must be None, an int or ints that are not negative, got {size!r}")
    return shape
