"""deploy/compose/compose.yaml, as far as it goes without an engine.

Names, ports, credentials and settings of the services agree with each other, with the image and with our settings; with
MANAGER_PROGRAM=<manager> the manager itself judges them too. Needs PyYAML.
"""

import os
import pathlib
import re
import subprocess
import sys
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
    check_services(services, manager)
    check_addresses(services, image, manager, stub)
    check_credentials(broker, manager, stub)
    check_contracts(manager, stub)
    check_confinement(services, image, manager)
    check_volumes(compose)
    check_with_manager(manager)


def check_services(services, manager):
    text = "".join(path.read_text() for path in [pathlib.Path("README.md"), *pathlib.Path("docs").glob("*.md")])
    settings = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))
    unknown = set(manager["environment"]) - settings
    expect(not unknown, f"the manager's environment is in the table of settings {sorted(unknown) or ''}")
    for name, service in services.items():
        tag = service["image"].partition(":")[2]
        expect(tag and tag != "latest", f"{name}: {service['image']} is pinned")
        expect(
            all(port.startswith("127.0.0.1:") for port in service.get("ports", [])),
            f"{name}: ports on this machine only",
        )


def check_addresses(services, image, manager, stub):
    url = urlsplit(manager["environment"]["BROKER_URL"])
    expect(
        url.hostname in services and url.port in container_ports(services[url.hostname]), f"BROKER_URL {url.geturl()}"
    )
    stub_url = urlsplit(options(stub)["--broker-url"])
    expect(stub_url.netloc == url.netloc, "the stub server asks the same broker")
    expect(
        GATE_DEFAULT in services and set(image.ports) <= container_ports(services[GATE_DEFAULT]),
        f"the gate's default, http://{GATE_DEFAULT}:{image.ports[0]}, is a service",
    )
    expect(int(options(stub)["--port"]) in container_ports(stub), "the stub server's port is published")


def check_credentials(broker, manager, stub):
    user, password = (broker["environment"][f"PACT_BROKER_BASIC_AUTH_{what}"] for what in ("USERNAME", "PASSWORD"))
    expect(
        (manager["environment"]["BROKER_USERNAME"], manager["environment"]["BROKER_PASSWORD"]) == (user, password)
        and options(stub)["--user"] == f"{user}:{password}",
        "everybody has the broker's credentials",
    )


def check_contracts(manager, stub):
    expect(
        options(stub)["--provider"] == options(stub)["--provider-name"],
        "the gate waits for the provider that is served",
    )
    contracts = FILE.parent / manager["volumes"][0].split(":")[0]
    providers = [yaml.safe_load(path.read_text())["provider"]["name"] for path in contracts.glob("*.json")]
    expect(
        options(stub)["--provider"] in providers, f"{options(stub)['--provider']} is among the contracts of {contracts}"
    )


def check_confinement(services, image, manager):
    path, _, mode = manager["tmpfs"][0].partition(":")
    wanted = dict(word.split("=") for word in mode.split(","))
    expect(
        path == image.environment["STATE_DIR"]
        and f"{wanted['uid']}:{wanted['gid']}" == image.user
        and wanted["mode"] == "0700",
        "the state directory is the image's, of its user, 0700",
    )
    for name, service in ours(services).items():
        expect(service["read_only"] and service["cap_drop"] == ["ALL"], f"{name}: read-only, no capabilities")
        if build := service.get("build"):
            expect(
                (FILE.parent / build["context"] / build["dockerfile"]).samefile(DOCKERFILE),
                f"{name}: built by deploy/Dockerfile",
            )


def check_volumes(compose):
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = source in compose["volumes"] if "/" not in source else (FILE.parent / source).is_dir()
            expect(there, f"{name}: {source} is there")


def check_with_manager(service):
    """The program's own opinion of the settings, where it was built."""
    program = os.environ.get("MANAGER_PROGRAM", "")
    if not program:
        return
    environment = {
        "PATH": os.environ["PATH"],
        **service["environment"],
        "CONFIGMAP_PATH": "deploy/examples/contracts",
        "STATE_DIR": "/dev/shm/pact-mocks-compose-check",
        "HEALTH_PORT": "0",
    }
    result = subprocess.run([program, "--check"], env=environment, capture_output=True, text=True)
    expect(
        result.returncode == 0 and "warning" not in result.stdout.lower(),
        "manager --check takes the environment" + (f": {result.stdout}{result.stderr}" if result.returncode else ""),
    )


if __name__ == "__main__":
    os.chdir(pathlib.Path(__file__).parent.parent.parent)
    try:
        check()
    except Wrong as error:
        sys.exit(f"FAIL {FILE}: {error}")
