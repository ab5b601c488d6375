"""From the last byte of a watch event to the desired set in the state file: a server that sends events of its own making
through a watch, and the real watcher. Bar: 5 ms for a ConfigMap with ten contracts of 4 kB."""
import json
import mmap
import os
import socket
import subprocess
import sys
import time

from machine import WorkDirectory, await_, machine, prepare
from report import Report


def contract(index, edit):
    """A contract of about 4 kB."""
    interactions = [{
        "description": f"request {number}, edit {edit}", "request": {"method": "GET", "path": f"/{number}"},
        "response": {"status": 200, "body": {"value": "x" * 250}},
    } for number in range(10)]
    return json.dumps({
        "consumer": {"name": f"consumer-{index}"}, "provider": {"name": "provider"}, "interactions": interactions,
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    })


def event(kind, version, edit, changed):
    """One line. All ten contracts are in it; `changed` of them are new with each edit."""
    data = {f"{index}.json": contract(index, edit if index < changed else 0) for index in range(10)}
    return json.dumps({"type": kind, "object": {
        "kind": "ConfigMap", "apiVersion": "v1",
        "metadata": {"name": "pact-contracts", "namespace": "pact", "uid": "1", "resourceVersion": str(version)},
        "data": data}}).encode() + b"\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class Word:
    """The sequence number of the watcher's section, read as it lies in memory."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        entry = self.map.find(b'"source.ctl":')
        mark = b'{"seq":"'
        self.at = self.map.find(mark, entry) + len(mark)

    def value(self):
        return self.map[self.at:self.at + 8]


def separate(pid):
    """A processor of its own for the client, which looks without a pause: sharing one, the watcher waits for the kernel's
    ticks (4 to 8 ms in one event of ten, seen with strace: no system call in between)."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) > 1:
        os.sched_setaffinity(pid, processors[1:])
        os.sched_setaffinity(0, processors[:1])


def measure(watcher, directory, changed, count):
    listener = socket.create_server(("127.0.0.1", 0))
    state = os.path.join(directory, "state")
    process = subprocess.Popen([watcher], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={
        "CONTRACT_SOURCE": "kubernetes", "KUBERNETES_API_URL": f"http://127.0.0.1:{listener.getsockname()[1]}",
        "NAMESPACE": "pact", "STATE_DIR": state})
    separate(process.pid)
    try:
        stream, _ = listener.accept()
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while b"\r\n\r\n" not in stream.recv(65536):
            pass
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        end = {"type": "BOOKMARK", "object": {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {
            "resourceVersion": "1", "annotations": {"k8s.io/initial-events-end": "true"}}}}
        stream.sendall(chunk(event("ADDED", 1, 0, 0)) + chunk(json.dumps(end).encode() + b"\n"))
        path = os.path.join(state, "state.json")
        await_("the first desired set", lambda: os.path.exists(path) and b'"consumer-9"' in open(path, "rb").read())
        word = Word(path)
        times = []
        for edit in range(1, count + 1):
            data = chunk(event("MODIFIED", edit + 1, edit, changed))
            # All but the line's end and the chunk's: only then can the event be read.
            stream.sendall(data[:-3])
            time.sleep(0.005)
            before = word.value()
            start = time.perf_counter()
            stream.sendall(data[-3:])
            while word.value() == before:
                if time.perf_counter() - start > 5:
                    sys.exit("FAIL an event did not reach the state within 5 s")
            times.append((time.perf_counter() - start) * 1000)
        return len(event("MODIFIED", 1, 1, changed)), times
    finally:
        os.sched_setaffinity(0, range(os.cpu_count()))
        process.terminate()
        process.wait(10)
        listener.close()


def main():
    prepare()
    watcher = os.path.join(sys.argv[1], "watcher")
    report = Report("events")
    print(f"from the last byte of a watch event to the desired set in the state; {machine()}\n")
    for changed in (1, 10):
        with WorkDirectory() as directory:
            size, times = measure(watcher, directory, changed, 200)
        what = f"event of {size // 1000} kB, {changed} of 10 contracts new"
        report.distribution(what, times, "ms", percent=(99, 50), at_most=5)
    report.finish()


main()
