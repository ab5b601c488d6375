#!/usr/bin/env python3
"""What the hot paths cost in instructions, which no load on the machine changes: a guard against getting slower.

    instructions.py PROGRAMS [--record]

Under valgrind's callgrind, each path twice, with few and with many repetitions: the difference is what one costs, without
the start. Only instructions of our programs and of Swift's libraries count; those of the C library and of libcurl depend
on the processor and on the distribution. The answers are those of a server with the state that a real manager made with
1,000 published contracts; the provider asked for is the last by name, so that a search through all would show, and every
answer's status is looked at. Fails if a path takes more than a tenth more than instructions.json says; --record writes
that file. Leaves with 77 where it cannot run, and with another compiler than the recorded one.
"""
import argparse
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys

from bulk import Broker, write
from machine import WorkDirectory, await_, prepare, read, table
from stack import Stack, generated

RECORD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "instructions.json")
TOLERANCE = 0.10
CONTRACTS = 1000
# The greatest of all names by bytes.
PROVIDER = f"provider-{CONTRACTS - 1}"


class Counter:
    def __init__(self, programs, directory):
        self.directory, self.number = directory, 0
        self.stripped = os.path.join(directory, "programs")
        os.mkdir(self.stripped)
        for name in ("StateExerciser", "publisher", "health-server"):
            # Debian's valgrind gives up on the debugging information of Swift's compiler.
            subprocess.run(["strip", "-g", "-o", os.path.join(self.stripped, name), os.path.join(programs, name)], check=True)

    def start(self, name, arguments, environment=None):
        self.number += 1
        output = os.path.join(self.directory, f"callgrind.{self.number}")
        log = os.path.join(self.directory, f"{name}.{self.number}.log")
        with open(log, "wb") as file:
            # Otherwise each process hashes with a seed of its own.
            process = subprocess.Popen(
                ["valgrind", "-q", "--tool=callgrind", "--dump-line=no", f"--callgrind-out-file={output}",
                 os.path.join(self.stripped, name), *arguments], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                env={"PATH": os.environ["PATH"], "SWIFT_DETERMINISTIC_HASHING": "1", **(environment or {})})
        return process, log, output

    def count(self, name, arguments, environment=None):
        """Instructions of a program that ends by itself."""
        process, log, output = self.start(name, arguments, environment)
        self.end(name, process, log)
        return counted(output, name)

    @staticmethod
    def end(name, process, log):
        try:
            code = process.wait(300)
        except subprocess.TimeoutExpired:
            sys.exit(f"FAIL {name} does not end under valgrind")
        if code != 0:
            sys.exit(f"FAIL {name} left with {code} under valgrind: {read(log)[-1000:]}")


def counted(path, name):
    """The instructions in `name` and in libswift*, of a callgrind output without line numbers."""
    names, ours, total, skips = {}, False, 0, False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("ob=") or line.startswith("cob="):
                number, _, text = line.split("=", 1)[1].strip().partition(" ")
                if text:
                    names[number] = os.path.basename(text)
                if line.startswith("ob="):
                    ours = names[number] == name or names[number].startswith("libswift")
            elif line.startswith("calls="):
                # The next line is what the called function took.
                skips = True
            elif line[0].isdigit() or line[0] in "+-*":
                if not skips and ours:
                    total += int(line.split()[1])
                skips = False
    return total


def state(counter, what, pairs, count):
    directory = os.path.join(counter.directory, f"state-{counter.number}")
    os.mkdir(directory, 0o700)
    return counter.count("StateExerciser", [what, directory, str(pairs), str(count)])


def publish(counter, programs, count):
    directory = os.path.join(counter.directory, f"contracts-{counter.number}")
    write(directory, generated(count))
    broker = Broker(programs, counter.directory, 0)
    result = counter.count("publisher", ["--once", "--contracts", directory, "--commit", "abc123"],
                           {"BROKER_URL": broker.url, "GIT_BRANCH": "main", "CHECK_INTERVAL_SECS": "300"})
    broker.end(count)
    return result


def published_state(programs, directory):
    """The state directory that a manager had with all contracts in the broker, copied at rest. What it says of the broker
    is old soon: who reads it needs a long interval."""
    stack = Stack(programs, directory, CONTRACTS, {"CHECK_INTERVAL_SECS": "300"})
    await_("everything is published", lambda: stack.published() == CONTRACTS, 60)
    source, copy = os.path.join(directory, "state"), os.path.join(directory, "published")
    # The publisher had to make a larger file; the watcher writes its section into that some seconds later.
    await_("the state has the contracts", lambda: re.search(
        r'"source\.ctl": *{"seq":"(?!00000000)', read(os.path.join(source, "state.json"))))
    shutil.copytree(source, copy)
    stack.stop()
    return copy


def answers(counter, source, target, expected, count):
    """The instructions of a server on its own copy of the state `source` that answers `count` times, each with the status
    `expected`."""
    directory = os.path.join(counter.directory, f"health-{counter.number}")
    shutil.copytree(source, directory)
    process, log, output = counter.start("health-server", [], {
        "STATE_DIR": directory, "HEALTH_PORT": "0", "HEALTH_HOST": "127.0.0.1", "CHECK_INTERVAL_SECS": "300"})
    port = int(await_("the health server says its port", lambda: re.search(r"port=(\d+)", read(log)), 60)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    # It listens before it has read the state. Its log says when, so that no request is asked too often or too rarely.
    await_("the health server has read the state", lambda: "readiness changed ready=true" in read(log), 60)
    for _ in range(count):
        connection.request("GET", target)
        answer = connection.getresponse()
        answer.read()
        if answer.status != expected:
            sys.exit(f"FAIL {target} is answered with {answer.status}, not with {expected}")
    connection.close()
    process.send_signal(signal.SIGTERM)
    counter.end("health-server", process, log)
    return counted(output, "health-server")


def measure(programs, directory):
    """{path: instructions}."""
    counter = Counter(programs, directory)

    def slope(few, many, body):
        return (body(many) - body(few)) / (many - few)
    commit = slope(2, 12, lambda count: state(counter, "commits", 1000, count))
    both = slope(2, 12, lambda count: state(counter, "reads", 1000, count))
    base = os.path.join(directory, "manager")
    os.mkdir(base)
    made = published_state(programs, base)

    def answer(target, expected):
        return slope(100, 1100, lambda count: answers(counter, made, target, expected, count))
    return {
        "commit of 1,000 contracts": commit,
        "read of 1,000 contracts": both - commit,
        "one of 1,000 contracts read, planned, published and found in the list": slope(
            200, 1000, lambda count: publish(counter, programs, count)),
        "/liveness": answer("/liveness", 200),
        "/providers/P/ready, 1,000 contracts published": answer(f"/providers/{PROVIDER}/ready", 200),
        "/providers/P/ready, 404": answer("/providers/nobody/ready", 404),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=os.path.abspath, help="directory of the release build")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    for tool in ("valgrind", "strip"):
        if not shutil.which(tool):
            print(f"{tool} is not installed")
            sys.exit(77)
    if os.uname().machine != "x86_64":
        print(f"the counts are those of x86_64, this is {os.uname().machine}")
        sys.exit(77)
    compiler = subprocess.run([os.environ.get("SWIFT", "swift"), "--version"], capture_output=True, text=True)
    compiler = compiler.stdout.split("(")[0].strip()
    if not options.record:
        with open(RECORD, encoding="utf-8") as file:
            record = json.load(file)
        if record["compiler"] != compiler:
            print(f"recorded with {record['compiler']}, this is {compiler}")
            sys.exit(77)
    prepare()
    with WorkDirectory() as directory:
        found = {what: round(count) for what, count in measure(options.programs, directory).items()}
    if options.record:
        with open(RECORD, "w", encoding="utf-8") as file:
            record = {"compiler": compiler, "instructions": found}
            json.dump(record, file, indent=2)
            file.write("\n")
    recorded = record["instructions"]
    rows, failed = [], []
    for what in sorted(set(found) | set(recorded)):
        if what not in found or what not in recorded:
            failed.append(f"{what} is only in {'the record' if what in recorded else 'this run'}")
            continue
        change = found[what] / recorded[what] - 1
        rows.append([what, f"{found[what]:,}", f"{recorded[what]:,}", f"{change:+.1%}"])
        if change > TOLERANCE:
            failed.append(f"{what} takes {change:.1%} more instructions than recorded")
        elif change < -TOLERANCE:
            failed.append(f"{what} takes {-change:.1%} fewer instructions than recorded: record that, or it may be lost again")
    table(["path", "instructions", "recorded", "change"], rows)
    if failed:
        sys.exit("FAIL " + "; ".join(failed) + "; if that is meant: make instructions RECORD=1")


if __name__ == "__main__":
    main()
