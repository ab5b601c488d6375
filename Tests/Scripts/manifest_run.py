"""Runs the manager's container of a built manifest as a kubelet would: its environment, its mounts, its probes.

The real manager, against local-broker in the place of the broker's container, in a network namespace of their own: so the
ports are the manifest's. Not waited for: initialDelaySeconds, for a probe that comes earlier must do no harm either.
"""

import base64
import fcntl
import http.client
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import urllib.parse

from manifest_credentials import ask_broker
from manifest_overlays import expanded
from manifest_rules import container, named, probes, secret

PATIENCE = 30


def own_network():
    """A namespace with nothing but a loopback. Raises OSError where that is not allowed."""
    if os.geteuid() != 0:
        raise PermissionError("only root gets a network namespace")
    unshare_network()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, 0x8913, request))[1]  # SIOCGIFFLAGS
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))  # SIOCSIFFLAGS, IFF_UP


def unshare_network():
    """os.unshare came with Python 3.12."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def probe(kind, spec):
    """One probe as the kubelet sends it: a GET to the pod's address, any status from 200 to 399 is success."""
    target = spec["httpGet"]
    connection = http.client.HTTPConnection("127.0.0.1", target["port"], timeout=spec.get("timeoutSeconds", 1))
    try:
        connection.request("GET", target["path"], headers={
            "User-Agent": "kube-probe/1.36", "Accept": "*/*", "Connection": "close", "Accept-Encoding": "identity"})
        answer = connection.getresponse()
        return 200 <= answer.status < 400, f"{kind} GET {target['path']} → {answer.status} {answer.read(10240)[:200]!r}"
    except OSError as error:
        return False, f"{kind} GET {target['path']} → {error}"
    finally:
        connection.close()


class Pod:
    """Broker and manager of one overlay."""

    def __init__(self, objects, programs):
        self.objects = objects
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pmm-manifest-"))
        self.directory.chmod(0o755)
        # The container's user may not enter a checkout under /root.
        self.programs = self.directory / "programs"
        self.programs.mkdir()
        for name in ("manager", "watcher", "publisher", "health-server", "local-broker"):
            shutil.copy(pathlib.Path(programs) / name, self.programs / name)
            (self.programs / name).chmod(0o755)
        self.children = []
        self.manager = container(objects, "manager")
        spec = named(objects, "Deployment", "pact-broker")["spec"]["template"]["spec"]
        self.volumes = {volume["name"]: volume for volume in spec["volumes"]}

    def values(self, container):
        """The container's environment, secrets included, as the kubelet makes it."""
        values = {}
        for each in container.get("env", []):
            reference = each.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                data = secret(self.objects, reference)
                if data or not reference.get("optional"):
                    values[each["name"]] = base64.b64decode(data).decode()
            else:
                values[each["name"]] = expanded(each["value"], values)
        return values

    def mounts(self):
        """Makes the volumes; a mount path becomes a path in our directory."""
        paths = {}
        for mount in self.manager["volumeMounts"]:
            volume, path = self.volumes[mount["name"]], self.directory / mount["mountPath"].lstrip("/")
            path.mkdir(parents=True)
            if "configMap" in volume:
                # The kubelet's layout: files in a directory of their own, `..data` points to it.
                inner = path / "..2026_01_01_00_00_00.1"
                inner.mkdir()
                (path / "..data").symlink_to(inner.name)
                for key, text in named(self.objects, "ConfigMap", volume["configMap"]["name"])["data"].items():
                    (inner / key).write_text(text)
                    (path / key).symlink_to(f"..data/{key}")
            else:
                # An emptyDir is root's, and anybody may write.
                path.chmod(0o777)
            paths[mount["mountPath"]] = str(path)
        return paths

    def start(self, name, command, values, user=None):
        log = open(self.directory / f"{name}.log", "wb")
        extra = {"user": user, "group": user, "extra_groups": []} if user else {}
        child = subprocess.Popen(command, env=values, stdout=log, stderr=subprocess.STDOUT, **extra)
        self.children.append(child)
        return child

    def start_manager(self):
        paths = self.mounts()
        values = {name: paths.get(value, value) for name, value in self.values(self.manager).items()}
        # The image's entry point, and the container's arguments; the image's PATH and nothing else.
        command = [str(self.programs / "manager"), *self.manager.get("args", [])]
        user = self.manager["securityContext"]["runAsUser"]
        return self.start("manager", command, {"PATH": "/usr/local/bin:/usr/bin:/bin", **values}, user)

    def start_broker(self):
        values = self.values(container(self.objects, "pact-broker"))
        command = [str(self.programs / "local-broker"), "--port", values["PACT_BROKER_PORT"]]
        for name in ("USERNAME", "PASSWORD", "READ_ONLY_USERNAME", "READ_ONLY_PASSWORD"):
            command += [f"--{name.lower().replace('_', '-')}", values[f"PACT_BROKER_BASIC_AUTH_{name}"]]
        return self.start("broker", command, {"PATH": "/usr/bin:/bin"})

    def until(self, wanted, kind, spec=None, every=0.1):
        """Probes until it is as wanted; how often it was not, and the last answer."""
        spec = spec or probes(self.manager)[kind]
        deadline, count = time.monotonic() + PATIENCE, 0
        while True:
            good, text = probe(kind, spec)
            if good == wanted:
                return count, text
            count += 1
            if time.monotonic() > deadline:
                raise AssertionError(f"{text} after {PATIENCE} s\n{self.logs()}")
            time.sleep(every)

    def logs(self):
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in sorted(self.directory.glob("*.log")))

    def close(self):
        codes = []
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
            try:
                codes.append(child.wait(10))
            except subprocess.TimeoutExpired:
                child.kill()
                codes.append(child.wait())
        shutil.rmtree(self.directory, ignore_errors=True)
        return codes


def require(condition, text):
    if not condition:
        raise AssertionError(text)
    print(f"ok   {text}")


def run_base(objects, programs):
    """The manager before its broker: alive and not ready; then the broker: ready by itself."""
    pod = Pod(objects, programs)
    try:
        manager = pod.start_manager()
        pod.until(True, "livenessProbe")
        _, text = pod.until(False, "readinessProbe")
        # The Service sends mock servers here all the same: they get the reason.
        require("→ 503" in text, f"without a broker alive, and not ready: {text[:90]}…")
        pod.start_broker()
        count, text = pod.until(True, "readinessProbe")
        require(True, f"ready after {count} probes: {text[:60]}…")
        good, text = probe("livenessProbe", probes(pod.manager)["livenessProbe"])
        require(good and manager.poll() is None, f"alive: {text[:60]}")
        used = sum(path.stat().st_blocks * 512 for path in (pod.directory / "state").rglob("*") if path.is_file())
        require(used < 4 << 20, f"the state takes {used >> 10} KiB of its volume")
        require(pod.close()[-1] == 0, "leaves with 0 after SIGTERM")
    finally:
        pod.close() if pod.directory.exists() else None


def run_sidecars(objects, programs, gate_open):
    """The kubelet's order: the broker's process, the manager's, its startup probe, and only then the mock server."""
    pod = Pod(objects, programs)
    try:
        spec = probes(pod.manager)["startupProbe"]
        if gate_open:
            pod.start_broker()
        else:
            # The manifest's 90 s, made short.
            path = spec["httpGet"]["path"].replace("fallback=90s", "fallback=2s")
            spec = {**spec, "httpGet": {**spec["httpGet"], "path": path}}
        begin = time.monotonic()
        pod.start_manager()
        count, text = pod.until(True, "startupProbe", spec)
        took = time.monotonic() - begin
        require(count < spec["failureThreshold"],
                f"the mock server is started after {count} probes, {took:.1f} s: {text[:80]}…")
        ready, text = probe("", {"httpGet": {"port": 8081, "path": "/providers/GCP-Secret-Manager/ready"}})
        if gate_open:
            require(ready, "and its contract is in the broker then")
        else:
            require(not ready and took >= 2, "without a broker, after the fallback, and not before it")
    finally:
        pod.close()


def run_gate(objects, programs, gate, name):
    """The gate as the init container installs it and the mock server's container starts it; the mock server is `env`."""
    pod = Pod(objects, programs)
    try:
        template = named(objects, "Deployment", name)["spec"]["template"]["spec"]
        installer, mock = template["initContainers"][0], template["containers"][0]
        directory = pod.directory / "gate"
        directory.mkdir(mode=0o777)
        directory.chmod(0o777)
        user = installer["securityContext"]["runAsUser"]
        command = [gate, *installer["command"][1:-1], str(directory)]
        require(pod.start("install", command, {}, user).wait(PATIENCE) == 0, f"{' '.join(installer['command'])}")

        pod.start_broker()
        pod.start_manager()
        values = pod.values(mock)
        # The Service's name, as the cluster's DNS gives it.
        values["MANAGER_URL"] = values["MANAGER_URL"].replace("pact-mocks-manager", "127.0.0.1")
        arguments = [expanded(text, values) for text in mock["args"]]
        options = dict(text.split("=", 1) for text in arguments if "=" in text)
        arguments[arguments.index("--") + 1:] = ["/usr/bin/env"]
        command = [mock["command"][0].replace("/gate", str(directory)), *arguments]
        child = pod.start("mock", command, values, mock["securityContext"]["runAsUser"])
        code = child.wait(PATIENCE)
        said = (pod.directory / "mock.log").read_text()
        require(code == 0 and "PACT_CONTRACT_READY=1" in said.splitlines(), f"the gate starts {name} with its contract"
                if code == 0 else f"the gate: {code} {said}")
        path = f"/pacts/provider/{urllib.parse.quote(options['--provider-name'])}/latest"
        answers = [ask_broker(options, "GET", path), ask_broker(options, "POST", "/contracts/publish", "{}")]
        require(answers == [200, 401], f"which reads it with a user who may not publish: {answers}")
    finally:
        pod.close()
