"""BernoulliVAE: a convolutional variational autoencoder of images with pixels in 0..1.

x (N, H, W, C) images, z (N, L) codes, with the prior N(0, I). An encoder gives mean m and log-variance s of the code,
a decoder the probability r of each pixel to be 1:

    m, s = encoder(x)            two 3 x 3 convolutions of stride 2, then a dense layer
    z = m + exp(s / 2) e,        e ~ N(0, I): the reparametrisation, through which the gradient passes
    r = decoder(z)               the way back, with transposed convolutions, and a sigmoid

`fit` minimises the negative evidence lower bound of `losses/bernoulli_vae.py` with Adam. Backward, with dz = dL/dz from
the decoder, and d_m, d_s the direct derivatives of the loss:

    dL/dm = d_m + dz,    dL/ds = d_s + dz e exp(s / 2) / 2

A new image is decoder(z) of a z from the prior. In evaluation z = m.

References: Kingma & Welling (2014), Auto-encoding variational Bayes, https://arxiv.org/abs/1312.6114, sections 2.3, 2.4
and 3, appendix C.1.
"""

from math import ceil, prod

import numpy as np

from npml_core import check_random_state, minibatches, progress

from ..adaptive_optimizers import Adam
from ..layers.base import Layer
from ..layers.containers import Sequential
from ..layers.conv2d import Conv2D
from ..layers.conv_transpose2d import ConvTranspose2D
from ..layers.dense import Dense
from ..layers.parameters import as_float, check_sizes, float_dtype
from ..layers.reshape import Flatten, Reshape
from ..losses.bernoulli_vae import BernoulliVAELoss, bernoulli_vae_loss

__all__ = ["BernoulliVAE"]

CHANNELS = (16, 32)
LARGEST_LOGVAR = 40.0  # a variance of 1e17: exp of more could overflow, and no training needs it


class BernoulliVAE(Layer):
    """Variational autoencoder of images with pixels in 0..1.

    As a layer it maps images to the three arguments of `BernoulliVAELoss`: (recon, mean, logvar).

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) or (height, width, channels) of an image.
    n_latent : int
        Numbers of a code, L.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights, and all that `fit` and `sample` draw.

    Attributes
    ----------
    history : dict
        ``"loss"``: the negative evidence lower bound of an image in nats, the mean over each epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import BernoulliVAE
    >>> X = np.repeat(np.eye(4), 20, axis=0).reshape(-1, 2, 2)  # one pixel of four is on
    >>> model = BernoulliVAE((2, 2), n_latent=2, random_state=0).fit(X, epochs=10, batch_size=10, lr=0.01)
    >>> model.sample(3).shape
    (3, 2, 2)
    >>> mean, logvar = model.encode(X)
    >>> mean.shape
    (80, 2)
    >>> model.history["loss"][-1] < model.history["loss"][0]
    True
    """

    def __init__(self, image_shape, n_latent: int, dtype=np.float32, random_state=None):
        check_sizes(n_latent=n_latent)
        self.image_shape, self.n_latent, self.dtype = _check_image_shape(image_shape), n_latent, float_dtype(dtype)
        self.rng = check_random_state(random_state)
        options = {"dtype": self.dtype, "random_state": self.rng}
        self.encoder, self.decoder = _networks(self._full_shape, n_latent, options)
        self.history: dict[str, list[float]] = {"loss": []}

    def fit(self, X, epochs: int = 20, batch_size: int = 64, lr=1e-3, verbose=0):
        """Train with Adam; a further call goes on from where this one ends. Returns the model.

        Parameters
        ----------
        X : array-like (N, height, width[, channels]) or (N, pixels)
            Images, in 0..1.
        epochs : int, default=20
            Times through the data.
        batch_size : int, default=64
            Images of one step.
        lr : float or schedule, default=0.001
            Learning rate.
        verbose : int, default=0
            1 shows a progress bar.

        Raises
        ------
        ValueError
            If `X` has another shape or a pixel outside 0..1, or if training diverges: the model is then as before.
        """
        X = self._check_images(X)
        check_sizes(epochs=epochs, batch_size=batch_size)
        optimizer, loss, losses = Adam(self.parameters(), lr=lr), BernoulliVAELoss(), []
        before = {name: array.copy() for name, array in self.params.items()}
        self.train()
        try:
            for _ in (bar := progress(range(epochs), desc="BernoulliVAE", verbose=verbose)):
                total = 0.0
                for x in minibatches(X, batch_size=batch_size, random_state=self.rng):
                    total += len(x) * self._step(x, loss, optimizer)
                losses.append(total / len(X))
                bar.set_postfix(loss=losses[-1])
        except BaseException:
            self._restore(before)
            raise
        self.history["loss"] += losses
        return self

    def encode(self, X):
        """Return mean and log-variance of the codes of X, each (N, n_latent)."""
        return self._posterior(self._evaluate(self.encoder, self._check_images(X)))

    def decode(self, z):
        """Return the images of codes z, probabilities of pixels: (N, n_latent) -> (N, *image_shape)."""
        z = as_float(z, "z")
        if z.ndim != 2 or z.shape[1] != self.n_latent:
            raise ValueError(f"z must have shape (N, n_latent={self.n_latent}), got {z.shape}")
        return self._evaluate(self.decoder, z).reshape(len(z), *self.image_shape)

    def reconstruct(self, X):
        """Return X as decoded from the mean of its code: (N, *image_shape)."""
        return self.decode(self.encode(X)[0])

    def sample(self, n: int = 1, random_state=None):
        """Draw new images, probabilities of pixels: (n, *image_shape).

        Parameters
        ----------
        n : int, default=1
            Images.
        random_state : None, int, Generator or RandomState
            Draws the codes; by default what the model was given goes on.
        """
        check_sizes(n=n)
        rng = self.rng if random_state is None else check_random_state(random_state)
        return self.decode(rng.standard_normal((n, self.n_latent)))

    def elbo(self, X, random_state=None) -> float:
        """Return the evidence lower bound of an image in nats, the mean over X, with one drawn code an image.

        Parameters
        ----------
        X : array-like (N, height, width[, channels]) or (N, pixels)
        random_state : None, int, Generator or RandomState
            Draws the codes; by default what the model was given goes on.
        """
        X = self._check_images(X)
        rng = self.rng if random_state is None else check_random_state(random_state)
        mean, logvar = self._posterior(self._evaluate(self.encoder, X))
        z = mean + np.exp(logvar / 2) * rng.standard_normal(mean.shape).astype(mean.dtype)
        return -bernoulli_vae_loss(self._evaluate(self.decoder, z), mean, logvar, X)[0]

    def _step(self, x, loss, optimizer):
        outputs = self.forward(x)
        if not all(np.isfinite(array).all() for array in outputs):
            raise ValueError(f"training diverged: lr={optimizer.lr!r} is too large")
        value, dy = loss(outputs, x)
        self.backward(dy)
        optimizer.step()
        optimizer.zero_grad()
        return value

    def _forward(self, x):
        mean, logvar = self._posterior(self.encoder.forward(x.reshape(len(x), *self._full_shape)))
        spread, noise = np.exp(logvar / 2), np.zeros_like(mean)
        if self.training:
            noise = self.rng.standard_normal(mean.shape).astype(mean.dtype)
        recon = self.decoder.forward(mean + spread * noise)
        return (recon.reshape(x.shape), mean, logvar), (spread * noise, logvar < LARGEST_LOGVAR, x.shape)

    def _backward(self, dy, cache):
        (d_recon, d_mean, d_logvar), (shift, inside, shape) = dy, cache
        dz = self.decoder.backward(d_recon.reshape(len(d_recon), *self._full_shape))
        d_code = np.concatenate([d_mean + dz, (d_logvar + dz * shift / 2) * inside], axis=1)
        return self.encoder.backward(d_code).reshape(shape), {}

    @property
    def _full_shape(self):
        return (*self.image_shape, 1)[:3]

    def _posterior(self, code):
        mean, logvar = np.split(code, 2, axis=1)
        return mean, np.minimum(logvar, LARGEST_LOGVAR)

    def _evaluate(self, part, x):
        """A part's output, without caches; the model is then in the mode that it was in."""
        training = part.training
        part.eval()
        try:
            return part.forward(x)
        finally:
            part._set_all(training=training)

    def _restore(self, parameters):
        self.eval().train().zero_grad()
        for name, array in parameters.items():
            self.params[name] = array

    def _check_images(self, X):
        X = as_float(X, "X").astype(self.dtype, copy=False)
        if X.shape[1:] not in {self.image_shape, self._full_shape, (prod(self.image_shape),)} or len(X) == 0:
            raise ValueError(f"X must have shape (N, *{self.image_shape}), got {X.shape}")
        if not (X.min() >= 0 and X.max() <= 1):
            raise ValueError(f"X must lie between 0 and 1, got {X.min()} to {X.max()}")
        return X.reshape(len(X), *self._full_shape)


def _networks(shape, n_latent, options):
    """Encoder and decoder; an odd size takes a transposed kernel of 3, an even one of 4, to come out as it went in."""
    (height, width, channels), (first, second) = shape, CHANNELS
    half = ceil(height / 2), ceil(width / 2)
    quarter = ceil(half[0] / 2), ceil(half[1] / 2)
    relu = {"activation": "relu", **options}
    encoder = Sequential(
        Conv2D(channels, first, 3, stride=2, padding=1, **relu),
        Conv2D(first, second, 3, stride=2, padding=1, **relu),
        Flatten(),
        Dense(prod(quarter) * second, 2 * n_latent, **options),
    )
    decoder = Sequential(
        Dense(n_latent, prod(quarter) * second, **relu),
        Reshape((*quarter, second)),
        ConvTranspose2D(second, first, [4 - size % 2 for size in half], stride=2, padding=1, **relu),
        ConvTranspose2D(
            first, channels, [4 - size % 2 for size in shape[:2]], stride=2, padding=1, activation="sigmoid", **options
        ),
    )
    return encoder, decoder


def _check_image_shape(image_shape):
    if not isinstance(image_shape, (tuple, list)) or len(image_shape) not in (2, 3):
        raise ValueError(f"image_shape must be (height, width) or (height, width, channels), got {image_shape!r}")
    check_sizes(**{f"image_shape[{i}]": size for i, size in enumerate(image_shape)})
    return tuple(int(size) for size in image_shape)
