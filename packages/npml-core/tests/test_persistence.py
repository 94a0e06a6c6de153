"""Files: what goes in comes out, damage is noticed, nothing runs, nothing is lost."""

import io
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from npml_core import BaseEstimator, Storable, atomic_write, load, minibatches, save


class Pair(Storable):
    def __init__(self, left, right):
        self.left, self.right = left, right


class Halves(Storable):
    """A class whose __dict__ is not its state."""

    def __init__(self, whole):
        self.whole = whole
        self.cache = lambda: None  # cannot be stored

    def _get_state(self):
        return {"half": self.whole / 2}

    def _set_state(self, state):
        self.__init__(2 * state["half"])


def round_trip(value, tmp_path):
    save(value, tmp_path / "file")
    return load(tmp_path / "file")


def equal(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        same = a.dtype == b.dtype and a.shape == b.shape
        return (
            same and all(equal(x, y) for x, y in zip(a.ravel(), b.ravel()))
            if a.dtype == object
            else same and (np.array_equal(a, b, equal_nan=a.dtype.kind in "fcmM"))
        )
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    return a == b or (a != a and b != b)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()
keys = st.integers() | st.text() | st.tuples(st.integers(), st.text())
dtypes = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="="),
    hnp.floating_dtypes(endianness="=", sizes=(16, 32, 64)),
    hnp.complex_number_dtypes(endianness="=", sizes=(64, 128)),
    hnp.unicode_string_dtypes(endianness="=", min_len=1, max_len=5),
    hnp.byte_string_dtypes(min_len=1, max_len=5),
)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
values = st.recursive(
    scalars | arrays,
    lambda inner: (
        st.lists(inner, max_size=4) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(values)
def test_round_trip_of_everything_storable(tmp_path_factory, value):
    assert equal(round_trip(value, tmp_path_factory.mktemp("round")), value)


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        frozenset("ab"),
        np.float32(1.5),
        np.bool_(True),
        np.str_("x"),
        np.datetime64("2020-02-29"),
        np.dtype("float32"),
        np.float32,
        int,
        minibatches,
        BaseEstimator,
        np.array(["a", None, 1.5, ("t", [2])], dtype=object),
        np.empty((0, 3)),
        np.array(["2020-01-01"], dtype="M8[D]"),
        10**50,
    ],
    ids=repr,
)
def test_round_trip_of_special_values(tmp_path, value):
    assert equal(round_trip(value, tmp_path), value)


def test_layout_and_byte_order(tmp_path):
    fortran = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    swapped = np.arange(3, dtype=">f8")
    back = round_trip([fortran, swapped, np.arange(10)[::2]], tmp_path)
    assert back[0].flags.f_contiguous
    assert back[1].dtype == np.dtype("=f8")
    assert back[1].tolist() == [0.0, 1.0, 2.0]
    assert back[2].tolist() == [0, 2, 4, 6, 8]
    back[0][0, 0] = 7.0  # what is loaded is the caller's own


@pytest.mark.parametrize("name", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_generators_go_on_where_they_were(tmp_path, name):
    rng = np.random.Generator(getattr(np.random, name)(3))
    rng.random(5)
    rng.integers(0, 9, size=3, dtype=np.int32)  # leaves half a word in the buffer
    back = round_trip(rng, tmp_path)
    assert back.integers(0, 9, size=4, dtype=np.int32).tolist() == rng.integers(0, 9, size=4, dtype=np.int32).tolist()
    assert back.normal(size=4).tolist() == rng.normal(size=4).tolist()


def test_legacy_generator_goes_on_where_it_was(tmp_path):
    rng = np.random.RandomState(5)
    rng.normal()  # leaves one of a pair
    back = round_trip(rng, tmp_path)
    assert back.normal(size=3).tolist() == rng.normal(size=3).tolist()


def test_shared_parts_stay_shared(tmp_path):
    weight, inner = np.ones(3), Pair(1, 2)
    back = round_trip(Pair([weight, inner], {"w": weight, "i": inner}), tmp_path)
    assert back.left[0] is back.right["w"]
    assert back.left[1] is back.right["i"]


def test_class_with_its_own_state(tmp_path):
    assert round_trip(Halves(3.0), tmp_path).whole == 3.0


def test_object_that_contains_itself_is_an_error(tmp_path):
    knot = Pair(1, None)
    knot.right = knot
    with pytest.raises(ValueError, match="contains itself"):
        save(knot, tmp_path / "file")


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (Pair(1, lambda x: x), r"Pair\.right.*lambda"),
        ({"f": np.sin}, r"dict\['f'\].*sin"),
        ([1, object()], r"list\[1\].*object"),
        (np.zeros(2, dtype=[("a", int)]), "dtype"),
        (io.StringIO(), "StringIO"),
    ],
)
def test_what_cannot_be_stored_is_named_and_nothing_is_written(tmp_path, value, where):
    path = tmp_path / "file"
    save("old", path)
    with pytest.raises(ValueError, match=where):
        save(value, path)
    assert load(path) == "old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "file"
    save(Pair(np.arange(5.0), {"text": "x" * 20}), path)
    return path, path.read_bytes()


def test_every_flipped_bit_is_noticed(saved):
    path, raw = saved
    for position in range(len(raw)):
        damaged = bytearray(raw)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="file"):
            load(path)


def test_every_truncation_is_noticed(saved):
    path, raw = saved
    for length in range(len(raw)):
        path.write_bytes(raw[:length])
        with pytest.raises(ValueError, match="file"):
            load(path)


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize("foreign", [b"", b"\x00" * 100, b"{}", b"PK\x03\x04" + b"x" * 50, pickle.dumps(Bomb())])
def test_foreign_files_are_an_error_and_run_nothing(tmp_path, monkeypatch, foreign):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(foreign)
    with pytest.raises(ValueError, match="not written by npml_core.save"):
        load(tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"]


def forge(path, text, arrays=b""):
    """A file whose checksum is right and whose contents are not."""
    from npml_core.persistence import MAGIC, _digest

    body = len(text).to_bytes(8, "little") + text + arrays
    path.write_bytes(MAGIC + _digest([body]) + body)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"not json",
        b'{"$array": 0, "dtype": "<f8", "shape": [1000000000000], "order": "C", "offset": 0}',
        b'{"$array": 0, "dtype": "|O", "shape": [1], "order": "C", "offset": 0}',
        b'{"$array": 0, "dtype": "<f8", "shape": [-1], "order": "C", "offset": 0}',
        b'{"$eval": "1+1"}',
        b'{"$public": "os:system"}',
        b'{"$public": "npml_core:persistence.os.system"}',
        b'{"$object": "builtins.object", "state": {}, "number": 0}',
        b'{"$random": {"$dict": [["bit_generator", "os"]]}, "legacy": false}',
        b"[" * 5000 + b"]" * 5000,
    ],
)
def test_forged_files_are_an_error(tmp_path, text):
    forge(tmp_path / "file", text)
    with pytest.raises(ValueError, match="file"):
        load(tmp_path / "file")


def test_unknown_class_names_the_package_to_import(tmp_path):
    forge(tmp_path / "file", b'{"$object": "npml_other.Model", "state": {}, "number": 0}')
    with pytest.raises(ValueError, match="import npml_other first"):
        load(tmp_path / "file")


def test_missing_file_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere")


def test_the_name_is_exactly_the_one_given(tmp_path):
    save(1, str(tmp_path / "model.v2"))
    assert os.listdir(tmp_path) == ["model.v2"]


def test_existing_permissions_and_links_are_kept(tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    save(1, path)
    path.chmod(0o640)
    link.symlink_to(path)
    save(2, link)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert load(path) == 2


def test_a_block_that_raises_changes_nothing(tmp_path):
    path = tmp_path / "log"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="half-way"), atomic_write(path, "w") as file:
        file.write("new")
        raise RuntimeError("half-way")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["log"]


def test_a_killed_writer_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "model"
    save(np.zeros(10), path)
    script = f"""
        import time, npml_core
        with npml_core.atomic_write({str(path)!r}) as file:
            file.write(b"half of a new file")
            file.flush()
            print("writing", flush=True)
            time.sleep(60)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE)
    with process:
        assert process.stdout.readline() == b"writing\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert np.array_equal(load(path), np.zeros(10))
