"""The guard of `checks/no_threads.py` guards."""

import subprocess
import sys
import threading
import types

import pytest


def npml_like_module(source):
    module = types.ModuleType("npml_like")
    exec(source, module.__dict__)
    return module


def test_a_thread_started_by_npml_is_refused(forbidden):
    npml = npml_like_module("import threading\ndef work(): threading.Thread(target=print).start()")
    with pytest.raises(forbidden, match=r"npml_like called Thread\.start"):
        npml.work()


def test_so_is_one_started_by_a_library_on_its_behalf(forbidden):
    source = "from concurrent.futures import ThreadPoolExecutor\ndef work(): ThreadPoolExecutor(1).submit(print)"
    with pytest.raises(forbidden, match="npml_like"):
        npml_like_module(source).work()


def test_so_is_a_process(forbidden):
    npml = npml_like_module("import subprocess\ndef work(): subprocess.run(['true'])")
    with pytest.raises(forbidden, match="npml_like"):
        npml.work()


def test_a_test_may_start_both():
    thread = threading.Thread(target=len, args=("",))
    thread.start()
    thread.join()
    assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, check=True).stdout.strip() == b"1"
