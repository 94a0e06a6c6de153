"""Do the siblings that users have today work with the npml-core of this workspace?

Every sibling's latest release is installed beside the wheel of the new npml-core and runs the tests of its own sdist.
A sibling that was never released, or whose declared range leaves this npml-core out, is named and passed over.

Usage: python tools/reverse_check.py WHEEL [pip options, such as --find-links FOLDER]
"""

import subprocess
import sys
import tarfile
import tempfile
import venv
from email import message_from_string
from pathlib import Path

from packaging.requirements import Requirement
from workspace import PACKAGES, ROOT, module

CORE = "npml-core"


def latest_sdist(package: str, out: Path, options: list[str]) -> Path | None:
    """Download the latest released sdist; None when there is no release."""
    pip = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", package]
    done = subprocess.run([*pip, "--dest", str(out), *options, package], capture_output=True, text=True, check=False)
    if done.returncode != 0 and "No matching distribution found" not in done.stderr:
        raise RuntimeError(f"could not ask for {package}: {done.stderr}")
    return next(out.glob(f"{module(package)}-*.tar.gz"), None)


def accepts(sdist: Path, core: str) -> bool:
    """Does the range that the sdist declares admit this version of npml-core?"""
    with tarfile.open(sdist) as archive:
        info = archive.extractfile(f"{sdist.name.removesuffix('.tar.gz')}/PKG-INFO").read().decode("utf-8")
    declared = [Requirement(line) for line in message_from_string(info).get_all("Requires-Dist") or []]
    return all(need.specifier.contains(core) for need in declared if need.name == CORE)


def passes(sdist: Path, wheel: str, place: Path) -> bool:
    """Install the wheel of npml-core and the sdist beside it, and run the sdist's tests."""
    venv.create(place / "venv", with_pip=True)
    python = str(place / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
    source = place / sdist.name.removesuffix(".tar.gz")
    pip = [python, "-I", "-m", "pip", "install", "--quiet", "--no-compile", wheel, str(source), "pytest", "hypothesis"]
    subprocess.run(pip, check=True)
    pytest = [python, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(source)]
    return subprocess.run([*pytest, str(source / "tests")], cwd=place, check=False).returncode == 0


def main(wheel: str, *options: str) -> int:
    core, failed = Path(wheel).name.split("-")[1], []
    for package in (name for name in PACKAGES if name != CORE):
        with tempfile.TemporaryDirectory() as place:
            sdist = latest_sdist(package, Path(place), list(options))
            if sdist is None:
                print(f"{package}: never released")
            elif not accepts(sdist, core):
                print(f"{package}: {sdist.name} does not admit npml-core {core}, so its users keep theirs")
            elif passes(sdist, wheel, Path(place)):
                print(f"{package}: {sdist.name} passes with npml-core {core}")
            else:
                failed.append(package)
                print(f"{package}: {sdist.name} FAILS with npml-core {core}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
