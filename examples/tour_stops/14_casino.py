"""A hidden Markov model watches a dishonest casino."""

import numpy as np
from tour_kit import COLORS, INK, SOFT, Figure, Row, canvas, stop, timed


@stop("npml-classical", "The casino that sometimes cheats")
def casino():
    """A croupier throws a fair die and now and then, unseen, swaps it for a loaded one that shows six half of the
    time. We see only the throws. `CategoricalHMM` learns both dice and how often they are swapped from the throws alone
    (Baum-Welch), and then says for each throw which die it was: the most probable path (Viterbi), and how sure it is.
    """
    from hmmlearn.hmm import CategoricalHMM as Peer

    from npml_classical import CategoricalHMM

    truth = CategoricalHMM(2)
    truth.startprob_ = np.array([1.0, 0.0])
    truth.transmat_ = np.array([[0.97, 0.03], [0.08, 0.92]])
    truth.emissionprob_ = np.array([[1 / 6] * 6, [0.1] * 5 + [0.5]])
    throws, dice = truth.sample(6000, random_state=3)

    def fit(kind):
        model = kind(2, n_iter=60, tol=1e-3, init_params="", n_features=6)
        model.startprob_ = np.array([0.5, 0.5])
        model.transmat_ = np.array([[0.9, 0.1], [0.1, 0.9]])
        model.emissionprob_ = np.array([[0.18] * 5 + [0.1], [0.15] * 5 + [0.25]])
        return model.fit(throws)

    ours, seconds = timed(lambda: fit(CategoricalHMM))
    peer, peer_seconds = timed(lambda: fit(Peer))
    figures = (ours.score(throws), peer.score(throws), seconds, peer_seconds)
    yield Row("HMM, Baum-Welch", "6,000 throws", "log-likelihood", *figures, peer_name="hmmlearn")
    path, path_seconds = timed(lambda: ours.predict(throws))
    peer_path, peer_path_seconds = timed(lambda: peer.predict(throws))
    shares = ((path == dice).mean(), (peer_path == dice).mean())
    yield Row("HMM, Viterbi", "6,000 throws", "dice named right", *shares, path_seconds, peer_path_seconds, "hmmlearn")
    yield Figure(
        draw_throws(throws[:300, 0], dice[:300], path[:300], ours.predict_proba(throws)[:300, 1]),
        "The first 300 throws. Above, the probability that the die is loaded; below, which die it was and which one "
        f"the model names. It learned a loaded die that shows six in {ours.emissionprob_[1, 5]:.0%} of its throws.",
    )


def draw_throws(throws, dice, path, probability):
    """Probability of the loaded die over the throws, and two strips: truth and guess."""
    fig, axes = canvas(3, 1, width=11, height=3.4, sharex=True, gridspec_kw={"height_ratios": [4, 0.6, 0.6]})
    top, true, guessed = axes.ravel()
    t = np.arange(len(throws))
    top.fill_between(t, probability, color=COLORS[1], alpha=0.35, linewidth=0)
    top.plot(t, probability, color=COLORS[1], linewidth=1.2)
    six = throws == 5
    top.scatter(t[six], np.full(six.sum(), 1.06), s=8, color=INK, clip_on=False)
    top.text(-4, 1.06, "sixes", ha="right", va="center", color=SOFT)
    top.set(ylim=(0, 1.1), yticks=(0, 0.5, 1), ylabel="P(loaded)")
    for ax, states, name in ((true, dice, "truth"), (guessed, path, "path")):
        ax.imshow(states[None], aspect="auto", cmap="Oranges", vmin=-0.3, vmax=1.4, extent=(0, len(throws), 0, 1))
        ax.set_yticks([])
        ax.text(-4, 0.5, name, ha="right", va="center", color=SOFT)
    guessed.set_xlabel("throw")
    return fig
