#!/usr/bin/env python3
"""What it costs when nothing happens: wake-ups, processor time and memory of every process of the manager.

    idle.py PROGRAMS TOOLS [--seconds 60]

Real manager and workers at default settings, three contracts published in a living local broker, no probes. A wake-up is
a voluntary context switch of any thread. Memory is PSS: pages shared with other processes, also with those of other
programs, count by their share.
"""
import argparse
import os
import re
import sys
import time

from machine import Load, WorkDirectory, machine, prepare, read, table
from stack import Stack

SETTLING_SECONDS = 10
BROKER = "local-broker"


def switches_and_time(pid):
    """{thread: (voluntary switches, nanoseconds on a processor)}."""
    result = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        directory = f"/proc/{pid}/task/{thread}"
        switches = int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", read(f"{directory}/status"), re.M)[1])
        result[thread] = switches, int(read(f"{directory}/schedstat").split()[0])
    return result


def memory(pid):
    """PSS and RSS in KiB."""
    rollup = read(f"/proc/{pid}/smaps_rollup")
    return tuple(int(re.search(rf"^{name}:\s+(\d+) kB", rollup, re.M)[1]) for name in ("Pss", "Rss"))


def measure(stack, seconds):
    ours = {"manager": stack.manager.pid, **stack.workers()}
    processes = {**ours, BROKER: stack.broker.pid}
    load = Load()
    start = {name: switches_and_time(pid) for name, pid in processes.items()}
    began = time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    end = {name: switches_and_time(pid) for name, pid in processes.items()}
    summary = load.summary()
    if {"manager": stack.manager.pid, **stack.workers()} != ours:
        sys.exit("FAIL a worker was restarted meanwhile")

    rows = {}
    for name, pid in processes.items():
        if set(start[name]) - set(end[name]):
            print(f"{name}: a thread ended meanwhile; its wake-ups are missing")
        # A thread that began meanwhile has all of its own.
        wakes, nanoseconds = (
            sum(counts[i] - start[name].get(thread, (0, 0))[i] for thread, counts in end[name].items()) for i in (0, 1))
        rows[name] = [len(end[name]), wakes / elapsed, nanoseconds / elapsed / 1e3, *memory(pid)]
    rows["sum without the broker"] = [sum(column) for column in zip(*(rows[name] for name in ours))]
    table(["process", "threads", "wake-ups/s", "processor µs/s", "PSS KiB", "RSS KiB"],
          [[name, threads, f"{wakes:.2f}", f"{micros:.0f}", pss, rss]
           for name, (threads, wakes, micros, pss, rss) in rows.items()])
    print(summary)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=os.path.abspath, help="directory of the release build")
    parser.add_argument("tools", type=os.path.abspath, help="directory of the compiled C programs")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    prepare()
    with WorkDirectory() as directory:
        stack = Stack(options.programs, directory)
        print(f"idle cost over {options.seconds:g} s, {len(stack.contracts)} contracts published; {machine()}\n")
        time.sleep(SETTLING_SECONDS)
        measure(stack, options.seconds)
        stack.stop()


if __name__ == "__main__":
    main()
