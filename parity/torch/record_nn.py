"""Record torch's answers for npml-nn's own tests, which run without torch.

    python parity/torch/record_nn.py              # write packages/npml-nn/tests/data/<topic>.npz for every topic
    python parity/torch/record_nn.py dense sgd    # some topics
    python parity/torch/record_nn.py --check      # recompute all and compare with what is written

A topic is a file of the folder ``recipes`` with a function ``record() -> {name: array}``: inputs and answers.
"""

import argparse
import importlib.util
import io
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "packages" / "npml-nn" / "tests" / "data"
LARGEST = 50_000  # bytes of one file


def recipes():
    return {path.stem: path for path in sorted((HERE / "recipes").glob("*.py"))}


def compute(path):
    spec = importlib.util.spec_from_file_location(f"recipe_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: np.asarray(array) for name, array in module.record().items()}


def write(topic, arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    if len(buffer.getvalue()) > LARGEST:
        raise ValueError(f"{topic}: {len(buffer.getvalue())} bytes, at most {LARGEST} are kept in the repository")
    DATA.mkdir(exist_ok=True)
    (DATA / f"{topic}.npz").write_bytes(buffer.getvalue())


def differences(topic, arrays):
    """Lines that say where the recorded answers differ from `arrays`."""
    path = DATA / f"{topic}.npz"
    if not path.exists():
        return [f"{topic}: not recorded"]
    with np.load(path, allow_pickle=False) as archive:
        written = dict(archive)
    lines = [f"{topic}: {name} is in only one of both" for name in sorted(written.keys() ^ arrays.keys())]
    for name in sorted(written.keys() & arrays.keys()):
        if not np.allclose(written[name], arrays[name], rtol=1e-9, atol=1e-12, equal_nan=True):
            lines.append(f"{topic}: {name} differs")
    return lines


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("topics", nargs="*", help="default: all")
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    options = parser.parse_args(arguments)
    found = recipes()
    lines = []
    for topic in options.topics or found:
        arrays = compute(found[topic])
        if options.check:
            lines += differences(topic, arrays)
        else:
            write(topic, arrays)
    print("\n".join(lines) or "all as recorded" if options.check else "written")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
