#!/usr/bin/env python3
"""Writes the figures of a run into docs/performance.md: page.py [DIRECTORY-OF-RESULTS]

Each table follows a line `<!-- figures: NAME … -->` (of these benchmarks), `<!-- bars -->`, `<!-- growth -->` or
`<!-- run -->` (when, where, what), and is replaced up to the next empty line; everything else is somebody's words. The
picture is copied beside it."""
import json
import os
import re
import shutil
import sys

from report import bar_text, beside_text, number
from versions import CHECKOUT, build_text

PAGE = os.path.join(CHECKOUT, "docs/performance.md")


def table(titles, rows):
    """Markdown; a column without any entry is left out."""
    kept = [index for index in range(len(titles)) if any(row[index] for row in rows)]
    lines = ["| " + " | ".join(line[index] for index in kept) + " |" for line in [titles, *rows]]
    return [lines[0], "|" + "---|" * len(kept), *lines[1:]]


def value(entry):
    return f"{number(entry['value'])} {entry['unit']}".strip()


def bar(entry):
    return re.sub(r"MISSED", "**missed**", bar_text(entry))


def figures(results, names):
    rows = [[entry["what"], value(entry), *beside_text(entry), bar(entry)]
            for name in names for entry in results[name]["figures"]]
    return table(["Figure", "Value", "Beside", "ours ÷ its", "Bar"], rows)


def bars(results):
    rows = [[name, entry["what"], value(entry), bar(entry)]
            for name, result in sorted(results.items()) for entry in result["figures"] if "bar" in entry]
    return table(["Benchmark", "Figure", "Value", "Bar"], rows)


def growth(results):
    rows = []
    for result in results.values():
        for series in result["series"]:
            (first, cost), (last, end) = series["points"][0], series["points"][-1]
            rows.append([series["what"], f"{number(first)} {series['by']}: {number(cost)} {series['unit']}",
                         f"{number(last)}: {number(end)} {series['unit']}", f"{series['exponent']:.2f}"])
    return table(["What", "from", "to", "Exponent"], rows)


def run(results):
    machine = next(iter(results.values()))["machine"]
    days = sorted({result["date"][:10] for result in results.values()})
    builds = sorted({build_text(result["build"]) for result in results.values()})
    peers = {peer: version for result in results.values() for peer, version in result["versions"].items()}
    return [f"The figures here: {' and '.join(days)}, commit {', '.join(builds)}, {machine['processor']}, {machine['cores']} cores, Linux "
            f"{machine['kernel'].split('-')[0]}; {', '.join(f'{peer} {version}' for peer, version in sorted(peers.items()))}."]


def written(page, results):
    """The page with its tables replaced."""
    makers = {"bars": bars, "growth": growth, "run": run}
    old, new, index = page.split("\n"), [], 0
    while index < len(old):
        new.append(old[index])
        index += 1
        if found := re.fullmatch(r"<!-- (\w+)(?:: (.+))? -->", new[-1]):
            kind, names = found[1], (found[2] or "").split()
            while index < len(old) and not old[index]:
                index += 1
            while index < len(old) and old[index]:
                index += 1
            new += ["", *(figures(results, names) if kind == "figures" else makers[kind](results))]
    return "\n".join(new)


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else os.path.join(CHECKOUT, ".build/bench/results")
    with open(os.path.join(directory, "results.json"), encoding="utf-8") as file:
        results = {result["benchmark"]: result for result in json.load(file)}
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(written(page, results))
    shutil.copy(os.path.join(directory, "growth.svg"), os.path.dirname(PAGE))
    skipped = [f"{name}: {entry['what']}: {entry['reason']}" for name, result in results.items() for entry in result["skipped"]]
    print("\n".join(["written: docs/performance.md and docs/growth.svg", *(f"skipped in {line}" for line in skipped)]))


if __name__ == "__main__":
    main()
