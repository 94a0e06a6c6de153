"""Record torch's columns of the tour: train the tour's networks in torch, keep their figure of merit and seconds.

    python parity/torch/record_tour.py [--check] [KEY ...]

writes ``parity/data/tour_torch.json`` (only the named keys are run again, if any are named; with ``--check`` nothing is
written, and the exit code is 1 when a figure of merit is not what was recorded)::

    {"torch": "2.13.0", "threads": 1, "rows": {"mlp_digits": {"metric": 0.9711, "seconds": 1.234}}}

To add a row, decorate a function that trains the same architecture on the same data with the same number of steps as
the tour's stop does, and returns ``(metric, seconds)``; its name is the key that the stop gives to `tour_kit.recorded`.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch

from npml_core import atomic_write, train_test_split

PATH = Path(__file__).resolve().parents[1] / "data" / "tour_torch.json"
THREADS = 1
TOLERANCE = 0.02  # of the figure of merit: processors round differently, and training carries that on
RECORDS = {}


def record(function):
    """Register a function that returns (metric, seconds)."""
    RECORDS[function.__name__] = function
    return function


def seconds_of(function):
    """Run a function: its result and the seconds it took."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def digits():
    """The digits as the tour splits them: X_train, X_test, y_train, y_test."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return map(torch.from_numpy, train_test_split((X / 16).astype(np.float32), y, random_state=0))


@record
def mlp_digits():
    """64-64-10, ReLU, 30 epochs of SGD with momentum in batches of 32; like the tour, it tests after each epoch."""
    X, X_test, y, y_test = digits()
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    def train():
        for _ in range(30):
            for rows in torch.randperm(len(X)).split(32):
                loss = torch.nn.functional.cross_entropy(model(X[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                accuracy = (model(X_test).argmax(dim=1) == y_test).float().mean()
        return accuracy

    return seconds_of(train)


@record
def conv_net_digits():
    """Two convolutions, pooling, one dense layer; 10 epochs of Adam in batches of 32, tested after each epoch."""
    X, X_test, y, y_test = digits()
    X, X_test = X.reshape(-1, 1, 8, 8), X_test.reshape(-1, 1, 8, 8)
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

    def train():
        for _ in range(10):
            for rows in torch.randperm(len(X)).split(32):
                loss = nn.functional.cross_entropy(model(X[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                accuracy = (model(X_test).argmax(dim=1) == y_test).float().mean()
        return accuracy

    return seconds_of(train)


def main(argv=None):
    """Run the named records, or all; write the file or compare with it. The exit code."""
    parser = argparse.ArgumentParser(description="Record torch's columns of the tour.")
    parser.add_argument("--check", action="store_true", help="write nothing, compare with what is recorded")
    parser.add_argument("keys", nargs="*", help=f"of {', '.join(RECORDS)}")
    options = parser.parse_args(argv)
    if unknown := sorted(set(options.keys) - RECORDS.keys()):
        parser.error(f"no such record: {', '.join(unknown)}; there are: {', '.join(RECORDS)}")
    torch.set_num_threads(THREADS)
    fresh = {key: run(key) for key in options.keys or RECORDS}
    recorded = json.loads(PATH.read_text(encoding="utf-8"))["rows"]
    return compare(fresh, recorded) if options.check else write(fresh, recorded)


def run(key):
    """One row, from a fixed seed."""
    torch.manual_seed(0)
    metric, seconds = RECORDS[key]()
    row = {"metric": round(float(metric), 6), "seconds": round(seconds, 4)}
    print(f"{key}: {row}")
    return row


def compare(fresh, recorded):
    """Name the rows whose figure of merit moved; seconds are the machine's. The exit code."""
    moved = []
    for key, row in fresh.items():
        old = recorded.get(key, {"metric": math.nan})["metric"]
        if not abs(row["metric"] - old) <= TOLERANCE * abs(old):
            moved.append(f"{key}: {old} recorded, {row['metric']} now")
    print("\n".join(moved) or "as recorded")
    return len(moved) > 0


def write(fresh, recorded):
    """Put the fresh rows beside the recorded ones that still have a function. The exit code."""
    rows = {key: row for key, row in (recorded | fresh).items() if key in RECORDS}
    content = {"torch": torch.__version__.split("+")[0], "threads": THREADS, "rows": dict(sorted(rows.items()))}
    with atomic_write(PATH, "w") as file:
        file.write(json.dumps(content, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
