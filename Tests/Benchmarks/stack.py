"""The whole thing as it is used: a local broker, the example contracts in a directory as the kubelet mounts a ConfigMap,
and the real manager with its three real workers at default settings."""
import http.client
import json
import os
import re
import shutil
import subprocess
import sys

from machine import await_, children, name_of, read

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/examples/contracts")


class Stack:
    def __init__(self, programs, directory, generated=0):
        """`generated`: contracts besides the examples, each of its own provider, 20 of a consumer."""
        self.programs, self.directory = programs, directory
        self.logs = {name: os.path.join(directory, name + ".log") for name in ("local-broker", "manager")}
        mount = self._mount(generated)
        self.broker = self._start("local-broker", ["--port", "0", "--quiet"], {})
        url = self._said("local-broker", r"listening on (\S+)")
        self.manager = self._start("manager", [], {
            "BROKER_URL": url, "CONFIGMAP_PATH": mount, "STATE_DIR": os.path.join(directory, "state"),
            "HEALTH_PORT": "0",
        })
        self.port = int(self._said("manager", r"health\.port=(\d+)"))
        await_("/readiness is 200", lambda: self.status_of("/readiness") == 200)

    def _mount(self, generated):
        """The kubelet's layout: files in a timestamped directory, `..data` points to it."""
        mount = os.path.join(self.directory, "pact-contracts")
        generation = "..2026_01_01_00_00_00.1"
        shutil.copytree(EXAMPLES, os.path.join(mount, generation))
        for number in range(generated):
            interaction = {"description": "a", "request": {"method": "GET", "path": "/"}, "response": {"status": 200}}
            contract = {"consumer": {"name": f"consumer-{number // 20}"}, "provider": {"name": f"provider-{number}"},
                        "interactions": [interaction]}
            with open(os.path.join(mount, generation, f"{number}.json"), "w", encoding="utf-8") as file:
                json.dump(contract, file)
        os.symlink(generation, os.path.join(mount, "..data"))
        self.contracts = [name for name in os.listdir(os.path.join(mount, generation)) if name.endswith(".json")]
        for name in self.contracts:
            os.symlink(os.path.join("..data", name), os.path.join(mount, name))
        return mount

    def _start(self, name, arguments, environment):
        with open(self.logs[name], "ab") as log:
            return subprocess.Popen(
                [os.path.join(self.programs, name), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env={"PATH": os.environ["PATH"], **environment})

    def _said(self, name, pattern):
        return await_(f"{name} says {pattern}", lambda: re.search(pattern, read(self.logs[name])))[1]

    def status_of(self, path):
        """The HTTP status; 0 without an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def workers(self):
        """{name: pid} of the living workers."""
        return {name_of(pid): pid for pid in children(self.manager.pid)}

    def stop(self):
        self.manager.terminate()
        try:
            code = self.manager.wait(10)
        except subprocess.TimeoutExpired:
            sys.exit("FAIL the manager is still there 10 s after SIGTERM")
        if code != 0:
            sys.stderr.write(read(self.logs["manager"])[-2000:])
            sys.exit(f"FAIL the manager left with {code}")
        self.broker.terminate()
        self.broker.wait(10)
