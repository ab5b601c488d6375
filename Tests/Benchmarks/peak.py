#!/usr/bin/env python3
"""The most memory that all processes take together while 1 MiB of contracts is published.

    peak.py PROGRAMS TOOLS

PSS of the manager and its workers, looked at every few milliseconds from the manager's start until all is published and
once more after an edit of every contract; the highest of the sums, and each process's own highest resident size, which
the kernel keeps (VmHWM). The local broker runs from a copy of its own, libraries included, so that it takes no share of
their pages.
"""
import re
import threading
import time

from machine import WorkDirectory, arguments, await_, descendants, machine, prepare, read, table
from report import Report
from stack import Stack, contract

COUNT = 100


class Sampler(threading.Thread):
    """Looks at a process and all that it has started, whatever there is at the moment."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sums, self.over = [], threading.Event()

    def watch(self, pid):
        self.pid = pid
        self.start()

    def run(self):
        while not self.over.is_set():
            sizes = [re.search(r"^Pss:\s+(\d+)", read(f"/proc/{pid}/smaps_rollup"), re.M)
                     for pid in [self.pid, *descendants(self.pid)]]
            self.sums.append(sum(int(size[1]) for size in sizes if size))
            time.sleep(0.002)


def files(edit):
    return {f"{number}.json": contract(f"consumer-{number // 20}", f"provider-{number}", f"edit {edit}", 10_300)
            for number in range(COUNT)}


def main():
    parser = arguments(__doc__)
    options = parser.parse_args()
    prepare()
    report = Report("peak")
    print(f"memory while {sum(map(len, files(0).values())) / 2**20:.2f} MiB of contracts are published; {machine()}\n")
    with WorkDirectory() as directory:
        sampler = Sampler()
        stack = Stack(options.programs, directory, {}, is_apart=True, started=sampler.watch)
        before = len(sampler.sums)
        ours = {"manager": stack.manager.pid, **stack.workers()}
        for edit in range(5):
            seen = (stack.json("/status") or {}).get("sections", {}).get("source", {}).get("revision")
            stack.publish(files(edit))
            await_("all is published", lambda: published(stack, seen), 60)
        sampler.over.set()
        sampler.join()
        rows = [[name, re.search(r"^VmHWM:\s+(\d+)", read(f"/proc/{pid}/status"), re.M)[1]] for name, pid in ours.items()]
        stack.stop()
    table(["process", "highest resident size, KiB"], rows)
    report.figure("highest PSS of all, 1 MiB of contracts, five edits", max(sampler.sums) / 1024, "MiB", at_most=64)
    report.figure("looks", len(sampler.sums), "")
    report.figure("looks before the manager was ready", before, "", at_least=1)
    report.finish()


def published(stack, before):
    status = stack.json("/status")
    return (status and status["sections"]["source"]["revision"] != before
            and status["readiness"]["published"] == COUNT == status["readiness"]["contracts"])


if __name__ == "__main__":
    main()
