r"""Objects as one file of JSON and raw arrays: no pickle, nothing is executed.

A file is

    8 bytes    the magic ``NPML\x00\r\n\x01`` (the line end shows a text-mode transfer, the last byte the version)
    32 bytes   SHA-256 of all that follows
    8 bytes    length of the JSON text, little endian
    ...        the JSON text, then every array as raw bytes, each at a multiple of 64 from the start of the arrays

JSON values stand for themselves; everything else is an object with one key that starts with ``$`` and names its kind
(``$array``, ``$tuple``, ``$object``, ...). An object is a tag of the registry below and a state; one that occurs twice
is written once, so that shared weights stay shared.
"""

import os
import sys
from contextlib import contextmanager
from math import prod

import numpy as np

__all__ = ["Storable", "atomic_write", "load", "save"]

MAGIC = b"NPML\x00\r\n\x01"
ALIGNMENT = 64
ARRAY_KINDS = "biufcSUmM"
BIT_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")

_classes: dict[str, type] = {}


class Storable:
    """Base of everything that `save` writes: each subclass is registered under a short tag.

    The state is ``__dict__`` unless a class says otherwise with ``_get_state() -> dict`` and ``_set_state(state)``.
    ``load`` makes the object without calling ``__init__``.

    Examples
    --------
    >>> import os, tempfile
    >>> from npml_core import Storable, load, save
    >>> class Point(Storable):
    ...     def __init__(self, x, y):
    ...         self.x, self.y = x, y
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Point(1, (2.5, None)), os.path.join(folder, "point"))
    ...     load(os.path.join(folder, "point")).y
    (2.5, None)
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        _classes[_tag(cls)] = cls

    def _get_state(self):
        return dict(self.__dict__)

    def _set_state(self, state):
        self.__dict__.update(state)


def save(obj, path):
    """Write `obj` to the file `path`, atomically: readers see the old file or the new one, never half of one.

    Parameters
    ----------
    obj : Storable, array, or plain data
        A fitted estimator, a model, or any nesting of None, bool, int, float, complex, str, bytes, list, tuple, dict,
        set, NumPy arrays, scalars, dtypes and random generators, and SciPy sparse matrices.
    path : str or path-like
        Where to; exactly this name, no suffix is added.

    Raises
    ------
    ValueError
        If a part cannot be stored (a function that is not a public npml name, say); it names that part, and nothing
        is written.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from npml_core import load, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save({"a": np.arange(3), "b": None}, os.path.join(folder, "data"))
    ...     load(os.path.join(folder, "data"))
    {'a': array([0, 1, 2]), 'b': None}
    """
    import json

    encoder = _Encoder()
    text = json.dumps(encoder.encode(obj, type(obj).__name__)).encode()
    chunks = [len(text).to_bytes(8, "little"), text]
    for array in encoder.arrays:
        raw = array.tobytes()
        chunks += [raw, bytes(-len(raw) % ALIGNMENT)]
    with atomic_write(path) as file:
        file.write(MAGIC + _digest(chunks))
        file.writelines(chunks)


def load(path):
    """Read what `save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    object
        Equal to what was saved.

    Raises
    ------
    ValueError
        If the file is truncated, damaged, of another kind, or of a class whose package is not imported.

    Examples
    --------
    >>> import os, tempfile
    >>> from npml_core import load, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save([1, 2.0, "three"], os.path.join(folder, "data"))
    ...     load(os.path.join(folder, "data"))
    [1, 2.0, 'three']
    """
    import json

    with open(path, "rb") as file:
        blob = memoryview(file.read())
    if blob[: len(MAGIC)] != MAGIC:
        raise ValueError(f"{os.fspath(path)!r} was not written by npml_core.save (or is damaged at its start)")
    digest, body = blob[len(MAGIC) : len(MAGIC) + 32], blob[len(MAGIC) + 32 :]
    if bytes(digest) != _digest([body]):
        raise ValueError(f"{os.fspath(path)!r} is truncated or damaged: its checksum does not fit its contents")
    try:
        length = int.from_bytes(body[:8], "little")
        return _Decoder(body[8 + length :]).decode(json.loads(bytes(body[8 : 8 + length])))
    except _UnknownName as error:
        raise ValueError(f"{os.fspath(path)!r} {error}") from None
    except (KeyError, TypeError, IndexError, AttributeError, RecursionError, ValueError) as error:
        raise ValueError(f"{os.fspath(path)!r} cannot be read: {error!r}") from error


@contextmanager
def atomic_write(path, mode="wb"):
    """Open a temporary file beside `path` for writing and move it onto `path` when the block ends without an error.

    Parameters
    ----------
    path : str or path-like
        The file to be; a symbolic link is followed, permissions of an existing file are kept.
    mode : {"wb", "w"}
        Bytes or UTF-8 text.

    Yields
    ------
    file
        The temporary file. If the block raises, it is removed and `path` stays as it was.

    Examples
    --------
    >>> import os, tempfile
    >>> from npml_core import atomic_write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_write(os.path.join(folder, "log.txt"), "w") as file:
    ...         _ = file.write("whole or not at all")
    ...     os.listdir(folder)
    ['log.txt']
    """
    target = os.path.realpath(path)
    temporary = f"{target}.{os.urandom(6).hex()}.tmp"
    try:
        with open(temporary, mode.replace("w", "x"), encoding=None if "b" in mode else "utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def _digest(chunks):
    from hashlib import sha256  # 5 ms that only files need

    state = sha256()
    for chunk in chunks:
        state.update(chunk)
    return state.digest()


class _Encoder:
    """Turns an object into JSON values; arrays go to the side list ``arrays``."""

    def __init__(self):
        self.arrays = []
        self._size = 0  # bytes of all arrays so far, padding included
        self._keep = []  # what has an id in _seen stays alive, so that no id is used twice
        self._seen = {}
        self._open = set()

    def encode(self, value, where):
        if value is None or type(value) in (str, bool, int, float):
            return value
        if type(value) is list:
            return [self.encode(item, f"{where}[{i}]") for i, item in enumerate(value)]
        kind = next((kind for types, kind in self._kinds if isinstance(value, types)), None)
        if kind is not None:
            return kind(self, value, where)
        # numpy.random is imported when it is first used, which for many programs is never
        if "numpy.random" in sys.modules and isinstance(value, (np.random.Generator, np.random.RandomState)):
            return self._random(value, where)
        if getattr(value, "format", None) is not None and hasattr(value, "tocsr"):
            return self._sparse(value, where)
        if callable(value):
            return {"$public": _public_name(value, where)}
        raise ValueError(f"{where} cannot be stored: {type(value).__module__}.{type(value).__qualname__}")

    def _array(self, value, where):
        if id(value) in self._seen:
            return self._seen[id(value)]
        if value.dtype.kind == "O":
            items = [self.encode(item, f"{where}.flat[{i}]") for i, item in enumerate(value.ravel())]
            return self._remember(value, {"$object_array": items, "shape": list(value.shape)})
        if value.dtype.kind not in ARRAY_KINDS:
            raise ValueError(f"{where} cannot be stored: an array of dtype {value.dtype}")
        # '<' gives the same bytes on every machine; order "F" keeps the layout that the code which made it wants
        flat = value.astype(value.dtype.newbyteorder("<"), copy=False)
        order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        fields = {"$array": len(self.arrays), "dtype": flat.dtype.str, "shape": list(value.shape), "order": order}
        fields["offset"] = self._size
        self.arrays.append(flat.T if order == "F" else flat)
        self._size += flat.nbytes + -flat.nbytes % ALIGNMENT
        return self._remember(value, fields)

    def _object(self, value, where):
        if id(value) in self._seen:
            return self._seen[id(value)]
        if id(value) in self._open:
            raise ValueError(f"{where} cannot be stored: it contains itself")
        tag = _tag(type(value))
        if _classes.get(tag) is not type(value):
            raise ValueError(f"{where} cannot be stored: another class is registered as {tag!r}")
        self._open.add(id(value))
        state = {key: self.encode(item, f"{where}.{key}") for key, item in value._get_state().items()}
        self._open.remove(id(value))
        number = len(self._keep)
        self._remember(value, {"$same": number})
        return {"$object": tag, "state": state, "number": number}

    def _remember(self, value, encoded):
        self._keep.append(value)
        self._seen[id(value)] = encoded
        return encoded

    def _sequence(self, value, where):
        if type(value) not in (tuple, set, frozenset):
            raise ValueError(f"{where} cannot be stored: a {type(value).__name__}; make it a tuple or a Storable")
        return {f"${type(value).__name__}": [self.encode(item, f"{where}[{i}]") for i, item in enumerate(value)]}

    def _dict(self, value, where):
        pairs = [[self.encode(k, f"{where} key"), self.encode(v, f"{where}[{k!r}]")] for k, v in value.items()]
        return {"$dict": pairs}

    def _scalar(self, value, where):
        return {"$scalar": self._array(np.asarray(value), where)}

    def _complex(self, value, where):
        return {"$complex": [value.real, value.imag]}

    def _bytes(self, value, where):
        return {"$bytes": value.hex()}

    def _dtype(self, value, where):
        return {"$dtype": value.str}

    def _type(self, value, where):
        if issubclass(value, np.generic):
            return {"$scalar_type": np.dtype(value).str}
        if value in (bool, int, float, complex, str):
            return {"$builtin_type": value.__name__}
        return {"$public": _public_name(value, where)}

    def _random(self, value, where):
        generator = getattr(value, "bit_generator", None) or value._bit_generator
        if type(generator).__name__ not in BIT_GENERATORS:
            raise ValueError(f"{where} cannot be stored: bit generator {type(generator).__name__}")
        legacy = isinstance(value, np.random.RandomState)
        state = value.get_state(legacy=False) if legacy else generator.state
        return {"$random": self.encode(state, where), "legacy": legacy}

    def _sparse(self, value, where):
        csr = value.tocsr()
        parts = [self._array(part, where) for part in (csr.data, csr.indices, csr.indptr)]
        is_array = type(value).__name__.endswith("array")
        return {"$sparse": parts, "shape": list(value.shape), "format": value.format, "is_array": is_array}

    _kinds = (
        (np.ndarray, _array),
        (Storable, _object),
        (np.generic, _scalar),
        ((tuple, set, frozenset), _sequence),
        (dict, _dict),
        (complex, _complex),
        (bytes, _bytes),
        (np.dtype, _dtype),
        (type, _type),
    )


class _Decoder:
    """The inverse of `_Encoder`."""

    def __init__(self, buffer):
        self._buffer = buffer
        self._arrays = {}
        self._objects = {}

    def decode(self, value):
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        kind = next((key for key in value if key.startswith("$")), "$nothing")
        return getattr(self, f"_{kind[1:]}")(value[kind], value)

    def _array(self, index, fields):
        if index not in self._arrays:
            dtype, shape = np.dtype(fields["dtype"]), tuple(fields["shape"])
            if dtype.kind not in ARRAY_KINDS or min(shape, default=0) < 0:
                raise ValueError(f"array {index} has dtype {dtype} and shape {shape}")
            size = prod(shape) * dtype.itemsize
            raw = self._buffer[fields["offset"] : fields["offset"] + size]
            if len(raw) != size:
                raise ValueError(f"array {index} reaches past the end of the file")
            # frombuffer takes neither strings of width 0 nor an empty buffer
            flat = np.frombuffer(raw, dtype=dtype).copy() if size else np.empty(prod(shape), dtype)
            array = flat.reshape(shape[::-1]).T if fields["order"] == "F" else flat.reshape(shape)
            self._arrays[index] = array.astype(dtype.newbyteorder("="), copy=False)
        return self._arrays[index]

    def _object_array(self, items, fields):
        array = np.empty(len(items), dtype=object)
        for i, item in enumerate(items):  # one by one, so that a list stays one element
            array[i] = self.decode(item)
        return array.reshape(fields["shape"])

    def _object(self, tag, fields):
        obj = _find_class(tag)
        obj = obj.__new__(obj)
        self._objects[fields["number"]] = obj
        obj._set_state({key: self.decode(item) for key, item in fields["state"].items()})
        return obj

    def _same(self, number, fields):
        return self._objects[number]

    def _tuple(self, items, fields):
        return tuple(self.decode(items))

    def _set(self, items, fields):
        return set(self.decode(items))

    def _frozenset(self, items, fields):
        return frozenset(self.decode(items))

    def _dict(self, pairs, fields):
        return {self.decode(key): self.decode(item) for key, item in pairs}

    def _scalar(self, item, fields):
        return self.decode(item)[()]

    def _complex(self, parts, fields):
        return complex(*parts)

    def _bytes(self, text, fields):
        return bytes.fromhex(text)

    def _dtype(self, text, fields):
        return np.dtype(text)

    def _scalar_type(self, text, fields):
        return np.dtype(text).type

    def _builtin_type(self, name, fields):
        return {"bool": bool, "int": int, "float": float, "complex": complex, "str": str}[name]

    def _public(self, name, fields):
        return _find_public(name)

    def _random(self, encoded, fields):
        state = self.decode(encoded)
        if state["bit_generator"] not in BIT_GENERATORS:
            raise ValueError(f"unknown bit generator {state['bit_generator']!r}")
        bits = getattr(np.random, state["bit_generator"])()
        if fields["legacy"]:
            random_state = np.random.RandomState(bits)
            random_state.set_state(state)
            return random_state
        bits.state = state
        return np.random.Generator(bits)

    def _sparse(self, parts, fields):
        from scipy import sparse

        make = sparse.csr_array if fields["is_array"] else sparse.csr_matrix
        data, indices, indptr = self.decode(parts)
        return make((data, indices, indptr), shape=tuple(fields["shape"])).asformat(fields["format"])


class _UnknownName(Exception):
    """A class or function that is not imported here."""


def _tag(cls):
    """``npml_core.BallTree`` whatever module the class stands in, vendored copies included."""
    package = next((part for part in cls.__module__.split(".") if part.startswith("npml_")), cls.__module__)
    return f"{package}.{cls.__qualname__}"


def _find_class(tag):
    if tag not in _classes:
        package = tag.rsplit(".", 1)[0]
        raise _UnknownName(f"holds a {tag}, which is not known here: import {package} first")
    return _classes[tag]


def _sibling(package):
    """The imported npml package of this name that stands beside this one (vendored copies stand elsewhere)."""
    parent = __name__.rpartition(".")[0].rpartition(".")[0]
    return sys.modules.get(f"{parent}.{package}" if parent else package)


def _public_name(value, where):
    """``npml_nn:functional.relu`` for a public npml function or class."""
    module, name = getattr(value, "__module__", None) or "", getattr(value, "__name__", "")
    package = next((part for part in module.split(".") if part.startswith("npml_")), None)
    home = _sibling(package) if package else None
    for submodule in ("", "functional.", "metrics.", "kernels."):
        try:
            if home is not None and _find_public(f"{package}:{submodule}{name}") is value:
                return f"{package}:{submodule}{name}"
        except _UnknownName:
            continue
    raise ValueError(
        f"{where} cannot be stored: {name or value!r} is a function or class that is not a public npml name"
    )


def _find_public(path):
    package, _, name = path.partition(":")
    found = _sibling(package) if package.startswith("npml_") else None
    if found is None:
        raise _UnknownName(f"refers to {path}: import {package} first")
    for part in name.split("."):
        if part not in getattr(found, "__all__", ()):
            raise _UnknownName(f"refers to {path}, which {package} does not offer")
        found = getattr(found, part)
    return found
