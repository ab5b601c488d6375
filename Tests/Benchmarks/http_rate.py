#!/usr/bin/env python3
"""Requests a second: /providers/P/ready and /liveness, beside nginx returning a constant of the same size.

    http_rate.py PROGRAMS TOOLS [--seconds 2] [--rounds 3] [--connections 16]

wrk with one thread, keep-alive and with a new connection for each request; the targets in turn, several rounds. Each
figure is the median of the rounds: of their rates, of their medians, of their 99th percentiles.
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import urllib.parse

import nginx
import versions
from machine import WorkDirectory, arguments, machine, prepare
from report import Report
from stack import EXAMPLES, Stack

SCRIPT = """
done = function(summary, latency, requests)
  io.write(string.format("RESULT %f %d %d %d\\n", summary.requests / summary.duration * 1e6, latency:percentile(50),
    latency:percentile(99), summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


def run(url, script, seconds, connections, closes):
    """(requests a second, median µs, p99 µs)."""
    header = ["-H", "Connection: close"] if closes else []
    # wrk counts the end of a connection that it has asked for itself as an error of reading now and then.
    result = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *header, "-s", script, url],
                            capture_output=True, text=True)
    found = re.search(r"RESULT (\S+) (\d+) (\d+) (\d+)", result.stdout)
    if not found or "Non-2xx" in result.stdout:
        sys.exit(f"FAIL wrk: {result.stdout[-500:]}{result.stderr[-500:]}")
    return float(found[1]), int(found[2]), int(found[3])


def main():
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    prepare()
    report = Report("http_rate")
    if not shutil.which("wrk"):
        report.skip("all of it", "wrk is not installed (Debian: wrk)")
        report.finish()
        return
    report.version("wrk", versions.package("wrk"))
    print(f"requests a second over {options.connections} connections; {machine()}\n")
    with WorkDirectory() as directory:
        script = os.path.join(directory, "done.lua")
        with open(script, "w", encoding="utf-8") as file:
            file.write(SCRIPT)
        stack = Stack(options.programs, directory)
        with open(os.path.join(EXAMPLES, min(os.listdir(EXAMPLES))), encoding="utf-8") as file:
            provider = urllib.parse.quote(json.load(file)["provider"]["name"], safe="")
        path = f"/providers/{provider}/ready"
        targets = {path: f"http://127.0.0.1:{stack.port}{path}", "/liveness": f"http://127.0.0.1:{stack.port}/liveness"}
        text = subprocess.run(["curl", "-sS", targets[path]], capture_output=True, text=True).stdout
        port, _, obstacle = nginx.start_nginx(directory, body=text.replace("'", ""))
        if obstacle:
            report.skip("nginx", obstacle)
        else:
            targets["nginx"] = f"http://127.0.0.1:{port}/"
            report.version("nginx", nginx.version())
        for closes, name, least in ((False, "keep-alive", 0.3), (True, "new connection each", 0.5)):
            found = {target: [] for target in targets}
            for _ in range(options.rounds):
                for target, url in targets.items():
                    found[target].append(run(url, script, options.seconds, options.connections, closes))
            middle = {target: [statistics.median(column) for column in zip(*results)]
                      for target, results in found.items()}
            its = middle.get("nginx")
            for target in (path, "/liveness"):
                what = "/providers/P/ready" if target == path else target
                for index, (kind, unit) in enumerate((("rate", "/s"), ("median", "µs"), ("p99", "µs"))):
                    report.figure(f"{what}, {name}, {kind}", middle[target][index], unit,
                                  beside={"nginx": its[index]} if its else None)
                if its and target == path:
                    report.figure(f"{what}, {name}, in nginx's rate", middle[target][0] / its[0], "×", at_least=least)
        stack.stop()
    report.finish()


if __name__ == "__main__":
    main()
