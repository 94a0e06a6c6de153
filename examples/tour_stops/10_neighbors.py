"""Nearest neighbours on the digits."""

import numpy as np
from tour_kit import COLORS, INK, SOFT, Figure, Row, canvas, picture, stop, tidy, timed


def digits():
    """The digits of the training and of the test set: X, X_test, y, y_test."""
    from sklearn.datasets import load_digits

    from npml_core import train_test_split

    return train_test_split(*load_digits(return_X_y=True), random_state=0)


@stop("npml-classical", "Tell a digit by its neighbours")
def nearest_neighbors():
    """A handwritten digit is 64 numbers, a point in 64 dimensions. To read a new one, look up the five training
    digits nearest to it and let them vote. `KNeighborsClassifier` finds them with npml-core's ball tree or by one
    matrix product; the answer is the same.

    Nothing is learned in advance, so every verdict can be looked at: here are the witnesses.
    """
    from sklearn.neighbors import KNeighborsClassifier as Peer

    from npml_classical import KNeighborsClassifier

    X, X_test, y, y_test = digits()
    for algorithm in ("ball_tree", "brute"):
        ours, seconds = timed(lambda a=algorithm: KNeighborsClassifier(algorithm=a).fit(X, y).score(X_test, y_test))
        peer, peer_seconds = timed(lambda a=algorithm: Peer(algorithm=a).fit(X, y).score(X_test, y_test))
        name = "k-nearest neighbours, " + algorithm.replace("_", " ").replace("brute", "brute force")
        yield Row(name, "digits", "accuracy", ours, peer, seconds, peer_seconds)

    model = KNeighborsClassifier(algorithm="ball_tree").fit(X, y)
    predicted = model.predict(X_test)
    neighbours = model.kneighbors(X_test, n_neighbors=40, return_distance=False)
    yield Figure(
        draw_witnesses(X, X_test, y, y_test, predicted, neighbours[:, :5]),
        "Each row: a test digit it has never seen, its five nearest training digits, and their vote. Frames are green "
        "where a neighbour bears the right label, orange where not. On the right, digits that fooled it or nearly did.",
    )
    yield Figure(draw_accuracy(y, y_test, neighbours), "How many neighbours to ask? Accuracy over k.", wide=False)
    yield Figure(
        draw_confusion(*leave_one_out(KNeighborsClassifier)),
        "Each of all 1,797 digits judged by its five nearest others: which was read as which, where not rightly.",
        wide=False,
    )


def draw_witnesses(X, X_test, y, y_test, predicted, neighbours):
    """Five clear and five doubtful cases, each a row of six pictures."""
    doubt = (y[neighbours] != y_test[:, None]).sum(axis=1)
    order = np.argsort(-doubt, kind="stable")
    clear = [np.flatnonzero((y_test == digit) & (doubt == 0))[0] for digit in (2, 3, 5, 7, 9)]
    columns = {"width_ratios": [1.25, 1, 1, 1, 1, 1, 1.1] * 2}
    fig, axes = canvas(5, 14, width=10, height=3.9, gridspec_kw=columns)
    for block, cases in enumerate((clear, order[:5])):
        for row, case in zip(axes[:, block * 7 : block * 7 + 7], cases):
            picture(row[0], X_test[case].reshape(8, 8), low=0, high=16)
            for ax, i in zip(row[1:6], neighbours[case]):
                picture(ax, X[i].reshape(8, 8), low=0, high=16)
                ax.spines[:].set(visible=True, color=COLORS[0] if y[i] == y_test[case] else COLORS[1], linewidth=1.8)
            tidy(row[6])
            right = predicted[case] == y_test[case]
            row[6].text(0.5, 0.5, predicted[case], ha="center", va="center", fontsize=17, fontweight="bold",
                        transform=row[6].transAxes, color=COLORS[0] if right else COLORS[1])  # fmt: skip
    for column in (0, 7):
        axes[0, column].set_title("asked", fontweight="normal", color=SOFT)
        axes[0, column + 3].set_title("its neighbours", fontweight="normal", color=SOFT)
        axes[0, column + 6].set_title("vote", fontweight="normal", color=SOFT)
    return fig


def draw_accuracy(y, y_test, neighbours):
    """Accuracy over the number of neighbours that vote."""
    votes = np.cumsum(np.eye(10)[y[neighbours]], axis=1)  # (queries, k, classes)
    accuracy = 100 * (votes.argmax(axis=2) == y_test[:, None]).mean(axis=0)
    fig, ax = canvas(width=4.6, height=3.3)
    k = np.arange(1, len(accuracy) + 1)
    ax.fill_between(k, accuracy, accuracy.min() - 0.5, color=COLORS[0], alpha=0.12, linewidth=0)
    ax.plot(k, accuracy, color=COLORS[0])
    best = accuracy.argmax()
    ax.plot(k[best], accuracy[best], "o", color=COLORS[1])
    ax.annotate(f"{accuracy[best]:.1f} % at k = {k[best]}", (k[best], accuracy[best]), xytext=(9, -1),
                textcoords="offset points", color=INK)  # fmt: skip
    ax.set(
        xlabel="neighbours that vote, k",
        ylabel="test accuracy, %",
        xlim=(0.4, k[-1]),
        ylim=(accuracy.min() - 0.5, None),
    )
    return fig


def leave_one_out(KNeighborsClassifier):
    """Every digit's label, and the label its five nearest others vote for."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    others = KNeighborsClassifier(algorithm="brute").fit(X, y).kneighbors(n_neighbors=5, return_distance=False)
    return y, np.eye(10)[y[others]].sum(axis=1).argmax(axis=1)


def draw_confusion(y_test, predicted):
    """Counts of mistakes as discs, truth against prediction."""
    counts = np.zeros((10, 10), np.int64)
    np.add.at(counts, (y_test, predicted), 1)
    np.fill_diagonal(counts, 0)
    fig, ax = canvas(width=4.6, height=3.3)
    truth, read = np.nonzero(counts)
    many = counts[truth, read]
    ax.scatter(read, truth, s=80 + 40 * many, color=COLORS[1], alpha=0.9, linewidth=0)
    for i, j in zip(truth, read):
        ax.text(j, i, counts[i, j], ha="center", va="center", color="white", fontweight="bold")
    ax.plot([0, 9], [0, 9], color=SOFT, linewidth=0.8, linestyle=":")
    ax.set(xlabel="read as", ylabel="is", xticks=range(10), yticks=range(10), xlim=(-0.6, 9.6), ylim=(9.6, -0.6))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return fig
