"""The five packages of the workspace: where they are, which version they have, what they depend on."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("npml-core", "npml-nn", "npml-classical", "npml-rl", "npml-preproc")


def folder(package: str, root: Path = ROOT) -> Path:
    return root / "packages" / package


def module(package: str) -> str:
    return package.replace("-", "_")


def version(package: str, root: Path = ROOT) -> str:
    """The `__version__` in the package's `__init__.py`, read without importing it."""
    source = (folder(package, root) / "src" / module(package) / "__init__.py").read_text(encoding="utf-8")
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__version__":
            return ast.literal_eval(statement.value)
    raise ValueError(f"{package} has no __version__")


def project(package: str, root: Path = ROOT) -> dict:
    """The `[project]` table of the package's `pyproject.toml`."""
    text = (folder(package, root) / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]


def lowest(package: str, root: Path = ROOT) -> dict[str, str]:
    """Lowest declared version of every run-time dependency: `{"numpy": "1.26", ...}`."""
    bounds = {}
    for requirement in project(package, root)["dependencies"]:
        match = re.fullmatch(r"([A-Za-z0-9_.-]+?)\s*>=\s*([0-9.]+)(,.*)?", requirement)
        if match is None:
            raise ValueError(f"{package}: {requirement!r} has no lower bound of the form name>=version")
        bounds[match[1]] = match[2]
    return bounds
