"""Run the benchmarks: ``python benchmarks/run.py [--only PATTERN] [--threads 1 2] [--quick] [--output FOLDER]``.

Every result is on disk as soon as it is there (``results.json`` and ``results.md`` under ``build/benchmarks/``). A case
that fails, or whose two sides do not agree, is named at the end and makes the exit code 1; the others still run.
"""

import argparse
import fnmatch
import importlib.util
import os
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def main(argv=None):
    """Parse the command line and run; the exit code."""
    options = parse(argv)
    os.environ.setdefault("RAYON_NUM_THREADS", str(max(options.threads)))  # read once, when tokenizers starts its pool
    if options.update_readme:
        return write_tables(options.update_readme)
    import harness  # after the environment is set

    here = harness.machine()
    failed = load_cases(options.cases)
    chosen = [case for case in harness.CASES if matches(case.key, options.only)]
    if options.list:
        print("\n".join(case.key for case in chosen))
        return len(failed) > 0
    if not chosen and not failed:
        print(f"no case matches {options.only}", file=sys.stderr)
        return 2
    print_head(here, options, len(chosen))
    try:
        failed += run_all(chosen, options, here)
    except KeyboardInterrupt:
        print("\nstopped; what was measured so far is kept", file=sys.stderr)
        return 130
    print_tail(options, failed)
    return len(failed) > 0


def parse(argv):
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Time npml against its peers, in one process, on the same data.")
    parser.add_argument("--only", action="append", metavar="PATTERN", help="cases whose key contains or matches this")
    parser.add_argument("--threads", type=positive, nargs="+", default=[1], help="BLAS / OpenMP threads (default: 1)")
    parser.add_argument("--quick", action="store_true", help="a few rounds of each case: a smoke test, not a figure")
    parser.add_argument("--budget", type=float, default=3.0, help="seconds of timing per case (default: 3)")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "benchmarks", help="where results go")
    parser.add_argument("--cases", type=Path, default=HERE / "cases", help="folder of case files")
    parser.add_argument("--list", action="store_true", help="print the cases' keys and stop")
    parser.add_argument("--update-readme", type=Path, metavar="RESULTS", help="write tables from a results.json")
    return parser.parse_args(argv)


def positive(text):
    """A thread count."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of threads")
    return int(text)


def matches(key, patterns):
    """Does a key contain, or match as a glob, any of the patterns?"""
    return not patterns or any(p in key or fnmatch.fnmatchcase(key, p) for p in patterns)


def load_cases(folder):
    """Import every case file; the names of those that fail."""
    failed = []
    for path in sorted(Path(folder).glob("[!_]*.py")):
        spec = importlib.util.spec_from_file_location(f"cases_{path.stem}", path)
        try:
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        except Exception:
            traceback.print_exc()
            failed.append(f"{path.name} (import)")
    return failed


def run_all(chosen, options, here):
    """Run every case at every thread count, storing as it goes; the keys of those that failed."""
    import harness
    import report

    store, failed = report.Store(options.output), []
    for case in chosen:
        for threads in options.threads:
            print(f"{case.name:<26.26} {case.size:<20.20} {threads:>3} ", end="", flush=True)
            effort = {"budget": 0.2, "least": 2} if options.quick else {"budget": options.budget}
            result = harness.run_case(case, threads=threads, **effort)
            result |= {"machine": here, "quick": options.quick, "when": time.strftime("%Y-%m-%dT%H:%M:%S")}
            store.add(result)
            print(live_row(result))
            if "error" in result:
                failed.append(f"{case.key} with {threads} threads: {result['error'][:200]}")
    return failed


def live_row(result):
    """The measured half of a printed line."""
    import report

    if "error" in result:
        return f"FAILED  {result['error'][:80]}"
    ratio, times = result["ratio"], [report.duration(result[k]["median"]) for k in ("seconds", "peer_seconds")]
    spread = f"{ratio['q1']:.2f}-{ratio['q3']:.2f}"
    return f"{times[0]:>9} {times[1]:>9} {ratio['median']:>7.2f}  {spread:<11} {report.remarks(result)}"


def print_head(here, options, n_cases):
    """Say where this runs, and warn when the machine is not quiet."""
    print(f"{n_cases} cases on {here['cpu']}, {here['cores']} cores, threads {options.threads}")
    if here["busy"]:
        print(
            f"WARNING: the machine is busy (load average {here['load']}): these figures are leads only", file=sys.stderr
        )
    print(f"\n{'case':<26} {'size':<20} thr {'ours':>9} {'peer':>9} {'ratio':>7}  {'quartiles':<11}")


def print_tail(options, failed):
    """The means per package, and every failure by name."""
    import report

    print("\ngeometric mean of seconds, ours / peer")
    for (package, threads), (mean, count) in report.geometric_means(report.Store(options.output).results).items():
        print(f"  {package:<16} threads {threads}  {mean:5.2f}  ({count} cases)")
    print(f"results in {options.output}")
    for name in failed:
        print(f"FAILED {name}", file=sys.stderr)


def write_tables(path):
    """Write the tables of a results file into the READMEs."""
    import report

    for changed in report.update_readmes(report.read_results(path), ROOT):
        print(f"updated {changed.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
