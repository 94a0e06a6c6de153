"""A small network, taught to read digits by plain gradient descent."""

import numpy as np
from tour_kit import COLORS, INK, SOFT, Figure, Row, canvas, picture, recorded, stop, tidy, timed

HIDDEN, EPOCHS, BATCH, RATE, MOMENTUM = 64, 30, 32, 0.05, 0.9


@stop("npml-nn", "A network learns to read")
def mlp():
    """Two `Dense` layers with a ReLU between them, nothing hidden: the loss returns its gradient, `backward` hands it
    down layer by layer, the optimizer subtracts it from the weights. Each of those steps is a few lines of NumPy that
    stand beside their formula.

    Torch trains the same network on the same digits for as many steps; its column was recorded in a run of its own.
    """
    from sklearn.datasets import load_digits

    from npml_core import train_test_split

    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split((X / 16).astype(np.float32), y, random_state=0)
    (model, history), seconds = timed(lambda: train(X_train, y_train, X_test, y_test))
    accuracy = history["test"][-1]
    yield Row(
        f"MLP 64-{HIDDEN}-10, {EPOCHS} epochs",
        "digits",
        "accuracy",
        accuracy,
        seconds=seconds,
        **recorded("mlp_digits"),
    )
    yield Figure(
        draw_history(history), "Every epoch: the loss on the training digits, and the mistakes on new ones.", wide=False
    )
    yield Figure(
        draw_doubts(model, X_test, y_test),
        "The digits it reads worst, and how its belief is spread over the ten names. The truth is green.",
        wide=False,
    )
    yield Figure(
        draw_weights(model),
        "What the 32 strongest hidden units look for: ink on green speaks for a unit, ink on brown against "
        "it. Before training all this was noise.",
    )


def train(X, y, X_test, y_test):
    """Minibatch gradient descent: the model, and per epoch its loss and the share of right answers on new digits."""
    from npml_nn import SGD, CrossEntropy, Dense, Sequential, minibatches

    rng = np.random.default_rng(0)
    model = Sequential(Dense(64, HIDDEN, activation="relu", random_state=rng), Dense(HIDDEN, 10, random_state=rng))
    loss, optimizer = CrossEntropy(), SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    history = {"loss": [], "test": []}
    for _ in range(EPOCHS):
        losses = []
        for Xb, yb in minibatches(X, y, batch_size=BATCH, random_state=rng):
            value, dy = loss(model(Xb), yb)
            model.backward(dy)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(value)
        history["loss"].append(np.mean(losses))
        history["test"].append(np.mean(model.eval()(X_test).argmax(axis=1) == y_test))
        model.train()
    return model, history


def draw_history(history):
    """Loss and mistakes over the epochs."""
    fig, (top, bottom) = canvas(2, 1, width=4.6, height=3.9, sharex=True)
    epochs = np.arange(1, EPOCHS + 1)
    top.semilogy(epochs, history["loss"], color=COLORS[0])
    top.set(ylabel="training loss")
    wrong = 100 * (1 - np.array(history["test"]))
    bottom.fill_between(epochs, wrong, color=COLORS[1], alpha=0.15, linewidth=0)
    bottom.plot(epochs, wrong, color=COLORS[1])
    place = {"xytext": (0, 7), "textcoords": "offset points", "ha": "right"}
    bottom.annotate(f"{wrong[-1]:.1f} %", (epochs[-1], wrong[-1]), color=INK, **place)
    bottom.set(xlabel="epoch", ylabel="wrong on new digits, %", xlim=(1, EPOCHS), ylim=(0, None))
    return fig


def draw_doubts(model, X_test, y_test):
    """The six worst-read test digits beside their probabilities."""
    logits = model.eval()(X_test).astype(np.float64)
    beliefs = np.exp(logits - logits.max(axis=1, keepdims=True))
    beliefs /= beliefs.sum(axis=1, keepdims=True)
    cases = np.argsort(beliefs[np.arange(len(y_test)), y_test])[:6]
    fig, axes = canvas(3, 4, width=4.6, height=3.9, gridspec_kw={"width_ratios": [1, 1.5, 1, 1.5]})
    for (image, bars), case in zip(axes.reshape(6, 2), cases):
        picture(image, X_test[case].reshape(8, 8), low=0, high=1)
        colors = [COLORS[0] if digit == y_test[case] else COLORS[1] for digit in range(10)]
        bars.bar(range(10), beliefs[case], color=colors, width=0.8)
        tidy(bars)
        bars.set(xlim=(-0.6, 9.6), ylim=(0, 1.25))
        for digit in set(np.argsort(-beliefs[case])[:2]) | {y_test[case]}:
            bars.text(digit, beliefs[case, digit] + 0.04, digit, ha="center", color=INK)
        bars.axhline(0, color=SOFT, linewidth=0.8)
    return fig


def draw_weights(model):
    """The incoming weights of the strongest hidden units as 8 x 8 pictures."""
    W = next(parameter.value for parameter in model.parameters() if parameter.value.shape == (64, HIDDEN))
    order = np.argsort(-np.linalg.norm(W, axis=0))
    limit = np.quantile(np.abs(W), 0.995)
    fig, axes = canvas(2, 16, width=10, height=1.5)
    for ax, unit in zip(axes.flat, order):
        ax.imshow(W[:, unit].reshape(8, 8), cmap="BrBG", vmin=-limit, vmax=limit, interpolation="none")
        tidy(ax)
    return fig
