"""Hidden Markov model whose states emit symbols from a finite alphabet.

Notation of `base`; b_j(v) is the probability that state j emits symbol v.

    M-step   b_j(v) ~ sum over t with x_t = v of g_t(j)   (+ emissionprob_prior - 1)     Rabiner (1989), eq. 40c

A symbol of -1 (or NaN) is missing: it carries no evidence and enters no count.

References
----------
Rabiner (1989), "A tutorial on hidden Markov models and selected applications in speech recognition", Proc. IEEE 77(2),
257-286, section III.
"""

from numbers import Integral

import numpy as np

from .base import BaseHMM, check_distribution, check_prior, is_list_of_sequences, split_lengths


class CategoricalHMM(BaseHMM):
    """Hidden Markov model with categorical emissions.

    Parameters
    ----------
    n_components : int, default=1
        K.
    startprob_prior, transmat_prior : float or array, default=1.0
        Parameters of the Dirichlet priors; 1 is none.
    emissionprob_prior : float or array, default=1.0
        The same for the emissions.
    n_features : int, optional
        Size of the alphabet; None: the largest symbol seen, plus 1.
    transmat_mask : array of bool (K, K), optional
        True where a transition is allowed.
    algorithm : {"viterbi", "map"}, default="viterbi"
        What `decode` and `predict` do.
    random_state : None, int, Generator or RandomState
        Draws the start and `sample`.
    n_iter : int, default=10
        Iterations at most.
    tol : float, default=1e-2
        Stop when the log-likelihood gains less.
    verbose : int, default=0
        From 1 on prints the log-likelihood of every iteration.
    params, init_params : str, default="ste"
        What `fit` learns and what it draws a start for: s(tartprob), t(ransmat), e(missionprob). What it draws no start
        for is taken from the attributes set before.

    Attributes
    ----------
    startprob_ : ndarray (K,)
        pi.
    transmat_ : ndarray (K, K)
        A.
    emissionprob_ : ndarray (K, n_features)
        b.
    log_likelihoods_ : list of float
        One an iteration.
    n_iter_ : int
        Iterations done.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_classical import CategoricalHMM
    >>> model = CategoricalHMM(2)
    >>> model.startprob_ = np.array([0.5, 0.5])
    >>> model.transmat_ = np.array([[0.9, 0.1], [0.1, 0.9]])
    >>> model.emissionprob_ = np.array([[0.9, 0.1], [0.1, 0.9]])
    >>> model.predict([0, 0, 0, 1, 1, 1, 1])
    array([0, 0, 0, 1, 1, 1, 1])
    """

    _letters = "ste"

    def __init__(
        self,
        n_components=1,
        startprob_prior=1.0,
        transmat_prior=1.0,
        *,
        emissionprob_prior=1.0,
        n_features=None,
        transmat_mask=None,
        algorithm="viterbi",
        random_state=None,
        n_iter=10,
        tol=1e-2,
        verbose=0,
        params="ste",
        init_params="ste",
    ):
        self.n_components = n_components
        self.startprob_prior = startprob_prior
        self.transmat_prior = transmat_prior
        self.emissionprob_prior = emissionprob_prior
        self.n_features = n_features
        self.transmat_mask = transmat_mask
        self.algorithm = algorithm
        self.random_state = random_state
        self.n_iter = n_iter
        self.tol = tol
        self.verbose = verbose
        self.params = params
        self.init_params = init_params

    def _check_sequences(self, X, lengths, reset):
        """Symbols (N,) with -1 for missing ones, and the lengths."""
        if lengths is None and _is_list_of_words(X):
            parts = [_as_symbols(part) for part in X]
            lengths, symbols = [len(part) for part in parts], np.concatenate(parts)
        else:
            symbols = _as_symbols(X)
        lengths = split_lengths(lengths, len(symbols))
        size = self._alphabet_size(symbols) if reset else self.emissionprob_.shape[1]
        if symbols.max(initial=-1) >= size:
            raise ValueError(f"X holds the symbol {symbols.max()}, but symbols go from 0 to {size - 1}")
        return symbols, lengths

    def _alphabet_size(self, symbols):
        if self.n_features is None:
            if "e" not in self.init_params and hasattr(self, "emissionprob_"):
                return np.shape(self.emissionprob_)[1]
            return max(int(symbols.max()) + 1, 1)
        if isinstance(self.n_features, bool) or not isinstance(self.n_features, Integral) or self.n_features < 1:
            raise ValueError(f"n_features must be None or a positive int, got {self.n_features!r}")
        return self.n_features

    def _initialise_emissions(self, X, lengths, rng):
        size = self._alphabet_size(X)
        if "e" in self.init_params or not hasattr(self, "emissionprob_"):
            return rng.dirichlet(np.ones(size), size=self.n_components)
        self._check_emissions(self.emissionprob_, size)
        return np.asarray(self.emissionprob_, dtype=np.float64)

    def _check_emissions(self, emissionprob, size=None):
        size = np.shape(emissionprob)[-1] if size is None else size
        check_distribution("emissionprob_", emissionprob, (self.n_components, size))

    def _log_b(self, X, emissionprob):
        with np.errstate(divide="ignore"):
            table = np.log(emissionprob).T
        # the last row, which -1 points at, is that of a missing symbol
        return np.vstack([table, np.zeros(self.n_components)])[X]

    def _update_emissions(self, X, posteriors, emissionprob):
        if "e" not in self.params:
            return emissionprob
        seen = X >= 0
        size, K = emissionprob.shape[1], self.n_components
        cells = X[seen, None] * K + np.arange(K)
        counts = np.bincount(cells.ravel(), weights=posteriors[seen].ravel(), minlength=size * K).reshape(size, K).T
        prior = check_prior("emissionprob_prior", self.emissionprob_prior, counts.shape)
        return self._normalise(prior - 1.0 + counts, emissionprob, True)

    def _draw_emissions(self, states, rng):
        self._check_emissions(self.emissionprob_)
        cumulative = np.cumsum(self.emissionprob_, axis=1)
        cumulative /= cumulative[:, -1:]
        u = rng.random(len(states))
        symbols = np.empty(len(states), np.int64)
        for state in range(self.n_components):
            here = np.flatnonzero(states == state)
            symbols[here] = np.searchsorted(cumulative[state], u[here], side="right")
        return symbols[:, None]

    def _get_emissions(self):
        self._check_emissions(self.emissionprob_)
        return np.asarray(self.emissionprob_, dtype=np.float64)

    def _set_emissions(self, emissionprob):
        self.emissionprob_ = emissionprob

    def _count_emissions(self):
        return self.n_components * (np.shape(self.emissionprob_)[1] - 1)


def _is_list_of_words(X):
    """A list of arrays or lists of symbols; a column [[0], [1], [1]] is one sequence."""
    if is_list_of_sequences(X):
        return True
    return isinstance(X, (list, tuple)) and any(isinstance(p, (list, tuple)) and len(p) != 1 for p in X)


def _as_symbols(X):
    array = np.asarray(X)
    if array.dtype.kind not in "iufb":
        raise ValueError(f"X must hold symbols as whole numbers from 0 on, got dtype {array.dtype}")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or not len(array):
        raise ValueError(f"X must be a non-empty sequence of symbols or a column of them, got shape {array.shape}")
    array = np.where(np.isnan(array), -1, array) if array.dtype.kind == "f" else array
    bad = (array < -1) | (array > np.iinfo(np.int64).max // 2) | (np.floor(array) != array)
    if bad.any():
        raise ValueError(f"X must hold symbols as whole numbers from 0 on (-1 or NaN: missing), got {array[bad][0]}")
    return array.astype(np.int64)
