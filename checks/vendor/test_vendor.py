"""Vendored copies work: through the `vendoring` tool, and by copying one folder under another name."""

import subprocess
import sys
import zipfile

import pytest
from workspace import module, version

PROJECT = """
[project]
name = "app"
version = "1"

[tool.vendoring]
destination = "app/_vendor/"
requirements = "vendor.txt"
namespace = "app._vendor"
protected-files = ["__init__.py", "vendor.txt"]
"""

TRAIN = """
import sys
import numpy as np
from app._vendor.npml_classical import KNeighborsClassifier
from app._vendor.npml_core import save

X = np.random.default_rng(0).normal(size=(60, 3))
model = KNeighborsClassifier(n_neighbors=3).fit(X, X[:, 0] > 0)
save(model, "model.npml")
np.save("expected.npy", model.predict(X + 0.01))
assert not {"npml_core", "npml_classical"} & set(sys.modules), "reached past the vendored copy"
"""

PREDICT = """
import numpy as np
import app._vendor.npml_classical
from app._vendor.npml_core import load

X = np.random.default_rng(0).normal(size=(60, 3))
model = load("model.npml")
assert type(model).__module__.startswith("app._vendor.npml_classical"), type(model).__module__
assert np.array_equal(model.predict(X + 0.01), np.load("expected.npy"))
assert model.score(X, X[:, 0] > 0) > 0.9
"""

COPIED = """
import sys
import numpy as np
from app.borrowed import BallTree, load, save
from app.borrowed.kernels import rbf_kernel

X = np.random.default_rng(0).normal(size=(100, 3))
tree = BallTree(X)
distance, index = tree.query(X, k=2)
assert np.array_equal(index[:, 0], np.arange(100)) and not distance[:, 0].any()
assert np.allclose(np.diag(rbf_kernel(X)), 1)
save({"X": X, "k": 2}, "things")
assert np.array_equal(load("things")["X"], X)
assert "npml_core" not in sys.modules
"""


@pytest.fixture
def project(tmp_path):
    """An application with an empty package `app`."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").touch()
    return tmp_path


def wheel_of(package, wheels):
    return wheels / f"{module(package)}-{version(package)}-py3-none-any.whl"


def run(project, *arguments):
    done = subprocess.run([sys.executable, *arguments], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_vendored_by_the_vendoring_tool(project, wheels):
    vendor = project / "app" / "_vendor"
    vendor.mkdir()
    (vendor / "__init__.py").touch()
    (project / "pyproject.toml").write_text(PROJECT)
    wanted = [f"{package} @ {wheel_of(package, wheels).as_uri()}\n" for package in ("npml-core", "npml-classical")]
    (project / "vendor.txt").write_text("".join(wanted))
    run(project, "-m", "vendoring", "sync", "-v")
    assert {path.name for path in vendor.iterdir()} >= {"npml_core", "npml_classical"}
    run(project, "-W", "error", "-c", TRAIN)
    run(project, "-W", "error", "-c", PREDICT)


def test_one_folder_copied_under_another_name(project, wheels):
    with zipfile.ZipFile(wheel_of("npml-core", wheels)) as archive:
        archive.extractall(project, [name for name in archive.namelist() if name.startswith("npml_core/")])
    (project / "npml_core").rename(project / "app" / "borrowed")
    run(project, "-W", "error", "-c", COPIED)
    assert (project / "app" / "borrowed" / "LICENSE").is_file()
