"""n-gram model by maximum likelihood.

Notation of `base`; C(c, w) is the count of the n-gram, C(c) that of its context.

    p(w | c) = C(c, w) / C(c)

A context that never occurred has no estimate: the shorter context that leaves out its first word is taken.

References
----------
Jurafsky & Martin (2024), "Speech and Language Processing", 3rd ed. draft, eq. 3.12.
"""

import numpy as np

from .base import BaseNGram
from .tables import take

__all__ = ["MLENGram"]


class MLENGram(BaseNGram):
    """Relative frequencies.

    Parameters
    ----------
    order : int, default=2
        n.
    unk_cutoff : int, default=1
        Words that occur less often are counted as ``<UNK>``.

    Attributes
    ----------
    vocabulary_ : list of str
        The kept words, ``<UNK>`` and ``</s>``.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import MLENGram
    >>> model = MLENGram(order=2).fit([["a", "b"], ["a", "c"]])
    >>> float(np.exp(model.log_prob("b", ["a"])))
    0.5
    """

    def __init__(self, order=2, unk_cutoff=1):
        self.order = order
        self.unk_cutoff = unk_cutoff

    def _probabilities(self, contexts, words):
        p = np.zeros(len(words))
        for k, context in enumerate(contexts):
            level = self._tables.levels[k]
            total = take(level.totals, context)
            count = take(level.counts, self._tables.find_ngrams(k, context, words))
            p = np.where(total > 0, count / np.where(total > 0, total, 1.0), p)
        return p
