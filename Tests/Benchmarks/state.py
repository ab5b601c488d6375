#!/usr/bin/env python3
"""The state file and the contracts: what commits, reads and looks cost, and what parsing and hashing cost.

    state.py PROGRAMS TOOLS [--rounds 60]

Commits of the publication section with 10, 1,000 and as many contracts as it may hold, reads by another reader, looks
that find nothing new. Contracts: the examples, and one of 5 MB. And one commit stopped after each of its instructions:
what a kill there would leave.
"""
import json
import os
import re
import subprocess
import sys

from machine import WorkDirectory, arguments, machine, nearest_rank, prepare
from report import Report
from stack import EXAMPLES


def exerciser(options, *arguments):
    """{what: [nanoseconds]}."""
    result = subprocess.run([os.path.join(options.programs, "StateExerciser"), *arguments], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"FAIL StateExerciser left with {result.returncode}: {result.stdout[-500:]}{result.stderr[-500:]}")
    found = {}
    for line in result.stdout.splitlines():
        what, nanoseconds = line.rsplit(" ", 1)
        found.setdefault(what, []).append(int(nanoseconds))
    return found


def kill_points(options, report, directory):
    """Reads, and writes to a copy, after each instruction of a commit that changed a byte of its section."""
    state = os.path.join(directory, "steps")
    os.mkdir(state, 0o700)
    result = subprocess.run([os.path.join(options.programs, "StateExerciser"), "step", state, "1"], capture_output=True, text=True)
    found = re.search(r"^(\d+) instructions in 1 commits, (\d+) different images;.* (\d+) violations", result.stdout, re.M)
    if result.returncode == 77:
        report.skip("kill points of a commit", result.stdout.strip())
    elif not found or (result.returncode != 0) != (int(found[3]) > 0):
        sys.exit(f"FAIL StateExerciser left with {result.returncode}: {result.stdout[-500:]}{result.stderr[-500:]}")
    else:
        report.figure("kill points of a commit: instructions", int(found[1]), "")
        report.figure("kill points of a commit: different contents of the file", int(found[2]), "")
        report.figure("kill points of a commit that leave neither old nor new", int(found[3]), "", at_most=0)


def main():
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    prepare()
    report = Report("state")
    if not os.access(os.path.join(options.programs, "StateExerciser"), os.X_OK):
        report.skip("all of it", "build the program first: swift build -c release --product StateExerciser")
        report.finish()
        return
    print(f"the state file and contracts; {machine()}\n")
    grown = {"commit": [], "read": []}
    with WorkDirectory() as directory:
        kill_points(options, report, directory)
        for pairs in (1, 10, 100, 1000, 3000, 10000):
            state = os.path.join(directory, str(pairs))
            os.mkdir(state, 0o700)
            found = exerciser(options, "measure-state", state, str(pairs), str(max(5, options.rounds // (1 + pairs // 1000))))
            for what, values in grown.items():
                values.append((pairs, nearest_rank(found[what], 50) / 1e3))
            if pairs in (10, 1000, 10000):
                report.distribution(f"commit, {pairs} contracts", [value / 1e6 for value in found["commit"]], "ms",
                                    at_most=15 if pairs == 1000 else None)
                report.distribution(f"read, {pairs} contracts", [value / 1e6 for value in found["read"]], "ms")
                report.distribution(f"look that finds nothing, {pairs} contracts",
                                    [value / 1e3 for value in found["unchanged"]], "µs", at_most=1)
        for what, values in grown.items():
            report.grows(what, "contracts", "µs", values)
        examples = [os.path.join(EXAMPLES, name) for name in sorted(os.listdir(EXAMPLES)) if name.endswith(".json")]
        sizes = {}
        for size in (1_000, 10_000, 100_000, 1_000_000, 5_000_000):
            sizes[size] = os.path.join(directory, f"{size}.json")
            count = max(1, size // 300)
            with open(sizes[size], "w", encoding="utf-8") as file:
                file.write(many_interactions(count))
        for name, paths in (("the examples", examples), ("one of 5 MB", [sizes[5_000_000]])):
            total = sum(os.path.getsize(path) for path in paths)
            for what, values in exerciser(options, "measure-contracts", "9", *paths).items():
                report.figure(f"{what}, {name}", total / 1e6 / (nearest_rank(values, 50) / 1e9), "MB/s")
        for what in ("parse", "validate", "sha256", "pact content sha"):
            report.grows(what, "bytes", "µs", [
                (os.path.getsize(path), nearest_rank(exerciser(options, "measure-contracts", "9", path)[what], 50) / 1e3)
                for path in sizes.values()])
    report.finish()


def many_interactions(count):
    return json.dumps({
        "consumer": {"name": "Consumer"}, "provider": {"name": "Provider"}, "interactions": [{
            "description": f"a request for item {number}", "providerStates": [{"name": f"item {number} exists"}],
            "request": {"method": "GET", "path": f"/items/{number}", "headers": {"Accept": "application/json"}},
            "response": {"status": 200, "body": {"id": number, "name": "x" * 40, "tags": ["a", "b", 1.5, None, True]}},
        } for number in range(count)], "metadata": {"pactSpecification": {"version": "3.0.0"}}})


if __name__ == "__main__":
    main()
