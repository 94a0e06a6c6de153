import copy
import pickle

import numpy as np
import pytest

import npml_core
from npml_preproc import CountVectorizer, TfidfVectorizer

TEXTS = ["the cat sat on the mat", "", "a dog and a CAT", "mat"]


def test_counts_by_hand():
    vectorizer = CountVectorizer().fit(TEXTS)
    assert vectorizer.get_feature_names_out().tolist() == ["and", "cat", "dog", "mat", "on", "sat", "the"]
    counts = vectorizer.transform(["the the cat flew"])
    assert counts.toarray().tolist() == [[0, 1, 0, 0, 0, 0, 2]]
    assert counts.dtype == np.int64
    assert [terms.tolist() for terms in vectorizer.inverse_transform(counts)] == [["cat", "the"]]
    assert vectorizer.transform([]).shape == (0, 7)


def test_a_path_is_a_stream_of_lines(tmp_path):
    path = tmp_path / "corpus"
    path.write_text("\n".join(TEXTS))
    for cls in (CountVectorizer, TfidfVectorizer):
        ours = cls().fit_transform(path)
        assert (ours != cls().fit_transform(TEXTS)).nnz == 0
        assert (ours != cls().fit_transform(text for text in TEXTS)).nnz == 0


def test_tokenised_documents_pass_a_callable_analyzer():
    X = CountVectorizer(analyzer=lambda tokens: tokens).fit_transform([["a b", "c"], ["c"]])
    assert X.toarray().tolist() == [[1, 1], [0, 1]]


def test_saved_copied_and_pickled(tmp_path):
    for vectorizer in (CountVectorizer(ngram_range=(1, 2), min_df=2), TfidfVectorizer(stop_words="english")):
        X = vectorizer.fit_transform(TEXTS)
        npml_core.save(vectorizer, tmp_path / "v")
        for other in (
            npml_core.load(tmp_path / "v"),
            pickle.loads(pickle.dumps(vectorizer)),
            copy.deepcopy(vectorizer),
        ):
            assert (other.transform(TEXTS) != X).nnz == 0
            assert repr(other) == repr(vectorizer)


def test_failed_fit_leaves_it_as_it_was():
    for cls in (CountVectorizer, TfidfVectorizer):
        vectorizer = cls().fit(TEXTS)
        before = vectorizer.transform(TEXTS)
        for bad in (["", " "], [None], "text", [float("nan")], 3):
            with pytest.raises((ValueError, TypeError)):
                vectorizer.fit(bad)
        assert (vectorizer.transform(TEXTS) != before).nnz == 0


@pytest.mark.parametrize(
    "options, name",
    [
        ({"analyzer": "syllable"}, "analyzer"),
        ({"input": "url"}, "input"),
        ({"min_df": -1}, "min_df"),
        ({"max_df": 1.5}, "max_df"),
        ({"max_df": 1, "min_df": 2}, "max_df"),
        ({"min_df": 4}, "min_df"),
        ({"max_features": 0}, "max_features"),
        ({"ngram_range": (2, 1)}, "ngram_range"),
        ({"ngram_range": 2}, "ngram_range"),
        ({"ngram_range": (1, 2.5)}, "ngram_range"),
        ({"stop_words": "german"}, "stop_words"),
        ({"vocabulary": []}, "vocabulary"),
        ({"vocabulary": "the"}, "vocabulary"),
        ({"vocabulary": ["a", "a"]}, "Duplicate term in vocabulary: 'a'"),
        ({"vocabulary": {"a": 0, "b": 0}}, "repeated"),
        ({"vocabulary": {"a": 0, "b": 2}}, "doesn't contain index 1"),
    ],
)
def test_bad_options_are_named(options, name):
    with pytest.raises(ValueError, match=name):
        CountVectorizer(**options).fit(TEXTS)


def test_more_bad_input():
    with pytest.raises(TypeError, match="int and str"):
        CountVectorizer(analyzer=lambda _: [1, "a"]).fit(TEXTS)
    with pytest.raises(ValueError, match="3 columns, but the vocabulary has 7"):
        CountVectorizer().fit(TEXTS).inverse_transform(np.zeros((1, 3)))
    for cls in (CountVectorizer, TfidfVectorizer):
        with pytest.raises(npml_core.NotFittedError):
            cls().transform(TEXTS)
    assert CountVectorizer(vocabulary=["cat"]).transform(TEXTS).toarray().tolist() == [[1], [0], [1], [0]]
