from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from npml_preproc.features import counting
from npml_preproc.features.counting import count_terms, number_terms

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=9), max_size=9)


@given(DOCUMENTS)
def test_every_term_is_counted(documents):
    numbers, lengths, table = number_terms(documents, list)
    dense = count_terms(numbers, lengths, len(table)).to_csr(len(table)).toarray()
    for row, document in zip(dense, documents, strict=True):
        assert {term: row[i] for term, i in table.items() if row[i]} == Counter(document)


@given(DOCUMENTS)
def test_unknown_terms_are_left_out(documents):
    known = {"c": 0, "a": 1, "x": 2}
    numbers, lengths, _ = number_terms(documents, iter, known)
    dense = count_terms(numbers, lengths, 3).to_csr(3).toarray()
    for row, document in zip(dense, documents, strict=True):
        assert row.tolist() == [document.count("c"), document.count("a"), 0]
    assert len(known) == 3


def test_blocks_give_what_one_gives(monkeypatch):
    documents = [[str(i % 7), str(i % 3)] * (i % 5) for i in range(40)]
    numbers, lengths, table = number_terms(documents, list)
    whole = count_terms(numbers, lengths, len(table))
    monkeypatch.setattr(counting, "TERMS_PER_BLOCK", 3)
    for a, b in zip(count_terms(numbers, lengths, len(table)), whole, strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(np.all(np.diff(row.indices) > 0) for row in whole.to_csr(len(table)))


def test_kept_columns():
    rows = count_terms(np.array([0, 1, 1, 2, 0], np.int32), np.array([3, 0, 2]), 3)
    kept = np.array([True, False, True])
    np.testing.assert_array_equal(rows.keep_columns(kept).to_csr(2).toarray(), rows.to_csr(3).toarray()[:, kept])
