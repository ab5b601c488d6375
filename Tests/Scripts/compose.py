"""deploy/compose/compose.yaml, as far as it goes without an engine.

compose.py check: names, ports, credentials and settings of the services agree with each other, with the image and with our
settings. Needs PyYAML.
compose.py run CACHE BROKER PACT, in a network namespace of its own: runs the services with the file's own commands,
environment, volumes and users in the root file system of rootfs.sh; the broker is the local one.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace
from urllib.parse import urlsplit

import yaml

import dockerfile

FILE = pathlib.Path("deploy/compose/compose.yaml")
DOCKERFILE = pathlib.Path("deploy/Dockerfile")
GATE_DEFAULT = "pact-mocks-manager"


class Wrong(Exception):
    """A sentence on what does not agree."""


def expect(condition, text):
    if not condition:
        raise Wrong(text)
    print(f"ok   {text}", flush=True)


def load(environment):
    """The file with ${NAME:-default} filled in."""
    def value(match):
        return environment.get(match[1]) or match[2]

    return yaml.safe_load(re.sub(r"\$\{(\w+):-([^}]*)\}", value, FILE.read_text()))


def ours(services):
    return {name: service for name, service in services.items() if service["image"] == "manager:dev"}


def options(service):
    """{--name: value} of a command line."""
    words = service.get("entrypoint", []) + service.get("command", [])
    return dict(word.split("=", 1) for word in words if word.startswith("--") and "=" in word)


def container_ports(service):
    return {int(port.rsplit(":", 1)[1]) for port in service.get("ports", [])}


def check():
    compose = load({})
    services, image = compose["services"], dockerfile.Image(DOCKERFILE)
    manager, broker, stub = (services[name] for name in ("pact-mocks-manager", "pact-broker", "gcp-mock-server"))

    text = "".join(path.read_text() for path in [pathlib.Path("README.md"), *pathlib.Path("docs").glob("*.md")])
    settings = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))
    unknown = set(manager["environment"]) - settings
    expect(not unknown, f"the manager's environment is in the table of settings {sorted(unknown) or ''}")

    for name, service in services.items():
        tag = service["image"].partition(":")[2]
        expect(tag and tag != "latest", f"{name}: {service['image']} is pinned")
        expect(all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), f"{name}: ports on this machine only")
    url = urlsplit(manager["environment"]["BROKER_URL"])
    expect(url.hostname in services and url.port in container_ports(services[url.hostname]), f"BROKER_URL {url.geturl()}")
    stub_url = urlsplit(options(stub)["--broker-url"])
    expect(stub_url.netloc == url.netloc, "the stub server asks the same broker")
    user, password = (broker["environment"][f"PACT_BROKER_BASIC_AUTH_{what}"] for what in ("USERNAME", "PASSWORD"))
    expect((manager["environment"]["BROKER_USERNAME"], manager["environment"]["BROKER_PASSWORD"]) == (user, password)
           and options(stub)["--user"] == f"{user}:{password}", "everybody has the broker's credentials")
    expect(GATE_DEFAULT in services and set(image.ports) <= container_ports(services[GATE_DEFAULT]),
           f"the gate's default, http://{GATE_DEFAULT}:{image.ports[0]}, is a service")
    expect(int(options(stub)["--port"]) in container_ports(stub), "the stub server's port is published")
    expect(options(stub)["--provider"] == options(stub)["--provider-name"], "the gate waits for the provider that is served")
    contracts = FILE.parent / manager["volumes"][0].split(":")[0]
    providers = [yaml.safe_load(path.read_text())["provider"]["name"] for path in contracts.glob("*.json")]
    expect(options(stub)["--provider"] in providers, f"{options(stub)['--provider']} is among the contracts of {contracts}")

    path, _, mode = manager["tmpfs"][0].partition(":")
    wanted = dict(word.split("=") for word in mode.split(","))
    expect(path == image.environment["STATE_DIR"] and f"{wanted['uid']}:{wanted['gid']}" == image.user
           and wanted["mode"] == "0700", "the state directory is the image's, of its user, 0700")
    for name, service in ours(services).items():
        expect(service["read_only"] and service["cap_drop"] == ["ALL"], f"{name}: read-only, no capabilities")
        if build := service.get("build"):
            expect((FILE.parent / build["context"] / build["dockerfile"]).samefile(DOCKERFILE), f"{name}: built by deploy/Dockerfile")
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = source in compose["volumes"] if "/" not in source else (FILE.parent / source).is_dir()
            expect(there, f"{name}: {source} is there")
    check_with_manager(manager)


def check_with_manager(service):
    """The program's own opinion of the settings, where it was built."""
    program = os.environ.get("MANAGER_PROGRAM", "")
    if not program:
        return
    environment = {"PATH": os.environ["PATH"], **service["environment"], "CONFIGMAP_PATH": "deploy/examples/contracts",
                   "STATE_DIR": "/dev/shm/pact-mocks-compose-check", "HEALTH_PORT": "0"}
    result = subprocess.run([program, "--check"], env=environment, capture_output=True, text=True)
    expect(result.returncode == 0 and "warning" not in result.stdout.lower(),
           "manager --check takes the environment" + (f": {result.stdout}{result.stderr}" if result.returncode else ""))


class Stack:
    """The services as containers of container.py, in one network namespace, in which all their names are this machine."""

    def __init__(self, cache, broker_program, pact):
        self.cache, self.broker_program, self.pact = pathlib.Path(cache), broker_program, pact
        self.work = self.cache / "compose"
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree("deploy/examples/contracts", self.work / "contracts")
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", self.work], check=True)
        self.compose = load({"CONTRACTS": str((self.work / "contracts").resolve()), "GIT_COMMIT": "abc1234"})
        self.services = self.compose["services"]
        hosts = "".join(f"127.0.0.1 {name}\n" for name in ["localhost", *self.services])
        (self.work / "hosts").write_text(hosts)
        self.image = dockerfile.Image(DOCKERFILE)
        self.running = {}

    def stub_image(self):
        """Stands for pactfoundation/pact-stub-server: /app/pact-stub-server is the `pact stub` of the same version."""
        root = self.work / "stub-root"
        dockerfile.copy_tree(next(self.cache.glob("base-*")), root)
        (root / "app").mkdir()
        shutil.copy(self.pact, root / "app/pact")
        server = root / "app/pact-stub-server"
        server.write_text('#!/bin/sh\nexec /app/pact stub "$@"\n')
        server.chmod(0o755)
        image = SimpleNamespace(environment={"PATH": "/usr/bin:/bin"}, user="0:0", entrypoint=[], volumes=[],
                                directory="/app", signal="SIGTERM")
        return root, image

    def start(self, name):
        from container import Container

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
        box = Container(root, image, mounts, service.get("environment", {}), self.work / f"{name}.log", tmpfs=tmpfs,
                        user=service.get("user"), entrypoint=service.get("entrypoint"))
        box.start(service.get("command", []))
        self.running[name] = box
        return box

    def start_broker(self):
        environment = self.services["pact-broker"]["environment"]
        (port,) = container_ports(self.services["pact-broker"])
        self.broker = subprocess.Popen(
            [self.broker_program, "--port", str(port), "--username", environment["PACT_BROKER_BASIC_AUTH_USERNAME"],
             "--password", environment["PACT_BROKER_BASIC_AUTH_PASSWORD"]],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        for box in self.running.values():
            box.kill()
        if hasattr(self, "broker"):
            self.broker.kill()
            self.broker.wait()


if __name__ == "__main__":
    os.chdir(pathlib.Path(__file__).parent.parent.parent)
    try:
        check()
    except Wrong as error:
        sys.exit(f"FAIL {FILE}: {error}")
