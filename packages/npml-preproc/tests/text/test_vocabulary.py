import copy
import pickle
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import npml_core
from npml_preproc import Vocabulary, documents, ngrams, tokenize_words

CORPUS = [["b", "a", "b"], [], ["c", "b", "a"], ["d"]]


def test_numbers_follow_the_counts():
    vocabulary = Vocabulary().fit(CORPUS)
    assert vocabulary.tokens_ == ["<unk>", "b", "a", "c", "d"]
    assert vocabulary.most_common() == [("b", 3), ("a", 2), ("c", 1), ("d", 1)]
    assert vocabulary.most_common(1) == [("b", 3)]
    assert vocabulary.counts == Counter("bababcd"[:3]) + Counter("cbad")
    assert vocabulary.counts["never"] == 0
    assert len(vocabulary) == 5
    assert "a" in vocabulary
    assert "z" not in vocabulary


def test_unknown_tokens():
    vocabulary = Vocabulary(min_count=2).fit(CORPUS)
    assert vocabulary.encode(["a", "c", "zzz", "b"]) == [2, 0, 0, 1]
    assert vocabulary.decode([0, 1]) == [vocabulary.unk, "b"]
    assert Vocabulary(unk="?").fit([["?", "a"]]).tokens_ == ["?", "a"]


def test_most_frequent_tokens_only():
    assert Vocabulary(max_tokens=2).fit(CORPUS).tokens_ == ["<unk>", "b", "a"]
    assert Vocabulary(min_count=3, max_tokens=2).fit(CORPUS).tokens_ == ["<unk>", "b"]


def test_empty_corpus():
    vocabulary = Vocabulary().fit([])
    assert len(vocabulary) == 1
    assert vocabulary.encode(["a"]) == [0]
    assert vocabulary.encode([]) == vocabulary.decode([]) == []


@given(st.lists(st.lists(st.sampled_from("abcdefg"), max_size=8), max_size=8))
def test_round_trip(corpus):
    vocabulary = Vocabulary().fit(corpus)
    for tokens in corpus:
        assert vocabulary.decode(vocabulary.encode(tokens)) == tokens
    assert vocabulary.counts == Counter(token for tokens in corpus for token in tokens)


def test_a_file_is_read_as_a_stream(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_bytes("to be or\nnot to be\r\n\nétude".encode() + b"\xff\n")
    lines = list(documents(path))
    assert lines == ["to be or\n", "not to be\r\n", "\n", "étude\udcff\n"]
    assert list(documents([path, "one", b"two", [path]][:3])) == [*lines, "one", "two"]
    vocabulary = Vocabulary().fit(tokenize_words(line) for line in documents(path))
    assert vocabulary.most_common(2) == [("to", 2), ("be", 2)]


def test_tokens_of_any_kind():
    vocabulary = Vocabulary().fit([ngrams("abab", 2), [1, 1, 1]])
    assert vocabulary.most_common(2) == [(1, 3), (("a", "b"), 2)]


def test_saved_copied_and_pickled(tmp_path):
    for vocabulary in (Vocabulary(2, 5), Vocabulary(min_count=2).fit([*CORPUS, [("x", "y")] * 3])):
        npml_core.save(vocabulary, tmp_path / "v")
        for other in (
            npml_core.load(tmp_path / "v"),
            pickle.loads(pickle.dumps(vocabulary)),
            copy.deepcopy(vocabulary),
        ):
            assert repr(other) == repr(vocabulary)
            if hasattr(vocabulary, "tokens_"):
                assert other.encode(["a", ("x", "y")]) == vocabulary.encode(["a", ("x", "y")]) == [3, 1 + 1]


def test_failed_fit_leaves_it_as_it_was():
    vocabulary = Vocabulary().fit(CORPUS)
    with pytest.raises(TypeError, match="tokenize it first"):
        vocabulary.fit([["z"], "not tokenised"])
    assert vocabulary.tokens_ == ["<unk>", "b", "a", "c", "d"]


def test_bad_input():
    for options in ({"min_count": 0}, {"min_count": None}, {"max_tokens": 0}, {"max_tokens": 1.5}, {"min_count": True}):
        with pytest.raises(ValueError, match=next(iter(options))):
            Vocabulary(**options).fit(CORPUS)
    for corpus in ("text", None, 3):
        with pytest.raises(TypeError, match="documents must be"):
            Vocabulary().fit(corpus)
    with pytest.raises(TypeError, match="a document must be"):
        Vocabulary().fit(["a b", "c"])
    vocabulary = Vocabulary().fit(CORPUS)
    for ids in ([5], [-1], [1.0], ["a"]):
        with pytest.raises(ValueError, match="ids must be ints from 0 to 4"):
            vocabulary.decode(ids)
    with pytest.raises(TypeError, match="tokenize it first"):
        vocabulary.encode("abc")
    with pytest.raises(ValueError, match="n must be"):
        vocabulary.most_common(-1)


def test_not_fitted():
    for use in (len, lambda v: v.counts, lambda v: v.encode(["a"]), lambda v: "a" in v):
        with pytest.raises(npml_core.NotFittedError):
            use(Vocabulary())
