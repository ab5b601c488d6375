#!/usr/bin/env python3
"""From an edit to the answer that somebody waits for.

    change.py PROGRAMS TOOLS [--edits 40] [--service 0,20]

A request for a provider without a contract is held; then the directory is swapped as the kubelet does it, with that
contract in it. Measured from the rename until the answer is there: the watcher has seen, read and stored it, the
publisher has published it and found it in the broker's list, the state says so, the held request is answered. The broker
is the local one, at once and with 20 ms for each request. Its two answers that stand in between, to the publication and
to the list, are taken off in a second figure: as twice what one GET of its list takes this client, over a new connection,
when nothing else is asked (median of 20). The publication's own answer is not timed.
The same through the Kubernetes API, from the moment that the API server has answered the edit.
"""
import http.client
import json
import os
import re
import sys
import threading
import time

from machine import WorkDirectory, arguments, await_, machine, prepare
from report import Report
from stack import Stack, contract

NAMESPACE, NAME = "pact", "pact-contracts"


class Held(threading.Thread):
    """A held request, and when its answer came."""

    def __init__(self, port, provider):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.request("GET", f"/providers/{provider}/ready?wait=30s")
        self.provider = provider

    def run(self):
        answer = self.connection.getresponse()
        self.at = time.monotonic()
        self.status = answer.status
        self.connection.close()


class KubernetesStack(Stack):
    """As Stack, with the contracts in a ConfigMap of the local API server."""

    def _start(self, name, arguments, environment):
        if name == "manager":
            self.api = super()._start("local-kubernetes", ["--port", "0", "--quiet"], {})
            address = self._said("local-kubernetes", r"(https?://[^\s\"]+)")
            self.api_port = int(re.search(r":(\d+)", address.split("//")[1])[1])
            self.edits = 0
            token = os.path.join(self.directory, "token")
            with open(token, "w", encoding="utf-8") as file:
                file.write("admin")
            self.edit({})
            environment = {**environment, "CONTRACT_SOURCE": "kubernetes", "KUBERNETES_API_URL": address.rstrip("/"),
                           "NAMESPACE": NAMESPACE, "CONFIGMAP_NAME": NAME,
                           "KUBERNETES_TOKEN_FILE": token}
        return super()._start(name, arguments, environment)

    def edit(self, files):
        """Returns when the API server has answered, at the time it has."""
        body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME, "namespace": NAMESPACE},
                           "data": files})
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=10)
        path = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
        method, path = ("PUT", f"{path}/{NAME}") if self.edits else ("POST", path)
        connection.request(method, path, body,
                           {"Content-Type": "application/json", "Authorization": "Bearer admin"})
        answer = connection.getresponse()
        text = answer.read()
        at = time.monotonic()
        connection.close()
        if answer.status not in (200, 201):
            sys.exit(f"FAIL the API server answers {answer.status}: {text[:300]}")
        self.edits += 1
        return at

    def stop(self):
        super().stop()
        self.api.terminate()
        self.api.wait(10)


def set_service_time(stack, milliseconds):
    connection = http.client.HTTPConnection("127.0.0.1", stack.broker_port, timeout=10)
    connection.request("PUT", "/_faults", json.dumps({"latency_ms": milliseconds} if milliseconds else []),
                       {"Content-Type": "application/json"})
    if connection.getresponse().status >= 300:
        sys.exit("FAIL the local broker does not take the latency")


def measure(stack, edits, service, write):
    """Milliseconds: [(all, without the broker's own time)]."""
    set_service_time(stack, service)
    files, result = {}, []
    for number in range(edits):
        # Not in step with the checks of the broker.
        time.sleep(0.15 + number % 7 * 0.05)
        provider = f"Provider-{service}-{number}"
        held = Held(stack.port, provider)
        held.start()
        await_("the request is held", lambda: (stack.json("/status") or {}).get("waiters") == 1)
        # One consumer each: as many requests whatever came before.
        files = {**dict(list(files.items())[-5:]), f"{service}-{number}.json": contract(f"Consumer-{service}-{number}", provider)}
        began = write(files)
        held.join(30)
        if held.is_alive() or held.status != 200:
            sys.exit(f"FAIL no answer for {provider}")
        result.append((held.at - began) * 1e3)
    return result


def broker_time(stack, service):
    """What the broker takes for the two requests that stand between an edit and its proof, the publication and the list;
    milliseconds: twice the median time of the list, as this client sees it over a new connection each."""
    times = []
    for _ in range(20):
        began = time.monotonic()
        stack.json("/pacts/latest", stack.broker_port)
        times.append((time.monotonic() - began) * 1e3)
    return 2 * sorted(times)[len(times) // 2]


def main():
    parser = arguments(__doc__)
    parser.add_argument("--edits", type=int, default=40)
    parser.add_argument("--service", default="0,20", help="milliseconds of the broker for each request")
    options = parser.parse_args()
    prepare()
    report = Report("change")
    print(f"an edit to the held request's answer; {machine()}\n")
    for name, kind in (("directory", Stack), ("Kubernetes API", KubernetesStack)):
        with WorkDirectory() as directory:
            stack = kind(options.programs, directory, {})
            write = stack.edit if kind is KubernetesStack else stack.publish
            for service in (int(word) for word in options.service.split(",")):
                times = measure(stack, options.edits, service, write)
                own = broker_time(stack, service)
                report.distribution(f"{name}, broker {service} ms, all", times, "ms")
                report.distribution(f"{name}, broker {service} ms, less its two answers", [time - own for time in times],
                                    "ms", at_most=25)
            stack.stop()
    report.finish()


if __name__ == "__main__":
    main()
