"""Word2Vec: planted synonyms and analogies, pairs against a plain loop, an update against the dense formulas, edges."""

import numpy as np
import pytest

from npml_core import NotFittedError, load, save
from npml_nn import Word2Vec
from npml_nn.models.word2vec import _Learner, _windows

BOTH = pytest.mark.parametrize("architecture", ["skipgram", "cbow"])


@pytest.fixture(scope="module")
def synonyms():
    """Twelve topics of six words; "big3" and "large3" stand in the same sentences, one or the other by chance."""
    rng, sentences = np.random.default_rng(0), []
    for topic in rng.integers(12, size=1500):
        words = [f"t{topic}w{i}" for i in rng.integers(6, size=6)]
        words[3] = f"{rng.choice(['big', 'large'])}{topic}"
        sentences.append(words)
    return sentences


@BOTH
def test_planted_synonyms(architecture, synonyms):
    model = Word2Vec(architecture, dim=16, window=3, epochs=8, lr=0.1, random_state=0).fit(synonyms)
    found = [model.most_similar(f"big{topic}", n=2) for topic in range(12)]
    assert sum(f"large{topic}" in dict(best) for topic, best in enumerate(found)) >= 11
    assert model.history["loss"][-1] < 0.8 * model.history["loss"][0]


@BOTH
def test_planted_analogies(architecture):
    """Man and woman of six countries: woman0 - man0 + man1 = woman1."""
    rng, sentences = np.random.default_rng(0), []
    for country, sex in zip(rng.integers(6, size=1500), rng.integers(2, size=1500)):
        a, b = rng.integers(3, size=2)
        noun = f"{('man', 'woman')[sex]}{country}"
        sentences.append([f"c{country}x{a}", ("he", "she")[sex], noun, f"c{country}y{b}", ("his", "her")[sex]])
    model = Word2Vec(architecture, dim=16, window=4, epochs=8, lr=0.1, random_state=0).fit(sentences)
    pairs = [(a, b) for a in range(6) for b in range(6) if a != b]
    right = 0
    for a, b in pairs:
        asked = {f"woman{a}", f"man{a}", f"man{b}"}
        best = model.most_similar(model[f"woman{a}"] - model[f"man{a}"] + model[f"man{b}"], n=4)
        right += next(word for word, _ in best if word not in asked) == f"woman{b}"
    assert right >= 0.9 * len(pairs)


def test_windows_are_those_of_a_loop():
    owner, window = np.array([0, 0, 0, 0, 1, 2, 2]), 2
    centers = np.array([3, 0, 4, 5, 2])
    around, inside = _windows(centers, owner, window, np.random.default_rng(0))
    reach = np.random.default_rng(0).integers(1, window + 1, size=5)
    for row, center in enumerate(centers):
        expected = [
            other
            for other in range(len(owner))
            if other != center and abs(other - center) <= reach[row] and owner[other] == owner[center]
        ]
        assert around[row][inside[row]].tolist() == expected


def test_step_is_adagrad_on_the_dense_gradient():
    """Against the formulas of the docstring written with dense matrices, words that repeat included."""
    rng = np.random.default_rng(0)
    counts = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    learner = _Learner(rng.normal(size=(5, 3)), counts, 0.1, 4)
    learner.C += rng.normal(size=(5, 3))
    E, C, b = learner.E.copy(), learner.C.copy(), learner.b.copy()
    inputs, rows, targets = np.array([0, 1, 1, 4, 2, 0]), np.array([0, 0, 0, 1, 2, 2]), np.array([2, 2, 3])
    draws = learner.noise.sample((3, 4), np.random.default_rng(1))
    value = learner.step(inputs, rows, targets, np.random.default_rng(1))

    M, G, loss = np.zeros((3, 5)), np.zeros((3, 5)), 0.0
    for word, row in zip(inputs, rows):
        M[row, word] += 1 / (rows == row).sum()
    scores = (M @ E) @ C.T + b[:, 0]
    log_odds = scores - np.log(4 * learner.noise.p)
    for row in range(3):
        loss += np.log1p(np.exp(-log_odds[row, targets[row]]))
        G[row, targets[row]] -= 1 / (1 + np.exp(log_odds[row, targets[row]]))
        for word in draws[row]:
            loss += np.log1p(np.exp(log_odds[row, word]))
            G[row, word] += 1 / (1 + np.exp(-log_odds[row, word]))
    assert value == pytest.approx(loss / 3, rel=1e-12)
    for new, old, gradient in (
        (learner.E, E, M.T @ G @ C),
        (learner.C, C, G.T @ M @ E),
        (learner.b, b, G.sum(axis=0)[:, None]),
    ):
        np.testing.assert_allclose(new, old - 0.1 * gradient / np.sqrt(gradient**2 + 1e-10), rtol=1e-9, atol=1e-12)


def test_vocabulary():
    text = [["a"] * 5 + ["c"] * 3 + ["b"] * 3 + ["d"]]
    assert Word2Vec(dim=2, min_count=3, epochs=1).fit(text).vocabulary == ["a", "b", "c"]
    assert Word2Vec(dim=2, min_count=1, max_tokens=2, epochs=1).fit(text).vocabulary == ["a", "b"]
    model = Word2Vec(dim=2, min_count=1, epochs=1).fit(" ".join(words) for words in text)
    assert model.vocabulary == ["a", "b", "c", "d"] and len(model) == 4


@BOTH
def test_seed_float32_and_saving(architecture, synonyms, tmp_path):
    a, b = (Word2Vec(architecture, dim=4, epochs=1, random_state=1).fit(synonyms) for _ in range(2))
    np.testing.assert_array_equal(a.vectors, b.vectors)
    assert a.vectors.dtype == np.float32
    assert a["big3"] in a.vectors and a[["big3", "big4"]].shape == (2, 4)
    save(a, tmp_path / "words")
    copy = load(tmp_path / "words")
    assert copy.most_similar("big3", 5) == a.most_similar("big3", 5)
    a["big3"][:] = 0
    assert np.abs(a["big3"]).max() > 0


def test_most_similar_is_by_cosine(synonyms):
    model = Word2Vec(dim=4, epochs=1, random_state=0).fit(synonyms)
    unit = model.vectors / np.linalg.norm(model.vectors, axis=1, keepdims=True)
    cosines = unit @ unit[model.vocabulary.index("big0")]
    best = model.most_similar("big0", n=1000)
    assert len(best) == len(model) - 1 and "big0" not in dict(best)
    for word, cosine in best[:20]:
        assert cosine == pytest.approx(cosines[model.vocabulary.index(word)], abs=1e-6)
    assert [c for _, c in best] == sorted((c for _, c in best), reverse=True)
    assert model.most_similar(model["big0"], n=1)[0][0] == "big0"


def test_unknown_words(synonyms):
    model = Word2Vec(dim=4, epochs=1).fit(synonyms)
    for ask in (model.most_similar, model.__getitem__, lambda word: model[["big1", word]]):
        with pytest.raises(KeyError, match="zebra"):
            ask("zebra")
    assert "zebra" not in model and "big1" in model


def test_words_alone_in_their_sentence_are_passed_over():
    model = Word2Vec("cbow", dim=2, min_count=1, epochs=2, batch_size=2, random_state=0)
    model.fit([["a"], ["b"], [], ["a", "b"], ["c"]])
    assert np.isfinite(model.vectors).all() and np.isfinite(model.history["loss"]).all()


def test_failed_fit_changes_nothing(synonyms):
    model = Word2Vec(dim=4, epochs=1, random_state=0).fit(synonyms)
    before = model.most_similar("big1")
    for wrong, error in (([["a"]], ValueError), ([], ValueError), ("abc", TypeError), ([[1, 2]], TypeError)):
        with pytest.raises(error, match="sentences"):
            model.fit(wrong)
    with pytest.raises(ValueError, match="side by side"):
        Word2Vec(min_count=1).fit([["a"], ["b"]])
    assert model.most_similar("big1") == before


def test_bad_settings():
    for wrong in ({"architecture": "glove"}, {"dim": 0}, {"window": 0}, {"max_tokens": 0}, {"lr": -1}, {"epochs": 1.5}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Word2Vec(**wrong)
    with pytest.raises(NotFittedError):
        Word2Vec()["a"]
    with pytest.raises(ValueError, match="word must"):
        Word2Vec(dim=3, min_count=1, epochs=1).fit([["a", "b"]]).most_similar(np.zeros(2))


def test_verbose(synonyms, capsys):
    Word2Vec(dim=2, epochs=1).fit(synonyms[:100], verbose=1)
    assert "Word2Vec" in capsys.readouterr().err
