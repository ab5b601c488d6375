"""The manager's metrics under the real Prometheus: promtool's checks of a real page, of the alert rules and of their
tests; then a Prometheus server that scrapes a manager and answers queries about it.

python3 Tests/Scripts/prometheus.py DIRECTORY_OF_THE_BUILT_PROGRAMS

Every wait ends with an event or a deadline; all servers listen on free ports of the loopback.
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from checks import Failed, expect, say
from programs import PATIENCE, work_directory

ROOT = pathlib.Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy/monitoring"
PREFIX = "pact_mocks_manager_"
PROVIDERS = ['Zahlung "Ü" \\ 支付', "orders"]


def fetch(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.status, answer.headers, answer.read().decode()


def promtool(*arguments, text=None):
    return subprocess.run(
        ["promtool", *arguments], input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE
    )


def checks_of_rules(directory):
    """The rules, their tests and the scrape example; then that broken ones are noticed."""
    for arguments in (["check", "rules", "alerts.yaml"], ["test", "rules", "tests.yaml"]):
        result = promtool(*arguments[:2], str(MONITORING / arguments[2]))
        expect(result.returncode == 0, f"promtool {' '.join(arguments)}\n{result.stdout}".rstrip())
    # Debian's build knows no discovery but a few; everything else of the example counts.
    example = (MONITORING / "scrape.yaml").read_text()
    known = example.replace("    kubernetes_sd_configs:\n      - role: pod\n", "    static_configs: []\n")
    expect(known != example, "the scrape example discovers pods")
    (directory / "alerts.yaml").write_text((MONITORING / "alerts.yaml").read_text())
    (directory / "scrape.yaml").write_text(known)
    result = promtool("check", "config", str(directory / "scrape.yaml"))
    expect(result.returncode == 0, "promtool check config scrape.yaml" if result.returncode == 0 else result.stdout)
    (directory / "tests.yaml").write_text((MONITORING / "tests.yaml").read_text())
    rules = (MONITORING / "alerts.yaml").read_text()
    quiet = f"time() - {PREFIX}source_last_activity_timestamp_seconds > 3600"
    for old, new in {
        "for: 5m": "for: 1m",
        "for: 10m": "for: 1m",
        f"max without (source) ({PREFIX}source_connected) == 0": quiet,
        "|invalid": "|invalid|superseded",
        "watcher|publisher": ".*",
        ">= 5": ">= 2",
    }.items():
        expect(old in rules, f"the rules have {old!r}")
        (directory / "alerts.yaml").write_text(rules.replace(old, new))
        expect(promtool("test", "rules", str(directory / "tests.yaml")).returncode != 0, f"the tests notice {new!r}")


def prometheus(directory, start, port):
    """A server that scrapes the manager once a second and evaluates the alerts."""
    (directory / "alerts.yaml").write_text((MONITORING / "alerts.yaml").read_text())
    (directory / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        "rule_files: [alerts.yaml]\n"
        "scrape_configs:\n"
        "  - job_name: manager\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
    )
    # It wants a port that is not 0; one that was free a moment ago may be taken by then, so there are several attempts.
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            own = probe.getsockname()[1]
        server = start(
            "prometheus",
            f"--config.file={directory}/prometheus.yml",
            f"--storage.tsdb.path={directory}/data",
            f"--web.listen-address=127.0.0.1:{own}",
            cwd=directory,
        )
        if "ready" in server.says("Server is ready to receive web requests|address already in use").group(0):
            return f"http://127.0.0.1:{own}"
        server.process.wait(PATIENCE)
    raise Failed("no free port for prometheus")


def query(server, expression):
    _, _, body = fetch(f"{server}/api/v1/query?query={urllib.parse.quote(expression)}")
    answer = json.loads(body)
    if answer["status"] != "success":
        raise Failed(expression, body)
    return [(entry["metric"], float(entry["value"][1])) for entry in answer["data"]["result"]]


def queried(server, expression, condition, text):
    """Asks until the answer is as it should be: a scrape has to come by, once a second."""
    deadline = time.monotonic() + PATIENCE
    while not condition(result := query(server, expression)):
        if time.monotonic() > deadline:
            raise Failed(f"{text}: {expression} gives {result}")
        time.sleep(0.1)
    say(text)


def checks_of_page(url):
    status, headers, page = fetch(f"{url}/metrics")
    expect(status == 200, "the manager answers /metrics")
    expect(headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", "the content type is the format's")
    result = promtool("check", "metrics", text=page)
    expect(result.returncode == 0 and not result.stdout.strip(), f"promtool check metrics: nothing to say{result.stdout}")
    # A checker that lets everything pass would say the same.
    broken = page.replace(f"# HELP {PREFIX}waiters ", f"# HELP {PREFIX}waiters_ ")
    expect(promtool("check", "metrics", text=broken).returncode != 0, "promtool notices a metric without HELP")
    documented = re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
    shown = re.findall(rf"^# TYPE {PREFIX}(\w+) (\w+)$", page, re.MULTILINE)
    expect(len(documented) > 20 and sorted(documented) == sorted(shown), f"all {len(shown)} documented metrics are there")
    return {name for name, kind in shown}


def start_manager(products, directory, start, broker_url):
    """The manager's port, once it has published a contract for each of `PROVIDERS`."""
    contracts = directory / "contracts"
    contracts.mkdir()
    for number, provider in enumerate(PROVIDERS):
        interaction = {"description": "a", "request": {"method": "GET", "path": "/"}, "response": {"status": 200}}
        contract = {"consumer": {"name": "web"}, "provider": {"name": provider}, "interactions": [interaction]}
        (contracts / f"{number}.json").write_text(json.dumps(contract))
    environment = {
        "PATH": os.environ["PATH"],
        "BROKER_URL": broker_url,
        "CONFIGMAP_PATH": str(contracts),
        "CONTRACT_SOURCE": "directory",
        "GIT_COMMIT": "abc",
        "STATE_DIR": str(directory / "state"),
        "HEALTH_HOST": "127.0.0.1",
        "HEALTH_PORT": "0",
    }
    port = start(f"{products}/manager", environment=environment).says(r"health\.port=(\d+)").group(1)
    for provider in PROVIDERS:
        fetch(f"http://127.0.0.1:{port}/providers/{urllib.parse.quote(provider)}/ready?wait=60s")
    return port


def checks_of_queries(server, names):
    """What a person asks for, and that each metric of the page has arrived."""

    def value(expression, condition, text):
        queried(server, expression, lambda result: condition([value for _, value in result]), text)

    value('up{job="manager"}', lambda r: r == [1], "Prometheus has scraped the manager")
    value(
        f'{PREFIX}provider_ready{{provider="Zahlung \\"Ü\\" \\\\ 支付"}}',
        lambda r: r == [1],
        "a provider with quotation marks, a backslash and letters of all kinds is ready",
    )
    value(f'{PREFIX}contracts{{state="published"}}', lambda r: r == [len(PROVIDERS)], "two are published")
    value(
        f"histogram_quantile(0.5, {PREFIX}change_to_published_seconds_bucket)",
        lambda r: len(r) == 1 and 0 < r[0] < 60,
        "the median from a change to its proof can be asked for",
    )
    value(
        f"{PREFIX}worker_resident_memory_bytes",
        lambda r: len(r) == 3 and all(size > 1 << 20 for size in r),
        "the memory of three workers",
    )
    for name in sorted(names):
        if not query(server, f'{{__name__=~"{PREFIX}{name}(_count)?"}}'):
            raise Failed(f"Prometheus has no sample of {name}")
    say("Prometheus has samples of each metric")


def checks_of_alerts(server, broker):
    _, _, body = fetch(f"{server}/api/v1/rules")
    rules = [rule for group in json.loads(body)["data"]["groups"] for rule in group["rules"]]
    expect(len(rules) == 3 and all(rule["state"] == "inactive" for rule in rules), "three alerts, none of them active")
    broker.process.kill()
    queried(
        server,
        'ALERTS{alertname="PactBrokerDown",alertstate="pending"}',
        lambda r: len(r) == 1,
        "without the broker PactBrokerDown begins to count its five minutes",
    )


def main(products):
    with work_directory() as (directory, start):
        checks_of_rules(directory)
        broker = start(f"{products}/local-broker", "--port", "0")
        port = start_manager(products, directory, start, broker.says(r"http://127\.0\.0\.1:\d+").group(0))
        names = checks_of_page(f"http://127.0.0.1:{port}")
        server = prometheus(directory, start, port)
        checks_of_queries(server, names)
        checks_of_alerts(server, broker)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Failed as failure:
        sys.exit(f"FAIL {failure}")
