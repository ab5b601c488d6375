#!/usr/bin/env python3
"""How long until a new manager answers: from before execve(2) to the first 200 of /liveness.

    start.py PROGRAMS TOOLS [--runs 30]

An empty state directory each time, an empty ConfigMap, no broker: the answer must not wait for either. The client asks
again as soon as it was refused. Beside it nginx, the other way round in every other run. Directories, configuration and ports
are there before the clock starts.
"""
import os
import socket
import subprocess
import sys
import time

import nginx
from machine import WorkDirectory, arguments, end_all, prepare
from report import Report


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answered(port, path, limit=20):
    """Asks until the answer is 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.sendall(request)
                if b" 200 " in connection.recv(4096).split(b"\r\n", 1)[0]:
                    return
        except OSError:
            time.sleep(0.0002)
    sys.exit(f"FAIL no 200 from {path} within {limit} s")


def manager(programs, directory, number):
    """Milliseconds."""
    port, base = free_port(), os.path.join(directory, str(number))
    os.makedirs(os.path.join(base, "contracts"))
    with open(os.path.join(directory, "log"), "ab") as log:
        start = time.monotonic()
        process = subprocess.Popen(
            [os.path.join(programs, "manager")], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={"STATE_DIR": os.path.join(base, "state"), "CONFIGMAP_PATH": os.path.join(base, "contracts"),
                 "HEALTH_PORT": str(port), "HEALTH_HOST": "127.0.0.1", "BROKER_URL": "http://127.0.0.1:1"})
    answered(port, "/liveness")
    took = (time.monotonic() - start) * 1e3
    process.terminate()
    if process.wait(10) != 0:
        sys.exit(f"FAIL the manager left with {process.returncode}")
    return took


def peer(directory, number):
    """(milliseconds, None), or (None, why not)."""
    base = os.path.join(directory, f"nginx-{number}")
    os.makedirs(base)
    port, command, obstacle = nginx.configure(base)
    if obstacle:
        return None, obstacle
    start = time.monotonic()
    process = nginx.execute(command)
    answered(port, "/")
    took = (time.monotonic() - start) * 1e3
    end_all(process.pid)
    process.wait()
    return took, None


def main():
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=30)
    options = parser.parse_args()
    prepare()
    report = Report("start")
    report.version("nginx", nginx.version())
    times, others = [], []
    with WorkDirectory() as directory:
        for number in range(options.runs):
            if number % 2:
                times.append(manager(options.programs, directory, number))
            its, obstacle = peer(directory, number)
            if not obstacle:
                others.append(its)
            if not number % 2:
                times.append(manager(options.programs, directory, number))
        if obstacle:
            report.skip("nginx", obstacle)
    report.distribution("exec to /liveness 200", times, "ms", at_most=100, beside={"nginx": others} if others else None)
    report.finish()


if __name__ == "__main__":
    main()
