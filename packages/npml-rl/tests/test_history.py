"""Records of a run."""

import json
import sys

import numpy as np
import pytest

from npml_core import load, save
from npml_rl import History


def test_arrays_dict_and_file(tmp_path):
    history = History(returns=[1.0, 2.0], steps=np.array([3, 4]))
    assert history.returns.dtype == np.float64
    assert history.steps.tolist() == [3, 4]
    assert json.loads(json.dumps(history.to_dict())) == {"returns": [1.0, 2.0], "steps": [3, 4]}
    save(history, tmp_path / "history")
    assert load(tmp_path / "history").to_dict() == history.to_dict()
    assert repr(history) == "History(returns: (2,), steps: (2,))"
    assert History(labels=["a"], regret=np.zeros((1, 1, 1))).to_dict()["labels"] == ["a"]


class Axes:
    """Stands in for matplotlib's: notes what is drawn."""

    def __init__(self):
        self.lines, self.bands = [], []

    def plot(self, x, y, label=None):
        self.lines.append((np.array(x), np.array(y), label))
        return [self]

    def fill_between(self, x, low, high, **style):
        self.bands.append(high - low)

    def get_color(self):
        return "black"

    def legend(self):
        self.has_legend = True

    def set_xlabel(self, text):
        self.xlabel = text

    def set_ylabel(self, text):
        self.ylabel = text


def test_plot_of_episodes_is_a_moving_average():
    axes = History(returns=[0.0, 2.0, 4.0, 0.0], steps=[1, 1, 1, 1]).plot(ax=Axes(), smooth=2)
    x, y, _ = axes.lines[0]
    assert x.tolist() == [2, 3, 4]
    assert y.tolist() == [1.0, 3.0, 2.0]
    assert axes.xlabel == "episode"


def test_plot_of_policies_has_bands():
    regret = np.random.default_rng(0).random((2, 9, 5))
    axes = History(labels=["a", "b"], regret=regret).plot(ax=Axes())
    assert [label for _, _, label in axes.lines] == ["a", "b"]
    assert axes.ylabel == "regret"
    np.testing.assert_allclose(axes.lines[1][1], regret[1].mean(axis=0))
    np.testing.assert_allclose(axes.bands[0], 4 * regret[0].std(axis=0, ddof=1) / 3)


def test_plot_errors(monkeypatch):
    history = History(returns=[1.0])
    with pytest.raises(ValueError, match="returns"):
        history.plot("rewards", ax=Axes())
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="plot"):
        history.plot()
