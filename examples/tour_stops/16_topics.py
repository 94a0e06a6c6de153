"""Topics of the news: latent Dirichlet allocation on gensim's Lee corpus."""

from pathlib import Path

import numpy as np
from tour_kit import COLORS, PAPER, Figure, Row, canvas, stop, timed


@stop("npml-classical", "What the news was about")
def topics():
    """`LatentDirichletAllocation` reads 300 news stories as bags of words and looks for topics: groups of words that
    turn up together. Every story is a mixture of them. Nobody told it what a topic is. Perplexity is how many words it
    hesitates between, on 50 stories it has not read; `GibbsLDA` finds the same kind of model by sampling.
    """
    import gensim
    from sklearn.decomposition import LatentDirichletAllocation as Peer
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

    from npml_classical import GibbsLDA, LatentDirichletAllocation

    path = Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor"
    stories = path.read_text(encoding="utf-8").splitlines()
    everywhere = [*ENGLISH_STOP_WORDS, "said", "says", "year", "new"]
    vectorizer = CountVectorizer(stop_words=everywhere, min_df=3, token_pattern="[a-z]{3,}")
    counts = vectorizer.fit_transform(stories)
    train, test = counts[:250], counts[250:]
    ours, seconds = timed(lambda: LatentDirichletAllocation(8, max_iter=12, random_state=0).fit(train))
    peer, peer_seconds = timed(lambda: Peer(8, max_iter=12, random_state=0).fit(train))
    gibbs, gibbs_seconds = timed(lambda: GibbsLDA(8, n_iter=80, burn_in=50, random_state=0).fit(train))
    figures = (held_out(ours.components_, ours, test), held_out(peer.components_, peer, test))
    yield Row("LDA, variational EM", "Lee corpus", "perplexity", *figures, seconds, peer_seconds, better="lower")
    sampled = held_out(gibbs.components_, gibbs, test)
    yield Row("LDA, Gibbs sampling", "Lee corpus", "perplexity", sampled, None, gibbs_seconds, None, better="lower")
    words = ours.top_words(6, vectorizer.get_feature_names_out())
    yield Figure(draw_words(ours, words, vectorizer), "The six leading words of each topic, and how far they lead.")
    yield Figure(
        draw_documents(ours.transform(counts), words),
        "The 300 stories, one a column, by their main topic: most are about one thing, some about two.",
    )


def held_out(topics, model, counts):
    """exp of minus the mean log-probability of a word, the same formula for every model."""
    topics = topics / topics.sum(axis=1, keepdims=True)
    probability = model.transform(counts) @ topics
    rows, columns = counts.nonzero()
    return float(np.exp(-(counts.data @ np.log(probability[rows, columns])) / counts.sum()))


def draw_words(model, words, vectorizer):
    """Heat map: words by topic."""
    place = [vectorizer.vocabulary_[word] for topic in words for word in topic]
    fig, axes = canvas(1, 1, width=11, height=3.4)
    ax = np.ravel(axes)[0]
    ax.imshow(np.sqrt(model.components_[:, place]), aspect="auto", cmap="GnBu")
    ax.set_xticks(range(len(place)), [word for topic in words for word in topic], rotation=90, fontsize=9)
    ax.set_yticks(range(len(words)), [f"topic {k + 1}" for k in range(len(words))])
    ax.set_xticks(np.arange(0, len(place), 6) - 0.5, minor=True)
    ax.grid(which="minor", color=PAPER, linewidth=2)
    ax.tick_params(which="minor", length=0)
    return fig


def draw_documents(shares, words):
    """Heat map: documents by topic, sorted by the topic that leads."""
    order = np.lexsort((-shares.max(axis=1), shares.argmax(axis=1)))
    fig, axes = canvas(1, 1, width=11, height=2.6)
    ax = np.ravel(axes)[0]
    bottom = np.zeros(len(shares))
    for k, column in enumerate(shares[order].T):
        ax.bar(range(len(shares)), column, bottom=bottom, width=1.0, color=COLORS[k], label=", ".join(words[k][:3]))
        bottom += column
    ax.set(xlim=(-0.5, len(shares) - 0.5), ylim=(0, 1), xlabel="story", ylabel="share")
    ax.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=9)
    return fig
