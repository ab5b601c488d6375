#!/usr/bin/env python3
"""How long a probe of the kubelet waits for its answer: a new connection each, /liveness and /readiness in turn.

    probes.py PROGRAMS TOOLS [--count 1200]

Three situations: at rest; the publisher killed every 100 ms (the supervisor's backoff makes most of these find nobody);
the publisher killed each time it has been well for 1.1 s, so that it is back at once. Between any two probes the same
client asks the floor, a C server that writes a constant: what both cost is the machine's.
"""
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter

from machine import WorkDirectory, arguments, machine, nearest_rank, prepare, table
from report import Report
from stack import Stack

PAUSE_MICROSECONDS = 5000
PATHS = ["/liveness", "/readiness"]
# Seconds between two looks for a publisher to kill, and how long it must have been there.
SITUATIONS = [
    ("at rest", None),
    ("publisher killed every 100 ms", (0.1, 0)),
    ("publisher killed after 1.1 s", (0.02, 1.1)),
]


class Kills:
    """Kills the publisher again and again; `next` is to be called every millisecond or so."""

    def __init__(self, stack, period, only_if_up_for):
        self.stack, self.period, self.only_if_up_for = stack, period, only_if_up_for
        self.due = time.monotonic() + period
        self.seen, self.since = None, 0.0
        self.count = self.vain = 0

    def next(self):
        now = time.monotonic()
        if now < self.due:
            return
        self.due = now + self.period
        pid = self.stack.workers().get("publisher")
        if pid != self.seen:
            self.seen, self.since = pid, now
        if pid is None:
            self.vain += 1
        elif now - self.since >= self.only_if_up_for:
            try:
                os.kill(pid, signal.SIGKILL)
                self.count += 1
            except ProcessLookupError:
                self.vain += 1

    def summary(self):
        return f"; {self.count} kills, {self.vain} looks found no publisher"


def probe(tools, stack, floor_port, count, kills=None):
    """[(target, nanoseconds, status)]; the targets with odd numbers are the floor."""
    each = count // len(PATHS)
    targets = [word for path in PATHS for word in (f"{stack.port}{path}", f"{floor_port}/")]
    with subprocess.Popen([os.path.join(tools, "http-probe"), str(each), str(PAUSE_MICROSECONDS), *targets],
                          stdout=subprocess.PIPE, text=True) as client:
        # The client prints only at its end, more than a pipe holds: then it waits until we read.
        while not select.select([client.stdout], [], [], 0.002 if kills else 1)[0]:
            if kills:
                kills.next()
        lines = client.stdout.read().splitlines()
    if client.returncode != 0:
        sys.exit(f"FAIL http-probe left with {client.returncode}")
    return [tuple(int(word) for word in line.split()[:3]) for line in lines]


def row(situation, name, results):
    micros = [took / 1e3 for _, took, status in results if status > 0]
    answers = Counter(status if status > 0 else "none" for _, _, status in results)
    answers = ", ".join(f"{status}: {count}" for status, count in sorted(answers.items(), key=str))
    return [situation, name, *[f"{value:.0f}" for value in
                               (min(micros), nearest_rank(micros, 50), nearest_rank(micros, 99), max(micros))], answers]


def main():
    parser = arguments(__doc__)
    parser.add_argument("--count", type=int, default=1200, help="probes in each situation")
    options = parser.parse_args()
    prepare()
    print(f"probe latency, {options.count} probes each, {PAUSE_MICROSECONDS / 1e3:g} ms apart; {machine()}\n")
    rows, notes, report = [], [], Report("probes")
    for situation, plan in SITUATIONS:
        # A manager of its own each: the backoff of one situation would be the next one's.
        with WorkDirectory() as directory:
            floor = subprocess.Popen([os.path.join(options.tools, "floor-server")], stdout=subprocess.PIPE, text=True)
            floor_port = int(floor.stdout.readline().split("=")[1])
            stack = Stack(options.programs, directory)
            # The publisher well for longer than a second: its first restart is at once.
            time.sleep(2)
            kills = Kills(stack, *plan) if plan else None
            results = probe(options.tools, stack, floor_port, options.count, kills)
            if kills:
                notes.append(f"{situation}{kills.summary()}")
            stack.stop()
        ours, floor = ([took / 1e3 for target, took, status in results if status > 0 and target % 2 == odd] for odd in (0, 1))
        report.distribution(f"probe, {situation}", ours, "µs", beside={"floor (C)": floor})
        report.figure(f"probes without an answer, {situation}",
                      sum(1 for target, _, status in results if status <= 0 and target % 2 == 0), "", at_most=0)
        rows.append(row(situation, "health-server", [result for result in results if result[0] % 2 == 0]))
        rows.append(row("", "floor (C)", [result for result in results if result[0] % 2 == 1]))
    table(["situation", "server", "min µs", "median µs", "p99 µs", "max µs", "answers"], rows)
    print("\n".join(notes) + "\n")
    report.finish()


if __name__ == "__main__":
    main()
