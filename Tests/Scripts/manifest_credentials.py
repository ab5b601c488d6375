"""Which of the broker's two users who has in deploy/kubernetes: a rule for the built objects, a question to a broker."""

import base64
import http.client
import urllib.parse

from manifest_rules import container, containers, pods, secret


def login(container, prefix):
    """The references of a user and a password: variables with the prefix."""
    found = {each["name"]: each.get("valueFrom", {}).get("secretKeyRef") for each in container.get("env", [])}
    return [found.get(f"{prefix}_{name}") for name in ("USERNAME", "PASSWORD")]


def check_credentials(objects):
    """The manager may write; mock servers, who show their password to whoever sees their arguments, may only read."""
    broker, write = container(objects, "pact-broker"), login(container(objects, "manager"), "BROKER")
    read = login(broker, "PACT_BROKER_BASIC_AUTH_READ_ONLY")
    if login(broker, "PACT_BROKER_BASIC_AUTH") != write or not all(write):
        yield "broker and manager have not the same user from a Secret"
    if not all(read) or any(secret(objects, one) == secret(objects, other) for one, other in zip(read, write)):
        yield "the user who may only read is the one who may write, or nobody"
    for pod, template in pods(objects):
        for each in containers(template):
            if each["name"] in ("pact-broker", "manager"):
                continue
            references = [variable["valueFrom"]["secretKeyRef"] for variable in each.get("env", []) if "valueFrom" in variable]
            if any(reference not in read for reference in references):
                yield f"{pod}/{each['name']} is given more than the user who may only read"
            # A password written out, or a user of whom there is none.
            users = [text for text in each.get("args", []) if text.startswith("--user=")]
            if users and (users != ["--user=$(BROKER_USERNAME):$(BROKER_PASSWORD)"] or login(each, "BROKER") != read):
                yield f"{pod}/{each['name']}: {users[0]} is not the user who may only read"


def ask_broker(options, method, path, body=None):
    """The status with which the broker answers a mock server, with the user and at the port of its options."""
    connection = http.client.HTTPConnection("127.0.0.1", urllib.parse.urlsplit(options["--broker-url"]).port, timeout=10)
    try:
        login = base64.b64encode(options["--user"].encode()).decode()
        connection.request(method, path, body, {"Authorization": f"Basic {login}", "Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()
