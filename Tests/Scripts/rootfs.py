"""The manager in the image's root file system, which rootfs_build.py made; see rootfs.sh.

rootfs.py BROKER CACHE, in a network namespace of its own: the local broker's program, the kept directory.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import container
import dockerfile
import rootfs_variants
from checks import Failed, ask, expect, say, until
from rootfs_variants import HEALTH

BROKER = "http://127.0.0.1:9292"
LOGIN = {"Authorization": "Basic " + base64.b64encode(b"pact:pact").decode()}
DOCKERFILE = "deploy/Dockerfile"
CONTRACTS = pathlib.Path("deploy/examples/contracts")


def check_publishing(work):
    wanted = {}
    for path in (work / "contracts").iterdir():
        pact = json.loads(path.read_text())
        wanted[pact["consumer"]["name"], pact["provider"]["name"]] = pact["interactions"]
    until(20, "/readiness is 200", lambda: ask(HEALTH + "/readiness")[0] == 200)
    for consumer, provider in wanted:
        status, body = ask(f"{HEALTH}/providers/{provider}/ready")
        expect(status == 200, f"/providers/{provider}/ready", body[:80])
    for (consumer, provider), interactions in wanted.items():
        status, body = ask(f"{BROKER}/pacts/provider/{provider}/consumer/{consumer}/latest", headers=LOGIN)
        expect(
            status == 200 and len(json.loads(body)["interactions"]) == len(interactions),
            "in the broker",
            f"{consumer} → {provider}, {len(interactions)} interactions",
        )


def check_confinement(box):
    expect(box.run(["id"]).stdout.split()[:2] == ["uid=65532", "gid=65532"], "user", "65532:65532")
    status = pathlib.Path(f"/proc/{box.pid}/status").read_text()
    inside = re.search(r"NSpid:.*\t(\d+)\n", status)[1]
    expect(inside == "1", "PID in its own namespace", inside)
    expect(re.search(r"CapEff:\t(\w+)\n", status)[1].strip("0") == "", "capabilities", "none")
    expect("NoNewPrivs:\t1" in status, "no new privileges", "set")
    allowed = ["/proc", "/state", "/dev/shm"] + [f"/dev/{device}" for device in container.DEVICES]
    pruned = " -o ".join(f"-path {path}" for path in allowed)
    writable = box.run(
        ["sh", "-c", f"find / '(' {pruned} ')' -prune -o ! -type l -writable -print"], check=False
    ).stdout.split()
    expect(
        not writable,
        "writable",
        str(writable) if writable else "nothing but /state (and /dev/shm, which engines mount)",
    )
    for place in ("/probe", "/tmp/probe", "/usr/local/bin/probe", "/pact-contracts/probe"):
        refused = box.run(["touch", place], check=False)
        expect("Read-only file system" in refused.stderr, f"touch {place}", refused.stderr.strip())
    box.run(["touch", "/state/probe"])
    box.run(["rm", "/state/probe"])
    say("touch /state/probe", "works")


def check_tools(box):
    answer = box.run(
        ["curl", "--silent", "--include", "http://localhost:8081/providers/GCP-Secret-Manager/ready"]
    ).stdout
    expect(answer.startswith("HTTP/1.1 200"), "curl inside", answer.splitlines()[0])
    certificates = box.run(["sh", "-c", "grep -c BEGIN /etc/ssl/certs/ca-certificates.crt"]).stdout.strip()
    expect(int(certificates) > 100, "certificate authorities", certificates)
    expect(box.run(box.image.health).returncode == 0, "HEALTHCHECK", "0 while the manager lives")
    expect(box.run(["manager", "status"]).returncode == 0, "manager status", "0 inside")


def check_gate(box):
    ready = box.run(
        ["wait-for-contract", "--check", "--manager", HEALTH, "--provider", "GCP-Secret-Manager"], check=False
    )
    expect(ready.returncode == 0, "wait-for-contract --check", ready.stderr.strip() or "0, the contract is there")
    absent = box.run(["wait-for-contract", "--check", "--manager", HEALTH, "--provider", "Nobody"], check=False)
    # 75: not ready. Any other code is of a gate that could not ask (docs/gate.md).
    expect(
        absent.returncode == 75,
        "wait-for-contract --check",
        f"{absent.returncode} for a provider that is not there",
    )


def check_orphans(box):
    """A process whose parent is gone belongs to PID 1: it must not stay a zombie when it ends."""
    orphan = box.run(["sh", "-c", "(sleep 600 >/dev/null 2>&1 & echo $!)"]).stdout.strip()

    def outside():
        for pid in container.children(box.pid):
            if re.search(rf"NSpid:.*\t{orphan}\n", container.process_file(pid, "status")):
                return pid
        return None

    adopted = until(20, "PID 1 adopts the orphan", outside)
    os.kill(adopted, signal.SIGKILL)
    until(20, f"PID 1 reaps the orphan {orphan}", lambda: not pathlib.Path(f"/proc/{adopted}").exists())
    say("orphan", f"{orphan} adopted by PID 1, killed and reaped")


def check_hung(box):
    """The health check must notice: nobody answers while every process stands still."""
    pids = list(box.processes().values())
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    code = box.run(box.image.health, check=False).returncode
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    expect(code not in (0, 126, 127), "HEALTHCHECK", f"{code} while it stands still")
    until(20, "/liveness is 200 again", lambda: ask(HEALTH + "/liveness")[0] == 200)


def memory(box):
    """PSS of PID 1 and the workers, after thirty more requests to the broker with nothing to publish: by then the memory
    of the start has been given back."""

    def asked():
        return len(json.loads(ask(BROKER + "/_requests", headers=LOGIN)[1]))

    before = asked()
    until(60, "thirty more requests to the broker", lambda: asked() >= before + 30)
    found, from_files = {}, 0
    for name, pid in box.processes().items():
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        found[name] = int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1])
        from_files += int(re.search(r"^Pss_File:\s+(\d+) kB", text, re.MULTILINE)[1])
    expect(set(found) == {"manager", "watcher", "publisher", "health-server"}, "processes", " ".join(found))
    say(
        "PSS idle",
        ", ".join(f"{name} {size / 1024:.1f}" for name, size in found.items())
        + f", sum {sum(found.values()) / 1024:.1f} MiB, of which {from_files / 1024:.1f} are pages of files",
    )


def run(broker_program, cache):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    work = cache / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(CONTRACTS, work / "contracts")
    # As a checkout of another user: readable for all, writable for none but its owner.
    subprocess.run(["chmod", "-R", "u=rwX,go=rX", work / "contracts"], check=True)
    image, boxes = dockerfile.Image(DOCKERFILE), []

    def make(mounts=(), **changes):
        environment = {"BROKER_URL": BROKER, "GIT_COMMIT": "abc1234", "CHECK_INTERVAL_SECS": "1"}
        mounts = [(work / "contracts", "/pact-contracts", "ro"), *mounts]
        boxes.append(container.Container(cache / "root", image, mounts, environment, work / "manager.log", **changes))
        boxes[-1].start()
        return boxes[-1]

    broker = subprocess.Popen(
        [broker_program, "--port", "9292", "--username", "pact", "--password", "pact"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        check_container(make(), work)
        rootfs_variants.check_other_user(make)
        rootfs_variants.check_live_update(make, cache / "root", work)
    except (Failed, subprocess.SubprocessError) as error:
        print(f"FAIL {error}", file=sys.stderr)
        print(getattr(error, "stderr", None) or "", file=sys.stderr)
        print(boxes[-1].log.read_text()[-4000:], file=sys.stderr)
        sys.exit(1)
    finally:
        for box in boxes:
            box.kill()
        broker.kill()
        broker.wait()


def check_container(box, work):
    until(20, "/liveness is 200", lambda: ask(HEALTH + "/liveness")[0] == 200)
    say("/liveness", "200")
    check_publishing(work)
    check_confinement(box)
    check_tools(box)
    check_orphans(box)
    memory(box)
    rootfs_variants.check_restart(box)
    check_hung(box)
    check_gate(box)
    code, seconds = box.stop(10)
    expect(code == 0 and seconds < 9, box.image.signal, f"exit code {code} after {seconds:.2f} s")


if __name__ == "__main__":
    os.chdir(pathlib.Path(__file__).parent.parent.parent)
    run(sys.argv[1], pathlib.Path(sys.argv[2]))
