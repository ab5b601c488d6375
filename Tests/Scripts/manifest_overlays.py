"""The rules that hold for one overlay of deploy/kubernetes only, and for the values of the broker's Helm chart."""

import re
import urllib.parse

import yaml

from manifest_rules import COMMON, NAMESPACE, PROVIDERS, ROOT, container, containers, environment, named, pods

SECONDS = {"ms": 0.001, "s": 1, "m": 60}


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", text).groups()
    return int(number) * SECONDS[unit]


def check_sidecars(objects):
    """Sidecars in their order; only the manager holds the mock server up, and only for a time."""
    spec = named(objects, "Deployment", "pact-broker")["spec"]["template"]["spec"]
    first = spec.get("initContainers", [])
    if [each["name"] for each in first] != ["pact-broker", "manager"]:
        yield f"the sidecars are {[each['name'] for each in first]}"
        return
    if any(each.get("restartPolicy") != "Always" for each in first):
        yield "an init container that is no sidecar never ends"
    if "startupProbe" in first[0]:
        yield "the broker holds up the manager, and with it the fallback"
    probe = first[1].get("startupProbe")
    if not probe:
        yield "nothing holds the mock server back"
        return
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(probe["httpGet"]["path"]).query)
    if not set(query.get("provider", ["?"])) <= PROVIDERS:
        yield f"nobody publishes for {query.get('provider')}"
    if "fallback" not in query:
        yield "without a fallback the mock server may never start"
    # A quarter more, for what a start takes.
    elif probe["failureThreshold"] * probe["periodSeconds"] < 1.25 * seconds(query["fallback"][0]):
        yield "the kubelet restarts the manager before the fallback"
    mock = spec["containers"][0]
    if f"--provider-name={query.get('provider', ['?'])[0]}" not in mock["args"]:
        yield "the mock server waits for another provider's contract"


# Of an image whose program has no handler for SIGTERM; measured behind the gate (docs/image.md).
DEAF = "pactfoundation/pact-stub-server"
# Seconds that the manager needs to stop its workers in order, at most.
STOP_TIME = 5


def check_stops(objects):
    """A deletion takes seconds, and the manager has the time that it needs: PID 1 hears SIGTERM, or waits are short."""
    for pod, template in pods(objects):
        spec = template["spec"]
        grace = spec.get("terminationGracePeriodSeconds", 30)
        deaf = any(each["image"].startswith(DEAF) for each in containers(template))
        if deaf and not spec.get("shareProcessNamespace") and grace > STOP_TIME:
            yield f"{pod}: the stub server is PID 1, and each deletion takes {grace} s"
        if any(each["name"] == "manager" for each in containers(template)) and grace < 2 * STOP_TIME:
            yield f"{pod}: {grace} s are too few for the manager, after the mock server's"


def expanded(text, values):
    """`$(NAME)` as the kubelet replaces it, for variables with a value."""
    return re.sub(r"\$\((\w+)\)", lambda match: values.get(match[1]) or match[0], text)


def check_gates(objects):
    """A mock server for each provider of the examples, which the installed gate starts."""
    provided = set()
    for pod, template in pods(objects):
        if pod == "pact-broker":
            continue
        gate, mock = (template["spec"].get("initContainers") or [{}])[0], template["spec"]["containers"][0]
        directory = (gate.get("command") or [""])[-1]
        if gate.get("command", [])[:2] != ["wait-for-contract", "install"]:
            yield f"{pod}: nobody installs the gate"
        mounts = {mount["mountPath"]: mount["name"] for mount in gate.get("volumeMounts", [])}
        own = {mount["mountPath"]: mount["name"] for mount in mock.get("volumeMounts", [])}
        if directory not in mounts or own.get(directory) != mounts[directory]:
            yield f"{pod}: the gate is not where the mock server looks for it"
        if mock.get("command") != [f"{directory}/wait-for-contract"]:
            yield f"{pod}: the mock server does not wait"
        arguments = [expanded(text, environment(mock)) for text in mock["args"]]
        if "--" not in arguments:
            yield f"{pod}: the gate starts nothing"
            continue
        split = arguments.index("--")
        own_options = dict(text.split("=", 1) for text in arguments[:split])
        if set(own_options) - {"--provider", "--consumer", "--manager", "--timeout", "--on-timeout"}:
            yield f"{pod}: the gate does not know {sorted(own_options)}"
        if own_options.get("--on-timeout") != "start" or seconds(own_options.get("--timeout", "0s")) != 90:
            yield f"{pod}: not the fallback after 90 s"
        provider = own_options.get("--provider")
        provided.add(provider)
        if f"--provider-name={provider}" not in arguments[split:]:
            yield f"{pod}: the mock server serves another provider than {provider}"
        urls = [environment(mock).get("MANAGER_URL") or "http://pact-mocks-manager:8081"]
        urls += [text.split("=", 1)[1] for text in arguments if text.startswith("--broker-url=")]
        for url in map(urllib.parse.urlsplit, urls):
            ports = named(objects, "Service", url.hostname).get("spec", {}).get("ports", [{}])
            if ports[0].get("port") != url.port:
                yield f"{pod}: nobody is at {url.geturl()}"
        if not any(pod == name for name in own_services(objects, template)):
            yield f"{pod} has no Service of its name"
    if provided != PROVIDERS:
        yield f"mock servers for {sorted(map(str, provided))}"


def own_services(objects, template):
    labels = template["metadata"]["labels"]
    return [each["metadata"]["name"] for each in objects
            if each["kind"] == "Service" and each["spec"]["selector"].items() <= labels.items()]


def check_restricted(objects):
    """The Pod Security Standard "restricted" (kubernetes.io, Pod Security Standards), field by field."""
    labels = named(objects, "Namespace", NAMESPACE)["metadata"].get("labels", {})
    if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
        yield "the namespace does not enforce it"
    volumes = {"name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
    for pod, template in pods(objects):
        spec, whole = template["spec"], template["spec"].get("securityContext", {})
        if any(spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{pod} uses a namespace of the host"
        if any(volume.keys() - volumes for volume in spec.get("volumes", [])):
            yield f"{pod} has a kind of volume that is not allowed"
        if whole.get("sysctls") or whole.get("seLinuxOptions") or whole.get("runAsUser") == 0:
            yield f"{pod} has fields that are not allowed"
        for each in containers(template):
            own, name = each.get("securityContext", {}), f"{pod}/{each['name']}"
            if own.get("privileged") or own.get("allowPrivilegeEscalation") is not False:
                yield f"{name} may get more rights"
            if own.get("capabilities", {}).get("drop") != ["ALL"]:
                yield f"{name} keeps capabilities"
            if set(own.get("capabilities", {}).get("add", [])) - {"NET_BIND_SERVICE"}:
                yield f"{name} adds capabilities"
            if not own.get("runAsNonRoot", whole.get("runAsNonRoot")) or own.get("runAsUser") in (0, None):
                yield f"{name} may be root"
            seccomp = own.get("seccompProfile", whole.get("seccompProfile", {})).get("type")
            if seccomp not in ("RuntimeDefault", "Localhost"):
                yield f"{name} has no seccomp profile"
            if any(port.get("hostPort") for port in each.get("ports", [])) or own.get("procMount", "Default") != "Default":
                yield f"{name} has fields that are not allowed"


# Keys of the chart's values.yaml, read in pact-foundation/pact-broker-chart at 0194fb01 (broker image 2.143.0).
CHART = {
    "broker.extraContainers", "broker.volumes", "broker.config.basicAuth.enabled", "broker.config.basicAuth.publicHeartbeat",
    "broker.config.basicAuth.writeUser.existingSecret", "broker.config.basicAuth.writeUser.existingSecretUsernameKey",
    "broker.config.basicAuth.writeUser.existingSecretPasswordKey", "broker.config.basicAuth.readUser.existingSecret",
    "broker.config.basicAuth.readUser.existingSecretUsernameKey", "broker.config.basicAuth.readUser.existingSecretPasswordKey",
    "broker.containerPorts.http", "serviceAccount.create", "serviceAccount.name",
    "serviceAccount.automountServiceAccountToken",
}


def check_chart(objects, values=None):
    """The container and the volumes are base's; only the readiness differs, for the chart's Service is another."""
    values = values or yaml.safe_load((ROOT / "deploy/helm/values.yaml").read_text())

    def keys(value, path=""):
        if isinstance(value, dict):
            for name, each in value.items():
                yield from keys(each, f"{path}.{name}".lstrip("."))
        else:
            yield path

    unknown = set(keys(values)) - CHART
    if unknown:
        yield f"the chart has no value {sorted(unknown)}"
    extra = (values["broker"].get("extraContainers") or [{}])[0]
    variables = extra.get("env", [])
    if {"name": "READINESS_MODE", "value": "broker"} not in variables:
        yield "one bad contract takes the broker away from everybody"
    extra = {**extra, "env": [each for each in variables if each["name"] != "READINESS_MODE"]}
    base = container(objects, "manager")
    for field in sorted(extra.keys() | base.keys()):
        if extra.get(field) != base.get(field):
            yield f"{field} of the chart's container is not base's"
    spec = named(objects, "Deployment", "pact-broker")["spec"]["template"]["spec"]
    mounted = {mount["name"] for mount in base["volumeMounts"]}
    if values["broker"].get("volumes") != [volume for volume in spec["volumes"] if volume["name"] in mounted]:
        yield "the chart's volumes are not base's"
    # The manager's own, from the same Secret; and as the chart's templates render a reference for each user that is given no
    # name, none may be left out.
    own = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in base["env"] if "valueFrom" in each}
    login = {"existingSecret": own["BROKER_USERNAME"]["name"], "existingSecretUsernameKey": own["BROKER_USERNAME"]["key"],
             "existingSecretPasswordKey": own["BROKER_PASSWORD"]["key"]}
    for user in ("writeUser", "readUser"):
        if values["broker"]["config"]["basicAuth"].get(user) != login:
            yield f"the chart's {user} does not come from the manager's Secret"
    if values["serviceAccount"].get("name") != spec["serviceAccountName"]:
        yield "the chart's pod has not the manager's ServiceAccount"


OVERLAYS = {
    "base": COMMON + [check_stops, check_chart],
    "overlays/native-sidecar": COMMON + [check_stops, check_sidecars],
    "overlays/separate-mocks": COMMON + [check_stops, check_gates],
    "overlays/restricted": COMMON + [check_stops, check_gates, check_restricted],
}
