"""Record torch's columns of the tour: train the tour's networks in torch, keep their figure of merit and seconds.

    python parity/torch/record_tour.py [KEY ...]

writes ``parity/data/tour_torch.json`` (only the named keys are run again, if any are named)::

    {"torch": "2.13.0", "threads": 1, "rows": {"mlp_digits": {"metric": 0.9711, "seconds": 1.234}}}

To add a row, decorate a function that trains the same architecture on the same data with the same number of steps as
the tour's stop does, and returns ``(metric, seconds)``; its name is the key that the stop gives to `tour_kit.recorded`.
"""

import json
import sys
import time
from pathlib import Path

import torch

from npml_core import atomic_write

PATH = Path(__file__).resolve().parents[1] / "data" / "tour_torch.json"
THREADS = 1
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


def main(keys):
    """Run the named records, or all, and write the file."""
    unknown = sorted(set(keys) - RECORDS.keys())
    if unknown:
        raise SystemExit(f"no such record: {', '.join(unknown)}; there are {', '.join(RECORDS)}")
    torch.set_num_threads(THREADS)
    rows = json.loads(PATH.read_text(encoding="utf-8"))["rows"] if PATH.exists() else {}
    rows = {key: row for key, row in rows.items() if key in RECORDS}
    for key in keys or RECORDS:
        torch.manual_seed(0)
        metric, seconds = RECORDS[key]()
        rows[key] = {"metric": round(float(metric), 6), "seconds": round(seconds, 4)}
        print(f"{key}: {rows[key]}")
    content = {"torch": torch.__version__.split("+")[0], "threads": THREADS, "rows": dict(sorted(rows.items()))}
    with atomic_write(PATH, "w") as file:
        file.write(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
