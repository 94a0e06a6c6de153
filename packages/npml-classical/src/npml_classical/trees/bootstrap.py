"""Bootstrap samples that know what a weight is.

References
----------
Efron (1979), "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1-26.
https://doi.org/10.1214/aos/1176344552
"""

from numbers import Integral

import numpy as np

from .options import check_count, check_number

__all__ = ["Bootstrap"]

MAX_ROWS = 2**24  # sum of whole-number weights up to which they count as repeated rows


class Bootstrap:
    """Draws samples with replacement, each with a chance in proportion to its weight.

    A whole-number weight w is the same as w rows: as many are drawn as the weights add up to, and from rows in an order
    of their own, that of a hash of their contents. Otherwise as many are drawn as there are rows.

    Parameters
    ----------
    X, y : ndarray
        Samples and (numeric) targets.
    weight : ndarray or None
        Their weights.
    max_samples : int, float or None
        How many are drawn: a count, a share, or None for all.
    """

    def __init__(self, X, y, weight, max_samples):
        self.n_samples, self._share = len(X), None
        self._rows = np.lexsort([y, _row_hash(X)])
        if weight is not None:
            if (weight == np.floor(weight)).all() and weight.sum() <= MAX_ROWS:
                self._rows = self._rows.repeat(weight[self._rows].astype(np.int64))
            else:
                self._share = weight / weight.sum()
        self.size = self._count(max_samples, len(self._rows))

    def _count(self, max_samples, n):
        if max_samples is None:
            return n
        if isinstance(max_samples, Integral) and not isinstance(max_samples, bool):
            if check_count("max_samples", max_samples, 1) > n:
                raise ValueError(f"max_samples must be at most the number of samples, {n}, got {max_samples}")
            return int(max_samples)
        return max(1, round(n * check_number("max_samples", max_samples, 0.0, 1.0, exclusive=True)))

    def draw(self, rng):
        """How often each sample is drawn, (n_samples,)."""
        if self._share is None:
            rows = self._rows[rng.integers(len(self._rows), size=self.size)]
        else:
            rows = rng.choice(self.n_samples, size=self.size, p=self._share)
        return np.bincount(rows, minlength=self.n_samples)


def _row_hash(X):
    """A number for every row of X that depends on its values alone."""
    bits = np.where(np.isnan(X), np.nan, X + 0.0).astype(np.float64).view(np.uint64)
    factors = np.random.default_rng(0).integers(2**63, size=X.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    mixed = (bits ^ (bits >> np.uint64(32))) * factors
    return (mixed ^ (mixed >> np.uint64(29))).sum(axis=1, dtype=np.uint64)
