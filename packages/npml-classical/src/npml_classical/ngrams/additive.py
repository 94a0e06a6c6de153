"""n-gram model with additive smoothing (Lidstone; Laplace with alpha = 1).

Notation of `base`; C(c, w) is the count of the n-gram, C(c) that of its context, V the size of the vocabulary.

    p(w | c) = (C(c, w) + alpha) / (C(c) + alpha V)

References
----------
Jurafsky & Martin (2024), "Speech and Language Processing", 3rd ed. draft, section 3.6.
Lidstone (1920), "Note on the general case of the Bayes-Laplace formula", Trans. Faculty of Actuaries 8, 182-192.
"""

from numbers import Real

import numpy as np

from .base import BaseNGram
from .tables import take

__all__ = ["AdditiveNGram"]


class AdditiveNGram(BaseNGram):
    """Counts to which a constant is added.

    Parameters
    ----------
    order : int, default=2
        n.
    alpha : float, default=1.0
        What is added to every count, positive.
    unk_cutoff : int, default=1
        Words that occur less often are counted as ``<UNK>``.

    Attributes
    ----------
    vocabulary_ : list of str
        The kept words, ``<UNK>`` and ``</s>``.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import AdditiveNGram
    >>> model = AdditiveNGram(order=2, alpha=0.5).fit([["a", "b"], ["a", "c"]])
    >>> round(float(np.exp(model.log_prob("b", ["a"]))), 4)  # (1 + 0.5) / (2 + 5 * 0.5)
    0.3333
    """

    def __init__(self, order=2, alpha=1.0, unk_cutoff=1):
        self.order = order
        self.alpha = alpha
        self.unk_cutoff = unk_cutoff

    def _probabilities(self, contexts, words):
        k, context = len(contexts) - 1, contexts[-1]
        level = self._tables.levels[k]
        total = take(level.totals, context)
        count = take(level.counts, self._tables.find_ngrams(k, context, words))
        return (count + self.alpha) / (total + self.alpha * len(self.vocabulary_))

    def _check_options(self):
        super()._check_options()
        if isinstance(self.alpha, bool) or not isinstance(self.alpha, Real) or not 0 < self.alpha < np.inf:
            raise ValueError(f"alpha must be a positive number, got {self.alpha!r}")
