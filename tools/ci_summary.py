"""Close a CI run: which environments passed, and how many tests that was. Exits non-zero unless all of them passed.

Usage: python tools/ci_summary.py REPORTS LOGS SECONDS NAME...
REPORTS holds pytest's JUnit files, LOGS a file NAME.verdict for every environment that ended.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree


def count(reports: Path) -> tuple[int, int]:
    """Tests passed and failed over all reports."""
    passed = failed = 0
    for report in sorted(reports.glob("*.xml")):
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            wrong = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            failed += wrong
            passed += int(suite.get("tests", 0)) - wrong - int(suite.get("skipped", 0))
    return passed, failed


def verdict(logs: Path, name: str) -> str:
    path = logs / f"{name}.verdict"
    return path.read_text().strip() if path.is_file() else "FAIL (did not end)"


def main(reports: str, logs: str, seconds: str, *names: str) -> int:
    bad = {name: verdict(Path(logs), name) for name in names if verdict(Path(logs), name) != "PASS"}
    for name, text in bad.items():
        print(f"{name}: {text}")
    passed, failed = count(Path(reports))
    print(f"{len(names) - len(bad)} of {len(names)} environments in {int(seconds) // 60} min {int(seconds) % 60} s")
    print(f"{passed} passed, {failed or len(bad)} failed")
    return int(bool(bad) or failed > 0 or passed == 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
