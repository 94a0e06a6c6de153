"""How to add a stop to the tour: everything a file under ``tour_stops/`` needs.

A stop is a function that trains models on bundled data and yields what it found, in the order the page shows it::

    from tour_kit import Figure, Row, canvas, stop, timed

    @stop("npml-classical", "Clusters without labels")
    def k_means():
        '''The text beside the figures: what one sees, in two or three sentences. `code` is set as code.'''
        from sklearn.cluster import KMeans as Peer
        from npml_classical import KMeans

        ours, seconds = timed(lambda: KMeans(10, random_state=0).fit(X))
        peer, peer_seconds = timed(lambda: Peer(10, random_state=0).fit(X))
        yield Row("KMeans", "digits", "inertia", ours.inertia_, peer.inertia_, seconds, peer_seconds, better="lower")
        fig, axes = canvas(2, 5, width=9, height=4)
        ...
        yield Figure(fig, "What the figure shows, in one sentence.")
        yield Text("generated text, shown as it is", "What it is.")

- Import npml and the peer inside the function, so that a missing one fails this stop alone.
- `Row`'s peer columns may be None (no peer); for torch, ``**recorded("mlp_digits")`` fills them from
  ``parity/data/tour_torch.json``, which ``parity/torch/record_tour.py`` writes: the tour never installs torch.
- `timed` runs a function again when it is quick, so it must be repeatable: build the model inside it.
- Draw with `canvas`, and with `COLORS`, `INK`, `SOFT`, `LINE`, `PAPER`: the page turns the last four into its own,
  light or dark. `picture` draws a grey-scale image in ink, `tidy` strips an axis of its frame. Text: 9 points or more.
- All stops together stay below three minutes on two cores.

Stops run by file name, then from top to bottom: files are numbered 0x for npml-core, 1x and 2x for npml-classical,
3x and 4x for npml-nn, 5x for npml-preproc, 6x for npml-rl. ``python examples/tour.py --only k_means`` runs one.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Canvas

__all__ = ["COLORS", "INK", "LINE", "PAPER", "SOFT", "STOPS", "Figure", "Row", "Stop", "Text"]
__all__ += ["canvas", "picture", "recorded", "stop", "tidy", "timed"]

PACKAGES = ("npml-core", "npml-classical", "npml-nn", "npml-preproc", "npml-rl")
RECORDS = Path(__file__).resolve().parents[1] / "parity" / "data" / "tour_torch.json"

INK, SOFT, LINE, PAPER = "#1b2331", "#5d6776", "#e3ded2", "#fffefb"  # the page replaces exactly these four
COLORS = ("#0f8b8d", "#e07a2f", "#5b6ee1", "#c8446f", "#7a9e2e", "#9a5fc4", "#d1a11f", "#3b8fd1", "#a2674a", "#7d8794")

STYLE = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.prop_cycle": mpl.cycler(color=COLORS),
    "grid.color": LINE,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "legend.frameon": False,
    "font.size": 9,
    "lines.linewidth": 1.8,
    "patch.edgecolor": PAPER,
    "svg.fonttype": "none",
    "svg.hashsalt": "npml",
}
INK_MAP = LinearSegmentedColormap.from_list("ink", [(0, 0, 0, 0), (0, 0, 0, 1)])

STOPS: list["Stop"] = []


class Row(NamedTuple):
    """One line of the table: a model on data, a figure of merit and the seconds it took, ours and the peer's."""

    model: str
    data: str
    metric: str
    ours: float
    peer: float | None
    seconds: float
    peer_seconds: float | None
    peer_name: str = "scikit-learn"
    better: str = "higher"  # or "lower"
    recorded: bool = False  # the peer's seconds come from another run, maybe on another machine

    @property
    def ratio(self):
        """Seconds of ours / seconds of the peer, or None where there is no peer."""
        return self.seconds / self.peer_seconds if self.peer_seconds else None

    @property
    def verdict(self):
        """How our figure of merit compares: "same" (within 0.1 %), "better" or "worse"; "" where there is no peer."""
        if self.peer is None:
            return ""
        if abs(self.ours - self.peer) <= 1e-3 * abs(self.peer):
            return "same"
        return "better" if (self.ours > self.peer) == (self.better == "higher") else "worse"


class Figure(NamedTuple):
    """A matplotlib figure and the sentence under it; two that are not `wide` stand side by side."""

    figure: Canvas
    caption: str
    wide: bool = True


class Text(NamedTuple):
    """Text that a model wrote, and the sentence under it."""

    body: str
    caption: str


class Stop(NamedTuple):
    """One stop of the tour."""

    package: str
    title: str
    name: str
    function: Callable

    @property
    def text(self):
        """The words beside the figures: the function's docstring."""
        return self.function.__doc__ or ""


def stop(package, title):
    """Register the decorated generator function as a stop of the tour."""
    if package not in PACKAGES:
        raise ValueError(f"package is {package!r}, not one of {', '.join(PACKAGES)}")

    def register(function):
        STOPS.append(Stop(package, title, function.__name__, function))
        return function

    return register


def timed(function, *, patience=0.25):
    """Return ``(function(), seconds)``: the median of five runs where they are short, of one where it is long."""
    seconds = []
    while not seconds or (sum(seconds) < patience and len(seconds) < 5):
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
    return result, median(seconds)


def recorded(key):
    """Torch's columns of a row, as keyword arguments of `Row`, from the recorded parity run."""
    record = json.loads(RECORDS.read_text(encoding="utf-8"))
    if key not in record["rows"]:
        raise KeyError(f"{key!r} is not in {RECORDS.name}: add it to parity/torch/record_tour.py and run that")
    row = record["rows"][key]
    return {
        "peer": row["metric"],
        "peer_seconds": row["seconds"],
        "peer_name": f"torch {record['torch']}",
        "recorded": True,
    }


def canvas(rows=1, columns=1, *, width=9.0, height=4.0, **options):
    """``plt.subplots`` in the tour's style; width and height in inches (9 fills the page)."""
    plt.rcParams.update(STYLE)
    return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", **options)


def picture(ax, image, *, low=None, high=None):
    """Draw a grey-scale image: its high values in ink on the bare page."""
    drawn = ax.imshow(image, cmap=INK_MAP, vmin=low, vmax=high, interpolation="none")
    drawn.set_gid("ink")
    tidy(ax)


def tidy(ax):
    """Take ticks and frame from an axis."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
