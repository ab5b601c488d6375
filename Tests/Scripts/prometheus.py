"""The manager's metrics under the real Prometheus: promtool's checks of a real page, of the alert rules and of their
tests; then a Prometheus server that scrapes a manager and answers queries about it.

python3 Tests/Scripts/prometheus.py DIRECTORY_OF_THE_BUILT_PROGRAMS

Every wait ends with an event or a deadline; all servers listen on free ports of the loopback.
"""

import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy/monitoring"
PREFIX = "pact_mocks_manager_"
PATIENCE = 60
children = []


def fail(text):
    print(f"FAIL {text}", file=sys.stderr)
    sys.exit(1)


def check(condition, text):
    if not condition:
        fail(text)
    print(f"ok   {text}")


def start(*command, environment=None, cwd=None):
    """Starts a program; its output is read to the end, the lines kept."""
    process = subprocess.Popen(
        command, env=environment, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    process.lines = []
    process.news = threading.Condition()
    process.ended = False

    def read():
        for line in process.stdout:
            with process.news:
                process.lines.append(line)
                process.news.notify_all()
        with process.news:
            process.ended = True
            process.news.notify_all()

    process.reader = threading.Thread(target=read, daemon=True)
    process.reader.start()
    children.append(process)
    return process


def end_all():
    """Ends what was started, and waits for it: none of them writes any more into a directory that is to be removed."""
    for child in reversed(children):
        child.terminate()
    for child in children:
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def line(process, pattern):
    """Waits for a line and returns the match."""
    expression = re.compile(pattern)
    deadline = time.monotonic() + PATIENCE
    with process.news:
        while True:
            for text in process.lines:
                if match := expression.search(text):
                    return match
            if process.ended or not process.news.wait(max(0, deadline - time.monotonic())):
                fail(f"{process.args[0]} never said {pattern}: {''.join(process.lines[-20:])}")


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
        check(result.returncode == 0, f"promtool {' '.join(arguments)}\n{result.stdout}".rstrip())
    # Debian's build knows no discovery but a few; everything else of the example counts.
    example = (MONITORING / "scrape.yaml").read_text()
    known = example.replace("    kubernetes_sd_configs:\n      - role: pod\n", "    static_configs: []\n")
    check(known != example, "the scrape example discovers pods")
    (directory / "alerts.yaml").write_text((MONITORING / "alerts.yaml").read_text())
    (directory / "scrape.yaml").write_text(known)
    result = promtool("check", "config", str(directory / "scrape.yaml"))
    check(result.returncode == 0, "promtool check config scrape.yaml" if result.returncode == 0 else result.stdout)
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
        check(old in rules, f"the rules have {old!r}")
        (directory / "alerts.yaml").write_text(rules.replace(old, new))
        check(promtool("test", "rules", str(directory / "tests.yaml")).returncode != 0, f"the tests notice {new!r}")


def prometheus(directory, port):
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
        match = line(server, "Server is ready to receive web requests|address already in use")
        if "ready" in match.group(0):
            return f"http://127.0.0.1:{own}"
        server.wait(PATIENCE)
    fail("no free port for prometheus")


def query(server, expression):
    _, _, body = fetch(f"{server}/api/v1/query?query={urllib.parse.quote(expression)}")
    answer = json.loads(body)
    if answer["status"] != "success":
        fail(f"{expression}: {body}")
    return [(entry["metric"], float(entry["value"][1])) for entry in answer["data"]["result"]]


def queried(server, expression, condition, text):
    """Asks until the answer is as it should be: a scrape has to come by, once a second."""
    deadline = time.monotonic() + PATIENCE
    while not condition(result := query(server, expression)):
        if time.monotonic() > deadline:
            fail(f"{text}: {expression} gives {result}")
        threading.Event().wait(0.1)
    print(f"ok   {text}")


def checks_of_page(url):
    status, headers, page = fetch(f"{url}/metrics")
    check(status == 200, "the manager answers /metrics")
    check(headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", "the content type is the format's")
    result = promtool("check", "metrics", text=page)
    check(result.returncode == 0 and not result.stdout.strip(), f"promtool check metrics: nothing to say{result.stdout}")
    # A checker that lets everything pass would say the same.
    broken = page.replace(f"# HELP {PREFIX}waiters ", f"# HELP {PREFIX}waiters_ ")
    check(promtool("check", "metrics", text=broken).returncode != 0, "promtool notices a metric without HELP")
    documented = re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
    shown = re.findall(rf"^# TYPE {PREFIX}(\w+) (\w+)$", page, re.MULTILINE)
    check(len(documented) > 20 and sorted(documented) == sorted(shown), f"all {len(shown)} documented metrics are there")
    return {name for name, kind in shown}


def main(products):
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as last:
        last.callback(end_all)
        directory = pathlib.Path(name)
        checks_of_rules(directory)
        contracts = directory / "contracts"
        contracts.mkdir()
        for number, provider in enumerate(['Zahlung "Ü" \\ 支付', "orders"]):
            interaction = {"description": "a", "request": {"method": "GET", "path": "/"}, "response": {"status": 200}}
            contract = {"consumer": {"name": "web"}, "provider": {"name": provider}, "interactions": [interaction]}
            (contracts / f"{number}.json").write_text(json.dumps(contract))
        broker = start(f"{products}/local-broker", "--port", "0")
        broker_url = line(broker, r"http://127\.0\.0\.1:\d+").group(0)
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
        manager = start(f"{products}/manager", environment=environment)
        port = line(manager, r"health\.port=(\d+)").group(1)
        url = f"http://127.0.0.1:{port}"
        for provider in ("orders", 'Zahlung "Ü" \\ 支付'):
            fetch(f"{url}/providers/{urllib.parse.quote(provider)}/ready?wait=60s")
        names = checks_of_page(url)
        server = prometheus(directory, port)
        queried(server, 'up{job="manager"}', lambda r: [v for _, v in r] == [1], "Prometheus has scraped the manager")
        queried(
            server,
            f'{PREFIX}provider_ready{{provider="Zahlung \\"Ü\\" \\\\ 支付"}}',
            lambda r: [v for _, v in r] == [1],
            "a provider with quotation marks, a backslash and letters of all kinds is ready",
        )
        queried(server, f'{PREFIX}contracts{{state="published"}}', lambda r: [v for _, v in r] == [2], "two are published")
        queried(
            server,
            f"histogram_quantile(0.5, {PREFIX}change_to_published_seconds_bucket)",
            lambda r: len(r) == 1 and 0 < r[0][1] < 60,
            "the median from a change to its proof can be asked for",
        )
        queried(
            server,
            f"{PREFIX}worker_resident_memory_bytes",
            lambda r: len(r) == 3 and all(value > 1 << 20 for _, value in r),
            "the memory of three workers",
        )
        for name in sorted(names):
            expression = f'{{__name__=~"{PREFIX}{name}(_count)?"}}'
            if not query(server, expression):
                fail(f"Prometheus has no sample of {name}")
        print("ok   Prometheus has samples of each metric")
        _, _, body = fetch(f"{server}/api/v1/rules")
        rules = [rule for group in json.loads(body)["data"]["groups"] for rule in group["rules"]]
        check(len(rules) == 3 and all(rule["state"] == "inactive" for rule in rules), "three alerts, none of them active")
        broker.kill()
        queried(
            server,
            'ALERTS{alertname="PactBrokerDown",alertstate="pending"}',
            lambda r: len(r) == 1,
            "without the broker PactBrokerDown begins to count its five minutes",
        )


if __name__ == "__main__":
    main(sys.argv[1])
