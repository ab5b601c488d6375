#!/usr/bin/env python3
"""The held socket: does anybody find the door closed while the health server is killed again and again?

    held.py PROGRAMS TOOLS [--kills 30]

A prober as the kubelet is, a new connection each and one second for the answer, asks /liveness without a pause while the
health server is killed with SIGKILL each time that it has been there for 1.1 s. A request that it had accepted when it was
killed is cut; nobody may be refused or wait for more than a second.
"""
import os
import signal
import subprocess
import sys
import time

from machine import WorkDirectory, arguments, machine, prepare
from report import Report
from stack import Stack

PAUSE_MICROSECONDS = 200


def main():
    parser = arguments(__doc__)
    parser.add_argument("--kills", type=int, default=30)
    options = parser.parse_args()
    prepare()
    report = Report("held")
    print(f"{options.kills} kills of the health server under a prober; {machine()}\n")
    with WorkDirectory() as directory:
        stack = Stack(options.programs, directory)
        lines, kills = [], 0
        probe = None
        until = time.monotonic() + 600
        while kills < options.kills:
            if time.monotonic() > until:
                sys.exit("FAIL the health server does not come back")
            if probe is None:
                probe = subprocess.Popen([os.path.join(options.tools, "http-probe"), "4000", str(PAUSE_MICROSECONDS),
                                          f"{stack.port}/liveness"], stdout=subprocess.PIPE, text=True)
            before = stack.workers().get("health-server")
            time.sleep(1.1)
            if before and stack.workers().get("health-server") == before:
                os.kill(before, signal.SIGKILL)
                kills += 1
            if probe.poll() is not None:
                lines += probe.stdout.read().splitlines()
                probe = None
        if probe:
            lines += probe.communicate()[0].splitlines()
        stack.stop()
    results = [int(line.split()[2]) for line in lines]
    in_a_row = longest = 0
    for status in results:
        in_a_row = in_a_row + 1 if status <= 0 else 0
        longest = max(longest, in_a_row)
    report.figure("probes", len(results), "")
    report.figure("kills", kills, "")
    report.figure("refused", results.count(0), "", at_most=0)
    report.figure("later than a second", results.count(-2), "", at_most=0)
    report.figure("cut per kill", results.count(-1) / kills, "")
    report.figure("failures in a row", longest, "", at_most=1)
    report.distribution("probe", [int(line.split()[1]) / 1e3 for line in lines if int(line.split()[2]) > 0], "µs",
                        percent=(50, 99, 100))
    report.finish()


if __name__ == "__main__":
    main()
