import copy
import os
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from npml_nn import (
    MLP,
    SGD,
    Adam,
    BatchNorm1D,
    BernoulliVAELoss,
    BestWeights,
    Callback,
    Checkpoint,
    CrossEntropy,
    Dense,
    Dlib,
    Dropout,
    EarlyStopping,
    Layer,
    LearningRateLog,
    NCELoss,
    Sequential,
    SquaredError,
    Trainer,
)


@pytest.fixture
def data(rng):
    X = rng.normal(size=(37, 3))
    return X, np.stack([X[:, 0] * X[:, 1], X.sum(axis=1)], axis=1)


def make(random_state=0, p=0.3, lr=0.01, **options):
    """Everything that remembers: dropout, running statistics, momenta, a schedule that listens."""
    rng = np.random.default_rng(random_state)
    model = Sequential(Dense(3, 8, "relu", random_state=rng), BatchNorm1D(8), Dropout(p, random_state=rng), Dense(8, 2))
    model.layers[3].W = rng.normal(size=(8, 2))
    optimizer = Adam(model.parameters(), Dlib(lr, patience=20, decay=0.5), clip_norm=1.0)
    return Trainer(model, "mse", optimizer, random_state=rng, **options)


def same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


class Kill(Exception):
    pass


class KillAt(Callback):
    """Breaks the training off at one step or epoch."""

    def __init__(self, step=None, epoch=None):
        self.step, self.epoch = step, epoch

    def on_step_end(self, trainer):
        if trainer.n_steps == self.step:
            raise Kill

    def on_epoch_end(self, trainer):
        if trainer.n_epochs == self.epoch:
            raise Kill

    def load_state_dict(self, state):
        self.step = self.epoch = None


def test_fit_is_the_loop_that_one_would_write(data):
    X, y = data
    trainer = Trainer(MLP([3, 5, 2], dtype=np.float64, random_state=0), "mse", "adam", random_state=1)
    trainer.fit(X, y, epochs=3, batch_size=10, validation_data=(X[:5], y[:5]))
    model, loss, rng = MLP([3, 5, 2], dtype=np.float64, random_state=0), SquaredError(), np.random.default_rng(1)
    optimizer, history, validation = Adam(model.parameters()), [], []
    for _ in range(3):
        order, total = rng.permutation(37), 0.0
        for start in range(0, 37, 10):
            rows = order[start : start + 10]
            value, dy = loss(model(X[rows]), y[rows])
            optimizer.zero_grad()
            model.backward(dy)
            optimizer.step()
            total += value * len(rows)
        history.append(total / 37)
        validation.append(loss(model.eval()(X[:5]), y[:5])[0])
        model.train()
    same(trainer.model.state_dict(), model.state_dict())
    np.testing.assert_allclose(trainer.history["loss"], history, rtol=1e-12)
    np.testing.assert_allclose(trainer.history["val_loss"], validation, rtol=1e-12)
    assert (trainer.n_epochs, trainer.n_steps) == (3, 12)


@pytest.mark.parametrize(("batch_size", "steps"), [(5, 4), (10, 2), (7, 6), (20, 1)])
def test_accumulated_batches_do_what_one_large_batch_does(data, batch_size, steps):
    a, b = (Trainer(MLP([3, 5, 2], dtype=np.float64, random_state=0), "mse", "sgd", random_state=1) for _ in range(2))
    a.fit(*data, epochs=2, batch_size=batch_size, accumulation_steps=steps)
    b.fit(*data, epochs=2, batch_size=batch_size * steps)
    for name, array in a.model.state_dict().items():
        np.testing.assert_allclose(array, b.model.state_dict()[name], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(a.history["loss"], b.history["loss"], rtol=1e-12)
    assert a.n_steps == b.n_steps


def test_seed_decides_and_epochs_are_further_ones(data):
    a, b, c = make(), make(), make(random_state=1)
    a.fit(*data, epochs=2).fit(*data, epochs=3)
    b.fit(*data, epochs=5)
    c.fit(*data, epochs=5)
    same(a.model.state_dict(), b.model.state_dict())
    assert a.history == b.history
    assert len(a.history["loss"]) == a.n_epochs == 5
    assert a.history != c.history


def test_random_state_of_fit(data):
    losses = [make().fit(*data, epochs=2, random_state=seed).history["loss"] for seed in (5, 5, 6)]
    assert losses[0] == losses[1] != losses[2]


def test_without_shuffling_the_order_is_that_of_the_data():
    seen = []

    def loss(y_pred, y_true):
        seen.extend(y_true.ravel().tolist())
        return SquaredError()(y_pred, y_true)

    y = np.arange(5.0)[:, None]
    trainer = Trainer(Dense(1, 1), loss, "sgd").fit(y, y, epochs=2, batch_size=2, shuffle=False)
    assert seen == [0, 1, 2, 3, 4] * 2
    seen.clear()
    trainer.fit(y, y, epochs=1, batch_size=2)
    assert sorted(seen) == [0, 1, 2, 3, 4]


def test_modes_are_as_they_were(data):
    trainer, modes = make(), []

    class Look(Callback):
        def on_step_end(self, trainer):
            modes.append({layer.training for _, layer in trainer.model.walk()})

    trainer.model.layers[1].eval()
    before = [layer.training for _, layer in trainer.model.walk()]
    trainer.fit(*data, epochs=1, callbacks=Look(), validation_data=data)
    trainer.predict(data[0])
    assert [layer.training for _, layer in trainer.model.walk()] == before
    assert modes == [{True}, {True}]
    assert trainer.model.input_gradient
    assert not any(layer._tape for _, layer in trainer.model.walk())


def test_a_failed_step_leaves_nothing_behind(data):
    trainer = make()
    with pytest.raises(ValueError):
        trainer.fit(data[0], data[1][:, :1], epochs=1)
    assert not any(layer._tape for _, layer in trainer.model.walk())
    assert trainer.model.training
    assert trainer.fit(*data, epochs=1).n_epochs == 1


def test_predict_and_evaluate_do_not_depend_on_batches(data):
    X, y = data
    trainer = make().fit(X, y, epochs=2)
    whole = trainer.predict(X, batch_size=37)
    np.testing.assert_allclose(trainer.predict(X, batch_size=5), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(whole, trainer.model.eval()(X))
    expected = SquaredError()(whole, y)[0]
    assert trainer.evaluate(X, y) == pytest.approx(expected, rel=1e-6)
    assert trainer.evaluate(X, y, batch_size=5) == pytest.approx(expected, rel=1e-6)


class TwoInTwoOut(Layer):
    def __init__(self):
        self.a, self.b = Dense(2, 3, dtype=np.float64, random_state=0), Dense(4, 3, dtype=np.float64, random_state=1)

    def _forward(self, x, z):
        a, b = self.a.forward(x), self.b.forward(z)
        return (a + b, a * 2), None

    def _backward(self, dy, cache):
        return (self.a.backward(dy[0] + 2 * dy[1]), self.b.backward(dy[0])), {}


def test_several_inputs_outputs_and_targets(rng):
    def loss(y_pred, y_true):
        pairs = [SquaredError()(p, t) for p, t in zip(y_pred, y_true)]
        return sum(value for value, _ in pairs), tuple(dy for _, dy in pairs)

    X, y = (rng.normal(size=(20, 2)), rng.normal(size=(20, 4))), (rng.normal(size=(20, 3)), rng.normal(size=(20, 3)))
    trainer = Trainer(TwoInTwoOut(), loss, "adam", random_state=0)
    before = trainer.evaluate(X, y)
    trainer.fit(X, y, epochs=30, batch_size=4, accumulation_steps=2, validation_data=(X, y))
    assert trainer.history["val_loss"][-1] < before
    outputs = trainer.predict(X, batch_size=7)
    assert [output.shape for output in outputs] == [(20, 3), (20, 3)]
    with pytest.raises(ValueError, match="as many samples"):
        trainer.fit((X[0], X[1][:-1]), y)


class TinyVAE(Layer):
    """Two-dimensional code of binary vectors; the sampling is inside, its generator too."""

    def __init__(self):
        self.encoder, self.decoder = Dense(6, 4, random_state=0), Dense(2, 6, "sigmoid", random_state=1)
        self.rng = np.random.default_rng(2)

    def _forward(self, x):
        code = self.encoder.forward(x)
        mean, logvar = code[:, :2], code[:, 2:]
        noise = self.rng.normal(size=mean.shape).astype(mean.dtype)
        spread = np.exp(logvar / 2) * noise
        return (self.decoder.forward(mean + spread), mean, logvar), spread

    def _backward(self, dy, spread):
        d_recon, d_mean, d_logvar = dy
        dz = self.decoder.backward(d_recon)
        return self.encoder.backward(np.concatenate([d_mean + dz, d_logvar + dz * spread / 2], axis=1)), {}


def test_variational_autoencoder(rng):
    X = (rng.random((60, 6)) < np.where(rng.random((60, 1)) < 0.5, 0.1, 0.9)).astype(np.float32)
    trainer = Trainer(TinyVAE(), BernoulliVAELoss(), "adam", random_state=0).fit(X, X, epochs=80, batch_size=10)
    assert trainer.history["loss"][-1] < trainer.history["loss"][0] - 0.3
    assert [output.shape for output in trainer.predict(X)] == [(60, 6), (60, 2), (60, 2)]


# -- resumption ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [{"step": n} for n in (1, 4, 7, 11)] + [{"epoch": n} for n in (1, 4)], ids=str)
@pytest.mark.parametrize("every", [3, None])
def test_resumed_training_ends_in_the_same_bits(data, tmp_path, at, every):
    def callbacks(**kill):
        return [Checkpoint(tmp_path / "run", every), EarlyStopping(3), LearningRateLog(), BestWeights(), KillAt(**kill)]

    options = {"epochs": 5, "batch_size": 5, "accumulation_steps": 2, "validation_data": data, "random_state": 7}
    whole = make().fit(*data, callbacks=callbacks(), **options)
    broken = make()
    broken.save(tmp_path / "run")
    with pytest.raises(Kill):
        broken.fit(*data, callbacks=callbacks(**at), **options)
    other = make(random_state=99).load(tmp_path / "run")
    resumed = other.fit(*data, callbacks=callbacks(), resume=True, **options)
    same(whole.model.state_dict(), resumed.model.state_dict())
    assert resumed.history == whole.history
    assert (resumed.n_epochs, resumed.n_steps) == (whole.n_epochs, whole.n_steps)
    again = resumed.fit(*data, epochs=1), whole.fit(*data, epochs=1)  # momenta, orders and masks agree as well
    same(*(trainer.model.state_dict() for trainer in again))


def test_resuming_a_training_that_ended_does_nothing(data, tmp_path):
    path = tmp_path / "run"
    trainer = make().fit(*data, epochs=2, callbacks=[Checkpoint(path)])
    other = make(random_state=5).load(path).fit(*data, epochs=2, callbacks=[Checkpoint(path)], resume=True)
    assert other.n_epochs == 2
    same(trainer.model.state_dict(), other.model.state_dict())
    assert make().fit(*data, epochs=2, resume=True).n_epochs == 2  # nothing to resume: an ordinary call
    trainer.fit(*data, epochs=2)
    other.fit(*data, epochs=2)
    same(trainer.model.state_dict(), other.model.state_dict())


def test_early_stopping_that_has_stopped_stays_stopped(data, tmp_path):
    def callbacks():
        return [Checkpoint(tmp_path / "run"), EarlyStopping(patience=1, min_delta=100.0)]

    whole = make().fit(*data, epochs=9, callbacks=callbacks())
    assert whole.n_epochs == 2
    resumed = make().load(tmp_path / "run").fit(*data, epochs=9, callbacks=callbacks(), resume=True)
    assert resumed.history == whole.history
    same(whole.model.state_dict(), resumed.model.state_dict())


def test_generators_of_a_loss_and_shared_ones_resume(rng, tmp_path):
    X, y = rng.normal(size=(30, 2)), rng.integers(0, 5, 30)

    def new(seed):
        shared = np.random.RandomState(seed)
        return Trainer(Dense(2, 5, random_state=0), NCELoss(np.ones(5) / 5, 3, random_state=shared), "sgd", shared)

    whole = new(0).fit(X, y, epochs=4)
    new(0).fit(X, y, epochs=2).save(tmp_path / "run")
    same(new(1).load(tmp_path / "run").fit(X, y, epochs=2).model.state_dict(), whole.model.state_dict())


def test_counters_and_frozen_layers_resume(data, tmp_path):
    class Cooling(Layer):
        temperature = 1.0

        def _forward(self, x):
            self.temperature *= 0.9
            return x * self.temperature, self.temperature

        def _backward(self, dy, temperature):
            return dy * temperature, {}

    def new():
        return Trainer(Sequential(Dense(3, 2, random_state=0), Cooling()), "mse", "sgd", random_state=0)

    first = new().fit(*data, epochs=2)
    first.model.layers[0].freeze()
    first.save(tmp_path / "run")
    other = new().load(tmp_path / "run")
    assert other.model.layers[0].frozen
    assert other.model.layers[1].temperature == first.model.layers[1].temperature < 1


SCRIPT = """
import sys, time
import numpy as np
from npml_nn import *

path, killed = sys.argv[1], sys.argv[2] == "killed"
rng = np.random.default_rng(0)
X = rng.normal(size=(64, 3)).astype(np.float32)
y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)
model = Sequential(Dense(3, 16, "relu", random_state=1), BatchNorm1D(16), Dropout(0.2, random_state=2), Dense(16, 2))
model.layers[3].W = np.random.default_rng(3).normal(size=(16, 2))
trainer = Trainer(model, "cross_entropy", Adam(model.parameters(), 0.01), random_state=4)

class Say(Callback):
    def on_step_end(self, trainer):
        if killed:
            print(trainer.n_steps, flush=True)

try:
    trainer.load(path)
except FileNotFoundError:
    pass
callbacks = [Checkpoint(path, every=3), EarlyStopping(50), CSVLog(path + ".csv"), LearningRateLog(), Say()]
trainer.fit(X, y, epochs=20, batch_size=8, validation_data=(X, y), callbacks=callbacks, resume=True)
"""


def _final(path):
    trainer = Trainer(
        Sequential(Dense(3, 16, "relu"), BatchNorm1D(16), Dropout(0.2), Dense(16, 2)), CrossEntropy(), "adam"
    )
    trainer.load(path)
    return trainer


def test_killed_again_and_again_it_ends_in_the_same_bits(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    def start(path, mode):
        return subprocess.Popen(
            [sys.executable, script, path, mode], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    whole, killed = os.fspath(tmp_path / "whole"), os.fspath(tmp_path / "killed")
    reference = start(whole, "whole")
    for kills, wanted in enumerate(
        (1, 17, 50, 90, 131)
    ):  # steps, of 160; then a moment, so that it dies in the midst of anything
        process = start(killed, "killed")
        for line in process.stdout:
            if int(line) >= wanted:
                time.sleep(0.0007 * kills)  # so that it dies in the midst of anything
                process.send_signal(signal.SIGKILL)
                break
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    last = start(killed, "whole")
    assert last.communicate() == ("", "")
    assert reference.communicate() == ("", "")
    assert last.returncode == reference.returncode == 0
    a, b = _final(whole), _final(killed)
    same(a.model.state_dict(), b.model.state_dict())
    assert a.history == b.history
    assert a.n_steps == 160
    with open(whole + ".csv") as one, open(killed + ".csv") as two:
        assert one.read() == two.read()
    left = {path.name for path in tmp_path.iterdir() if path.suffix != ".tmp"}
    assert left == {"script.py", "whole", "killed", "whole.csv", "killed.csv"}


def test_load_is_all_or_nothing(data, tmp_path):
    path = tmp_path / "run"
    make().fit(*data, epochs=1).save(path)
    trainer = Trainer(MLP([3, 8, 2], random_state=0), "mse", "adam", random_state=0).fit(*data, epochs=1)
    before = copy.deepcopy(trainer)
    with pytest.raises(ValueError, match="does not fit this trainer"):
        trainer.load(path)
    wrong = make()
    wrong.optimizer = SGD(wrong.model.parameters(), momentum=0.5)
    weights = wrong.model.state_dict()
    with pytest.raises(ValueError, match="does not fit"):
        wrong.load(path)
    same(wrong.model.state_dict(), weights)
    blob = path.read_bytes()
    path.write_bytes(blob[:-100])
    with pytest.raises(ValueError, match="truncated or damaged"):
        trainer.load(path)
    trainer.fit(*data, epochs=2)
    before.fit(*data, epochs=2)
    same(trainer.model.state_dict(), before.model.state_dict())


def test_resume_needs_the_same_call(data, tmp_path):
    path = tmp_path / "run"
    with pytest.raises(Kill):
        make().fit(*data, epochs=2, callbacks=[Checkpoint(path, 1), KillAt(step=1), BestWeights()])
    X, y = data
    make().fit(X, y, epochs=2, callbacks=[Checkpoint(path, 1), BestWeights()])
    with pytest.raises(ValueError, match="callbacks must be those"):
        make().load(path).fit(X, y, epochs=2, callbacks=[Checkpoint(path, 1)], resume=True)
    with pytest.raises(ValueError, match="37 samples"):
        make().load(path).fit(X[:5], y[:5], epochs=2, callbacks=[Checkpoint(path, 1), BestWeights()], resume=True)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda trainer: pickle.loads(pickle.dumps(trainer))])
def test_copies_train_alike_and_apart(data, duplicate):
    trainer = make().fit(*data, epochs=1)
    other = duplicate(trainer)
    frozen = trainer.model.state_dict()
    other.fit(*data, epochs=2)
    same(trainer.model.state_dict(), frozen)
    trainer.fit(*data, epochs=2)
    same(trainer.model.state_dict(), other.model.state_dict())
    assert not np.array_equal(frozen["0.W"], trainer.model.state_dict()["0.W"])


# -- what is said and refused ----------------------------------------------------------------------------------------


def test_progress_shows_loss_and_speed(data, capsys, monkeypatch):
    import npml_nn.training.trainer as module

    monkeypatch.setattr(module, "REFRESH", 0.0)
    make().fit(*data, epochs=2)
    assert capsys.readouterr().err == ""
    make().fit(*data, epochs=2, verbose=1)
    shown = capsys.readouterr().err
    assert "loss" in shown
    assert "samples/s" in shown


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.array([[np.nan, 0, 0]] * 37)}, ValueError, "X contains NaN"),
        ({"X": np.full((37, 3), np.inf)}, ValueError, "X contains infinity"),
        ({"y": np.full((37, 2), np.nan)}, ValueError, "y contains NaN"),
        ({"X": np.zeros((36, 3))}, ValueError, "as many samples"),
        ({"X": np.zeros((0, 3)), "y": np.zeros((0, 2))}, ValueError, "0 sample"),
        ({"X": ()}, ValueError, "empty tuple"),
        ({"X": np.full((37, 3), "a")}, TypeError, "real numbers"),
        ({"y": None}, ValueError, "y must hold the targets"),
        ({"epochs": 0}, ValueError, "epochs"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batch_size": 2.5}, ValueError, "batch_size"),
        ({"accumulation_steps": 0}, ValueError, "accumulation_steps"),
        ({"validation_data": np.zeros((3, 3))}, ValueError, "validation_data"),
        ({"validation_data": (np.zeros((3, 3)), np.full((3, 2), np.nan))}, ValueError, "y of validation_data"),
        ({"callbacks": [print]}, TypeError, "callbacks"),
        ({"random_state": "a"}, TypeError, "random_state"),
    ],
)
def test_bad_input_changes_nothing(data, change, error, message):
    trainer = make().fit(*data, epochs=1)
    before, history = trainer.model.state_dict(), copy.deepcopy(trainer.history)
    with pytest.raises(error, match=message):
        trainer.fit(**{"X": data[0], "y": data[1], "epochs": 2, **change})
    same(trainer.model.state_dict(), before)
    assert trainer.history == history


def test_parts_are_checked():
    model = Dense(2, 1)
    with pytest.raises(TypeError, match="model must be a Layer"):
        Trainer(print, "mse", "adam")
    with pytest.raises(ValueError, match="loss must be one of"):
        Trainer(model, "no such loss", "adam")
    with pytest.raises(ValueError, match="optimizer must be one of"):
        Trainer(model, "mse", "no such optimizer")
    with pytest.raises(TypeError, match="optimizer"):
        Trainer(model, "mse", lambda parameters: 3)
    assert Trainer(model, SquaredError, lambda parameters: SGD(parameters, 0.5)).optimizer.lr(0) == 0.5


def test_callers_arrays_are_not_written_to(data):
    X, y = (array.copy() for array in data)
    X.setflags(write=False)
    y.setflags(write=False)
    trainer = make().fit(X, y, epochs=1, validation_data=(X, y), shuffle=False)
    trainer.predict(X)
    np.testing.assert_array_equal(X, data[0])
