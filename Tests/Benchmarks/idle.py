#!/usr/bin/env python3
"""What it costs when nothing happens: wake-ups, processor time and memory of every process of the manager.

    idle.py PROGRAMS TOOLS [--seconds 20] [--counts 0,100,1000]

Real manager and workers, contracts published in a living local broker, no probes; at the default interval with each
count, and at 30 s with the first. A wake-up is a voluntary context switch of any thread. Memory is PSS: pages shared with
other processes count by their share, so other managers that run at the same time make it smaller. The local broker does
not: it runs from a copy of its own, libraries included.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from machine import WorkDirectory, arguments, await_, machine, prepare, read, table
from report import Report
from stack import Stack

SETTLING_SECONDS = 8
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


def system_calls(pids, seconds=10):
    """({process: system calls/s}, None) under strace, which slows them down but makes them no more; (None, why not) where
    it is missing or may not attach."""
    if not shutil.which("strace"):
        return None, "strace is not installed"
    tracers = {name: subprocess.Popen(["strace", "-f", "-c", "-p", str(pid)], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, text=True) for name, pid in pids.items()}
    time.sleep(seconds)
    found, obstacle = {}, None
    for name, tracer in tracers.items():
        tracer.send_signal(signal.SIGINT)
        said = tracer.communicate()[1]
        if not re.search(rf"Process {pids[name]} attached", said):
            obstacle = f"strace, to the {name}: {said.strip() or 'it did not attach'}"
        # Without a table there was no call.
        total = re.search(r"^\s*100\.00\s+\S+\s+(?:\S+\s+)?(\d+)\s.*total$", said, re.M)
        found[name] = int(total[1]) / seconds if total else 0
    return (None, obstacle) if obstacle else (found, None)


def measure(stack, seconds):
    """{process: [threads, wake-ups/s, processor µs/s, PSS KiB, RSS KiB]}."""
    ours = {"manager": stack.manager.pid, **stack.workers()}
    processes = {**ours, BROKER: stack.broker.pid}
    start = {name: switches_and_time(pid) for name, pid in processes.items()}
    began = time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    end = {name: switches_and_time(pid) for name, pid in processes.items()}
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
    rows["sum"] = [sum(column) for column in zip(*(rows[name] for name in ours))]
    table(["process", "threads", "wake-ups/s", "processor µs/s", "PSS KiB", "RSS KiB"],
          [[name, threads, f"{wakes:.2f}", f"{micros:.0f}", pss, rss]
           for name, (threads, wakes, micros, pss, rss) in rows.items()])
    return rows


def keep(report, rows, count, interval):
    """The figures of one situation."""
    at = f"{count} contracts"
    workers = [name for name in rows if name not in ("manager", BROKER, "sum")]
    if interval != 2:
        at = f"{at}, interval {interval} s"
        report.figure(f"wake-ups, {at}", rows["sum"][1], "/s", at_most=2.5)
        for name in ["manager", *workers]:
            report.figure(f"wake-ups of the {name}, {at}", rows[name][1], "/s")
        return
    report.figure(f"wake-ups, {at}", rows["sum"][1], "/s", at_most=6)
    report.figure(f"wake-ups of the manager, {at}", rows["manager"][1], "/s", at_most=1.5)
    report.figure(f"processor, {at}", rows["sum"][2] / 1e4, "% of a core")
    report.figure(f"PSS of all, {at}", rows["sum"][3] / 1024, "MiB", at_most=32 if count == 100 else None)
    report.figure(f"PSS of the manager, {at}", rows["manager"][3] / 1024, "MiB", at_most=5)
    for name in workers:
        report.figure(f"PSS of the {name}, {at}", rows[name][3] / 1024, "MiB")


def main():
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--counts", default="0,100,1000", help="numbers of contracts")
    options = parser.parse_args()
    prepare()
    report = Report("idle")
    print(f"idle cost over {options.seconds:g} s; {machine()}")
    counts = [int(word) for word in options.counts.split(",")]
    for count, interval in [(count, 2) for count in counts] + [(counts[0], 30)]:
        with WorkDirectory() as directory:
            stack = Stack(options.programs, directory, count, {"CHECK_INTERVAL_SECS": str(interval)}, is_apart=True)
            await_("everything is published", lambda: stack.published() == count, 60)
            print(f"\n{count} contracts, CHECK_INTERVAL_SECS={interval}")
            time.sleep(SETTLING_SECONDS)
            rows = measure(stack, options.seconds)
            if count == counts[0]:
                what = f"system calls, {count} contracts, interval {interval} s"
                traced, obstacle = system_calls({"manager": stack.manager.pid, **stack.workers()})
                if obstacle:
                    report.skip(what, obstacle)
                else:
                    report.figure(what, sum(traced.values()), "/s")
            stack.stop()
        keep(report, rows, count, interval)
    report.finish()


if __name__ == "__main__":
    main()
