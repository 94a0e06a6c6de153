"""The tour's page: one self-contained HTML file from the results of the stops.

Figures arrive as matplotlib's SVG and are set into the page as they are, with the tour's four named colours and the
font turned into the page's own, so that they follow it into the dark.
"""

import html
import math
import re
from datetime import datetime
from pathlib import Path

from tour_kit import INK, LINE, PAPER, SOFT, Text

__all__ = ["number", "render"]

STYLESHEET = Path(__file__).with_name("tour_page.css")
THEME = {INK: "var(--ink)", SOFT: "var(--soft)", LINE: "var(--line)", PAPER: "var(--card)"}
FULL_BAR = 5  # a bar that fills its half of the track is 2^5 = 32 times faster or slower


def render(results, failures, seconds):
    """Return the whole page."""
    stops = "\n".join(section(place, result) for place, result in enumerate(results, 1))
    rows = [row for result in results for row in result["rows"]]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>npml: the tour</title>
<style>
{STYLESHEET.read_text(encoding="utf-8")}</style>
</head>
<body>
{hero(results, rows, seconds)}
{navigation(results)}
<main>
{stops}
{"".join(failure(name, error) for name, error in failures)}
{overview(rows)}
</main>
<footer>Made {datetime.now():%d %B %Y, %H:%M} by <code>examples/tour.py</code> in {seconds:.0f} seconds.
Nothing on this page is loaded from elsewhere.</footer>
</body>
</html>
"""


def hero(results, rows, seconds):
    """The head of the page: what this is, and four figures."""
    packages = len({result["package"] for result in results})
    ratios = [row.ratio for row in rows if row.ratio]
    mean = f"{math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}" if ratios else "?"
    matched = sum(row.verdict in ("same", "better") for row in rows if row.verdict)
    compared = sum(bool(row.verdict) for row in rows)
    tiles = [
        (f"{len(rows)}", f"models trained, from {packages} package{'s' * (packages != 1)}"),
        (f"{seconds:.0f}<small> s</small>", "for everything you see"),
        (f"{matched}<small> of {compared}</small>", "as good as the reference, or better"),
        (f"{mean}<small>×</small>", "the reference's time, geometric mean"),
    ]
    boxes = "".join(f"<div><dd>{value}</dd><dt>{label}</dt></div>" for value, label in tiles)
    return f"""<header>
<div>
<div class="brand">npml, the tour</div>
<h1>Machine learning, written out by hand</h1>
<p class="lead">Every model below was trained a moment ago, on real data, in plain NumPy: each gradient, each update
and each bound spelled out in a file you can read in one sitting. Beside every result stands what the field's reference
implementation makes of the same data, and in what time.</p>
</div>
<dl class="tiles">{boxes}</dl>
</header>"""


def navigation(results):
    """The line of links that stays at the top."""
    links = [
        f'<li><a href="#{result["name"]}"><b>{place}</b>{html.escape(result["title"])}</a></li>'
        for place, result in enumerate(results, 1)
    ]
    return f'<nav aria-label="Stops"><ol>{"".join(links)}<li><a href="#all">All in one table</a></li></ol></nav>'


def section(place, result):
    """One stop: words on the left, figures and rows on the right."""
    shows = "".join(show(item) for item in result["shows"])
    rows = f'<div class="results">{table(result["rows"])}</div>' if result["rows"] else ""
    error = f'<div class="failed">This stop failed: {html.escape(result["error"])}</div>' if result["error"] else ""
    return f"""<section class="stop" id="{result["name"]}">
<div class="words">
<div class="package">{place} &middot; {result["package"]}</div>
<h2>{html.escape(result["title"])}</h2>
{paragraphs(result["text"])}
<p class="time">{result["seconds"]:.1f} s at this stop</p>
</div>
<div class="shows">{shows}{rows}{error}</div>
</section>"""


def paragraphs(text):
    """A docstring as paragraphs, `code` set as code."""
    blocks = [" ".join(block.split()) for block in re.split(r"\n\s*\n", text.strip())]
    return "".join("<p>" + re.sub(r"`+([^`]+)`+", r"<code>\1</code>", html.escape(block)) + "</p>" for block in blocks)


def show(item):
    """A figure or a text, with its caption."""
    caption = f"<figcaption>{paragraphs(item.caption)[3:-4]}</figcaption>"
    if isinstance(item, Text):
        return f"<figure><blockquote>{html.escape(item.body)}</blockquote>{caption}</figure>"
    shape = "wide" if item.wide else "half"
    return f'<figure class="{shape}"><div class="figure">{themed(item.figure, item.caption)}</div>{caption}</figure>'


def themed(svg, label):
    """Matplotlib's SVG made part of the page: no header, no fixed size, the page's colours and font."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', rf'\1 role="img" aria-label="{html.escape(label)}"', svg)
    svg = svg.replace('id="ink"', 'class="ink"')
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--sans)", svg)
    for colour, variable in THEME.items():
        svg = svg.replace(colour, variable)
    return svg


def table(rows):
    """Rows of results with a bar for the ratio of times."""
    titles = '<th>model<th class="data">data<th class="n">npml<th class="n">reference<th>time against the reference'
    return f"<table><tr>{titles}</tr>{''.join(table_row(row) for row in rows)}</table>"


def table_row(row):
    """One line of the table."""
    arrow = "↑" if row.better == "higher" else "↓"
    metric = f'<span class="of">{html.escape(row.metric)} {arrow}</span>'
    ours = f'<b class="{row.verdict}">{number(row.ours)}</b><span class="of">{duration(row.seconds)}</span>'
    return (
        f'<tr><td><span class="model">{html.escape(row.model)}</span>{metric}</td>'
        f'<td class="data">{html.escape(row.data)}</td><td class="n">{ours}</td>'
        f'<td class="n">{reference(row)}</td><td class="bar">{bar(row)}</td></tr>'
    )


def reference(row):
    """The peer's result, its name and its time."""
    if row.peer is None:
        return ""
    name = f"{html.escape(row.peer_name)}{' (recorded)' if row.recorded else ''}"
    return f'{number(row.peer)}<span class="of">{name}, {duration(row.peer_seconds)}</span>'


def bar(row):
    """The ratio of times as a bar from the middle: left is faster, right is slower."""
    if row.ratio is None:
        return ""
    width = min(abs(math.log2(row.ratio)) / FULL_BAR, 1) * 50
    side = "f" if row.ratio < 1 else "s"
    factor = max(row.ratio, 1 / row.ratio)
    words = f"{factor:.1f} times {'faster' if side == 'f' else 'slower'}"
    label = f'<span class="{side}">{words}</span>' if factor >= 1.1 else "<span>as fast</span>"
    return f'<div class="track"><i class="{side}" style="width:{width:.1f}%"></i></div>{label}'


def number(value):
    """A figure of merit with four digits."""
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.5g}" if abs(value) < 1e5 else f"{value:,.0f}"


def duration(seconds):
    """Seconds as people read them."""
    return f"{seconds:.2f} s" if seconds >= 0.995 else f"{seconds * 1e3:.3g} ms"


def failure(name, error):
    """A file of stops that could not even be imported."""
    return f'<p class="failed">{html.escape(name)} could not be run: {html.escape(error)}</p>'


def overview(rows):
    """All rows once more, in one table."""
    return f"""<section class="all" id="all">
<h2>All in one table</h2>
<p>Bars to the left: npml took less time; to the right: more. The track ends at {2**FULL_BAR} times. Times are of one
process on this machine, training and prediction together; those of torch were recorded in a run of their own. The
<code>benchmarks</code> folder measures with more care.</p>
<div class="results">{table(rows)}</div>
</section>"""
