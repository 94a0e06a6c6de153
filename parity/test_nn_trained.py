"""The perceptron and the residual network learn to read scikit-learn's digits."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from npml_core import train_test_split
from npml_nn import MLP, AdamW, CosineWarmup, CrossEntropy, ResNet, Trainer


def accuracy(model, shape, *, epochs, lr, seed):
    """Share of right answers on a quarter of the digits, after training on the others."""
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32).reshape(-1, *shape)
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=seed)
    n_steps = epochs * -(-len(X_train) // 32)
    optimizer = AdamW(model.parameters(), CosineWarmup(lr, 20, n_steps), weight_decay=0.05)
    trainer = Trainer(model, CrossEntropy(label_smoothing=0.1), optimizer, random_state=seed)
    trainer.fit(X_train, y_train, epochs=epochs)
    return (trainer.predict(X_test).argmax(axis=1) == y_test).mean()


@pytest.mark.parametrize("seed", [0, 3])
def test_mlp(seed):
    model = MLP([64, 256, 10], random_state=seed)
    assert accuracy(model, (64,), epochs=30, lr=0.005, seed=seed) >= 0.975


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_resnet(seed):
    model = ResNet(1, 10, width=16, n_blocks=1, random_state=seed)
    assert accuracy(model, (8, 8, 1), epochs=12, lr=0.01, seed=seed) >= 0.985
