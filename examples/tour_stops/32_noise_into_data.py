"""Digits out of a variational autoencoder, and the density that a Wasserstein GAN learns in the plane."""

import numpy as np
from tour_kit import COLORS, Figure, Row, canvas, picture, recorded, stop, tidy, timed


@stop("npml-nn", "New digits out of noise")
def vae():
    """`BernoulliVAE` squeezes each digit through eight numbers and draws it anew. Because its loss, a bound on the
    likelihood, also keeps those numbers close to plain Gaussian noise, noise itself can be decoded: these digits were
    written by nobody.
    """
    from sklearn.datasets import load_digits

    from npml_nn import BernoulliVAE

    X = (load_digits().images / 16).astype(np.float32)
    train, new = X[:1500], X[1500:]
    model, seconds = timed(
        lambda: BernoulliVAE((8, 8), n_latent=8, random_state=0).fit(train, epochs=25, batch_size=64, lr=2e-3)
    )
    bound = model.elbo(new, random_state=0)
    yield Row(
        "BernoulliVAE, 25 epochs",
        "digits",
        "bound on new digits, nats",
        bound,
        seconds=seconds,
        **recorded("vae_digits"),
    )
    yield Figure(
        draw_pairs(new[:12], model.reconstruct(new[:12])),
        "Above, digits it has never seen; below, what came through eight numbers.",
    )
    yield Figure(draw_grid(model.sample(48, random_state=1)), "Decoded noise.", wide=False)
    start, end = model.encode(new[[0, 5]])[0]
    path = start + np.linspace(0, 1, 12)[:, None] * (end - start)
    yield Figure(draw_grid(model.decode(path)), "On a straight line from one digit's code to another's.", wide=False)


@stop("npml-nn", "Two networks at odds")
def wgan():
    """A generator learns to turn noise into points, a critic learns to tell them from the data; the gradient penalty
    that keeps the critic's slope near one is differentiated by hand, through the backward pass. Eight clusters are a
    hard test: a weaker game finds two or three and stays there. `WGANGP` must find them all.
    """
    from npml_nn import WGANGP

    rng, angle = np.random.default_rng(0), np.arange(8) * np.pi / 4
    centers = 2 * np.column_stack([np.cos(angle), np.sin(angle)])
    X = centers[rng.integers(8, size=2560)] + 0.05 * rng.normal(size=(2560, 2))
    model, seconds = timed(lambda: WGANGP(2, n_critic=2, epochs=30, random_state=0).fit(X))
    sample = model.sample(4000, random_state=1)
    distance = np.linalg.norm(sample[:, None] - centers, axis=2)
    found = np.unique(distance.argmin(axis=1)[distance.min(axis=1) < 0.25]).size
    yield Row("WGANGP, 30 epochs", "eight clusters", "clusters found", found, None, seconds, None)
    yield Figure(
        draw_density(X, sample, model),
        "The data; how densely the generator fills the plane; and the critic's score, whose lines "
        "of equal belief wind around the clusters.",
    )


def draw_pairs(images, copies):
    """Images in a row above their reconstructions."""
    fig, axes = canvas(2, len(images), width=9, height=1.7)
    for ax, image in zip(axes.flat, [*images, *copies]):
        picture(ax, image, low=0, high=1)
    return fig


def draw_grid(images):
    """Images in rows of twelve."""
    rows = len(images) // 12
    fig, axes = canvas(rows, 12, width=4.6, height=0.45 * rows)
    for ax, image in zip(np.ravel(axes), images):
        picture(ax, image, low=0, high=1)
    return fig


def draw_density(X, sample, model):
    """Data, density of the samples and the critic's score, side by side."""
    fig, axes = canvas(1, 3, width=9, height=3.2)
    limit, titles = 2.8, ("data", "generated", "critic")
    axes[0].scatter(*X.T, s=4, color=COLORS[0], alpha=0.4, linewidth=0, rasterized=True)
    edges = np.linspace(-limit, limit, 71)
    density = np.histogram2d(*sample.T, bins=[edges, edges])[0].T
    picture(axes[1], np.sqrt(density)[::-1])
    x = np.linspace(-limit, limit, 81)
    plane = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    score = model.score_samples(plane).reshape(81, 81)
    axes[2].contour(x, x, score, levels=14, colors=COLORS[2], linewidths=0.8, linestyles="solid")
    axes[2].scatter(*X[::10].T, s=4, color=COLORS[0], linewidth=0)
    for ax, title in zip(axes, titles):
        tidy(ax)
        ax.set(title=title)
        if title != "generated":
            ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    return fig
