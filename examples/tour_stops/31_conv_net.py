"""A small convolutional network on the digits: its loss, and what its first filters look for."""

import numpy as np
from tour_kit import COLORS, INK, Figure, Row, canvas, picture, recorded, stop, tidy, timed

EPOCHS, BATCH, RATE, FILTERS = 10, 32, 0.003, 8


@stop("npml-nn", "Filters that nobody drew")
def conv_net():
    """Eight filters of 3 x 3 slide over the digit, sixteen more over what those found, and one dense layer decides. A
    `Trainer` runs the epochs; the gradient of each convolution is again a convolution, written out beside it.

    Torch trains the same network for as many steps; its column was recorded in a run of its own.
    """
    from sklearn.datasets import load_digits

    from npml_core import train_test_split

    X, y = load_digits(return_X_y=True)
    images = (X / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    X_train, X_test, y_train, y_test = train_test_split(images, y, random_state=0)
    trainer, seconds = timed(lambda: train(X_train, y_train, X_test, y_test))
    accuracy = float((trainer.predict(X_test).argmax(axis=1) == y_test).mean())
    yield Row(
        f"conv net, {EPOCHS} epochs",
        "digits",
        "accuracy",
        accuracy,
        seconds=seconds,
        **recorded("conv_net_digits"),
    )
    yield Figure(draw_history(trainer.history), "The loss on the digits it learns from, and on new ones.", wide=False)
    yield Figure(
        draw_filters(trainer.model, X_test[3]),
        "Its eight first filters (ink on green speaks for, on brown against), and what each makes of one digit.",
        wide=False,
    )


def train(X, y, X_test, y_test):
    """Ten epochs of Adam."""
    from npml_nn import Adam, Conv2D, Dense, Flatten, MaxPool2D, Sequential, Trainer

    rng = np.random.default_rng(0)
    model = Sequential(
        Conv2D(1, FILTERS, 3, padding=1, activation="relu", random_state=rng),
        Conv2D(FILTERS, 16, 3, padding=1, activation="relu", random_state=rng),
        MaxPool2D(2),
        Flatten(),
        Dense(4 * 4 * 16, 10, random_state=rng),
    )
    trainer = Trainer(model, "cross_entropy", Adam(model.parameters(), lr=RATE), random_state=rng)
    return trainer.fit(X, y, epochs=EPOCHS, batch_size=BATCH, validation_data=(X_test, y_test))


def draw_history(history):
    """Both losses over the epochs."""
    fig, ax = canvas(1, 1, width=4.6, height=3.2)
    epochs = np.arange(1, EPOCHS + 1)
    for name, key, color in (("digits seen", "loss", COLORS[0]), ("new digits", "val_loss", COLORS[1])):
        ax.semilogy(epochs, history[key], color=color)
        place = {"xytext": (4, 0), "textcoords": "offset points", "va": "center"}
        ax.annotate(name, (epochs[-1], history[key][-1]), color=INK, annotation_clip=False, **place)
    ax.set(xlabel="epoch", ylabel="loss", xlim=(1, EPOCHS + 2.4), xticks=epochs[::3])
    return fig


def draw_filters(model, digit):
    """The weights of the first layer above what they make of the digit."""
    first = model[0]
    answers = first(digit[None])[0]
    first.eval().train()  # drops what it kept for a backward pass
    limit = np.abs(first.W).max()
    fig, axes = canvas(4, 4, width=4.6, height=3.2)
    for i in range(FILTERS):
        top, bottom = axes[2 * (i // 4)][i % 4], axes[2 * (i // 4) + 1][i % 4]
        top.imshow(first.W[:, :, 0, i], cmap="BrBG", vmin=-limit, vmax=limit, interpolation="none")
        tidy(top)
        picture(bottom, answers[:, :, i])
    return fig
