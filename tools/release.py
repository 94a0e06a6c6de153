"""Which package does a tag release? `npml-nn-v0.2.0` is npml-nn at 0.2.0, and nothing else may claim to be.

Usage: python tools/release.py TAG
Prints `package=`, `version=` and `folder=` lines, as a workflow reads them, or says why the tag must not be released.
"""

import re
import sys
from pathlib import Path

from workspace import PACKAGES, ROOT, folder, version

TAG = re.compile(r"(?P<package>npml-[a-z]+)-v(?P<version>\d+\.\d+\.\d+)")


def resolve(tag: str, root: Path = ROOT) -> dict[str, str]:
    """The package, version and folder that `tag` releases; ValueError when tag, code and changelog disagree."""
    match = TAG.fullmatch(tag)
    if match is None:
        raise ValueError(f"tag {tag!r} is not of the form npml-nn-v0.2.0")
    package, wanted = match["package"], match["version"]
    if package not in PACKAGES:
        raise ValueError(f"tag {tag!r} names {package!r}, which is none of {', '.join(PACKAGES)}")
    if version(package, root) != wanted:
        raise ValueError(f"tag {tag!r} says {wanted}, __version__ of {package} is {version(package, root)}")
    changelog = (folder(package, root) / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = re.search(rf"^## {re.escape(wanted)} \((.*)\)$", changelog, re.MULTILINE)
    if heading is None:
        raise ValueError(f"the changelog of {package} has no section {wanted}; run towncrier")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", heading[1]):
        raise ValueError(f"the changelog of {package} says ({heading[1]}) after {wanted}, not the day of the release")
    return {"package": package, "version": wanted, "folder": f"packages/{package}"}


def main(tag: str) -> int:
    try:
        resolved = resolve(tag)
    except ValueError as error:
        print(f"not released: {error}", file=sys.stderr)
        return 1
    for key, value in resolved.items():
        print(f"{key}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
