"""MurmurHash3, the 32-bit variant for little-endian blocks, of many byte strings at once.

A string of L bytes is cut into blocks k of 4 bytes, little endian, and a tail of L mod 4 bytes; all arithmetic is
modulo 2^32, <<< rotates:

    mix(k) = ((k c1) <<< 15) c2                             c1 = cc9e2d51, c2 = 1b873593
    h = seed;  for each block:  h = ((h ^ mix(k)) <<< 13) 5 + e6546b64;   for the tail:  h = h ^ mix(k)
    h = h ^ L;  h = (h ^ h >> 16) 85ebca6b;  h = (h ^ h >> 13) c2b2ae35;  h = h ^ h >> 16

Strings of one length are hashed together, a block at a time: O(total bytes), a NumPy call a block and length.

References
----------
Appleby (2011), "SMHasher", MurmurHash3_x86_32. https://github.com/aappleby/smhasher/wiki/MurmurHash3
"""

from collections.abc import Sequence

import numpy as np

__all__ = ["murmurhash3"]


def murmurhash3(strings: Sequence[bytes], seed: int = 0) -> np.ndarray:
    """Hash of every string.

    Parameters
    ----------
    strings : sequence of bytes
        What to hash.
    seed : int, default=0
        Start of the hash, from 0 to 2^32 - 1.

    Returns
    -------
    ndarray of int32 (n,)
        The 32 bits, read as a signed number.

    Examples
    --------
    >>> from npml_preproc.features.murmur import murmurhash3
    >>> murmurhash3([b"", b"hello"]).tolist()
    [0, 613153351]
    """
    hashes = np.empty(len(strings), np.uint32)
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    order = np.argsort(lengths, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1) if len(order) else []
    for group in groups:
        length = int(lengths[group[0]])
        text = b"".join([strings[i] for i in group])
        hashes[group] = _hash_rows(np.frombuffer(text, np.uint8).reshape(len(group), length), seed)
    return hashes.view(np.int32)


def _hash_rows(rows, seed):
    n, length = rows.shape
    padded = np.zeros((n, -(-length // 4) * 4), np.uint8)
    padded[:, :length] = rows
    blocks = np.ascontiguousarray(padded.view("<u4").T.astype(np.uint32))
    h = np.full(n, seed, np.uint32)
    for block in blocks[: length // 4]:
        h = _rotate(h ^ _mix(block), 13) * np.uint32(5) + np.uint32(0xE6546B64)
    for tail in blocks[length // 4 :]:
        h = h ^ _mix(tail)
    h = h ^ np.uint32(length & 0xFFFFFFFF)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def _mix(k):
    return _rotate(k * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)


def _rotate(x, bits):
    return (x << np.uint32(bits)) | (x >> np.uint32(32 - bits))
