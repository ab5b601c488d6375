"""A browser driven over the DevTools protocol: a small WebSocket client (RFC 6455) and one page."""
import base64
import json
import os
import re
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

from checks import Failed
from programs import end

PATIENCE = 30.0


class WebSocket:
    """Text messages to and from a server on this machine."""

    def __init__(self, url):
        host, port, path = re.fullmatch(r"ws://([^:/]+):(\d+)(/.*)", url).groups()
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        self.rest = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            (
                f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise Failed(f"no WebSocket: {head[:200]!r}")

    def send(self, text):
        payload = text.encode()
        mask = os.urandom(4)
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x81, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", 0x81, 0xFE, size)
        else:
            head = struct.pack("!BBQ", 0x81, 0xFF, size)
        masked = bytes(byte ^ mask[index & 3] for index, byte in enumerate(payload))
        self.socket.sendall(head + mask + masked)

    def receive(self, deadline):
        message = b""
        while True:
            final, code, payload = self._frame(deadline)
            if code in (0, 1, 2):
                message += payload
                if final:
                    return message.decode()
            elif code == 8:
                raise Failed("the browser closed the connection")

    def _frame(self, deadline):
        first, second = self._take(2, deadline)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2, deadline))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8, deadline))
        return first & 0x80 != 0, first & 0x0F, self._take(size, deadline)

    def _take(self, count, deadline):
        while len(self.rest) < count:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.socket.settimeout(left)
            self._more()
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def _more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise Failed("the connection to the browser broke")
        self.rest += data


class Browser:
    """A headless browser with a profile of its own; ends with this object."""

    def __init__(self, path):
        self.profile = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        # Its own sandbox needs privileges that a container rarely gives. Shared memory may be small there, too.
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
            "--hide-scrollbars", f"--user-data-dir={self.profile.name}", "--remote-debugging-port=0",
            "--remote-allow-origins=*", "about:blank",
        ]
        self.log = open(os.path.join(self.profile.name, "browser.log"), "w+b")
        self.process = subprocess.Popen(
            [path] + arguments, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL
        )
        deadline = time.monotonic() + PATIENCE
        port_file = os.path.join(self.profile.name, "DevToolsActivePort")
        while not (os.path.exists(port_file) and open(port_file).read().count("\n") >= 1):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                raise Failed(f"the browser does not start: {self.log.read()[-2000:].decode(errors='replace')}")
            time.sleep(0.02)
        self.port = int(open(port_file).read().split("\n")[0])

    def page(self):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return Page(WebSocket(json.load(answer)["webSocketDebuggerUrl"]))

    def close(self):
        end(self.process)
        self.log.close()
        self.profile.cleanup()


class Page:
    """One tab, and everything it reported."""

    def __init__(self, connection):
        self.connection = connection
        self.number = 0
        # Dialogs, exceptions, console errors, violations of the policy.
        self.complaints = []
        # Navigations of the main frame.
        self.loads = 0
        for domain in ("Page", "Runtime", "Log", "Audits", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self.number += 1
        self.connection.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        # Longer than any wait that the page does for us: that one says what was awaited.
        deadline = time.monotonic() + PATIENCE + 10
        while True:
            try:
                message = self._receive(deadline)
            except TimeoutError:
                raise Failed(f"{method} is not answered: {str(parameters)[:300]}") from None
            if message.get("id") == self.number:
                if "error" in message:
                    raise Failed(f"{method}: {message['error']}")
                return message["result"]

    def _receive(self, deadline):
        message = json.loads(self.connection.receive(deadline))
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Page.javascriptDialogOpening":
            self.complaints.append(f"dialog: {parameters.get('message')}")
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(f"exception: {json.dumps(parameters)[:500]}")
        elif method == "Log.entryAdded" and parameters["entry"].get("source") == "security":
            self.complaints.append(f"log: {parameters['entry'].get('text')}")
        elif method == "Audits.issueAdded" and "contentSecurityPolicy" in json.dumps(parameters):
            self.complaints.append(f"policy: {json.dumps(parameters)[:500]}")
        elif method == "Page.loadEventFired":
            self.loads += 1
        return message

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise Failed(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def open(self, url):
        before = self.loads
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + PATIENCE
        while self.loads == before:
            try:
                self._receive(deadline)
            except TimeoutError:
                raise Failed(f"{url} does not load") from None

    def wait(self, what, expression, limit=PATIENCE):
        """Until the expression is true: looked at whenever the document changes, by the page itself."""
        script = f"""new Promise((resolve) => {{
            const end = Date.now() + {int(limit * 1000)};
            const look = () => {{
                let holds = false;
                try {{ holds = Boolean({expression}); }} catch {{ }}
                if (holds || Date.now() > end) resolve(holds); else setTimeout(look, 20);
            }};
            look();
        }})"""
        if not self.evaluate(script):
            text = self.evaluate("document.body.innerText.slice(0, 3000)")
            raise Failed(f"after {limit} s not: {what}\n{text}")

    def size(self, width, height):
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def media(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path, whole=True):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
