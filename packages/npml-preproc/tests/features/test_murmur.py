import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from npml_preproc.features.murmur import murmurhash3

M = 0xFFFFFFFF


def naive(data, seed):
    """One string, one block after the other (Appleby 2011)."""

    def mix(k):
        k = k * 0xCC9E2D51 & M
        return (k << 15 | k >> 17) * 0x1B873593 & M

    h, whole = seed, len(data) // 4 * 4
    for i in range(0, whole, 4):
        h ^= mix(int.from_bytes(data[i : i + 4], "little"))
        h = ((h << 13 | h >> 19) * 5 + 0xE6546B64) & M
    if whole < len(data):
        h ^= mix(int.from_bytes(data[whole:], "little"))
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & M
    h = (h ^ h >> 13) * 0xC2B2AE35 & M
    return h ^ h >> 16


@given(st.lists(st.binary(max_size=20), max_size=12), st.integers(0, M))
def test_equals_the_loop(strings, seed):
    assert murmurhash3(strings, seed).view(np.uint32).tolist() == [naive(s, seed) for s in strings]


def test_published_values():
    assert murmurhash3([b"", b"test", b"Hello, world!"]).view(np.uint32).tolist() == [0, 0xBA6BD213, 0xC0363E43]
    assert murmurhash3([b"test"], 0x9747B28C).view(np.uint32).tolist() == [0x704B81DC]
