#!/usr/bin/env python3
"""How long after the commit of a contract's proof a held request has its answer.

    longpoll.py PROGRAMS TOOLS [--commits 1000] [--clients 384]

The real health server, alone, on a state directory; a writer with the publisher's own code commits that a contract is
wanted, waits until the requests are held, commits that it is there, and takes the time from just before that commit until
the answers are there. First one client, then all the places that there are.
"""
import os
import re
import subprocess
import sys
import tempfile

from machine import WorkDirectory, arguments, await_, machine, prepare, read
from report import Report


def measure(options, directory, commits, clients):
    """[(commit, first, last)] in microseconds."""
    state = tempfile.mkdtemp(prefix="state-", dir=directory)
    log = state + ".log"
    with open(log, "ab") as file:
        server = subprocess.Popen(
            [os.path.join(options.programs, "health-server")], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            env={"PATH": os.environ["PATH"], "STATE_DIR": state, "HEALTH_PORT": "0", "HEALTH_HOST": "127.0.0.1"})
    port = await_("the server says its port", lambda: re.search(r"port=(\d+)", read(log)))[1]
    writer = subprocess.run(
        [os.path.join(options.programs, "StateExerciser"), "hold-requests", state, port, str(commits + 1), str(clients)],
        stdout=subprocess.PIPE, text=True)
    server.terminate()
    server.wait(10)
    if writer.returncode != 0:
        sys.exit(f"FAIL the writer left with {writer.returncode}: {writer.stdout[-500:]}\n{read(log)[-2000:]}")
    # The first one not: the server was there before the state file, and looks for that every 100 ms.
    return [tuple(int(word) / 1e3 for word in line.split()) for line in writer.stdout.splitlines()[1:]]


def main():
    parser = arguments(__doc__)
    parser.add_argument("--commits", type=int, default=1000, help="commits with one client")
    parser.add_argument("--clients", type=int, default=384, help="held requests in the second part, 50 commits")
    options = parser.parse_args()
    if not os.access(os.path.join(options.programs, "StateExerciser"), os.X_OK):
        print("skipped: build the writer first: swift build -c release --product StateExerciser")
        return
    prepare()
    print(f"commit to long-poll answer, microseconds; {machine()}\n")
    report = Report("longpoll")
    with WorkDirectory() as directory:
        for commits, clients in [(options.commits, 1), (50, options.clients)]:
            results = measure(options, directory, commits, clients)
            names = ["the commit itself", "first answer", "last answer"][:2 if clients == 1 else 3]
            for name, values in zip(names, zip(*results)):
                report.distribution(f"{clients} held: to {name}", values, "µs", percent=(50, 99, 100))
        last = []
        for clients in sorted({1, 4, 16, 64, options.clients}):
            results = measure(options, directory, 30, clients)
            last.append((clients, sorted(row[-1] for row in results)[len(results) // 2]))
        report.grows("commit to the last long-poll answer", "held requests", "µs", last)
    report.finish()


if __name__ == "__main__":
    main()
