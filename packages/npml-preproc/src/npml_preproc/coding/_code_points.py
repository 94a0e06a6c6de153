"""Sets of characters, from a table of ranges and as the inside of a regular expression's brackets."""

from collections.abc import Iterable

import numpy as np


def code_points(ranges: str) -> frozenset[int]:
    """Code points of hexadecimal ranges.

    Examples
    --------
    >>> from npml_preproc.coding._code_points import code_points
    >>> sorted(code_points("9-b 20"))
    [9, 10, 11, 32]
    """
    bounds = (entry.partition("-") for entry in ranges.split())
    return frozenset(c for first, _, last in bounds for c in range(int(first, 16), int(last or first, 16) + 1))


def char_class(points: Iterable[int]) -> str:
    r"""Ranges of `points` for use between ``[`` and ``]``.

    Examples
    --------
    >>> from npml_preproc.coding._code_points import char_class
    >>> char_class({97, 98, 99, 45})
    '\\U0000002d-\\U0000002d\\U00000061-\\U00000063'
    """
    ordered = np.array(sorted(points), dtype=np.int64)
    runs = np.split(ordered, np.flatnonzero(np.diff(ordered) > 1) + 1)
    return "".join(f"\\U{run[0]:08x}-\\U{run[-1]:08x}" for run in runs if len(run))
