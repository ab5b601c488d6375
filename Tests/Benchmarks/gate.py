#!/usr/bin/env python3
"""How long after its contract is there a gated command runs, and how late the fallback is.

    gate.py PROGRAMS TOOLS [--gate FILE] [--contracts 100] [--fallbacks 10]

The real local broker, manager and gate. For each contract a gate is started, which waits; then the directory is swapped
as the kubelet does it, with that contract in it. Taken: when the broker got it (its own request log, wall clock, whole milliseconds), when
a long-poll beside the gate's had its answer, and the child's first act in main(). Then the manager is absent: how long
after its start a gate with --timeout 3s runs its command. Which gate: the static one of `make gate` if it is there.
"""
import datetime
import http.client
import os
import subprocess
import sys
import threading
import time

from machine import WorkDirectory, arguments, machine, prepare
from report import Report
from stack import Stack, contract


def default_gate(programs):
    static = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build-gate/wait-for-contract")
    return static if os.access(static, os.X_OK) else os.path.join(programs, "wait-for-contract")


def start(options, arguments):
    return subprocess.Popen([options.gate, *arguments, "--", os.path.join(options.tools, "gate-probe")],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={})


def child_of(gate, ready):
    """(monotonic, realtime) seconds of the child's main()."""
    output, errors = gate.communicate(timeout=60)
    words = output.split()
    if gate.returncode != 0 or len(words) != 3 or words[2] != ready:
        sys.exit(f"FAIL the gate's command said {output!r}, {errors}")
    return int(words[0]) / 1e9, int(words[1]) / 1e9


class LongPoll(threading.Thread):
    """One held request beside the gate's; `done` is when its answer was there."""

    def __init__(self, port, provider):
        super().__init__()
        self.path, self.port, self.done = f"/providers/{provider}/ready?wait=60s", port, None
        self.start()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=70)
        connection.request("GET", self.path)
        connection.getresponse().read()
        self.done = time.monotonic()
        connection.close()


def broker_time(stack, name, since):
    """Wall-clock seconds at which the broker was asked to publish, and the last entry's number."""
    entries = stack.json(f"/_requests?since={since}", stack.broker_port)
    for entry in entries:
        if entry["method"] == "POST" and any(item.get("provider") == name for item in entry.get("contracts", [])):
            at = datetime.datetime.fromisoformat(entry["at"].replace("Z", "+00:00"))
            return at.timestamp(), entries[-1]["id"]
    sys.exit(f"FAIL the broker's log has no publication of {name}: {entries[-3:]}")


def rounds(options, stack):
    results, since = {"directory swapped": [], "broker asked to publish": [], "long-poll answered": []}, 0
    files = {}
    for number in range(options.contracts):
        name = f"gated-{number}"
        gate = start(options, ["--provider", name, "--manager", f"http://127.0.0.1:{stack.port}"])
        if "waiting for" not in gate.stderr.readline():
            sys.exit("FAIL the gate does not say that it waits")
        poll = LongPoll(stack.port, name)
        # Both are held: the first question of the gate has been answered, the second follows at once.
        time.sleep(0.1)
        files = {**dict(list(files.items())[-5:]), f"{name}.json": contract(f"consumer-{number}", name)}
        renamed = stack.publish(files)
        monotonic, real = child_of(gate, "1")
        poll.join()
        published, since = broker_time(stack, name, since)
        results["directory swapped"].append(monotonic - renamed)
        results["broker asked to publish"].append(real - published)
        results["long-poll answered"].append(monotonic - poll.done)
    return results


def main():
    parser = arguments(__doc__)
    parser.add_argument("--gate", type=os.path.abspath, help="the gate to measure")
    parser.add_argument("--contracts", type=int, default=100)
    parser.add_argument("--fallbacks", type=int, default=10)
    options = parser.parse_args()
    options.gate = options.gate or default_gate(options.programs)
    prepare()
    print(f"{os.path.realpath(options.gate)}; milliseconds; {machine()}\n")
    report = Report("gate")
    with WorkDirectory() as directory:
        stack = Stack(options.programs, directory, {})
        results = rounds(options, stack)
        stack.stop()
    for name, values in results.items():
        report.distribution(f"{name} to the child's main()", [value * 1e3 for value in values], "ms")
    late = []
    for _ in range(options.fallbacks):
        begin = time.monotonic()
        late.append(child_of(start(options, ["--provider", "P", "--manager", "http://127.0.0.1:1", "--timeout", "3s"]),
                             "0")[0] - begin)
    report.distribution("exec of the gate, no manager, --timeout 3s, to the child's main()",
                        [value * 1e3 for value in late], "ms")
    report.finish()


if __name__ == "__main__":
    main()
