#!/usr/bin/env python3
"""How cost grows with the number of contracts and with their size.

    growth.py PROGRAMS TOOLS [--counts 1,10,100,1000,5000]

The manager with a local broker: from the rename of a directory with so many contracts until all are proven; the memory of
all processes and the processor time at rest then. `publisher --once` with as many consumers as contracts: a request for
each. One contract of 1 kB to 5 MB: from the rename until it is proven.
"""
import os
import resource
import sys
import time

from bulk import Broker, ours, write
from idle import memory, switches_and_time
from machine import WorkDirectory, arguments, machine, prepare
from report import Report
from stack import Stack, contract, generated

REST_SECONDS = 6


def all_proven(stack, count, files):
    # The links of the names are there before: making thousands of them takes longer than all that is measured here.
    for name in files:
        os.symlink(os.path.join("..data", name), os.path.join(stack.mount, name))
    time.sleep(0.5)
    began = stack.publish(files)

    def done():
        status = stack.json("/status")
        return status and status["readiness"]["published"] == count == status["readiness"]["contracts"]
    # Asking for the whole status costs the server more than publishing does where contracts are many.
    pause = max(0.002, count / 20000)
    limit = time.monotonic() + 120
    while not done():
        if time.monotonic() > limit:
            sys.exit(f"FAIL {count} contracts are not published within 120 s")
        time.sleep(pause)
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
    times, sizes, rests, single = [], [], [], []
    for count in counts:
        with WorkDirectory(in_memory=True) as directory:
            stack = Stack(options.programs, directory, {})
            times.append((count, all_proven(stack, count, generated(count))))
            time.sleep(3)
            size, rest = at_rest(stack)
            sizes.append((count, size))
            rests.append((count, rest))
            stack.stop()
        with WorkDirectory(in_memory=True) as directory:
            contracts = os.path.join(directory, "contracts")
            write(contracts, {f"{n}.json": contract(f"consumer-{n}", f"provider-{n}") for n in range(min(count, 5000))})
            broker = Broker(options.programs, directory, 0)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            ours(options.programs, broker, contracts)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            broker.end(min(count, 5000))
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
