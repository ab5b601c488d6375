#!/usr/bin/env python3
"""How long a probe of the kubelet waits while /metrics is scraped without a pause.

    scrapes.py PROGRAMS TOOLS [--count 1200] [--contracts 1000] [--scrapers 2]

As probes.py: a new connection each, /liveness and /readiness in turn, between any two the floor, a C server that writes
a constant. The scrapers are processes that ask again as soon as they have the whole page, over one connection each; on
a machine with few processors they take time from everybody, which the floor shows.
"""
import http.client
import multiprocessing
import os
import subprocess
import sys
import time

from machine import WorkDirectory, arguments, await_, machine, nearest_rank, prepare, table
from probes import PAUSE_MICROSECONDS, probe, row
from report import Report
from stack import Stack


def scrape(port, end, results):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    times, refused, size = [], 0, 0
    while not end.is_set():
        began = time.monotonic()
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 200:
            times.append(time.monotonic() - began)
            size = len(body)
        else:
            refused += 1
    results.put((times, refused, size))


def main():
    parser = arguments(__doc__)
    parser.add_argument("--count", type=int, default=1200, help="probes in each situation")
    parser.add_argument("--contracts", type=int, default=1000)
    parser.add_argument("--scrapers", type=int, default=2)
    options = parser.parse_args()
    prepare()
    print(f"probe latency beside scrapes, {options.contracts} contracts, {options.count} probes each, "
          f"{PAUSE_MICROSECONDS / 1e3:g} ms apart; {machine()}\n")
    rows, notes, report = [], [], Report("scrapes")
    with WorkDirectory() as directory:
        floor = subprocess.Popen([os.path.join(options.tools, "floor-server")], stdout=subprocess.PIPE, text=True)
        floor_port = int(floor.stdout.readline().split("=")[1])
        stack = Stack(options.programs, directory, options.contracts)
        await_("everything is published", lambda: stack.status_of("/readiness") == 200, 120)
        for scrapers in (0, 1, options.scrapers):
            end, results = multiprocessing.Event(), multiprocessing.Queue()
            clients = [multiprocessing.Process(target=scrape, args=(stack.port, end, results)) for _ in range(scrapers)]
            for client in clients:
                client.start()
            answers = probe(options.tools, stack, floor_port, options.count)
            note = f"{scrapers} scrapers"
            ours, floor = ([took / 1e3 for target, took, status in answers if status > 0 and target % 2 == odd]
                           for odd in (0, 1))
            report.distribution(f"probe beside {scrapers} scrapers", ours, "µs", beside={"floor (C)": floor})
            end.set()
            found = [results.get(timeout=30) for _ in clients]
            for client in clients:
                client.join(30)
            times = [took * 1e3 for entry in found for took in entry[0]]
            if times:
                note += (f"; {len(times)} pages of {found[0][2]} bytes, median {nearest_rank(times, 50):.1f} ms, "
                         f"p99 {nearest_rank(times, 99):.1f} ms, {sum(entry[1] for entry in found)} refused")
            notes.append(note)
            rows.append(row(f"{scrapers} scrapers", "health-server", [r for r in answers if r[0] % 2 == 0]))
            rows.append(row("", "floor (C)", [r for r in answers if r[0] % 2 == 1]))
        stack.stop()
    table(["situation", "server", "min µs", "median µs", "p99 µs", "max µs", "answers"], rows)
    print("\n".join(notes) + "\n")
    report.finish()


if __name__ == "__main__":
    sys.exit(main())
