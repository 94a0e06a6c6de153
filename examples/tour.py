"""The tour: train a model from every npml package on real data, beside its peer, and draw what came of it.

    python examples/tour.py [--only PATTERN] [--output FOLDER]

Prints a table and writes ``index.html`` (one self-contained page), ``rows.json`` and ``figures/*.svg`` under
``build/tour/``. The stops are the files of ``tour_stops/``; ``tour_kit.py`` says how to add one. A stop that fails is
named, shown as failed on the page, and makes the exit code 1; the others run. Files are built in a folder beside the
output and moved into place one by one, the page last: whenever the tour is stopped, ``build/tour/`` holds whole files.
"""

import argparse
import importlib.util
import io
import json
import os
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

import matplotlib.pyplot as plt
import tour_kit
import tour_page

from npml_core import progress

HERE = Path(__file__).resolve().parent


def main(argv=None):
    """Run the tour; the exit code."""
    options = parse(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # tidy up on the way out, as after Ctrl-C
    start = time.perf_counter()
    failures = load_stops(options.stops)
    stops = [s for s in tour_kit.STOPS if options.only is None or options.only in f"{s.package}.{s.name}"]
    partial = options.output.parent / f".{options.output.name}-partial"
    shutil.rmtree(partial, ignore_errors=True)  # of a tour that was killed
    try:
        (partial / "figures").mkdir(parents=True)
        results = [run_stop(stop, partial) for stop in watch(stops)]
        seconds = time.perf_counter() - start
        page = tour_page.render(results, failures, seconds)
        write_texts(partial, page, results, seconds)
        publish(partial, options.output)
    except KeyboardInterrupt:
        print(f"\nstopped: {options.output} is as it was", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    print(table(results))
    failures += [(r["name"], r["error"]) for r in results if r["error"]]
    print(f"\n{len(results)} stops in {seconds:.0f} s. Now look at {options.output / 'index.html'}")
    for name, error in failures:
        print(f"FAILED {name}: {error}", file=sys.stderr)
    return len(failures) > 0


def parse(argv):
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Train a model from every npml package on real data, beside its peer.")
    parser.add_argument("--only", metavar="PATTERN", help="only stops whose package.name contains this")
    parser.add_argument("--output", type=Path, default=HERE.parent / "build" / "tour", help="folder of the page")
    parser.add_argument("--stops", type=Path, default=HERE / "tour_stops", help="folder of the stops")
    return parser.parse_args(argv)


def load_stops(folder):
    """Import every file of stops; (name, error) of those that cannot be imported."""
    failures = []
    for path in sorted(folder.glob("[!_]*.py")):
        spec = importlib.util.spec_from_file_location(f"tour_stops_{path.stem}", path)
        try:
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        except Exception as error:
            traceback.print_exc()
            failures.append((path.name, f"{type(error).__name__}: {error}"))
    return failures


def watch(stops):
    """Iterate over the stops behind a progress bar that names the one at work."""
    bar = progress(stops, desc="tour", verbose=1)
    for stop in bar:
        bar.set_postfix(stop=stop.name)
        yield stop


def run_stop(stop, folder):
    """Run one stop and keep what it yields, figures as SVG. A fault is part of the result."""
    result = {"package": stop.package, "name": stop.name, "title": stop.title, "text": stop.text}
    result |= {"rows": [], "shows": [], "error": ""}
    start = time.perf_counter()
    try:
        for item in stop.function():
            if isinstance(item, tour_kit.Row):
                result["rows"].append(item)
            elif isinstance(item, tour_kit.Figure):
                result["shows"].append(keep_figure(item, folder / "figures", f"{stop.name}-{len(result['shows']) + 1}"))
            elif isinstance(item, tour_kit.Text):
                result["shows"].append(item)
            else:
                raise TypeError(f"a stop yields Row, Figure or Text, not {type(item).__name__}")
    except Exception as error:
        traceback.print_exc()
        result["error"] = f"{type(error).__name__}: {error}"
    finally:
        plt.close("all")
    result["seconds"] = time.perf_counter() - start
    return result


def keep_figure(item, folder, name):
    """Save a figure as SVG, for itself in `folder` and as text for the page."""
    text = io.StringIO()
    item.figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    (folder / f"{name}.svg").write_text(text.getvalue(), encoding="utf-8")
    plt.close(item.figure)
    return item._replace(figure=text.getvalue())


def write_texts(folder, page, results, seconds):
    """Write the page and the rows."""
    rows = [{"stop": r["name"], "package": r["package"], **row._asdict()} for r in results for row in r["rows"]]
    (folder / "rows.json").write_text(json.dumps({"seconds": seconds, "rows": rows}, indent=1, default=float) + "\n")
    (folder / "index.html").write_text(page, encoding="utf-8")


def publish(partial, output):
    """Move every file into place, the page last, and drop figures of an earlier tour."""
    (output / "figures").mkdir(parents=True, exist_ok=True)
    fresh = sorted((partial / "figures").iterdir())
    for path in [*fresh, partial / "rows.json", partial / "index.html"]:
        os.replace(path, output / path.relative_to(partial))
    for old in set((output / "figures").iterdir()) - {output / "figures" / path.name for path in fresh}:
        old.unlink()


def table(results):
    """The rows as text in columns."""
    lines = [("model", "data", "metric", "npml", "peer", "npml s", "peer s", "ratio", "")]
    for result in results:
        for row in result["rows"]:
            lines.append((row.model, row.data, row.metric, tour_page.number(row.ours), *peer_cells(row)))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    left = (0, 1, 2, 8)
    cells = [[c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))] for line in lines]
    cells.insert(1, ["-" * w for w in widths])
    return "\n" + "\n".join("  ".join(line).rstrip() for line in cells)


def peer_cells(row):
    """The cells from the peer's metric to the end of the line, empty where there is no peer."""
    if row.ratio is None:
        return "", f"{row.seconds:.3f}", "", "", ""
    name = f"{row.peer_name}{', recorded' if row.recorded else ''}"
    return tour_page.number(row.peer), f"{row.seconds:.3f}", f"{row.peer_seconds:.3f}", f"{row.ratio:.2f}", name


if __name__ == "__main__":
    sys.exit(main())
