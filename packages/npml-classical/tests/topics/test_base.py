"""What both topic models must do: forms of input, empty documents, perplexity, top words, files, bad input."""

import numpy as np
import pytest
from scipy import sparse

from npml_classical import GibbsLDA, LatentDirichletAllocation
from npml_core import NotFittedError, load, save

MODELS = [
    LatentDirichletAllocation(3, max_iter=15, random_state=0),
    GibbsLDA(3, n_iter=30, burn_in=10, random_state=0),
]
NAMES = ["variational", "gibbs"]


def planted(n=90, V=30, K=3, length=60, seed=0):
    """Each topic has words of its own."""
    rng = np.random.default_rng(seed)
    beta = np.kron(np.eye(K), np.ones(V // K)) / (V // K)
    theta = rng.dirichlet(np.full(K, 0.1), size=n)
    return np.array([rng.multinomial(length, t @ beta) for t in theta]), theta, beta


def copy(model, **options):
    return type(model)(**{**model.get_params(), **options})


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_planted_topics_are_recovered(model):
    X, theta, beta = planted()
    model = copy(model).fit(X)
    order = [int((beta @ row).argmax()) for row in model.components_]
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(model.components_, beta[order], atol=0.03)
    # the shares of a document with 60 words: standard error 0.065 at most
    np.testing.assert_allclose(model.transform(X), theta[:, order], atol=0.25)
    assert np.abs(model.transform(X) - theta[:, order]).mean() < 0.04


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_sparse_equals_dense(model):
    X = planted()[0]
    dense, thin = copy(model).fit(X), copy(model).fit(sparse.csr_matrix(X))
    np.testing.assert_array_equal(dense.components_, thin.components_)
    np.testing.assert_array_equal(dense.transform(X), thin.transform(sparse.csc_array(X)))
    assert dense.perplexity(X) == thin.perplexity(sparse.coo_array(X))


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_rows_are_distributions_and_empty_documents_have_the_prior(model):
    X = planted()[0]
    X[[0, 7, 89]] = 0
    model = copy(model, doc_topic_prior=[0.1, 0.2, 0.7]).fit(X)
    shares = model.transform(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(shares[[0, 7, 89]], [[0.1, 0.2, 0.7]] * 3, rtol=1e-12)
    np.testing.assert_allclose(model.components_.sum(axis=1), 1.0, rtol=1e-12)
    assert (model.components_ > 0).all()
    assert np.isfinite(model.score(X))


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_perplexity_is_the_bound_a_word(model):
    X = planted()[0]
    model = copy(model).fit(X)
    assert model.perplexity(X) == pytest.approx(np.exp(-model.score(X) / X.sum()), rel=1e-12)
    # topics of 10 words each: between them and the 30 words without any topic
    assert 10 < model.perplexity(X) < 20
    with pytest.raises(ValueError, match="at least one word"):
        model.perplexity(np.zeros((2, 30)))


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_top_words(model):
    model = copy(model).fit(planted()[0])
    for row, best in zip(model.components_, model.top_words(4)):
        assert len(best) == 4
        assert row[best].min() >= np.delete(row, best).max()
    names = [f"word{v}" for v in range(30)]
    assert model.top_words(2, names) == [[names[v] for v in best] for best in model.top_words(2)]
    assert len(model.top_words(1000)[0]) == 30
    with pytest.raises(ValueError, match="n must"):
        model.top_words(0)
    with pytest.raises(ValueError, match="vocabulary"):
        model.top_words(2, names[:-1])


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_same_seed_same_answer_and_files(model, tmp_path):
    X = planted()[0]
    one, other = copy(model).fit(X), copy(model).fit(X)
    np.testing.assert_array_equal(one.components_, other.components_)
    save(one, tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").transform(X), one.transform(X))


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (-np.ones((2, 3)), "[Nn]egative"),
        (np.zeros((2, 3)), "at least one word"),
        (np.full((2, 3), np.nan), "NaN"),
        (np.ones(3), "2D|dimension"),
    ],
)
def test_bad_counts_are_an_error(model, X, message):
    with pytest.raises(ValueError, match=message):
        copy(model).fit(X)


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_components", 0),
        ("n_components", 2.0),
        ("doc_topic_prior", 0.0),
        ("doc_topic_prior", [1.0, 1.0]),
        ("doc_topic_prior", np.nan),
        ("topic_word_prior", -1.0),
    ],
)
def test_bad_options_are_named(model, name, value):
    with pytest.raises(ValueError, match=name):
        copy(model, **{name: value}).fit(planted()[0])


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_unfitted_and_other_vocabulary(model):
    with pytest.raises(NotFittedError):
        copy(model).transform(np.ones((2, 3)))
    with pytest.raises(ValueError, match="features"):
        copy(model).fit(planted()[0]).transform(np.ones((2, 3)))


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_one_document_one_word_one_topic(model):
    one = copy(model, n_components=1).fit([[1]])
    np.testing.assert_array_equal(one.components_, [[1.0]])
    np.testing.assert_array_equal(one.transform([[5], [0]]), [[1.0], [1.0]])
