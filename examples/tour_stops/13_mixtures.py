"""Gaussian mixtures on the irises."""

import numpy as np
from matplotlib.patches import Ellipse
from tour_kit import COLORS, SOFT, Figure, Row, canvas, stop, timed

TYPES = ("full", "tied", "diag", "spherical")


@stop("npml-classical", "Three irises, four shapes of a cloud")
def mixtures():
    """A `GaussianMixture` explains a cloud of points as a sum of bell curves, found by expectation maximisation: guess
    to which curve each point belongs, fit the curves to the guesses, and repeat until the likelihood settles.

    How much a curve may bend to its points is the choice of `covariance_type`. The colours are the true species, which
    the model never saw; the rings hold one and two standard deviations.
    """
    from sklearn.datasets import load_iris
    from sklearn.mixture import GaussianMixture as Peer

    from npml_classical import GaussianMixture

    X, y = load_iris(return_X_y=True)
    models = []
    for kind in TYPES:
        options = {"n_components": 3, "covariance_type": kind, "n_init": 5, "random_state": 0}
        ours, seconds = timed(lambda options=options: GaussianMixture(**options).fit(X))
        peer, peer_seconds = timed(lambda options=options: Peer(**options).fit(X))
        figures = (ours.score(X), peer.score(X), seconds, peer_seconds)
        yield Row(f"Gaussian mixture, {kind}", "iris", "log-likelihood", *figures)
        models.append(ours)
    yield Figure(draw_ellipses(models, X, y), "Length and width of the petals, and the three components of each shape.")


def draw_ellipses(models, X, y):
    """Petals by species under the ellipses of one and two standard deviations."""
    fig, axes = canvas(1, 4, width=11, height=3.1, sharex=True, sharey=True)
    for ax, model, kind in zip(axes.ravel(), models, TYPES):
        for species in range(3):
            ax.scatter(*X[y == species, 2:].T, s=9, color=COLORS[species], alpha=0.7, linewidth=0)
        for mean, covariance in zip(model.means_, full_covariances(model, kind)):
            values, vectors = np.linalg.eigh(covariance[2:, 2:])
            angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
            for width in (1, 2):
                size = 2 * width * np.sqrt(values[::-1])
                ax.add_patch(Ellipse(mean[2:], *size, angle=angle, fill=False, edgecolor=SOFT, linewidth=1.2))
        ax.set(title=kind, xlabel="petal length, cm")
    axes.ravel()[0].set_ylabel("petal width, cm")
    return fig


def full_covariances(model, kind):
    """The covariances of any type as full matrices."""
    K, D = model.means_.shape
    if kind == "full":
        return model.covariances_
    if kind == "tied":
        return [model.covariances_] * K
    return [np.diag(np.broadcast_to(variances, D)) for variances in model.covariances_]
