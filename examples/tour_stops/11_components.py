"""Principal components of the digits."""

import numpy as np
from tour_kit import COLORS, INK, LINE, PAPER, SOFT, Figure, Row, canvas, picture, stop, tidy, timed


@stop("npml-classical", "Sixty-four dimensions on a page")
def principal_components():
    """Principal component analysis turns the 64-dimensional cloud of digits until its widest side faces the reader.
    `PCA` had no labels; that the digits fall into groups, and which ones touch, is the data's own doing.

    Rebuilt from a few components a digit is already readable: most of the 64 numbers repeat one another.
    """
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA as Peer

    from npml_classical import PCA

    X, y = load_digits(return_X_y=True)
    ours, seconds = timed(lambda: PCA(n_components=20).fit(X))
    peer, peer_seconds = timed(lambda: Peer(n_components=20).fit(X))
    explained = [100 * model.explained_variance_ratio_.sum() for model in (ours, peer)]
    yield Row("PCA, 20 components", "digits", "variance explained, %", *explained, seconds, peer_seconds)
    yield Figure(
        draw_map(ours.transform(X), X, y),
        "All 1,797 digits along their first four principal components, one colour a digit; a few are drawn as they "
        "were written.",
    )
    yield Figure(draw_rebuilt(X, y, PCA), "The same four digits from 2, 5, 10, 20 and all 64 components.", wide=False)
    yield Figure(
        draw_variance(PCA().fit(X)),
        "Variance explained by the first m components together, and the first six components as pictures.",
        wide=False,
    )


def draw_map(Z, X, y):
    """Components 1 and 2, and 3 and 4: every digit as a dot, some as pictures."""
    fig, axes = canvas(1, 2, width=10, height=5.3)
    for ax, first in zip(axes, (0, 2)):
        plane = Z[:, first : first + 2]
        for digit in range(10):
            ax.scatter(*plane[y == digit].T, s=11, color=COLORS[digit], alpha=0.55, linewidth=0, rasterized=True)
        for i in spread_out(plane, 26, 6.5):
            (x, z), half = plane[i], 1.9
            place = ax.inset_axes([x - half, z - half, 2 * half, 2 * half], transform=ax.transData)
            picture(place, X[i].reshape(8, 8), low=0, high=16)
            place.set_facecolor(PAPER)
            place.spines[:].set(visible=True, color=COLORS[y[i]], linewidth=1.4)
        tidy(ax)
        ax.set(aspect="equal", xlabel=f"component {first + 1}", ylabel=f"component {first + 2}")
    dots = [axes[0].scatter([], [], s=36, color=COLORS[digit], linewidth=0, label=str(digit)) for digit in range(10)]
    fig.legend(handles=dots, ncols=10, loc="outside upper center", labelcolor=INK, handletextpad=0.1, columnspacing=1.2)
    return fig


def spread_out(points, most, distance):
    """Indices of up to `most` points no two of which are nearer than `distance`, drawn in a fixed order."""
    chosen = []
    for i in np.random.default_rng(3).permutation(len(points)):
        if all(np.hypot(*(points[i] - points[j])) >= distance for j in chosen):
            chosen.append(i)
        if len(chosen) == most:
            break
    return chosen


def draw_rebuilt(X, y, PCA):
    """Four digits rebuilt from more and more components."""
    cases, counts = [np.flatnonzero(y == digit)[4] for digit in (3, 4, 6, 8)], (2, 5, 10, 20, 64)
    fig, axes = canvas(4, 5, width=4.6, height=3.7)
    for column, m in zip(axes.T, counts):
        model = PCA(n_components=m).fit(X)
        for ax, image in zip(column, model.inverse_transform(model.transform(X[cases]))):
            picture(ax, image.reshape(8, 8), low=0, high=16)
        column[0].set_title(m, fontweight="normal", color=SOFT)
    return fig


def draw_variance(model):
    """Cumulative explained variance, with the first components above it."""
    fig, axes = canvas(2, 6, width=4.6, height=3.7, gridspec_kw={"height_ratios": [1, 3.1]})
    for i, ax in enumerate(axes[0]):
        limit = np.abs(model.components_[i]).max()
        ax.imshow(model.components_[i].reshape(8, 8), cmap="BrBG", vmin=-limit, vmax=limit, interpolation="none")
        tidy(ax)
        ax.set_title(i + 1, fontweight="normal", color=SOFT)
    grid = axes[1, 0].get_gridspec()
    for ax in axes[1]:
        ax.remove()
    ax = fig.add_subplot(grid[1, :])
    share = 100 * np.cumsum(model.explained_variance_ratio_)
    m = np.arange(1, len(share) + 1)
    ax.axhline(90, color=LINE, linewidth=1)
    ax.fill_between(m, share, color=COLORS[0], alpha=0.12, linewidth=0)
    ax.plot(m, share, color=COLORS[0])
    enough = int(np.argmax(share >= 90))
    ax.plot(m[enough], share[enough], "o", color=COLORS[1])
    ax.annotate(f"90 % with {m[enough]} of 64", (m[enough], share[enough]), xytext=(8, -12), textcoords="offset points")
    ax.set(xlabel="components, m", ylabel="variance explained, %", xlim=(1, 64), ylim=(0, 102))
    return fig
