#!/usr/bin/env python3
"""The held socket: does anybody find the door closed while the health server is killed again and again?

    held.py PROGRAMS TOOLS [--kills 60]

A prober as the kubelet is, a new connection each and one second for the answer, asks /liveness again 0.2 ms after each
answer, from before the first kill until after the last, while the health server is killed with SIGKILL each time that it
has been there for 1.1 s. A request that it had accepted when it was killed is cut; nobody may be refused or wait for more
than a second. The benchmark fails if the prober was not at work at some kill: each must have a probe that had begun within
the 100 ms before it and another within the 1.1 s after it. Each kill takes a second; `make chaos` has a thousand.
"""
import bisect
import os
import signal
import subprocess
import sys
import time

from machine import WorkDirectory, arguments, await_, machine, prepare
from report import Report
from stack import Stack

PAUSE_MICROSECONDS = 200
# More than it can ask; its memory is taken only as far as it is used.
MOST_PROBES = 10_000_000
BEFORE, AFTER = 100_000_000, 1_100_000_000


def kill_again_and_again(stack, probe, kills):
    """The moments of the kills, in nanoseconds of CLOCK_MONOTONIC."""
    def living():
        return stack.workers().get("health-server")
    moments, server = [], living()
    while len(moments) < kills:
        time.sleep(1.1)
        if living() != server:
            sys.exit("FAIL the health server ended without a kill")
        if probe.poll() is not None:
            sys.exit(f"FAIL the prober has ended before kill {len(moments) + 1}")
        moments.append(time.monotonic_ns())
        os.kill(server, signal.SIGKILL)
        killed = server
        server = await_("the health server comes back", lambda: (pid := living()) != killed and pid)
    # The last kill is probed as the others are.
    time.sleep(1.1)
    return moments


def check_presence(moments, began):
    """Ends the benchmark unless the prober was at work at each kill; `began`: when each probe did, in order."""
    for number, moment in enumerate(moments, 1):
        after = bisect.bisect_right(began, moment)
        if after == 0 or moment - began[after - 1] > BEFORE:
            sys.exit(f"FAIL nobody was probing at kill {number}")
        if after == len(began) or began[after] - moment > AFTER:
            sys.exit(f"FAIL nobody was probing after kill {number}")


def main():
    parser = arguments(__doc__)
    parser.add_argument("--kills", type=int, default=60)
    options = parser.parse_args()
    prepare()
    report = Report("held")
    print(f"{options.kills} kills of the health server under a prober; {machine()}\n")
    with WorkDirectory() as directory:
        stack = Stack(options.programs, directory)
        output = os.path.join(directory, "probes")
        with open(output, "wb") as file:
            probe = subprocess.Popen([os.path.join(options.tools, "http-probe"), str(MOST_PROBES), str(PAUSE_MICROSECONDS),
                                      f"{stack.port}/liveness"], stdout=file)
        moments = kill_again_and_again(stack, probe, options.kills)
        probe.terminate()
        if probe.wait(10) != 0:
            sys.exit(f"FAIL http-probe left with {probe.returncode}")
        with open(output, encoding="ascii") as file:
            probes = [tuple(int(word) for word in line.split()) for line in file]
        stack.stop()
    check_presence(moments, [began for *_, began in probes])
    results = [status for _, _, status, _ in probes]
    in_a_row = longest = 0
    for status in results:
        in_a_row = in_a_row + 1 if status <= 0 else 0
        longest = max(longest, in_a_row)
    of_kills = f"of {len(moments)} kills"
    report.figure(f"probes, {of_kills}", len(results), "")
    report.figure(f"refused, {of_kills}", results.count(0), "", at_most=0)
    report.figure(f"later than a second, {of_kills}", results.count(-2), "", at_most=0)
    report.figure(f"cut per kill, {of_kills}", results.count(-1) / len(moments), "")
    report.figure(f"failures in a row, {of_kills}", longest, "", at_most=1)
    report.distribution("probe", [took / 1e3 for _, took, status, _ in probes if status > 0], "µs", percent=(50, 99, 100))
    report.finish()


if __name__ == "__main__":
    main()
