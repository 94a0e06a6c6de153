"""One worker needs nothing installed; several need joblib."""

import sys
import threading

import pytest

from npml_core import parallel_map


@pytest.mark.parametrize("n_jobs", [None, 1])
def test_one_worker_keeps_the_order_and_starts_no_thread(monkeypatch, n_jobs):
    def refuse(self):
        raise AssertionError("a thread was started")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert parallel_map(lambda x: 2 * x, iter([3, 1, 2]), n_jobs) == [6, 2, 4]


def test_several_workers_without_joblib_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(ImportError, match="extra 'parallel'"):
        parallel_map(abs, [1], n_jobs=2)


def test_none_follows_the_block_that_joblib_is_in(monkeypatch):
    class Joblib:
        @staticmethod
        def effective_n_jobs(n_jobs):
            return 1

    monkeypatch.setitem(sys.modules, "joblib", Joblib)
    assert parallel_map(abs, [-1]) == [1]


@pytest.mark.parametrize(("bad", "error"), [(0, ValueError), (1.5, TypeError), ("2", TypeError), (True, TypeError)])
def test_bad_n_jobs(bad, error):
    with pytest.raises(error, match="n_jobs"):
        parallel_map(abs, [1], n_jobs=bad)


def test_bad_prefer():
    with pytest.raises(ValueError, match="prefer"):
        parallel_map(abs, [1], prefer="magic")
