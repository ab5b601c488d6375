"""The manager in the image's root file system, in other ways than the usual one; see rootfs.py."""

import io
import os
import shutil
import tarfile

from checks import ask, expect, until

HEALTH = "http://127.0.0.1:8081"


def await_readiness(what):
    until(20, f"/readiness is 200 {what}", lambda: ask(HEALTH + "/readiness")[0] == 200)


def check_other_user(make):
    """As Kubernetes and OpenShift do it: another number, and a directory that belongs to root and is everybody's."""
    box = make(tmpfs={"/state": "mode=0777,size=16m"}, user="12345:0")
    await_readiness("for another user")
    mode = box.run(["stat", "--format=%u %a", "/state/12345"]).stdout.strip()
    expect(mode == "12345 700", "user 12345 with /state of root, 0777", f"/state/12345: {mode}")
    code, _ = box.stop(10)
    expect(code == 0, "SIGTERM", f"exit code {code}")


def check_restart(box):
    """New workers, and the port stays open."""
    before, served = box.processes(), []

    def replaced():
        served.append(ask(HEALTH + "/liveness")[0])
        now = box.processes()
        return set(now) == set(before) and set(now.values()) & set(before.values()) == {box.pid}

    box.run(["sh", "-c", "kill -HUP 1"])
    until(20, "three new workers", replaced)
    expect(
        set(served) == {200},
        "SIGHUP",
        f"three new workers, {len(served)} of {len(served)} probes 200 meanwhile",
    )
    await_readiness("again")


def check_live_update(make, root, work):
    """As deploy/tilt/Tiltfile does it: the image's user owns the programs, one is unpacked over the one that runs, SIGHUP."""
    programs = work / "programs"
    shutil.copytree(root / "usr/local/bin", programs)
    for path in [programs, *programs.iterdir()]:
        os.chown(path, 65532, 65532)
    box = make([(programs, "/usr/local/bin", "rw")])
    await_readiness("before the update")

    # The same program with one byte more at its end, which nobody reads.
    content = (programs / "watcher").read_bytes() + b"\n"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("watcher")
        entry.size, entry.mode = len(content), 0o755
        tar.addfile(entry, io.BytesIO(content))
    box.run(["tar", "-x", "-C", "/usr/local/bin"], input=archive.getvalue(), text=False)
    check_restart(box)
    # What the process runs, also where its path names another file by now.
    size = os.stat(f"/proc/{box.processes()['watcher']}/exe").st_size
    expect(size == len(content), "live update", f"the watcher that runs is the new one of {size} bytes")
    code, _ = box.stop(10)
    expect(code == 0, "SIGTERM", f"exit code {code}")
