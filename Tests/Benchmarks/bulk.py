#!/usr/bin/env python3
"""Publishing many contracts, beside the Pact Broker's own command line client (Rust).

    bulk.py PROGRAMS TOOLS [--counts 100,1000,2000] [--service 0,20] [--runs 3]

`publisher --once` and `pact broker publish`, each into a local broker that has nothing yet; the order changes from run to
run. The broker answers at once, and takes 20 ms for each request. Ours reads everything back before it says done; the
peer does not. Each figure is the median of its runs, or of one run where that takes the peer a minute, which its name
then says. 20 contracts of a consumer: the peer is called once for each consumer, because one call is one consumer's
version, and those calls follow one another without a pause.
"""
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

import versions
from machine import WorkDirectory, arguments, await_, machine, prepare, read
from report import Report
from stack import generated

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Scripts")


def peer():
    """(path, version, None) of the peer, or (None, None, why not)."""
    found = subprocess.run([os.path.join(SCRIPTS, "peers.sh")], capture_output=True, text=True)
    if found.returncode != 0:
        return None, None, found.stderr.strip().splitlines()[-1] if found.stderr.strip() else "it cannot be had"
    return found.stdout.strip(), versions.pypi("peers-venv", "pact-python-cli"), None


class Broker:
    def __init__(self, programs, directory, service):
        self.log = os.path.join(directory, "broker.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([os.path.join(programs, "local-broker"), "--port", "0", "--quiet"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.url = await_("the broker listens", lambda: re.search(r"listening on (\S+)", read(self.log)))[1]
        if service:
            self.ask("PUT", "/_faults", {"latency_ms": service})

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.url.split("//")[1].rstrip("/"), timeout=30)
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            sys.exit(f"FAIL the local broker answers {answer.status} to {method} {path}")
        return text

    def end(self, count):
        stored = json.loads(self.ask("GET", "/_stored"))
        pairs = stored["pairs"] if isinstance(stored, dict) else stored
        if len(pairs) != count:
            sys.exit(f"FAIL {len(pairs)} of {count} contracts are in the broker")
        self.process.terminate()
        self.process.wait(10)


def write(directory, files):
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    for name, text in files.items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)


def ours(programs, broker, directory):
    publisher = subprocess.run([os.path.join(programs, "publisher"), "--once", "--contracts", directory, "--commit", "abc123"],
                               env={"BROKER_URL": broker.url, "GIT_BRANCH": "main"}, capture_output=True, text=True)
    if publisher.returncode != 0:
        sys.exit(f"FAIL publisher left with {publisher.returncode}: {publisher.stderr[-500:]}")


def theirs(program, broker, directory):
    """One call for each consumer."""
    by_consumer = {}
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            by_consumer.setdefault(json.load(file)["consumer"]["name"], []).append(os.path.join(directory, name))
    for files in by_consumer.values():
        call = subprocess.run([program, "broker", "publish", *files, "--consumer-app-version", "abc123", "--branch", "main",
                               "--broker-base-url", broker.url], capture_output=True, text=True)
        if call.returncode != 0:
            sys.exit(f"FAIL the peer left with {call.returncode}: {(call.stdout + call.stderr)[-500:]}")


def timed(programs, base, count, service, publish):
    broker = Broker(programs, base, service)
    began = time.monotonic()
    publish(broker)
    took = time.monotonic() - began
    broker.end(count)
    return took


def main():
    parser = arguments(__doc__)
    parser.add_argument("--counts", default="100,1000,2000")
    parser.add_argument("--service", default="0,20", help="milliseconds of the broker for each request")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    prepare()
    report = Report("bulk")
    program, version, obstacle = peer()
    if obstacle:
        report.skip("the Rust client", obstacle)
    else:
        report.version("PyPI pact-python-cli", version)
    print(f"publishing in bulk; {machine()}\n")
    with WorkDirectory() as base:
        contracts = os.path.join(base, "contracts")
        for count in (int(word) for word in options.counts.split(",")):
            write(contracts, generated(count))
            for service in (int(word) for word in options.service.split(",")):
                # 1,000 contracts at 20 ms take the peer half a minute, and are judged; what takes longer is not.
                runs = options.runs if count * service <= 20_000 else 1
                mine, others = [], []
                for run in range(runs):
                    pair = [(mine, lambda broker: ours(options.programs, broker, contracts))]
                    if program:
                        pair.append((others, lambda broker: theirs(program, broker, contracts)))
                    for times, publish in pair if run % 2 else reversed(pair):
                        times.append(timed(options.programs, base, count, service, publish))
                rate = count / statistics.median(mine)
                other = count / statistics.median(others) if others else None
                what = f"{count} contracts, broker {service} ms" + (", one run" if runs == 1 else "")
                report.figure(what, rate, "contracts/s", beside={"pact (Rust)": other} if other else None)
                if other and count == 1000:
                    report.figure(f"{what}, in the Rust client's rate", rate / other, "×",
                                  at_least=10 if service == 20 else 4 if service == 0 else None)
    report.finish()


if __name__ == "__main__":
    main()
