#!/usr/bin/env python3
"""Restart latency: from SIGKILL of a worker to the first instruction of its replacement's main().

    restart.py PROGRAMS TOOLS [--kills 30] [--seed N] [--scheduling ordinary|realtime|both]

All supervisors run at once with three workers each, and are visited round robin in random order, so that whatever else
the machine does falls on all alike. A worker has been ready for at least 1.2 s when it is killed; the three are killed
in turn. "realtime": everything under SCHED_RR, which other load cannot preempt.
"""
import gc
import os
import random
import time

import supervisors
import versions
from machine import WorkDirectory, arguments, machine, nearest_rank, prepare, read, table
from report import Report

PRIORITY = 5


def scheduling_note():
    """Whether each new session becomes a scheduling group of its own (sched(7), "The autogroup feature")."""
    groups = [line.split(":", 2) for line in read("/proc/self/cgroup").splitlines()]
    in_root = all(path == "/" for _, controllers, path in groups if "cpu" in controllers.split(",") or not controllers)
    if in_root and read("/proc/sys/kernel/sched_autogroup_enabled").strip() == "1":
        return ("autogroup scheduling is on and we are in no CPU control group, as no container is: a worker that gets a "
                "session of its own waits for its turn among the groups of whatever else runs")
    return None


def set_realtime(on):
    """Changes our scheduling, which the supervisors inherit. Returns why not, or None."""
    try:
        policy, priority = (os.SCHED_RR, PRIORITY) if on else (os.SCHED_OTHER, 0)
        os.sched_setscheduler(0, policy, os.sched_param(priority))
    except OSError as error:
        return f"SCHED_RR is not allowed: {error.strerror}"
    return None


def measure(kinds, options, generator):
    """Latencies in milliseconds: {supervisor: [(worker, latency)]}."""
    latencies = {kind.name: [] for kind in kinds}
    with WorkDirectory() as directory:
        running = [kind(options.programs, options.tools, directory) for kind in kinds]
        for supervisor in running:
            supervisor.start()
        for number in range(options.kills):
            worker = supervisors.WORKERS[number % 3]
            taking_part = [each for each in running if not each.is_slow or number % 10 == 0]
            for supervisor in generator.sample(taking_part, len(taking_part)):
                wait = 1.2 + generator.random() - supervisor.ready_for(worker)
                if wait > 0:
                    time.sleep(wait)
                latencies[supervisor.name].append((worker, supervisor.kill(worker) / 1e6))
        for supervisor in running:
            supervisor.stop()
    return latencies


def show(latencies, scheduling, report):
    medians = {name: nearest_rank([value for _, value in pairs], 50) for name, pairs in latencies.items()}
    ours = medians["manager"]
    report.distribution(f"kill -9 to main(), {scheduling}", [value for _, value in latencies["manager"]], "ms",
                        beside={name: [value for _, value in pairs] for name, pairs in latencies.items()
                                if name != "manager"})
    report.figure(f"kill -9 to main(), median, in floors, {scheduling}", ours / medians["floor (C)"], "×", at_most=1.6)
    for peer in ("runit", "s6"):
        if peer in medians:
            report.figure(f"kill -9 to main(), median, in {peer}'s, {scheduling}", ours / medians[peer], "×", at_most=1)
    rows = []
    for name, pairs in latencies.items():
        values = [value for _, value in pairs]
        numbers = [min(values), medians[name], max(values)]
        ratio = "" if name == "manager" else f"{ours / medians[name]:.2f}"
        rows.append([name, len(values), *[f"{number:.3f}" for number in numbers], ratio])
    table(["supervisor", "kills", "min ms", "median ms", "max ms", "manager's median ÷ its"], rows)
    by_worker = [(worker, nearest_rank([v for w, v in latencies["manager"] if w == worker] or [0], 50))
                 for worker in supervisors.WORKERS]
    print("manager by worker, median ms: " + ", ".join(f"{worker} {value:.3f}" for worker, value in by_worker))


def main():
    parser = arguments(__doc__)
    parser.add_argument("--kills", type=int, default=30, help="of each supervisor and scheduling")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--scheduling", choices=["ordinary", "realtime", "both"], default="both")
    options = parser.parse_args()
    prepare()
    gc.disable()

    kinds, missing = [], []
    for kind in supervisors.ALL:
        reason = kind.missing()
        if reason:
            missing.append((kind.name, reason))
        else:
            kinds.append(kind)
    generator = random.Random(options.seed)
    report = Report("restart")
    for kind in kinds:
        if kind.package:
            is_circus = kind is supervisors.Circus
            version = versions.pypi("bench/venv", "circus") if is_circus else versions.package(kind.package)
            report.version(kind.package, version)
    for name, reason in missing:
        report.skip(name, reason)
    print(f"restart latency: SIGKILL of a worker to main() of its replacement; {machine()}; seed {options.seed}")
    if note := scheduling_note():
        print(note)
    for scheduling in ["ordinary", "realtime"] if options.scheduling == "both" else [options.scheduling]:
        reason = set_realtime(scheduling == "realtime")
        if reason:
            print(f"skipped scheduling {scheduling}: {reason}")
            continue
        latencies = measure(kinds, options, generator)
        print(f"\nscheduling {scheduling}" + (f" (SCHED_RR {PRIORITY})" if scheduling == "realtime" else ""))
        show(latencies, scheduling, report)
    print()
    report.finish()


if __name__ == "__main__":
    main()
