"""The whole thing as it is used: a local broker, the example contracts in a directory as the kubelet mounts a ConfigMap,
and the real manager with its three real workers at default settings."""
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import time

from apart import check_apart, private_copy
from machine import await_, children, name_of, read

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/examples/contracts")


def contract(consumer, provider, description="a", filler=0):
    """A contract with one interaction; `filler`: bytes of body more."""
    response = {"status": 200, **({"body": "x" * filler} if filler else {})}
    interaction = {"description": description, "request": {"method": "GET", "path": "/"}, "response": response}
    return json.dumps({"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": [interaction]})


def generated(count):
    """{file name: contract}: each of its own provider, 20 of a consumer."""
    return {f"{number}.json": contract(f"consumer-{number // 20}", f"provider-{number}") for number in range(count)}


class Stack:
    def __init__(self, programs, directory, contracts=None, settings=None, arguments=(), is_apart=False, started=None):
        """`contracts`: the number of generated ones, each of its own provider, 20 of a consumer, or {file name: text};
        without it the three examples. `settings`: environment of the manager; `arguments`: of the broker. `is_apart`: the
        broker shares no page with the manager, for measurements of memory. `started` is called with the manager's pid as
        soon as there is one."""
        self.programs, self.directory = programs, directory
        self.logs = {}
        if contracts is None:
            contracts = {name: read(os.path.join(EXAMPLES, name)) for name in os.listdir(EXAMPLES)
                         if name.endswith(".json")}
        self.mount = os.path.join(directory, "pact-contracts")
        os.mkdir(self.mount)
        self.generation = 0
        self.publish(generated(contracts) if isinstance(contracts, int) else contracts)
        program, environment = os.path.join(programs, "local-broker"), {}
        if is_apart:
            program, environment = private_copy(program, os.path.join(directory, "broker"))
        self.broker = self._start(program, ["--port", "0", "--quiet", *arguments], environment)
        url = self._said("local-broker", r"listening on (\S+)")
        self.broker_port = int(url.rsplit(":", 1)[1].rstrip("/"))
        self.manager = self._start("manager", [], {
            "BROKER_URL": url, "CONFIGMAP_PATH": self.mount, "STATE_DIR": os.path.join(directory, "state"),
            "HEALTH_PORT": "0", **(settings or {}),
        })
        if started:
            started(self.manager.pid)
        self.port = int(self._said("manager", r"health\.port=(\d+)"))
        await_("/readiness is 200", lambda: self.status_of("/readiness") == 200)
        if is_apart:
            check_apart(self.broker.pid, [self.manager.pid, *self.workers().values()])

    def publish(self, files):
        """Replaces the mounted ConfigMap as the kubelet does it: a new timestamped directory, and `..data` is renamed to
        point there. Returns when the rename is done, at the time it was."""
        self.generation += 1
        name = f"..2026_01_01_00_00_00.{self.generation}"
        os.mkdir(os.path.join(self.mount, name))
        for key, content in files.items():
            with open(os.path.join(self.mount, name, key), "w", encoding="utf-8") as file:
                file.write(content)
        data, temporary = os.path.join(self.mount, "..data"), os.path.join(self.mount, "..data_tmp")
        old = os.readlink(data) if os.path.lexists(data) else None
        os.symlink(name, temporary)
        swapped = time.monotonic()
        os.rename(temporary, data)
        for key in files:
            if not os.path.lexists(os.path.join(self.mount, key)):
                os.symlink(os.path.join("..data", key), os.path.join(self.mount, key))
        if old:
            shutil.rmtree(os.path.join(self.mount, old))
        self.contracts = list(files)
        return swapped

    def published(self):
        """How many contracts are known to be in the broker; -1 without an answer."""
        status = self.json("/status")
        return status["readiness"]["published"] if status else -1

    def json(self, path, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Accept": "application/json", "Connection": "close"})
            return json.load(connection.getresponse())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    def _start(self, program, arguments, environment):
        """`program`: a path, or the name of one of ours."""
        name = os.path.basename(program)
        self.logs[name] = os.path.join(self.directory, name + ".log")
        with open(self.logs[name], "ab") as log:
            return subprocess.Popen(
                [os.path.join(self.programs, program), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
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
