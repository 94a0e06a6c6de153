"""Large arrays that stay in the process: what a program frees is used again, and stands in large pages.

A training step, an E-step, a block of a spectrogram: the same temporary arrays are made and dropped again and again.
Left alone, glibc asks the kernel for each array above 128 kB and returns it when it is dropped, and the kernel fills
every page anew with zeros: up to a fifth of the time. Two habits of the libraries below end that (Linux; elsewhere
nothing happens):

* once a program has freed a block of up to 32 MB, glibc takes all that are not larger from its own heap, and keeps
  twice as much free memory at its end for the next request (mallopt(3), "dynamic mmap threshold");
* NumPy asks for pages of 2 MB instead of 4 kB for every block of 4 MB or more (NUMPY_MADVISE_HUGEPAGE in its
  reference), and the heap keeps them when the block is freed.

So blocks are made and dropped. Nothing in them is touched: they cost neither time nor memory.
"""

import sys
from contextlib import suppress

import numpy as np

MAPPED = 2**25 - 8192  # bytes: the largest block that glibc adapts to
HEAP = 3, 2**24 - 8192  # blocks and their bytes: together less than glibc keeps


def keep_memory():
    """Let freed arrays of up to 32 MB be used again, the first 48 MB of them in large pages."""
    if sys.platform != "linux":
        return
    count, size = HEAP
    with suppress(MemoryError):  # of a process that may not have so much: it does without
        np.empty(MAPPED, np.uint8)
        [np.empty(size, np.uint8) for _ in range(count)]  # all at once, side by side
