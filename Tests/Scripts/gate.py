#!/usr/bin/env python3
"""The static gate in an empty root: see gate.sh, which calls this."""
import functools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

from name_server import A, AAAA, SERVFAIL, NameServer, answer, garbage, question_of
from programs import work_directory

PROGRAMS, GATE = sys.argv[1:3]
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
EXAMPLES = os.path.join(ROOT, "deploy/examples/contracts")
PROVIDER = "GCP-Secret-Manager"
KUBERNETES = "search ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5 timeout:1 attempts:2\n"
FULL = "pact-mocks-manager.ns.svc.cluster.local"
GOOD = {FULL: "127.0.0.1"}
failures = []


def report(name, is_good, detail):
    print(f"{'ok  ' if is_good else 'FAIL'} {name}: {detail}", flush=True)
    if not is_good:
        failures.append(name)


class EmptyRoot:
    """A directory with the installed gate, and files under /etc."""

    def __init__(self, work, **files):
        self.path = tempfile.mkdtemp(dir=work)
        os.chmod(self.path, 0o755)
        os.mkdir(self.path + "/etc")
        subprocess.run([GATE, "install", self.path], check=True, stderr=subprocess.DEVNULL)
        self.write(**files)

    def write(self, **files):
        for name, text in files.items():
            with open(f"{self.path}/etc/{name.replace('_', '.')}", "w", encoding="utf-8") as file:
                file.write(text)

    def start(self, arguments, environment=None):
        def enter():
            os.chroot(self.path)
            os.chdir("/")
            os.setgroups([])
            os.setgid(65532)
            os.setuid(65532)
        return subprocess.Popen(
            ["/wait-for-contract", *arguments], env=environment or {}, preexec_fn=enter, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait(self, host, port, *arguments):
        """(exit code, output, seconds) of a gate whose command is the only one there is: itself."""
        start = time.monotonic()
        gate = self.start(["--provider", PROVIDER, "--manager", f"http://{host}:{port}", *arguments, "--",
                           "/wait-for-contract", "--version"])
        output = gate.communicate(timeout=60)[0]
        return gate.returncode, output, time.monotonic() - start


def expect(name, result, is_ready, within, *words):
    code, output, seconds = result
    lines = output.strip().split("\n")
    good = code == 0 and re.fullmatch(r"\d+\.\d+\.\d+", lines[-1]) and seconds < within
    good = good and ("ready after" in output) == is_ready and all(word in output for word in words)
    report(name, bool(good), f"{seconds:.2f} s; {lines[-2] if len(lines) > 1 else lines}" if good else output)


def start_manager(work, start):
    """The port of the real manager with the example contracts, all published."""
    broker = start(os.path.join(PROGRAMS, "local-broker"), "--port", "0", environment={})
    manager = start(os.path.join(PROGRAMS, "manager"), environment={
        "BROKER_URL": broker.says(r"listening on (\S+)")[1], "CONFIGMAP_PATH": EXAMPLES,
        "STATE_DIR": os.path.join(work, "state"), "HEALTH_PORT": "0", "HEALTH_HOST": "127.0.0.1"})
    return manager.says(r"health\.port=(\d+)")[1]


def look_up(work, port, name, known, host, is_ready, within, faults=None, check=None, words=(), **more):
    """A gate with nothing but a name server. `faults`: what that answers instead. `check` looks at its questions."""
    server = NameServer(known, faults)
    try:
        addresses = f"nameserver {server.address}\n{KUBERNETES}"
        root = EmptyRoot(work, hosts="127.0.0.1 localhost\n", resolv_conf=addresses, **more)
        arguments = ["--timeout", "20s" if is_ready else "3s"]
        expect(name, root.wait(host, port, *arguments), is_ready, within, *words)
        if check:
            report(f"{name}, as asked", bool(check(server)),
                   f"{len(server.asked)} questions, {server.over_tcp} over TCP")
    finally:
        server.close()


def names(work, port):
    """What a name can look like to a program that has only two files to look it up."""
    hosts = EmptyRoot(work, hosts="127.0.0.1 localhost\n127.0.0.1 pact-mocks-manager\n")
    expect("a name in /etc/hosts, no DNS", hosts.wait("pact-mocks-manager", port), True, 15)
    bare = EmptyRoot(work)
    expect("an address, nothing in /etc", bare.wait("127.0.0.1", port), True, 15)
    case = functools.partial(look_up, work, port)
    case("Kubernetes: search domains and ndots:5", GOOD, "pact-mocks-manager", True, 15,
         check=lambda server: server.asked[:1] and server.asked[0][0] == FULL)
    case("a name of another namespace", {"m.other.svc.cluster.local": "127.0.0.1"}, "m.other", True, 15,
         check=lambda server: {name for name, _ in server.asked}
         == {"m.other.ns.svc.cluster.local", "m.other.svc.cluster.local"})
    case("a full name, tried after the search domains", {"manager.example.test": "127.0.0.1"}, "manager.example.test",
         True, 15, check=lambda server: server.asked and server.asked[-1][0] == "manager.example.test")
    case("a chain of CNAMEs", {FULL: "a.test", "a.test": "b.test", "b.test": "127.0.0.1"}, "pact-mocks-manager", True,
         5)
    case("a loop of CNAMEs", {}, "pact-mocks-manager", False, 15, words=["does not resolve"],
         faults=lambda message, name, count, tcp: [answer(message, [(FULL, 5, "x.test"), ("x.test", 5, FULL)])])
    case("NXDOMAIN", {}, "pact-mocks-manager", False, 15, words=["the name 'pact-mocks-manager' does not resolve"])


def name_faults(work, port):
    """Name servers as they are on bad days, and what an attacker could send."""
    case = functools.partial(look_up, work, port)
    start = time.monotonic()
    case("a name that appears after 2 s", GOOD, "pact-mocks-manager", True, 15, words=["does not resolve"],
         faults=lambda message, name, count, tcp:
         [answer(message, code=3)] if time.monotonic() < start + 2 else None)
    # What an attacker could send: another question's answer, another id's, noise. (Too short a datagram ends glibc's
    # patience with that server.)
    case("foreign answers before each right one", GOOD, "pact-mocks-manager", True, 15,
         faults=lambda message, name, count, tcp: None if tcp else [garbage(message)[i] for i in (2, 4, 5)] + [
             answer(message, [(FULL, A, "127.0.0.1")] if question_of(message)[1] == A else [])])
    case("garbage at first", GOOD, "pact-mocks-manager", True, 10,
         faults=lambda message, name, count, tcp: garbage(message) if count <= 6 else None)
    case("nothing but garbage", {}, "pact-mocks-manager", False, 15,
         faults=lambda message, name, count, tcp: garbage(message))
    case("truncated over UDP, whole over TCP", GOOD, "pact-mocks-manager", True, 15,
         faults=lambda message, name, count, tcp: None if tcp else [answer(message, truncated=True)],
         check=lambda server: server.over_tcp >= 1)
    case("the first answers lost", GOOD, "pact-mocks-manager", True, 8,
         faults=lambda message, name, count, tcp: [] if count <= 2 else None)
    case("SERVFAIL at first", GOOD, "pact-mocks-manager", True, 10,
         faults=lambda message, name, count, tcp: [answer(message, code=SERVFAIL)] if count <= 8 else None)
    case("no answer about IPv6", GOOD, "pact-mocks-manager", True, 20,
         faults=lambda message, name, count, tcp: [] if question_of(message)[1] == AAAA else None)
    case("a silent server", {}, "pact-mocks-manager", False, 15, faults=lambda message, name, count, tcp: [],
         words=["PACT_CONTRACT_READY=0"])
    case("modules of another libc in nsswitch.conf", GOOD, "pact-mocks-manager", True, 15,
         nsswitch_conf="hosts: mymachines mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] myhostname\n")


def installs(work, port):
    """`install` inside, again and again under those who start it, and where there is no room."""
    root = EmptyRoot(work, hosts="127.0.0.1 localhost\n")
    os.mkdir(root.path + "/gate")
    os.chown(root.path + "/gate", 65532, 65532)
    first = root.start(["install", "/gate"])
    output = first.communicate(timeout=30)[0]
    with open(GATE, "rb") as one, open(root.path + "/gate/wait-for-contract", "rb") as two:
        report("install without /proc", first.returncode == 0 and one.read() == two.read(), output.strip())
    running = [root.start(["install", "/gate"]) for _ in range(6)]
    codes = []
    while any(process.poll() is None for process in running):
        codes.append(subprocess.run([root.path + "/gate/wait-for-contract", "--version"],
                                    stdout=subprocess.DEVNULL).returncode)
    done = [process.wait() for process in running]
    for process in running:
        process.stdout.close()
    left = os.listdir(root.path + "/gate")
    report("six at once, and started meanwhile", set(done + codes) == {0} and left == ["wait-for-contract"],
           f"started {len(codes)} times, left there: {left}")
    missing = root.start(["install", "/nowhere"])
    output = missing.communicate(timeout=30)[0]
    report("install into nothing", missing.returncode == 1 and "the directory /nowhere does not exist" in output, output.strip())
    full = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"mkdir -p {work}/full && mount -t tmpfs -o size=4m none {work}/full && "
         f"{GATE} install {work}/full; echo $?; ls -A {work}/full"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True)
    report("install on a full disk leaves nothing", "No space left" in full.stdout and full.stdout.endswith("\n1\n"),
           full.stdout.strip().replace("\n", " | "))


def ends(work, port):
    """Signals, and the probe, inside."""
    root = EmptyRoot(work, hosts="127.0.0.1 localhost\n")
    gate = root.start(["--provider", "Nobody", "--manager", f"http://localhost:{port}"])
    line = gate.stdout.readline()
    gate.send_signal(signal.SIGTERM)
    gate.communicate(timeout=30)
    report("SIGTERM while it waits", gate.returncode == -signal.SIGTERM, line.strip())
    for provider, code in ((PROVIDER, 0), ("Nobody", 75)):
        probe = root.start(["--check", "--provider", provider, "--manager", f"http://localhost:{port}"])
        output = probe.communicate(timeout=30)[0]
        report(f"--check {provider}", probe.returncode == code, output.strip())
    sleeper = root.start(["--provider", PROVIDER, "--timeout", "100ms", "--", "/wait-for-contract", "--provider", "X",
                          "--manager", "http://localhost:1"])
    while line := sleeper.stdout.readline():
        if "waiting for X" in line:
            break
    with open(f"/proc/{sleeper.pid}/environ", encoding="utf-8") as file:
        told = file.read().strip("\0").split("\0")
    sleeper.send_signal(signal.SIGKILL)
    sleeper.communicate()
    report("its environment was empty but for the answer", told == ["PACT_CONTRACT_READY=0"], told)


def main():
    headers = subprocess.run(["readelf", "-lW", GATE], stdout=subprocess.PIPE, text=True).stdout
    if headers:
        report("needs no interpreter", "INTERP" not in headers, f"{os.path.getsize(GATE) / 1e6:.1f} MB")
    with work_directory() as (work, start):
        os.chmod(work, 0o755)
        port = start_manager(work, start)
        for part in (names, name_faults, installs, ends):
            part(work, port)
    if failures:
        sys.exit(f"{len(failures)} failed: {', '.join(failures)}")


if __name__ == "__main__":
    main()
