"""npml-preproc: vectorisers, feature hashing, scalers and encoders against scikit-learn."""

from pathlib import Path

import numpy as np
from harness import Pair, case, close

CORPUS = {"50 MB": dict(megabytes=50), "2 MB": dict(megabytes=2), "Lee": dict(megabytes=0)}


def lee(megabytes):
    """The Lee corpus, a document a line, repeated to so many megabytes."""
    import gensim

    lines = (Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor").read_text().splitlines()
    size = sum(map(len, lines))
    documents = lines * max(-(-megabytes * 1_000_000 // size), 1)
    return documents, (sum(map(len, documents)) / 1e6, "MB")


def same_matrix(ours, peer):
    assert ours.shape == peer.shape, f"{ours.shape} against {peer.shape}"
    a, b = ours.sorted_indices(), peer.sorted_indices()
    assert np.array_equal(a.indptr, b.indptr), "other documents"
    assert np.array_equal(a.indices, b.indices), "other terms"
    close(1e-12)(a.data, b.data)


def vectorizer_pair(name, megabytes, **options):
    from sklearn.feature_extraction import text

    import npml_preproc

    documents, work = lee(megabytes)
    ours, peer = getattr(npml_preproc, name), getattr(text, name)
    return Pair(
        lambda: ours(**options).fit_transform(documents),
        lambda: peer(**options).fit_transform(documents),
        same_matrix,
        work=work,
    )


@case("npml-preproc", group="text", peer="scikit-learn", sizes=CORPUS)
def counts(megabytes):
    return vectorizer_pair("CountVectorizer", megabytes)


@case("npml-preproc", group="text", peer="scikit-learn", sizes=CORPUS)
def tfidf(megabytes):
    return vectorizer_pair("TfidfVectorizer", megabytes)


@case("npml-preproc", group="text", peer="scikit-learn", sizes={"2 MB": dict(megabytes=2)})
def counts_of_word_pairs(megabytes):
    return vectorizer_pair("CountVectorizer", megabytes, ngram_range=(1, 2))


@case("npml-preproc", group="text", peer="scikit-learn", sizes={"2 MB": dict(megabytes=2)})
def counts_of_character_ngrams(megabytes):
    return vectorizer_pair("CountVectorizer", megabytes, analyzer="char_wb", ngram_range=(3, 4))


@case("npml-preproc", group="text", peer="scikit-learn", sizes=CORPUS)
def tfidf_of_new_documents(megabytes):
    from sklearn.feature_extraction import text

    import npml_preproc

    documents, work = lee(megabytes)
    ours, peer = npml_preproc.TfidfVectorizer().fit(documents[:200]), text.TfidfVectorizer().fit(documents[:200])
    return Pair(lambda: ours.transform(documents), lambda: peer.transform(documents), same_matrix, work=work)


@case("npml-preproc", group="text", peer="scikit-learn", sizes=CORPUS)
def feature_hashing(megabytes):
    from sklearn.feature_extraction import FeatureHasher

    import npml_preproc

    documents, work = lee(megabytes)
    tokens = [document.split() for document in documents]
    ours, peer = npml_preproc.FeatureHasher(input_type="string"), FeatureHasher(input_type="string")
    return Pair(lambda: ours.transform(tokens), lambda: peer.transform(tokens), same_matrix, work=work)


@case("npml-preproc", group="text", peer="nltk", sizes={"2 MB": dict(megabytes=2)})
def words_and_punctuation(megabytes):
    """The peer splits at any apostrophe or point; the words are as many but for those."""
    from nltk.tokenize import WordPunctTokenizer

    import npml_preproc

    documents, work = lee(megabytes)
    peer = WordPunctTokenizer()

    def alike(ours, peer):
        assert 0.9 < len(ours) / len(peer) < 1.1, f"{len(ours)} tokens against {len(peer)}"
        return f"{len(ours)} tokens / {len(peer)}"

    return Pair(
        lambda: [token for text in documents for token in npml_preproc.tokenize_words(text)],
        lambda: [token for text in documents for token in peer.tokenize(text)],
        alike,
        work=work,
    )


TABLES = {"100000 x 50": dict(n=100_000, d=50), "1000 x 20": dict(n=1000, d=20)}


def scaler_pair(name, n, d):
    from sklearn import preprocessing

    import npml_preproc

    X = np.random.default_rng(0).normal(3, 2, size=(n, d))
    ours, peer = getattr(npml_preproc, name), getattr(preprocessing, name)
    return lambda: ours().fit_transform(X), lambda: peer().fit_transform(X), close(1e-8, 1e-10)


@case("npml-preproc", group="features", peer="scikit-learn", sizes=TABLES)
def standard_scaler(n, d):
    return scaler_pair("StandardScaler", n, d)


@case("npml-preproc", group="features", peer="scikit-learn", sizes=TABLES)
def min_max_scaler(n, d):
    return scaler_pair("MinMaxScaler", n, d)


@case("npml-preproc", group="features", peer="scikit-learn", sizes=TABLES)
def one_hot_encoder(n, d):
    from sklearn.preprocessing import OneHotEncoder

    import npml_preproc

    names = np.array([f"category {i}" for i in range(50)], dtype=object)
    X = names[np.random.default_rng(0).integers(0, 50, size=(n, d // 10))]
    ours, peer = npml_preproc.OneHotEncoder(), OneHotEncoder()
    return lambda: ours.fit_transform(X), lambda: peer.fit_transform(X), same_matrix
