#!/usr/bin/env python3
"""How long a probe waits while every place is taken and contracts are published in bulk.

    load.py PROGRAMS TOOLS [--count 4000] [--contracts 1000] [--least-edits 3]

384 held requests, 64 event streams (left out where /events is not there), two clients that take /status as fast as they
can, and a directory of contracts whose every edit is published by the real publisher to a local broker. Beside it, with
the same client and in the same run: nginx with a constant answer (skipped with the reason where it is missing) and the
floor, a C server. `at rest` is the same without the load. The load has to last as long as the probes do: the benchmark
fails if at their end a held request or a stream is gone, a client of /status or the one who edits has ended, or fewer edits
than --least-edits were published meanwhile.
"""
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

from machine import WorkDirectory, arguments, await_, machine, nearest_rank, prepare, table
from nginx import start_nginx
from nginx import version as nginx_version
from report import Report
from stack import Stack

PATHS = ["/liveness", "/readiness"]
PAUSE_MICROSECONDS = 2000


def request(port, target, accept="*/*"):
    connection = socket.create_connection(("127.0.0.1", port), 10)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n".encode())
    return connection


HELD, STREAMS = 384, 64


class Crowd:
    """Held requests, streams, scrapers and edits, until `stop`."""

    def __init__(self, stack, contracts):
        self.stack, self.contracts = stack, contracts
        self.over = threading.Event()
        self.scrapes = self.unanswered = self.edits = self.published = 0
        self.held = [request(stack.port, "/providers/Nobody/ready?wait=300s") for _ in range(HELD)]
        self.streams = []
        if stack.status_of_stream("/events") == 200:
            self.streams = [request(stack.port, "/events", "text/event-stream") for _ in range(STREAMS)]
        await_(f"{HELD} held requests", lambda: (stack.status() or {}).get("waiters") == HELD)
        self.threads = [threading.Thread(target=body, daemon=True) for body in (self._scrape, self._scrape, self._edit)]
        for thread in self.threads:
            thread.start()

    def _scrape(self):
        while not self.over.is_set():
            if self._status():
                self.scrapes += 1

    def _status(self):
        """/status, or None where the answer is another than that."""
        status = self.stack.status()
        if status and "readiness" in status:
            return status
        self.unanswered += 1
        return None

    def _edit(self):
        """A new revision of every contract, as soon as the one before is published."""
        seen = None
        while not self.over.is_set():
            self.edits += 1
            self.stack.publish({
                f"contract-{number}.json": json.dumps({
                    "consumer": {"name": f"Consumer {number % 20}"}, "provider": {"name": f"Provider {number}"},
                    "interactions": [{"description": f"revision {self.edits}", "request": {"method": "GET", "path": "/"},
                                      "response": {"status": 200}}]})
                for number in range(self.contracts)})
            while not self.over.is_set():
                if status := self._status():
                    counts = status["readiness"]
                    revision = status["sections"]["source"]["revision"]
                    if revision != seen and counts["contracts"] == self.contracts == counts["published"]:
                        seen = revision
                        self.published += 1
                        break
                self.over.wait(0.05)

    def check(self, published, least):
        """Ends the benchmark unless the load is still there, and has published `least` edits since it was at `published`.
        Returns the number of these."""
        since = self.published - published
        held = sum(1 for connection in self.held if self._is_open(connection))
        streams = sum(1 for connection in self.streams if self._is_open(connection, True))
        living = sum(1 for thread in self.threads if thread.is_alive())
        if (held, streams, living) != (HELD, len(self.streams), len(self.threads)) or since < least:
            self.stop()
            sys.exit(f"FAIL the load did not last: {held} of {HELD} requests still held, {streams} of {len(self.streams)} "
                     f"streams still open, {living} of {len(self.threads)} clients still at work, {since} edits published")
        return since

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        for connection in self.held + self.streams:
            connection.close()
        left_out = "" if self.streams else " (left out: /events is not there)"
        return (f"{HELD} requests held, {len(self.streams)} streams open{left_out}, {self.scrapes} times /status "
                f"({self.unanswered} times another answer), {self.published} revisions of {self.contracts} contracts published")

    @staticmethod
    def _is_open(connection, may_have_data=False):
        connection.setblocking(False)
        try:
            while True:
                if not connection.recv(65536):
                    return False
                if not may_have_data:
                    return False
        except BlockingIOError:
            return True
        except OSError:
            return False


class BigStack(Stack):
    def status(self):
        return self.json("/status")

    def status_of_stream(self, path):
        with request(self.port, path, "text/event-stream") as connection:
            return int(connection.recv(4096).split(b" ", 2)[1])


def probe(tools, count, targets):
    """{target: [(microseconds, status)]}: the targets in turn, a new connection each."""
    client = subprocess.run([os.path.join(tools, "http-probe"), str(count // len(targets)), str(PAUSE_MICROSECONDS),
                             *targets.values()], stdout=subprocess.PIPE, text=True)
    if client.returncode != 0:
        sys.exit(f"FAIL http-probe left with {client.returncode}")
    found = {name: [] for name in targets}
    names = list(targets)
    for line in client.stdout.splitlines():
        target, took, status = (int(word) for word in line.split()[:3])
        found[names[target]].append((took / 1e3, status))
    return found


def rows(situation, found):
    for name, results in found.items():
        micros = [took for took, status in results if status > 0]
        answers = Counter(status if status > 0 else "none" for _, status in results)
        yield [situation, name, len(results), *[f"{value:.0f}" for value in (
            nearest_rank(micros, 50), nearest_rank(micros, 99), max(micros))],
            ", ".join(f"{status}: {count}" for status, count in sorted(answers.items(), key=str))]


def situation(report, name, found):
    """Keeps the figures; returns the rows."""
    times = {target: [took for took, status in results if status > 0] for target, results in found.items()}
    others = {target: values for target, values in times.items() if target not in PATHS}
    for path in PATHS:
        report.distribution(f"{path} {name}", times[path], "µs", beside=others)
        report.figure(f"{path} {name}, without an answer", len(found[path]) - len(times[path]), "", at_most=0)
    if name == "under load":
        report.figure("/liveness under load, p99", nearest_rank(times["/liveness"], 99) / 1e3, "ms", at_most=10)
    return list(rows(name, found))


def main():
    parser = arguments(__doc__)
    parser.add_argument("--count", type=int, default=4000, help="probes in each situation, all targets together")
    parser.add_argument("--contracts", type=int, default=1000, help="contracts of each revision")
    parser.add_argument("--least-edits", type=int, default=3, help="edits published while it is under load")
    options = parser.parse_args()
    prepare()
    print(f"probe latency under load, microseconds, new connections; {machine()}\n")
    report = Report("load")
    report.version("nginx", nginx_version())
    with WorkDirectory() as directory:
        floor = subprocess.Popen([os.path.join(options.tools, "floor-server")], stdout=subprocess.PIPE, text=True)
        floor_port = int(floor.stdout.readline().split("=")[1])
        nginx_port, _, obstacle = start_nginx(directory)
        stack = BigStack(options.programs, directory)
        targets = {path: f"{stack.port}{path}" for path in PATHS}
        if nginx_port:
            targets["nginx, constant"] = f"{nginx_port}/"
        else:
            report.skip("nginx", obstacle)
        targets["floor (C)"] = f"{floor_port}/"
        result, notes = [], []
        result += situation(report, "at rest", probe(options.tools, options.count, targets))
        crowd = Crowd(stack, options.contracts)
        # Probes from the first edit that is through: the next one is on its way then.
        await_("the first edit is published", lambda: crowd.published, 60)
        before = crowd.published
        found = probe(options.tools, options.count, targets)
        report.figure("edits published under load", crowd.check(before, options.least_edits), "", at_least=options.least_edits)
        result += situation(report, "under load", found)
        notes.append(f"under load: {crowd.stop()}")
        stack.stop()
    table(["situation", "target", "probes", "median", "p99", "max", "answers"], result)
    print("\n".join(notes) + "\n")
    report.finish()


if __name__ == "__main__":
    main()
