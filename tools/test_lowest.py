"""Run the tests of every package with the lowest versions of numpy, scipy and npml-core that it declares.

An npml-core lower than the one in this workspace comes from the package index. Run it through `tox run -e lowest`.
"""

import subprocess
import sys
from pathlib import Path

from workspace import PACKAGES, ROOT, folder, lowest, version


def same_release(first: str, second: str) -> bool:
    """0.1 and 0.1.0 are one release."""
    return [int(n) for n in (first + ".0.0").split(".")[:3]] == [int(n) for n in (second + ".0.0").split(".")[:3]]


def requirements(package: str) -> list[str]:
    """What to install: the dependencies at their lowest, then the package itself from this workspace."""
    wanted = []
    for name, bound in lowest(package).items():
        here = name in PACKAGES and same_release(bound, version(name))
        wanted.append(str(folder(name)) if here else f"{name}=={bound}")
    return [*wanted, str(folder(package))]


def main(pytest_options: list[str]) -> int:
    failed = []
    for package in PACKAGES:
        wanted = requirements(package)
        print(f"{package}: " + " ".join(Path(w).name for w in wanted), flush=True)
        pip = [sys.executable, "-I", "-m", "pip", "install", "--quiet", "--no-compile", *wanted]
        subprocess.run(pip, cwd=ROOT, check=True)
        report = f"--junit-xml={ROOT}/build/reports/lowest-{package}.xml"
        pytest = [sys.executable, "-m", "pytest", report, f"packages/{package}/tests", *pytest_options]
        if subprocess.run(pytest, cwd=ROOT, check=False).returncode != 0:
            failed.append(package)
    if failed:
        print(f"failed with the lowest versions: {', '.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
