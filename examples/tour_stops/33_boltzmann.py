"""A restricted Boltzmann machine that has seen digits, and what it makes of damaged ones."""

import numpy as np
from tour_kit import COLORS, INK, SOFT, Figure, Row, canvas, picture, stop, tidy, timed

HIDDEN, EPOCHS, BATCH, RATE = 100, 20, 20, 0.05


@stop("npml-nn", "A machine that repairs digits")
def boltzmann():
    """An `RBM` is shown digits and told nothing about them: contrastive divergence lowers the energy of what it sees,
    and raises that of what it makes up itself. Afterwards a damaged digit rolls downhill: the missing half is drawn
    again and again, while the rest is held in place.

    scikit-learn's machine learns from persistent chains, which aim at the distribution and not at reconstructions.
    """
    from sklearn.datasets import load_digits
    from sklearn.neural_network import BernoulliRBM

    from npml_core import train_test_split
    from npml_nn import RBM

    X = (load_digits(return_X_y=True)[0] / 16).astype(np.float32)
    X_train, X_test = train_test_split(X, random_state=0)[:2]
    rbm, seconds = timed(
        lambda: RBM(64, HIDDEN, random_state=0).fit(X_train, epochs=EPOCHS, batch_size=BATCH, lr=RATE, momentum=0)
    )
    peer, peer_seconds = timed(
        lambda: BernoulliRBM(HIDDEN, learning_rate=RATE, batch_size=BATCH, n_iter=EPOCHS, random_state=0).fit(X_train)
    )
    theirs = RBM(64, HIDDEN)
    theirs.W, theirs.a, theirs.b = peer.components_.T, peer.intercept_visible_, peer.intercept_hidden_
    errors = [float(np.square(X_test - machine.reconstruct(X_test)).mean()) for machine in (rbm, theirs)]
    name = f"RBM 64-{HIDDEN}, CD-1, {EPOCHS} epochs"
    yield Row(name, "digits", "reconstruction error", *errors, seconds, peer_seconds, better="lower")
    yield Figure(
        draw_repairs(rbm, X_test),
        "New digits; what one reconstruction makes of them; the upper half alone; and what the machine puts below it.",
        wide=False,
    )
    yield Figure(
        draw_energy(rbm, X_test),
        "Free energy, low where the machine expects a digit: digits it never saw, the same with two pixels in ten "
        "inverted, and with all pixels of the picture shuffled.",
        wide=False,
    )


def repaired(rbm, X, known, n_steps=30):
    """The pictures with unknown pixels filled in: reconstruct, put back what is known, again."""
    filled = np.where(known, X, 0.5)
    for _ in range(n_steps):
        filled = np.where(known, X, rbm.reconstruct(filled))
    return filled


def draw_repairs(rbm, X):
    """Rows: the truth, its reconstruction, the upper half alone, the repair."""
    known = np.arange(64) < 32
    shown = X[::45][:8]
    rows = shown, rbm.reconstruct(shown), np.where(known, shown, 0), repaired(rbm, shown, known)
    fig, axes = canvas(4, 8, width=4.6, height=2.7)
    for row, pictures in zip(axes, rows):
        for ax, pixels in zip(row, pictures):
            picture(ax, pixels.reshape(8, 8), low=0, high=1)
    for ax, label in zip(axes[:, 0], ("digit", "rebuilt", "half", "repaired")):
        ax.set_ylabel(label, color=SOFT, rotation=0, ha="right", va="center")
    return fig


def draw_energy(rbm, X):
    """Histograms of the free energy of digits, of noisy ones and of shuffled ones."""
    rng = np.random.default_rng(0)
    noisy = np.where(rng.random(X.shape) < 0.2, 1 - X, X)
    kinds = {"digits": X, "with noise": noisy, "shuffled": X[:, rng.permutation(64)]}
    energies = {name: rbm.free_energy(pictures) for name, pictures in kinds.items()}
    limits = min(map(np.min, energies.values())), max(map(np.max, energies.values()))
    fig, ax = canvas(1, 1, width=4.6, height=2.1)
    for (name, values), color in zip(energies.items(), COLORS):
        counts, _, _ = ax.hist(values, bins=np.linspace(*limits, 40), color=color, alpha=0.55)
        ax.text(np.median(values), counts.max() + 1, name, color=INK, ha="center", va="bottom")
    tidy(ax)
    ax.set(xlabel="free energy", xlim=limits)
    ax.margins(y=0.2)
    return fig
