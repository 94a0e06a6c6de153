"""Where the checks find what their tox environment built."""

from pathlib import Path

import pytest


def pytest_addoption(parser):
    parser.addoption("--built", help="folder with the sdist and the wheel of every package")
    parser.addoption("--wheels", help="folder with the wheels to vendor")
    parser.addoption("--models", help="folder with the saved models")


def folder(request, option):
    path = request.config.getoption(option)
    assert path, f"run through tox, which passes {option}"
    return Path(path).resolve()


@pytest.fixture(scope="session")
def dist(request):
    return folder(request, "--built")


@pytest.fixture(scope="session")
def wheels(request):
    return folder(request, "--wheels")


@pytest.fixture(scope="session")
def models(request):
    return folder(request, "--models")
