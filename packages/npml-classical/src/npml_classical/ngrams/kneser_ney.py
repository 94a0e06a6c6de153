"""Interpolated Kneser-Ney smoothing.

Notation of `base`; C counts n-grams, N1+ counts different symbols: N1+(. c w) those that stand before (c, w), N1+(c
.) those that follow c, N1+(. c .) the pairs of both. d is the discount, c' the context without its first word.

    highest order   p(w | c) = max(C(c, w) - d, 0) / C(c)              + d N1+(c .) / C(c)       p(w | c')
    below           p(w | c) = max(N1+(. c w) - d, 0) / N1+(. c .)     + d N1+(c .) / N1+(. c .) p(w | c')
    unigrams        p(w)     = max(N1+(. w) - d, 0) / N1+(. .)         + d T / N1+(. .)          1 / V

with T the number of words whose continuation count is positive. A context that never occurred leaves everything to the
shorter one. Mixing with 1 / V at the end makes every word of the vocabulary possible.

References
----------
Kneser & Ney (1995), "Improved backing-off for m-gram language modeling", ICASSP, 181-184.
Chen & Goodman (1999), "An empirical study of smoothing techniques for language modeling", Computer Speech and Language
13(4), section 2.7.
"""

from numbers import Real

import numpy as np

from .base import BaseNGram
from .tables import take

__all__ = ["KneserNeyNGram"]


class KneserNeyNGram(BaseNGram):
    """Discounted counts, interpolated with how many contexts a word continues.

    Parameters
    ----------
    order : int, default=2
        n.
    discount : float, default=0.1
        d, between 0 and 1.
    unk_cutoff : int, default=1
        Words that occur less often are counted as ``<UNK>``.

    Attributes
    ----------
    vocabulary_ : list of str
        The kept words, ``<UNK>`` and ``</s>``.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import KneserNeyNGram
    >>> model = KneserNeyNGram(order=2).fit([["a", "b"], ["a", "c"]])
    >>> round(float(sum(np.exp(log_p) for _, log_p in model.completions(["a"]))), 12)
    1.0
    """

    def __init__(self, order=2, discount=0.1, unk_cutoff=1):
        self.order = order
        self.discount = discount
        self.unk_cutoff = unk_cutoff

    def _probabilities(self, contexts, words):
        p = np.full(len(words), 1.0 / len(self.vocabulary_))
        for k, context in enumerate(contexts):
            level = self._tables.levels[k]
            counts, totals = level.counts, level.totals
            if k < self.order - 1:
                counts, totals = level.continuations, level.continuation_totals
            total = take(totals, context)
            safe = np.where(total > 0, total, 1.0)
            count = take(counts, self._tables.find_ngrams(k, context, words))
            share = self.discount * take(level.distinct, context) / safe
            p = np.where(total > 0, np.maximum(count - self.discount, 0.0) / safe + share * p, p)
        return p

    def _check_options(self):
        super()._check_options()
        d = self.discount
        if isinstance(d, bool) or not isinstance(d, Real) or not 0 < d < 1:
            raise ValueError(f"discount must be a number between 0 and 1, got {d!r}")
