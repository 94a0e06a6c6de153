"""The same work by npml and by its peer: declare it, time both sides alternately, keep the ratio.

A case is a function that builds the data for one size and returns what to time. This is all there is to learn::

    from harness import case, close

    @case("npml-core", group="kernels", peer="scikit-learn", sizes={"2000 x 64": dict(n=2000, d=64)})
    def rbf_kernel(n, d):
        from npml_core import rbf_kernel
        from sklearn.metrics import pairwise

        X = np.random.default_rng(0).normal(size=(n, d))
        return (lambda: rbf_kernel(X), lambda: pairwise.rbf_kernel(X), close(1e-8))

- Arguments of `case`: the npml package; a ``group`` (one heading of the table); ``peer``, the *distribution* name
  of the other side (its version is recorded); ``sizes``, label -> keyword arguments of the function.
- The function returns ``(ours, peer, check)``, or `Pair` by keyword when there is more to say. Import both sides inside
  it, so that a missing peer fails this case alone.
- ``check(ours(), peer())`` runs before anything is timed: it raises ``AssertionError`` when the two did not do the same
  work, and may return a short note for the table ("inertia 1.001 of the peer's"). `close` compares arrays, `no_worse`
  compares a figure of merit.
- ``Pair(work=(1000, "steps"))`` adds steps per second to the table; ``Pair(floor=f)`` times ``f`` as well, a part
  that neither side can avoid (an environment alone), and the table says what share of our time it is.
- Both callables are called many times on the same data: they must not use up or change what they read.

Ratio = seconds of ours / seconds of the peer, so below 1 npml is faster. Every round times both sides, in turns
first; the figure of a case is the median of the rounds' ratios, its spread the quartiles.
"""

import gc
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

__all__ = ["CASES", "Case", "Pair", "case", "close", "measure", "no_worse", "run_case"]

CASES: list["Case"] = []

SHORTEST_SAMPLE = (
    2e-3  # seconds; a faster callable is called several times a sample, so that the clock's grain vanishes
)
MOST_ROUNDS = 200
BUSY_LOAD = 0.5  # load average above which timings are not to be trusted


class Pair(NamedTuple):
    """What to time for one size of a case."""

    ours: Callable
    peer: Callable
    check: Callable
    work: tuple[float, str] | None = None
    floor: Callable | None = None


class Case(NamedTuple):
    """One size of one benchmark."""

    package: str
    group: str
    name: str
    size: str
    peer: str
    build: Callable[[], tuple]

    @property
    def key(self):
        """The name that ``--only`` matches and that results are stored under."""
        return f"{self.package}/{self.group}/{self.name}[{self.size}]"


def case(package, *, group, peer, sizes):
    """Register the decorated builder, once for every entry of `sizes`."""

    def register(function):
        name = function.__name__.strip("_").replace("_", " ")
        for label, arguments in sizes.items():
            CASES.append(Case(package, group, name, label, peer, lambda a=arguments: function(**a)))
        return function

    return register


def close(rtol=1e-8, atol=0.0):
    """Make a check: both results are equal arrays (or sequences of arrays), within rounding."""

    def check(ours, peer):
        if isinstance(ours, tuple | list):
            assert len(ours) == len(peer), f"{len(ours)} results against {len(peer)}"
            for a, b in zip(ours, peer):
                check(a, b)
            return
        np.testing.assert_allclose(ours, peer, rtol=rtol, atol=atol)

    return check


def no_worse(merit, slack=0.0, *, name="", higher=True):
    """Make a check: `merit` of our result is no worse than of the peer's by more than the fraction `slack`."""

    def check(ours, peer):
        a, b = float(merit(ours)), float(merit(peer))
        loss = (b - a) if higher else (a - b)
        assert loss <= slack * abs(b), f"{name or 'merit'}: {a:.6g} against the peer's {b:.6g}"
        return f"{name} {a:.4g} / {b:.4g}".strip()

    return check


def run_case(case, *, threads, budget, least=5):
    """Build, check and time one case: its result as a plain dict. A fault is a result too, with ``"error"``."""
    result = {key: getattr(case, key) for key in ("package", "group", "name", "size", "peer")}
    result |= {"threads": threads, "versions": versions(case.peer)}
    try:
        pair = Pair(*case.build())
        ours, peer = pair.ours(), pair.peer()  # loads lazily imported libraries, whose thread pools are limited next
        with limit_threads(threads):
            result["note"] = pair.check(ours, peer) or ""
            del ours, peer
            result |= measure(pair, budget, least)
    except KeyboardInterrupt:
        raise
    except BaseException as fault:  # whatever a case dies of, the others still run and this one is named
        result["error"] = " ".join(f"{type(fault).__name__}: {fault}".split())[:500]
    return result


def measure(pair, budget, least=5):
    """Time both sides alternately for about `budget` seconds, and for at least `least` rounds."""
    sides = [pair.ours, pair.peer] + ([pair.floor] if pair.floor else [])
    repeats = [max(1, int(np.ceil(SHORTEST_SAMPLE / sample(side, 1)))) for side in sides]
    times, stop = [], time.perf_counter() + budget
    gc.collect()
    gc.disable()
    try:
        while len(times) < least or (time.perf_counter() < stop and len(times) < MOST_ROUNDS):
            order = range(len(sides)) if len(times) % 2 else reversed(range(len(sides)))
            row = {i: sample(sides[i], repeats[i]) for i in order}
            times.append([row[i] for i in range(len(sides))])
    finally:
        gc.enable()
    times = np.array(times)
    result = {"rounds": len(times), "ratio": quartiles(times[:, 0] / times[:, 1])}
    result |= {"seconds": quartiles(times[:, 0]), "peer_seconds": quartiles(times[:, 1])}
    if pair.floor:
        result["floor_seconds"] = quartiles(times[:, 2])
    if pair.work:
        amount, unit = pair.work
        result["work"] = {"amount": amount, "unit": unit}
    return result


def sample(function, repeats):
    """Seconds of one call, over `repeats` calls."""
    start = time.perf_counter()
    for _ in range(repeats):
        function()
    return (time.perf_counter() - start) / repeats


def quartiles(values):
    """Median and quartiles, ready for JSON."""
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    return {"median": float(median), "q1": float(q1), "q3": float(q3)}


@contextmanager
def limit_threads(n):
    """Let BLAS, OpenMP, torch and tokenizers use `n` threads, the same for both sides."""
    torch, before = sys.modules.get("torch"), os.environ.get("TOKENIZERS_PARALLELISM")
    torch_before = torch.get_num_threads() if torch else None
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if n > 1 else "false"
    try:
        with threadpool_limits(limits=n):
            if torch:
                torch.set_num_threads(n)
            yield
    finally:
        os.environ.pop("TOKENIZERS_PARALLELISM")
        if before is not None:
            os.environ["TOKENIZERS_PARALLELISM"] = before
        if torch:
            torch.set_num_threads(torch_before)


def versions(*distributions):
    """Versions of Python, NumPy, SciPy and the named distributions."""
    found = {"python": platform.python_version()}
    for name in ("numpy", "scipy", *distributions):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def machine():
    """Describe where the figures were taken, and whether it was busy (call it before the first case)."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {"cpu": cpu_name(), "cores": os.cpu_count(), "load": round(load, 2), "busy": load > BUSY_LOAD}


def cpu_name():
    """The processor's own name, where the system tells it."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
