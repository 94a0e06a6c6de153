"""What is in the wheels and sdists, and how large they are."""

import re
import tarfile
import zipfile
from email import message_from_string

import pytest
from packaging.requirements import Requirement
from workspace import PACKAGES, ROOT, folder, module, project, version

WHEEL_BUDGET = {"npml-core": 60_000}
WHEEL_BUDGET_OF_OTHERS = 250_000
RUN_TIME = {"npml-core": {"numpy"}}
RUN_TIME_OF_OTHERS = {"numpy", "scipy", "npml-core"}
EXTRAS = {"parallel", "progress", "plot", "safetensors", "gym"}

packages = pytest.mark.parametrize("package", PACKAGES)


@pytest.fixture
def wheel(dist, package):
    return dist / f"{module(package)}-{version(package)}-py3-none-any.whl"


@pytest.fixture
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture
def metadata(wheel, package):
    with zipfile.ZipFile(wheel) as archive:
        return message_from_string(
            archive.read(f"{module(package)}-{version(package)}.dist-info/METADATA").decode("utf-8")
        )


def test_one_pure_wheel_and_one_sdist_per_package(dist):
    built = {path.name for path in dist.iterdir() if path.name != ".gitignore"}
    stems = {f"{module(package)}-{version(package)}" for package in PACKAGES}
    assert built == {stem + "-py3-none-any.whl" for stem in stems} | {stem + ".tar.gz" for stem in stems}


@packages
def test_wheel_is_small(wheel, package):
    assert wheel.stat().st_size < WHEEL_BUDGET.get(package, WHEEL_BUDGET_OF_OTHERS)


@packages
def test_wheel_holds_the_source_folder_the_licence_and_nothing_else(names, package):
    source = folder(package) / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    inside = {name for name in names if not name.split("/")[0].endswith(".dist-info")}
    assert inside == files | {f"{module(package)}/LICENSE"}
    assert f"{module(package)}/py.typed" in inside
    assert not any(part == "tests" or part.startswith("test_") for name in inside for part in name.split("/"))


@packages
def test_licence_is_the_one_of_the_workspace(wheel, package):
    licence = (ROOT / "LICENSE").read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"{module(package)}/LICENSE") == licence
        info = f"{module(package)}-{version(package)}.dist-info"
        assert archive.read(f"{info}/licenses/LICENSE") == licence


@packages
def test_metadata(metadata, package):
    assert metadata["Name"] == package
    assert metadata["Version"] == version(package)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert not any("License ::" in line for line in metadata.get_all("Classifier"))
    assert set(metadata.get_all("Provides-Extra") or []) <= EXTRAS


@packages
def test_declared_dependencies(metadata, package):
    declared = [Requirement(line) for line in metadata.get_all("Requires-Dist")]
    run_time = {requirement.name for requirement in declared if requirement.marker is None}
    assert run_time == RUN_TIME.get(package, RUN_TIME_OF_OTHERS)
    core = [requirement for requirement in declared if requirement.name == "npml-core"]
    assert all({s.operator for s in requirement.specifier} == {">=", "<"} for requirement in core)
    assert all(requirement.specifier.contains(version("npml-core")) for requirement in core)


@packages
def test_sdist_holds_the_allowed_files_only(dist, package):
    stem = f"{module(package)}-{version(package)}"
    with tarfile.open(dist / f"{stem}.tar.gz") as archive:
        inside = {name.removeprefix(stem + "/") for name in archive.getnames()}
    top = {name.split("/")[0] for name in inside}
    assert top <= {
        "src", "tests", "README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "PKG-INFO", ".gitignore",
    }  # fmt: skip
    assert "tests/test_package.py" in inside
    assert not any(name.endswith((".pyc", ".npz", ".npml")) and "tests/" not in name for name in inside)


@packages
def test_changelog_has_the_version(package):
    changelog = (folder(package) / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(version(package))} \(", changelog, re.MULTILINE)


@packages
def test_root_group_names_are_not_extras(package):
    extras = project(package).get("optional-dependencies", {})
    assert not {"dev", "test", "tests", "docs", "lint"} & set(extras)
