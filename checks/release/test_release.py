"""The tag picks the package; tag, code and changelog must agree."""

import shutil
import subprocess
import sys

import pytest
from release import resolve
from workspace import PACKAGES, ROOT, folder, lowest, module, version


@pytest.fixture
def root(tmp_path):
    """A copy of what a release looks at, with npml-nn ready for 0.2.0."""
    for package in PACKAGES:
        source = tmp_path / "packages" / package / "src" / module(package)
        source.mkdir(parents=True)
        shutil.copy(folder(package) / "pyproject.toml", tmp_path / "packages" / package)
        (source / "__init__.py").write_text('"""A package."""\n\n__version__ = "0.1.0"\n')
        (tmp_path / "packages" / package / "CHANGELOG.md").write_text(
            "# Changelog\n\n## 0.1.0 (unreleased)\n\nFirst.\n"
        )
    (tmp_path / "packages/npml-nn/src/npml_nn/__init__.py").write_text('__version__ = "0.2.0"\n')
    (tmp_path / "packages/npml-nn/CHANGELOG.md").write_text("# Changelog\n\n## 0.2.0 (2026-03-01)\n\nMore.\n")
    return tmp_path


def test_the_tag_picks_the_package(root):
    assert resolve("npml-nn-v0.2.0", root) == {
        "package": "npml-nn",
        "version": "0.2.0",
        "folder": "packages/npml-nn",
    }


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("npml-nn-v0.2.1", r"__version__ of npml-nn is 0\.2\.0"),
        ("npml-rl-v0.2.0", r"__version__ of npml-rl is 0\.1\.0"),
        ("npml-rl-v0.1.0", "not the day of the release"),
        ("npml-vision-v0.2.0", "none of npml-core"),
        ("npml-nn-0.2.0", "not of the form"),
        ("v0.2.0", "not of the form"),
        ("npml-nn-v0.2", "not of the form"),
        ("npml-nn-v0.2.0\n", "not of the form"),
        ("npml-nn-v0.2.0; rm -rf .", "not of the form"),
    ],
)
def test_any_disagreement_stops_the_release(root, tag, message):
    with pytest.raises(ValueError, match=message):
        resolve(tag, root)


def test_a_version_without_a_changelog_section(root):
    (root / "packages/npml-nn/CHANGELOG.md").write_text("# Changelog\n")
    with pytest.raises(ValueError, match="no section"):
        resolve("npml-nn-v0.2.0", root)


def test_the_command_fails_on_a_wrong_tag():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/release.py"), "npml-core-v99.0.0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "not released" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("package", PACKAGES)
def test_version_is_the_imported_one(package):
    imported = subprocess.run(
        [sys.executable, "-c", f"import {module(package)} as p; print(p.__version__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert imported.stdout.strip() == version(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_dependency_has_a_lowest_version(package):
    assert "numpy" in lowest(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_towncrier_turns_fragments_into_a_section(package, tmp_path):
    shutil.copytree(folder(package), tmp_path / package, ignore=shutil.ignore_patterns("src", "tests"))
    (tmp_path / package / "changes" / "7.added.md").write_text("A model that was missing.\n")
    subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--yes", "--version", "9.8.7", "--date", "2030-01-02"],
        cwd=tmp_path / package,
        capture_output=True,
        text=True,
        check=False,
    )
    changelog = (tmp_path / package / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## 9.8.7 (2030-01-02)" in changelog
    assert "- A model that was missing. (#7)" in changelog
    assert changelog.index("9.8.7") < changelog.index(f"## {version(package)} (")
