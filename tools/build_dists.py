"""Build the sdist of every package, and the wheel from that sdist, into one folder.

Runs where `build` and `hatchling` are installed (the development group `dist`).

Usage: python tools/build_dists.py FOLDER [PACKAGE ...]
"""

import shutil
import subprocess
import sys
from pathlib import Path

from workspace import PACKAGES, folder


def main(out: str, *packages: str) -> None:
    if Path(out).exists():
        shutil.rmtree(out)
    for package in packages or PACKAGES:
        build = [sys.executable, "-I", "-m", "build", "--no-isolation", "--outdir", out, str(folder(package))]
        subprocess.run(build, check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
