"""Build the sdist of every package, and the wheel from that sdist, into one folder.

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
        subprocess.run([sys.executable, "-I", "-m", "build", "--outdir", out, str(folder(package))], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
