"""A container as an engine would start it from a root file system: namespaces of its own, the image's user, a read-only
root, no capabilities, no new privileges, /state a tmpfs. It shares the network namespace of whoever starts it.
"""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from checks import until

DEVICES = ["null", "zero", "full", "random", "urandom", "tty"]
RESOLVER = (os.path.realpath("/etc/resolv.conf"), "/etc/resolv.conf", "ro")
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38


def lower_rights(uid, gid):
    """In the child: no capability in any set, also not through a program with file capabilities."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")


class Container:
    def __init__(self, root, image, mounts, environment, log, tmpfs=None, **changes):
        """`mounts`: (outside, inside, ro or rw). `tmpfs`: {path: options}, else one for each volume of the image.

        `changes` to the image: user, entrypoint; `init`: a small PID 1 in front of it, as engines have one. `log` gets
        standard output and error.
        """
        self.image, self.log = image, pathlib.Path(log)
        self.user = changes.get("user") or image.user
        self.uid, self.gid = (int(part) for part in self.user.split(":"))
        self.init = changes.get("init", False)
        self.entrypoint = changes.get("entrypoint") or image.entrypoint
        self.environment = {**image.environment, "HOME": "/", "HOSTNAME": "manager", **environment}
        self.root = pathlib.Path(root).resolve()
        self.mounts = [(str(pathlib.Path(outside).resolve()), inside, mode) for outside, inside, mode in mounts]
        if tmpfs is None:
            tmpfs = {volume: f"mode=0700,uid={self.uid},gid={self.gid},size=16m" for volume in image.volumes}
        self.tmpfs = tmpfs
        for outside, inside, _ in [*self.mounts, ("/proc", "/proc", ""), ("/dev", "/dev", ""), RESOLVER]:
            place = self.root / inside.lstrip("/")
            if pathlib.Path(outside).is_dir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.touch()

    def start(self, arguments=()):
        with open(self.log, "wb") as log:
            self.unshare = subprocess.Popen(
                [
                    "unshare",
                    "--mount",
                    "--pid",
                    "--uts",
                    "--ipc",
                    "--fork",
                    "--kill-child=SIGKILL",
                    "python3",
                    "-B",
                    __file__,
                    *arguments,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "CONTAINER": json.dumps(self._description())},
            )
        started = until(20, "PID 1 starts", lambda: children(self.unshare.pid) or self.unshare.poll() is not None)
        if started is not True:
            self.pid = started[0]
            until(20, "PID 1 becomes the entry point", lambda: self.unshare.poll() is not None or self._is_running())

    def _description(self):
        return {
            "root": str(self.root),
            "uid": self.uid,
            "gid": self.gid,
            "environment": self.environment,
            "mounts": self.mounts,
            "tmpfs": self.tmpfs,
            "directory": self.image.directory,
            "entrypoint": self.entrypoint,
            "init": self.init,
        }

    def _is_running(self):
        try:
            pid = children(self.pid)[0] if self.init else self.pid
            return "python" not in pathlib.Path(os.readlink(f"/proc/{pid}/exe")).name
        except (FileNotFoundError, ProcessLookupError, IndexError):
            return False

    def processes(self):
        """{name: host pid} of the children of PID 1, and of itself."""
        # Itself last: a child that is not yet its own program has its name.
        named = [(process_file(pid, "comm").strip(), pid) for pid in [*children(self.pid), self.pid]]
        return {name: pid for name, pid in named if name}

    def run(self, command, check=True, **options):
        """As `docker exec`: in all namespaces, as the image's user."""
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        enter = ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--uts", "--ipc", "--root", "--wd"]
        enter += ["--setuid", str(self.uid), "--setgid", str(self.gid), "--"]
        options = {"env": self.environment, "capture_output": True, "text": True, "timeout": 30, **options}
        return subprocess.run([*enter, *command], check=check, **options)

    def stop(self, seconds):
        """The image's STOPSIGNAL; (exit code, seconds it took)."""
        begin = time.monotonic()
        os.kill(self.pid, getattr(signal, self.image.signal))
        return self.unshare.wait(timeout=seconds), time.monotonic() - begin

    def kill(self):
        if getattr(self, "unshare", None) and self.unshare.poll() is None:
            self.unshare.kill()
            self.unshare.wait()


def process_file(pid, name):
    """Of /proc; empty for a process that is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(pid):
    return [int(word) for word in process_file(pid, f"task/{pid}/children").split()]


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def become_container(description, arguments):
    """PID 1 of the new namespaces: mounts, lower rights, the entry point in this process's place."""
    root = description["root"]
    uid, gid = description["uid"], description["gid"]
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    mount("-t", "proc", "-o", "nosuid,nodev,noexec", "proc", root + "/proc")
    mount("-t", "tmpfs", "-o", "nosuid,mode=755", "tmpfs", root + "/dev")
    for device in DEVICES:
        pathlib.Path(f"{root}/dev/{device}").touch()
        mount("--bind", f"/dev/{device}", f"{root}/dev/{device}")
    os.mkdir(root + "/dev/shm")
    mount("-t", "tmpfs", "-o", "nosuid,nodev,noexec,mode=1777,size=64m", "shm", root + "/dev/shm")
    for path, options in description["tmpfs"].items():
        mount("-t", "tmpfs", "-o", "nosuid,nodev,noexec," + options, "tmpfs", root + path)
    for outside, inside, mode in [*description["mounts"], RESOLVER]:
        mount("--bind", outside, root + inside)
        mount("-o", "remount,bind," + mode, root + inside)
    mount("-o", "remount,ro", root + "/dev")
    mount("-o", "remount,bind,ro", root)
    subprocess.run(["hostname", "manager"], check=True)
    os.chroot(root)
    os.chdir(description["directory"])
    lower_rights(uid, gid)
    command = [*description["entrypoint"], *arguments]
    program = shutil.which(command[0], path=description["environment"]["PATH"])
    if not description["init"] or fork_below_init() == 0:
        os.execve(program, command, description["environment"])


def fork_below_init():
    """0 in the child. The parent stays PID 1: passes signals on, collects whoever ends, leaves as the child does."""
    signals = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        return 0
    while True:
        number = signal.sigwait(signals)
        if number != signal.SIGCHLD:
            os.kill(child, number)
            continue
        pid, status = os.waitpid(-1, os.WNOHANG)
        while pid:
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
            pid, status = os.waitpid(-1, os.WNOHANG)


if __name__ == "__main__":
    become_container(json.loads(os.environ.pop("CONTAINER")), sys.argv[1:])
