"""The benchmark harness: what it measures, what it refuses, what it leaves on disk."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]

GOOD = """
import time
from harness import Pair, case, close

@case("npml-core", group="sleeping", peer="numpy", sizes={"small": dict(ms=2)})
def nap(ms):
    def sleep(seconds):
        time.sleep(seconds)
        return [1.0]
    return Pair(lambda: sleep(ms / 1e3), lambda: sleep(2 * ms / 1e3), close(), work=(10, "naps"),
                floor=lambda: time.sleep(ms / 2e3))
"""
BAD = """
from harness import case, close

@case("npml-core", group="wrong", peer="numpy", sizes={"one": {}})
def disagrees():
    return lambda: [1.0], lambda: [2.0], close()

@case("npml-core", group="wrong", peer="not-a-package", sizes={"one": {}})
def dies():
    raise SystemExit("no such peer")
"""


def run(folder, *arguments):
    """Run the benchmarks over the case files of `folder`."""
    command = [sys.executable, ROOT / "benchmarks" / "run.py", "--cases", folder, "--output", folder / "out", "--quick"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120)


def results(folder):
    return {r["name"]: r for r in json.loads((folder / "out" / "results.json").read_text())["results"]}


def test_ratio_rate_and_floor(tmp_path):
    (tmp_path / "good.py").write_text(GOOD)
    done = run(tmp_path, "--threads", "1", "2")
    assert done.returncode == 0, done.stderr
    nap = results(tmp_path)["nap"]
    assert 0.3 < nap["ratio"]["median"] < 0.8  # 0.5, give or take what a sleep oversleeps
    assert nap["ratio"]["q1"] <= nap["ratio"]["median"] <= nap["ratio"]["q3"]
    assert nap["floor_seconds"]["median"] < nap["seconds"]["median"] < nap["peer_seconds"]["median"]
    assert nap["versions"]["numpy"] == np.__version__
    assert "naps/s" in (tmp_path / "out" / "results.md").read_text()
    stored = json.loads((tmp_path / "out" / "results.json").read_text())["results"]
    assert [r["threads"] for r in stored] == [1, 2]


def test_a_failing_case_is_named_and_the_others_run(tmp_path):
    (tmp_path / "bad.py").write_text(BAD)
    (tmp_path / "broken.py").write_text("import there_is_no_such_module")
    (tmp_path / "good.py").write_text(GOOD)
    done = run(tmp_path)
    assert done.returncode == 1
    for name in ("npml-core/wrong/disagrees[one]", "npml-core/wrong/dies[one]", "broken.py"):
        assert f"FAILED {name}" in done.stderr
    stored = results(tmp_path)
    assert "ratio" in stored["nap"]
    assert "ratio" not in stored["disagrees"]
    assert "no such peer" in stored["dies"]["error"]


def test_only_replaces_only_what_it_ran(tmp_path):
    (tmp_path / "bad.py").write_text(BAD)
    (tmp_path / "good.py").write_text(GOOD)
    run(tmp_path)
    before = results(tmp_path)
    assert run(tmp_path, "--only", "nap").returncode == 0
    after = results(tmp_path)
    assert after.keys() == before.keys()
    assert after["dies"] == before["dies"]
    assert run(tmp_path, "--only", "nothing like it").returncode == 2


def test_tables_go_between_the_markers(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import report

    (tmp_path / "good.py").write_text(GOOD)
    run(tmp_path)
    package = tmp_path / "packages" / "npml-core"
    package.mkdir(parents=True)
    (package / "README.md").write_text("before\n" + "\n".join(report.TABLE) + "\nafter\n")
    (tmp_path / "README.md").write_text("before\n" + "\n".join(report.SUMMARY) + "\nafter\n")
    stored = report.read_results(tmp_path / "out" / "results.json")
    assert len(report.update_readmes(stored, tmp_path)) == 2
    assert report.update_readmes(stored, tmp_path) == []
    text = (package / "README.md").read_text()
    assert text.startswith("before\n<!--")
    assert text.endswith("-->\nafter\n")
    assert "| sleeping: nap | small | 1 |" in text
    (package / "README.md").write_text("no markers")
    with pytest.raises(ValueError, match="needs one <!-- benchmarks:begin -->"):
        report.update_readmes(stored, tmp_path)


def test_means_are_geometric(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import report

    rows = [{"package": "p", "threads": 1, "ratio": {"median": ratio}} for ratio in (0.5, 2.0, 8.0)]
    rows.append({"package": "p", "threads": 1, "error": "no"})
    mean, count = report.geometric_means(rows)["p", 1]
    assert mean == pytest.approx(2.0)
    assert count == 3


def test_checks(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from harness import close, no_worse

    close()((np.ones(2), 1.0), (np.ones(2), 1.0))
    with pytest.raises(AssertionError):
        close()((np.ones(2), 1.0), (np.ones(2), 1.1))
    with pytest.raises(AssertionError, match="1 results against 2"):
        close()((1.0,), (1.0, 2.0))
    lower = no_worse(lambda x: x, 0.01, name="loss", higher=False)
    assert lower(1.005, 1.0) == "loss 1.005 / 1"
    lower(0.5, 1.0)
    with pytest.raises(AssertionError, match="loss"):
        lower(1.02, 1.0)
    with pytest.raises(AssertionError):
        no_worse(lambda x: x)(0.9, 1.0)
