"""Weights on disk: a dictionary of arrays as npz (no pickle inside) or as safetensors, written atomically."""

import os

import numpy as np

from npml_core import atomic_write

__all__ = ["read_weights", "write_weights"]


def write_weights(arrays, path, format=None):
    """Write {name: array} to exactly `path`."""
    if format is None:
        format = "safetensors" if os.fspath(path).endswith(".safetensors") else "npz"
    if format not in ("npz", "safetensors"):
        raise ValueError(f'format must be "npz" or "safetensors", got {format!r}')
    safetensors = _safetensors() if format == "safetensors" else None
    with atomic_write(path) as file:
        if safetensors is not None:
            file.write(safetensors.numpy.save(arrays))
        else:
            _write_npz(arrays, file)


def read_weights(path):
    """Read {name: array} of either format, whatever the file is called."""
    with open(path, "rb") as file:
        start = file.read(9)
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _read_npz(path)
    if start[8:] == b"{":  # eight bytes of length, then JSON
        return _read_safetensors(path)
    raise ValueError(f"{os.fspath(path)!r} is neither npz nor safetensors, or is damaged at its start")


def _write_npz(arrays, file):
    """As `numpy.savez` does, but for any name (its own argument ``file`` included)."""
    from zipfile import ZipFile

    with ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _read_npz(path):
    from zipfile import BadZipFile, ZipFile
    from zlib import error as BadStream

    # what zipfile and NumPy raise on broken archives
    damage = (BadZipFile, BadStream, ValueError, KeyError, EOFError, OSError, NotImplementedError, RuntimeError)
    try:
        with ZipFile(path) as archive:
            damaged = archive.testzip()  # before any header is believed
        if damaged is not None:
            raise ValueError(f"the checksum of {damaged} does not fit")
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except damage as error:
        raise ValueError(f"{os.fspath(path)!r} is not a file of weights, or is damaged: {error}") from error


def _read_safetensors(path):
    library = _safetensors()
    try:
        return library.numpy.load_file(path)
    except (library.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{os.fspath(path)!r} is not a file of weights, or is damaged: {error}") from error


def _safetensors():
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError("safetensors files need the extra: pip install npml-nn[safetensors]") from error
    return safetensors
