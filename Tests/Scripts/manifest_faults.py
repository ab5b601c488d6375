"""A broken copy for every rule of manifest_rules.py and manifest_overlays.py: each must be refused by that rule."""

import copy

from manifest_overlays import check_chart, check_gates, check_restricted, check_sidecars, check_stops
from manifest_rules import (NAMESPACE, check_account, check_contracts, check_environment, check_names, check_probes,
                            check_resources, check_selectors, container, named)

BASE, SIDECARS, MOCKS, RESTRICTED = "base", "overlays/native-sidecar", "overlays/separate-mocks", "overlays/restricted"


def manager(objects):
    return container(objects, "manager")


def pod(objects, name="pact-broker"):
    return named(objects, "Deployment", name)["spec"]["template"]


def variable(container, name):
    return next(each for each in container["env"] if each["name"] == name)


def mock(objects):
    return pod(objects, "gcp-mock-server")["spec"]["containers"][0]


def replace(container, old, new):
    container["args"] = [text.replace(old, new) for text in container["args"]]


def startup(objects):
    return manager(objects)["startupProbe"]


# What is broken, where, the rule that must see it, and how.
FAULTS = [
    ("container renamed", BASE, check_names, lambda o: manager(o).update(name="pact-manager")),
    ("label renamed", BASE, check_names, lambda o: pod(o)["metadata"]["labels"].update(app="broker")),
    ("another namespace", BASE, check_names,
     lambda o: named(o, "Service", "pact-broker")["metadata"].update(namespace="x")),
    ("probe of a port that is none", BASE, check_probes,
     lambda o: manager(o)["livenessProbe"]["httpGet"].update(port=8080)),
    ("probe of a path that is none", SIDECARS, check_probes, lambda o: startup(o)["httpGet"].update(path="/started")),
    ("liveness asks the broker", BASE, check_probes,
     lambda o: manager(o)["livenessProbe"]["httpGet"].update(path="/readiness")),
    ("ConfigMap with a hash", BASE, check_contracts,
     lambda o: named(o, "ConfigMap", "pact-contracts")["metadata"].update(name="pact-contracts-5k2d")),
    ("another ConfigMap mounted", BASE, check_contracts,
     lambda o: pod(o)["spec"]["volumes"][0]["configMap"].update(name="pacts")),
    ("ConfigMap that must be there", BASE, check_contracts,
     lambda o: pod(o)["spec"]["volumes"][0]["configMap"].pop("optional")),
    ("subPath", BASE, check_contracts,
     lambda o: manager(o)["volumeMounts"][0].update(subPath="gcp-secret-manager.json")),
    ("contracts not mounted", BASE, check_contracts, lambda o: manager(o)["volumeMounts"].pop(0)),
    ("Role may list", BASE, check_contracts,
     lambda o: named(o, "Role", "pact-mocks-manager")["rules"][0]["verbs"].append("list")),
    ("Role for every ConfigMap", BASE, check_contracts,
     lambda o: named(o, "Role", "pact-mocks-manager")["rules"][0].pop("resourceNames")),
    ("Role for Secrets", BASE, check_contracts,
     lambda o: named(o, "Role", "pact-mocks-manager")["rules"][0]["resources"].append("secrets")),
    ("Role bound to default", BASE, check_account,
     lambda o: named(o, "RoleBinding", "pact-mocks-manager")["subjects"][0].update(name="default")),
    ("pod as default", BASE, check_account, lambda o: pod(o)["spec"].pop("serviceAccountName")),
    ("token not mounted", BASE, check_account, lambda o: pod(o)["spec"].update(automountServiceAccountToken=False)),
    ("Service selects nobody", BASE, check_selectors,
     lambda o: named(o, "Service", "pact-broker")["spec"].update(selector={"app": "b"})),
    ("Service of a port that is none", BASE, check_selectors,
     lambda o: named(o, "Service", "pact-mocks-manager")["spec"]["ports"][0].update(targetPort="http")),
    ("broker's Service waits for readiness", BASE, check_selectors,
     lambda o: named(o, "Service", "pact-broker")["spec"].pop("publishNotReadyAddresses")),
    ("manager's Service waits for readiness", BASE, check_selectors,
     lambda o: named(o, "Service", "pact-mocks-manager")["spec"].update(publishNotReadyAddresses=False)),
    ("mock servers with one label", MOCKS, check_selectors,
     lambda o: pod(o, "aws-mock-server")["metadata"]["labels"].update(app="gcp-mock-server")),
    ("misspelt setting", BASE, check_environment,
     lambda o: manager(o)["env"].append({"name": "BROKER_USER", "value": "x"})),
    ("broker through its Service", BASE, check_environment,
     lambda o: variable(manager(o), "BROKER_URL").update(value="http://pact-broker:9292")),
    ("Service links", BASE, check_environment, lambda o: pod(o)["spec"].pop("enableServiceLinks")),
    ("key that the Secret has not", MOCKS, check_environment,
     lambda o: variable(mock(o), "BROKER_PASSWORD")["valueFrom"]["secretKeyRef"].update(key="pass")),
    ("memory below what can be shared", BASE, check_resources,
     lambda o: manager(o)["resources"]["limits"].update(memory="96Mi")),
    ("state on a disk", BASE, check_resources, lambda o: pod(o)["spec"]["volumes"][1]["emptyDir"].pop("medium")),
    ("cpu limit", BASE, check_resources, lambda o: manager(o)["resources"]["limits"].update(cpu="100m")),
    ("newest image", MOCKS, check_resources, lambda o: mock(o).update(image="pactfoundation/pact-stub-server:latest")),
    ("image without a version", BASE, check_resources, lambda o: manager(o).update(image="registry:5000/manager")),
    ("mount without a volume", MOCKS, check_resources, lambda o: pod(o, "gcp-mock-server")["spec"].pop("volumes")),
    ("manager before the broker", SIDECARS, check_sidecars, lambda o: pod(o)["spec"]["initContainers"].reverse()),
    ("init container that never ends", SIDECARS, check_sidecars, lambda o: manager(o).pop("restartPolicy")),
    ("nothing holds the mock server back", SIDECARS, check_sidecars, lambda o: manager(o).pop("startupProbe")),
    ("broker holds everybody up", SIDECARS, check_sidecars,
     lambda o: container(o, "pact-broker").update(startupProbe=container(o, "pact-broker")["readinessProbe"])),
    ("no fallback", SIDECARS, check_sidecars,
     lambda o: startup(o)["httpGet"].update(path="/startup?provider=GCP-Secret-Manager")),
    ("restarted before the fallback", SIDECARS, check_sidecars, lambda o: startup(o).update(failureThreshold=60)),
    ("misspelt provider", SIDECARS, check_sidecars,
     lambda o: startup(o)["httpGet"].update(path="/startup?provider=GCP&fallback=90s")),
    ("stub server is PID 1 beside the manager", SIDECARS, check_stops,
     lambda o: pod(o)["spec"].pop("shareProcessNamespace")),
    ("the manager's time cut with the stub server's", SIDECARS, check_stops,
     lambda o: pod(o)["spec"].update(terminationGracePeriodSeconds=2)),
    ("stub server is PID 1 for 30 s", MOCKS, check_stops,
     lambda o: pod(o, "gcp-mock-server")["spec"].pop("terminationGracePeriodSeconds")),
    ("gate not installed", MOCKS, check_gates, lambda o: pod(o, "gcp-mock-server")["spec"]["initContainers"].clear()),
    ("gate installed elsewhere", MOCKS, check_gates,
     lambda o: pod(o, "gcp-mock-server")["spec"]["initContainers"][0]["command"].__setitem__(2, "/bin")),
    ("mock server started without the gate", MOCKS, check_gates,
     lambda o: mock(o).update(command=["/app/pact-stub-server"])),
    ("gate waits for nobody's contract", MOCKS, check_gates,
     lambda o: variable(mock(o), "PROVIDER").update(value="GCP")),
    ("gate without an end", MOCKS, check_gates, lambda o: replace(mock(o), "--timeout=90s", "--timeout=60m")),
    ("gate without the fallback", MOCKS, check_gates, lambda o: replace(mock(o), "=start", "=fail")),
    ("option that the gate has not", MOCKS, check_gates, lambda o: replace(mock(o), "--timeout", "--time-out")),
    ("manager looked for elsewhere", MOCKS, check_gates,
     lambda o: variable(mock(o), "MANAGER_URL").update(value="http://manager:8081")),
    ("broker at another port", MOCKS, check_gates, lambda o: replace(mock(o), "pact-broker:9292", "pact-broker:80")),
    ("mock server without a Service", MOCKS, check_gates, lambda o: o.remove(named(o, "Service", "gcp-mock-server"))),
    ("provider without a mock server", MOCKS, check_gates,
     lambda o: o.remove(named(o, "Deployment", "azure-mock-server"))),
    ("namespace enforces nothing", RESTRICTED, check_restricted,
     lambda o: named(o, "Namespace", NAMESPACE)["metadata"].pop("labels")),
    ("network of the host", RESTRICTED, check_restricted, lambda o: pod(o)["spec"].update(hostNetwork=True)),
    ("directory of the host", RESTRICTED, check_restricted,
     lambda o: pod(o)["spec"]["volumes"].append({"name": "h", "hostPath": {"path": "/"}})),
    ("privileged", RESTRICTED, check_restricted, lambda o: manager(o)["securityContext"].update(privileged=True)),
    ("may get more rights", RESTRICTED, check_restricted,
     lambda o: mock(o)["securityContext"].pop("allowPrivilegeEscalation")),
    ("capabilities kept", RESTRICTED, check_restricted,
     lambda o: manager(o)["securityContext"]["capabilities"].update(drop=["NET_RAW"])),
    ("capability added", RESTRICTED, check_restricted,
     lambda o: manager(o)["securityContext"]["capabilities"].update(add=["SYS_PTRACE"])),
    ("root", RESTRICTED, check_restricted,
     lambda o: container(o, "pact-broker")["securityContext"].update(runAsUser=0)),
    ("user by name only", RESTRICTED, check_restricted,
     lambda o: container(o, "pact-broker")["securityContext"].pop("runAsUser")),
    ("no seccomp profile", RESTRICTED, check_restricted,
     lambda o: (pod(o)["spec"].pop("securityContext"), manager(o)["securityContext"].pop("seccompProfile"))),
    ("port of the host", RESTRICTED, check_restricted, lambda o: manager(o)["ports"][0].update(hostPort=8081)),
    ("base that the chart does not follow", BASE, check_chart,
     lambda o: manager(o)["resources"]["limits"].update(memory="256Mi")),
    ("volume that the chart has not", BASE, check_chart,
     lambda o: pod(o)["spec"]["volumes"][1]["emptyDir"].update(sizeLimit="64Mi")),
]
# The same for the chart's values.
VALUES = [
    ("value that the chart has not", lambda v: v["broker"].update(extraVolumes=v["broker"]["volumes"])),
    ("readiness of the contracts behind the chart's Service",
     lambda v: v["broker"]["extraContainers"][0].update(
         env=[each for each in v["broker"]["extraContainers"][0]["env"] if each["name"] != "READINESS_MODE"])),
    ("key that the chart does not know", lambda v: v["broker"].update(sidecars=v["broker"].pop("extraContainers"))),
    ("no user who may only read", lambda v: v["broker"]["config"]["basicAuth"].pop("readUser")),
    ("password of another Secret",
     lambda v: v["broker"]["config"]["basicAuth"]["writeUser"].update(existingSecret="pact-broker")),
    ("another ServiceAccount", lambda v: v["serviceAccount"].update(name="default")),
]


def unnoticed(built, values):
    """The faults that their rule takes; `built` has the objects of each overlay, `values` those of the chart.

    A rule must refuse, not fall over: whoever has broken it is told what.
    """
    for name, overlay, rule, damage in FAULTS:
        objects = copy.deepcopy(built[overlay])
        damage(objects)
        if not list(rule(objects)):
            yield name
    for name, damage in VALUES:
        broken = copy.deepcopy(values)
        damage(broken)
        if not list(check_chart(built[BASE], broken)):
            yield name
