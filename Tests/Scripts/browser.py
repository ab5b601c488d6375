"""The status page in a real browser: browser.py BROWSER DIRECTORY-OF-PROGRAMS DIRECTORY-FOR-SCREENSHOTS.

Starts a broker and a manager on real contracts, among them hostile ones, and looks at what a person would see.
Whatever it starts, it stops.
"""
import base64
import json
import os
import shutil
import socket
import sys
import time
import urllib.request

from checks import Failed, expect, say, until
from devtools import PATIENCE, Browser
from programs import work_directory

PASSWORD = "hunter2-is-secret"
ATTACKS = {
    "consumer": "<img src=x onerror=\"window.canary='consumer'\">",
    "provider": "\"'><script>window.canary='provider'</script>",
    "file": "<svg onload=window.canary='file'>.json",
    "broker": "<iframe srcdoc=\"<script>parent.canary='broker'</script>\"></iframe>",
}


class World:
    """Broker, manager and the directory that it reads."""

    def __init__(self, programs, work, start_program):
        self.programs = programs
        self.work = work
        self.start_program = start_program
        self.mount = os.path.join(work, "mount")
        os.mkdir(self.mount)
        self.generation = 0
        broker = start_program(
            f"{programs}/local-broker", "--port", "0", "--username", "pact", "--password", PASSWORD
        )
        self.broker = broker.says(r"listening on (http://\S+)").group(1)
        self.manager = None

    def faults(self, rules):
        token = base64.b64encode(f"pact:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(
            f"{self.broker}/_faults",
            data=json.dumps(rules).encode() if rules is not None else None,
            method="DELETE" if rules is None else "PUT",
            headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=PATIENCE).close()

    def swap(self, edit=""):
        """Publishes the contracts as the kubelet does: a new directory, then one rename of ..data."""
        self.generation += 1
        name = f"..{self.generation}"
        directory = os.path.join(self.mount, name)
        os.makedirs(directory)
        examples = "deploy/examples/contracts"
        files = {entry: open(os.path.join(examples, entry)).read() for entry in sorted(os.listdir(examples))}
        files[ATTACKS["file"]] = self.contract(ATTACKS["consumer"], ATTACKS["provider"])
        files["broken-" + ATTACKS["file"]] = '{"consumer": <b>'
        for entry, text in files.items():
            text = text.replace('"description": "', f'"description": "{edit}', 1)
            with open(os.path.join(directory, entry), "w") as file:
                file.write(text)
        link = os.path.join(self.mount, "..data_tmp")
        os.symlink(name, link)
        os.rename(link, os.path.join(self.mount, "..data"))
        for entry in files:
            visible = os.path.join(self.mount, entry)
            if not os.path.lexists(visible):
                os.symlink(f"..data/{entry}", visible)

    @staticmethod
    def contract(consumer, provider):
        interaction = {
            "description": "a request",
            "request": {"method": "GET", "path": "/"},
            "response": {"status": 200},
        }
        names = {"consumer": {"name": consumer}, "provider": {"name": provider}}
        version = {"metadata": {"pactSpecification": {"version": "2.0.0"}}}
        return json.dumps({**names, "interactions": [interaction], **version}, indent=1)

    def start(self, port="0"):
        address = self.broker.replace("http://", f"http://pact:{PASSWORD}@")
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "BROKER_URL": address, "CONFIGMAP_PATH": self.mount,
            "HEALTH_PORT": port, "STATE_DIR": f"{self.work}/state", "CHECK_INTERVAL_SECS": "1",
            "CONTRACT_SOURCE": "directory", "GIT_BRANCH": "main", "GIT_COMMIT": "abc1234",
        }
        self.manager = self.start_program(f"{self.programs}/manager", environment=environment)
        return f"http://127.0.0.1:{self.manager.says(r'health.port=([0-9]+)').group(1)}"


def looks_right(page, width, name, shots):
    """No part of the page is wider than the window, except in the tables' own regions."""
    page.size(width, 800)
    # What sticks out widens the window of a phone.
    page.wait(f"the page fits into {width} px", f"innerWidth === {width}")
    outside = page.evaluate(
        """[...document.body.querySelectorAll("*")].filter((element) => {
            if (element.closest(".scroll") !== null && !element.matches(".scroll")) return false;
            if (element.matches(".skip, .unseen")) return false;
            return element.getBoundingClientRect().right > innerWidth + 0.5;
        }).map((element) => element.outerHTML.slice(0, 80))"""
    )
    expect(not outside, f"{name}: nothing sticks out at {width} px{'' if not outside else f': {outside}'}")
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    expect(widths[0] <= widths[1], f"{name}: no horizontal scrolling at {width} px")
    page.screenshot(os.path.join(shots, f"{name}-{width}.png"))


def is_harmless(page, when):
    """What was hostile is text: it can be read, and nothing of it is an element or ran."""
    page.wait("the attacks can be read", f"""[{json.dumps(ATTACKS['consumer'])}, {json.dumps(ATTACKS['provider'])},
        {json.dumps(ATTACKS['file'])}].every((text) => document.body.textContent.includes(text))""")
    expect(page.evaluate("typeof window.canary") == "undefined", f"{when}: nothing hostile ran")
    nodes = page.evaluate("document.querySelectorAll('img, svg, iframe, script, [onerror], [onload], b').length")
    expect(nodes == 1, f"{when}: the page's own script is the only such element")


def refused_then_published(page, world, url, shots):
    world.faults([{"status": 422, "method": "POST", "body": {"errors": {"contracts": [ATTACKS["broker"]]}}}])
    world.swap()
    page.open(url)
    page.wait("the broker's text", f"document.body.textContent.includes({json.dumps(ATTACKS['broker'])})")
    page.wait("all are refused", "document.querySelectorAll('#contracts .bad').length === 4")
    is_harmless(page, "refused")
    expect(page.evaluate("document.title").startswith("Not ready"), "the title says that it is not ready")
    looks_right(page, 1280, "refused-light", shots)

    page.size(1280, 800)
    page.evaluate("""window.marker = "the same document"; document.getElementById("log-table").focus();
        scrollTo(0, 300); 1""")
    loads = page.loads
    world.faults(None)
    world.swap(edit="(edited) ")
    page.wait("the verdict changes", "document.getElementById('verdict-word').textContent.startsWith('Ready')")
    page.wait("all are published", "document.querySelectorAll('#contracts .good').length === 4")
    expect(page.evaluate("window.marker") == "the same document" and page.loads == loads, "the update needs no reload")
    expect(page.evaluate("document.activeElement.id") == "log-table", "the focus stays")
    expect(page.evaluate("scrollY") == 300, "the scrolling stays")
    expect(page.evaluate("document.getElementById('said').textContent").startswith("Ready"), "the change is announced")
    expect(page.evaluate("document.title").startswith("Ready"), "the title follows")
    is_harmless(page, "published")


def looks(page, shots):
    for scheme in ("light", "dark"):
        page.media(scheme)
        for width in (1280, 360):
            looks_right(page, width, f"published-{scheme}", shots)
    page.media("light")
    # Nothing but the script changes this one: a section that says the same is not replaced.
    seconds = "document.querySelector('#verdict .age').textContent"
    before = page.evaluate(seconds)
    checked = "[...document.querySelectorAll('#broker time')].map((time) => time.dateTime).join()"
    page.evaluate("document.querySelector('#broker code').isTheSame = true; 1")
    last = page.evaluate(checked)
    page.wait("the broker's next check is shown", f"{checked} !== {json.dumps(last)}")
    expect(page.evaluate("document.querySelector('#broker code').isTheSame"), "what did not change was not replaced")
    page.wait("ages grow", f"{seconds} !== {json.dumps(before)}")


def lost_and_back(page, world, url, shots):
    port = url.rsplit(":", 1)[1]
    world.manager.stop()
    page.wait("the loss is shown", "document.getElementById('link').textContent.startsWith('Connection lost')")
    expect(page.evaluate("document.getElementById('contracts') !== null"), "what was known stays on the page")
    page.size(360, 800)
    page.screenshot(os.path.join(shots, "lost-360.png"), whole=False)
    world.start(port)
    page.wait("it is live again", "document.getElementById('link').textContent === 'live'")
    page.wait("and up to date", "document.querySelectorAll('#contracts .good').length === 4")
    expect(page.evaluate("window.marker") == "the same document", "it came back by itself")


def without_a_stream(browser, url):
    """Where all streams are taken the page still follows, only later."""
    address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
    streams = []
    try:
        while True:
            stream = socket.create_connection(address, timeout=PATIENCE)
            streams.append(stream)
            stream.sendall(b"GET /events HTTP/1.1\r\nHost: browser\r\n\r\n")
            if b" 503 " in stream.recv(64):
                break
        page = browser.page()
        page.open(url)
        page.wait("it looks by itself", "document.getElementById('link').textContent.startsWith('not live')")
    finally:
        for stream in streams:
            stream.close()
    page.wait("a place is free again", "document.getElementById('link').textContent === 'live'")
    expect(len(streams) > 32, f"without a stream the page looks by itself ({len(streams)} others followed)")


def without_script(browser, url, shots):
    page = browser.page()
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.size(360, 800)
    page.open(url)
    text = page.evaluate("document.body.innerText")
    for part in ("Ready", "GCP-Secret-Manager", "Without script this page stays as it is", "Last events"):
        expect(part in text, f"without script: {part}")
    expect(page.evaluate("document.getElementById('link').hidden"), "without script nothing claims to be live")
    page.screenshot(os.path.join(shots, "without-script-360.png"))
    expect(not page.complaints, f"without script nothing is reported {page.complaints or ''}")


def control(page):
    """The checks above can fail: markup that got in would be seen, and the policy would keep it from running."""
    before = len(page.complaints)
    page.evaluate("""document.body.insertAdjacentHTML("beforeend", "<img src='x' onerror='window.canary=1'>"); 1""")
    page.wait("the picture", "document.querySelectorAll('img').length === 1")
    until(PATIENCE, "the browser reports it", lambda: page.evaluate("1") and len(page.complaints) > before)
    say("control: the browser reports what got in")
    expect(page.evaluate("typeof window.canary") == "undefined", "control: and the policy stops it")


def nothing_secret(url):
    for path, accept in (("/", "text/html"), ("/status.json", "*/*"), ("/", "*/*")):
        request = urllib.request.Request(url + path, headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            body = answer.read().decode()
        encoded = base64.b64encode(f"pact:{PASSWORD}".encode()).decode()
        expect(PASSWORD not in body and encoded not in body, f"{path} for {accept}: no credentials")


def run(path, programs, shots):
    shutil.rmtree(shots, ignore_errors=True)
    os.makedirs(shots)
    with work_directory() as (work, start_program):
        world = browser = None
        try:
            world = World(programs, work, start_program)
            browser = Browser(path)
            url = world.start()
            page = browser.page()
            page.size(1280, 800)
            refused_then_published(page, world, url, shots)
            looks(page, shots)
            nothing_secret(url)
            lost_and_back(page, world, url, shots)
            expect(not page.complaints, f"no dialog, no exception, no violation {page.complaints or ''}")
            without_a_stream(browser, url)
            without_script(browser, url, shots)
            control(page)
        except Failed as failure:
            print(f"FAIL {failure}", file=sys.stderr)
            if world and world.manager:
                print(world.manager.text()[-3000:], file=sys.stderr)
            return 1
        finally:
            if browser:
                browser.close()
    print(f"screenshots: {', '.join(sorted(os.listdir(shots)))} in {shots}")
    return 0


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:4]))
