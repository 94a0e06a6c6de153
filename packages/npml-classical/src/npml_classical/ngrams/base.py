"""What all n-gram models share: vocabulary, padding, scoring, generation.

Notation: a sentence w_1 .. w_T is padded with n - 1 symbols <s> before it and one </s> after it; each of w_1 .. w_T and
</s> is predicted from the n - 1 symbols before it. <s> is never predicted.

    score = mean over all predicted tokens of log p(w_t | w_{t-n+1} .. w_{t-1})
    cross entropy = -score (nats a token),      perplexity = exp(cross entropy)

Words that occur fewer than `unk_cutoff` times are counted as <UNK>, and so is every unknown word.

References
----------
Jurafsky & Martin (2024), "Speech and Language Processing", 3rd ed. draft, chapter 3.
"""

from collections import Counter
from itertools import chain
from numbers import Integral

import numpy as np

from npml_core import BaseEstimator, check_is_fitted, check_random_state

from .tables import Tables, compress

START, END, UNKNOWN = "<s>", "</s>", "<UNK>"


class BaseNGram(BaseEstimator):
    """Everything but the probabilities; a subclass gives `_prepare()` and `_probabilities(contexts, words)`."""

    _tags = {"two_d": False, "string": True}

    def fit(self, sentences, y=None):
        """Count the n-grams of a corpus.

        Parameters
        ----------
        sentences : iterable of lists of str
            Tokenised sentences.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            For an empty corpus, a sentence that is a string, or the token ``<s>`` inside one.
        """
        self._check_options()
        return self._take_in(_check_sentences(sentences), Counter(), None)

    def partial_fit(self, sentences, y=None):
        """Count more sentences: the result is that of `fit` on all of them.

        Parameters
        ----------
        sentences : iterable of lists of str
            Tokenised sentences.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        self
        """
        self._check_options()
        if not hasattr(self, "vocabulary_"):
            return self.fit(sentences)
        return self._take_in(_check_sentences(sentences), Counter(self._word_counts), (self._windows, self._counts))

    def log_prob(self, word, context):
        """Natural logarithm of p(word | context).

        Parameters
        ----------
        word : str
            The word; ``</s>`` is the end of a sentence, ``<s>`` has probability 0.
        context : sequence of str
            The words before it; only the last n - 1 count, and with fewer it is the model of that order.

        Returns
        -------
        float
            -inf for probability 0.
        """
        check_is_fitted(self)
        if word == START:
            return -np.inf
        history = self._encode_context(context)
        p = self._probabilities(self._tables.find_contexts(history), np.array([self._encode_word(word)]))
        with np.errstate(divide="ignore"):
            return float(np.log(p[0]))

    def score(self, sentences, y=None):
        """Mean log-probability of a token (the ends of the sentences are tokens).

        Parameters
        ----------
        sentences : iterable of lists of str
            Tokenised sentences.
        y : ignored
            There so that pipelines can pass it.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        words = self._lookup
        unknown = words[UNKNOWN]
        windows = _windows(_check_sentences(sentences), lambda word: words.get(word, unknown), self.order, len(words))
        p = self._probabilities(self._tables.find_contexts(windows[:, :-1]), windows[:, -1])
        with np.errstate(divide="ignore"):
            return float(np.log(p).mean())

    def cross_entropy(self, sentences):
        """Minus `score`: nats a token.

        Parameters
        ----------
        sentences : iterable of lists of str
            Tokenised sentences.

        Returns
        -------
        float
        """
        return -self.score(sentences)

    def perplexity(self, sentences):
        """exp of the cross entropy.

        Parameters
        ----------
        sentences : iterable of lists of str
            Tokenised sentences.

        Returns
        -------
        float
        """
        return float(np.exp(self.cross_entropy(sentences)))

    def completions(self, context):
        """What may follow a context.

        Parameters
        ----------
        context : sequence of str
            The words before.

        Returns
        -------
        list of (str, float)
            Words of positive probability and the logarithm of it, best first.
        """
        p = self._distribution(self._encode_context(context))
        order = np.argsort(-p, kind="stable")
        order = order[p[order] > 0]
        return list(zip([self.vocabulary_[i] for i in order], np.log(p[order]).tolist()))

    def generate(self, random_state=None, max_words=50, seed_words=()):
        """Draw a sentence word by word.

        Parameters
        ----------
        random_state : None, int, Generator or RandomState
            Draws it.
        max_words : int, default=50
            Words at most, those of the seed included.
        seed_words : sequence of str, default=()
            How the sentence begins.

        Returns
        -------
        list of str
            Without ``<s>`` and ``</s>``.
        """
        check_is_fitted(self)
        if isinstance(max_words, bool) or not isinstance(max_words, Integral) or max_words < 1:
            raise ValueError(f"max_words must be a positive int, got {max_words!r}")
        rng = check_random_state(random_state)
        sentence = list(seed_words)
        while len(sentence) < max_words:
            p = self._distribution(self._encode_context([START] * (self.order - 1) + sentence))
            word = self.vocabulary_[int(np.searchsorted(np.cumsum(p) / p.sum(), rng.random(), side="right"))]
            if word == END:
                break
            sentence.append(word)
        return sentence

    def _distribution(self, history):
        """p of all words of the vocabulary (V,)."""
        check_is_fitted(self)
        words = np.arange(len(self.vocabulary_))
        contexts = [np.broadcast_to(found, len(words)) for found in self._tables.find_contexts(history)]
        return self._probabilities(contexts, words)

    def _take_in(self, sentences, counts, old):
        """Count sentences on top of what was counted before: words as they are, so that the cut-off may move."""
        counts.update(chain.from_iterable(sentences))
        every = list(counts)
        number = {word: i for i, word in enumerate(every)}
        fresh = _windows(sentences, number.__getitem__, self.order, len(every), end=len(every) + 1)
        windows, weights = fresh, np.ones(len(fresh))
        if old is not None:  # the symbols <s> and </s> have moved up behind the new words
            moved = old[0] + np.where(old[0] >= len(self._word_counts), len(every) - len(self._word_counts), 0)
            windows, weights = np.concatenate([moved, fresh]), np.concatenate([old[1], weights])
        windows, weights = compress(windows, weights)

        kept = sorted(w for w, c in counts.items() if c >= self.unk_cutoff and w not in (UNKNOWN, END))
        vocabulary = [*kept, UNKNOWN, END]
        lookup = {word: i for i, word in enumerate(vocabulary)}
        unknown, V = lookup[UNKNOWN], len(vocabulary)
        renumber = np.array([*(lookup.get(word, unknown) for word in every), V, lookup[END]], dtype=np.int64)
        tables = Tables(*compress(renumber[windows], weights), V + 1)
        prepared = self._prepare(tables)

        self.vocabulary_, self._lookup = vocabulary, lookup
        self._word_counts, self._windows, self._counts = dict(counts), windows, weights
        self._tables, self._prepared = tables, prepared
        return self

    def _encode_word(self, word):
        return self._lookup.get(word, self._lookup[UNKNOWN])

    def _encode_context(self, context):
        check_is_fitted(self)
        if isinstance(context, str):
            raise TypeError(f"context must be a sequence of words, got the string {context!r}")
        context = list(context)[max(0, len(context) - self.order + 1) :] if self.order > 1 else []
        V = len(self.vocabulary_)
        return np.array([[V if word == START else self._encode_word(word) for word in context]], dtype=np.int64)

    def _prepare(self, tables):
        return None

    def _check_options(self):
        for name in ("order", "unk_cutoff"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name} must be a positive int, got {value!r}")

    def _get_state(self):
        """Tables are made again from the windows when the model is loaded."""
        return {k: v for k, v in self.__dict__.items() if k not in ("_tables", "_prepared", "_lookup")}

    def _set_state(self, state):
        self.__dict__.update(state)
        if "_windows" in state:
            self._take_in([], Counter(self._word_counts), (self._windows, self._counts))


def _windows(sentences, encode, order, start, end=None):
    """The n symbols that end at each predicted token (n_tokens, order)."""
    end = encode(END) if end is None else end
    symbols, predicted = [], []
    for sentence in sentences:
        symbols += [start] * (order - 1)
        symbols += map(encode, sentence)
        symbols.append(end)
        predicted.append(len(sentence) + 1)
    lengths = np.array(predicted, dtype=np.int64)
    if not len(lengths):
        return np.empty((0, order), np.int64)
    ends = np.cumsum(lengths + order - 1) - lengths
    places = np.arange(lengths.sum()) + np.repeat(ends - (np.cumsum(lengths) - lengths), lengths)
    windows = np.lib.stride_tricks.sliding_window_view(np.array(symbols, dtype=np.int64), order)
    return windows[places - order + 1]


def _check_sentences(sentences):
    if isinstance(sentences, str):
        raise TypeError("sentences must be an iterable of lists of words, got a string")
    sentences = [list(sentence) if not isinstance(sentence, str) else sentence for sentence in sentences]
    if not sentences:
        raise ValueError("sentences must hold at least one sentence, got none")
    for i, sentence in enumerate(sentences):
        if isinstance(sentence, str):
            raise TypeError(f"sentences[{i}] must be a list of words, got the string {sentence!r}")
        if START in sentence:
            raise ValueError(f"sentences[{i}] holds {START!r}, which stands for the beginning of a sentence")
    return sentences
