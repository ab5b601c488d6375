"""The supervisors that restart.py compares: ours, the floor and the peers, each with three worker-probes."""
import os
import select
import shutil
import signal
import subprocess
import sys
import time

from machine import end_all

WORKERS = ["health-server", "watcher", "publisher"]


class Supervisor:
    """One supervisor with its three workers. A subclass says what to execute in `prepare`."""

    name = ""
    # Takes a second for a restart, on purpose or not: killed in every tenth round only.
    is_slow = False
    # The executable that must be there, and the Debian package that has it.
    needs = None
    package = None

    def __init__(self, programs, tools, directory):
        self.programs, self.tools = programs, tools
        self.directory = os.path.join(directory, self.name)
        self.reports = os.path.join(self.directory, "reports")
        self.probe = os.path.join(tools, "worker-probe")
        self.process = None
        self.fifos, self.pids, self.started = {}, {}, {}

    @classmethod
    def missing(cls):
        """Why it cannot take part, or None."""
        if cls.needs and not shutil.which(cls.needs):
            return f"{cls.needs} is not installed (package {cls.package})"
        return None

    def prepare(self):
        """Makes its files. Returns the arguments and the further environment."""
        raise NotImplementedError

    def start(self):
        os.makedirs(self.reports)
        for worker in WORKERS:
            path = os.path.join(self.reports, worker)
            os.mkfifo(path)
            # Both ways: never blocks, never at its end.
            self.fifos[worker] = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        arguments, environment = self.prepare()
        with open(os.path.join(self.directory, "log"), "ab") as log:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={"PATH": os.environ["PATH"], "BENCH_REPORTS": self.reports, **environment})
        for worker in WORKERS:
            report = self._report(worker, 20)
            if report is None:
                self.fail(f"{worker} never started")

    def _report(self, worker, limit):
        """The next report of a worker: when its main() began; None after `limit` seconds. Keeps its pid."""
        fifo = self.fifos[worker]
        if not select.select([fifo], [], [], limit)[0]:
            return None
        lines = os.read(fifo, 4096).decode().splitlines()
        if len(lines) != 1:
            self.fail(f"{worker} started {len(lines)} times at once")
        pid, begun, ready = (int(word) for word in lines[0].split())
        self.pids[worker], self.started[worker] = pid, ready
        return begun

    def ready_for(self, worker):
        """Seconds since the worker announced that it is ready."""
        return (time.monotonic_ns() - self.started[worker]) / 1e9

    def kill(self, worker):
        """SIGKILL. Returns the nanoseconds to the first instruction of the replacement's main()."""
        if select.select([self.fifos[worker]], [], [], 0)[0]:
            self.fail(f"{worker} restarted without a kill")
        pid = self.pids[worker]
        before = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        begun = self._report(worker, 20)
        if begun is None:
            self.fail(f"{worker} did not come back within 20 s")
        return begun - before

    def stop(self):
        if self.process and self.process.poll() is None:
            end_all(self.process.pid)
            self.process.wait()
        for fifo in self.fifos.values():
            os.close(fifo)

    def fail(self, what):
        with open(os.path.join(self.directory, "log"), errors="replace") as log:
            sys.stderr.write("".join(log.readlines()[-20:]))
        sys.exit(f"FAIL {self.name}: {what}")

    def worker_links(self, directory):
        os.makedirs(directory)
        for worker in WORKERS:
            os.symlink(self.probe, os.path.join(directory, worker))
        return [os.path.join(directory, worker) for worker in WORKERS]


class Manager(Supervisor):
    """Ours: the real release build."""

    name = "manager"

    def prepare(self):
        workers = os.path.join(self.directory, "workers")
        self.worker_links(workers)
        contracts = os.path.join(self.directory, "contracts")
        os.mkdir(contracts)
        return [os.path.join(self.programs, "manager")], {
            "WORKER_DIRECTORY": workers, "STATE_DIR": os.path.join(self.directory, "state"),
            "CONFIGMAP_PATH": contracts, "HEALTH_PORT": "0", "HEALTH_HOST": "127.0.0.1",
        }

    def stop(self):
        """An ordered stop: a manager that 100 kills have harmed would not leave with 0."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                code = self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.fail("still there 10 s after SIGTERM")
            if code != 0:
                self.fail(f"left with {code}")
        super().stop()


class Floor(Supervisor):
    """posix_spawn and waitpid in C, nothing else."""

    name = "floor (C)"

    def prepare(self):
        return [os.path.join(self.tools, "floor-supervisor"), *self.worker_links(self.directory + "/workers")], {}


class ScanDirectory(Supervisor):
    """What s6, runit and daemontools share: a directory per service, with a logger for each as they are meant to be used."""

    logger = ""

    def prepare(self):
        scan = os.path.join(self.directory, "scan")
        for worker in WORKERS:
            service = os.path.join(scan, worker)
            os.makedirs(os.path.join(service, "log"))
            os.mkdir(os.path.join(service, "logs"))
            os.symlink(self.probe, os.path.join(service, "run"))
            run = os.path.join(service, "log", "run")
            with open(run, "w") as file:
                file.write(f"#!/bin/sh\nexec {self.logger} ../logs\n")
            os.chmod(run, 0o755)
            self.finish_service(service)
        return [self.needs, scan], self.environment()

    def finish_service(self, service):
        pass

    def environment(self):
        return {}


class S6(ScanDirectory):
    """With readiness notification: without it, s6 waits a second before each restart."""

    name, needs, package, logger = "s6", "s6-svscan", "s6", "s6-log n5 s100000"

    def finish_service(self, service):
        with open(os.path.join(service, "notification-fd"), "w") as file:
            file.write("3\n")

    def environment(self):
        return {"BENCH_NOTIFY_FD": "3"}


class Runit(ScanDirectory):
    name, needs, package, logger = "runit", "runsvdir", "runit", "svlogd"


class Daemontools(ScanDirectory):
    name, needs, package, logger = "daemontools", "svscan", "daemontools", "multilog t"

    def finish_service(self, service):
        # svscan starts a logger only where the sticky bit asks for one.
        os.chmod(service, 0o1755)


class S6WithoutReadiness(ScanDirectory):
    """As most run it: it lets a second pass between two starts of a service."""

    name, needs, package, logger = "s6, no readiness", "s6-svscan", "s6", "s6-log n5 s100000"
    is_slow = True


class Supervisord(Supervisor):
    name, needs, package = "supervisord", "supervisord", "supervisor"
    is_slow = True

    def prepare(self):
        configuration = os.path.join(self.directory, "supervisord.conf")
        paths = self.worker_links(os.path.join(self.directory, "workers"))
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(f"[supervisord]\nnodaemon=true\nlogfile={self.directory}/supervisord.log\n"
                       f"pidfile={self.directory}/pid\nchildlogdir={self.directory}\n")
            for name, path in zip(WORKERS, paths):
                file.write(f"[program:{name}]\ncommand={path}\nautorestart=true\nstartsecs=1\n")
        return ["supervisord", "-n", "-c", configuration], {}


class Circus(Supervisor):
    """From PyPI, in the environment that install-peers.sh makes."""

    name, package = "circus", "PyPI circus"
    is_slow = True
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build/bench/venv/bin/circusd")

    @classmethod
    def missing(cls):
        return None if os.access(cls.program, os.X_OK) else "circus is not installed (PyPI circus)"

    def prepare(self):
        configuration = os.path.join(self.directory, "circus.ini")
        paths = self.worker_links(os.path.join(self.directory, "workers"))
        with open(configuration, "w", encoding="utf-8") as file:
            ends = [f"ipc://{self.directory}/{name}" for name in ("endpoint", "pubsub", "stats")]
            file.write(f"[circus]\nendpoint = {ends[0]}\npubsub_endpoint = {ends[1]}\nstats_endpoint = {ends[2]}\n"
                       "warmup_delay = 0\n")
            for name, path in zip(WORKERS, paths):
                file.write(f"[watcher:{name}]\ncmd = {path}\ncopy_env = True\nmax_retry = -1\n")
        return [self.program, configuration], {}


ALL = [Manager, Floor, S6, S6WithoutReadiness, Runit, Daemontools, Supervisord, Circus]
