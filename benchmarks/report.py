"""Results of the benchmarks as files and tables: the JSON store, Markdown, and the blocks inside the READMEs."""

import json
import math
from pathlib import Path

from npml_core import atomic_write

__all__ = ["Store", "geometric_means", "markdown", "update_readmes"]

TABLE = ("<!-- benchmarks:begin -->", "<!-- benchmarks:end -->")
SUMMARY = ("<!-- benchmark-summary:begin -->", "<!-- benchmark-summary:end -->")


class Store:
    """Results by case and thread count, on disk after every `add`; a rerun replaces only what it ran."""

    def __init__(self, folder):
        self.json, self.md = Path(folder) / "results.json", Path(folder) / "results.md"
        self.results = read_results(self.json) if self.json.exists() else []

    def add(self, result):
        """Keep `result`, in the place of an older one of the same case."""
        self.results = [r for r in self.results if identity(r) != identity(result)] + [result]
        self.results.sort(key=identity)
        self.json.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.json, json.dumps({"format": 1, "results": self.results}, indent=1) + "\n")
        write_text(self.md, markdown(self.results))


def read_results(path):
    """Read the list of results that a `Store` wrote."""
    content = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("format") != 1:
        raise ValueError(f"{path} does not hold benchmark results of format 1")
    return content["results"]


def identity(result):
    """Sort key and identity: one result per case and thread count."""
    return tuple(result[key] for key in ("package", "group", "name", "size", "threads"))


def geometric_means(results):
    """Map (package, threads) to the geometric mean of its ratios and their number."""
    logs = {}
    for result in results:
        if "error" not in result:
            logs.setdefault((result["package"], result["threads"]), []).append(math.log(result["ratio"]["median"]))
    return {key: (math.exp(sum(values) / len(values)), len(values)) for key, values in sorted(logs.items())}


def markdown(results):
    """Everything as one Markdown document: the means, then a table per package."""
    parts = ["# Benchmarks", "", means_table(results)]
    for package in sorted({r["package"] for r in results}):
        parts += ["", f"## {package}", "", package_table([r for r in results if r["package"] == package])]
    return "\n".join(parts) + "\n"


def means_table(results):
    """One row per package: the geometric mean of its ratios, per thread count."""
    lines = ["| package | threads | cases | seconds, ours / peer (geometric mean) |", "|---|--:|--:|--:|"]
    for (package, threads), (mean, count) in geometric_means(results).items():
        lines.append(f"| {package} | {threads} | {count} | {mean:.2f} |")
    return "\n".join([*lines, "", taken_on(results)])


def package_table(results):
    """One row per case: times, ratio with its quartiles, and what the check had to say."""
    lines = ["| what | size | threads | npml | peer | ratio | |", "|---|---|--:|--:|--:|--:|---|"]
    for result in results:
        what = f"{result['group']}: {result['name']}"
        head = f"| {what} | {result['size']} | {result['threads']} |"
        lines.append(f"{head} {table_cells(result)} |")
    return "\n".join([*lines, "", taken_on(results)])


def table_cells(result):
    """The measured part of a table row."""
    if "error" in result:
        return f" | | failed | {result['error'].replace('|', '/')[:120]}"
    times = [duration(result[key]["median"]) for key in ("seconds", "peer_seconds")]
    return f"{times[0]} | {times[1]} {result['peer']} | {ratio_text(result)} | {remarks(result)}"


def ratio_text(result):
    """Median ratio and its quartiles: ``**0.82** (0.80-0.85)``."""
    ratio = result["ratio"]
    return f"**{ratio['median']:.2f}** ({ratio['q1']:.2f}-{ratio['q3']:.2f})"


def remarks(result):
    """The check's note, the rate and the share of the floor, as far as there are any."""
    seconds, said = result["seconds"]["median"], [result["note"]] if result["note"] else []
    if "work" in result:
        said.append(f"{result['work']['amount'] / seconds:,.0f} {result['work']['unit']}/s")
    if "floor_seconds" in result:
        said.append(f"{result['floor_seconds']['median'] / seconds:.0%} of it unavoidable")
    return ", ".join(said)


def duration(seconds):
    """Seconds with three digits and a fitting unit."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def taken_on(results):
    """The sentence under a table: processors, versions, and whether a machine was busy."""
    cpus = sorted({f"{r['machine']['cpu']} ({r['machine']['cores']} cores)" for r in results})
    found = {}
    for result in results:
        for name, version in result["versions"].items():
            found.setdefault(name, set()).add(version)
    text = ", ".join(f"{name} {' / '.join(sorted(found[name]))}" for name in sorted(found))
    doubts = ["Taken on a busy machine"] * any(r["machine"]["busy"] for r in results)
    doubts += ["Of a quick run"] * any(r["quick"] for r in results)
    lead = "".join(f" **{doubt}: a lead only.**" for doubt in doubts)
    return f"Below 1 npml is faster. Median of the rounds, quartiles in brackets; {'; '.join(cpus)}; {text}.{lead}"


def update_readmes(results, root):
    """Write each package's table into its README and the means into the main one; the paths that changed."""
    changed = []
    for package in sorted({r["package"] for r in results}):
        table = package_table([r for r in results if r["package"] == package])
        changed += replace_block(Path(root) / "packages" / package / "README.md", TABLE, table)
    return changed + replace_block(Path(root) / "README.md", SUMMARY, means_table(results))


def replace_block(path, markers, content):
    """Put `content` between two marker lines of a file, and nothing else."""
    text, (begin, end) = path.read_text(encoding="utf-8"), markers
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(f"{path} needs one {begin} and, after it, one {end}")
    head, rest = text.split(begin)
    new = f"{head}{begin}\n{content}\n{end}{rest.split(end)[1]}"
    if new == text:
        return []
    write_text(path, new)
    return [path]


def write_text(path, text):
    """Write a text file whole or not at all."""
    with atomic_write(path, "w") as file:
        file.write(text)
