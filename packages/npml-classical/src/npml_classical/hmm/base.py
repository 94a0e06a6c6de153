"""What all hidden Markov models share: sequences, Baum-Welch, decoding, sampling.

Notation: K states; start pi, transitions A; observations x_1 .. x_T of one sequence, state s_t.

    E-step   g_t(i) = p(s_t = i | x),  pairs_ij = sum_t p(s_t = i, s_{t+1} = j | x)     summed over *all* sequences
    M-step   pi_i  ~ sum over sequences of g_1(i)   (+ startprob_prior - 1)              Rabiner (1989), eq. 40a
             A_ij  ~ pairs_ij                       (+ transmat_prior - 1)               eq. 40b
             and the emissions of the subclass

The log-likelihood that is reported is that of the parameters that enter the E-step; without priors it never falls.

References
----------
Baum, Petrie, Soules & Weiss (1970), "A maximization technique occurring in the statistical analysis of probabilistic
functions of Markov chains", Annals of Mathematical Statistics 41(1), 164-171.
Rabiner (1989), "A tutorial on hidden Markov models and selected applications in speech recognition", Proc. IEEE 77(2).
"""

import warnings
from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np

from npml_core import BaseEstimator, check_is_fitted, check_random_state, convergence_warning

from .forward_backward import forward_backward, log_likelihoods
from .viterbi import viterbi


class BaseHMM(BaseEstimator):
    """Everything but the emissions.

    A subclass gives `_check_sequences(X, lengths, reset)`, `_initialise_emissions`, `_log_b`, `_update_emissions`,
    `_draw_emission`, `_check_emissions`, `_get_emissions`, `_set_emissions` and `_count_emissions`.
    """

    _tags = {"two_d": False}
    _letters = ""

    def fit(self, X, lengths=None, known_states=None):
        """Estimate the parameters by Baum-Welch.

        Parameters
        ----------
        X : array-like (n_samples, n_features) or list of arrays
            Observations of all sequences, one after the other, or a list with an array for each sequence.
        lengths : array-like of int, optional
            Lengths of the sequences in `X`; None: `X` is one sequence (or a list of them).
        known_states : array-like of int (n_samples,) or list of arrays, optional
            States that are known for certain; -1 where they are not.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For bad options, data or starting values; the model stays as it was.
        """
        self._check_options()
        X, lengths = self._check_sequences(X, lengths, reset=True)
        forbidden = self._forbidden(known_states, len(X))
        K = self.n_components
        start_prior = check_prior("startprob_prior", self.startprob_prior, (K,))
        transition_prior = check_prior("transmat_prior", self.transmat_prior, (K, K))
        rng = check_random_state(self.random_state)
        start, transitions = self._initial_chain(rng)
        emissions = self._initialise_emissions(X, lengths, rng)
        history = []
        for _ in range(self.n_iter):
            log_b = self._log_b(X, emissions) + forbidden
            posterior = forward_backward(log_b, lengths, start, transitions)
            if "s" in self.params:
                start = self._normalise(start_prior - 1.0 + posterior.start, start, start > 0)
            if "t" in self.params:
                allowed = True if self.transmat_mask is None else self._mask()
                transitions = self._normalise(transition_prior - 1.0 + posterior.pairs, transitions, allowed)
            emissions = self._update_emissions(X, posterior.states, emissions)
            history.append(float(posterior.log_likelihood.sum()))
            if self.verbose:
                print(f"iteration {len(history)}: log-likelihood {history[-1]:.6g}")
            if len(history) > 1 and history[-1] - history[-2] < self.tol:
                break
        self._warn_if_unsettled(history)
        self.startprob_, self.transmat_ = start, transitions
        self._set_emissions(emissions)
        self.log_likelihoods_, self.n_iter_ = history, len(history)
        return self

    def score(self, X, lengths=None):
        """Log-likelihood of the observations, summed over the sequences.

        Parameters
        ----------
        X : array-like (n_samples, n_features) or list of arrays
            Observations.
        lengths : array-like of int, optional
            Lengths of the sequences.

        Returns
        -------
        float
        """
        log_b, lengths = self._prepare(X, lengths)
        return float(log_likelihoods(log_b, lengths, self.startprob_, self.transmat_).sum())

    def score_samples(self, X, lengths=None):
        """Log-likelihood and posteriors of the states.

        Parameters
        ----------
        X : array-like (n_samples, n_features) or list of arrays
            Observations.
        lengths : array-like of int, optional
            Lengths of the sequences.

        Returns
        -------
        log_likelihood : float
            Summed over the sequences.
        posteriors : ndarray (n_samples, n_components)
            p(state | all observations of the sequence).
        """
        log_b, lengths = self._prepare(X, lengths)
        posterior = forward_backward(log_b, lengths, self.startprob_, self.transmat_)
        return float(posterior.log_likelihood.sum()), posterior.states

    def predict_proba(self, X, lengths=None):
        """Posteriors of the states (`score_samples` without the likelihood).

        Parameters
        ----------
        X : array-like (n_samples, n_features) or list of arrays
            Observations.
        lengths : array-like of int, optional
            Lengths of the sequences.

        Returns
        -------
        ndarray (n_samples, n_components)
        """
        return self.score_samples(X, lengths)[1]

    def decode(self, X, lengths=None, algorithm=None):
        """The most probable states.

        Parameters
        ----------
        X : array-like (n_samples, n_features) or list of arrays
            Observations.
        lengths : array-like of int, optional
            Lengths of the sequences.
        algorithm : {"viterbi", "map"}, optional
            The best path, or the best state at each step by itself; the default is the hyper-parameter.

        Returns
        -------
        log_probability : float
            Of the path and the observations ("map": the summed posterior of the chosen states, as hmmlearn has it).
        states : ndarray of int64 (n_samples,)
        """
        algorithm = self.algorithm if algorithm is None else algorithm
        if algorithm not in ("viterbi", "map"):
            raise ValueError(f"algorithm must be 'viterbi' or 'map', got {algorithm!r}")
        if algorithm == "map":
            posteriors = self.predict_proba(X, lengths)
            return float(posteriors.max(axis=1).sum()), posteriors.argmax(axis=1)
        log_b, lengths = self._prepare(X, lengths)
        log_probability, states = viterbi(log_b, lengths, self.startprob_, self.transmat_)
        return float(log_probability.sum()), states

    def predict(self, X, lengths=None):
        """The states of `decode`.

        Parameters
        ----------
        X : array-like (n_samples, n_features) or list of arrays
            Observations.
        lengths : array-like of int, optional
            Lengths of the sequences.

        Returns
        -------
        ndarray of int64 (n_samples,)
        """
        return self.decode(X, lengths)[1]

    def sample(self, n_samples=1, random_state=None, currstate=None):
        """Draw one sequence.

        Parameters
        ----------
        n_samples : int, default=1
            Its length.
        random_state : None, int, Generator or RandomState
            Draws it; None: the hyper-parameter.
        currstate : int, optional
            The state before the first one; None: the first is drawn from ``startprob_``.

        Returns
        -------
        X : ndarray (n_samples, n_features)
            Observations.
        states : ndarray of int64 (n_samples,)
        """
        check_is_fitted(self, ("startprob_", "transmat_"))
        self._check_chain(self.startprob_, self.transmat_)
        if isinstance(n_samples, bool) or not isinstance(n_samples, Integral) or n_samples < 1:
            raise ValueError(f"n_samples must be a positive int, got {n_samples!r}")
        if currstate is not None and not 0 <= currstate < self.n_components:
            raise ValueError(f"currstate must be a state from 0 to {self.n_components - 1}, got {currstate!r}")
        rng = check_random_state(self.random_state if random_state is None else random_state)
        cumulative = np.cumsum(self.transmat_, axis=1)
        cumulative /= cumulative[:, -1:]
        first = np.cumsum(self.startprob_) / np.sum(self.startprob_) if currstate is None else cumulative[currstate]
        states, row = np.empty(n_samples, np.int64), first
        for t, u in enumerate(rng.random(n_samples)):
            states[t] = np.searchsorted(row, u, side="right")
            row = cumulative[states[t]]
        return self._draw_emissions(states, rng), states

    def get_stationary_distribution(self):
        """The distribution of states that the transitions leave as it is.

        Returns
        -------
        ndarray (n_components,)
        """
        check_is_fitted(self, "transmat_")
        values, vectors = np.linalg.eig(self.transmat_.T)
        vector = np.abs(np.real(vectors[:, np.argmax(np.real(values))]))
        return vector / vector.sum()

    def aic(self, X, lengths=None):
        """Akaike's criterion 2 p - 2 log L, p the number of free parameters; lower is better.

        Parameters
        ----------
        X : array-like (n_samples, n_features) or list of arrays
            Observations.
        lengths : array-like of int, optional
            Lengths of the sequences.

        Returns
        -------
        float
        """
        return 2 * self._count_parameters() - 2 * self.score(X, lengths)

    def bic(self, X, lengths=None):
        """Schwarz's criterion p log n - 2 log L; lower is better.

        Parameters
        ----------
        X : array-like (n_samples, n_features) or list of arrays
            Observations.
        lengths : array-like of int, optional
            Lengths of the sequences.

        Returns
        -------
        float
        """
        n = sum(map(len, X)) if is_list_of_sequences(X) else len(X)
        return self._count_parameters() * np.log(n) - 2 * self.score(X, lengths)

    @property
    def monitor_(self):
        """How `fit` went: ``history``, ``iter`` and ``converged``, as in hmmlearn."""
        check_is_fitted(self, "log_likelihoods_")
        history = self.log_likelihoods_
        settled = len(history) > 1 and history[-1] - history[-2] < self.tol
        return SimpleNamespace(history=history, iter=len(history), converged=settled or len(history) == self.n_iter)

    def _count_parameters(self):
        K = self.n_components
        return (K - 1) + K * (K - 1) + self._count_emissions()

    def _prepare(self, X, lengths):
        check_is_fitted(self, ("startprob_", "transmat_"))
        self._check_chain(self.startprob_, self.transmat_)
        X, lengths = self._check_sequences(X, lengths, reset=False)
        return self._log_b(X, self._get_emissions()), lengths

    def _initial_chain(self, rng):
        K = self.n_components
        if "s" in self.init_params or not hasattr(self, "startprob_"):
            start = rng.dirichlet(np.ones(K))
        else:
            start = np.asarray(self.startprob_, dtype=np.float64)
        if "t" in self.init_params or not hasattr(self, "transmat_"):
            mask = 1.0 if self.transmat_mask is None else self._mask()
            transitions = rng.dirichlet(np.ones(K), size=K) * mask
            transitions /= transitions.sum(axis=1, keepdims=True)
        else:
            transitions = np.asarray(self.transmat_, dtype=np.float64)
            if self.transmat_mask is not None and (transitions[~self._mask()] > 0).any():
                raise ValueError("transmat_ allows a transition that transmat_mask forbids")
        self._check_chain(start, transitions)
        return start, transitions

    def _check_chain(self, start, transitions):
        K = self.n_components
        for name, value, shape in (("startprob_", start, (K,)), ("transmat_", transitions, (K, K))):
            check_distribution(name, value, shape)

    def _mask(self):
        mask = np.asarray(self.transmat_mask)
        K = self.n_components
        if mask.shape != (K, K) or not np.isin(mask, (0, 1)).all():
            raise ValueError(f"transmat_mask must hold True (allowed) or False and have shape {(K, K)}, got {mask!r}")
        mask = mask.astype(bool)
        if not mask.any(axis=1).all():
            raise ValueError("transmat_mask forbids all transitions of a state")
        return mask

    def _forbidden(self, known_states, n):
        """0 where a state is possible and -inf where another one is known, (n, K) or the number 0."""
        if known_states is None:
            return 0.0
        if is_list_of_sequences(known_states):
            known_states = np.concatenate([np.asarray(part).ravel() for part in known_states])
        known = np.asarray(known_states).ravel()
        K = self.n_components
        if known.shape != (n,) or known.dtype.kind not in "iu" or known.min() < -1 or known.max() >= K:
            raise ValueError(f"known_states must hold {n} ints from -1 (unknown) to {K - 1}")
        return np.where((known[:, None] < 0) | (known[:, None] == np.arange(K)), 0.0, -np.inf)

    def _normalise(self, counts, old, allowed):
        """Rows of probabilities in proportion to counts; a row without counts stays as it was."""
        counts = np.where(allowed, np.maximum(counts, 0.0), 0.0)
        total = counts.sum(axis=-1, keepdims=True)
        return np.where(total > 0, counts / np.where(total > 0, total, 1.0), old)

    def _warn_if_unsettled(self, history):
        falls = [i for i in range(1, len(history)) if history[i] < history[i - 1] - 1e-6 * abs(history[i])]
        if falls:
            message = f"the log-likelihood fell in iteration {falls[0] + 1}: the priors pull the other way"
            warnings.warn(message, convergence_warning(), stacklevel=3)

    def _check_options(self):
        for name in ("n_components", "n_iter"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name} must be a positive int, got {value!r}")
        if isinstance(self.tol, bool) or not isinstance(self.tol, Real) or np.isnan(self.tol):
            raise ValueError(f"tol must be a number, got {self.tol!r}")
        for name in ("params", "init_params"):
            value = getattr(self, name)
            if not isinstance(value, str) or set(value) - set(self._letters):
                raise ValueError(f"{name} must be made of the letters {self._letters!r}, got {value!r}")
        if self.algorithm not in ("viterbi", "map"):
            raise ValueError(f"algorithm must be 'viterbi' or 'map', got {self.algorithm!r}")


def is_list_of_sequences(X):
    """Whether X is a list (or tuple) of arrays or lists that are sequences of their own."""
    if not isinstance(X, (list, tuple)) or not X:
        return False
    return all(isinstance(part, np.ndarray) and part.ndim >= 1 for part in X) or (
        all(isinstance(part, (list, tuple)) for part in X) and all(len(part) and np.ndim(part[0]) == 1 for part in X)
    )


def split_lengths(lengths, n):
    """Lengths as an array that fits n observations."""
    if lengths is None:
        return np.array([n], np.int64)
    lengths = np.atleast_1d(np.asarray(lengths))
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 1).any():
        raise ValueError(f"lengths must be positive ints, got {lengths!r}")
    if lengths.sum() != n:
        raise ValueError(f"lengths must sum to the number of observations in X ({n}), got {lengths.sum()}")
    return lengths.astype(np.int64)


def check_prior(name, value, shape):
    """A Dirichlet parameter for every probability: one number, or something that fits the shape."""
    prior = np.asarray(value, dtype=np.float64)
    if not np.isfinite(prior).all() or (prior < 0).any():
        raise ValueError(f"{name} must be finite and not negative, got {value!r}")
    try:
        return np.broadcast_to(prior, shape)
    except ValueError:
        raise ValueError(f"{name} must fit the shape {shape}, got shape {prior.shape}") from None


def check_distribution(name, value, shape):
    """Raise unless `value` holds distributions (rows that sum to 1) in this shape."""
    value = np.asarray(value)
    if value.shape != shape or not np.isfinite(value).all() or (value < 0).any():
        raise ValueError(f"{name} must hold probabilities and have shape {shape}, got {value!r}")
    if not np.allclose(value.sum(axis=-1), 1.0):
        raise ValueError(f"{name} must sum to 1 (got {value.sum(axis=-1)!r})")
