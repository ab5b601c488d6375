"""The services of deploy/compose/compose.yaml, run without an engine: with the file's own commands, environment, volumes,
users and restart policy in the root file system of rootfs.sh. In place of the broker's image there is the local broker, in
place of the stub server's the `pact stub` of the same version.

composerun.py CACHE BROKER PACT, in a network namespace of its own: what rootfs.sh kept, the local broker, `pact`.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
from types import SimpleNamespace

import compose
import container
import dockerfile
import layers
from checks import Failed, ask, expect, say, until

EXAMPLES, OWN = "deploy/examples/contracts", "deploy/kubernetes/overlays/example-yours/contracts"
STUB, HEALTH = "http://127.0.0.1:8080", "http://127.0.0.1:8081"


class Stack:
    """The services as containers of container.py, in one network namespace, in which all their names are this machine."""

    def __init__(self, cache, broker_program, pact, contracts, environment):
        self.cache, self.broker_program, self.pact = pathlib.Path(cache), broker_program, pact
        self.work = self.cache / "compose"
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(contracts, self.work / "contracts")
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", self.work], check=True)
        directory = str((self.work / "contracts").resolve())
        self.compose = compose.load({"CONTRACTS": directory, "GIT_COMMIT": "abc1234", **environment})
        self.services = self.compose["services"]
        hosts = "".join(f"127.0.0.1 {name}\n" for name in ["localhost", *self.services])
        (self.work / "hosts").write_text(hosts)
        self.image = dockerfile.Image(compose.DOCKERFILE)
        self.running = {}

    def stub_image(self):
        """Stands for pactfoundation/pact-stub-server: /app/pact-stub-server is the `pact stub` of the same version."""
        root = self.work / "stub-root"
        layers.copy_tree(next(self.cache.glob("base-*")), root)
        (root / "app").mkdir()
        shutil.copy(self.pact, root / "app/pact")
        server = root / "app/pact-stub-server"
        server.write_text('#!/bin/sh\nexec /app/pact stub "$@"\n')
        server.chmod(0o755)
        image = SimpleNamespace(
            environment={"PATH": "/usr/bin:/bin"},
            user="0:0",
            entrypoint=[],
            volumes=[],
            directory="/app",
            signal="SIGTERM",
        )
        return root, image

    def start(self, name):
        service = self.services[name]
        is_ours = service["image"] == "manager:dev"
        root, image = (self.cache / "root", self.image) if is_ours else self.stub_image()
        mounts = [(self.work / "hosts", "/etc/hosts", "ro")]
        for volume in service.get("volumes", []):
            source, inside, *mode = volume.split(":")
            outside = pathlib.Path(source)
            if source in self.compose["volumes"]:
                # As an engine makes one: of root, 0755.
                outside = self.work / f"volume-{source}"
                outside.mkdir(exist_ok=True)
            mounts.append((outside, inside, mode[0] if mode else "rw"))
        tmpfs = dict(entry.split(":", 1) for entry in service.get("tmpfs", []))
        box = container.Container(
            root,
            image,
            mounts,
            service.get("environment", {}),
            self.work / f"{name}.log",
            tmpfs=tmpfs,
            user=service.get("user"),
            entrypoint=service.get("entrypoint"),
            init=service.get("init", False),
        )
        box.start(service.get("command", []))
        self.running[name] = box
        return box

    def start_broker(self):
        environment = self.services["pact-broker"]["environment"]
        (port,) = compose.container_ports(self.services["pact-broker"])
        command = [self.broker_program, "--port", str(port)]
        for name in ("USERNAME", "PASSWORD", "READ_ONLY_USERNAME", "READ_ONLY_PASSWORD"):
            command += [f"--{name.lower().replace('_', '-')}", environment[f"PACT_BROKER_BASIC_AUTH_{name}"]]
        self.broker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        for box in self.running.values():
            box.kill()
        if hasattr(self, "broker"):
            self.broker.kill()
            self.broker.wait()


def first_interaction(stack):
    """(method, URL, headers, body, wanted) of a request that the contract of the stub server's provider answers."""
    provider = compose.options(stack.services["mock-server"])["--provider"]
    pacts = (json.loads(path.read_text()) for path in (stack.work / "contracts").glob("*.json"))
    pact = next(each for each in pacts if each["provider"]["name"] == provider)
    request, response = pact["interactions"][0]["request"], pact["interactions"][0]["response"]
    query = "&".join(f"{name}={value}" for name, values in request.get("query", {}).items() for value in values)
    return (
        request["method"],
        f"{STUB}{request['path']}{query and '?' + query}",
        request["headers"],
        json.dumps(request["body"]).encode(),
        response,
    )


def bring_up(stack):
    gate = stack.start("gate")
    expect(gate.unshare.wait(timeout=20) == 0, "gate: exit 0, the program is in the volume")

    stub = stack.start("mock-server")
    until(20, "the gate says that it waits", lambda: stub.log.read_text())
    expect(ask(STUB)[0] == 0, f"mock-server waits: {stub.log.read_text().splitlines()[0]}")
    stack.start("pact-mocks-manager")
    until(20, "/liveness is 200", lambda: ask(HEALTH + "/liveness")[0] == 200)
    expect(
        ask(HEALTH + "/readiness")[0] == 503 and ask(STUB)[0] == 0,
        "the manager lives, without a broker nobody is ready",
    )

    stack.start_broker()
    until(30, "/readiness is 200", lambda: ask(HEALTH + "/readiness")[0] == 200)
    say("the broker comes last, /readiness is 200")
    until(20, "the stub server answers", lambda: ask(STUB)[0] != 0)
    method, url, headers, body, wanted = first_interaction(stack)
    status, text = ask(url, method, headers, body)
    expect(
        status == wanted["status"] and json.loads(text) == wanted["body"],
        f"{method} {url} is answered as the contract says: {status}",
    )
    expect(container.children(stub.pid), "the stub server is a child of the init that `init: true` asks for")
    (server,) = container.children(stub.pid)
    name = pathlib.Path(f"/proc/{server}/comm").read_text().strip()
    expect(
        name == "pact" and not container.children(server),
        f"the gate has become the stub server ({name}), and nothing else is there",
    )


def bring_down(stack):
    for name, service in reversed(list(stack.running.items())):
        if service.unshare.poll() is None:
            code, seconds = service.stop(10)
            expect(
                seconds < 9 and (code == 0 or name != "pact-mocks-manager"),
                f"{name}: exit {code} after {seconds:.2f} s",
            )


def main():
    cache, broker, pact = sys.argv[1:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    run(Stack(cache, broker, pact, EXAMPLES, {}))
    say("the same with a CONTRACTS and a PROVIDER of one's own")
    run(Stack(cache, broker, pact, OWN, {"PROVIDER": "Payments"}))


def run(stack):
    try:
        bring_up(stack)
        bring_down(stack)
    except (Failed, subprocess.SubprocessError) as error:
        print(f"FAIL {error}", file=sys.stderr)
        for name, box in stack.running.items():
            print(f"--- {name}\n{box.log.read_text()[-3000:]}", file=sys.stderr)
        sys.exit(1)
    finally:
        stack.kill()


if __name__ == "__main__":
    os.chdir(pathlib.Path(__file__).parent.parent.parent)
    main()
