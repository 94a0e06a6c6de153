"""Simple Good-Turing smoothing.

Notation of `base`; N_r is the number of different n-grams that occur r times, N = sum_r r N_r.

    unseen      p0 = N_1 / N                                      the share of everything that never occurred
    smoothing   Z_r = 2 N_r / (t - q), with q and t the neighbouring r;   log Z = a + b log r  by least squares
    Turing      x_r = (r + 1) N_{r+1} / N_r
    linear      y_r = r (1 + 1 / r)^(b + 1)
    r*          x_r as long as |x_r - y_r| > conf sd(x_r), from the first r on where not: y_r
                var(x_r) = (r + 1)^2 N_{r+1} / N_r^2 (1 + N_{r+1} / N_r)

The counts are those of the whole table of the order in question; probabilities are made for each context by itself:
seen words share 1 - p0 in proportion to r*, unseen ones share p0 evenly, and where all words have been seen there is
nothing to give away. A context that never occurred leaves everything to the shorter one (and its own table). If every
n-gram occurred once, p0 = N / (N + 1).

References
----------
Gale & Sampson (1995), "Good-Turing frequency estimation without tears", J. Quantitative Linguistics 2(3), 217-237.
Good (1953), "The population frequencies of species and the estimation of population parameters", Biometrika 40.
"""

from numbers import Real

import numpy as np

from .base import BaseNGram
from .tables import take

__all__ = ["GoodTuringNGram"]


class GoodTuringNGram(BaseNGram):
    """Counts adjusted by how many n-grams occurred once, twice, ...

    Parameters
    ----------
    order : int, default=2
        n.
    conf : float, default=1.96
        Standard deviations by which Turing's estimate must differ from the linear one to be used (1.96: at 5 %).
    unk_cutoff : int, default=1
        Words that occur less often are counted as ``<UNK>``.

    Attributes
    ----------
    vocabulary_ : list of str
        The kept words, ``<UNK>`` and ``</s>``.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import GoodTuringNGram
    >>> model = GoodTuringNGram(order=2).fit([["a", "b"], ["a", "c"], ["a", "b"]])
    >>> round(float(sum(np.exp(log_p) for _, log_p in model.completions(["a"]))), 12)
    1.0
    """

    def __init__(self, order=2, conf=1.96, unk_cutoff=1):
        self.order = order
        self.conf = conf
        self.unk_cutoff = unk_cutoff

    def _prepare(self, tables):
        """For each level: r* of every n-gram, their sums by context, and p0."""
        prepared = []
        for level in tables.levels:
            adjusted, p0 = simple_good_turing(level.counts, self.conf)
            owner = level.keys // tables.size
            prepared.append((adjusted, np.bincount(owner, weights=adjusted, minlength=len(level.context_keys)), p0))
        return prepared

    def _probabilities(self, contexts, words):
        V = len(self.vocabulary_)
        p = np.full(len(words), 1.0 / V)
        for k, context in enumerate(contexts):
            adjusted, totals, p0 = self._prepared[k]
            place = self._tables.find_ngrams(k, context, words)
            total, n_seen = take(totals, context), take(self._tables.levels[k].distinct, context)
            given_away = np.where(n_seen < V, p0, 0.0)
            seen = (1.0 - given_away) * take(adjusted, place) / np.where(total > 0, total, 1.0)
            unseen = given_away / np.maximum(V - n_seen, 1)
            p = np.where(total > 0, np.where(place >= 0, seen, unseen), p)
        return p

    def _check_options(self):
        super()._check_options()
        if isinstance(self.conf, bool) or not isinstance(self.conf, Real) or not 0 <= self.conf < np.inf:
            raise ValueError(f"conf must be a finite number that is not negative, got {self.conf!r}")


def simple_good_turing(counts, conf):
    """r* for every count, and p0.

    Parameters
    ----------
    counts : ndarray (n,)
        How often each thing occurred, at least once.
    conf : float
        Standard deviations.

    Returns
    -------
    adjusted : ndarray (n,)
        r*.
    p0 : float
        Probability of all things that never occurred, below 1.
    """
    r, place, N_r = np.unique(counts, return_inverse=True, return_counts=True)
    N = r @ N_r
    p0 = N_r[0] / N if r[0] == 1 else 0.0
    if p0 == 1.0:
        p0 = N / (N + 1.0)
    slope = _slope(r, N_r)
    linear = r * (1.0 + 1.0 / r) ** (slope + 1.0)
    following = np.where(np.append(r[1:], -1) == r + 1, np.append(N_r[1:], 0), 0)
    turing = (r + 1.0) * following / N_r
    deviation = (r + 1.0) / N_r * np.sqrt(following * (1.0 + following / N_r))
    # from the first r on that lacks a successor or is not significantly different, the linear estimate is used
    use_turing = (following > 0) & (np.abs(turing - linear) > conf * deviation)
    use_turing = np.logical_and.accumulate(use_turing)
    return np.where(use_turing, turing, linear)[place], float(p0)


def _slope(r, N_r):
    """b of the regression of log Z on log r; -1 (r* = r) where there is one r only."""
    if len(r) < 2:
        return -1.0
    before = np.append(0.0, r[:-1])
    after = np.append(r[1:], 2.0 * r[-1] - before[-1])
    x, z = np.log(r), np.log(2.0 * N_r / (after - before))
    x = x - x.mean()
    return float(x @ (z - z.mean()) / (x @ x))
