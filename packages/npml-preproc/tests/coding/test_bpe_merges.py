from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_preproc.coding._bpe_merges import learn_merges

BYTE_IDS = np.arange(256)


def merge_word(word, a, b, new):
    """Write `new` for a, b from left to right."""
    merged, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and (word[i], word[i + 1]) == (a, b):
            merged.append(new)
            i += 2
        else:
            merged.append(word[i])
            i += 1
    return merged


def naive_merges(words, n_merges, min_frequency):
    """The definition: count all pairs anew before every merge."""
    state = [(list(word), count) for word, count in words.items()]
    merges = []
    for new in range(256, 256 + n_merges):
        pairs = Counter()
        for word, count in state:
            for pair in pairwise(word):
                pairs[pair] += count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair), default=None)
        if best is None or pairs[best] < max(min_frequency, 1):
            break
        merges.append(best)
        state = [(merge_word(word, *best, new), count) for word, count in state]
    return merges


words_of_few_letters = st.dictionaries(
    st.lists(st.sampled_from(b"abc"), max_size=12).map(bytes), st.integers(1, 5), max_size=12
)


@given(words_of_few_letters, st.integers(0, 3), st.integers(0, 40))
@settings(max_examples=50, deadline=None)
def test_merges_are_those_of_the_definition(words, min_frequency, n_merges):
    assert learn_merges(words, BYTE_IDS, n_merges, min_frequency) == naive_merges(words, n_merges, min_frequency)


def test_a_run_is_merged_from_its_left_and_counted_with_overlaps():
    # aaaa holds (a, a) three times, bc is there twice: (a, a) comes first
    merges = learn_merges({b"aaaaa": 1, b"bc": 2}, BYTE_IDS, 4, 1)
    assert merges == [(97, 97), (98, 99), (256, 97), (256, 258)]


def test_ties_go_to_the_smaller_pair_whatever_the_order_of_words():
    words = {b"zy": 3, b"ab": 3, b"az": 3}
    assert learn_merges(words, BYTE_IDS, 3, 1) == [(97, 98), (97, 122), (122, 121)]
    assert learn_merges(dict(reversed(words.items())), BYTE_IDS, 3, 1) == [(97, 98), (97, 122), (122, 121)]


def test_counts_beyond_32_bits():
    assert learn_merges({b"ab": 2**40, b"cd": 2**40 + 1}, BYTE_IDS, 1, 2) == [(99, 100)]


def test_nothing_to_learn():
    assert learn_merges({}, BYTE_IDS, 10, 1) == []
    assert learn_merges({b"": 3, b"a": 9}, BYTE_IDS, 10, 1) == []
    assert learn_merges({b"ab": 1}, BYTE_IDS, 10, 2) == []
