"""Work that splits: one function over many items, by joblib where the caller asks for more than one worker."""

import sys
from numbers import Integral

__all__ = ["parallel_map"]


def parallel_map(fn, items, n_jobs=None, prefer="processes"):
    """``[fn(item) for item in items]``, on several workers if asked.

    Parameters
    ----------
    fn : callable
        Takes one item. It must be picklable when processes are used, and draw no random numbers of its own: give every
        item its seed, then the result is the same for every `n_jobs`.
    items : iterable
        The items.
    n_jobs : int or None, default=None
        How many workers; -1 is one for each core. None and 1 start no thread and no process (None inside a
        ``joblib.parallel_config`` block takes that block's number).
    prefer : {"processes", "threads"}, default="processes"
        A hint to joblib; a ``joblib.parallel_config(backend=...)`` block (dask, ray, ...) wins.

    Returns
    -------
    list
        The results, in the order of `items`.

    Raises
    ------
    ImportError
        If several workers are asked for and joblib is not installed.

    Examples
    --------
    >>> from npml_core import parallel_map
    >>> parallel_map(abs, [-1, 2, -3])
    [1, 2, 3]
    """
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral)):
        raise TypeError(f"n_jobs must be None or an int, got {n_jobs!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs must be None, a positive number or -1 (all cores), got 0")
    if prefer not in ("processes", "threads"):
        raise ValueError(f"prefer must be 'processes' or 'threads', got {prefer!r}")
    if n_jobs is None and "joblib" in sys.modules:
        n_jobs = sys.modules["joblib"].effective_n_jobs(None)
    if n_jobs in (None, 1):
        return [fn(item) for item in items]
    try:
        from joblib import Parallel, delayed
    except ImportError:
        raise ImportError(f"n_jobs={n_jobs} needs joblib: install the extra 'parallel'") from None
    return Parallel(n_jobs=n_jobs, prefer=prefer)(delayed(fn)(item) for item in items)
