#!/usr/bin/env python3
"""How long after its contract is there a gated command runs, and how late the fallback is.

    gate.py PROGRAMS TOOLS [--gate FILE] [--contracts 100] [--fallbacks 10]

The real local broker, manager and gate. For each contract a gate is started, which waits; then the contract's file is
renamed into the directory. Taken: when the broker got it (its own request log, wall clock, whole milliseconds), when
a long-poll beside the gate's had its answer, and the child's first act in main(). Then the manager is absent: how long
after its start a gate with --timeout 3s runs its command. Which gate: the static one of `make gate` if it is there.
"""
import argparse
import datetime
import http.client
import json
import os
import subprocess
import sys
import threading
import time

from machine import Load, WorkDirectory, machine, nearest_rank, prepare, table
from stack import Stack


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
    connection = http.client.HTTPConnection(*stack.broker_address, timeout=5)
    connection.request("GET", f"/_requests?since={since}")
    entries = json.load(connection.getresponse())
    connection.close()
    for entry in entries:
        if entry["method"] == "POST" and any(item.get("provider") == name for item in entry.get("contracts", [])):
            at = datetime.datetime.fromisoformat(entry["at"].replace("Z", "+00:00"))
            return at.timestamp(), entries[-1]["id"]
    sys.exit(f"FAIL the broker's log has no publication of {name}: {entries[-3:]}")


def rounds(options, stack):
    results, since = {"file renamed": [], "broker asked to publish": [], "long-poll answered": []}, 0
    for number in range(options.contracts):
        name = f"gated-{number}"
        contract = {"consumer": {"name": "bench"}, "provider": {"name": name}, "interactions": []}
        gate = start(options, ["--provider", name, "--manager", f"http://127.0.0.1:{stack.port}"])
        if "waiting for" not in gate.stderr.readline():
            sys.exit("FAIL the gate does not say that it waits")
        poll = LongPoll(stack.port, name)
        # Both are held: the first question of the gate has been answered, the second follows at once.
        time.sleep(0.1)
        file = os.path.join(stack.plain, f"{name}.json")
        with open(file + "~", "w", encoding="utf-8") as target:
            json.dump(contract, target)
        renamed = time.monotonic()
        os.rename(file + "~", file)
        monotonic, real = child_of(gate, "1")
        poll.join()
        published, since = broker_time(stack, name, since)
        results["file renamed"].append(monotonic - renamed)
        results["broker asked to publish"].append(real - published)
        results["long-poll answered"].append(monotonic - poll.done)
    return results


class PlainStack(Stack):
    """A directory into which files are renamed, without the kubelet's links."""

    def _mount(self, generated):
        self.plain = os.path.join(self.directory, "contracts")
        os.mkdir(self.plain)
        with open(os.path.join(self.plain, "first.json"), "w", encoding="utf-8") as file:
            json.dump({"consumer": {"name": "first"}, "provider": {"name": "first"}, "interactions": []}, file)
        self.contracts = ["first.json"]
        return self.plain

    @property
    def broker_address(self):
        host, port = self._said("local-broker", r"listening on http://(\S+)").rsplit(":", 1)
        return host, int(port)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=os.path.abspath, help="directory of the release build")
    parser.add_argument("tools", type=os.path.abspath, help="directory of the C programs")
    parser.add_argument("--gate", type=os.path.abspath, help="the gate to measure")
    parser.add_argument("--contracts", type=int, default=100)
    parser.add_argument("--fallbacks", type=int, default=10)
    options = parser.parse_args()
    options.gate = options.gate or default_gate(options.programs)
    prepare()
    print(f"{os.path.realpath(options.gate)}; milliseconds; {machine()}\n")
    load = Load()
    with WorkDirectory() as directory:
        results = rounds(options, PlainStack(options.programs, directory))
    rows = [[f"{name} → child's main()", len(values), *[f"{value * 1e3:.1f}" for value in (
        min(values), nearest_rank(values, 50), nearest_rank(values, 99), max(values))]]
        for name, values in results.items()]
    late = []
    for _ in range(options.fallbacks):
        begin = time.monotonic()
        late.append(child_of(start(options, ["--provider", "P", "--manager", "http://127.0.0.1:1", "--timeout", "3s"]),
                             "0")[0] - begin)
    name = "exec of the gate, no manager, --timeout 3s → child's main()"
    rows.append([name, len(late), *[f"{value * 1e3:.0f}" for value in (
        min(late), nearest_rank(late, 50), nearest_rank(late, 99), max(late))]])
    table(["from", "rounds", "min", "median", "p99", "max"], rows)
    print(load.summary())


if __name__ == "__main__":
    main()
