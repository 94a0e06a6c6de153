"""The ball tree, asked for the surroundings of every place on a map."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from tour_kit import COLORS, INK, PAPER, Figure, Row, canvas, stop, timed

WIDTH, HEIGHT, NEIGHBOURS = 220, 130, 15


@stop("npml-core", "Who lives nearby?")
def ball_tree():
    """A `BallTree` keeps points in balls, so that whoever asks for neighbours passes by every ball too far away to
    hold one. Here it holds 569 breast tumours by two of their measures, and is asked at each of 28,600 places for the
    fifteen nearest.

    How far the last of them lies tells how crowded a place is; how many of them are malignant draws the line.
    """
    from sklearn.datasets import load_breast_cancer
    from sklearn.neighbors import BallTree as Peer

    from npml_core import BallTree

    data = load_breast_cancer()
    points = (data.data[:, [0, 1]] - data.data[:, [0, 1]].mean(axis=0)) / data.data[:, [0, 1]].std(axis=0)
    low, high = points.min(axis=0) - 0.4, points.max(axis=0) + 0.4
    x, y = np.linspace(low[0], high[0], WIDTH), np.linspace(low[1], high[1], HEIGHT)
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    (distances, indices), seconds = timed(lambda: BallTree(points).query(places, k=NEIGHBOURS))
    (peer_distances, _), peer_seconds = timed(lambda: Peer(points).query(places, k=NEIGHBOURS))
    means = [d[:, -1].mean() for d in (distances, peer_distances)]
    figures = (*means, seconds, peer_seconds)
    yield Row("ball tree, 15 nearest", f"{len(places):,} places", "mean distance", *figures, better="lower")
    malignant = data.target == 0
    yield Figure(
        draw_maps(points, malignant, distances[:, -1], malignant[indices].mean(axis=1), (*low, *high)),
        "Left: how crowded it is around each place, by the distance of the fifteenth neighbour. Right: the share of "
        "malignant tumours (orange) among the fifteen, paler where hardly any lived at all.",
    )


def draw_maps(points, malignant, reach, share, box):
    """Density and share of malignant points over the plane."""
    density = np.log(1 / reach**2)
    density = np.clip((density - np.quantile(density, 0.02)) / (density.max() - np.quantile(density, 0.02)), 0, 1)
    extent, shape = (box[0], box[2], box[1], box[3]), (HEIGHT, WIDTH)
    fig, (left, right) = canvas(1, 2, width=10, height=3.6, sharex=True, sharey=True)
    crowd = LinearSegmentedColormap.from_list("crowd", [(*to_rgb(COLORS[2]), 0), (*to_rgb(COLORS[2]), 0.9)])
    look = {"extent": extent, "origin": "lower", "aspect": "auto", "interpolation": "bilinear"}
    left.imshow(density.reshape(shape), cmap=crowd, **look)
    left.contour(density.reshape(shape), levels=6, extent=extent, colors=INK, linewidths=0.6, alpha=0.5)
    good, bad = np.array(to_rgb(COLORS[0])), np.array(to_rgb(COLORS[1]))
    colors = np.concatenate([good + share[:, None] * (bad - good), 0.12 + 0.6 * density[:, None]], axis=1)
    right.imshow(colors.reshape(*shape, 4), **look)
    right.contour(share.reshape(shape), levels=[0.5], extent=extent, colors=INK, linewidths=1.1)
    left.scatter(*points.T, s=5, color=INK, linewidth=0, alpha=0.55)
    for group, color in ((~malignant, COLORS[0]), (malignant, COLORS[1])):
        right.scatter(*points[group].T, s=11, color=color, edgecolor=PAPER, linewidth=0.4)
    for ax in (left, right):
        ax.set(xlabel="mean radius, standardised", xlim=(box[0], box[2]), ylim=(box[1], box[3]))
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    left.set(ylabel="mean texture, standardised")
    return fig
