"""A pytest plugin, `-p checks.no_threads`: to start a thread or a process from npml raises.

A browser and many a serverless box have neither. Tests may start processes themselves: only calls that come from
a module of npml are refused.
"""

import functools
import multiprocessing.process
import os
import subprocess
import sys
import threading

import pytest


class Forbidden(BaseException):
    """Not an Exception, so that nothing catches it in passing."""


def caller_in_npml():
    """The innermost npml module among the callers, or None."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__") or ""
        if name.startswith("npml_"):
            return name
        frame = frame.f_back
    return None


def refuse(owner, name):
    start = getattr(owner, name)

    @functools.wraps(start)
    def guarded(*args, **kwargs):
        module = caller_in_npml()
        if module is not None:
            raise Forbidden(f"{module} called {owner.__name__}.{name}")
        return start(*args, **kwargs)

    setattr(owner, name, guarded)


def pytest_configure():
    refuse(threading.Thread, "start")
    refuse(multiprocessing.process.BaseProcess, "start")
    refuse(subprocess.Popen, "__init__")
    for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system"):
        if hasattr(os, name):
            refuse(os, name)


@pytest.fixture
def forbidden():
    return Forbidden
