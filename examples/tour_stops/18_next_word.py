"""n-gram models write news."""

from pathlib import Path

from tour_kit import Row, Text, stop, timed


@stop("npml-classical", "The next word, by counting")
def n_grams():
    """The oldest language model counts: which words followed these two before? The art lies in what was never seen.
    `KneserNeyNGram` sets a little of every count aside and gives it to words that have followed many different words.
    Perplexity is how many words the model hesitates between on stories that it has not read.
    """
    import gensim

    from npml_classical import AdditiveNGram, GoodTuringNGram, KneserNeyNGram

    path = Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor"
    stories = path.read_text(encoding="utf-8").replace(" - ", " ").splitlines()
    sentences = [sentence.split() for story in stories for sentence in story.split(". ") if sentence]
    train, test = sentences[:-300], sentences[-300:]
    ours, seconds = timed(lambda: KneserNeyNGram(3, discount=0.75, unk_cutoff=2).fit(train))
    figures = (ours.perplexity(test), None, seconds, None)
    yield Row("Kneser-Ney, trigrams", "Lee corpus", "perplexity", *figures, better="lower")
    for model, name in (
        (GoodTuringNGram(3, unk_cutoff=2), "simple Good-Turing, trigrams"),
        (AdditiveNGram(3, alpha=0.1, unk_cutoff=2), "additive 0.1, trigrams"),
    ):
        fitted, seconds = timed(lambda model=model: model.fit(train))
        yield Row(name, "Lee corpus", "perplexity", fitted.perplexity(test), None, seconds, None, better="lower")
    written = [" ".join(write(ours, seed)) for seed in (1, 4, 9)]
    yield Text("\n\n".join(written), "Three sentences that the Kneser-Ney model wrote, word by word.")


def write(model, seed):
    """A sentence without unknown words."""
    return [word for word in model.generate(seed, max_words=28) if word != "<UNK>"]
