"""Restricted Boltzmann machine, trained by contrastive divergence.

v (N, D) visible units in 0..1, h (N, H) hidden units, W (D, H), a (D,), b (H,), sigma(z) = 1 / (1 + exp(-z)).

    energy          E(v, h) = -a.v - b.h - v W h,       p(v, h) = exp(-E(v, h)) / Z
    conditionals    p(h = 1 | v) = sigma(b + v W),      p(v = 1 | h) = sigma(a + h W^T)
    free energy     F(v) = -a.v - sum_j log(1 + exp(b_j + (v W)_j)),       p(v) = exp(-F(v)) / Z

The gradient of the log-likelihood is <v h>_data - <v h>_model. CD-k puts for the model what k steps of Gibbs sampling
make of the data, and every statistic is the mean over the batch:

    h_0 ~ p(h | v_0);   k times:  v = p(v | h),  h ~ p(h | v)
    dW = <v_0^T p(h | v_0)> - <v^T p(h | v)>,    da = <v_0> - <v>,    db = <p(h | v_0)> - <p(h | v)>
    u <- momentum u + lr (dW - weight_decay W),  W <- W + u;    biases alike, without decay

As the guide says, hidden units are binary where they drive a reconstruction (3.1), visible units are probabilities
(3.2), and statistics take the probabilities of hidden units, so that those of the last step are never drawn (3.3).
Weights start from N(0, 0.01^2), hidden biases from 0, visible ones from log(p / (1 - p)), p the share of the data in
which the unit is on, smoothed by one case of each kind (8.1). O(k N D H) an epoch.

References: Hinton (2010), A practical guide to training restricted Boltzmann machines, UTML TR 2010-003, sections 3-10
and 16.1, https://www.cs.toronto.edu/~hinton/absps/guideTR.pdf. Hinton (2002), Training products of experts by
minimizing contrastive divergence, Neural Computation 14(8), https://doi.org/10.1162/089976602760128018.
"""

import numpy as np

from npml_core import check_array, check_random_state, minibatches, progress

from .initializers import normal
from .layers.activations import Sigmoid, sigmoid, softplus
from .layers.base import Layer
from .layers.dense import dense, dense_backward, dense_double_backward
from .layers.parameters import check_sizes, float_dtype
from .schedules import check_rate

__all__ = ["RBM"]


class RBM(Layer):
    """Restricted Boltzmann machine of binary units. As a layer it is p(h = 1 | v), a pretrained Dense with a sigmoid.

    Parameters
    ----------
    n_visible, n_hidden : int
        Units, D and H.
    k : int, default=1
        Steps of Gibbs sampling for the statistics of the model.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws W, and all that `fit` and `sample` draw.

    Attributes
    ----------
    history : dict
        ``"reconstruction_error"``: the mean squared error of the reconstructions in each epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import RBM
    >>> X = np.repeat(np.eye(4), 50, axis=0)  # one unit of four is on
    >>> rbm = RBM(4, 8, random_state=0).fit(X, epochs=200, batch_size=20, lr=0.2)
    >>> rbm.reconstruct(np.eye(4)).round().astype(int).tolist() == np.eye(4, dtype=int).tolist()
    True
    >>> bool(rbm.free_energy(np.eye(4)).max() < rbm.free_energy(np.ones((1, 4)))[0])  # less energy: more likely
    True
    """

    def __init__(self, n_visible: int, n_hidden: int, k: int = 1, dtype=np.float32, random_state=None):
        check_sizes(n_visible=n_visible, n_hidden=n_hidden, k=k)
        self.n_visible, self.n_hidden, self.k = n_visible, n_hidden, k
        self.rng, self.activation = check_random_state(random_state), Sigmoid()
        self.add_param("W", normal((n_visible, n_hidden), std=0.01, random_state=self.rng).astype(float_dtype(dtype)))
        self.add_param("a", np.zeros(n_visible, dtype))
        self.add_param("b", np.zeros(n_hidden, dtype))
        self.history: dict[str, list[float]] = {"reconstruction_error": []}

    def fit(self, X, epochs: int = 10, batch_size: int = 100, lr=0.1, momentum=0.5, weight_decay=1e-4, verbose=0):
        """Train by CD-k; a further call goes on from where this one ends. Returns the machine.

        Parameters
        ----------
        X : array-like (N, n_visible)
            Numbers in 0..1: binary, or the probabilities of units.
        epochs : int, default=10
            Times through the data.
        batch_size : int, default=100
            Samples of one update.
        lr : float, default=0.1
            Learning rate.
        momentum : float, default=0.5
            Share of an update that is made again with the next; the guide starts with 0.5 and goes on with 0.9.
        weight_decay : float, default=1e-4
            Pulls W, but not the biases, towards 0.
        verbose : int, default=0
            1 shows a progress bar.
        """
        X = self._check(X)
        check_sizes(epochs=epochs, batch_size=batch_size)
        lr, momentum = check_rate("lr", lr), check_rate("momentum", momentum)
        weight_decay = check_rate("weight_decay", weight_decay)
        W, a, b = self.W.copy(), self.a.copy() if self.a.any() else _log_odds(X), self.b.copy()
        velocities, errors = [np.zeros_like(parameter) for parameter in (W, a, b)], []
        for _ in progress(range(epochs), desc="RBM", verbose=verbose):
            error = 0.0
            for v in minibatches(X, batch_size=batch_size, random_state=self.rng):
                *gradients, reconstruction = _contrastive_divergence(v, W, a, b, self.k, self.rng)
                gradients[0] -= weight_decay * W
                for parameter, velocity, gradient in zip((W, a, b), velocities, gradients):
                    velocity *= momentum
                    velocity += lr * gradient
                    parameter += velocity
                error += float(np.square(v - reconstruction).sum(dtype=np.float64))
            errors.append(error / X.size)
        self.load_state_dict({"W": W, "a": a, "b": b})
        self.history["reconstruction_error"] += errors
        return self

    def transform(self, X):
        """Return the probabilities of the hidden units: (N, n_visible) -> (N, n_hidden)."""
        return sigmoid(self._check(X) @ self.W + self.b)[0]

    def reconstruct(self, X):
        """Return the probabilities of the visible units, given those of the hidden units, given X: (N, n_visible)."""
        return sigmoid(self.transform(X) @ self.W.T + self.a)[0]

    def free_energy(self, X):
        """Return F(v) of each row, -log p(v) but for a constant: (N, n_visible) -> (N,)."""
        X = self._check(X)
        return -(X @ self.a) - softplus(X @ self.W + self.b)[0].sum(axis=1)

    def sample(self, n_samples: int, n_steps: int = 1000, start=None):
        """Draw visible units by Gibbs sampling.

        Parameters
        ----------
        n_samples : int
            Chains, of which each gives one sample.
        n_steps : int, default=1000
            Steps of a chain.
        start : array-like (n_samples, n_visible), optional
            Where the chains start; by default each unit is on or off by a toss.

        Returns
        -------
        ndarray (n_samples, n_visible)
            Of zeros and ones.
        """
        check_sizes(n_samples=n_samples, n_steps=n_steps)
        v = np.full((n_samples, self.n_visible), 0.5, self.dtype) if start is None else self._check(start)
        if len(v) != n_samples:
            raise ValueError(f"start must have n_samples={n_samples} rows, got {len(v)}")
        v = v if start is not None else _draw(v, self.rng)
        for _ in range(n_steps):
            h = _draw(sigmoid(v @ self.W + self.b)[0], self.rng)
            v = _draw(sigmoid(h @ self.W.T + self.a)[0], self.rng)
        return v

    def _check(self, X):
        X = check_array(X, dtype=self.dtype)
        if X.shape[1] != self.n_visible:
            raise ValueError(f"X must have n_visible={self.n_visible} columns, got shape {X.shape}")
        if X.min() < 0 or X.max() > 1:
            raise ValueError(f"X must lie between 0 and 1, got {X.min()} to {X.max()}")
        return X

    def _forward(self, x):
        return dense(x, self.W, self.b)

    def _backward(self, dy, cache):
        dx, dW, db = dense_backward(dy, cache)
        return dx, {"W": dW, "b": db}

    def _double_backward(self, ddx, dy, cache):
        ddy, dW = dense_double_backward(ddx, dy, cache)
        return ddy, None, {"W": dW}

    def _multiply_adds(self, input_shapes, output_shapes):
        return self.n_visible * int(np.prod(output_shapes))


def _contrastive_divergence(v0, W, a, b, k, rng):
    """Rising gradients by W, a, b (means over the batch), and what the visible units became: guide, section 3."""
    h0 = h = sigmoid(v0 @ W + b)[0]
    for _ in range(k):
        v = sigmoid(_draw(h, rng) @ W.T + a)[0]
        h = sigmoid(v @ W + b)[0]
    n = len(v0)
    return (v0.T @ h0 - v.T @ h) / n, (v0 - v).sum(axis=0) / n, (h0 - h).sum(axis=0) / n, v


def _draw(p, rng):
    """Units that are 1 with probability p, else 0."""
    return (rng.random(p.shape, dtype=p.dtype) < p).astype(p.dtype)


def _log_odds(X):
    """log(p / (1 - p)) of the share p of rows in which a unit is on, with one case of each kind added."""
    on = X.sum(axis=0)
    return np.log((on + 1) / (len(X) - on + 1))
