"""What the installed packages import, when, and how long that takes."""

import ast
import importlib
import json
import pkgutil
import subprocess
import sys

import pytest
from workspace import PACKAGES, folder, module

IMPORT_BUDGET = 0.040  # seconds of processor time beyond numpy
NEVER_AT_IMPORT = {
    "scipy", "sklearn", "torch", "joblib", "tqdm", "matplotlib", "gymnasium", "safetensors", "pandas",
    "multiprocessing.pool", "concurrent.futures.thread", "concurrent.futures.process",
}  # fmt: skip
SIBLINGS = {module(package) for package in PACKAGES} - {"npml_core"}

packages = pytest.mark.parametrize("package", PACKAGES)


def in_a_fresh_process(code):
    """What `code` prints, parsed as JSON."""
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sources(package):
    return sorted((folder(package) / "src").rglob("*.py"))


@packages
def test_installed_from_the_wheel(package):
    assert "site-packages" in importlib.import_module(module(package)).__file__


@packages
def test_every_public_name_is_importable_from_the_top(package):
    top = importlib.import_module(module(package))
    assert len(set(top.__all__)) == len(top.__all__)
    namespace = {}
    exec(f"from {module(package)} import *", namespace)
    assert set(top.__all__) <= set(namespace)


@packages
def test_no_module_imports_more_than_numpy_and_core(package):
    top = importlib.import_module(module(package))
    names = [top.__name__, *(m.name for m in pkgutil.walk_packages(top.__path__, top.__name__ + "."))]
    code = f"import json, sys\nfor name in {names!r}: __import__(name)\nprint(json.dumps(sorted(sys.modules)))"
    loaded = set(in_a_fresh_process(code))
    assert loaded & NEVER_AT_IMPORT == set()
    assert loaded & SIBLINGS <= {module(package)}


@packages
def test_import_is_quick(package):
    code = (
        f"import json, time, numpy\nt = time.process_time()\nimport {module(package)}\nprint(time.process_time() - t)"
    )
    assert any(in_a_fresh_process(code) < IMPORT_BUDGET for _ in range(40))  # the fastest counts, and ends the search


def imported(statement):
    """The absolute module names that an import statement names."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    if isinstance(statement, ast.ImportFrom) and statement.level == 0:
        return [statement.module]
    return []


def house_rules_broken(package, source):
    for statement in ast.walk(ast.parse(source)):
        names = imported(statement)
        for name in names:
            first = name.split(".")[0]
            if first in SIBLINGS - {module(package)}:
                yield f"line {statement.lineno}: imports the sibling {name}"
            if first == module(package):
                yield f"line {statement.lineno}: imports its own package by name, not relatively: {name}"
            if first == "npml_core" and isinstance(statement, ast.Import):
                yield f"line {statement.lineno}: `import {name}` defeats vendoring: `from {name} import x`"
            if name.startswith(("importlib.metadata", "pkg_resources")):
                yield f"line {statement.lineno}: asks for the installed distribution: {name}"
    for number, line in enumerate(source.splitlines(), start=1):
        if line.lstrip().startswith("import npml_core."):
            yield f"line {number}: text that vendoring takes for an import"


@packages
def test_import_statements_follow_the_house_rules(package):
    broken = [
        f"{path.relative_to(folder(package))} {message}"
        for path in sources(package)
        for message in house_rules_broken(package, path.read_text(encoding="utf-8"))
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import npml_rl", "sibling"),
        ("def f():\n    from npml_classical.metrics import r2_score", "sibling"),
        ("import npml_core.kernels", "vendoring"),
        ("from npml_nn.layers import Dense", "relatively"),
        ("from importlib.metadata import version", "distribution"),
        ('"""\nimport npml_core.kernels as k\n"""', "vendoring"),
    ],
)
def test_the_house_rules_are_noticed(source, message):
    assert any(message in found for found in house_rules_broken("npml-nn", source))


def test_what_is_allowed_passes():
    source = "import numpy as np\nfrom npml_core import save\nfrom npml_core.kernels import rbf_kernel\nfrom . import x"
    assert list(house_rules_broken("npml-nn", source)) == []
