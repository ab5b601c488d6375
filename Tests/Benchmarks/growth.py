#!/usr/bin/env python3
"""How cost grows with the number of contracts and with their size.

    growth.py PROGRAMS TOOLS [--counts 1,10,100,1000,5000]

The manager with a local broker: from the rename of a directory with so many contracts until all are proven; the memory of
all processes and the processor time at rest then (the broker shares none of their pages). `publisher --once` with as many
consumers as contracts: a request for each. One contract of 1 kB to 5 MB: from the rename until it is proven.

When all are proven is known to less than a hundredth of the time that it takes: up to 100 contracts each has a held
request, and the last answer counts; with more, /readiness is asked again after 1 ms or two thousandths of the time that
has passed.
"""
import http.client
import json
import os
import resource
import select
import socket
import sys
import time

from bulk import Broker, ours, write
from idle import memory, switches_and_time
from machine import WorkDirectory, arguments, await_, machine, prepare
from report import Report
from stack import Stack, contract, generated

REST_SECONDS = 6
MOST_HELD = 100
# What the directory source reads (DirectoryLimits.files).
MOST_FILES = 5000
LIMIT_SECONDS = 120


def all_proven(stack, count, files):
    # The links of the names are there before: making thousands of them takes longer than all that is measured here.
    for name in files:
        os.symlink(os.path.join("..data", name), os.path.join(stack.mount, name))
    time.sleep(0.5)
    if count <= MOST_HELD:
        return all_answered(stack, [json.loads(text)["provider"]["name"] for text in files.values()], files)
    began = stack.publish(files)
    # A connection that stays open; the counts alone, for the whole status costs more than publishing where they are many.
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=30)
    while True:
        connection.request("GET", "/readiness")
        answer = connection.getresponse()
        counts = json.load(answer)
        passed = time.monotonic() - began
        if answer.status == 200 and counts["published"] == count == counts["contracts"]:
            connection.close()
            return passed * 1e3
        if passed > LIMIT_SECONDS:
            sys.exit(f"FAIL {count} contracts are not published within {LIMIT_SECONDS} s")
        time.sleep(max(0.001, passed / 500))


def all_answered(stack, providers, files):
    """Milliseconds until held requests for all the providers have their answers."""
    waiting = {}
    for provider in providers:
        connection = socket.create_connection(("127.0.0.1", stack.port), 10)
        connection.sendall(f"GET /providers/{provider}/ready?wait=120s HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        waiting[connection.fileno()] = connection
    await_("the requests are held", lambda: (stack.json("/status") or {}).get("waiters") == len(providers))
    began = stack.publish(files)
    while waiting:
        ready = select.select(waiting, [], [], LIMIT_SECONDS)[0]
        if not ready:
            sys.exit(f"FAIL {len(waiting)} of {len(providers)} providers are not answered within {LIMIT_SECONDS} s")
        for number in ready:
            connection = waiting.pop(number)
            if b" 200 " not in connection.recv(65536).split(b"\r\n", 1)[0]:
                sys.exit("FAIL a held request is not answered with 200")
            connection.close()
    return (time.monotonic() - began) * 1e3


def at_rest(stack):
    """(PSS of all in MiB, processor ms/s)."""
    ours = [stack.manager.pid, *stack.workers().values()]

    def spent():
        return sum(nanoseconds for pid in ours for _, nanoseconds in switches_and_time(pid).values())
    start = spent()
    time.sleep(REST_SECONDS)
    return sum(memory(pid)[0] for pid in ours) / 1024, (spent() - start) / 1e6 / REST_SECONDS


def main():
    parser = arguments(__doc__)
    parser.add_argument("--counts", default="1,10,100,1000,5000")
    options = parser.parse_args()
    prepare()
    report = Report("growth")
    print(f"how cost grows; {machine()}\n")
    counts = [int(word) for word in options.counts.split(",")]
    if max(counts) <= MOST_FILES:
        counts.append(2 * MOST_FILES)
    for count in counts:
        if count > MOST_FILES:
            report.skip(f"{count} contracts", f"the directory source reads {MOST_FILES} files (DirectoryLimits), and a "
                        "ConfigMap holds 1 MiB; the state file with 10,000 is in the benchmark state")
    counts = [count for count in counts if count <= MOST_FILES]
    times, sizes, rests, single = [], [], [], []
    for count in counts:
        with WorkDirectory(in_memory=True) as directory:
            stack = Stack(options.programs, directory, {}, is_apart=True)
            times.append((count, all_proven(stack, count, generated(count))))
            time.sleep(3)
            size, rest = at_rest(stack)
            sizes.append((count, size))
            rests.append((count, rest))
            stack.stop()
        with WorkDirectory(in_memory=True) as directory:
            contracts = os.path.join(directory, "contracts")
            write(contracts, {f"{n}.json": contract(f"consumer-{n}", f"provider-{n}") for n in range(count)})
            broker = Broker(options.programs, directory, 0)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            ours(options.programs, broker, contracts)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            broker.end(count)
            single.append((count, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3))
    report.grows("edit to all proven", "contracts", "ms", times)
    report.grows("a request each, the publisher's processor", "contracts", "ms", single)
    report.grows("memory of all at rest", "contracts", "MiB", sizes)
    report.grows("processor at rest", "contracts", "ms/s", rests)
    by_size = []
    for size in (1_000, 10_000, 100_000, 1_000_000, 5_000_000):
        with WorkDirectory(in_memory=True) as directory:
            stack = Stack(options.programs, directory, {})
            by_size.append((size, all_proven(stack, 1, {"a.json": contract("consumer", "provider", "a", size)})))
            stack.stop()
    report.grows("edit to proven, one contract", "bytes", "ms", by_size)
    report.finish()


if __name__ == "__main__":
    main()
