"""The READMEs tell the truth: their code runs, what they list exists, and the first two commands are what CI runs."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = sorted(path.parent.name for path in (ROOT / "packages").glob("*/README.md"))
READMES = ["README.md", *(f"packages/{name}/README.md" for name in PACKAGES)]


def blocks(path, language):
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / path).read_text(), re.MULTILINE | re.DOTALL)


EXAMPLES = [pytest.param(code, id=f"{path}-{i}") for path in READMES for i, code in enumerate(blocks(path, "python"))]


def test_the_first_two_commands_are_one_line_each_and_run_the_tour_and_the_tests():
    tour, tests, *_ = blocks("README.md", "sh")
    setup = "python3 -m venv .venv && .venv/bin/python -m pip install --quiet tox && .venv/bin/tox "
    for command in (tour, tests):
        assert command.count("\n") == 1
        assert command.startswith(setup)
    assert tour.removeprefix(setup) == "run -e tour\n"
    assert re.fullmatch(r"run(-parallel)? -m tests\n", tests.removeprefix(setup))


@pytest.mark.parametrize("code", EXAMPLES)
def test_code_runs_and_prints_something(code, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("name", PACKAGES)
def test_what_a_package_lists_is_there(name):
    module = importlib.import_module(name.replace("-", "_"))
    text = (ROOT / "packages" / name / "README.md").read_text()
    section = re.search(r"^## What it holds\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    public = [n for n in module.__all__ if not n.startswith("_")]
    if not public:
        assert section is None
        return
    assert section, f"the README of {name} needs a section 'What it holds', before another one"
    listed = re.findall(r"^\| (`.*?) \|", section[1], re.MULTILINE)
    names = [name for cell in listed for name in re.findall(r"`([A-Za-z_]\w*)`", cell)]
    assert names
    missing = [name for name in names if name not in public and not hasattr(module, name)]
    assert not missing, f"{name} does not hold {missing}"
    silent = [n for n in public if inspect.isclass(getattr(module, n)) and n not in names]
    assert not silent, f"the README of {name} does not list {silent} under 'What it holds'"


@pytest.mark.parametrize("path", READMES)
def test_markers_of_the_tables_are_in_place(path):
    text = (ROOT / path).read_text()
    marker = "benchmark-summary" if path == "README.md" else "benchmarks"
    assert text.count(f"<!-- {marker}:begin -->") == text.count(f"<!-- {marker}:end -->") == 1


@pytest.mark.parametrize("path", READMES)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / path).read_text()):
        if "://" not in target:
            assert ((ROOT / path).parent / target).exists(), f"{path} links to {target}"
