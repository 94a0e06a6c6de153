"""Word2Vec: vectors of words that predict the words around them.

V words, D numbers each; E (V, D) the vectors asked for, C (V, D) and b (V,) those of the words to predict. In a
sentence w_1 .. w_T, with the window of each position t drawn evenly from 1 .. `window`:

    skip-gram   h = E[w_t] predicts each word of the window in turn: one row for each pair (w_t, w_{t+j})
    CBOW        h = mean of E over the words of the window predicts w_t: one row for each t
    score       s(w) = h C[w] + b[w],  an unnormalised log p(w | h), learned by noise-contrastive estimation

The loss is that of `losses/nce.py`, with k noise words a row, drawn in proportion to frequency^0.75; rows M of a sparse
matrix say which words a row of h is the mean of, so that with G (rows, V) the sparse gradients by the scores

    h = M E,    dC = G^T h,    db = G^T 1,    dE = M^T G C

Words of a batch are few, and AdaGrad changes their rows of E, C and b alone. Sentences are one long array of codes: the
pairs of a batch come from shifting it, with no loop over words. O(pairs k D) an epoch.

Differences from the papers: noise-contrastive estimation and AdaGrad (as Mnih & Kavukcuoglu) in place of negative
sampling and a linearly falling rate; frequent words are not thinned out; b starts at the log-frequency of words, so
that vectors need not learn it.

References: Mikolov et al. (2013), Efficient estimation of word representations in vector space,
https://arxiv.org/abs/1301.3781, section 3. Mikolov et al. (2013), Distributed representations of words and phrases,
https://arxiv.org/abs/1310.4546, section 2.2 (the noise). Mnih & Kavukcuoglu (2013), Learning word embeddings
efficiently with noise-contrastive estimation, NeurIPS.
"""

from collections import Counter
from itertools import chain, repeat

import numpy as np

from npml_core import AliasSampler, NotFittedError, Storable, check_random_state, progress

from ..layers.parameters import check_sizes, float_dtype
from ..losses.nce import nce
from ..schedules import check_rate

__all__ = ["Word2Vec"]

ARCHITECTURES = ("skipgram", "cbow")
NOISE_POWER = 0.75


class Word2Vec(Storable):
    """Word vectors by skip-gram or continuous bag of words, with noise-contrastive estimation.

    Parameters
    ----------
    architecture : {"skipgram", "cbow"}, default="skipgram"
        Whether a word predicts those around it, or those around it predict a word.
    dim : int, default=100
        Numbers of a vector.
    window : int, default=5
        Words on each side that count as around, at most; for each position a number up to this is drawn.
    min_count : int, default=5
        Words that stand less often in the text are left out, as if they were not there.
    max_tokens : int or None, default=None
        Keep this many words, the most frequent ones.
    n_negatives : int, default=5
        Noise words for each word to predict.
    epochs : int, default=5
        Times through the text.
    lr : float, default=0.05
        Step size of AdaGrad.
    batch_size : int, default=512
        Positions of the text in one step.
    dtype : {float32, float64}, default=float32
        Of vectors and computations.
    random_state : None, int, Generator or RandomState
        Draws the first vectors, the order of the text, windows and noise.

    Attributes
    ----------
    vocabulary : list of str
        The words, most frequent first; equally frequent ones in the order of the alphabet.
    vectors : ndarray (V, dim)
        Their vectors, E.
    history : dict
        ``"loss"``: the mean noise-contrastive loss of a word to predict in each epoch.

    Examples
    --------
    >>> from npml_nn import Word2Vec
    >>> sentences = ["the cat eats fish", "the dog eats meat", "a cat likes fish", "a dog likes meat"] * 50
    >>> model = Word2Vec(dim=8, window=2, min_count=1, epochs=10, random_state=0).fit(sentences)
    >>> model["cat"].shape
    (8,)
    >>> [word for word, cosine in model.most_similar("eats", n=1)]
    ['likes']
    >>> "cow" in model
    False
    """

    def __init__(
        self,
        architecture: str = "skipgram",
        dim: int = 100,
        window: int = 5,
        min_count: int = 5,
        max_tokens: int | None = None,
        n_negatives: int = 5,
        epochs: int = 5,
        lr: float = 0.05,
        batch_size: int = 512,
        dtype=np.float32,
        random_state=None,
    ):
        if architecture not in ARCHITECTURES:
            raise ValueError(f"architecture must be one of {ARCHITECTURES}, got {architecture!r}")
        check_sizes(dim=dim, window=window, min_count=min_count, n_negatives=n_negatives)
        check_sizes(epochs=epochs, batch_size=batch_size, **({} if max_tokens is None else {"max_tokens": max_tokens}))
        self.architecture, self.dim, self.window, self.min_count = architecture, dim, window, min_count
        self.max_tokens, self.n_negatives, self.epochs, self.batch_size = max_tokens, n_negatives, epochs, batch_size
        self.lr, self.dtype, self.rng = check_rate("lr", lr), float_dtype(dtype), check_random_state(random_state)
        self.vocabulary: list[str] = []
        self.vectors = None
        self.history: dict[str, list[float]] = {"loss": []}

    def fit(self, sentences, verbose=0):
        """Learn vectors from new starting values. Returns the model.

        Parameters
        ----------
        sentences : iterable of (list of str) or of str
            The words of each sentence, or the sentence, which is split at white space. Windows end with it.
        verbose : int, default=0
            1 shows a progress bar.

        Raises
        ------
        ValueError
            If fewer than two words stand often enough, or no two of them in one sentence.
        """
        sentences = _split(sentences)
        vocabulary, counts = _count(sentences, self.min_count, self.max_tokens)
        text, owner = _encode(sentences, {word: code for code, word in enumerate(vocabulary)})
        if not (owner[1:] == owner[:-1]).any():
            raise ValueError("sentences must have two known words side by side at least once, got none")
        start = self.rng.uniform(-0.5 / self.dim, 0.5 / self.dim, (len(vocabulary), self.dim))
        learner = _Learner(start.astype(self.dtype), counts, self.lr, self.n_negatives)
        losses = []
        for _ in (bar := progress(range(self.epochs), desc="Word2Vec", verbose=verbose)):
            losses.append(self._epoch(text, owner, learner))
            bar.set_postfix(loss=losses[-1])
        self.vocabulary, self.vectors, self.history = vocabulary, learner.E, {"loss": losses}
        vars(self).pop("_codes", None)
        return self

    def most_similar(self, word, n: int = 10) -> list[tuple[str, float]]:
        """Return the `n` words whose vectors point most nearly the same way, with the cosines, the nearest first.

        Parameters
        ----------
        word : str or array-like (dim,)
            A word, which is then left out of the answer, or a vector, as in
            ``model.most_similar(model["king"] - model["man"] + model["woman"])``.
        n : int, default=10

        Raises
        ------
        KeyError
            If the word is not in the vocabulary.
        """
        check_sizes(n=n)
        target = self[word] if isinstance(word, str) else self._check_vector(word)
        cosines = _unit(self.vectors) @ _unit(target)
        if isinstance(word, str):
            cosines[self._code(word)] = -np.inf
        order = np.argsort(-cosines, kind="stable")[: min(n, len(cosines) - isinstance(word, str))]
        return [(self.vocabulary[i], float(cosines[i])) for i in order]

    def __getitem__(self, word):
        """Return the vector of a word, (dim,), or of a list of words, (n, dim); KeyError names an unknown one."""
        return self.vectors[self._code(word) if isinstance(word, str) else [self._code(w) for w in word]].copy()

    def __contains__(self, word):
        return self.vectors is not None and word in self._index()

    def __len__(self):
        return len(self.vocabulary)

    def _epoch(self, text, owner, learner):
        """One pass over the text in random order: the mean loss of a word to predict."""
        total, n_rows = 0.0, 0
        order = self.rng.permutation(len(text))
        for start in range(0, len(text), self.batch_size):
            around, inside = _windows(order[start : start + self.batch_size], owner, self.window, self.rng)
            rows, columns = np.nonzero(inside)
            near, centers = text[around[rows, columns]], text[order[start + rows]]
            if len(near) == 0:
                continue
            if self.architecture == "skipgram":
                value, n = learner.step(centers, np.arange(len(centers)), near, self.rng), len(near)
            else:  # positions alone in their sentence give no row
                used, rows = np.unique(rows, return_inverse=True)
                value, n = learner.step(near, rows, text[order[start + used]], self.rng), len(used)
            total, n_rows = total + value * n, n_rows + n
        return total / n_rows

    def _index(self):
        if "_codes" not in vars(self):
            self._codes = {word: code for code, word in enumerate(self.vocabulary)}
        return self._codes

    def _code(self, word):
        if self.vectors is None:
            raise NotFittedError("this Word2Vec is not fitted yet: call fit first")
        if word not in self._index():
            raise KeyError(f"{word!r} is not in the vocabulary")
        return self._index()[word]

    def _check_vector(self, vector):
        if self.vectors is None:
            raise NotFittedError("this Word2Vec is not fitted yet: call fit first")
        vector = np.asarray(vector, self.dtype)
        if vector.shape != (self.dim,):
            raise ValueError(f"word must be a str or a vector of dim={self.dim} numbers, got shape {vector.shape}")
        return vector

    def _get_state(self):
        return {name: value for name, value in vars(self).items() if name != "_codes"}

    def __repr__(self):
        return f"Word2Vec({self.architecture!r}, dim={self.dim}, window={self.window}, min_count={self.min_count})"


class _Learner:
    """E, C and b, and the sums of squared gradients by which AdaGrad divides."""

    def __init__(self, E, counts, lr, n_negatives):
        p = counts / counts.sum()
        self.E, self.C, self.b = E, np.zeros_like(E), np.log(p).astype(E.dtype)[:, None]
        self.sums = [np.zeros_like(array) for array in (self.E, self.C, self.b)]
        self.noise = AliasSampler(p**NOISE_POWER)
        self.lr, self.n_negatives = lr, n_negatives

    def step(self, inputs, rows, targets, rng):
        """One update. Row r of h is the mean of E over inputs[rows == r], rows rising, and is to predict targets[r]."""
        negatives = self.noise.sample((len(targets), self.n_negatives), rng)
        words = np.concatenate([targets[:, None], negatives], axis=1)
        known, inputs = _distinct(inputs, len(self.E))
        asked, places = _distinct(words, len(self.E))
        sizes = np.bincount(rows)
        M = _sparse(np.repeat(1 / sizes, sizes), inputs, sizes, len(known), self.E.dtype)
        E, C = self.E[known], self.C[asked]
        h = M @ E
        scores = (C[places] @ h[:, :, None])[:, :, 0] + self.b[words, 0]
        value, cache = nce(scores, self.noise.p[words])
        gradient = cache.gradient * len(targets)  # of the sum: AdaGrad's first steps do not depend on the scale
        width = np.full(len(targets), words.shape[1])
        G = _sparse(gradient.reshape(-1), places.reshape(-1), width, len(asked), self.E.dtype)
        d_b = np.bincount(places.reshape(-1), gradient.reshape(-1), len(asked)).astype(self.E.dtype)[:, None]
        self.E[known] = E - self._step(0, known, M.T @ (G @ C))
        self.C[asked] = C - self._step(1, asked, G.T @ h)
        self.b[asked] -= self._step(2, asked, d_b)
        return value

    def _step(self, i, rows, gradient):
        """AdaGrad's step on some rows: lr g / sqrt(sum of g^2)."""
        total = self.sums[i][rows] + np.square(gradient)
        self.sums[i][rows] = total
        np.sqrt(total + 1e-10, out=total)
        gradient *= self.lr
        gradient /= total
        return gradient


def _sparse(values, columns, sizes, n_columns, dtype):
    """The matrix whose row r has the next sizes[r] of the entries; those of one place count together."""
    from scipy.sparse import csr_matrix

    starts = np.concatenate([[0], np.cumsum(sizes)])
    return csr_matrix((np.asarray(values, dtype), columns, starts), shape=(len(sizes), n_columns))


def _distinct(words, n_words):
    """As ``np.unique(words, return_inverse=True)``, without sorting, for codes below `n_words`."""
    here = np.zeros(n_words, bool)
    here[words] = True
    distinct, place = np.flatnonzero(here), np.empty(n_words, np.int64)
    place[distinct] = np.arange(len(distinct))
    return distinct, place[words]


def _windows(centers, owner, window, rng):
    """Positions around each centre (B, 2 window), and which of them are in its drawn window and its sentence."""
    offsets = np.concatenate([np.arange(-window, 0), np.arange(1, window + 1)])
    around = centers[:, None] + offsets
    inside = np.abs(offsets) <= rng.integers(1, window + 1, size=(len(centers), 1))
    inside &= (around >= 0) & (around < len(owner))
    around = np.clip(around, 0, len(owner) - 1)
    inside &= owner[around] == owner[centers][:, None]
    return around, inside


def _split(sentences):
    """Sentences as lists of words."""
    if isinstance(sentences, str):
        raise TypeError("sentences must be an iterable of sentences, got one str")
    sentences = [sentence.split() if isinstance(sentence, str) else list(sentence) for sentence in sentences]
    kinds = set(map(type, chain.from_iterable(sentences)))
    wrong = [kind.__name__ for kind in kinds if not issubclass(kind, str)]
    if wrong:
        raise TypeError(f"sentences must hold words of type str, got {sorted(wrong)[0]}")
    return sentences


def _count(sentences, min_count, max_tokens):
    """The words that are kept, most frequent first, and how often they stand in the text."""
    counts = Counter(chain.from_iterable(sentences))
    kept = sorted((word for word, count in counts.items() if count >= min_count), key=lambda w: (-counts[w], w))
    kept = kept[:max_tokens]
    if len(kept) < 2:
        raise ValueError(
            f"sentences must have at least two words that stand min_count={min_count} times or more, got {len(kept)}"
        )
    return [str(word) for word in kept], np.array([counts[word] for word in kept], np.float64)


def _encode(sentences, codes):
    """All known words of the text as codes, and the number of the sentence that each stands in."""
    lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
    text = np.fromiter(map(codes.get, chain.from_iterable(sentences), repeat(-1)), np.int64, lengths.sum())
    owner = np.repeat(np.arange(len(sentences)), lengths)
    return text[text >= 0], owner[text >= 0]


def _unit(vectors):
    """Vectors divided by their lengths; 0 stays 0."""
    length = np.sqrt(np.square(vectors).sum(axis=-1, keepdims=True))
    return vectors / np.where(length > 0, length, 1)
