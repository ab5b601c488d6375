#!/usr/bin/env python3
"""How long after the commit of a contract's proof a held request has its answer.

    longpoll.py PROGRAMS TOOLS [--commits 1000] [--clients 384]

The real health server, alone, on a state directory; a writer with the publisher's own code commits that a contract is
wanted, waits until the requests are held, commits that it is there, and takes the time from just before that commit until
the answers are there. First one client, then all the places that there are.
"""
import argparse
import os
import re
import subprocess
import sys

from machine import Load, WorkDirectory, await_, machine, nearest_rank, prepare, read, table


def measure(options, directory, commits, clients):
    """[(commit, first, last)] in microseconds."""
    state, log = os.path.join(directory, f"state-{clients}"), os.path.join(directory, f"log-{clients}")
    os.mkdir(state, 0o700)
    with open(log, "ab") as file:
        server = subprocess.Popen(
            [os.path.join(options.programs, "health-server")], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            env={"PATH": os.environ["PATH"], "STATE_DIR": state, "HEALTH_PORT": "0", "HEALTH_HOST": "127.0.0.1"})
    port = await_("the server says its port", lambda: re.search(r"port=(\d+)", read(log)))[1]
    writer = subprocess.run(
        [os.path.join(options.programs, "StateExerciser"), "hold-requests", state, port, str(commits), str(clients)],
        stdout=subprocess.PIPE, text=True)
    server.terminate()
    server.wait(10)
    if writer.returncode != 0:
        sys.exit(f"FAIL the writer left with {writer.returncode}: {writer.stdout[-500:]}\n{read(log)[-2000:]}")
    return [tuple(int(word) / 1e3 for word in line.split()) for line in writer.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=os.path.abspath, help="directory of the release build")
    parser.add_argument("tools", type=os.path.abspath, help="not used")
    parser.add_argument("--commits", type=int, default=1000, help="commits with one client")
    parser.add_argument("--clients", type=int, default=384, help="held requests in the second part, 50 commits")
    options = parser.parse_args()
    if not os.access(os.path.join(options.programs, "StateExerciser"), os.X_OK):
        print("skipped: build the writer first: swift build -c release --product StateExerciser")
        return
    prepare()
    print(f"commit to long-poll answer, microseconds; {machine()}\n")
    rows, load = [], Load()
    with WorkDirectory() as directory:
        for commits, clients in [(options.commits, 1), (50, options.clients)]:
            results = measure(options, directory, commits, clients)
            names = ["the commit itself", "first answer", "last answer"][:2 if clients == 1 else 3]
            for name, values in zip(names, zip(*results)):
                rows.append([clients, name, len(values), *[f"{value:.0f}" for value in (
                    min(values), nearest_rank(values, 50), nearest_rank(values, 99), max(values))]])
    table(["held requests", "from just before the commit to", "commits", "min", "median", "p99", "max"], rows)
    print(load.summary())


if __name__ == "__main__":
    main()
