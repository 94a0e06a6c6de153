"""Silent by default; lines on stderr where tqdm is not installed."""

import sys

import pytest

from npml_core import progress


def test_silent(capsys):
    bar = progress(range(3))
    assert list(bar) == [0, 1, 2]
    bar.set_postfix(loss=1)
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def no_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)


@pytest.mark.usefixtures("no_tqdm")
def test_lines(capsys):
    bar = progress(iter(range(3)), total=3, desc="counting", verbose=1)
    for i in bar:
        bar.set_postfix(i=i)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("counting: 3/3 in ")
    assert err.endswith("i 2\n")


@pytest.mark.usefixtures("no_tqdm")
def test_lines_of_an_empty_loop_and_without_a_total(capsys):
    assert list(progress([], verbose=1)) == []
    assert list(progress(iter("ab"), verbose=1)) == ["a", "b"]
    assert capsys.readouterr().err.split(" in ")[0] == "0/0"
