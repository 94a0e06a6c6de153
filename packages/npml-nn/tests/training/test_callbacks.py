import csv
import math

import numpy as np
import pytest

from npml_nn import (
    SGD,
    BestWeights,
    Callback,
    Checkpoint,
    CosineWarmup,
    CSVLog,
    Dense,
    EarlyStopping,
    LearningRateLog,
    Trainer,
)


@pytest.fixture
def data(rng):
    X = rng.normal(size=(12, 2))
    return X, X[:, :1]


def make(lr=0.1):
    model = Dense(2, 1, random_state=0)
    return Trainer(model, "mse", SGD(model.parameters(), lr), random_state=0)


class Script(Callback):
    """Writes figures into the history under "f", and keeps the weights of each epoch."""

    rank = -1

    def __init__(self, figures):
        self.figures, self.weights = figures, []

    def on_epoch_end(self, trainer):
        trainer.record("f", self.figures[trainer.n_epochs - 1])
        self.weights.append(trainer.model.state_dict())


FIGURES = [5.0, 4.0, 4.5, 4.0, 3.9, math.nan, 4.0, 3.0]


@pytest.mark.parametrize(
    ("options", "epochs", "best"),
    [
        ({"patience": 1}, 3, 1),
        ({"patience": 2}, 4, 1),
        ({"patience": 3}, 8, 7),
        ({"patience": 3, "min_delta": 0.5}, 5, 1),
    ],
)
@pytest.mark.parametrize("restore_best", [True, False])
def test_early_stopping(data, options, epochs, best, restore_best):
    stopping, script = EarlyStopping(monitor="f", restore_best=restore_best, **options), Script(FIGURES)
    trainer = make().fit(*data, epochs=8, callbacks=[stopping, script])
    assert trainer.n_epochs == epochs
    assert stopping.best_epoch == best
    assert stopping.best == FIGURES[best]
    assert stopping.stopped_epoch == (epochs - 1 if epochs < 8 else None)
    kept = script.weights[best if restore_best else epochs - 1]
    np.testing.assert_array_equal(trainer.model.W, kept["W"])


def test_best_weights(data):
    best, script = BestWeights("f"), Script(FIGURES)
    trainer = make().fit(*data, epochs=6, callbacks=[best, script])
    assert (best.best_epoch, best.best) == (4, 3.9)
    np.testing.assert_array_equal(trainer.model.W, script.weights[4]["W"])


def test_validation_is_what_counts_where_there_is_any(data):
    X, y = data
    best, trainer = BestWeights(), make()
    trainer.fit(X, y, epochs=4, validation_data=(X, -y), callbacks=[best])
    assert best.best == min(trainer.history["val_loss"]) == trainer.history["val_loss"][0]
    trainer.fit(X, y, epochs=4, callbacks=[best])  # begins anew, and by the loss
    assert best.best == min(trainer.history["loss"])
    trainer.fit(X, y, epochs=1, validation_data=(X, y))
    assert np.isnan(trainer.history["val_loss"][4:8]).all()
    assert len(trainer.history["val_loss"]) == 9


def test_unknown_figure(data):
    with pytest.raises(ValueError, match="monitor must be one of"):
        make().fit(*data, callbacks=[BestWeights("accuracy")])


def test_learning_rates_and_log(data, tmp_path):
    schedule, path = CosineWarmup(0.1, warmup=3, total=12), tmp_path / "log.csv"
    trainer = make(schedule).fit(*data, epochs=4, batch_size=4, callbacks=[CSVLog(path), LearningRateLog()])
    assert trainer.history["lr"] == [schedule(step) for step in (2, 5, 8, 11)]
    trainer.fit(*data, epochs=2, validation_data=data, callbacks=CSVLog(path))
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "loss", "lr", "val_loss"]
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [float(row["loss"]) for row in rows] == trainer.history["loss"]
    assert rows[0]["val_loss"] == rows[5]["lr"] == "nan"


def test_checkpoints_every_so_many_steps(data, tmp_path):
    saved = []

    class Watch(Callback):
        rank = 3

        def on_step_end(self, trainer):
            if (tmp_path / "run").exists():
                saved.append(make().load(tmp_path / "run").n_steps)

    trainer = make().fit(*data, epochs=2, batch_size=3, callbacks=[Checkpoint(tmp_path / "run", every=3), Watch()])
    assert saved == [3, 3, 3, 6, 6, 6]
    assert make().load(tmp_path / "run").n_steps == trainer.n_steps == 8
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_bad_options(tmp_path):
    with pytest.raises(ValueError, match="patience"):
        EarlyStopping(patience=0)
    with pytest.raises(ValueError, match="min_delta"):
        EarlyStopping(min_delta=-1)
    with pytest.raises(ValueError, match="every"):
        Checkpoint(tmp_path / "run", every=0)
