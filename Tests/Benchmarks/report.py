"""What a benchmark finds: a table for people, JSON for machines, and how far each figure is from its bar.

A benchmark makes one Report, gives it figures and series, and ends with finish(). The JSON goes to the directory that
BENCH_RESULTS names; summary.py puts all of them together.
"""
import json
import math
import os
import time

import versions
from machine import Load, nearest_rank, read, table


class Report:
    def __init__(self, name):
        self.name = name
        self.load = Load()
        self.figures, self.series, self.skipped = [], [], []
        self.versions = {}

    def figure(self, what, value, unit, at_most=None, at_least=None, beside=None):
        """One number. `at_most` or `at_least` is its bar; `beside` is {peer: its number of the same kind}, whose ratio to
        ours is kept: ours ÷ its."""
        entry = {"what": what, "value": value, "unit": unit}
        if at_most is not None or at_least is not None:
            bar, is_met = (at_most, value <= at_most) if at_most is not None else (at_least, value >= at_least)
            entry["bar"] = {"kind": "at most" if at_most is not None else "at least", "value": bar, "met": is_met}
            if not is_met:
                entry["bar"]["misses_by_percent"] = round(abs(value - bar) / bar * 100, 1) if bar else None
        if beside:
            entry["beside"] = {peer: {"value": its, "ratio": value / its if its else None} for peer, its in beside.items()}
        self.figures.append(entry)
        return value

    def distribution(self, what, values, unit, percent=(50, 99), at_most=None, beside=None):
        """Percentiles of `values`; the bar is that of the first of them. `beside`: {peer: its values}; a peer with fewer
        values than ours is named with their number. The 99th percentile of fewer than 100 values is the greatest of them,
        and is called that."""
        others = {peer if len(theirs) >= len(values) else f"{peer} (of {len(theirs)})": theirs
                  for peer, theirs in (beside or {}).items() if theirs}
        named = {}
        for rank in percent:
            is_maximum = rank >= 99
            name = {50: "median", 100: "max"}.get(rank, f"p{rank:g}")
            named.setdefault(f"max of {len(values)}" if is_maximum and len(values) < 100 else name, rank)
        for index, (name, rank) in enumerate(named.items()):
            self.figure(f"{what}, {name}", nearest_rank(values, rank), unit, at_most=at_most if index == 0 else None,
                        beside={peer: nearest_rank(theirs, rank) for peer, theirs in others.items()})

    def grows(self, what, by, unit, points):
        """A series [(size, cost)] and the exponent of its growth over the larger half: 1 is linear. A cost that is the
        same for every size has 0."""
        self.series.append({"what": what, "by": by, "unit": unit, "points": points, "exponent": exponent(points)})

    def version(self, peer, version):
        """Keeps the version of a peer, if it has one."""
        if version:
            self.versions[peer] = version

    def skip(self, what, reason):
        self.skipped.append({"what": what, "reason": reason})
        print(f"skipped {what}: {reason}")

    def finish(self):
        rows = [[entry["what"], f"{number(entry['value'])} {entry['unit']}", *beside_text(entry), bar_text(entry)]
                for entry in self.figures]
        if rows:
            table(["figure", "value", "beside", "ours ÷ its", "bar"], rows)
        for series in self.series:
            print(f"\n{series['what']}: exponent {series['exponent']:.2f}")
            table([series["by"], series["unit"]], [[number(x), number(y)] for x, y in series["points"]])
        print(self.load.summary())
        if directory := os.environ.get("BENCH_RESULTS"):
            with open(os.path.join(directory, self.name + ".json"), "w", encoding="utf-8") as file:
                json.dump({"benchmark": self.name, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                           "machine": machine_facts(), "load": self.load.summary(), "build": versions.ours(),
                           "versions": self.versions,
                           "figures": self.figures, "series": self.series, "skipped": self.skipped}, file, indent=1)


def exponent(points):
    """The slope of log(cost) over log(size), least squares, over the larger half of the points: small sizes show what a
    start costs. At least three points."""
    chosen = sorted(points)[-max(3, (len(points) + 1) // 2):]
    logs = [(math.log(x), math.log(max(y, 1e-12))) for x, y in chosen]
    mean_x, mean_y = (sum(column) / len(logs) for column in zip(*logs))
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def machine_facts():
    models = [line.split(":", 1)[1].strip() for line in read("/proc/cpuinfo").splitlines() if line.startswith("model name")]
    memory = read("/proc/meminfo").split("\n", 1)[0].split()
    return {"processor": models[0] if models else "unknown", "cores": os.cpu_count(), "kernel": os.uname().release,
            "architecture": os.uname().machine, "memory_mib": int(memory[1]) // 1024 if len(memory) > 1 else None}


def number(value):
    """Three significant digits, whole numbers from 100 on."""
    if isinstance(value, int) or value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def bar_text(entry):
    bar = entry.get("bar")
    if not bar:
        return ""
    text = f"{'≤' if bar['kind'] == 'at most' else '≥'} {number(bar['value'])} {entry['unit']}".rstrip()
    if bar["met"]:
        return f"{text}: met"
    percent = bar["misses_by_percent"]
    return f"{text}: MISSED" + (f" by {percent:g} %" if percent is not None else "")


def beside_text(entry):
    beside = entry.get("beside", {})
    return [", ".join(f"{peer} {number(its['value'])}" for peer, its in beside.items()),
            ", ".join(f"{its['ratio']:.2f}" for its in beside.values() if its["ratio"] is not None)]
