"""What every benchmark needs: processes and their ends, files of /proc, waiting with a deadline, tables."""
import argparse
import ctypes
import math
import os
import shutil
import signal
import sys
import tempfile
import time

PR_SET_CHILD_SUBREAPER = 36


def prepare():
    """Makes every orphan of ours our child, so that nothing outlives us, and turns SIGTERM into an ordinary exit."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.stdout.reconfigure(line_buffering=True)


def arguments(doc):
    """A parser for what bench.sh gives every benchmark, to which one may add its own."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=os.path.abspath, help="directory of the release build")
    parser.add_argument("tools", type=os.path.abspath, help="directory of the compiled C programs")
    return parser


class WorkDirectory:
    """A temporary directory, as a context manager; at its end no process of ours is left either.

    `in_memory`: on tmpfs where there is one, as a pod's state directory and its ConfigMaps are. On ext4, thousands of files
    made soon after thousands were deleted cost the kernel a search each (`recently_deleted` of ext4_new_inode)."""

    def __init__(self, in_memory=False):
        self.parent = "/dev/shm" if in_memory and os.access("/dev/shm", os.W_OK) else None

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="bench-", dir=self.parent)
        return self.path

    def __exit__(self, *_):
        end_all()
        shutil.rmtree(self.path, ignore_errors=True)


def read(path):
    """The file's text; empty if its process is gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(pid):
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return []
    return [int(child) for task in tasks for child in read(f"/proc/{pid}/task/{task}/children").split()]


def descendants(pid):
    """All living descendants, parents before their children."""
    found, open_ends = [], [pid]
    while open_ends:
        for child in children(open_ends.pop(0)):
            found.append(child)
            open_ends.append(child)
    return found


def name_of(pid):
    return read(f"/proc/{pid}/comm").strip()


def end_all(top=None):
    """SIGKILL for all descendants of `top` (and it), or all of ours: parents first, so that none starts another."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        pids = ([top] if top else []) + descendants(top or os.getpid())
        for pid in pids:
            # Of ours, and not reaped by anybody yet: the number is still theirs.
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if top:
            return
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.01)


def await_(what, condition, limit=20.0):
    """The first true value of `condition()`, asked again and again; ends the benchmark after `limit` seconds."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            sys.exit(f"FAIL after {limit:g} s: {what}")
        time.sleep(0.01)


def nearest_rank(values, percent):
    """The percentile by the nearest-rank method: always one of the values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


class Load:
    """How busy the machine was during a measurement, with what we did ourselves."""

    def __init__(self):
        self.start_text = self._averages()
        self.start = self._times()

    @staticmethod
    def _averages():
        return " ".join(read("/proc/loadavg").split()[:3])

    @staticmethod
    def _times():
        numbers = [int(word) for word in read("/proc/stat").split("\n", 1)[0].split()[1:9]]
        idle = numbers[3] + numbers[4]
        return idle, sum(numbers)

    def summary(self):
        idle, total = (end - start for end, start in zip(self._times(), self.start))
        busy = 100 * (1 - idle / total) if total else 0
        return f"load average {self.start_text} before, {self._averages()} after; processors {busy:.0f} % busy meanwhile"


def machine():
    return f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, kernel {os.uname().release.split('-')[0]}"


def table(header, rows):
    """Prints a Markdown table."""
    cells = [header, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    def line(row): return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
    print(line(header))
    print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    for row in cells[1:]:
        print(line(row))
