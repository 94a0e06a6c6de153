"""A tree, a forest and boosting: on the digits and on the breast cancer data."""

import numpy as np
from tour_kit import COLORS, SOFT, Figure, Row, Text, canvas, picture, stop, timed


@stop("npml-classical", "A tree, a forest, and trees that mend each other's mistakes")
def trees():
    """A `DecisionTreeClassifier` asks about one number at a time, and one can read what it does. A
    `RandomForestClassifier` lets a hundred trees vote, each grown on other samples and looking at a few pixels at every
    question: what one tree gets wrong the others outvote. `GradientBoostingClassifier` grows small trees one after the
    other, each on what those before it still get wrong.

    Split for split, the single tree is the one that scikit-learn grows, but for ties.
    """
    from sklearn import ensemble
    from sklearn import tree as peer_tree
    from sklearn.datasets import load_breast_cancer, load_digits

    from npml_classical import DecisionTreeClassifier, GradientBoostingClassifier, RandomForestClassifier

    cells = load_breast_cancer()
    train, test = halves(len(cells.data))
    X, y = cells.data, cells.target_names[cells.target]
    for ours, peer, label in (
        (DecisionTreeClassifier(max_depth=3), peer_tree.DecisionTreeClassifier(max_depth=3, random_state=0), "tree"),
        (GradientBoostingClassifier(), ensemble.GradientBoostingClassifier(random_state=0), "boosting, 100 rounds"),
    ):
        row, model = compare(ours, peer, X, y, train, test)
        yield Row(label, "breast cancer", "accuracy", *row)
        if label == "tree":
            yield Text(
                model.export_text(cells.feature_names),
                "The whole tree of depth three: thirty measurements of cell nuclei, and it needs a handful of them.",
            )
    yield Figure(
        draw_stages(model, X, y, train, test),
        "Boosting, round by round: the training error falls to nothing, the error on unseen patients levels off.",
        wide=False,
    )

    digits = load_digits()
    train, test = halves(len(digits.data))
    row, model = compare(
        RandomForestClassifier(100, random_state=0),
        ensemble.RandomForestClassifier(100, random_state=0),
        digits.data,
        digits.target,
        train,
        test,
    )
    yield Row("random forest, 100 trees", "digits", "accuracy", *row)
    yield Figure(
        draw_importances(model, digits),
        "Which pixels the forest looks at (darker: more), beside the average digit: it has found out that the "
        "rim of the picture says nothing.",
        wide=False,
    )


def halves(n):
    """Two thirds of the rows to train on, the rest to test."""
    rows = np.random.default_rng(0).permutation(n)
    return rows[: 2 * n // 3], rows[2 * n // 3 :]


def compare(ours, peer, X, y, train, test):
    """Accuracies and seconds of both, and our fitted model."""
    ours, seconds = timed(lambda: ours.fit(X[train], y[train]))
    peer, peer_seconds = timed(lambda: peer.fit(X[train], y[train]))
    return (ours.score(X[test], y[test]), peer.score(X[test], y[test]), seconds, peer_seconds), ours


def draw_stages(model, X, y, train, test):
    """Error on the training and the test rows after every round."""
    fig, ax = canvas(width=4.5, height=3.4)
    for rows, label, color in ((train, "training", SOFT), (test, "unseen", COLORS[1])):
        errors = [np.mean(stage != y[rows]) for stage in model.staged_predict(X[rows])]
        ax.plot(np.arange(1, len(errors) + 1), errors, color=color, drawstyle="steps-post")
        ax.text(len(errors), errors[-1] + 0.002, label, ha="right", va="bottom", color=color, fontweight="bold")
    ax.set(xlabel="round", ylabel="share of wrong answers", ylim=(-0.001, 0.15), xlim=(1, None))
    return fig


def draw_importances(model, digits):
    """The average picture and the importance of each pixel, with the five most important marked."""
    fig, axes = canvas(1, 2, width=4.5, height=2.6)
    importance = model.feature_importances_
    picture(axes[0], digits.data.mean(axis=0).reshape(8, 8), low=0, high=16)
    picture(axes[1], importance.reshape(8, 8), low=0, high=importance.max())
    axes[0].set_title("average digit")
    axes[1].set_title("importance")
    for place, pixel in enumerate(np.argsort(-importance)[:5]):
        where = {"ha": "center", "va": "center", "color": COLORS[1], "fontweight": "bold"}
        axes[1].text(pixel % 8, pixel // 8, place + 1, **where)
    return fig
