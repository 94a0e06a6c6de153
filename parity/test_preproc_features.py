"""Vectorisers, hasher, scalers and encoders against scikit-learn's, on awkward and on real data."""

import warnings
from pathlib import Path

import gensim
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import feature_extraction, preprocessing
from sklearn.feature_extraction import text as peer_text

import npml_preproc as npml
from npml_preproc.features.murmur import murmurhash3

LEE = (Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor").read_text().splitlines()
AWKWARD = [
    "",
    "  \n\t ",
    "The cat's mat -- THE mat, the mat!",
    "Café cafe\u0301 naïve NAÏVE İstanbul ﬁne",
    "東京 東京タワー \U0001f44d\U0001f3fd ok ok",
    "a b c d",
    "x  y\n\nz   end",
    "1 22 333 snake_case kebab-case",
    b"bytes \xc3\xa9t\xc3\xa9",
    "the mat is ok, the bytes too",
]
CORPORA = {"awkward": AWKWARD, "Lee": LEE[:60]}


def same_matrix(ours, peer, rtol=1e-12):
    assert type(ours) is type(peer)
    assert ours.shape == peer.shape
    assert ours.dtype == peer.dtype
    ours, peer = ours.sorted_indices(), peer.sorted_indices()
    np.testing.assert_array_equal(ours.indptr, peer.indptr)
    np.testing.assert_array_equal(ours.indices, peer.indices)
    np.testing.assert_allclose(ours.data, peer.data, rtol=rtol)


COUNT_OPTIONS = [
    {},
    {"lowercase": False},
    {"binary": True},
    {"ngram_range": (1, 3)},
    {"ngram_range": (2, 2), "token_pattern": r"\S+"},
    {"token_pattern": r"(\w)\w+"},
    {"stop_words": "english"},
    {"stop_words": ["the", "mat"], "ngram_range": (1, 2)},
    {"strip_accents": "unicode"},
    {"strip_accents": "ascii"},
    {"strip_accents": str.swapcase},
    {"analyzer": "char", "ngram_range": (1, 3)},
    {"analyzer": "char", "ngram_range": (4, 4)},
    {"analyzer": "char_wb", "ngram_range": (2, 5)},
    {"analyzer": "char_wb"},
    {"analyzer": lambda document: str(document).split()},
    {"tokenizer": str.split, "token_pattern": None},
    {"preprocessor": lambda document: document.upper()},
    {"min_df": 2},
    {"max_df": 0.3, "min_df": 0.02},
    {"max_df": 1, "binary": True},
    {"max_features": 7},
    {"max_features": 50, "min_df": 2, "binary": True},
    {"vocabulary": ["the", "mat", "absent"]},
    {"vocabulary": {"mat", "ok"}},
    {"vocabulary": {"mat": 1, "the": 0}},
    {"dtype": np.float32},
]


@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("options", COUNT_OPTIONS, ids=str)
def test_counts(options, corpus):
    documents = CORPORA[corpus]
    ours, peer = npml.CountVectorizer(**options), peer_text.CountVectorizer(**options)
    same_matrix(ours.fit_transform(documents), peer.fit_transform(documents))
    assert ours.vocabulary_ == peer.vocabulary_
    assert ours.fixed_vocabulary_ == peer.fixed_vocabulary_
    assert ours.get_feature_names_out().tolist() == peer.get_feature_names_out().tolist()
    assert ours.get_feature_names_out().dtype == object
    new = [*reversed(LEE[50:70]), "", "nothing of this was seen: zyx"]
    counts = ours.transform(new)
    same_matrix(counts, peer.transform(new))
    for a, b in zip(ours.inverse_transform(counts), peer.inverse_transform(counts)):
        assert sorted(a) == sorted(b)


@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"norm": "l1"},
        {"norm": None},
        {"use_idf": False},
        {"smooth_idf": False},
        {"sublinear_tf": True, "ngram_range": (1, 2)},
        {"binary": True, "stop_words": "english"},
        {"max_features": 20, "dtype": np.float32},
    ],
    ids=str,
)
def test_tfidf(options, corpus):
    documents = CORPORA[corpus]
    rtol = 2e-6 if options.get("dtype") is np.float32 else 1e-12
    ours, peer = npml.TfidfVectorizer(**options), peer_text.TfidfVectorizer(**options)
    same_matrix(ours.fit_transform(documents), peer.fit_transform(documents), rtol)
    same_matrix(ours.transform(LEE[-30:]), peer.transform(LEE[-30:]), rtol)
    if ours.use_idf:
        np.testing.assert_allclose(ours.idf_, peer.idf_, rtol=rtol)
    own = {name: value for name, value in options.items() if name in ("norm", "use_idf", "smooth_idf", "sublinear_tf")}
    counts = peer_text.CountVectorizer().fit_transform(documents)
    for X in (counts, counts.toarray(), counts.astype(np.float32)):
        rtol = 2e-6 if X.dtype == np.float32 else 1e-12
        a, b = npml.TfidfTransformer(**own), peer_text.TfidfTransformer(**own)
        same_matrix(a.fit_transform(X), sparse.csr_matrix(b.fit_transform(X)), rtol)


@settings(max_examples=40)
@given(st.lists(st.text(alphabet="ab cé\u0301\n漢-_1", max_size=30), min_size=1, max_size=6))
def test_analyzers_on_any_text(documents):
    for options in (
        {"ngram_range": (1, 2), "token_pattern": r"\w"},
        {"analyzer": "char", "ngram_range": (2, 3), "strip_accents": "unicode"},
        {"analyzer": "char_wb", "ngram_range": (1, 4)},
    ):
        ours = npml.CountVectorizer(**options).build_analyzer()
        peer = peer_text.CountVectorizer(**options).build_analyzer()
        for document in documents:
            assert ours(document) == peer(document)


def test_files(tmp_path):
    paths = []
    for i, document in enumerate(LEE[:5]):
        paths.append(tmp_path / f"{i}.txt")
        paths[-1].write_text(document)
    peer = peer_text.CountVectorizer(input="filename").fit_transform(paths)
    same_matrix(npml.CountVectorizer(input="filename").fit_transform(paths), peer)
    same_matrix(npml.CountVectorizer().fit_transform(paths), peer)
    with open(paths[0]) as a, open(paths[1], "rb") as b:
        counts = npml.CountVectorizer(input="file").fit_transform([a, b])
    same_matrix(counts, peer_text.CountVectorizer().fit_transform(LEE[:2]))
    whole = tmp_path / "corpus.txt"
    whole.write_text("\n".join(LEE[:5]))
    with open(whole) as lines:
        same_matrix(npml.TfidfVectorizer().fit_transform(whole), peer_text.TfidfVectorizer().fit_transform(lines))


HASHED = {
    "dict": [{"a": 1, "b": 2.5, "é": -3}, {}, {"cat": "dog", "": 1, "zero": 0}, {"x" * 37: 1, "n": float("nan")}],
    "pair": [[("a", 1), ("a", 2), ("b", True)], [], [("k", "v"), (b"bytes", 4), ("numpy", np.float32(0.5))]],
    "string": [
        ["the", "cat", "the"],
        [],
        ["漢字", "\U0001f44d", "", "a", b"ab", "abc", "abcd", "abcde"],
        LEE[0].split(),
    ],
}


@pytest.mark.parametrize("input_type", HASHED)
@pytest.mark.parametrize("alternate_sign", [True, False])
@pytest.mark.parametrize("n_features", [1, 7, 2**10, 2**20, 2**31 - 1])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32])
def test_hasher(input_type, alternate_sign, n_features, dtype):
    if dtype is np.int32 and input_type != "string":
        return
    options = {"input_type": input_type, "alternate_sign": alternate_sign, "dtype": dtype}
    ours = npml.FeatureHasher(n_features, **options).transform(HASHED[input_type])
    same_matrix(ours, feature_extraction.FeatureHasher(n_features, **options).transform(HASHED[input_type]))


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(0, 2**32 - 1))
def test_murmurhash(strings, seed):
    from sklearn.utils import murmurhash3_32

    assert murmurhash3(strings, seed).tolist() == [murmurhash3_32(s, seed) for s in strings]


rng = np.random.default_rng(0)
NUMBERS = {
    "normal": rng.normal(5, 3, size=(50, 4)),
    "float32": rng.normal(5, 3, size=(50, 4)).astype(np.float32),
    "one sample": np.array([[1.0, -2.0, 0.0]]),
    "ints": rng.integers(-5, 5, size=(20, 3)),
    "constant": np.column_stack([np.full(30, 0.1), np.full(30, 1e9), np.zeros(30), rng.normal(size=30)]),
    "missing": np.where(rng.random((40, 4)) < 0.3, np.nan, rng.normal(size=(40, 4))),
    "far from zero": 1e6 + rng.normal(size=(100, 2)),
}


def scalers_agree(ours, peer, X, attributes):
    tolerance = 1e-5 if X.dtype == np.float32 else 1e-8
    for name in attributes:
        a, b = getattr(ours, name), getattr(peer, name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=1e-12, err_msg=name)
    a, b = ours.transform(X), peer.transform(X)
    assert a.dtype == b.dtype
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(ours.inverse_transform(a), peer.inverse_transform(b), rtol=tolerance, atol=1e-5)


STANDARD = ("mean_", "var_", "scale_", "n_samples_seen_", "n_features_in_")
MINMAX = ("data_min_", "data_max_", "data_range_", "scale_", "min_", "n_samples_seen_")


@pytest.mark.parametrize("data", NUMBERS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("with_mean", [True, False])
@pytest.mark.parametrize("with_std", [True, False])
def test_standard_scaler(data, weighted, with_mean, with_std):
    options = {"with_mean": with_mean, "with_std": with_std}
    learned = STANDARD if with_mean or with_std else ("mean_", "var_", "scale_")  # the peer forgets the weights there
    X = NUMBERS[data]
    weight = rng.integers(1, 4, len(X)).astype(float) if weighted else None
    ours, peer = npml.StandardScaler(**options), preprocessing.StandardScaler(**options)
    scalers_agree(ours.fit(X, sample_weight=weight), peer.fit(X, sample_weight=weight), X, learned)
    for part in (X[: len(X) // 2 or 1], X[len(X) // 2 :]):
        ours.partial_fit(part)
        peer.partial_fit(part)
    scalers_agree(ours, peer, X, learned)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
def test_standard_scaler_of_a_sparse_matrix(weighted, make):
    dense = np.where(rng.random((40, 5)) < 0.6, 0.0, rng.normal(2, 1, size=(40, 5)))
    dense[:, 3] = 0
    dense[:, 4] = 7
    dense[3, 0] = np.nan
    weight = rng.random(40) if weighted else None
    ours, peer = npml.StandardScaler(with_mean=False), preprocessing.StandardScaler(with_mean=False)
    for method in ("fit", "partial_fit"):
        getattr(ours, method)(make(dense), sample_weight=weight)
        getattr(peer, method)(make(dense), sample_weight=weight)
        np.testing.assert_allclose(ours.scale_, peer.scale_, rtol=1e-10)
        np.testing.assert_allclose(ours.var_, peer.var_, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(ours.mean_, peer.mean_, rtol=1e-10)
        np.testing.assert_allclose(ours.n_samples_seen_, peer.n_samples_seen_, rtol=1e-10)
    a, b = ours.transform(make(dense)), peer.transform(make(dense))
    np.testing.assert_allclose(a.toarray(), b.toarray(), rtol=1e-10)
    np.testing.assert_allclose(ours.inverse_transform(a).toarray(), dense, rtol=1e-10)


@pytest.mark.parametrize("data", NUMBERS)
@pytest.mark.parametrize("options", [{}, {"feature_range": (-3, 5)}, {"clip": True}])
def test_min_max_scaler(data, options):
    X = NUMBERS[data]
    ours, peer = npml.MinMaxScaler(**options), preprocessing.MinMaxScaler(**options)
    scalers_agree(ours.fit(X), peer.fit(X), X, MINMAX)
    half = X[: len(X) // 2 or 1]
    ours, peer = npml.MinMaxScaler(**options).fit(half), preprocessing.MinMaxScaler(**options).fit(half)
    scalers_agree(ours, peer, X, MINMAX)
    scalers_agree(ours.partial_fit(X), peer.partial_fit(X), X, MINMAX)


CATEGORIES = {
    "strings": np.array([["a", "x"], ["b", "y"], ["a", "z"], ["c", "x"]]),
    "objects": np.array([["a", 1], ["b", 2], ["a", 2]], dtype=object),
    "lists": [["a", 1], ["b", 2], ["a", 2]],
    "ints": np.array([[1, 10], [2, 10], [1, 30]]),
    "floats with NaN": np.array([[1.5, np.nan], [np.nan, 2.0], [1.5, 2.0]]),
    "None and NaN": np.array([["a", None], [None, "b"], [np.nan, np.nan], ["a", "b"]], dtype=object),
    "bools": np.array([[True], [False], [True]]),
}


@pytest.mark.parametrize("data", CATEGORIES)
@pytest.mark.parametrize("drop", [None, "first", "if_binary"])
@pytest.mark.parametrize("sparse_output", [True, False])
@pytest.mark.parametrize("handle_unknown", ["error", "ignore"])
def test_one_hot(data, drop, sparse_output, handle_unknown):
    X = CATEGORIES[data]
    options = {"drop": drop, "sparse_output": sparse_output, "handle_unknown": handle_unknown}
    ours, peer = npml.OneHotEncoder(**options).fit(X), preprocessing.OneHotEncoder(**options).fit(X)
    for a, b in zip(ours.categories_, peer.categories_, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.astype(str), b.astype(str))
    a, b = ours.transform(X), peer.transform(X)
    if sparse_output:
        same_matrix(a, b)
    else:
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype
    assert ours.get_feature_names_out().tolist() == peer.get_feature_names_out().tolist()
    a, b = ours.inverse_transform(a), peer.inverse_transform(b)
    assert a.dtype == b.dtype
    assert a.astype(str).tolist() == b.astype(str).tolist()


def test_one_hot_of_unseen_categories():
    X = np.array([["a", "x"], ["b", "y"], ["c", "x"]])
    new = np.array([["a", "q"], ["zz", "y"], ["q", "q"]])
    ours, peer = (m.OneHotEncoder(handle_unknown="ignore").fit(X) for m in (npml, preprocessing))
    a = ours.transform(new)
    same_matrix(a, peer.transform(new))
    assert ours.inverse_transform(a).tolist() == peer.inverse_transform(a).tolist()
    with pytest.raises(ValueError, match="unknown categories"):
        npml.OneHotEncoder().fit(X).transform(new)
    ours, peer = (m.OneHotEncoder(handle_unknown="ignore", drop="first").fit(X) for m in (npml, preprocessing))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        a, b = ours.transform(new), peer.transform(new)
    assert len(caught) == 2
    same_matrix(a, b)
    assert ours.inverse_transform(a).tolist() == peer.inverse_transform(b).tolist()


def test_one_hot_with_given_categories():
    X = np.array([["a", 2], ["b", 1]], dtype=object)
    for options in (
        {"categories": [["b", "a", "z"], [1, 2, 3]]},
        {"categories": [["b", "a", "z"], [1, 2, 3]], "drop": ["a", 3]},
        {"drop": ["b", 2], "dtype": np.int8},
    ):
        ours, peer = npml.OneHotEncoder(**options).fit(X), preprocessing.OneHotEncoder(**options).fit(X)
        same_matrix(ours.transform(X), peer.transform(X))
        assert ours.get_feature_names_out(["p", "q"]).tolist() == peer.get_feature_names_out(["p", "q"]).tolist()
        assert ours.inverse_transform(ours.transform(X)).tolist() == X.tolist()
    with pytest.raises(ValueError, match="unknown categories"):
        npml.OneHotEncoder(categories=[["a"], [1, 2]]).fit(X)


@pytest.mark.parametrize(
    "y",
    [
        ["b", "a", "b"],
        [3, 1, 3],
        np.array([2.5, np.nan, -1.0, np.nan]),
        np.array(["a", None, "b"], dtype=object),
        np.array(["a", np.nan, "b", None, np.nan], dtype=object),
        [True, False],
        np.array([], dtype=int),
    ],
    ids=str,
)
def test_label_encoder(y):
    ours, peer = npml.LabelEncoder(), preprocessing.LabelEncoder()
    a, b = ours.fit_transform(y), peer.fit_transform(y)
    assert a.dtype == b.dtype == np.int64
    np.testing.assert_array_equal(a, b)
    assert list(map(str, ours.classes_)) == list(map(str, peer.classes_))
    assert ours.classes_.dtype == peer.classes_.dtype
    np.testing.assert_array_equal(ours.inverse_transform(a).astype(str), peer.inverse_transform(b).astype(str))
