"""Compute again what was recorded from a peer: run every `record_*.py` under parity/ with `--check`.

A record script writes the peer's values into a file of the repository; with `--check` it writes nothing and exits
non-zero when a value computed now differs from the recorded one.
"""

import subprocess
import sys

from workspace import ROOT


def main() -> int:
    scripts = sorted((ROOT / "parity").rglob("record_*.py"))
    if not scripts:
        print("no record_*.py under parity/")
        return 1
    failed = []
    for script in scripts:
        print(f"--check {script.relative_to(ROOT)}", flush=True)
        if subprocess.run([sys.executable, str(script), "--check"], cwd=ROOT, check=False).returncode != 0:
            failed.append(script.name)
    print(f"{len(scripts) - len(failed)} of {len(scripts)} recorded sets are as computed now")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
