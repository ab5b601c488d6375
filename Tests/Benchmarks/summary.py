#!/usr/bin/env python3
"""All results of a run in one: summary.py DIRECTORY prints every bar with what was measured, and how cost grows, and
writes results.json (everything) and growth.svg there. Results that an earlier run left are among them: each says when and
of which commit it is."""
import json
import os
import sys

import plot
from machine import table
from report import bar_text, beside_text, number
from versions import build_text


def measured(result):
    """When, and of which commit (with a plus: changed)."""
    build = build_text(result["build"]) if "build" in result else "unknown"
    return f"{result['date'].replace('T', ' ')[:16]} {build}"


def main():
    directory = sys.argv[1]
    results = []
    for name in sorted(os.listdir(directory)):
        if name.endswith(".json") and name != "results.json":
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                results.append(json.load(file))
    rows = [[result["benchmark"], entry["what"], f"{number(entry['value'])} {entry['unit']}", *beside_text(entry),
             bar_text(entry), measured(result)] for result in results for entry in result["figures"] if "bar" in entry]
    if rows:
        print("\n== the bars")
        table(["benchmark", "figure", "value", "beside", "ours ÷ its", "bar", "measured (UTC), commit"], rows)
    series = [(result, entry) for result in results for entry in result["series"]]
    if series:
        print("\n== how cost grows")
        table(["what", "from", "to", "exponent", "measured (UTC), commit"],
              [[entry["what"], f"{number(entry['points'][0][0])} {entry['by']}", number(entry["points"][-1][0]),
                f"{entry['exponent']:.2f}", measured(result)] for result, entry in series])
        with open(os.path.join(directory, "growth.svg"), "w", encoding="utf-8") as file:
            file.write(plot.svg([entry for _, entry in series]))
    for result in results:
        for entry in result["skipped"]:
            print(f"skipped in {result['benchmark']}: {entry['what']}: {entry['reason']}")
    with open(os.path.join(directory, "results.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    print(f"\nwritten: {directory}/results.json" + (" and growth.svg" if series else ""))


if __name__ == "__main__":
    main()
