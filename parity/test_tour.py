"""The tour as a program: what it writes, what it does when a stop fails, and when it is stopped half-way."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"

GOOD = """
from tour_kit import INK, Figure, Row, Text, canvas, picture, stop, timed

@stop("npml-core", "A <good> stop")
def good():
    '''Words with `code` & more.'''
    import numpy as np
    _, seconds = timed(lambda: sum(range(1000)))
    yield Row("summing", "numbers", "sum", 499500, 499500, seconds, 2 * seconds)
    yield Row("alone", "numbers", "sum", 1, None, 0.1, None)
    fig, axes = canvas(1, 2)
    axes[0].plot([1, 2], color=INK)
    picture(axes[1], np.eye(3))
    yield Figure(fig, "A line.")
    yield Text("words & <words>", "Written by nobody.")
"""
BAD = """
from tour_kit import Row, stop

@stop("npml-core", "A bad stop")
def bad():
    yield Row("half", "numbers", "sum", 1, 1, 1, 1)
    raise RuntimeError("it broke")
"""
SLOW = """
import time
from tour_kit import stop

@stop("npml-core", "A slow stop")
def slow():
    print("slow", flush=True)
    time.sleep(60)
    yield
"""


def command(folder):
    output = folder / "build" / "tour"
    return [sys.executable, EXAMPLES / "tour.py", "--stops", folder, "--output", output]


def run(folder):
    return subprocess.run(command(folder), capture_output=True, text=True, timeout=120)


def whole(folder):
    """All files of the output, by name; every one of them must be complete, and nothing may lie beside them."""
    output = folder / "build" / "tour"
    assert [path.name for path in output.parent.iterdir()] == ["tour"]
    page = (output / "index.html").read_text()
    assert page.endswith("</html>\n")
    json.loads((output / "rows.json").read_text())
    for figure in (output / "figures").iterdir():
        assert figure.read_text().rstrip().endswith("</svg>")
    return {path.relative_to(output): path.read_bytes() for path in output.rglob("*") if path.is_file()}


class Outline(HTMLParser):
    """Open tags, ids and everything that a browser would fetch."""

    def __init__(self):
        super().__init__()
        self.ids, self.fetched = [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        for key in ("src", "href", "xlink:href"):
            if key in attrs and tag != "a":
                self.fetched.append(attrs[key])


@pytest.fixture(scope="module")
def good_tour(tmp_path_factory):
    """A folder with one good stop, toured; and what the tour printed."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "10_good.py").write_text(GOOD)
    done = run(folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_a_tour(good_tour):
    tmp_path, printed = good_tour
    assert re.search(r"summing +numbers +sum +499,500 +499,500 .* 0\.50  scikit-learn", printed)
    files = whole(tmp_path)
    rows = json.loads((tmp_path / "build" / "tour" / "rows.json").read_text())["rows"]
    assert [row["model"] for row in rows] == ["summing", "alone"]
    assert Path("figures/good-1.svg") in files
    page = files[Path("index.html")].decode()
    assert "A &lt;good&gt; stop" in page
    assert "<code>code</code> &amp; more" in page
    assert "words &amp; &lt;words&gt;" in page
    assert "2.0 times faster" in page


def test_the_page_fetches_nothing_and_follows_the_theme(good_tour):
    page = (good_tour[0] / "build" / "tour" / "index.html").read_text()
    outline = Outline()
    outline.feed(page)
    assert all(target.startswith(("#", "data:")) for target in outline.fetched), outline.fetched
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page
    assert len(outline.ids) == len(set(outline.ids)), "an id appears twice"
    assert "var(--ink)" in page.split("<svg")[1]
    assert "#1b2331" not in page.split("<svg")[1]


def test_a_stop_that_fails_is_named_and_the_others_are_shown(tmp_path):
    (tmp_path / "10_bad.py").write_text(BAD)
    (tmp_path / "11_broken.py").write_text("import there_is_no_such_module")
    (tmp_path / "12_good.py").write_text(GOOD)
    done = run(tmp_path)
    assert done.returncode == 1
    assert "FAILED bad: RuntimeError: it broke" in done.stderr
    assert "FAILED 11_broken.py: ModuleNotFoundError" in done.stderr
    page = whole(tmp_path)[Path("index.html")].decode()
    for text in ("it broke", "11_broken.py", "summing", "half"):
        assert text in page


def test_an_old_figure_does_not_stay(good_tour, tmp_path):
    shutil.copytree(good_tour[0] / "build", tmp_path / "build")
    (tmp_path / "10_renamed.py").write_text(GOOD.replace("def good", "def renamed"))
    run(tmp_path)
    assert [p.name for p in (tmp_path / "build" / "tour" / "figures").iterdir()] == ["renamed-1.svg"]


@pytest.mark.parametrize(
    ("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_stopped_half_way_the_old_tour_is_whole(good_tour, tmp_path, sign, code):
    shutil.copytree(good_tour[0], tmp_path, dirs_exist_ok=True)
    before = whole(tmp_path)
    (tmp_path / "20_slow.py").write_text(SLOW)
    tour = subprocess.Popen(command(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert tour.stdout.readline() == "slow\n"
    time.sleep(0.1)
    tour.send_signal(sign)
    tour.communicate(timeout=30)
    assert tour.returncode == code
    if sign == signal.SIGKILL:  # nobody could tidy up: the next tour does
        assert {path.name for path in (tmp_path / "build").iterdir()} == {"tour", ".tour-partial"}
        (tmp_path / "20_slow.py").unlink()
        run(tmp_path)
        assert whole(tmp_path).keys() == before.keys()
    else:
        assert whole(tmp_path) == before


def test_rows_judge_by_direction(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from tour_kit import Row

    row = Row("m", "d", "loss", 1.0, 2.0, 3.0, 6.0, better="lower")
    assert row.verdict == "better"
    assert row.ratio == 0.5
    assert row._replace(better="higher").verdict == "worse"
    assert row._replace(ours=1.9999).verdict == "same"
    assert row._replace(peer=None).verdict == ""


def test_recorded_columns(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import tour_kit

    path = tmp_path / "tour_torch.json"
    path.write_text(json.dumps({"torch": "2.13.0", "threads": 1, "rows": {"net": {"metric": 0.9, "seconds": 2.0}}}))
    monkeypatch.setattr(tour_kit, "RECORDS", path)
    row = tour_kit.Row("net", "digits", "accuracy", ours=0.9, seconds=1.0, **tour_kit.recorded("net"))
    assert (row.peer, row.ratio, row.peer_name, row.recorded) == (0.9, 0.5, "torch 2.13.0", True)
    with pytest.raises(KeyError, match="record_tour"):
        tour_kit.recorded("other")


def test_every_recorded_key_that_a_stop_asks_for_is_there():
    asked = set()
    for path in (EXAMPLES / "tour_stops").glob("*.py"):
        asked |= set(re.findall(r'recorded\("(\w+)"\)', path.read_text()))
    rows = json.loads((ROOT / "parity" / "data" / "tour_torch.json").read_text())["rows"]
    assert asked <= rows.keys()
    assert all(row.keys() == {"metric", "seconds"} for row in rows.values())
