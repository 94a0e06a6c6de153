"""A progress bar for long loops: tqdm where it is installed, plain lines on stderr where it is not."""

import sys
import time

__all__ = ["progress"]


def progress(iterable, total=None, desc="", verbose=0):
    """Iterate over `iterable` and show how far the loop is.

    Parameters
    ----------
    iterable : iterable
        What to loop over.
    total : int, optional
        How many items, where ``len(iterable)`` does not tell.
    desc : str, default=""
        A few words in front of the bar.
    verbose : int, default=0
        0 shows nothing; from 1 on a bar on stderr.

    Returns
    -------
    iterable
        Yields the same items. Its ``set_postfix(**values)`` shows figures behind the bar.

    Examples
    --------
    >>> from npml_core import progress
    >>> sum(progress(range(4), desc="adding"))
    6
    """
    if not verbose:
        return _Silent(iterable)
    if total is None and hasattr(iterable, "__len__"):
        total = len(iterable)
    try:
        from tqdm import tqdm
    except ImportError:
        return _Lines(iterable, total, desc)
    # tqdm would start a thread that watches slow bars
    bar = type("Bar", (tqdm,), {"monitor_interval": 0})
    return bar(iterable, total=total, desc=desc or None, file=sys.stderr)


class _Silent:
    """Passes the items on."""

    def __init__(self, iterable):
        self._iterable = iterable

    def __iter__(self):
        return iter(self._iterable)

    def set_postfix(self, **values):
        """Show nothing."""


class _Lines(_Silent):
    """A line at the start, at most one a second, and one at the end."""

    def __init__(self, iterable, total, desc):
        super().__init__(iterable)
        self._total, self._desc, self._postfix = total, desc, ""

    def __iter__(self):
        start = shown = time.monotonic()
        count = 0
        for count, item in enumerate(self._iterable, 1):
            yield item
            if time.monotonic() - shown >= 1.0 and count != self._total:
                shown = time.monotonic()
                self._print(count, shown - start)
        self._print(count, time.monotonic() - start)

    def set_postfix(self, **values):
        """Remember the figures for the next line."""
        self._postfix = "".join(f", {key} {value}" for key, value in values.items())

    def _print(self, count, seconds):
        of = "" if self._total is None else f"/{self._total}"
        head = f"{self._desc}: " if self._desc else ""
        print(f"{head}{count}{of} in {seconds:.1f} s{self._postfix}", file=sys.stderr, flush=True)
