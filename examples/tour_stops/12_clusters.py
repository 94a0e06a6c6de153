"""k-means on the digits and on the colours of a photograph."""

import numpy as np
from tour_kit import COLORS, INK, PAPER, SOFT, Figure, Row, canvas, picture, stop, tidy, timed


@stop("npml-classical", "Ten kinds of digit, and eight colours of a flower")
def k_means():
    """`KMeans` is told how many groups there are and nothing else: it puts that many centres into the cloud, gives
    every point to the nearest, moves each centre to the mean of its points, and repeats.

    Given the digits, most of the ten groups that it finds turn out to be one digit each. Given the pixels of a
    photograph, it finds a palette.
    """
    from sklearn.cluster import KMeans as Peer
    from sklearn.datasets import load_digits, load_sample_image

    from npml_classical import KMeans

    X, y = load_digits(return_X_y=True)
    options = {"n_clusters": 10, "n_init": 10, "random_state": 0}
    ours, seconds = timed(lambda: KMeans(**options).fit(X))
    peer, peer_seconds = timed(lambda: Peer(**options).fit(X))
    figures = (ours.inertia_, peer.inertia_, seconds, peer_seconds)
    yield Row("k-means, 10 starts", "digits", "inertia", *figures, better="lower")
    yield Figure(
        draw_centres(ours, y),
        "The ten centres. Under each, how many of which digit gathered around it. The clusters never saw the names.",
    )

    photo = load_sample_image("flower.jpg")[::2, ::2] / 255
    pixels = photo.reshape(-1, 3)
    start = pixels[np.random.default_rng(0).choice(len(pixels), 8, replace=False)]
    options = {"n_clusters": 8, "init": start, "n_init": 1}
    ours, seconds = timed(lambda: KMeans(**options).fit(pixels))
    peer, peer_seconds = timed(lambda: Peer(**options).fit(pixels))
    figures = (ours.inertia_, peer.inertia_, seconds, peer_seconds)
    yield Row("k-means, the same start", f"{len(pixels):,} pixels", "inertia", *figures, better="lower")
    yield Figure(
        draw_palette(photo, ours),
        "A photograph, and the same with each pixel in the colour of its cluster's centre: eight colours in all, shown "
        "below with the share of the picture each covers.",
    )


def draw_centres(model, y):
    """Centres as pictures over the make-up of their clusters, ordered by the most frequent digit."""
    counts = np.array([np.bincount(y[model.labels_ == c], minlength=10) for c in range(10)])
    order = np.lexsort((-counts.max(axis=1), counts.argmax(axis=1)))
    fig, axes = canvas(2, 10, width=10, height=3.1, gridspec_kw={"height_ratios": [1, 1.25]})
    for column, c in zip(axes.T, order):
        picture(column[0], model.cluster_centers_[c].reshape(8, 8), low=0, high=16)
        digit, ax = counts[c].argmax(), column[1]
        ax.bar(range(10), counts[c], color=[COLORS[0] if d == digit else SOFT for d in range(10)], width=0.8)
        ax.text(digit, counts[c].max() + 4, digit, ha="center", color=INK, fontweight="bold")
        tidy(ax)
        ax.set(xlabel=f"{counts[c].max() / counts[c].sum():.0%}", xlim=(-0.8, 9.8), ylim=(0, counts.max() * 1.2))
    return fig


def draw_palette(photo, model):
    """The photograph, its quantised copy, and the palette."""
    fig, axes = canvas(2, 2, width=10, height=4.1, gridspec_kw={"height_ratios": [1, 0.13]})
    axes[0, 0].imshow(photo)
    axes[0, 1].imshow(model.cluster_centers_[model.labels_].reshape(photo.shape).clip(0, 1))
    grid = axes[1, 0].get_gridspec()
    for ax in axes[1]:
        ax.remove()
    strip = fig.add_subplot(grid[1, :])
    share = np.bincount(model.labels_) / len(model.labels_)
    order = np.argsort(-share)
    left = np.cumsum(share[order]) - share[order]
    strip.barh(0, share[order], left=left, color=model.cluster_centers_[order].clip(0, 1), edgecolor=PAPER, linewidth=2)
    for x, width in zip(left, share[order]):
        if width > 0.03:
            strip.text(x + width / 2, -0.75, f"{width:.0%}", ha="center", va="center", color=SOFT)
    strip.set(xlim=(0, 1), ylim=(-0.95, 0.45))
    for ax in (*axes[0], strip):
        tidy(ax)
    return fig
