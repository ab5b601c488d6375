"""What must hold for the objects that kustomize builds from deploy/kubernetes, beyond what a schema can say.

Each rule takes the objects and yields what is wrong. manifest_faults.py breaks a copy for every rule.
"""

import json
import pathlib
import re
import urllib.parse

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMESPACE = "secret-manager-controller-pact-broker"
CONTRACTS = sorted((ROOT / "deploy/examples/contracts").glob("*.json"))
PROVIDERS = {json.loads(path.read_text())["provider"]["name"] for path in CONTRACTS}
# Where people read about settings, endpoints and the Role; Swift tests compare these pages with the code.
PAGES = "\n".join(path.read_text() for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])
# The least memory with which each worker has a limit of its own (MemoryPlan.swift).
LEAST_MEMORY = 96 << 20
UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def bytes_of(text):
    return int(text[:-2]) * UNITS[text[-2:]]


def of_kind(objects, kind):
    return [thing for thing in objects if thing["kind"] == kind]


def named(objects, kind, name):
    return next((thing for thing in of_kind(objects, kind) if thing["metadata"]["name"] == name), {})


def pods(objects):
    return [(thing["metadata"]["name"], thing["spec"]["template"]) for thing in of_kind(objects, "Deployment")]


def containers(pod):
    return pod["spec"].get("initContainers", []) + pod["spec"]["containers"]


def container(objects, name):
    pod = named(objects, "Deployment", "pact-broker")["spec"]["template"]
    return next((each for each in containers(pod) if each["name"] == name), {})


def environment(container):
    return {each["name"]: each.get("value") for each in container.get("env", [])}


def probes(container):
    return {kind: container[kind] for kind in ("startupProbe", "livenessProbe", "readinessProbe") if kind in container}


def settings():
    """The names in the table of settings, those of secrets also with _FILE."""
    names = set()
    for line in PAGES.splitlines():
        match = re.match(r"\| `([A-Z_]+)` \|", line)
        if match:
            names |= {match[1]} | set(re.findall(r"`([A-Z_]+_FILE)`", line))
    return names


def check_names(objects):
    """The names that people's commands have: kubectl logs …, -l app=pact-broker, -c manager, -n …"""
    names = [each["name"] for each in containers(named(objects, "Deployment", "pact-broker")["spec"]["template"])]
    for name in ("pact-broker", "manager"):
        if name not in names:
            yield f"no container {name} in the pod of the broker"
    labels = named(objects, "Deployment", "pact-broker")["spec"]["template"]["metadata"]["labels"]
    if labels.get("app") != "pact-broker":
        yield "the pod has not the label app=pact-broker"
    for thing in objects:
        name, space = thing["metadata"]["name"], thing["metadata"].get("namespace")
        if (name if thing["kind"] == "Namespace" else space) != NAMESPACE:
            yield f"{thing['kind']} {name} is in {space}"


def check_probes(objects):
    """Ports that the container has; paths that the manager answers; liveness never asks for readiness."""
    answered = set(re.findall(r"`(/[a-z]+)", PAGES))
    for pod, template in pods(objects):
        for each in containers(template):
            ports = {value for port in each.get("ports", []) for value in (port["containerPort"], port.get("name"))}
            for kind, probe in probes(each).items():
                target = probe.get("httpGet") or probe["tcpSocket"]
                if target["port"] not in ports:
                    yield f"{kind} of {pod}/{each['name']}: port {target['port']} is none of the container's"
                path = urllib.parse.urlsplit(target.get("path", "")).path
                if each["name"] == "manager" and path not in answered:
                    yield f"{kind} of the manager: {path} is none of its endpoints"
    manager = probes(container(objects, "manager"))
    wanted = {"livenessProbe": ("/liveness", 10, 10), "readinessProbe": ("/readiness", 30, 5)}
    for kind, (path, delay, period) in wanted.items():
        probe = manager.get(kind, {"httpGet": {}})
        got = (probe["httpGet"].get("path"), probe.get("initialDelaySeconds"), probe.get("periodSeconds"))
        if got != (path, delay, period):
            yield f"{kind} of the manager is {got}"


def check_contracts(objects):
    """One ConfigMap, by the name that the manager, its Role and its volume have, with the examples as they are."""
    manager = container(objects, "manager")
    name = environment(manager).get("CONFIGMAP_NAME")
    data = named(objects, "ConfigMap", name).get("data", {})
    if data != {path.name: path.read_text() for path in CONTRACTS}:
        yield f"ConfigMap {name} does not hold the example contracts"
    template = named(objects, "Deployment", "pact-broker")["spec"]["template"]
    volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
    for mount in manager.get("volumeMounts", []):
        volume = volumes.get(mount["name"], {})
        if mount["mountPath"] == environment(manager).get("CONFIGMAP_PATH"):
            if volume.get("configMap", {}).get("name") != name:
                yield "the mount is not the ConfigMap that is followed"
            if not volume.get("configMap", {}).get("optional"):
                yield "a missing ConfigMap keeps the broker from starting"
            if "subPath" in mount or not mount.get("readOnly"):
                yield "the contracts are mounted with subPath, or to be written"
            break
    else:
        yield "CONFIGMAP_PATH is no mount"
    rule = yaml.safe_load(re.search(r"rules: (\[\{.*\}\])", PAGES)[1])
    if [each["rules"] for each in of_kind(objects, "Role")] != [rule]:
        yield "the Role is not the rule that the watcher's message asks for"
    if rule[0]["resourceNames"] != [name]:
        yield "the Role is for another ConfigMap"


def check_account(objects):
    """The pod's ServiceAccount has the Role."""
    binding = of_kind(objects, "RoleBinding")[0]
    role = of_kind(objects, "Role")[0]["metadata"]["name"]
    account = of_kind(objects, "ServiceAccount")[0]["metadata"]["name"]
    pod = named(objects, "Deployment", "pact-broker")["spec"]["template"]["spec"]
    subjects = [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}]
    if binding["subjects"] != subjects or binding["roleRef"]["name"] != role:
        yield "the binding does not give the Role to the ServiceAccount"
    if pod.get("serviceAccountName") != account or pod.get("automountServiceAccountToken") is False:
        yield "the pod has not the ServiceAccount's token"


def check_selectors(objects):
    """Deployments select their own pods, Services exactly one Deployment's, at ports that it has."""
    labels = {name: template["metadata"]["labels"] for name, template in pods(objects)}
    for thing in of_kind(objects, "Deployment") + of_kind(objects, "Service"):
        name, spec = thing["metadata"]["name"], thing["spec"]
        selector = spec["selector"].get("matchLabels", {}) if thing["kind"] == "Deployment" else spec["selector"]
        found = [pod for pod in labels if selector and selector.items() <= labels[pod].items()]
        if len(found) != 1 or thing["kind"] == "Deployment" and found != [name]:
            yield f"{thing['kind']} {name} selects the pods of {found}"
            continue
        ports = {port["name"] for pod, template in pods(objects) if pod == found[0]
                 for each in containers(template) for port in each.get("ports", [])}
        for port in spec.get("ports", []):
            if port["targetPort"] not in ports:
                yield f"Service {name}: {port['targetPort']} is no port of {found[0]}"
    for name, port in (("pact-broker", 9292), ("pact-mocks-manager", 8081)):
        spec = named(objects, "Service", name).get("spec", {"ports": [{}]})
        if not spec.get("publishNotReadyAddresses"):
            yield f"Service {name} hides a pod that is not ready"
        if spec["ports"][0].get("port") != port:
            yield f"Service {name} has not port {port}"


def check_environment(objects):
    """Only settings that exist; secrets that exist; the broker next door and not through the Service."""
    manager = container(objects, "manager")
    unknown = set(environment(manager)) - settings()
    if unknown:
        yield f"the manager has no setting {sorted(unknown)}"
    if environment(manager).get("BROKER_URL") != "http://127.0.0.1:9292":
        yield f"BROKER_URL is {environment(manager).get('BROKER_URL')}: the pod may wait for itself"
    for pod, template in pods(objects):
        if template["spec"].get("enableServiceLinks") is not False:
            yield f"{pod}: the Service's variables would be taken for settings"
        for each in containers(template):
            for variable in each.get("env", []):
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                if reference and reference["key"] not in named(objects, "Secret", reference["name"]).get("data", {}):
                    yield f"{pod}/{each['name']}: {variable['name']} comes from nowhere"


def check_resources(objects):
    """Memory that can be shared out, beside the state in memory; versions by name; mounts that exist."""
    manager = container(objects, "manager")
    template = named(objects, "Deployment", "pact-broker")["spec"]["template"]
    volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
    paths = {mount["mountPath"]: volumes.get(mount["name"], {}) for mount in manager.get("volumeMounts", [])}
    state = paths.get(environment(manager).get("STATE_DIR"), {}).get("emptyDir", {})
    if state.get("medium") != "Memory" or "sizeLimit" not in state:
        yield "STATE_DIR is no emptyDir in memory with a limit"
    elif bytes_of(manager["resources"]["limits"]["memory"]) < LEAST_MEMORY + bytes_of(state["sizeLimit"]):
        yield "the manager's memory limit is below 96 MiB and its state"
    if "cpu" in manager["resources"]["limits"]:
        yield "a cpu limit makes heartbeats late"
    for pod, each in ((pod, each) for pod, template in pods(objects) for each in containers(template)):
        if not re.search(r":(?!latest)[^/:]+$", each["image"]):
            yield f"{pod}/{each['name']}: {each['image']} is no version"
        if not {"requests", "limits"} <= each.get("resources", {}).keys():
            yield f"{pod}/{each['name']} has no requests or limits"
    for pod, template in pods(objects):
        names = {volume["name"] for volume in template["spec"].get("volumes", [])}
        for each in containers(template):
            for mount in each.get("volumeMounts", []):
                if mount["name"] not in names:
                    yield f"{pod}/{each['name']}: no volume {mount['name']}"


COMMON = [check_names, check_probes, check_contracts, check_account, check_selectors, check_environment, check_resources]
