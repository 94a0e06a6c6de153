"""What all four models share: distributions, counting in parts, padding, scoring, generation, files, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_classical import AdditiveNGram, GoodTuringNGram, KneserNeyNGram, MLENGram
from npml_core import NotFittedError, load, save

MODELS = (MLENGram, AdditiveNGram, GoodTuringNGram, KneserNeyNGram)
CORPUS = [s.split() for s in ("a b a c", "a b", "c", "b a c a a b", "d e f a b", "")]
corpora = st.lists(st.lists(st.sampled_from("abcde"), max_size=7), min_size=1, max_size=6)


def contexts(order):
    """Seen, half seen and never seen contexts of all lengths."""
    words = ["<s>"] * (order - 1) + ["a", "b", "a", "zzz", "c", "f", "e", "d"]
    return [words[i : i + k] for k in range(order + 1) for i in range(len(words) - k + 1)]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("cutoff", [1, 2])
@pytest.mark.parametrize("Model", MODELS)
def test_every_context_has_a_distribution(Model, order, cutoff):
    model = Model(order=order, unk_cutoff=cutoff).fit(CORPUS)
    for context in contexts(order):
        p = np.exp([model.log_prob(word, context) for word in model.vocabulary_])
        assert p.sum() == pytest.approx(1.0, abs=1e-12)
        if Model in (AdditiveNGram, KneserNeyNGram):
            assert (p > 0).all()


@settings(max_examples=30, deadline=None)
@given(corpora, st.integers(1, 4), st.sampled_from(MODELS), st.integers(1, 3), st.data())
def test_counting_in_parts_is_counting_at_once(corpus, order, Model, cutoff, data):
    cut = data.draw(st.integers(0, len(corpus)))
    whole, parts = (Model(order=order, unk_cutoff=cutoff) for _ in range(2))
    whole.fit(corpus)
    for part in (corpus[:cut], corpus[cut:]):
        if part:
            parts.partial_fit(part)
    assert parts.vocabulary_ == whole.vocabulary_
    context = data.draw(st.lists(st.sampled_from("abcdez"), max_size=order))
    best, same = dict(whole.completions(context)), dict(parts.completions(context))
    assert best.keys() == same.keys()
    for word, log_p in best.items():
        assert same[word] == pytest.approx(log_p, rel=1e-12, abs=1e-14)
    assert sum(np.exp(list(best.values()))) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("Model", MODELS)
def test_score_is_the_mean_of_log_prob(Model, order):
    model = Model(order=order).fit(CORPUS)
    test = [["a", "b", "a"], [], ["c"]]
    log_p = []
    for sentence in test:
        padded = ["<s>"] * (order - 1) + sentence + ["</s>"]
        log_p += [model.log_prob(padded[i], padded[i - order + 1 : i]) for i in range(order - 1, len(padded))]
    assert len(log_p) == 4 + 1 + 2
    score = model.score(test)
    assert score == pytest.approx(np.mean(log_p), rel=1e-12)
    assert model.cross_entropy(test) == -score
    assert model.perplexity(test) == pytest.approx(np.exp(-score), rel=1e-12)


@pytest.mark.parametrize("Model", MODELS)
def test_start_is_never_predicted(Model):
    model = Model(order=3).fit(CORPUS)
    assert "<s>" not in model.vocabulary_
    assert model.log_prob("<s>", ["a"]) == -np.inf
    assert "<s>" not in [word for word, _ in model.completions(["<s>", "<s>"])]
    assert model.vocabulary_ == ["a", "b", "c", "d", "e", "f", "<UNK>", "</s>"]


def test_rare_words_are_unknown():
    model = MLENGram(order=1, unk_cutoff=2).fit([["a", "a", "b"], ["c", "a"]])
    assert model.vocabulary_ == ["a", "<UNK>", "</s>"]
    # five words and two ends, of which b and c are unknown
    for word, count in (("a", 3), ("b", 2), ("never seen", 2), ("<UNK>", 2), ("</s>", 2)):
        assert np.exp(model.log_prob(word, [])) == pytest.approx(count / 7)


@pytest.mark.parametrize("Model", MODELS)
def test_completions_are_best_first(Model):
    model = Model(order=2).fit(CORPUS)
    found = model.completions(["a"])
    log_p = [p for _, p in found]
    assert log_p == sorted(log_p, reverse=True)
    assert all(np.isfinite(log_p))
    for word, p in found:
        assert p == pytest.approx(model.log_prob(word, ["a"]), rel=1e-12)


@pytest.mark.parametrize("Model", MODELS)
def test_only_the_last_words_of_a_context_count(Model):
    model = Model(order=2).fit(CORPUS)
    assert model.log_prob("b", ["c", "d", "a"]) == model.log_prob("b", ["a"])
    assert Model(order=1).fit(CORPUS).log_prob("b", ["a"]) == Model(order=1).fit(CORPUS).log_prob("b", [])


def test_generated_sentences_follow_the_counts():
    model = MLENGram(order=2).fit([["a", "b"]] * 3 + [["a", "c"]])
    rng = np.random.default_rng(0)
    sentences = [model.generate(rng) for _ in range(300)]
    assert {tuple(s) for s in sentences} == {("a", "b"), ("a", "c")}
    # a standard error is 0.025
    assert np.mean([s[1] == "b" for s in sentences]) == pytest.approx(0.75, abs=0.12)
    assert model.generate(5, max_words=1) == ["a"]
    assert model.generate(5, seed_words=["z", "a"])[:2] == ["z", "a"]


@pytest.mark.parametrize("Model", MODELS)
def test_generation_is_reproducible(Model):
    model = Model(order=3).fit(CORPUS)
    assert [model.generate(s, max_words=20) for s in range(5)] == [model.generate(s, max_words=20) for s in range(5)]
    assert len(model.generate(0, max_words=2)) <= 2


@pytest.mark.parametrize("Model", MODELS)
def test_save_and_load(Model, tmp_path):
    model = Model(order=3, unk_cutoff=2).fit(CORPUS)
    save(model, tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.vocabulary_ == model.vocabulary_
    assert again.completions(["a"]) == model.completions(["a"])
    assert again.score(CORPUS) == model.score(CORPUS)
    again.partial_fit([["d", "d"]])
    assert again.score(CORPUS) == pytest.approx(model.partial_fit([["d", "d"]]).score(CORPUS), rel=1e-12)


@pytest.mark.parametrize("Model", MODELS)
def test_corpora_may_be_iterators_and_empty_sentences(Model):
    assert Model().fit(iter([["a"], ("b", "a")])).vocabulary_ == ["a", "b", "<UNK>", "</s>"]
    model = Model(order=3).fit([[]])
    assert np.exp(model.log_prob("</s>", ["<s>", "<s>"])) > 0.3


@pytest.mark.parametrize("Model", MODELS)
def test_words_of_any_alphabet(Model):
    model = Model().fit([["κόσμε", "日本", "", "naïve \U0001f600"]])
    assert model.vocabulary_[-2:] == ["<UNK>", "</s>"]
    assert dict(model.completions(["κόσμε"]))["日本"] == pytest.approx(model.log_prob("日本", ["κόσμε"]))


def test_high_orders_do_not_overflow():
    words = [str(i) for i in range(3000)]
    model = MLENGram(order=12).fit([words])
    assert model.log_prob("2000", words[1989:2000]) == 0.0
    assert model.score([words]) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize(
    ("sentences", "error", "message"),
    [
        ([], ValueError, "at least one sentence"),
        ("a b", TypeError, "string"),
        (["a b"], TypeError, r"sentences\[0\]"),
        ([["a"], ["<s>"]], ValueError, r"sentences\[1\]"),
        (3, TypeError, "sentences|iterable"),
    ],
)
def test_bad_sentences_are_an_error(sentences, error, message):
    model = MLENGram().fit(CORPUS)
    for use in (model.fit, model.partial_fit, model.score):
        with pytest.raises(error, match=message):
            use(sentences)
    assert model.vocabulary_[0] == "a"


@pytest.mark.parametrize(("name", "value"), [("order", 0), ("order", 2.0), ("order", True), ("unk_cutoff", 0)])
@pytest.mark.parametrize("Model", MODELS)
def test_bad_options_are_named(Model, name, value):
    with pytest.raises(ValueError, match=name):
        Model(**{name: value}).fit(CORPUS)


@pytest.mark.parametrize("Model", MODELS)
def test_unfitted_and_bad_contexts(Model):
    for use in (lambda m: m.log_prob("a", []), lambda m: m.score(CORPUS), lambda m: m.completions([])):
        with pytest.raises(NotFittedError):
            use(Model())
    with pytest.raises(NotFittedError):
        Model().generate(0)
    with pytest.raises(TypeError, match="context"):
        Model().fit(CORPUS).log_prob("a", "b")
    with pytest.raises(ValueError, match="max_words"):
        Model().fit(CORPUS).generate(0, max_words=0)
